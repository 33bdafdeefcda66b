"""Limits on the sum of the masses by coupling, and the two modes, for `sidr figures --limits`."""

from pathlib import Path

import numpy as np
from cobaya.yaml import yaml_dump

from sidr.files import replacing
from sidr.modes import COUPLING, MI, SI
from sidr.samplers.evidence import effective_size

from .run import load
from .scenario import scenario

#: Bins of log10 G_eff
EDGES = (-5, -4, -3, -2.25, -1.75, -1.25, -0.75, -0.25, 0.4, 1)

#: Effective samples without which a bin has no limit
ENOUGH = 80


def write_limits(roots, path, burn_in=0.3):
    """Write the limits of some runs to a YAML file.

    Parameters
    ----------
    roots : list of path-like
        Runs of both modes, one for each number of chi.
    path : path-like
    burn_in : float
        As of `sidr.runs.read`.

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    ValueError
        If a run is not one of both modes of chi, or two have the same n_chi.
    """
    found = {}
    for root in roots:
        run = load(root, burn_in)
        case = scenario(run.info)
        if case.mode != "full" or not case.n_chi:
            raise ValueError(f"{root} is a run of {case.name}, not of both modes of chi.")
        if (n_chi := round(case.n_chi)) in found:
            raise ValueError(f"{root} is a second run of n_chi = {n_chi}.")
        found[n_chi] = limits(run.samples)
    names = " ".join(Path(root).name for root in roots)
    with replacing(path) as new:
        Path(new).write_text(f"# For `sidr figures fig2 figS5 --limits`; made by: sidr limits {names}\n"
                             + yaml_dump(found))


def limits(samples):
    """Limits and modes of one run, as `sidr.figures.thermal` reads them.

    Parameters
    ----------
    samples : getdist.MCSamples

    Returns
    -------
    dict
        `limit`: pairs of log10 G_eff and the 95% limit of Sigma m_nu [eV] in a bin around it. `modes`: the
        68% upper limit of log10 G_eff in MI, from the end of its prior, and the shortest interval with 68%
        of SI, each in its prior of Table S2.
    """
    mass, coupling, weights = samples["m_nu_sum"], samples[COUPLING], samples.weights
    lines = []
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        inside = (low <= coupling) & (coupling < high)
        if effective_size(weights[inside]) >= ENOUGH:
            # the line begins where the prior does
            at = low if low == EDGES[0] else round((low + high) / 2, 3)
            lines.append([float(at), round(float(quantile(mass[inside], weights[inside], 0.95)), 3)])
    of_mi, of_si = ((coupling[inside], weights[inside])
                    for inside in (mode.contains(coupling) for mode in (MI, SI)))
    modes = {"MI": [MI.low, quantile(*of_mi, 0.68)], "SI": shortest(*of_si, 0.68)}
    modes = {name: [round(float(x), 2) for x in mode] for name, mode in modes.items()}
    return {"limit": lines, "modes": modes}


def quantile(x, weights, p):
    """The value below which a fraction p of the weight is."""
    order = np.argsort(x)
    cumulative = np.cumsum(weights[order])
    return x[order][np.searchsorted(cumulative / cumulative[-1], min(p, 1))]


def shortest(x, weights, fraction):
    """The shortest interval with a fraction of the weight."""
    begins = np.linspace(0, 1 - fraction, 200)
    return min(([quantile(x, weights, p) for p in (begin, begin + fraction)] for begin in begins),
               key=np.ptp)
