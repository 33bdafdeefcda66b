"""What is made of a grid in the end: limits, tables, best fits and a report of the runs that are there."""

import os
import subprocess
import sys
from pathlib import Path

from sidr import report
from sidr.files import replacing
from sidr.runs import FEWEST_ROWS, chain_files, read_rows
from sidr.runs.grid import minima, minima_table

from .status import status

#: Burn-in of a chain of Metropolis
BURN_IN = 0.3


def finish(grid):
    """Write `dist` of each run, tables.tex, minima.txt and report/report.html into the folder of a grid.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    made : list of str
        The files, and what could not be made of which run.
    open_ : list of sidr.grids.status.Status
        Jobs that have not converged, or have no best fit.

    Raises
    ------
    ValueError
        If no run has samples.
    """
    statuses = status(grid)
    sampled = [s.job for s in statuses if has_samples(s.job.root)]
    if not sampled:
        raise ValueError(f"{grid.folder} has no run with samples yet.")
    made = [said for nested in (False, True) for said in getdist(grid, [
        job.name for job in sampled if job.nested == nested], 0 if nested else BURN_IN)]
    made += cobaya("cobaya-grid-tables", grid.folder, grid.folder / "tables", "--no_delta_chisq",
                   "--name", *(job.name for job in sampled)) or [str(grid.folder / "tables.tex")]
    text = minima_table(minima(grid.folder))
    with replacing(grid.folder / "minima.txt") as new:
        Path(new).write_text(f"{text}\n")
    report.write([grid.folder], grid.folder / "report", BURN_IN)
    made += [str(grid.folder / "minima.txt"), str(grid.folder / "report" / report.PAGE)]
    return made, [s for s in statuses if not s.over]


def has_samples(root):
    """Whether a run has rows enough for a limit after its burn-in."""
    rows = sum(len(read_rows(path).good) for path in chain_files(root))
    return rows * (1 - BURN_IN) > FEWEST_ROWS


def getdist(grid, names, burn_in):
    """Limits of some jobs, by getdist; what went wrong."""
    if not names:
        return []
    return cobaya("cobaya-grid-getdist", grid.folder, "--burn_remove", burn_in, "--exist", "--name", *names)


def cobaya(command, *arguments):
    """Call one of Cobaya's grid tools; its complaint in a list, or nothing."""
    folder = Path(sys.executable).parent    # where getdist is, too
    result = subprocess.run([str(folder / command), *map(str, arguments)], text=True, errors="replace",
                            env=os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode == 0:
        return []
    lines = [line for line in result.stdout.splitlines() if line.strip()]
    return [f"{command} has failed: {lines[-1] if lines else result.returncode}"]
