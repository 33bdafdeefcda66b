"""The pictures of a report; the modes have the same colours in all of them."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from getdist import plots as getdist_plots
from matplotlib.figure import Figure

from sidr import modes
from sidr.modes import COUPLING, MODES, SPLIT
from sidr.plots import main_params
from sidr.runs.scenario import is_number

from .paper import constraints

#: Where there are two of the same
SPARE = ("#8a6d1f", "#a8437f", "#20808d", "#505a2e")

#: Lines of the data sets, in the order in which they come
STYLES = ("-", "--", ":", "-.")

#: Parameters of a triangle; more cannot be read
MOST = 10

MASS = "m_nu_sum"

#: Densities below this, in units of their maximum, need not be seen
NEGLIGIBLE = 3e-3


class Picture(NamedTuple):
    """A figure, and what to say of it."""
    name: str       # of its file
    figure: Figure
    title: str
    caption: str


class Curve(NamedTuple):
    """Samples to be drawn, and how."""
    samples: object
    label: str
    color: str
    filled: bool


def pictures(runs, progress=iter):
    """Draw what there is to be drawn.

    Parameters
    ----------
    runs : list of Entry
    progress : callable
        Wrapper of the list of pictures to be drawn, such as tqdm.

    Returns
    -------
    list of Picture
    """
    drawn = [run for run in runs if run.whole and run.whole.drawn]
    datasets = list(dict.fromkeys(run.scenario.data for run in drawn))
    jobs = [(coupling, drawn, None)]
    for data in datasets:
        of_data = [run for run in drawn if run.scenario.data == data]
        jobs += [(plane, of_data, data), (triangle, of_data, data)]
    jobs.append((convergence, runs, None))
    with plt.rc_context(STYLE):
        return [picture for draw, chosen, what in progress(jobs) if (picture := draw(chosen, what))]


#: Text like mathematics, in fonts that matplotlib brings
STYLE = {"font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 12,
         "axes.spines.top": False, "axes.spines.right": False}


def mathtext(text):
    """Text for matplotlib: a Greek subscript as mathematics."""
    return text.replace("n_χ", r"$n_\chi$").replace("Σm_ν", r"$\sum m_\nu$")


def color(scenario, mode):
    """Of a mode."""
    return modes.color(mode, scenario.n_chi)


def curves(runs, whole=False):
    """What to draw of some runs: each whole; and of a run of both modes also each, if no run has only that.

    Parameters
    ----------
    runs : list of Entry
    whole : bool
        Never draw the modes of a run by themselves.

    Returns
    -------
    list of Curve
        Areas, and then the lines that are drawn on top of them.
    """
    single = {run.scenario.n_chi for run in runs if run.scenario.mode in ("MI", "SI")}
    result, used = [], set()
    for run in runs:
        case = run.scenario
        parts = [] if case.mode != "full" or whole or case.n_chi in single else run.parts
        pieces = [(part, case._replace(mode=part.mode).name, True) for part in parts if part.drawn]
        area = not pieces and not (case.mode == "full" and single)
        pieces.append((run.whole, case.name if case.name != "other" else run.name, area))
        for part, label, filled in pieces:
            shade, is_second = fresh(color(case, part.mode), used)
            label += f" ({run.name})" * is_second
            label += caveat(run, part)
            result.append(Curve(part.samples, mathtext(label), shade, filled))
    return sorted(result, key=lambda curve: not curve.filled)


def fresh(shade, used):
    """A colour that is not among those used, to which it is added, and whether it is a spare one."""
    chosen = shade if shade not in used else next((c for c in SPARE if c not in used), shade)
    used.add(chosen)
    return chosen, chosen != shade


def caveat(run, part):
    """What a legend adds to a name."""
    if run.effort.converged is False:
        return " (not converged)"
    return "" if part.enough else f" ({part.independent:.0f} samples)"


def coupling(runs, _=None):
    """Posterior of log10 G_eff: both modes, and what the paper has."""
    runs = [run for run in runs if run.scenario.mode]
    if not runs:
        return None
    datasets = list(dict.fromkeys(run.scenario.data for run in runs))
    ranges = [run.whole.samples.ranges for run in runs]
    priors = [(bounds.getLower(COUPLING), bounds.getUpper(COUPLING)) for bounds in ranges]
    densities = [run.whole.samples.get1DDensity(COUPLING) for run in runs]
    filled = ("full",) if any(run.scenario.mode == "full" for run in runs) else ("MI", "SI")
    used = {data: set() for data in datasets}
    fig, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for run, density in zip(runs, densities, strict=True):
        case = run.scenario
        style = STYLES[datasets.index(case.data) % len(STYLES)]
        density.normalize("max")
        x, p = density.x, density.P
        shade, is_second = fresh(color(case, case.mode), used[case.data])
        ax.plot(x, p, style, color=shade, lw=1.6, label=mathtext(
            case.name + f", {case.data}" * (len(datasets) > 1) + f" ({run.name})" * is_second
            + caveat(run, run.whole)))
        for mode in MODES.values() if case.mode in filled and style == "-" else ():
            if case.mode in (mode.name, "full"):
                ax.fill_between(x, p, where=mode.holds(x) | (x == SPLIT), color=color(case, mode.name),
                                alpha=0.25, lw=0)
    ax.axvline(SPLIT, color="0.6", lw=0.8, ls=":")
    rows = draw_paper(ax, runs)
    known = list(zip(priors, densities, strict=True))   # without a range, the samples have one
    ax.set(xlabel=coupling_label(runs), ylabel=r"$P/P_\mathrm{max}$", yticks=[0, 0.5, 1],
           xlim=(min(density.x[0] if low is None else low for (low, _), density in known),
                 max(density.x[-1] if high is None else high for (_, high), density in known)),
           ylim=(-0.09 * rows - 0.02 if rows else 0, 1.08))
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    caption = "Each curve to its own maximum: of runs of one mode it says nothing about their weights."
    return Picture("coupling", fig, "Posterior of the coupling",
                   caption + " Below zero: the paper, 1σ." * bool(rows))


def coupling_label(runs):
    return f"${runs[0].whole.samples.parLabel(COUPLING)}$"


def draw_paper(ax, runs):
    """The paper's 1 sigma ranges for the cases of the runs, below zero; the number of lines."""
    cases = {}
    for run in runs:
        for part in run.parts:
            case = run.scenario
            quote = constraints().get((case.data, case.n_chi, part.mode), {}).get((COUPLING, 1))
            if quote:
                cases.setdefault((case.data, case.n_chi), {})[part.mode] = quote
    for row, ((_, n_chi), quotes) in enumerate(cases.items()):
        for mode, quote in quotes.items():
            shade, y = modes.color(mode, n_chi), -0.09 * (row + 1) + 0.02
            above = 0 if quote.is_limit else quote.sigma[0]
            below = quote.sigma[1]
            ax.plot([quote.center - below, quote.center + above], [y, y], color=shade, lw=2,
                    solid_capstyle="butt")
            ax.plot(quote.center, y, marker=9 if quote.is_limit else "o", ms=6, color=shade)
    return len(cases)


