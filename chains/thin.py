"""Copies of runs with fewer samples, each of the same weight: small files to keep.

    python chains/thin.py ROOT... -o FOLDER [-n 1000]

getdist, `sidr plot`, `sidr report` and `sidr reweight` take the copies as they take the runs. The files
that say how the samples were made, and what has come of it, go with them: those of the whole run.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

from sidr.runs import EXTENSIONS, chain_files, is_nested, read_info, read_rows


def thin(root, folder, number, burn_in=0.3):
    """Write a copy of a run.

    Parameters
    ----------
    root : Path
        `output` of the run.
    folder : Path
    number : int
        Samples to draw: systematically, at equal distances on the cumulative weights.
    burn_in : float
        Fraction of a chain that is left out at its start; none of a nested sample.

    Returns
    -------
    int
        Rows of the copy. A sample that is drawn several times is one row, of so much weight.

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    """
    files = [read_rows(path) for path in chain_files(root)]
    if not files:
        raise FileNotFoundError(f"There are no samples of {root} ({root}.1.txt).")
    updated = Path(f"{root}.updated.yaml")
    skip = 0 if updated.exists() and is_nested(read_info(updated)) else burn_in
    rows = np.array([row for file in files for row in file.good[int(skip * len(file.good)):]])
    weights = rows[:, 0]
    times = np.diff(np.floor(number * np.cumsum(weights) / weights.sum() + 0.5), prepend=0)
    drawn = np.flatnonzero(times)
    rows[:, 0] = times
    np.savetxt(folder / f"{root.name}.1.txt", rows[drawn], fmt="%.7g", header=" ".join(files[0].columns))
    for extension in EXTENSIONS:
        if (path := Path(f"{root}{extension}")).exists():
            shutil.copy(path, folder)
    return len(drawn)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("roots", nargs="+", type=Path, metavar="ROOT", help="`output` of a run")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("-n", "--number", type=int, default=1000, metavar="N",
                        help="samples (default: 1000)")
    parser.add_argument("--burn-in", type=float, default=0.3, metavar="FRACTION",
                        help="of each chain, left out at its start (default: 0.3)")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for root in args.roots:
        try:
            rows = thin(root, args.output, args.number, args.burn_in)
        except FileNotFoundError as error:
            parser.error(error)
        print(f"{args.output / root.name}: {rows} rows")


if __name__ == "__main__":
    main()
