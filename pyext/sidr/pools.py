"""Many independent computations, on the cores of this machine or of a cluster.

`compute` has three ways, with the same results in the same files:

- processes on this machine;
- MPI: within `mpi()` the first process deals the items to all, by `mpi4py.futures`;
- a part of an array of jobs: each computes its items (`Part`), and saves them beside the file of the whole
  (`Part.path`); a last call without a part finds them (`parts`).
"""

import os
import re
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from sidr.cores import cores, fair_share, given, launched, set_threads, settle

# Of mpi4py, within `mpi()`
_others = None


def compute(function, items, jobs=None, fresh=False):
    """Compute a function at some items in other processes.

    Parameters
    ----------
    function : callable
        At the top of a module.
    items : sequence of tuple
        Its arguments.
    jobs : int, optional
        Processes; if not given, as many as leave OMP_NUM_THREADS cores, or one, to each. MPI has its own
        number.
    fresh : bool
        Start new interpreters instead of forks of this process, which share its memory and its threads.
        Those of MPI are always.

    Yields
    ------
    item : tuple
    result : object
        As they are done. An error of one ends the iteration, and what has not begun is not computed.

    Raises
    ------
    ValueError
        If `jobs` is given under MPI, or several processes of MPI call this outside of `mpi()`.
    ChildProcessError
        If a process has died.
    """
    items = list(items)
    if _others is None and launched().size > 1 and not os.environ.get("COBAYA_NOMPI"):
        raise ValueError("All processes of MPI would compute the same: call this within sidr.pools.mpi().")
    if _others is not None and jobs is not None:
        raise ValueError(f"{jobs} processes: under MPI their number is that of mpirun -n; leave it out.")
    if not items:
        return
    here = 1 if _others is not None else min(jobs or max(1, cores() // (given() or 1)), len(items))
    kind = get_context("fork" if forks() and not fresh else "spawn")
    threads = given() or (max(1, cores() // here) if forks() else fair_share())
    pool = ProcessPoolExecutor(here, kind, begin, [threads])
    free = [pool] * here + [_others] * (launched().size - 1) * (_others is not None)
    try:
        yield from deal(function, items, free)
    except BrokenProcessPool as error:
        raise ChildProcessError("A process has died (was there enough memory for so many?).") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def begin(threads):
    """Begin a process that computes: with so many threads, and no longer than its parent."""
    set_threads(threads)
    Thread(target=end_with, args=[parent_process()], daemon=True).start()


def end_with(parent):
    """End this process when its parent has ended: after a kill nobody else would."""
    parent.join()
    os._exit(1)


def deal(function, items, free):
    """Give an item to each executor that is free; the next one when a result is there."""
    items, running = iter(items), {}
    while True:
        while free and (item := next(items, None)) is not None:
            executor = free.pop()
            running[executor.submit(function, *item)] = item, executor
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            item, executor = running.pop(future)
            free.append(executor)
            yield item, future.result()


def forks():
    """Whether the processes of `compute` have what is in the memory of this one, unless they are fresh."""
    return _others is None


@contextmanager
def mpi():
    """Use all processes of MPI, if there are several: the first goes on, the others compute what it deals.

    Yields
    ------
    bool
        Whether this is the process that goes on; for the others all is done.

    Raises
    ------
    ValueError
        As of `sidr.cores.check_mpi`.
    """
    global _others
    settle()
    if launched().size == 1 or os.environ.get("COBAYA_NOMPI"):
        yield True
        return
    from cobaya.mpi import set_mpi_disabled
    from mpi4py import MPI
    from mpi4py.futures import MPICommExecutor
    set_mpi_disabled()      # for Cobaya each is a process of its own, as are those that they start
    os.environ["COBAYA_NOMPI"] = "1"
    with ExitStack() as stack:
        stack.callback(os.environ.pop, "COBAYA_NOMPI")
        stack.callback(set_mpi_disabled, False)
        _others = stack.enter_context(MPICommExecutor(MPI.COMM_WORLD, root=0))
        try:
            yield _others is not None
        finally:
            _others = None


class Part(NamedTuple):
    """One of several jobs that compute the items among them."""
    number: int     # 1 ... of
    of: int

    def path(self, path):
        """Where it saves what the whole would save in `path`."""
        path = Path(path)
        return path.with_name(f"{path.stem}.{self.number}-of-{self.of}{path.suffix}")


def share(items, part=None):
    """The items of a part, or all of them. They have to be in the same order for all parts."""
    return list(items) if part is None else list(items)[part.number - 1::part.of]


def parts(path):
    """Files that parts have saved beside `path`."""
    path = Path(path)
    name = re.compile(re.escape(path.stem) + r"\.\d+-of-\d+" + re.escape(path.suffix))
    return sorted(beside for beside in path.parent.glob("*-of-*") if name.fullmatch(beside.name))
