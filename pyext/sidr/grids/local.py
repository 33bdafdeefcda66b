"""The jobs of a grid on this machine: runs of Metropolis side by side, nested sampling on all cores."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sidr.cores import OURS, cores
from sidr.samplers.interrupt import Terminated, sigterm

#: Chains of a run, at most, and runs at once
CHAINS, RUNS = 4, 15

#: mpirun of Open MPI starts as many processes as it is told, where it would count its cores, or refuse root
ENVIRONMENT = {"OMPI_MCA_rmaps_base_oversubscribe": "true",
               "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
               "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


class Plan(NamedTuple):
    """How the cores are divided among runs of Metropolis and best fits."""
    cores: int
    runs: int       # at once
    chains: int     # of each
    threads: int    # of each chain
    why: str        # there are no more chains

    def __str__(self):
        return (f"{self.cores} cores: {self.runs} runs of Metropolis at once, {self.chains} chains each, "
                f"OMP_NUM_THREADS={self.threads}; then nested sampling, one run on all cores; then its "
                f"best fits{self.why}")


class Task(NamedTuple):
    """One command of a job."""
    job: object
    command: list
    threads: int

    def __str__(self):
        return f"OMP_NUM_THREADS={self.threads} {shlex.join(self.command)}"


def plan():
    """The `Plan` for the cores that this process may use."""
    number = cores()
    missing = mpi_missing()
    chains = 1 if missing else min(number, CHAINS)
    runs = min(number // chains, RUNS)
    why = f"\nOne chain a run, since {missing}; with pip install \".[mpi]\" up to four" if missing else ""
    return Plan(number, runs, chains, max(1, number // chains // runs), why)


def mpi_missing():
    """Why there is no MPI; empty if there is one."""
    if os.environ.get("COBAYA_NOMPI"):
        return "COBAYA_NOMPI is set"
    if importlib.util.find_spec("mpi4py") is None:
        return "mpi4py is missing"
    if not mpirun():
        return "there is no mpirun"
    return ""


def mpirun():
    """The command, of this environment or of the system."""
    return shutil.which("mpirun") or shutil.which("mpirun", path=Path(sys.executable).parent)


def check_mpirun(number):
    """Raise ValueError if mpirun does not start so many processes."""
    result = subprocess.run([mpirun(), "-n", str(number), "true"], env=os.environ | ENVIRONMENT, text=True,
                            capture_output=True, errors="replace")
    if result.returncode:
        said = " ".join(line.strip() for line in result.stderr.splitlines() if any(map(str.isalnum, line)))
        raise ValueError(f"mpirun -n {number} does not work here ({said or result.returncode}).")


def phases(statuses, plan):
    """Tasks of the jobs that have something to do: lists of lists that run at once, and how many do so.

    Each inner list is done in order, as long as all goes well.
    """
    launcher = [mpirun(), "-n", str(plan.chains)] if plan.chains > 1 else []
    todo = [s for s in statuses if not (s.over or s.active)]

    def run(s, launcher, threads):
        return [Task(s.job, [*launcher, *s.job.run_command], threads)] * (s.state != "converged")

    def best_fit(s):
        return [Task(s.job, [*launcher, *s.job.best_fit_command], plan.threads)]

    metropolis = [run(s, launcher, plan.threads) + best_fit(s) for s in todo if not s.job.nested]
    nested = [run(s, [], 1) for s in todo if s.job.nested]
    return [(metropolis, plan.runs), ([tasks for tasks in nested if tasks], 1),
            ([best_fit(s) for s in todo if s.job.nested], plan.runs)]


def run_here(statuses, say=print):
    """Run what the jobs have to do.

    Parameters
    ----------
    statuses : list of sidr.grids.status.Status
    say : callable
        Takes a line for each command that begins or fails.

    Returns
    -------
    list of str
        Names of the jobs of which a command has failed.

    Raises
    ------
    ValueError
        If there is MPI, but it does not work.
    """
    division, failed = plan(), []
    say(str(division))
    if division.chains > 1:
        check_mpirun(division.chains)
    with processes() as start, sigterm:
        for chains, at_once in phases(statuses, division):
            with ThreadPoolExecutor(at_once) as pool:
                chains = [tasks for tasks in chains if tasks[0].job.name not in failed]
                results = pool.map(lambda tasks: in_order(tasks, start, say), chains)
                try:
                    failed += [name for name in sigterm.interrupts(results) if name]
                except BaseException:
                    start.stop()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
    return failed


def in_order(tasks, start, say):
    """Run tasks one after the other; the name of their job if one fails."""
    for task in tasks:
        if start.stopped:
            return None
        say(f"{time.strftime('%H:%M:%S')} {task}")
        if status := start(task):
            if not start.stopped:
                say(f"{time.strftime('%H:%M:%S')} {task.job.name} has failed with status {status}: "
                    f"{task.job.log}")
            return task.job.name
    return None


class Start:
    """Starts commands, and stops all that run."""

    def __init__(self):
        self.stopped, self._running = False, set()

    def __call__(self, task):
        """Status of a task at its end."""
        environ = os.environ | ENVIRONMENT | {"OMP_NUM_THREADS": str(task.threads), OURS: ""}
        task.job.log.parent.mkdir(exist_ok=True)
        with open(task.job.log, "a") as log:
            process = subprocess.Popen(task.command, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, env=environ)
            self._running.add(process)
            try:
                return process.wait()
            finally:
                self._running.discard(process)

    def stop(self):
        """Let all runs save themselves and end."""
        self.stopped = True
        for process in list(self._running):
            with suppress(ProcessLookupError):
                process.terminate()


@contextmanager
def processes():
    """A `Start`; SIGTERM and an interrupt end what it has started, and then the block, with a sentence."""
    try:
        yield Start()
    except Terminated:
        raise ValueError("SIGTERM has stopped the runs; the same command goes on.") from None
