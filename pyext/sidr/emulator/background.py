r"""The expansion by quadrature: flat LCDM with chi and massive neutrinos, with CLASS's conventions.

.. math::
   H^2 = (100\,{\rm km/s/Mpc})^2 \left[\frac{\omega_b + \omega_c}{a^3} + \frac{\omega_r}{a^4}
         + \sum_\nu \omega_\nu(a) + \omega_\Lambda\right], \qquad
   D_M = \int_a^1 \frac{da}{a^2 H}, \qquad r_s = \int_0^a \frac{c_s\, da}{a^2 H}

Densities are omega = Omega h^2, lengths Mpc, c = 1::

    from sidr.emulator.background import Background
    from sidr.neutrinos import sector
    expansion = Background(0.0224, 0.119, 68, sector(n_chi=1, m_nu_sum=0.1))
    expansion.hubble([0, 0.5]), expansion.comoving_distance([0.5, 1]), expansion.sound_horizon(1060)

CLASS's numbers are met to 1e-8 with its `tol_ncdm_bg: 1e-10`, and to 2e-6 with its default of 1e-5.
"""

from math import pi

import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import brentq

from sidr.checks import number
from sidr.constants import T_CMB
from sidr.neutrinos import T_INSTANTANEOUS
from sidr.numerics import chebyshev_fit, chebyshev_nodes
from sidr.statistics import DY, Y

# CLASS's constants, background.h: CODATA 2006, SI
C = 2.99792458e8
G = 6.67428e-11
EV = 1.602176487e-19
K_B = 1.3806504e-23
H_PLANCK = 6.62606896e-34
MPC = 3.085677581282e22
GYR = 3.06601394e2          # [Mpc]

HUBBLE_UNIT = 1e5 / C       #: 100 km/s/Mpc [1/Mpc]

#: Photons today, Omega_gamma h^2
OMEGA_G = (8 * pi**5 / 15 * (K_B * T_CMB)**4 / (H_PLANCK * C)**3   # pi^2/15 T^4, in J/m^3
           * 8 * pi * G / (3 * C**2) / (1e5 / MPC)**2)

#: One neutrino over the photons, decoupled instantaneously
RHO_NU = 7 / 8 * T_INSTANTANEOUS**4

#: ln a where the integrals from early on begin; before that all is radiation
LNA_MIN = -20.0

#: Nodes of the interpolation in ln a. The nearest singularity is where a^3 = -Omega_m/Omega_Lambda.
SIZE = 160
_X = chebyshev_nodes(SIZE)
A = np.exp(LNA_MIN * (1 - _X) / 2)

# From values at the nodes to the Chebyshev series of the integral over ln a, from there to today
UNTIL_TODAY = -chebyshev.chebint(chebyshev_fit(SIZE).T, lbnd=1) * (-LNA_MIN / 2)

#: H0 [km/s/Mpc] between which `from_theta_s` looks
H0_RANGE = (20.0, 200.0)


