"""Reweighting from beginning to end: a run, its exact model, some points, a summary, files."""

from pathlib import Path

import numpy as np
from cobaya.collection import SampleCollection
from cobaya.log import LoggedError
from cobaya.output import OutputReadOnly
from cobaya.yaml import yaml_dump_file

from sidr import plots, runs
from sidr.files import replacing

from .importance import Reweighting, draw
from .model import exact_model
from .posterior import Points
from .summary import summarise, text


def reweight(root, n=300, override=None, burn_in=0.3, jobs=None, seed=0, packages_path=None, trust=False,
             part=None):
    """Compute some samples of a run exactly, and what this changes.

    Parameters
    ----------
    root : str
        `output` of the run, of Metropolis or nested sampling.
    n : int
        Number of draws.
    override : dict, optional
        The exact model, where that of `sidr.reweight.model` will not do: `theory` and `likelihood` as in a
        run file, in place of all that the run has, and `params` on top of the run's.
    burn_in : float
        Fraction of a chain of Metropolis that is left out at its start.
    jobs : int, optional
        Processes, as of `sidr.pools.compute`.
    seed : int
        Of the draw.
    packages_path : str, optional
        Where Cobaya's data are, if not where Cobaya finds them.
    trust : bool
        Execute code that the input of the run has, such as functions of other modules; see
        `sidr.reweight.trust`.
    part : sidr.pools.Part, optional
        Compute the points of one of several jobs only, and keep them for the call without it.

    Returns
    -------
    dict or None
        See `summarise`; None of a part.

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    ValueError
        If there is no exact model for it, if it cannot compute any of the points, if n is too small or more
        than there are samples, if the input of the run has code and `trust` is not set, or if what is in
        ``ROOT.post.exact.npz`` belongs to another model.
    """
    run = runs.load(root, burn_in)
    if n > run.samples.numrows:
        raise ValueError(f"n = {n} draws: {root} has {run.samples.numrows} samples, take as many or fewer.")
    split = next(iter(run.split_at), None)
    regions = run.regions(split) if split else np.zeros(run.samples.numrows, int)
    draws = draw(run.samples.weights, n, regions, order=run.samples.loglikes, seed=seed)
    try:
        model = exact_model(run, override or {}, packages_path, trust)
        points = Points.compute(model, run.samples, draws.index, f"{root}.post.exact.npz", jobs, part)
    except LoggedError as error:
        raise ValueError(str(error)) from error
    if part:
        return None
    # getdist's loglikes are -ln of the run's posterior
    reweighting = Reweighting(draws, points.logpost + run.samples.loglikes[draws.index])
    with plots.quiet():
        result = summarise(run, points, draws, reweighting)
    write_samples(points, reweighting.q, f"{root}.post.exact")
    write_summary(result, f"{root}.post.exact.summary")
    return result


def write_samples(points, weights, root):
    """The points that the exact model could compute, as from a sampler of Cobaya.

    Parameters
    ----------
    points : Points
    weights : ndarray, shape (k,)
        Of the exact posterior.
    root : str
    """
    output = OutputReadOnly(root)
    with replacing(f"{root}.1.txt") as new:
        collection = SampleCollection(points.model, output, name="1", file_name=new, sample_type="nested")
        for i in np.flatnonzero(weights):
            derived, logpriors, loglikes = points.results(i)
            collection.add(points.sampled[i], derived=derived, logpriors=logpriors, loglikes=loglikes,
                           weight=weights[i] / weights.max())
        collection.out_update()
    info = points.model.info() | {"sampler": {"importance": {"sampler_type": "nested"}}, "output": root}
    with replacing(output.file_updated) as new:
        yaml_dump_file(new, info, error_if_exists=False)


def write_summary(result, path):
    """The result as .yaml and as .txt."""
    with replacing(f"{path}.yaml") as new:
        yaml_dump_file(new, rounded(result), error_if_exists=False)
    with replacing(f"{path}.txt") as new:
        Path(new).write_text(text(result) + "\n")


def rounded(value):
    """The numbers in a nested structure with six digits."""
    if isinstance(value, dict):
        return {key: rounded(x) for key, x in value.items()}
    if isinstance(value, list):
        return [rounded(x) for x in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
