"""Where points are computed: in this process, in others on the same machine, or by MPI.

Each kind is a context in which `map` works, as nautilus wants it of a pool. The processes that are not
the main one stay in the context until the main one leaves it.
"""

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process

from cobaya import mpi
from threadpoolctl import threadpool_limits

# What this process computes at a point; forked processes inherit it, so that it need not be pickled.
_function = None


def _compute(point):
    return _function(point)


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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def map(self, function, items):
        """Iterator over `function` of each item, in order."""
        return map(function, items)

    def compute(self, points):
        """Iterator over the results at some points, in order, as they come."""
        return self.map(_compute, points)


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
        self.executor = ProcessPoolExecutor(self.size, get_context("fork"), initialize_fork, [self.threads])
        self.executor.submit(int)  # fork now, before there are threads, which have locks
        return self

    def __exit__(self, *_):
        self.executor.shutdown(cancel_futures=True)

    def map(self, function, items):
        try:
            yield from self.executor.map(function, items)
        except BrokenProcessPool as error:
            raise ChildProcessError("A process that computed likelihoods has died (was there enough memory "
                                    "for so many?).") from error


def initialize_fork(threads):
    """Set the threads of a new process, and let it end with its parent."""
    set_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops us
    threading.Thread(target=end_with_parent, daemon=True).start()


def set_threads(threads):
    """Limit the threads of this process."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # CLASS looks at it before each computation
    threadpool_limits(threads)


def end_with_parent():
    """A killed parent leaves no process, which would keep the output locked."""
    parent_process().join()
    os._exit(1)


class MPI(Serial):
    """All processes of MPI, the main one too: each computes every `size`-th item.

    Those on one machine share its cores, unless the user has said how many threads each has.
    """

    def __init__(self, function):
        super().__init__(function)
        self.size = mpi.size()
        if not {"OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"} & os.environ.keys():
            machine = mpi.get_mpi_comm().Split_type(mpi.get_mpi().COMM_TYPE_SHARED)
            set_threads(max(1, cores() // machine.Get_size()))

    def __enter__(self):
        if not mpi.is_main_process():
            while (task := mpi.share_mpi()) is not None:
                self.share(*task)
        return self

    def __exit__(self, *_):
        if mpi.is_main_process():
            mpi.share_mpi(None)

    def map(self, function, items):
        items = list(items)
        mpi.share_mpi((function, items))
        parts = self.share(function, items)
        return [parts[i % self.size][i // self.size] for i in range(len(items))]

    def share(self, function, items):
        """This process's part of the work; on the main process the list of all parts."""
        return mpi.gather([function(item) for item in items[mpi.rank()::self.size]])


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
    threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    size = size or max(1, cores() // (threads or 1))
    return Serial(function) if size == 1 else Forked(function, size, threads or max(1, cores() // size))


def cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