def plane(runs, data):
    """Fig. 3 of the paper: coupling and sum of masses."""
    runs = [run for run in runs if has(run, COUPLING) and has(run, MASS)]
    if not runs:
        return None
    fig = draw_triangle(curves(runs, whole=True), [COUPLING, MASS], width=5.2)
    return Picture(f"plane_{slug(data)}", fig, f"Coupling and masses, {data}", "As Fig. 3 of the paper: "
                   "68% and 95% of the posterior.")


def triangle(runs, data):
    """Fig. S8 of the paper: the parameters of some runs, each drawn for those that have it."""
    if not runs:
        return None
    wanted = [name for run in runs for name in main_params(run.whole.samples)]
    count = {name: sum(has(run, name) for run in runs) for name in dict.fromkeys(wanted)}
    shared = [name for name in count if count[name] > 1 or len(runs) == 1][:MOST]
    if len(shared) < 2:
        return None
    alone = [name for name in count if name not in shared]
    fig = draw_triangle(curves(runs), shared, width=max(5.2, 1.15 * len(shared)))
    caption = "As Fig. S8 of the paper: 68% and 95% of the posterior."
    partly = [name for name in shared if count[name] < len(runs)]
    if partly:
        caption += f" Not all of these runs have {', '.join(partly)}."
    if alone:
        caption += f" Not drawn: {', '.join(alone)}."
    return Picture(f"triangle_{slug(data)}", fig, f"All parameters, {data}", caption)


