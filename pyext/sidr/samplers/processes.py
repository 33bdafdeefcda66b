"""Where points are computed: in this process, in others on the same machine, or by MPI.

Each kind is a context in which `map` works, as nautilus wants it of a pool. The processes that are not
the main one stay in the context until the main one leaves it. What they log, and the errors that end a run,
come to the main one, which says each once.
"""

import logging
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from typing import NamedTuple

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError

from sidr.cores import cores, given, set_threads, settle
from sidr.samplers.interrupt import Stopped, Terminated, sigterm

# What this process computes at a point; forked processes inherit it, so that it need not be pickled.
_function = None


def _compute(point):
    return _function(point)


class Outcome(NamedTuple):
    """What came of a computation in another process."""
    value: object
    log: tuple          # of (name, level, text)
    error: str | None   # of a LoggedError, which is in the log


class Records(logging.Handler):
    """Keeps what is logged, and is the only one who hears it; a context."""

    def __enter__(self):
        self.log, self._handlers = [], logging.root.handlers
        logging.root.handlers = [self]
        return self

    def __exit__(self, *_):
        logging.root.handlers = self._handlers

    def emit(self, record):
        self.log.append((record.name, record.levelno, record.getMessage()))


def attempt(function, item):
    """`Outcome` of a function."""
    with Records() as records:
        try:
            value, error = function(item), None
        except LoggedError as logged:
            value, error = None, str(logged)
    return Outcome(value, tuple(records.log), error)


class Serial:
    """This process alone.

    Parameters
    ----------
    function : callable
        What `compute` computes at a point.
    """

    size = 1

    def __init__(self, function):
        global _function
        _function = function
        self._said = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def map(self, function, items):
        """Iterator over `function` of each item, in order."""
        return map(function, items)

    def compute(self, points):
        """Iterator over the results at some points, in order, as they come."""
        return sigterm.interrupts(self.map(_compute, points))

    def _open(self, outcome):
        """The value, or the error, of an `Outcome`; what it has to say is said if it is new."""
        for line in outcome.log:
            if line not in self._said:
                self._said.add(line)
                name, level, text = line
                logging.getLogger(name).log(level, "%s", text)
        if outcome.error is not None:
            raise Stopped(outcome.error)
        return outcome.value


class Forked(Serial):
    """Processes on this machine, each with its share of the threads.

    Parameters
    ----------
    function : callable
    size : int
        Number of processes.
    threads : int
        Threads of each.
    """

    def __init__(self, function, size, threads):
        super().__init__(function)
        self.size, self.threads = size, threads

    def __enter__(self):
        others = set(active_children())
        self.executor = ProcessPoolExecutor(self.size, get_context("fork"), initialize_fork, [self.threads])
        self.executor.submit(int)  # fork now, before there are threads, which have locks
        self.children = set(active_children()) - others
        return self

    def __exit__(self, error, *_):
        if error:   # nobody wants the points that they compute
            for child in self.children:
                child.kill()
        self.executor.shutdown(cancel_futures=True)

    def map(self, function, items):
        try:
            outcomes = self.executor.map(partial(attempt, function), items)
            yield from map(self._open, sigterm.interrupts(outcomes))
        except BrokenProcessPool as error:
            raise ChildProcessError("A process that computed likelihoods has died (was there enough memory "
                                    "for so many?).") from error


def initialize_fork(threads):
    """Set the threads of a new process, and let it end with its parent."""
    set_threads(threads)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent stops us
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent():
    """A killed parent leaves no process, which would keep the output locked."""
    parent_process().join()
    os._exit(1)


class MPI(Serial):
    """All processes of MPI, the main one too: each takes the next item when it is free.

    A counter in the memory that the processes of one machine share says which one that is. Between machines
    the items are shared out beforehand: the counter of a busy machine cannot be read from afar, and the
    times of many points together differ little.
    """

    def __init__(self, function):
        super().__init__(function)
        settle()
        self.size, MPI, world = mpi.size(), mpi.get_mpi(), mpi.get_mpi_comm()
        machine = world.Split_type(MPI.COMM_TYPE_SHARED)
        first = machine.bcast(world.rank)
        self._mine = [owner == first for owner in world.allgather(first)]    # by rank
        self._counter = MPI.Win.Allocate_shared(8 * (machine.rank == 0), 8, comm=machine)
        if machine.rank == 0:
            np.frombuffer(self._counter.tomemory(), np.int64)[:] = 0
        machine.barrier()
        self._counter.Lock_all()
        self._taken = 0     # what the counter shows when an item list begins

    def __enter__(self):
        if not mpi.is_main_process():
            while isinstance(task := mpi.share_mpi(), tuple):
                self.share(*task)
            if task:
                raise Stopped("The main process has stopped.", task)
        return self

    def __exit__(self, _, error, __):
        """Let the others go on, or end with the same status."""
        if mpi.is_main_process():
            mpi.share_mpi(getattr(error, "code", 1) if error else 0)

    def compute(self, points):
        return self.map(_compute, points)   # which looks when no other process waits

    def map(self, function, items):
        items = list(items)
        mpi.share_mpi((function, items))
        outcomes = {i: outcome for part in self.share(function, items) for i, outcome in part.items()}
        if sigterm.came or len(outcomes) < len(items):
            raise Terminated
        return [self._open(outcomes[i]) for i in range(len(items))]

    def share(self, function, items):
        """What this process has computed, by number of the item; on the main process a list of all of it.

        Without the rest after SIGTERM.
        """
        done, here = {}, [i for i in range(len(items)) if self._mine[i % self.size]]
        while not sigterm.came and (next_ := self._take() - self._taken) < len(here):
            done[here[next_]] = attempt(function, items[here[next_]])
        self._taken += len(here) + sum(self._mine)  # each process has seen once that there are no more
        return mpi.gather(done)

    def _take(self):
        """The counter, which goes on by one."""
        one, shown = np.ones(1, np.int64), np.zeros(1, np.int64)
        self._counter.Fetch_and_op(one, shown, 0)
        self._counter.Flush(0)
        return int(shown[0])


def processes(function, size=None):
    """The kind of processes that fits.

    Parameters
    ----------
    function : callable
        What is computed at a point.
    size : int, optional
        Number of processes on this machine; without it, as many as leave `OMP_NUM_THREADS` cores, or
        one, to each. MPI has its own number.

    Returns
    -------
    Serial
    """
    if mpi.more_than_one_process():
        return MPI(function)
    threads = given()
    size = size or max(1, cores() // (threads or 1))
    return Serial(function) if size == 1 else Forked(function, size, threads or max(1, cores() // size))
