"""All that the files of one run say."""

from pathlib import Path
from typing import NamedTuple

from getdist import MCSamples

from sidr import chains, plots

from .effort import Effort, read_effort
from .fits import MINIMA, SAMPLE, best_sample, read_minima
from .scenario import MODE_EDGE, Scenario, scenario

#: Fewer independent samples than this make no picture.
ENOUGH_FOR_PICTURES = 5

COUPLING = "log10_G_eff"

#: Files beside the samples
EXTENSIONS = (".input.yaml", ".updated.yaml", ".progress", ".checkpoint", ".logZ", ".failed", *MINIMA)


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


class Run(NamedTuple):
    """A run."""
    name: str            # last part of its root
    root: Path
    scenario: Scenario
    whole: Part | None   # all its samples
    parts: list          # by mode; `whole` alone if it has one mode only
    evidence: dict       # of .logZ
    effort: Effort
    rows: int
    info: dict           # updated input
    yaml: dict           # name of a file and its text
    complaints: list     # what is wrong with the files


def find(roots):
    """Roots of runs: those given, and for a folder all that are in it.

    Parameters
    ----------
    roots : list of str or Path

    Returns
    -------
    list of Path

    Raises
    ------
    FileNotFoundError
        If there is no run under one of them.
    """
    found = []
    for root in map(Path, roots):
        if root.is_dir():
            inside = [Path(str(path).removesuffix(".input.yaml"))
                      for path in sorted(root.rglob("*.input.yaml"))]
            inside = [path for path in inside if path.suffix != ".minimize"]
            if not inside:
                raise FileNotFoundError(f"The folder {root} holds no run of Cobaya (no *.input.yaml).")
            found += inside
        elif files(root):
            found.append(root)
        else:
            raise FileNotFoundError(
                f"There is no run {root} (no {root}.updated.yaml, no {root}.1.txt): ROOT is the `output` "
                "of a run file, or a folder with runs.")
    return list(dict.fromkeys(found))


def files(root):
    """The files of a run that a report reads."""
    beside = [Path(f"{root}{extension}") for extension in EXTENSIONS]
    return [path for path in beside if path.exists()] + chains.chain_files(root)


def read_run(root, ignore_rows=0.3):
    """Read the files of a run; what cannot be read is among its complaints.

    Parameters
    ----------
    root : Path
    ignore_rows : float
        Burn-in of a chain, as of `sidr.chains.read`.

    Returns
    -------
    Run
    """
    yaml, info, complaints = read_input(root)
    chain = chains.read(root, ignore_rows)
    evidence, no_evidence = read_evidence(root)
    effort, no_effort = read_effort(root, info, chain.weight)
    minima, no_minima = read_minima(root)
    case = scenario(info)
    whole, parts = None, []
    if chain.samples is not None:
        if not chain.samples.getParamNames().hasParam(COUPLING):
            case = case._replace(mode=None)     # the input is not that of the samples, which is a complaint
        whole = part(case.mode, chain.samples, minima)
        parts = split(whole) if case.mode == "full" else [whole]
    return Run(root.name, root, case, whole, parts, evidence, effort, chain.rows, info, yaml,
               list(dict.fromkeys(complaints + chain.complaints + no_evidence + no_effort + no_minima)))


def part(mode, samples, minima):
    return Part(mode, samples, plots.independent_samples(samples), [*minima, *best_sample(samples)])


def split(whole):
    """The parts of a run that are below and above the edge between the modes; those with samples."""
    parts = []
    for mode in ("MI", "SI"):
        samples = whole.samples.copy()
        above = samples[COUPLING] >= MODE_EDGE
        inside = above if mode == "SI" else ~above
        if inside.sum() < chains.FEWEST_ROWS:
            continue
        samples.filter(inside)
        samples.ranges.setRange(COUPLING, (MODE_EDGE, samples.ranges.getUpper(COUPLING)) if mode == "SI"
                                else (samples.ranges.getLower(COUPLING), MODE_EDGE))
        minima = [fit for fit in whole.fits if fit.kind != SAMPLE and COUPLING in fit.point
                  and (fit.point[COUPLING] >= MODE_EDGE) == (mode == "SI")]
        parts.append(part(mode, samples, minima))
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
            infos.append(chains.read_info(path))
        except (OSError, ValueError) as error:
            complaints.append(f"{path} cannot be read ({chains.problem(error, path)}).")
    return texts, infos[-1] if infos else {}, complaints


def read_evidence(root):
    """log Z of a run as of `sidr.chains.read_evidence`, without modes that are not as they should be."""
    evidence, complaints = chains.read_evidence(root)
    wanted = ("logZ", "logZstd", "fraction", "fraction_std")
    try:
        for regions in evidence.get("split", {}).values():
            for region in regions:
                _ = [None if region[end] is None else float(region[end]) for end in ("min", "max")]
                _ = [float(region[name]) for name in wanted]
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        complaints.append(f"{root}.logZ: its modes cannot be read ({chains.why(error)}).")
        evidence = {name: value for name, value in evidence.items() if name != "split"}
    return evidence, complaints
