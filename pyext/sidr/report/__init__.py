"""One page that shows what runs of Cobaya have found, beside the paper; its pictures as files too."""

import logging
import os
import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
from tqdm import tqdm

from .figures import pictures
from .page import DPI, build
from .run import files, find, read_run

__all__ = ["watch", "write"]

#: Name of the page in its folder
PAGE = "report.html"


def write(roots, folder, ignore_rows=0.3, refresh=None):
    """Write the page and the pictures.

    Parameters
    ----------
    roots : list of str or Path
        `output` of runs, finished or not, or folders with runs.
    folder : str or Path
        Where report.html goes, and .png and .pdf of each picture.
    ignore_rows : float
        Burn-in of chains: fraction (or, from 1 on, number) of their rows.
    refresh : int, optional
        Seconds after which a browser shall read the page again.

    Returns
    -------
    list of Run
        What was read.

    Raises
    ------
    FileNotFoundError
        If there is no run under one of the roots.
    """
    bar = {"disable": None, "leave": False}
    folder = Path(folder)
    with quiet():
        runs = [read_run(root, ignore_rows) for root in tqdm(find(roots), desc="runs", unit="run", **bar)]
        folder.mkdir(parents=True, exist_ok=True)
        drawn = pictures(runs, lambda jobs: tqdm(jobs, desc="pictures", unit="picture", **bar))
        for picture in drawn:
            for extension in ("png", "pdf"):
                picture.figure.savefig(folder / f"{picture.name}.{extension}", dpi=DPI, bbox_inches="tight")
        page = build(runs, drawn, refresh)
    new = folder / f".{PAGE}.new"
    new.write_text(page, encoding="utf-8")
    os.replace(new, folder / PAGE)  # a browser sees the old page or the new one
    for picture in drawn:
        plt.close(picture.figure)
    return runs


@contextmanager
def quiet():
    """No warnings of getdist, of which a chain that has just begun has dozens: the page says it once."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def watch(roots, folder, ignore_rows=0.3, every=60, say=print):
    """Write the page again whenever a run has written, until all have converged, or to the end of patience.

    Parameters
    ----------
    roots, folder, ignore_rows
        As of `write`. Runs that begin later in a folder among the roots are taken in.
    every : int
        Seconds between two looks.
    say : callable
        Takes a line after each page.
    """
    seen = None
    try:
        while True:
            state = {path: path.stat().st_mtime_ns for root in find(roots) for path in files(root)}
            if state != seen:
                runs = write(roots, folder, ignore_rows, refresh=every)
                seen, done = state, sum(run.effort.converged is True for run in runs)
                say(f"{time.strftime('%H:%M:%S')} {Path(folder, PAGE)}: {done} of {len(runs)} converged")
                if done == len(runs):
                    break
            time.sleep(every)
    except KeyboardInterrupt:
        say("The page stays as it is now; nobody watches the runs.")
    write(roots, folder, ignore_rows)
