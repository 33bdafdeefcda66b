"""Points that have no likelihood: where, how many, why, and when there is no hope for another one.

A component of Cobaya tells its reasons in an attribute `rejected`, a `collections.Counter` of their texts.
"""

from collections import Counter

import numpy as np

#: An exploration that comes nearer by less than this part in so many times `max_tries` points finds nothing
NEARER, PATIENCE = 0.01, 10


class Reasons:
    """Why a model has rejected its last point.

    Parameters
    ----------
    model : cobaya.model.Model
    """

    def __init__(self, model):
        self.model = model
        self.components = [*model.theory.values(), *model.likelihood.values()]
        self.before = self._counts()

    def _counts(self):
        return sum((getattr(component, "rejected", Counter()) for component in self.components), Counter())

    def __call__(self, result, outside):
        """Reasons since the last call.

        Parameters
        ----------
        result : cobaya.model.LogPosterior
        outside : float
            Whether, and how far, the point is outside the region of a theory.

        Returns
        -------
        tuple of str
            Empty if the point has a posterior.
        """
        now = self._counts()
        told, self.before = now - self.before, now
        if np.isfinite(result.logpost):
            return ()
        return tuple(told) or (self._guess(result, outside),)

    def _guess(self, result, outside):
        """What can be said of a point about which no component has said anything."""
        if zero := vanishing(self.model.prior, result.logpriors):
            return f"outside the prior {zero}"
        if outside:
            return "outside the region of a theory"
        theory = f"{' or '.join(self.model.theory)} could not compute it"
        likelihood = f"the likelihood {vanishing(self.model.likelihood, result.loglikes)} vanishes"
        if not self.model.theory or np.isfinite([*result.loglikes, *result.derived]).any():
            return likelihood
        # Cobaya gives -inf to all likelihoods, and NaN to what would be derived, where a theory fails
        return theory if len(result.derived) else f"{theory}, or {likelihood}"


def vanishing(names, values):
    """Names of which the logarithm of the density is not finite."""
    return " and ".join(name for name, value in zip(names, values, strict=True) if not np.isfinite(value))


class Rejected:
    """The points of a run without likelihood.

    Parameters
    ----------
    d : int
        Number of sampled parameters.
    max_tries : int
        Number of points, one after the other, after which there is no hope.

    Attributes
    ----------
    points : ndarray, shape (n, d)
        Those which nobody expected.
    reasons : collections.Counter
        Of all.
    """

    def __init__(self, d, max_tries):
        self.points, self.reasons, self.max_tries = np.empty((0, d)), Counter(), max_tries
        self.batches, self.tries, self.nearest, self.found = 0, 0, np.inf, False

    def add(self, points, reasons, log_l=()):
        """Take a batch.

        Where a theory says how far outside a point is, coming nearer is a hope.

        Parameters
        ----------
        points : ndarray, shape (k, d)
            Those without likelihood which nobody expected.
        reasons : list of tuple of str
            Of each point.
        log_l : ndarray, shape (n,)
            As nautilus gets it.
        """
        self.points = np.vstack([self.points, points])
        self.reasons.update(reason for told in reasons for reason in told)
        self.batches += bool(len(log_l))
        self.tries += len(log_l)
        distance = -np.max(log_l, initial=-np.inf)
        self.found |= distance < 1e9
        if distance < (1 - NEARER) * self.nearest:
            self.nearest, self.tries = distance, len(log_l)

    @property
    def hopeless(self):
        # the first points are those of the prior, and come nearer by chance only
        told = np.isfinite(self.nearest)
        return not self.found and self.tries >= self.max_tries * (PATIENCE if told else 1)

    def words(self):
        """The reasons, the most frequent first."""
        return "; ".join(f"{count} ({reason.rstrip('.')})" for reason, count in self.reasons.most_common())
