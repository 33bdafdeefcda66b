"""What the jobs of a grid are doing, by the files of their runs and by SLURM's queue."""

import math
import re
from pathlib import Path
from typing import NamedTuple

import portalocker

from sidr import runs
from sidr.report.effort import read_effort

from .slurm import queue

#: Characters of the last line of a log that the table shows
SHOWN = 90


#: What mpirun says in the end, most often that a process has ended: in a box, or on a line
MPIRUN = re.compile(r"^-{50,}\n(?:(?!-{50,}).*\n)*-{50,}$|^.*(PMIX|PRTE) ERROR.*$", re.MULTILINE)


class Status(NamedTuple):
    """Of one job; nan and empty texts for what is not known."""
    job: object         # sidr.grids.grid.Job
    state: str          # waiting, running, converged, failed
    calls: float
    Rminus1: float      # of Metropolis
    ESS: float          # of nested sampling
    queued: bool        # in SLURM's queue, waiting or running
    left: str           # until SLURM's wall time, of a running job
    said: str           # why it waits in the queue, or the last line of its log if it has failed

    @property
    def over(self):
        """Whether nothing is left to do: it has converged and has its best fit."""
        return self.state == "converged" and self.job.has_best_fit

    @property
    def active(self):
        """Whether it runs or waits in a queue."""
        return self.state == "running" or self.queued


def status(grid, slurm=False):
    """`Status` of each job of a `sidr.grids.Grid`, in a list.

    Raises
    ------
    ValueError
        If SLURM does not answer, of a grid that has been submitted, or if it is said that `slurm` is there.
    """
    try:
        queued = queue(grid.folder)
    except ValueError:
        if slurm or any(grid.scripts.glob("*.sh")):
            raise
        queued = {}
    return [of_job(job, queued.get(job.name)) for job in grid.jobs]


def of_job(job, entry=None):
    """`Status` of one job, with its entry in SLURM's queue."""
    effort = effort_of(job.root)
    progress = effort.progress
    calls = effort.calls if job.nested else last(progress.get("calls"))
    begun = job.log.exists() or Path(f"{job.root}.input.yaml").exists()
    if entry:
        state = "running" if entry.running else "waiting"
    elif locked(job.root):
        state = "running"
    elif effort.converged:
        state = "converged"
    else:
        state = "failed" if begun else "waiting"
    said = ""
    if entry and not entry.running:
        said = f"in the queue: {entry.reason}"
    elif state == "failed":
        said = last_line(job.log)
    elif state == "converged" and not job.has_best_fit:
        said = "without best fit" + (f": {last_line(job.log)}" if job.log.exists() else "")
    return Status(job, state, math.nan if calls is None else calls, effort.Rminus1,
                  last(progress.get("ESS")) if job.nested else math.nan, bool(entry),
                  entry.left if entry and entry.running else "", said)


def effort_of(root):
    """`sidr.report.effort.Effort` of a run, finished or not."""
    try:
        info = runs.read_info(f"{root}.updated.yaml")
    except (OSError, ValueError):
        info = {}
    return read_effort(root, info, 0)[0]


def locked(root):
    """Whether a process of Cobaya has the output of a run."""
    path = Path(f"{root}.input.yaml.locked")
    try:
        with open(path, "r+b") as file:
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            portalocker.unlock(file)
    except FileNotFoundError:
        return False
    except (portalocker.exceptions.BaseLockException, OSError):
        return True
    return False


def last(column):
    """The last number of a column; nan if there is none."""
    return float(column[-1]) if column is not None and len(column) else math.nan


def last_line(log):
    """The last line of a log that says something; what mpirun says after that is left out."""
    try:
        lines = log.read_bytes()[-20000:].decode("utf-8", "replace").replace("\r", "\n").splitlines()
    except OSError:
        return "there is no log"
    own = MPIRUN.sub("", "\n".join(lines)).splitlines()
    lines = [line.strip() for line in (own if any(map(telling, own)) else lines) if telling(line)]
    return lines[-1] if lines else "its log is empty"


def telling(line):
    """Whether a line has more than ornaments."""
    return any(map(str.isalnum, line))


def table(statuses):
    """The jobs as text."""
    width = max(len(s.job.name) for s in statuses)
    lines = [f"{'job':{width}}  {'state':10}{'calls':>9}{'R-1':>9}{'ESS':>8}{'left':>12}"]
    for s in statuses:
        numbers = [f"{s.calls:9.0f}", f"{s.Rminus1:9.3f}", f"{s.ESS:8.0f}"]
        numbers = [" " * len(text) if "nan" in text else text for text in numbers]
        said = s.said if len(s.said) <= SHOWN else f"{s.said[:SHOWN]} ..."
        lines.append(f"{s.job.name:{width}}  {s.state:10}{''.join(numbers)}{s.left:>12}  {said}".rstrip())
    counts = {state: sum(s.state == state for s in statuses)
              for state in ("waiting", "running", "converged", "failed")}
    return "\n".join([*lines, ", ".join(f"{number} {state}" for state, number in counts.items() if number)])
