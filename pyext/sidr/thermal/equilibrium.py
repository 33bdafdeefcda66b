r"""What the conversion leaves when energy and number are conserved (S5-S18 of arXiv:2506.08085).

nu nu <-> phi <-> chi chi comes into equilibrium while phi is relativistic: energy and the number
n_nu + 2 n_phi + n_chi of before are shared (z_eq, T_eq). Then phi disappears, at constant entropy
and number (z_f, T_f), which heats the rest.
"""

from math import exp, log, pi
from typing import NamedTuple

from scipy.optimize import brentq

from sidr.checks import number
from sidr.statistics import bose, fermi


class Equilibrium(NamedTuple):
    """Neutrinos, phi and chi in equilibrium, and after phi has gone."""
    n_chi: float            # flavours of chi
    z_eq: float             # exp(mu/T) of nu and chi while phi is relativistic
    xi_eq: float            # their temperature over that of standard neutrinos
    z_f: float              # exp(mu/T) after phi has gone
    xi_f: float             # their temperature over that of standard neutrinos
    N_eff: float            # nu and chi after phi has gone; 3 before the conversion
    N_eff_nu: float         # nu
    N_eff_chi: float        # chi
    rho_phi_fraction: float  # rho_phi/rho while phi is relativistic, photons included


def equilibrium(n_chi):
    """Solve the equilibrium of the neutrinos with chi.

    Parameters
    ----------
    n_chi : float
        Flavours of chi, from 0 to 10^4, any real number. With 0, neutrinos and phi alone.

    Returns
    -------
    Equilibrium
        Good to 12 digits.

    Raises
    ------
    ValueError
        If n_chi is not a number from 0 to 10^4.
    """
    number("n_chi", n_chi, least=0, most=1e4)
    n_f = n_chi + 3.0
    rho_sm, n_sm = 18 * fermi(4, 1), 6 * fermi(3, 1)

    def rho_eq(z):          # [T^4/pi^2], as n in T^3/pi^2
        return 6 * n_f * fermi(4, z) + 3 * bose(4, z**2)

    def n_eq(z):            # phi counts twice, (S4)
        return 2 * n_f * fermi(3, z) + 2 * bose(3, z**2)

    def s_eq(z):            # (S13): (4 rho/3 - mu n)/T, with mu_phi = 2 mu
        return (n_f * (8 * fermi(4, z) - 2 * log(z) * fermi(3, z))
                + 4 * bose(4, z**2) - 2 * log(z) * bose(3, z**2))

    def s_over_n(z):        # nu and chi alone
        return 4 * fermi(4, z) / fermi(3, z) - log(z)

    # (S5)
    z_eq = _root(lambda z: log(rho_eq(z) / rho_sm) - 4 / 3 * log(n_eq(z) / n_sm))
    xi_eq = (n_sm / n_eq(z_eq))**(1 / 3)                            # (S10)
    z_f = _root(lambda z: s_over_n(z) - s_eq(z_eq) / n_eq(z_eq))    # (S14)
    xi_f = (n_sm / (2 * n_f * fermi(3, z_f)))**(1 / 3)              # (S15)
    N_eff = n_f * fermi(4, z_f) / fermi(4, 1) * xi_f**4             # (S17)
    rho_phi = 3 * bose(4, z_eq**2)
    # (S11); the temperature of standard neutrinos after the annihilation of e+ e-
    rho_gamma = pi**4 / 15 * ((11 / 4)**(1 / 3) / xi_eq)**4
    return Equilibrium(n_chi, z_eq, xi_eq, z_f, xi_f, N_eff, 3 / n_f * N_eff, n_chi / n_f * N_eff,
                       rho_phi / (rho_eq(z_eq) + rho_gamma))


def _root(function):
    """The fugacity below 1 at which the function is 0."""
    # z is of the order of 2/n_chi for many flavours.
    return exp(brentq(lambda lnz: function(exp(lnz)), -30, -1e-9, xtol=1e-15, rtol=1e-14))
