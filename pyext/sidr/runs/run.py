"""One run: all that its files say."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from getdist import MCSamples

from sidr.modes import COUPLING, SPLIT

from . import chains
from .chains import FEWEST_ROWS, UPDATED, chain_files
from .info import read_evidence, read_info

log = logging.getLogger(__name__)

#: Files beside the samples
EXTENSIONS = (".input.yaml", UPDATED, ".progress", ".checkpoint", ".logZ", ".failed", ".bestfit.txt",
              ".minimum.txt")


@dataclass(frozen=True, eq=False)
class Run:
    """A run.

    Attributes
    ----------
    root : Path
        `output` of the run.
    info : dict
        Cobaya's input with all defaults; empty if it cannot be read.
    samples : getdist.MCSamples or None
        Without burn-in; None if there are too few.
    rows : int
        That can be read, with the burn-in.
    weight : float
        Sum over these rows.
    evidence : dict
        Content of the .logZ file, see `sidr.runs.read_evidence`; empty without one.
    complaints : list of str
        What is wrong with the files.
    """
    root: Path
    info: dict
    samples: MCSamples | None
    rows: int
    weight: float
    evidence: dict
    complaints: list

    @property
    def name(self):
        """Last part of the root."""
        return self.root.name

    @property
    def sampler(self):
        """Options of the sampler, a dictionary."""
        return next(iter((self.info.get("sampler") or {}).values()), None) or {}

    @property
    def split_at(self):
        """Edges between the modes, lists of increasing numbers, by parameter of the samples.

        Those of the sampler's option `split_at`; without it, `sidr.modes.SPLIT`.

        Raises
        ------
        ValueError
            If the option is not numbers in order.
        """
        given, where = self.sampler.get("split_at") or {COUPLING: SPLIT}, f"{self.root}{UPDATED}: split_at"
        try:
            edges = {name: np.atleast_1d(np.asarray(values, float)).tolist()
                     for name, values in given.items()}
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{where} is not numbers by parameter ({error}).") from error
        if any(not np.isfinite(values).all() or sorted(set(values)) != values for values in edges.values()):
            raise ValueError(f"{where} = {edges} is not finite numbers in order.")
        names = self.samples.getParamNames()
        return {name: values for name, values in edges.items() if names.hasParam(name)}

    def regions(self, name):
        """Number of the region between the edges of a parameter, for each sample: ndarray of int."""
        return np.searchsorted(self.split_at[name], self.samples[name], side="right")

    def in_mode(self, mode):
        """The samples in one mode.

        Parameters
        ----------
        mode : sidr.modes.Mode

        Returns
        -------
        getdist.MCSamples or None
            With the edge of the mode as an end of the range; None if there are too few.
        """
        samples = self.samples.copy()
        inside = mode.holds(samples[COUPLING])
        if inside.sum() < FEWEST_ROWS:
            return None
        samples.filter(inside)
        low, high = samples.ranges.getLower(COUPLING), samples.ranges.getUpper(COUPLING)
        samples.ranges.setRange(COUPLING, (SPLIT, high) if mode.low >= SPLIT else (low, SPLIT))
        return samples


def read(root, ignore_rows=0.3):
    """Read the files of a run; what cannot be read is among its complaints.

    Parameters
    ----------
    root : path-like
        `output` of the run, finished or not.
    ignore_rows : float
        Burn-in: fraction (or, from 1 on, number) of rows that are left out at the start; none of a
        nested sample.

    Returns
    -------
    Run
    """
    chain = chains.read(root, ignore_rows)
    evidence, complaints = read_evidence(root)
    return Run(Path(root), chain.info, chain.samples, chain.rows, chain.weight, evidence,
               chain.complaints + complaints)


def load_samples(root, ignore_rows=0.3):
    """Samples of a run; what cannot be read of them is in the log.

    Parameters
    ----------
    root, ignore_rows
        As of `read`.

    Returns
    -------
    getdist.MCSamples

    Raises
    ------
    FileNotFoundError
        If there is no chain of that name.
    ValueError
        If there are no samples left to look at.
    """
    return checked(root, chains.read(existing(root), ignore_rows), ignore_rows).samples


def load(root, ignore_rows=0.3):
    """A run that can be computed with: it has samples of its posterior, and the input that made them.

    Parameters
    ----------
    root, ignore_rows
        As of `read`.

    Returns
    -------
    Run

    Raises
    ------
    FileNotFoundError
        If there is no chain of that name, or no ROOT.updated.yaml.
    ValueError
        If there are no samples left, if the input cannot be read, or if the run has sampled a power of the
        posterior.
    """
    run = checked(root, read(existing(root), ignore_rows), ignore_rows)
    if not run.info:
        updated = f"{root}{UPDATED}"
        if not Path(updated).exists():
            raise FileNotFoundError(f"There is no {updated}, where Cobaya writes what a run computes.")
        read_info(updated)      # raises: it cannot be read
    if (temperature := run.sampler.get("temperature") or 1) != 1:
        raise ValueError(f"{root} has the temperature {temperature}: its samples are those of a power of "
                         "the posterior. Run it with temperature: 1.")
    return run


def existing(root):
    """The root of a run that has samples."""
    if not chain_files(root):
        raise FileNotFoundError(f"There is no chain {root}.1.txt; ROOT is the `output` of the run file.")
    return root


def checked(root, read, ignore_rows):
    """What was read, if it has samples; its complaints are in the log."""
    for complaint in read.complaints:
        log.warning("%s", complaint)
    if read.samples is None:
        raise ValueError(f"{root} has {read.rows} rows, too few after {ignore_rows:g} of burn-in: let "
                         "it run longer, or take a smaller ignore_rows.")
    return read


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
                f"There is no run {root} (no {root}{UPDATED}, no {root}.1.txt): ROOT is the `output` "
                "of a run file, or a folder with runs.")
    return list(dict.fromkeys(found))


def files(root):
    """The files of a run."""
    beside = [Path(f"{root}{extension}") for extension in EXTENSIONS]
    return [path for path in beside if path.exists()] + chain_files(root)
