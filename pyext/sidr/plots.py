"""Posteriors: the triangle plot and the table of limits of one or more chains."""

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import getdist
from getdist import plots

from sidr.modes import COUPLING
from sidr.runs import independent_samples

log = logging.getLogger(__name__)

#: What a reader looks for first, in this order; the other sampled parameters follow.
FIRST = ("m_nu_sum", COUPLING, "H0", "Omega_m", "sigma8")

#: Left out unless asked for.
NUISANCE = ("A_planck",)

#: Fewer independent samples than this are not enough for limits.
ENOUGH_SAMPLES = 200

#: Credible levels of getdist's first two contours, for the table's head.
LEVELS = ("68%", "95%")


class FromGetdist(logging.Filter):
    """Turns warnings of getdist, which go to the root logger, into messages of ours for debugging."""

    def filter(self, record):
        if Path(record.pathname).parent != Path(getdist.__file__).parent:
            return True
        log.debug("getdist: %s", record.getMessage())
        return False


@contextmanager
def quiet():
    """No warnings of getdist on its smoothing, of which a chain that has just begun has dozens.

    That there are few samples is said by `table` and on the page of the report.
    """
    root, filter = logging.getLogger(), FromGetdist()
    root.addFilter(filter)
    try:
        yield
    finally:
        root.removeFilter(filter)


class Limits(NamedTuple):
    """Limits of one parameter, as texts: `0.12 +0.03 -0.02` or `< 0.12` (with its level)."""
    name: str
    label: str
    mean: str
    one_sigma: str
    two_sigma: str


def main_params(samples):
    """Names of the parameters to show: `FIRST`, then those that were sampled."""
    names = samples.getParamNames()
    sampled = [p.name for p in names.names if not p.isDerived and p.name not in NUISANCE]
    varied = set(names.list()) - set(samples.ranges.fixedValueDict())
    ordered = [*FIRST, *(name for name in sampled if name not in FIRST)]
    return [name for name in ordered if name in varied]


def triangle(samples, params=None):
    """Triangle plot of one or more chains.

    Parameters
    ----------
    samples : list of getdist.MCSamples
    params : list of str, optional
        Names; those of `main_params` of the first chain if not given.

    Returns
    -------
    matplotlib.figure.Figure
    """
    plotter = plots.get_subplot_plotter()
    plotter.settings.figure_legend_frame = False
    plotter.settings.alpha_filled_add = 0.85
    labels = [s.label or os.path.basename(s.root or "").replace("_", " ") for s in samples]
    plotter.triangle_plot(samples, params or main_params(samples[0]), filled=True,
                          legend_labels=labels if len(samples) > 1 else [])
    return plotter.fig


def limits(samples, params=None):
    """Marginal limits of one chain, by getdist's rules for one-tailed distributions.

    Parameters
    ----------
    samples : getdist.MCSamples
    params : list of str, optional
        Names; those of `main_params` if not given.

    Returns
    -------
    list of Limits
    """
    stats = samples.getMargeStats()
    rows = []
    for name in params or main_params(samples):
        par = stats.parWithName(name, error=True)
        digits = decimals(par.err)
        rows.append(Limits(name, par.label, f"{par.mean:.{digits}f}",
                           *(limit_text(par, level, digits) for level in (0, 1))))
    return rows


def limit_text(par, level, digits):
    """The limit number `level` of a parameter, with so many decimals."""
    limit = par.limits[level]
    if limit.onetail_upper:
        return f"< {limit.upper:.{digits}f}"
    if limit.onetail_lower:
        return f"> {limit.lower:.{digits}f}"
    if limit.twotail:
        above, below = limit.upper - par.mean, limit.lower - par.mean
        return f"{par.mean:.{digits}f} {above:+.{digits}f} {below:+.{digits}f}"
    return "unconstrained"


def decimals(error):
    """Number of decimals that show two significant digits of an error."""
    return max(0, -int(f"{error:.1e}".split("e")[1]) + 1)


def table(samples, params=None):
    """The limits of one chain as text, one parameter per line, after a line on the samples."""
    independent = independent_samples(samples)
    head = f"{samples.numrows} rows, about {independent:.0f} independent samples"
    if independent < ENOUGH_SAMPLES:
        head += ": NOT ENOUGH for limits, let it run longer"
    rows = [("", "mean", *LEVELS), *((r.name, *r[2:]) for r in limits(samples, params))]
    return "\n".join([head, *aligned(rows)])


def aligned(rows):
    """Lines of a table, its texts in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip() for row in rows]
