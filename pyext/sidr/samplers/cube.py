r"""The unit cube, in which nested sampling draws, and the prior.

With the quantile function of each parameter's prior, :math:`F^{-1}`, a point of the cube is

.. math:: x_i = F_i^{-1}\left(F_i(a_i) + u_i\,[F_i(b_i) - F_i(a_i)]\right),

where :math:`a_i < x_i < b_i` is the prior box, in general all of the prior. Then

.. math:: Z = \int L\,\pi\,d^dx = V \int L(x(u))\,d^du, \qquad V = \prod_i [F_i(b_i) - F_i(a_i)],

if nothing of the posterior is outside of the box.
"""

import numpy as np

#: A box cuts the posterior if more than `CUT` of it lies within `EDGE` of the box's width from an edge:
#: for a Gaussian, if the edge is closer than 3.4 standard deviations.
EDGE = 0.02
CUT = 1e-4

#: Rounding error; also the distance from the faces of the cube, where quantiles may be infinite
EPSILON = 1e-15


class UnitCube:
    """Map of the unit cube to the parameters.

    Parameters
    ----------
    prior : cobaya.prior.Prior
        Its one-dimensional priors are used; external ones are not.
    box : dict
        Name of a parameter and its range [min, max] inside of the prior, for some of the parameters.

    Attributes
    ----------
    log_volume : float
        ln V, the part of the prior that is in the box; 0 without one.

    Raises
    ------
    ValueError
        If a prior has no quantile function, or the box is not inside of the prior.
    """

    def __init__(self, prior, box):
        self.names, self.pdfs = list(prior.params), prior.pdf
        if unknown := box.keys() - set(self.names):
            raise ValueError(f"prior_box: {', '.join(sorted(unknown))} is not sampled; there are "
                             f"{', '.join(self.names)}.")
        self.range = np.array([self._range(name, pdf, box.get(name))
                               for name, pdf in zip(self.names, self.pdfs, strict=True)])
        self.cdf = np.array([pdf.cdf(edges) for pdf, edges in zip(self.pdfs, self.range, strict=True)])
        self.log_volume = float(np.log(self.cdf[:, 1] - self.cdf[:, 0]).sum())
        # Edges that are not those of the prior, where the posterior has to vanish
        self.cuts = (self.cdf > 0) & (self.cdf < 1)

    @staticmethod
    def _range(name, pdf, edges):
        """Range of one parameter, checked."""
        quantiles = pdf.ppf([0.01, 0.5, 0.99])
        if not (np.isfinite(quantiles).all() and (np.diff(quantiles) > 0).all()):
            raise ValueError(f"The prior of {name} ({pdf.dist.name} {pdf.args} {pdf.kwds}) has no quantile "
                             "function: nested sampling needs a normalised prior, such as a finite "
                             "{min, max}.")
        support = pdf.support()
        if edges is None:
            return support
        try:
            low, high = map(float, edges)
        except (TypeError, ValueError) as error:
            raise ValueError(f"prior_box: {name}: {edges!r} is not a range [min, max].") from error
        # Cobaya computes the end of a range as its start and its width.
        slack = EPSILON * max(map(abs, edges))
        if not support[0] - slack <= low < high <= support[1] + slack:
            raise ValueError(f"prior_box: {name}: [{low:g}, {high:g}] is not a range inside of the prior "
                             f"[{support[0]:g}, {support[1]:g}].")
        return low, high

    def __call__(self, u):
        """Parameters, shape (n, d), at points of the cube, shape (n, d)."""
        low, high = self.cdf.T
        p = low + np.clip(u, EPSILON, 1 - EPSILON) * (high - low)
        return np.array([pdf.ppf(column) for pdf, column in zip(self.pdfs, p.T, strict=True)]).T

    def check_box(self, x, weights):
        """Raise if the box cuts the posterior.

        Parameters
        ----------
        x : ndarray, shape (n, d)
            Samples of the posterior.
        weights : ndarray, shape (n,)

        Raises
        ------
        ValueError
            With the names and edges.
        """
        width = self.range[:, 1] - self.range[:, 0]
        complaints = []
        for i, side in np.argwhere(self.cuts):
            near = np.abs(x[:, i] - self.range[i, side]) < EDGE * width[i]
            fraction = weights[near].sum() / weights.sum()
            if fraction > CUT:
                complaints.append(f"{fraction:.2g} of the posterior lies within {EDGE:.0%} of the box's "
                                  f"width from {self.names[i]} = {self.range[i, side]:g}")
        if complaints:
            raise ValueError(f"prior_box cuts the posterior: {'; '.join(complaints)} (allowed: {CUT:g}). "
                             "Widen it, and begin again with --force.")
