"""Copies of runs with fewer samples, each of the same weight: small files to keep."""

import shutil
from pathlib import Path

import numpy as np

from sidr.files import replacing

from .chains import chain_files, read_rows
from .info import is_nested, read_info
from .run import EXTENSIONS


def thin(root, folder, number, burn_in=0.3):
    """Write a copy of a run.

    getdist, `sidr plot`, `sidr report` and `sidr reweight` take the copy as they take the run. The files
    that say how the samples were made, and what has come of it, go with it: those of the whole run.

    Parameters
    ----------
    root : path-like
        `output` of the run.
    folder : path-like
        Made if it is not there.
    number : int
        Samples to draw: systematically, at equal distances on the cumulative weights.
    burn_in : float
        Fraction (or, from 1 on, number of rows) of each chain that is left out at its start; none of a
        nested sample.

    Returns
    -------
    int
        Rows of the copy. A sample that is drawn several times is one row, of so much weight.

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    ValueError
        If no samples are left, or if the copy would replace the run.
    """
    root, folder = Path(root), Path(folder)
    files = [read_rows(path) for path in chain_files(root)]
    if not files:
        raise FileNotFoundError(f"There are no samples of {root} ({root}.1.txt).")
    if folder.resolve() == root.parent.resolve():
        raise ValueError(f"The copy of {root} would replace the run itself: take another folder.")
    updated = Path(f"{root}.updated.yaml")
    skip = 0 if updated.exists() and is_nested(read_info(updated)) else burn_in
    rows = np.array([row for file in files
                     for row in file.good[int(skip * len(file.good) if skip < 1 else skip):]])
    if not len(rows):
        raise ValueError(f"{root} has no samples after {burn_in:g} of burn-in.")
    weights = rows[:, 0]
    times = np.diff(np.floor(number * np.cumsum(weights) / weights.sum() + 0.5), prepend=0)
    drawn = np.flatnonzero(times)
    rows[:, 0] = times
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{root.name}.1.txt") as new:
        np.savetxt(new, rows[drawn], fmt="%.7g", header=" ".join(files[0].columns))
    for extension in EXTENSIONS:
        if (path := Path(f"{root}{extension}")).exists():
            shutil.copy(path, folder)
    return len(drawn)
