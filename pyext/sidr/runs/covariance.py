"""Covariance of the sampled parameters of a run, from which Metropolis starts to learn its own."""

from pathlib import Path

import numpy as np
from getdist import MCSamples

from sidr.files import replacing
from sidr.modes import COUPLING, MODES

from .chains import independent_samples
from .run import load
from .scenario import scenario


def covariance(roots, mode=None, burn_in=0.3):
    """Covariance of the sampled parameters.

    Parameters
    ----------
    roots : list of path-like
        `output` of runs of the same posterior. Each counts with its number of independent samples.
    mode : str, optional
        MI or SI: only the samples in the prior of this mode. Of a run of both it has to be given: the
        distance between the modes is no step for Metropolis.
    burn_in : float
        Fraction of a chain that is left out at its start, or number of rows; none of a nested sample.

    Returns
    -------
    names : list of str
    covariance : ndarray, shape (n, n)

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    ValueError
        If runs are of different posteriors, if the mode is missing or the runs do not have it, or if there
        are too few samples for a covariance.
    """
    cases, names, values, weights = [], [], [], []
    for root in roots:
        run = load(root, burn_in)
        case = scenario(run.info)
        if mode is None and case.mode == "full":
            raise ValueError(f"{root} has both modes of {COUPLING}: choose one, with --mode MI or SI.")
        if mode is not None and case.mode not in (mode, "full"):
            raise ValueError(f"{root} has no mode {mode}: it is a run of {case.name}.")
        samples = run.samples
        inside = np.ones(samples.numrows, bool) if mode is None else MODES[mode].contains(samples[COUPLING])
        cases.append(case)
        names.append([p.name for p in samples.getParamNames().names if not p.isDerived])
        values.append(np.array([samples[name][inside] for name in names[-1]]).T)
        weights.append(samples.weights[inside] / samples.weights.sum() * independent_samples(samples))
    for root, case, own in zip(roots, cases, names, strict=True):
        if (case, own) != (cases[0], names[0]):
            raise ValueError(f"{root} is a run of {case.name}, {case.data}, with {', '.join(own)}; and "
                             f"{roots[0]} of {cases[0].name}, {cases[0].data}, with {', '.join(names[0])}.")
    names, rows = names[0], sum(map(len, values))
    if rows > len(names):
        pooled = MCSamples(samples=np.concatenate(values), weights=np.concatenate(weights), names=names)
        matrix = pooled.cov(names)
        scale = np.sqrt(matrix.diagonal())
        if (scale > 0).all() and np.linalg.eigvalsh(matrix / np.outer(scale, scale)).min() > 0:
            return names, matrix
    raise ValueError(f"{', '.join(map(str, roots))}: {rows} samples are too few for a covariance of "
                     f"{len(names)} parameters.")


def write_covariance(path, names, matrix):
    """Write the options `covmat` and `covmat_params` of Cobaya's mcmc, as a block for a run file."""
    rows = "\n".join("- [" + ", ".join(f"{x:.4e}" for x in row) + "]" for row in matrix)
    with replacing(path) as new:
        Path(new).write_text("# Covariance from which Metropolis starts to learn its own (sidr covmat)\n"
                             f"covmat_params: [{', '.join(names)}]\ncovmat:\n{rows}\n")
