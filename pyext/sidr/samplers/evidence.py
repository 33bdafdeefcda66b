r"""Evidence of a weighted sample, and of the parts into which a parameter splits it.

The weights :math:`w_i` of nautilus are those of importance sampling: :math:`Z = \sum_i w_i`, and the part
of Z in a region is the sum over the points in it. Independent points give the error

.. math:: \sigma^2_{\ln Z} = \frac{\sum_i w_i^2}{(\sum_i w_i)^2} = \frac{1}{N_{\rm eff}},

the inverse of Kish's effective sample size, for each region with its own points.
"""

from typing import NamedTuple

import numpy as np


class Evidence(NamedTuple):
    """ln Z of a region, and its part of the whole."""

    logZ: float
    logZstd: float
    fraction: float  # of the whole Z
    fraction_std: float


def effective_size(weights):
    """Kish's effective sample size; 0 without weights."""
    return weights.sum()**2 / (weights**2).sum() if weights.any() else 0.0


def evidence(logZ, weights, inside=True):
    """Evidence in a region.

    Parameters
    ----------
    logZ : float
        ln Z of the whole.
    weights : ndarray, shape (n,)
        Of the points, in any normalisation.
    inside : ndarray of bool, shape (n,), optional
        The points in the region; all of them if not given.

    Returns
    -------
    Evidence
        With logZ = -inf and an undefined error if the region is empty.
    """
    inside = np.broadcast_to(inside, weights.shape)
    w = weights / weights.sum() if weights.any() else weights
    fraction = w[inside].sum()
    if fraction == 0:
        return Evidence(-np.inf, np.nan, 0.0, np.nan)
    # of a ratio of two sums over the same points
    fraction_std = np.sqrt((w**2 * (inside - fraction)**2).sum())
    return Evidence(float(logZ + np.log(fraction)), float(effective_size(w[inside])**-0.5),
                    float(fraction), float(fraction_std))


def split(logZ, weights, values, edges):
    """Evidence on both sides of a value of a parameter, or between several.

    Parameters
    ----------
    logZ : float
    weights, values : ndarray, shape (n,)
        Weights, and the parameter.
    edges : list of float
        Increasing values at which to split.

    Returns
    -------
    list of dict
        `min` and `max` of each region (None at the ends) and its `Evidence`.
    """
    limits = [-np.inf, *edges, np.inf]
    return [{"min": low if np.isfinite(low) else None, "max": high if np.isfinite(high) else None,
             **evidence(logZ, weights, (low <= values) & (values < high))._asdict()}
            for low, high in zip(limits, limits[1:], strict=False)]
