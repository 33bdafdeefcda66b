"""Independent computations on the cores of one machine."""

import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context


def compute(function, items, jobs=None, fresh=False):
    """Compute a function at some items in other processes.

    Parameters
    ----------
    function : callable
        At the top of a module.
    items : sequence of tuple
        Its arguments.
    jobs : int, optional
        Processes; as many as there are cores for this process if not given.
    fresh : bool
        Start new interpreters instead of forks of this process, which share its memory and its threads.

    Yields
    ------
    item : tuple
    result : object
        As they are done. An error of one ends the iteration, and what has not begun is not computed.
    """
    items = list(items)
    if not items:
        return
    with ProcessPoolExecutor(jobs or cores(), get_context("spawn" if fresh else "fork")) as pool:
        futures = {pool.submit(function, *item): item for item in items}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
