"""A grid's folder: its jobs, made of a settings file, and a choice of them."""

import fcntl
import io
import os
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from cobaya.component import get_component_class
from cobaya.grid_tools.batchjob import readobject
from cobaya.grid_tools.batchjob_args import BatchArgs
from cobaya.grid_tools.gridconfig import makeGrid

from sidr import runs, yaml

#: Options of Cobaya's grid tools that choose jobs
FILTERS = ("name", "param", "data", "group", "skip_param", "skip_data", "skip_group")


@dataclass(frozen=True)
class Job:
    """One run and its best fit.

    Attributes
    ----------
    name : str
    root : Path
        `output` of the run.
    run, best_fit : Path
        Input files.
    log : Path
        What it prints.
    nested, emulated : bool
    """
    name: str
    root: Path
    run: Path
    best_fit: Path
    log: Path
    nested: bool
    emulated: bool

    @property
    def kind(self):
        """Name of its size in a `Site`."""
        return "emulated" if self.emulated else "nested" if self.nested else "metropolis"

    @property
    def run_command(self):
        """Begins the run, or goes on with it."""
        return [str(Path(sys.executable).with_name("cobaya-run")), "-r", str(self.run)]

    @property
    def best_fit_command(self):
        return [sys.executable, "-m", "sidr.grids.best_fit", str(self.best_fit)]

    @property
    def has_best_fit(self):
        """Whether there is a best fit of what the run has now."""
        minimum = Path(f"{self.root}.minimum")
        return minimum.is_file() and minimum.stat().st_size > 0


class Grid:
    """A folder that `create` or cobaya-grid-create has made.

    Parameters
    ----------
    folder : path-like
    **filters : list of str, optional
        By names in `FILTERS`: choose jobs as Cobaya's grid tools do.

    Attributes
    ----------
    folder : Path
        Absolute.
    jobs : list of Job

    Raises
    ------
    ValueError
        If it is no grid, or has no such jobs.
    """

    def __init__(self, folder, **filters):
        self.folder = Path(folder).absolute()
        if not self.folder.is_dir() or readobject(str(self.folder)) is None:
            raise ValueError(f"{folder} is no grid: make it with `sidr grid create {folder}`.")
        options = [word for name, values in filters.items() if values
                   for word in (f"--{name.replace('_', '-')}", *values)]
        chosen = BatchArgs()
        chosen.parseForBatch([str(self.folder), *options])
        self.jobs = [self._job(item) for item in chosen.filteredBatchItems()]
        if not self.jobs:
            raise ValueError(f"{folder} has no jobs" + " of that choice" * bool(options) + ".")

    def _job(self, item):
        path = Path(item.yaml_file())
        info = yaml.load_file(path)
        theories = info.get("theory") or {}
        sampler, options = next(iter(info["sampler"].items()))
        defaults = get_component_class(sampler, kind="sampler").get_defaults()
        return Job(name=item.name, root=Path(item.chainRoot), run=path,
                   best_fit=Path(item.yaml_file("_minimize")), log=self.scripts / f"{item.name}.log",
                   nested=runs.is_nested({"sampler": {sampler: defaults | (options or {})}}),
                   emulated="sidr.theory.SIDREmulator" in theories)

    @property
    def scripts(self):
        """Folder of scripts and logs."""
        return self.folder / "scripts"

    @contextmanager
    def locked(self):
        """Let nobody else start jobs of this grid; ValueError if somebody does."""
        with open(self.folder / "grid.lock", "a") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ValueError(f"Another `sidr grid run` is starting jobs of {self.folder}: wait for it, "
                                 "or stop it.") from None
            yield


def create(folder, settings):
    """Make the folder of a grid, or write the input files of one anew.

    Parameters
    ----------
    folder : path-like
    settings : path-like
        A settings file of cobaya-grid-create, such as chains/grid.py.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not os.path.isfile(settings):
        raise ValueError(f"There is no settings file {settings}: give one with --settings; chains/grid.py "
                         "of the source has the runs of arXiv:2506.08085.")
    with redirect_stdout(io.StringIO()):    # which advises to call cobaya-grid-run
        makeGrid(str(folder), str(settings))
