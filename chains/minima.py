"""Best fits of a grid: chi2 of each job, and its difference to LCDM + Sigma m_nu with the same data.

    python chains/minima.py GRID

Reads what the minimisation of each job has left. chi2 is the sum over the likelihoods, without the
priors: Cobaya's tables compare posteriors, where the width of the prior of log10 G_eff counts too.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.grid_tools.batchjob import readobject

REFERENCE = "sidr_lcdm"
SHOWN = ("m_nu_sum", "log10_G_eff", "H0", "n_s", "tau_reio")


def minima(grid):
    """Best fits in a grid's folder.

    Returns
    -------
    dict
        From (model, data) to a dictionary of parameters and chi2.

    Raises
    ------
    ValueError
        If the folder is no grid.
    """
    batch = readobject(grid)
    if batch is None:
        raise ValueError(f"{grid} is no grid: make it with cobaya-grid-create {grid} chains/grid.py")
    return {(job.paramtag, job.datatag): best_fit(Path(f"{job.chainRoot}.minimum.txt"))
            for job in batch.items() if job.chainMinimumExists()}


def best_fit(path):
    """Parameters and chi2 of one minimum, as Cobaya writes it: names and one row."""
    names, values = path.read_text().lstrip("#").strip().split("\n")
    return dict(zip(names.split(), np.array(values.split(), dtype=float), strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("grid", help="its folder")
    try:
        best = minima(parser.parse_args().grid)
    except ValueError as error:
        parser.error(error)
    print(f"{'data':16} {'model':16} {'chi2':>8} {'-LCDM':>7}" + "".join(f"{name:>12}" for name in SHOWN))
    for (model, data), fit in sorted(best.items(), key=lambda item: item[0][::-1]):
        reference = best.get((REFERENCE, data))
        difference = f"{fit['chi2'] - reference['chi2']:7.2f}" if reference else " " * 7
        print(f"{data:16} {model:16} {fit['chi2']:8.2f} {difference}" + "".join(
            f"{fit[name]:12.4f}" if name in fit else " " * 12 for name in SHOWN))


if __name__ == "__main__":
    main()
