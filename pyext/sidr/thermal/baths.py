"""Neutrinos and the dark bath: what the variables of the solver are, and what they mean.

Four sets of assumptions on chemical potentials, each a class with the same functions.
"""

from math import exp, log, pi
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import zeta

from sidr.constants import RHO_NU
from sidr.statistics import fermi, gas

from .dark import pairs_of_phi

#: Number density of one flavour, nu and nu-bar, without chemical potential [T^3]
N_NU = 3 * zeta(3) / (2 * pi**2)


#: Temperature of a species that is hardly there, times a; its energy may be 0, or below by rounding
COLDEST = 1e-4


class NoHistory(RuntimeError):
    """The equations cannot be followed further: such a point of the model has no history."""


class State(NamedTuple):
    """Neutrinos and dark bath at one time; pairs are nu_e and nu_mu."""
    T_nu: tuple             # [MeV]
    z_nu: tuple
    T_chi: float            # [MeV]
    z_chi: float
    rho_nu: float           # [MeV^4]
    n_nu: float             # [MeV^3]
    rho_dark: float
    n_dark: float           # phi counted twice
    rho: float              # of all these
    P: float
    dark: tuple = ()        # what the slopes need


class Temperatures:
    """No chemical potentials, phi not in the bath. Variables: rho a^4 of nu_e, nu_mu + nu_tau, chi."""

    conserves_number = False

    def __init__(self, m_phi, lambda_phi_chi, n_chi, T_start):
        self.n_chi, self.T_start = n_chi, T_start

    def start(self):
        """The variables at T_start, a = 1/T_start: neutrinos as hot as the photons, hardly any chi."""
        return RHO_NU, 2 * RHO_NU, 0.0

    def state(self, y, a):
        """The `State` that the variables y mean at scale factor a [1/MeV]."""
        T_e, T_mu, T_chi = (max(E / (g * RHO_NU), COLDEST**4)**0.25 / a if g else COLDEST / a
                            for E, g in zip(y, (1, 2, self.n_chi), strict=True))
        rho_nu, rho_dark = (y[0] + y[1]) / a**4, y[2] / a**4
        return State((T_e, T_mu), (1.0, 1.0), T_chi, 1.0, rho_nu, N_NU * (T_e**3 + 2 * T_mu**3),
                     rho_dark, 0.0, rho_nu + rho_dark, (rho_nu + rho_dark) / 3)

    def slopes(self, a, state, H, Q_nu, R_nu, Q_dark, R_dark):
        """Derivatives of the variables by ln a."""
        return [Q * a**4 / H for Q in (*Q_nu, Q_dark)]


class Potentials:
    """Chemical potentials for all species, and phi in the bath of chi.

    Variables: rho a^4 and n a^3 of nu_e and of nu_mu + nu_tau, ln(T_chi a), ln z_chi.
    """

    conserves_number = True     # but for what weak interactions and the t-channel create

    # Few chi at the start: 1e-9 of a flavour
    ln_T_chi, ln_z_chi = 0.0, log(1e-9)

    def __init__(self, m_phi, lambda_phi_chi, n_chi, T_start):
        self.m_phi, self.lambda_phi_chi, self.n_chi, self.T_start = m_phi, lambda_phi_chi, n_chi, T_start

    def start(self):
        """The variables at T_start, a = 1/T_start: neutrinos as hot as the photons, hardly any chi."""
        return RHO_NU, N_NU, 2 * RHO_NU, 2 * N_NU, self.ln_T_chi, self.ln_z_chi

    def state(self, y, a):
        """The `State` that the variables y mean at scale factor a [1/MeV]."""
        (T_e, z_e), (T_mu, z_mu) = thermal(y[0], y[1]), thermal(y[2] / 2, y[3] / 2)      # comoving
        T_e, T_mu = T_e / a, T_mu / a
        T_chi, z_chi = exp(y[4]) / a, self.z_chi(y)
        rho_nu, n_nu = (y[0] + y[2]) / a**4, (y[1] + y[3]) / a**3
        if self.n_chi == 0:
            return State((T_e, T_mu), (z_e, z_mu), T_chi, z_chi, rho_nu, n_nu, 0.0, 0.0, rho_nu, rho_nu / 3)
        if 2 * log(z_chi) >= self.m_phi / T_chi:
            raise NoHistory(f"the chemical potential of phi reaches its mass at T_chi = {T_chi:.3g} MeV; "
                            "potentials='neutrinos' is what chi chi <-> phi phi makes of it")
        chi, phi = gas(T_chi, z_chi), gas(T_chi, z_chi**2, self.m_phi, boson=True)
        g = 2 * self.n_chi
        rho_dark = g * chi.rho + phi.rho
        return State((T_e, T_mu), (z_e, z_mu), T_chi, z_chi, rho_nu, n_nu, rho_dark,
                     g * chi.n + 2 * phi.n, rho_nu + rho_dark,
                     rho_nu / 3 + g * chi.P + phi.P, (g, chi, phi))

    def z_chi(self, y):
        """Fugacity of chi."""
        return exp(y[5])

    def slopes(self, a, state, H, Q_nu, R_nu, Q_dark, R_dark):
        """Derivatives of the variables by ln a."""
        neutrinos = [x / H for Q, R in zip(Q_nu, R_nu, strict=True) for x in (Q * a**4, R * a**3)]
        if self.n_chi == 0:
            return *neutrinos, 0.0, 0.0
        g, chi, phi = state.dark
        P = g * chi.P + phi.P
        # by ln T and ln z of chi; ln z of phi is twice that of chi
        matrix = [[g * chi.drho_dlnT + phi.drho_dlnT, g * chi.drho_dlnz + 2 * phi.drho_dlnz],
                  [g * chi.dn_dlnT + 2 * phi.dn_dlnT, g * chi.dn_dlnz + 4 * phi.dn_dlnz]]
        right = [Q_dark / H - 3 * (state.rho_dark + P), R_dark / H - 3 * state.n_dark]
        dlnT, dlnz = self.solve(matrix, right)
        return *neutrinos, dlnT + 1, dlnz

    def solve(self, matrix, right):
        """d ln T_chi/d ln a and d ln z_chi/d ln a from the balances of energy and number."""
        (a, b), (c, d) = matrix
        det = a * d - b * c
        return (d * right[0] - b * right[1]) / det, (a * right[1] - c * right[0]) / det


