"""The best fit of a run, with as many starts as there are processes of MPI, all of them from its samples.

    mpirun -n 4 python -m sidr.grids.best_fit GRID/input_files/NAME_minimize.yaml

Cobaya's minimize gives a process the best point of the chain that has its number, and where there is none a
random one of the reference: a nested sample is one chain. Here that reference is near a good sample.
"""

import sys

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError
from cobaya.run import run
from cobaya.yaml import yaml_load_file

from sidr.runs import load_samples

#: Width of the reference in standard deviations of the posterior: several starts of one process differ
WIDTH = 0.2


def with_starts(info, rank=0):
    """The input of a best fit with a reference, and a covariance, from the samples of its run.

    Parameters
    ----------
    info : dict
    rank : int
        Number of this process, from 0; it starts near the sample that is the best but for so many.

    Returns
    -------
    dict
    """
    try:
        samples = load_samples(info["output"])
    except (FileNotFoundError, ValueError):
        return info
    names = [p.name for p in samples.getParamNames().names if not p.isDerived and p.name in info["params"]]
    best = np.argsort(samples.loglikes)[rank % samples.numrows]
    params = dict(info["params"])
    for name in names:
        reference = {"dist": "norm", "loc": float(samples[name][best]),
                     "scale": WIDTH * float(samples.std(name))}
        params[name] = params[name] | {"ref": reference}
    options = {"covmat": samples.cov(names), "covmat_params": names} | (info["sampler"]["minimize"] or {})
    return info | {"params": params, "sampler": {"minimize": options}}


def main(path):
    """Run it; the exit status."""
    info = yaml_load_file(path)
    try:
        run(with_starts(info, mpi.rank()), force=True)
    except LoggedError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
