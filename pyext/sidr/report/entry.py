"""A run as the report shows it: what its files say, split by mode, with best fits and effort."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from getdist import MCSamples

from sidr import plots, runs
from sidr.modes import COUPLING, MODES
from sidr.runs import Run, Scenario, scenario

from .effort import Effort, read_effort
from .fits import best_sample, read_minima

#: Fewer independent samples than this make no picture.
ENOUGH_FOR_PICTURES = 5


class Part(NamedTuple):
    """The samples of a run in one mode."""
    mode: str | None
    samples: MCSamples
    independent: float   # effective number of samples
    fits: list

    @property
    def drawn(self):
        return self.independent >= ENOUGH_FOR_PICTURES

    @property
    def enough(self):
        return self.independent >= plots.ENOUGH_SAMPLES


@dataclass(frozen=True, eq=False)
class Entry(Run):
    """A run and what the report makes of it.

    Attributes
    ----------
    scenario : sidr.runs.Scenario
    whole : Part or None
        All its samples.
    parts : list of Part
        By mode; `whole` alone if it has one mode only.
    effort : Effort
    texts : dict
        Names of the input files, and what is in them.
    """
    scenario: Scenario
    whole: Part | None
    parts: list
    effort: Effort
    texts: dict


def read_entry(root, ignore_rows=0.3):
    """Read the files of a run; what cannot be read is among its complaints.

    Parameters
    ----------
    root : Path
    ignore_rows : float
        Burn-in of a chain, as of `sidr.runs.read`.

    Returns
    -------
    Entry
    """
    texts, info, complaints = read_input(root)
    run = runs.read(root, ignore_rows)
    effort, no_effort = read_effort(root, info, run.weight)
    minima, no_minima = read_minima(root)
    case = scenario(info)
    whole, parts = None, []
    if run.samples is not None:
        if not run.samples.getParamNames().hasParam(COUPLING):
            case = case._replace(mode=None)     # the input is not that of the samples, which is a complaint
        whole = part(case.mode, run.samples, minima)
        parts = split(run, minima) if case.mode == "full" else [whole]
    complaints = list(dict.fromkeys(complaints + run.complaints + no_effort + no_minima))
    return Entry(**vars(run) | {"info": info, "complaints": complaints}, scenario=case, whole=whole,
                 parts=parts, effort=effort, texts=texts)


def part(mode, samples, minima):
    return Part(mode, samples, runs.independent_samples(samples), [*minima, *best_sample(samples)])


def split(run, minima):
    """The parts of a run in the modes; those with samples."""
    parts = []
    for mode in MODES.values():
        if (samples := run.in_mode(mode)) is not None:
            inside = [fit for fit in minima if COUPLING in fit.point and mode.holds(fit.point[COUPLING])]
            parts.append(part(mode.name, samples, inside))
    return parts


def read_input(root):
    """Texts of the input files by name, the updated input (or else the input), and complaints."""
    texts, infos, complaints = {}, [], []
    for path in (Path(f"{root}.input.yaml"), Path(f"{root}.updated.yaml")):
        if not path.exists():
            complaints.append(f"{path} is missing.")
            continue
        try:
            texts[path.name] = path.read_bytes().decode("utf-8", "replace")
            infos.append(runs.read_info(path))
        except (OSError, ValueError) as error:
            complaints.append(f"{path} cannot be read ({runs.problem(error, path)}).")
    return texts, infos[-1] if infos else {}, complaints