class FreeChi(Potentials):
    """As `Potentials`, but mu_chi = 0: chi chi <-> phi phi makes chi as thermal equilibrium wants."""

    conserves_number = False

    # rho_chi is 1e-8 of a thermal flavour at the start
    ln_T_chi, ln_z_chi = log(1e-2), 0.0

    def z_chi(self, y):
        return 1.0

    def solve(self, matrix, right):
        return right[0] / matrix[0][0], 0.0


class Kinetic(Potentials):
    """As `Potentials`, with chi chi <-> phi phi at its rate: what the two others are the limits of."""

    conserves_number = False

    #: Rate of chi over H that is equilibrium, to its inverse: more only makes the equations stiff
    fastest = 1e4

    def __init__(self, m_phi, lambda_phi_chi, n_chi, T_start):
        super().__init__(m_phi, lambda_phi_chi, n_chi, T_start)
        self.events = pairs_of_phi(m_phi, lambda_phi_chi)

    def slopes(self, a, state, H, Q_nu, R_nu, Q_dark, R_dark):
        z, events = state.z_chi, self.events(state.T_chi)
        limit = self.fastest * H * N_NU * state.T_chi**3 / 2
        # 2 chi, z^2, become 2 phi, z^4, which count as four
        created = 2 * self.n_chi * events / (1 + events / limit) * (z**2 - z**4)
        return super().slopes(a, state, H, Q_nu, R_nu, Q_dark, R_dark + created)


#: By the option `potentials` of `evolve`
BATHS = {"none": Temperatures, "all": Potentials, "neutrinos": FreeChi, "kinetic": Kinetic}


def densities(T, z):
    """Energy and number density of one flavour, nu and nu-bar, in powers of the unit of T."""
    return 6 / pi**2 * fermi(4, z) * T**4, 2 / pi**2 * fermi(3, z) * T**3


def thermal(rho, n):
    """(T, z) of one flavour from its densities, the inverse of `densities`.

    Raises
    ------
    NoHistory
        If no Fermi-Dirac distribution with z between e^-16 and e^3 has them.
    """
    ln_ratio = log(rho / n**(4 / 3))
    if not _LN_Z.x[0] <= ln_ratio <= _LN_Z.x[-1]:
        raise NoHistory(f"neutrinos with rho/n^(4/3) = {rho / n**(4 / 3):.4g} have no thermal distribution "
                        f"with a fugacity from {exp(_GRID[-1]):.1g} to {exp(_GRID[0]):.3g}")
    z = exp(float(_LN_Z(ln_ratio)))
    return (n * pi**2 / (2 * fermi(3, z)))**(1 / 3), z


def _ln_ratio(lnz):
    """ln of rho/n^(4/3), which falls with z."""
    rho, n = densities(1.0, exp(lnz))
    return log(rho / n**(4 / 3))


_GRID = np.linspace(3, -16, 400)
_LN_Z = CubicSpline([_ln_ratio(lnz) for lnz in _GRID], _GRID)
