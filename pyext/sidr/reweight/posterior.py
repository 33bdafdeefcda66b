"""The exact posterior at some points, computed on several cores and kept on disk."""

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cobaya.model import Model
from tqdm import tqdm

from sidr.files import Damaged, read_npz, replacing
from sidr.samplers.checkpoint import describe, differences
from sidr.samplers.processes import processes

#: Seconds between two writings of what has been computed
SAVE_EVERY = 2.0

#: What to do about a file of points that is damaged
REMEDY = "remove it, and the points are computed again"


class Points(NamedTuple):
    """What a model has computed at k points."""
    model: Model
    sampled: np.ndarray     # sampled parameters, shape (k, d)
    rows: np.ndarray        # derived parameters, log-priors and log-likelihoods, shape (k, m)

    @classmethod
    def compute(cls, model, samples, index, path, jobs=None):
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
            Processes.

        Returns
        -------
        Points

        Raises
        ------
        ValueError
            If the file belongs to another model.
        """
        sampled = np.array([samples[name][index] for name in model.parameterization.sampled_params()]).T
        points = [tuple(point) for point in sampled]
        with saved_rows(path, describe(model, {})) as (rows, save):
            missing = [point for point in dict.fromkeys(points) if point not in rows]
            done = len(points) - len(missing)
            with (processes(lambda point: row(model, point), jobs) as pool,
                  tqdm(total=len(points), initial=done, desc="exact", unit="point", smoothing=0.05) as bar):
                for point, result in zip(missing, pool.compute(missing), strict=True):
                    rows[point] = result
                    save()
                    bar.update()
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


def row(model, point):
    """A row of `Points`: NaN where the model refuses the point."""
    result = model.logposterior(np.array(point), cached=False)
    if np.isfinite(result.logpost):
        return np.concatenate([result.derived, result.logpriors, result.loglikes])
    parts = model.parameterization.derived_params(), model.prior, model.likelihood
    return np.full(sum(map(len, parts)), np.nan)


@contextmanager
def saved_rows(path, description):
    """What has been computed: rows by point, and a function that saves them if it is time."""
    path, rows, written = Path(path), {}, time.monotonic()
    if path.exists():
        file = read_npz(path, ("description", "points", "rows"), REMEDY)
        try:
            then = json.loads(str(file["description"]))
        except ValueError as error:     # of a version that wrote YAML
            raise Damaged(path, f"its description is not JSON: {error}", REMEDY) from error
        if changes := list(differences(then, description)):
            raise ValueError(f"{path} belongs to another model: {'; '.join(changes)}. Go back to it, or "
                             "remove the file.")
        rows = dict(zip(map(tuple, file["points"]), file["rows"], strict=True))

    def write():
        with replacing(path) as new, open(new, "wb") as file:
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
