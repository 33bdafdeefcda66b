"""The exact posterior at some points, computed on several cores and kept on disk."""

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cobaya.log import LoggedError
from cobaya.model import Model, get_model
from tqdm import tqdm

from sidr.files import Damaged, read_npz, replacing
from sidr.pools import compute, forks, parts, share
from sidr.samplers.checkpoint import describe, differences

#: Seconds between two writings of what has been computed
SAVE_EVERY = 2.0

#: What to do about a file of points that is damaged
REMEDY = "remove it, and the points are computed again"


# Models by key; forked processes inherit them.
_models = {}


class Points(NamedTuple):
    """What a model has computed at k points."""
    model: Model
    sampled: np.ndarray     # sampled parameters, shape (k, d)
    rows: np.ndarray        # derived parameters, log-priors and log-likelihoods, shape (k, m)

    @classmethod
    def compute(cls, model, samples, index, path, jobs=None, part=None):
        """Compute samples of another run; those that the file has are not computed again.

        Parameters
        ----------
        model : cobaya.model.Model
        samples : getdist.MCSamples
            They have the sampled parameters of the model.
        index : ndarray of int, shape (k,)
            Which ones.
        path : str
            File (.npz) that keeps what has been computed.
        jobs : int, optional
            Processes, as of `sidr.pools.compute`.
        part : sidr.pools.Part, optional
            Compute those of one of several jobs only, into a file beside this one.

        Returns
        -------
        Points
            None of a part.

        Raises
        ------
        ValueError
            If the file belongs to another model, or if the model stops at a point.
        """
        sampled = np.array([samples[name][index] for name in model.parameterization.sampled_params()]).T
        points = [tuple(point) for point in sampled]
        wanted, key = share(dict.fromkeys(points), part), id(model)
        with saved_rows(path, describe(model, {}), part) as (rows, save), inherited(key, model):
            missing = [point for point in wanted if point not in rows]
            items = [(key, None if forks() else model.info(), point) for point in missing]
            with tqdm(total=len(wanted), initial=len(wanted) - len(missing), desc="exact", unit="point",
                      smoothing=0.05) as bar:
                for (*_, point), result in compute(modelled, items, jobs):
                    rows[point] = result
                    save()
                    bar.update()
        if part:
            return None
        return cls(model, sampled, np.array([rows[point] for point in points]))

    @property
    def ends(self):
        """Where the derived parameters and the log-priors end in a row."""
        derived = len(self.model.parameterization.derived_params())
        return derived, derived + len(self.model.prior)

    @property
    def logpost(self):
        """Log-posterior, -inf where the model has refused a point, shape (k,)."""
        return np.nan_to_num(self.rows[:, self.ends[0]:].sum(axis=1), nan=-np.inf)

    def results(self, i):
        """Derived parameters, log-priors and log-likelihoods at one point."""
        return np.split(self.rows[i], self.ends)

    def values(self, name):
        """A sampled or derived parameter, shape (k,); None if the model has none of this name."""
        params = self.model.parameterization
        for names, table in ((list(params.sampled_params()), self.sampled),
                             (list(params.derived_params()), self.rows)):
            if name in names:
                return table[:, names.index(name)]
        return None


@contextmanager
def inherited(key, model):
    """Let the processes that begin in this block have the model by its key."""
    _models[key] = model
    try:
        yield
    finally:
        del _models[key]


def modelled(key, info, point):
    """`row` of a model in another process, which makes it of its input if it has not inherited it."""
    try:
        if key not in _models:
            _models[key] = get_model(info)
        return row(_models[key], point)
    except LoggedError as error:
        raise ValueError(str(error)) from error


def row(model, point):
    """A row of `Points`: NaN where the model refuses the point."""
    result = model.logposterior(np.array(point), cached=False)
    if np.isfinite(result.logpost):
        return np.concatenate([result.derived, result.logpriors, result.loglikes])
    parts = model.parameterization.derived_params(), model.prior, model.likelihood
    return np.full(sum(map(len, parts)), np.nan)


@contextmanager
def saved_rows(path, description, part=None):
    """What has been computed: rows by point, and a function that saves them if it is time.

    Those of a part are in a file of its own; without a part, the files of all parts go into the one.
    """
    path, written = Path(path), time.monotonic()
    saved = [part.path(path)] if part else parts(path)
    rows = {point: row for file in (path, *saved) for point, row in read_rows(file, description).items()}

    def write():
        with replacing(saved[0] if part else path) as new, open(new, "wb") as file:
            np.savez(file, description=json.dumps(description), points=list(rows),
                     rows=list(rows.values()))

    def save():
        nonlocal written
        if time.monotonic() - written > SAVE_EVERY:
            write()
            written = time.monotonic()

    try:
        yield rows, save
    finally:
        if rows:
            write()
    for file in () if part else saved:
        file.unlink()


def read_rows(path, description):
    """Rows by point of a file that `saved_rows` has written for the same model; none without the file."""
    if not path.exists():
        return {}
    file = read_npz(path, ("description", "points", "rows"), REMEDY)
    try:
        then = json.loads(str(file["description"]))
    except ValueError as error:     # of a version that wrote YAML
        raise Damaged(path, f"its description is not JSON: {error}", REMEDY) from error
    if changes := list(differences(then, description)):
        raise ValueError(f"{path} belongs to another model: {'; '.join(changes)}. Go back to it, or "
                         "remove the file.")
    return dict(zip(map(tuple, file["points"]), file["rows"], strict=True))
