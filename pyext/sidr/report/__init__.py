"""One page that shows what runs of Cobaya have found, beside the paper; its pictures as files too."""

import time
from pathlib import Path

import matplotlib.pyplot as plt
from tqdm import tqdm

from sidr.files import replacing
from sidr.plots import quiet
from sidr.runs import files, find

from .entry import read_entry
from .figures import pictures
from .page import build

__all__ = ["watch", "write"]

#: Name of the page in its folder
PAGE = "report.html"

#: Dots per inch of the pictures
DPI = 160


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
    list of sidr.report.entry.Entry
        What was read.

    Raises
    ------
    FileNotFoundError
        If there is no run under one of the roots.
    """
    runs, drawn = draw(roots, folder, ignore_rows)
    save(runs, drawn, folder, refresh)
    return runs


def draw(roots, folder, ignore_rows):
    """Read the runs and draw the pictures into the folder.

    Returns
    -------
    runs : list of Entry
    drawn : list of Picture
    """
    bar = {"disable": None, "leave": False}
    with quiet():
        runs = [read_entry(root, ignore_rows) for root in tqdm(find(roots), desc="runs", unit="run", **bar)]
        Path(folder).mkdir(parents=True, exist_ok=True)
        drawn = pictures(runs, lambda jobs: tqdm(jobs, desc="pictures", unit="picture", **bar))
        for picture in drawn:
            for extension in ("png", "pdf"):
                with replacing(Path(folder, f"{picture.name}.{extension}")) as new:
                    picture.figure.savefig(new, format=extension, dpi=DPI, bbox_inches="tight")
            plt.close(picture.figure)
    return runs, drawn


def save(runs, drawn, folder, refresh):
    """Write the page; a browser sees the old one or the new one."""
    with quiet(), replacing(Path(folder, PAGE)) as new:
        Path(new).write_text(build(runs, drawn, folder, refresh), encoding="utf-8")


def watch(roots, folder, ignore_rows=0.3, every=60, say=print):
    """Write the page again whenever a run has written, until all have converged or it is interrupted.

    Parameters
    ----------
    roots, folder, ignore_rows
        As of `write`. Runs that begin later in a folder among the roots are taken in.
    every : int
        Seconds between two looks; also the browser's.
    say : callable
        Takes a line after each page.
    """
    seen = page = None
    try:
        while True:
            state = {path: written(path) for root in find(roots) for path in files(root)}
            if state != seen:
                runs, _ = page = draw(roots, folder, ignore_rows)
                save(*page, folder, refresh=every)
                seen, done = state, sum(run.effort.converged is True for run in runs)
                say(f"{time.strftime('%H:%M:%S')} {Path(folder, PAGE)}: {done} of {len(runs)} converged")
                if done == len(runs):
                    break
            time.sleep(every)
    except KeyboardInterrupt:
        say("Interrupted: the page is no longer updated.")
    if page:
        save(*page, folder, refresh=None)


def written(path):
    """When a file was written last; None if it is just being replaced."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
