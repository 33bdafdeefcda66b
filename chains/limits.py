"""Limits on the sum of the masses by coupling, and the two modes, for `sidr figures`.

    python chains/limits.py ROOT... > chains/results/fig2_limits.yaml

ROOT: runs of both modes, one for each number of chi. In each bin of log10 G_eff the 95% limit of the sum;
the 68% limit of MI and the shortest interval with 68% of SI, each in its range of Table S2 of the paper.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.yaml import yaml_dump

from sidr import runs
from sidr.runs import read_info, scenario
from sidr.samplers.evidence import effective_size

EDGES = (-5, -4, -3, -2.25, -1.75, -1.25, -0.75, -0.25, 0.4, 1)
MI, SI = (-5, -2.5), (-2.5, 0)
ENOUGH = 80     # effective samples in a bin


def limits(samples):
    """Limits and modes of one run, as `sidr.thermal.figures` reads them."""
    mass, coupling, weights = samples["m_nu_sum"], samples["log10_G_eff"], samples.weights
    lines = []
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        inside = (low <= coupling) & (coupling < high)
        if effective_size(weights[inside]) >= ENOUGH:
            # the line begins where the prior does
            at = low if low == EDGES[0] else round((low + high) / 2, 3)
            lines.append([float(at), round(float(quantile(mass[inside], weights[inside], 0.95)), 3)])
    below = quantile(*within(coupling, weights, *MI), 0.68)
    modes = {"MI": [MI[0], below], "SI": shortest(*within(coupling, weights, *SI), 0.68)}
    modes = {name: [round(float(x), 2) for x in mode] for name, mode in modes.items()}
    return {"limit": lines, "modes": modes}


def within(x, weights, low, high):
    """The samples between two edges, with their weights."""
    inside = (low <= x) & (x <= high)
    return x[inside], weights[inside]


def quantile(x, weights, p):
    """The value below which the part p of the weight is."""
    order = np.argsort(x)
    cumulative = np.cumsum(weights[order])
    return x[order][np.searchsorted(cumulative / cumulative[-1], min(p, 1))]


def shortest(x, weights, part):
    """The shortest interval with a part of the weight."""
    begins = np.linspace(0, 1 - part, 200)
    return min(([quantile(x, weights, p) for p in (begin, begin + part)] for begin in begins), key=np.ptp)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("roots", nargs="+", metavar="ROOT", help="`output` of a run")
    roots = parser.parse_args().roots
    found = {}
    for root in roots:
        try:
            samples = runs.load_samples(root)
            case = scenario(read_info(f"{root}.updated.yaml"))
        except OSError as error:
            parser.error(error)
        if case.mode != "full" or not case.n_chi:
            parser.error(f"{root} is a run of {case.name}, not of both modes of chi.")
        found[round(case.n_chi)] = limits(samples)
    names = " ".join(Path(root).name for root in roots)
    print(f"# `sidr figures fig2 figS5 --limits`; python chains/limits.py {names}")
    print(yaml_dump(found), end="")


if __name__ == "__main__":
    main()
