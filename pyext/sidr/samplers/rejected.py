"""Points that have no likelihood: where, how many, why, and when there is no hope for another one.

A component of Cobaya tells its reasons in an attribute `rejected`, a `collections.Counter` of their texts.
"""

from collections import Counter

import numpy as np

#: An exploration that comes nearer by less than this part finds nothing
NEARER = 0.01


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
    """The points of a run with zero likelihood.

    Parameters
    ----------
    d : int
        Number of sampled parameters.
    max_tries : int
        Number of points, one after the other, after which there is no hope.
    bound : int
        Points that nautilus needs for a new bound.

    Attributes
    ----------
    points : ndarray, shape (n, d)
        Those which nobody expected.
    reasons : collections.Counter
        Of all.
    """

    def __init__(self, d, max_tries, bound):
        self.points, self.reasons = np.empty((0, d)), Counter()
        self.max_tries, self.bound = max_tries, bound
        self.batches, self.tries, self.nearest, self.found = 0, 0, np.inf, False

    def add(self, points, reasons, log_l=()):
        """Take a batch.

        Where a theory says how far outside a point is, coming nearer is a hope.

        Parameters
        ----------
        points : ndarray, shape (k, d)
            Those with zero likelihood that were not expected.
        reasons : list of tuple of str
            Of each point.
        log_l : ndarray, shape (n,)
            As nautilus gets it.
        """
        self.points = np.vstack([self.points, points])
        self.reasons.update(reason for told in reasons for reason in told)
        self.batches += bool(len(log_l))
        self.tries += len(log_l)
        self.found |= np.max(log_l, initial=-np.inf) > -1e9
        # the median, since the nearest of many points of the prior is near by chance
        distance = -np.median(log_l) if len(log_l) else np.inf
        if distance < (1 - NEARER) * self.nearest:
            self.nearest, self.tries = distance, 0

    @property
    def told(self):
        """Whether a theory says how far outside a point is."""
        return bool(np.isfinite(self.nearest))

    @property
    def hopeless(self):
        # a bound of nautilus has to be filled before the next one is nearer
        patience = self.max_tries + 3 * self.bound * self.told
        return not self.found and self.tries >= patience

    def summary(self):
        """The reasons, the most frequent first."""
        return "; ".join(f"{count} ({reason.rstrip('.')})" for reason, count in self.reasons.most_common())
