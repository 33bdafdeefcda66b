"""Cosmologies to learn from: where Planck allows them, for every log10 G_eff and mass.

The coupled fluid shifts the acoustic peaks, and the best fit compensates: the centre of the design moves
with log10 G_eff, in 100 theta_s by six standard deviations. Around it points are Gaussian, with Planck's
covariance at a given coupling and mass, and wider than that; log10 G_eff is uniform, Sigma m_nu half a
Gaussian. The points are a Sobol sequence: any number of the first ones is a design by itself.

The designs of the package are tables in the folder `designs`, made by `python -m sidr.emulator.centre`.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.stats import norm, qmc

from sidr import yaml

FOLDER = Path(__file__).parent / "designs"

#: Around whose centre the points are: at given m_nu_sum and log10_G_eff
COSMOLOGY = ("omega_b", "omega_cdm", "theta_s_100", "logA", "n_s", "tau_reio")

WIDENED = 1.7               # standard deviations of the design over those of Planck
TRUNCATED = 3.0             # in standard deviations of the design
LOG10_G_EFF = (-5.0, 1.0)   # the prior of Table S1 of arXiv:2506.08085
TRANSITION = -1.6           # log10 G_eff around which the spectra change, over two decades to each side
M_NU_PIVOT = 0.06           # [eV], where the centres were found


class Design(NamedTuple):
    """Where the cosmologies of one model are.

    Attributes
    ----------
    model : str
    N_chi : tuple of float
        Range; its two ends are the same without chi. A small one: n_chi and its rounded form.
    log10_G_eff : ndarray, shape (n,)
        Couplings of the centres; one NaN without chi.
    centres : ndarray, shape (n, 6)
        Of `COSMOLOGY`, at a mass of `M_NU_PIVOT`.
    slope : ndarray, shape (6,)
        Derivative of the centre by m_nu_sum [1/eV].
    covariance : ndarray, shape (6, 6)
        Of Planck, at given m_nu_sum and log10_G_eff.
    sigma_m_nu : float
        Width of the distribution of m_nu_sum [eV].
    """
    model: str
    N_chi: tuple
    log10_G_eff: np.ndarray
    centres: np.ndarray
    slope: np.ndarray
    covariance: np.ndarray
    sigma_m_nu: float

    @property
    def names(self):
        """Parameters of the emulator, in order."""
        chi = ("log10_G_eff", "N_chi") if self.N_chi[1] > 0 else ()
        return (*COSMOLOGY, "m_nu_sum", *chi)

    def centre(self, m_nu_sum, log10_G_eff=None):
        """Centre of `COSMOLOGY`, shape (n, 6), for arrays of shape (n,)."""
        m_nu_sum = np.asarray(m_nu_sum, float)[:, None]
        if len(self.centres) == 1:
            middle = self.centres
        else:
            middle = PchipInterpolator(self.log10_G_eff, self.centres)(np.asarray(log10_G_eff, float))
        return middle + (m_nu_sum - M_NU_PIVOT) * self.slope

    def points(self, number, start=0, seed=3044):
        """Points of the design.

        Parameters
        ----------
        number : int
        start : int
            How many of the sequence to leave out.
        seed : int

        Returns
        -------
        ndarray, shape (number, len(names))
        """
        d = len(self.names)
        sobol = qmc.Sobol(d, rng=np.random.default_rng(seed))
        if start:
            sobol.fast_forward(start)
        u = sobol.random(number)
        edge = norm.cdf(-TRUNCATED)
        gaussian = norm.ppf(edge + (1 - 2 * edge) * u[:, :6])
        m_nu_sum = self.sigma_m_nu * norm.ppf(0.5 + (0.5 - edge) * u[:, 6])
        low, high = LOG10_G_EFF
        chi = [low + (high - low) * u[:, 7], self.N_chi[0] + np.ptp(self.N_chi) * u[:, 8]] if d > 7 else []
        offset = WIDENED * gaussian @ np.linalg.cholesky(self.covariance).T
        return np.column_stack([self.centre(m_nu_sum, *chi[:1]) + offset, m_nu_sum, *chi])

    def excess(self, point):
        """How far mass, coupling and N_chi are from their ranges, over the widths of these."""
        ranges = [(0, TRUNCATED * self.sigma_m_nu), LOG10_G_EFF, self.N_chi][:len(point) - 6]
        return sum(max(low - x, x - high, 0) / (high - low)
                   for x, (low, high) in zip(point[6:], ranges, strict=True))

    def whitened(self, points):
        """Points in coordinates of order one, in which the spectra change evenly.

        Offsets from the centre in standard deviations of the design, m_nu_sum, and functions of log10_G_eff
        and N_chi.

        Parameters
        ----------
        points : ndarray, shape (n, len(names))

        Returns
        -------
        ndarray, shape (n, len(names))
        """
        points = np.atleast_2d(points)
        offset = points[:, :6] - self.centre(points[:, 6], *points.T[7:8])
        z = np.linalg.solve(WIDENED * np.linalg.cholesky(self.covariance), offset.T).T
        chi = [2 * np.tanh((points[:, 7] - TRANSITION) / 2),
               (2 * points[:, 8] - sum(self.N_chi)) / np.ptp(self.N_chi)] if points.shape[1] > 7 else []
        return np.column_stack([z, points[:, 6] / self.sigma_m_nu, *chi])


def load(model):
    """The design of a model of the package: lcdm, nchi1 or nchi2."""
    table = yaml.load_file(FOLDER / f"{model}.yaml")
    return Design(model, tuple(table["N_chi"]), *(np.array(table[name], float) for name in
                  ("log10_G_eff", "centres", "slope", "covariance")), table["sigma_m_nu"])