def has(run, name):
    """Whether a run has samples of a parameter that varies."""
    samples = run.whole.samples
    names = samples.getParamNames().list()
    if name not in names:
        return False
    return bool(np.ptp(samples[name]) > 0)


def draw_triangle(drawn, params, width):
    """getdist's triangle plot."""
    plotter = getdist_plots.get_subplot_plotter(width_inch=width)
    plotter.settings.figure_legend_frame = False
    plotter.settings.alpha_filled_add = 0.8
    plotter.settings.legend_fontsize = plotter.settings.axes_labelsize = 13
    plotter.settings.axes_fontsize = 10
    limits = {name: ends(drawn, name) for name in params}
    plotter.triangle_plot(
        [curve.samples for curve in drawn], params, param_limits=limits,
        filled=[curve.filled for curve in drawn],
        legend_labels=[curve.label for curve in drawn], contour_colors=[curve.color for curve in drawn],
        line_args=[{"color": curve.color, "lw": 1.4} for curve in drawn])
    return plotter.fig


def ends(drawn, name):
    """Range of a parameter that shows all curves; getdist takes that of the first."""
    densities = [curve.samples.get1DDensity(name) for curve in drawn
                 if name in curve.samples.getParamNames().list()]
    seen = [d.x[d.P > NEGLIGIBLE * d.P.max()] for d in densities]
    return min(x[0] for x in seen), max(x[-1] for x in seen)


def convergence(runs, _=None):
    """R - 1 of the chains and the effective number of the nested samples, against the work done."""
    kinds = {"Rminus1": r"$R-1$", "ESS": "effective samples"}
    panels = {column: [run for run in runs if len(run.effort.progress.get("calls", ())) > 1
                       and np.isfinite(run.effort.progress.get(column, [])).any()
                       and column in run.effort.progress] for column in kinds}
    panels = {column: chosen for column, chosen in panels.items() if chosen}
    if not panels:
        return None
    fig, axes = plt.subplots(len(panels), 1, figsize=(6.4, 2.9 * len(panels)), layout="constrained",
                             squeeze=False)
    for ax, (column, chosen) in zip(axes[:, 0], panels.items(), strict=True):
        for run in chosen:
            case, progress = run.scenario, run.effort.progress
            ax.plot(progress["calls"], progress[column], ".-", ms=3, lw=1, color=color(case, case.mode),
                    label=run.name)
        options = [next(iter((run.info.get("sampler") or {"": None}).values())) or {} for run in chosen]
        goals = [option.get("Rminus1_stop" if column == "Rminus1" else "n_eff") for option in options]
        for goal in set(filter(is_number, goals)):
            ax.axhline(goal, color="0.6", lw=0.8, ls=":")
        ax.set(yscale="log", ylabel=kinds[column], xlabel="steps" if column == "Rminus1" else "calls")
        ax.legend(frameon=False)
    return Picture("convergence", fig, "Convergence", "Dotted: where a run ends.")


def slug(text):
    """Part of a file's name."""
    return "_".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
