"""The page: what the runs say, as one HTML file without links to anything outside of it."""

import platform
import re
from base64 import b64encode
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from latex2mathml import exceptions
from latex2mathml.converter import convert
from markupsafe import Markup, escape

from sidr import plots, tension

from .entry import ENOUGH_FOR_PICTURES
from .figures import color, has
from .fits import improvement
from .paper import compare, constraints, delta_chi2

#: Packages of this report, besides those that the runs name
PACKAGES = ("sidr", "cobaya", "getdist", "nautilus-sampler", "numpy", "matplotlib")

#: What the converter makes of a label that it does not understand: it has errors without a common base
UNKNOWN_LATEX = (*(error for error in vars(exceptions).values() if isinstance(error, type)), StopIteration,
                 LookupError, ValueError)

#: The paper's data, where ours are newer
PAPER_DATA = {"DESI DR2": "DESI DR1"}


class Case(NamedTuple):
    """One mode of a run, beside the paper."""
    run: object
    part: object
    title: str
    color: str
    limits: list          # sidr.plots.Limits
    comparisons: dict     # Comparison by parameter and level
    other_data: bool      # whether the paper's data are not these
    improvement: object   # over LCDM, or None
    paper_delta_chi2: float | None


def build(runs, pictures, folder, refresh=None):
    """The page.

    Parameters
    ----------
    runs : list of Entry
    pictures : list of Picture
    folder : str or Path
        Where NAME.png of each picture is.
    refresh : int, optional
        Seconds after which a browser reads the page again.

    Returns
    -------
    str
    """
    found = cases(runs)
    return template().render(
        title=title(runs), now=datetime.now().astimezone(), refresh=refresh, runs=runs, cases=found,
        tensions=tensions(found), minima=tension.MINIMA,
        complaints=[complaint for run in runs for complaint in run.complaints],
        pictures=[(picture, address(Path(folder, f"{picture.name}.png"))) for picture in pictures],
        evidences=[run for run in runs if run.evidence and run.whole and run.whole.drawn],
        baseline_evidence=baseline_evidence(runs), enough=plots.ENOUGH_SAMPLES,
        enough_for_pictures=ENOUGH_FOR_PICTURES,
        packages={name: version(name) for name in PACKAGES} | {"Python": platform.python_version()})


def template():
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
                              trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters |= {
        "mathml": mathml, "limit": limit, "subscripts": subscripts, "signed": signed, "quantity": quantity,
        "duration": duration, "versions": versions, "color": run_color}
    return environment.get_template("page.html")


def title(runs):
    """How many runs of what data."""
    datasets = list(dict.fromkeys(run.scenario.data for run in runs if run.scenario.data))
    return f"{len(runs)} run{'s' * (len(runs) > 1)}: {'; '.join(datasets) or 'no data'}"


def cases(runs):
    """The modes of all runs that have samples.

    Returns
    -------
    list of Case
    """
    baselines = {}
    for run in runs:
        if run.scenario.n_chi == 0 and run.whole:
            baselines.setdefault(run.scenario.data, {})[run.name] = run.whole.fits
    result = []
    for run in runs:
        for part in run.parts:
            data, n_chi, _ = case = (run.scenario.data, run.scenario.n_chi, part.mode)
            names = [name for name in plots.main_params(part.samples) if has(run, name)]
            quotes, known = nearest(case)
            result.append(Case(
                run, part, title=run.scenario._replace(mode=part.mode).name,
                color=color(run.scenario, part.mode), limits=plots.limits(part.samples, names),
                comparisons={key: compare(part.samples, part.independent, quote, key[0])
                             for key, quote in quotes.items() if key[0] in names},
                other_data=known not in (None, case),
                improvement=improvement(part.fits, baselines.get(data, {})) if n_chi else None,
                paper_delta_chi2=delta_chi2().get(known)))
    return result


def tensions(cases):
    """The `sidr.tension.Measure` of each case whose samples reach below a mass of zero.

    Returns
    -------
    list of tuple of (Case, Measure)
    """
    return [(case, tension.measure(case.part.samples)) for case in cases
            if has(case.run, tension.NAME) and case.part.independent >= 2 * tension.FEWEST
            and case.part.samples[tension.NAME].min() < 0]


def nearest(case):
    """The paper's constraints for a case, and the case for which they are; none if there is none."""
    data, *rest = case
    for ours, theirs in PAPER_DATA.items():
        data = data.replace(ours, theirs)
    known = (data, *rest)
    return (constraints()[known], known) if known in constraints() else ({}, None)


def baseline_evidence(runs):
    """log Z of LCDM by data."""
    return {run.scenario.data: run.evidence["logZ"] for run in runs
            if run.scenario.n_chi == 0 and run.evidence}


def address(path):
    """A picture as an address that contains it."""
    return "data:image/png;base64," + b64encode(path.read_bytes()).decode()


# Filters of the template

def mathml(latex):
    """A label as MathML, or as it is."""
    try:
        return Markup(convert(latex))
    except UNKNOWN_LATEX:
        return Markup("<code>{}</code>").format(latex)


def limit(text):
    """`0.30 +0.1 -0.2` with the errors above each other, or with ± if they are equal."""
    center, *errors = text.replace("-", "−").split(" ")
    if text.startswith(("<", ">")) or not errors:
        return text.replace("-", "−")
    above, below = errors
    if above[1:] == below[1:]:
        return f"{center} ± {above[1:]}"
    return Markup('{}<span class="errors"><span>{}</span><span>{}</span></span>').format(
        center, above, below)


def subscripts(text):
    """n_χ and the like in HTML."""
    return Markup(re.sub(r"(\w)_(\w)", r"<i>\1</i><sub>\2</sub>", str(escape(text))))


def signed(value, digits=1):
    """A number with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def quantity(value, form="{:.0f}"):
    """A number, or a dash where it is not known."""
    if value is None or not np.isfinite(value):
        return "–"
    return form.format(value).replace("-", "−")


def duration(seconds):
    """Such as 3 h 20 min."""
    if seconds is None:
        return "–"
    for unit, length, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60),
                                        ("min", 60, "s", 1)):
        if seconds >= length:
            whole, rest = divmod(round(seconds / part) * part, length)
            return f"{whole:.0f} {unit} {rest / part:.0f} {smaller}"
    return f"{seconds:.2g} s"


def versions(info):
    """Name and version of all components of a run that have one."""
    found = {"cobaya": info.get("version")}
    for kind in ("theory", "likelihood", "sampler"):
        for name, options in (info.get(kind) or {}).items():
            found[name] = options.get("version") if isinstance(options, dict) else None
    return {name: value for name, value in found.items() if value}


def run_color(run):
    """Of a run on the page, as in the pictures."""
    return color(run.scenario, run.scenario.mode)