class Background:
    r"""Expansion of flat LCDM.

    Parameters
    ----------
    omega_b, omega_cdm : float
        Densities of baryons and of cold dark matter today.
    H0 : float
        [km/s/Mpc].
    sector : sidr.neutrinos.NeutrinoSector

    Raises
    ------
    ValueError
        If a number is not above 0, or H^2 is not: negative masses may outweigh the rest.
    """

    def __init__(self, omega_b, omega_cdm, H0, sector):
        self.omega_b = number("omega_b", omega_b, above=0)
        self.omega_cdm = number("omega_cdm", omega_cdm, above=0)
        self.neutrinos = Neutrinos(sector)
        self._omega_nodes = self._omega(A)
        self._omega_today = float(self._omega(np.array(1.0)))
        self._set_H0(H0)

    @classmethod
    def from_theta_s(cls, theta_s_100, z_rec, omega_b, omega_cdm, sector):
        """The expansion with a given angle of the sound horizon at recombination.

        Parameters
        ----------
        theta_s_100 : float
            100 r_s/D_M at `z_rec`.
        z_rec : float
            Redshift of recombination, where the visibility function peaks.
        omega_b, omega_cdm, sector
            As above.

        Returns
        -------
        Background

        Raises
        ------
        ValueError
            If no H0 in `H0_RANGE` has this angle.
        """
        background = cls(omega_b, omega_cdm, 70.0, sector)
        D_M = 100 * background.sound_horizon(z_rec) / theta_s_100   # Lambda has a part of 1e-10 in r_s
        weights = polynomials(position(z_rec)) @ UNTIL_TODAY        # of 1/aH at the nodes, in D_M

        def excess(H0):
            background._set_H0(H0)
            return weights @ background._lna_to_tau - D_M

        low, high = H0_RANGE
        if not excess(high) <= 0 <= excess(low):
            raise ValueError(f"theta_s_100 = {theta_s_100:g} needs an H0 outside [{low:g}, {high:g}] "
                             f"km/s/Mpc with omega_b = {omega_b:g}, omega_cdm = {omega_cdm:g}, "
                             f"z_rec = {z_rec:g}.")
        background._set_H0(brentq(excess, low, high, xtol=1e-11, rtol=1e-13))
        return background

    def _omega(self, a):
        """H^2 without Lambda, at an array of scale factors [(100 km/s/Mpc)^2]."""
        matter, radiation = self.omega_b + self.omega_cdm, OMEGA_G + self.neutrinos.omega_radiation
        return (matter + radiation / a) / a**3 + self.neutrinos.omega_massive(a)

    def _set_H0(self, H0):
        """Close the universe with Lambda."""
        self.H0 = number("H0", H0, "km/s/Mpc", above=0)
        self.omega_Lambda = (self.H0 / 100)**2 - self._omega_today
        H2 = self._omega_nodes + self.omega_Lambda
        if not H2.min() > 0:
            raise ValueError(f"H^2 = {H2.min():g} (100 km/s/Mpc)^2 at z = {1 / A[H2.argmin()] - 1:.4g} "
                             f"with omega_b = {self.omega_b:g}, omega_cdm = {self.omega_cdm:g}, "
                             f"H0 = {H0:g} and m_nu_sum = {self.neutrinos.m_nu_sum:g} eV, and must be "
                             "positive.")
        self._H_nodes = HUBBLE_UNIT * np.sqrt(H2)
        self._lna_to_tau = 1 / (A * self._H_nodes)     # dtau/dlna

    def hubble(self, z):
        """Expansion rate H [1/Mpc] at the redshifts z, of any shape."""
        a = scale_factor(z)
        return HUBBLE_UNIT * np.sqrt(self._omega(a) + self.omega_Lambda)

    def comoving_distance(self, z):
        """Comoving distance D_M [Mpc] to the redshifts z <= 1e8, of any shape."""
        return (polynomials(position(z)) - 1) @ (UNTIL_TODAY @ self._lna_to_tau)   # 0 at z = 0, exactly

    def angular_distance(self, z):
        """Angular diameter distance D_M/(1+z) [Mpc] to the redshifts z <= 1e8, of any shape."""
        return self.comoving_distance(z) * scale_factor(z)

    def sound_horizon(self, z):
        """Comoving sound horizon r_s [Mpc] at the redshifts z <= 1e8, of any shape."""
        c_s = 1 / np.sqrt(3 * (1 + 3 * self.omega_b / (4 * OMEGA_G) * A))
        until_today = UNTIL_TODAY @ (c_s * self._lna_to_tau)
        before = self._lna_to_tau[-1] * c_s[-1]                 # to the first node: all is radiation
        return before + (polynomials(np.array(_X[-1])) - polynomials(position(z))) @ until_today

    def theta_s_100(self, z_rec):
        """100 r_s/D_M at the redshift of recombination."""
        return float(100 * self.sound_horizon(z_rec) / self.comoving_distance(z_rec))

    def Omega(self, species, z=0.0):
        """Part of the density at the redshifts z of "b", "cdm" or "ncdm", of which neutrinos all."""
        a = scale_factor(z)
        omega = {"b": lambda: self.omega_b / a**3, "cdm": lambda: self.omega_cdm / a**3,
                 "ncdm": lambda: self.neutrinos.omega_massive(a)}[species]()
        return omega / (self._omega(a) + self.omega_Lambda)

    @property
    def Omega_m(self):
        """Density of matter today, of neutrinos rho - 3p."""
        nu = self.neutrinos
        matter = nu.omega_massive(np.array(1.0)) - nu.omega_relativistic(np.array(1.0))
        return float(self.omega_b + self.omega_cdm + matter) / (self.H0 / 100)**2

    @property
    def age(self):
        """Time since the beginning [Gyr]."""
        # Before LNA_MIN it is 1/2H, of which 1e-17 is left here.
        return float(polynomials(np.array(-1.0)) @ (UNTIL_TODAY @ (1 / self._H_nodes))) / GYR

    @property
    def N_eff(self):
        """Effective number of all relativistic species beside the photons, early on."""
        return self.neutrinos.N_eff

    def z_dec_sidr(self, log10_G_eff, alpha_2=0.424, T_sidr=T_INSTANTANEOUS):
        """Redshift at which chi starts to stream, a Gamma alpha_2 = aH.

        Parameters
        ----------
        log10_G_eff : float
            Coupling [MeV^-2].
        alpha_2 : float
            Angular coefficient of the quadrupole.
        T_sidr : float
            Temperature of chi [T_gamma].

        Returns
        -------
        float
            0 if chi is still coupled today, infinite if it was not so at z = 1e14.
        """
        T = T_sidr * K_B * T_CMB / (1e6 * EV)                                   # [MeV]
        rate0 = 10**(2 * log10_G_eff) * T**5 * (2 * pi * 1e6 * EV * MPC / (H_PLANCK * C))   # (S48), [1/Mpc]

        if rate0 == 0:
            return np.inf

        def excess(lna):
            return np.log(alpha_2 * rate0) - 5 * lna - np.log(self.hubble(np.exp(-lna) - 1))

        first = np.log(1e-14)
        if excess(0.0) >= 0:
            return 0.0
        if excess(first) <= 0:
            return np.inf
        return float(np.exp(-brentq(excess, first, 0.0, xtol=1e-13)) - 1)


