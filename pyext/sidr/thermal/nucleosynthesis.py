r"""What nucleosynthesis sees of the neutrinos: the expansion, and nu_e that convert neutrons and protons.

The fraction X of neutrons follows

.. math:: \frac{dX}{dt} = -\lambda_{np} X + \lambda_{pn} (1 - X)

with the Born rates of n nu <-> p e, n e+ <-> p nu-bar and n <-> p e nu-bar. Helium takes the neutrons that
are left at T_HELIUM. Only changes of X are used: corrections of a percent to the rates, and the network,
cancel. Deuterium is not covered: it needs the network, below 0.1 MeV.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from sidr.constants import HBAR, M_E, M_N_MINUS_M_P, TAU_N, hubble
from sidr.neutrinos import N_TOT
from sidr.numerics import gauss_laguerre, gauss_legendre

T_START = 5.0                   #: neutrons and protons are in equilibrium [MeV]
T_HELIUM = 0.075                #: neutrons are taken into helium [MeV]

_U, _DU = gauss_laguerre(40)
_E, _DE = gauss_legendre(M_E, M_N_MINUS_M_P, 24)        # of the electron in the decay [MeV]


def _phase_space(E, q):
    return q**2 * E * np.sqrt(np.maximum(E**2 - M_E**2, 0))


#: Phase space of the decay in vacuum [MeV^5]
_DECAY = _DE @ _phase_space(_E, M_N_MINUS_M_P - _E)


class Background(NamedTuple):
    """What the nucleons are in; one entry per time, from early to late, close enough for splines."""
    ln_a: np.ndarray        # shape (n,), of any scale factor
    T_gamma: np.ndarray     # [MeV], from T_START or above to T_HELIUM or below
    rho: np.ndarray         # energy density [MeV^4]
    rho_one: np.ndarray     # that of one unit of N_eff [MeV^4]
    nu_e: object            # occupation of nu_e and nu-bar_e at momenta [MeV], shape (n, m), as this shape


class Nucleons:
    """Neutrons and protons in a `Background`.

    Raises
    ------
    ValueError
        If the background does not reach from T_START to T_HELIUM.
    """

    def __init__(self, background):
        ln_a, T = background.ln_a, background.T_gamma
        if not (T[0] >= T_START and T[-1] <= T_HELIUM):
            raise ValueError(f"T_gamma goes from {T[0]:g} to {T[-1]:g} MeV: nucleosynthesis needs from "
                             f"{T_START:g} to {T_HELIUM:g} MeV.")
        n_to_p, p_to_n = conversion_rates(T, background.nu_e)
        self.both = CubicSpline(ln_a, n_to_p + p_to_n)
        self.equilibrium = CubicSpline(ln_a, p_to_n / (n_to_p + p_to_n))
        self.rho, self.rho_one = CubicSpline(ln_a, background.rho), CubicSpline(ln_a, background.rho_one)
        start, end = CubicSpline(-np.log(T), ln_a)(-np.log([T_START, T_HELIUM]))
        self.times = np.linspace(start, end, 1000)

    def neutron_fraction(self, extra=0.0):
        """Fraction of neutrons among the nucleons when they are taken into helium.

        Parameters
        ----------
        extra : float
            Effective number of further radiation, that only adds to the expansion.

        Returns
        -------
        float
        """
        s = self.times
        rate = CubicSpline(s, self.both(s) / hubble(self.rho(s) + extra * self.rho_one(s))).antiderivative()
        # X = X_eq - int ds X_eq' exp(-int rate): the linear equation, solved; in equilibrium at the start
        memory = self.equilibrium(s, 1) * np.exp(rate(s) - rate(s[-1]))
        return float(self.equilibrium(s[-1]) - CubicSpline(s, memory).integrate(s[0], s[-1]))


def conversion_rates(T, f):
    """Rates of n -> p and p -> n.

    Parameters
    ----------
    T : array_like, shape (...)
        Temperature of the plasma [MeV].
    f : function
        Occupation of nu_e (and of nu-bar_e) at momenta [MeV], an ndarray of shape (..., m).

    Returns
    -------
    n_to_p, p_to_n : ndarray, shape (...)
        [MeV].
    """
    T = np.asarray(T, float)[..., None]
    Q, u, du = M_N_MINUS_M_P, T * _U, T * _DU

    def electrons(E):
        return 1 / (np.exp(E / T) + 1)

    # n nu <-> p e-: E = q + Q
    E = u + Q
    n_nu = np.sum(du * _phase_space(E, u) * f(u) * (1 - electrons(E)), axis=-1)
    p_e = np.sum(du * _phase_space(E, u) * electrons(E) * (1 - f(u)), axis=-1)
    # n e+ <-> p nu-bar: q = E + Q
    E, q = u + M_E, u + M_E + Q
    n_e = np.sum(du * _phase_space(E, q) * electrons(E) * (1 - f(q)), axis=-1)
    p_nu = np.sum(du * _phase_space(E, q) * f(q) * (1 - electrons(E)), axis=-1)
    # n <-> p e- nu-bar
    q = Q - _E + 0 * T
    decay = np.sum(_DE * _phase_space(_E, q) * (1 - electrons(_E)) * (1 - f(q)), axis=-1)
    p_e_nu = np.sum(_DE * _phase_space(_E, q) * electrons(_E) * f(q), axis=-1)
    unit = HBAR / TAU_N / _DECAY
    return unit * (n_nu + n_e + decay), unit * (p_e + p_nu + p_e_nu)


def matching_radiation(nucleons, standard):
    """Effective number with which the standard model would make as much helium.

    Parameters
    ----------
    nucleons, standard : Nucleons
        In the history in question, and in that of the standard model, solved in the same way.

    Returns
    -------
    float
        N_TOT for the standard model itself.

    Raises
    ------
    ValueError
        If there is none from 1 to 10^4.
    """
    X = nucleons.neutron_fraction()
    ends = 1 - N_TOT, 1e4
    low, high = (standard.neutron_fraction(extra) for extra in ends)
    if not low < X < high:
        raise ValueError(f"{X:.3f} of the nucleons are neutrons when helium is made: no N_eff from 1 to "
                         f"10^4 gives that ({low:.3f} to {high:.3f}).")
    return N_TOT + brentq(lambda extra: standard.neutron_fraction(extra) - X, *ends, xtol=1e-6)
