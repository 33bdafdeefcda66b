r"""Importance sampling: a posterior q from samples of a posterior p that is near it.

Points with the weights :math:`w_i` of p have the weights :math:`w_i r_i` of q, with
:math:`r_i = q_i/p_i` of the unnormalised densities, and

.. math:: \frac{Z_q}{Z_p} = \sum_i w_i r_i \Big/ \sum_i w_i, \qquad
          N_{\rm eff} = \frac{(\sum_i w_i r_i)^2}{\sum_i (w_i r_i)^2}.

Where q is costly it is computed for a few of the samples, which `draw` chooses. What a region that p never
visits would add to q cannot be seen.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

#: Bootstrap samples behind each error
BOOTSTRAPS = 1000

#: Width of a point in a distribution function, in standard deviations of the parameter
WIDTH = 0.05

#: Points of a distribution function between which a quantile is interpolated
LEVELS = 401


class Draws(NamedTuple):
    """Some of the samples, each once."""
    index: np.ndarray       # of the sample, shape (k,)
    count: np.ndarray       # how often it was drawn
    region: np.ndarray      # number of its region
    weight: np.ndarray      # their sum is 1


def draw(weights, n, regions, order, seed=0):
    """Draw some of many weighted samples, so that sums over them have no bias.

    Each region gets its share of the draws, and a third of an equal share at least: its own numbers need
    points, also where the posterior is small. Within a region the draws are systematic: equidistant on the
    cumulative weights, so that a sample is drawn once, or more often if its weight is more than that of
    one draw.

    Parameters
    ----------
    weights : ndarray, shape (m,)
        0 or more.
    n : int
        Number of draws.
    regions : ndarray of int, shape (m,)
        The region of each sample.
    order : ndarray, shape (m,)
        The samples of a region are arranged by this quantity before they are drawn from, and each part of
        its distribution is represented.
    seed : int

    Returns
    -------
    Draws
        In random order.

    Raises
    ------
    ValueError
        If there are fewer than four draws for each region, or no weight.
    """
    weights = np.asarray(weights, float) / np.sum(weights)
    present = [region for region in np.unique(regions) if weights[regions == region].any()]
    if not present or n < 4 * len(present):
        raise ValueError(f"n = {n} draws: take {4 * max(1, len(present))} or more, four for each region.")
    rng = np.random.default_rng(seed)
    fractions = np.array([weights[regions == region].sum() for region in present])
    drawn = []
    for region, fraction, size in zip(present, fractions, shares(fractions, n), strict=True):
        inside = np.flatnonzero(regions == region)
        inside = inside[np.argsort(order[inside], kind="stable")]
        position = (rng.random() + np.arange(size)) / size
        cumulative = np.cumsum(weights[inside]) / fraction
        index, count = np.unique(np.searchsorted(cumulative / cumulative[-1], position), return_counts=True)
        drawn.append((inside[index], count, np.full(len(index), region), count / size * fraction))
    columns = [np.concatenate(column) for column in zip(*drawn, strict=True)]
    shuffled = rng.permutation(len(columns[0]))
    return Draws(*(column[shuffled] for column in columns))


def shares(fractions, n):
    """Integers in proportion to the fractions, but those below half of an equal share; their sum is n."""
    parts = np.maximum(fractions, 0.5 / len(fractions))
    ends = np.round(np.cumsum(parts) / parts.sum() * n).astype(int)
    return np.diff(ends, prepend=0)


class Reweighting:
    """Estimates for q from draws of p.

    Parameters
    ----------
    draws : Draws
    log_ratio : ndarray, shape (k,)
        ln(q/p) at each; -inf where q vanishes.

    Raises
    ------
    ValueError
        If q vanishes everywhere.
    """

    def __init__(self, draws, log_ratio):
        if not np.isfinite(log_ratio).any():
            raise ValueError(f"None of the {len(log_ratio)} points has a likelihood.")
        self.p = draws.weight
        self.log_scale = log_ratio.max()
        self.ratio = np.exp(log_ratio - self.log_scale)
        self.q = self.p * self.ratio
        self._p = bootstrap(draws)

    def estimate(self, function):
        """Value and bootstrap error of a statistic.

        Parameters
        ----------
        function : callable
            Takes the weights of p and of q, each of shape (..., k), and returns numbers of shape (...).
            The weights of q are to be multiplied by exp(`log_scale`).

        Returns
        -------
        value, error : float
            NaN or infinite where q vanishes at all points that count.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            value, resampled = function(self.p, self.q), function(self._p, self._p * self.ratio)
        finite = np.isfinite(resampled)
        return float(value), float(resampled[finite].std()) if finite.any() else np.nan

    def log_Z(self, inside=True):
        """ln(Z_q/Z_p) and its error, of all or of the points that are `inside`, shape (k,)."""
        inside = np.broadcast_to(inside, self.p.shape)
        value, error = self.estimate(lambda p, q: np.log(q @ inside / (p @ inside)))
        return value + self.log_scale, error


def bootstrap(draws, size=BOOTSTRAPS):
    """Weights of draws that are drawn again within each region, shape (size, k)."""
    rng = np.random.default_rng(0)
    weights = np.zeros((size, len(draws.weight)))
    for region in np.unique(draws.region):
        inside = draws.region == region
        n, fraction = draws.count[inside].sum(), draws.weight[inside].sum()
        weights[:, inside] = rng.multinomial(n, draws.count[inside] / n, size) * (fraction / n)
    return weights


def mean(x, weights):
    """Mean of x, shape (k,) or (..., k), for each of the sets of weights, shape (..., k)."""
    return (weights * x).sum(axis=-1) / weights.sum(axis=-1)


def quantile(x, weights, level):
    """The quantile `level`, a number or an array, of weighted numbers, shape (m,)."""
    order = np.argsort(x)
    cumulative = np.cumsum(weights[order])
    cumulative -= weights[order] / 2    # half of each point is below it
    return np.interp(level, cumulative / weights.sum(), x[order])


def exact_quantile(x, weights, then, now, level):
    r"""A statistic for `Reweighting.estimate`: a quantile of q.

    The many samples of p have its distribution function F_p; the draws have what reweighting changes,
    without the noise that both of their sums share:

    .. math:: F_q(Q) = F_p(Q) + \sum_{{\rm now}_i < Q} q_i - \sum_{{\rm then}_i < Q} p_i

    In both sums the points have the width `WIDTH`: a derived parameter that has changed a little moves them
    a little, and does not carry some of them over Q as a whole.

    Parameters
    ----------
    x, weights : ndarray, shape (m,)
        A parameter of all samples of p.
    then, now : ndarray, shape (k,)
        The parameter of the draws, as p and as q have it.
    level : float

    Returns
    -------
    callable
    """
    levels = np.linspace(0, 1, LEVELS)
    grid = quantile(x, weights, levels)
    width = WIDTH * np.sqrt(np.cov(x, aweights=weights, ddof=0))
    below_then, below_now = (ndtr((grid - values[:, None]) / width) for values in (then, now))

    def statistic(p, q):
        F = levels + q @ below_now / q.sum(axis=-1, keepdims=True) - p @ below_then
        F = np.maximum.accumulate(F, axis=-1)
        return np.apply_along_axis(lambda F: np.interp(level, F, grid), -1, F)

    return statistic