class Neutrinos:
    r"""Density of chi, of massless and of massive neutrinos.

    .. math:: \omega_\nu = \omega_\gamma a^{-4}\, g\, T^4\, \frac{15}{\pi^4}
              \int \frac{q^2 \sqrt{q^2 + x^2}\, dq}{e^q/z + 1}, \qquad x = \frac{m a}{T T_\gamma}

    For m < 0 it is :math:`2 \omega_\nu(0) - \omega_\nu(|m|)` (arXiv:2407.10965, docs/negative_mass.md).

    Parameters
    ----------
    sector : sidr.neutrinos.NeutrinoSector
    """

    def __init__(self, sector):
        self.m_nu_sum = sector.m_nu_sum
        self.omega_radiation = OMEGA_G * RHO_NU * (sector.N_ur + sector.N_chi)
        m, T, weight, z = np.reshape(sector.species, (-1, 4)).T
        self._x = m * EV / (T * T_CMB * K_B)                    # x of today
        # q^2 dq times the distribution of each species, shape (species, q)
        self._weights = Y**2 * DY / (np.exp(Y) / z[:, None] + 1)
        self._weights *= (OMEGA_G * weight * T**4 * 15 / pi**4)[:, None]
        self.N_eff = sector.N_ur + sector.N_chi + float((self._weights @ Y).sum()) / (OMEGA_G * RHO_NU)

    def omega_massive(self, a):
        """Density of massive neutrinos at an array of scale factors."""
        return self._sum(np.sqrt, a)

    def omega_relativistic(self, a):
        """Their 3 p, at an array of scale factors."""
        return self._sum(lambda energy2: Y**2 / np.sqrt(energy2), a)

    def _sum(self, integrand, a):
        """Sum over species and momenta, of a function of the energy squared [T_ncdm a^-1]^2."""
        total = np.zeros(a.shape)
        for x, w in zip(self._x, self._weights, strict=True):
            of_mass = integrand(Y**2 + (x * a[..., None])**2) @ w
            total += of_mass if x >= 0 else 2 * integrand(Y**2) @ w - of_mass
        return total / a**4


def scale_factor(z):
    """a = 1/(1+z), an array."""
    return 1 / (1 + np.asarray(z, dtype=float))


def position(z):
    """Redshifts as positions in the interval [-1, 1] of the Chebyshev polynomials.

    Raises
    ------
    ValueError
        If one is negative or above 1e8.
    """
    x = 1 - 2 * np.log(scale_factor(z)) / LNA_MIN
    if not (np.abs(x) <= 1).all():
        raise ValueError(f"z = {z!r}: distances are for redshifts from 0 to 1e8.")
    return x


def polynomials(x):
    """Chebyshev polynomials of the series in `UNTIL_TODAY` at an array of positions, on a new last axis."""
    return np.cos(np.arccos(x)[..., None] * np.arange(SIZE + 1))
