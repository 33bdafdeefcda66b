r"""Ideal quantum gases: densities of fermions and bosons with a fugacity z = exp(mu/T).

All integrals over momentum are sums over the same nodes y = p/T: the trapezoidal rule in t, with
y = exp(t - exp(-t)), whose error falls exponentially with the number of nodes (1e-14 here).
"""

from math import gamma, pi
from typing import NamedTuple

import numpy as np

_T = np.arange(-4.2, 4.7, 0.1)
Y = np.exp(_T - np.exp(-_T))                #: nodes p/T
DY = 0.1 * Y * (1 + np.exp(-_T))        #: their weights


def fermi(s, z):
    r"""-Li_s(-z) = (1/Gamma(s)) int dx x^(s-1) / (e^x/z + 1), for s > 0 and z > 0 up to e^4."""
    return float(np.sum(DY * Y**(s - 1) / (np.exp(Y) / z + 1))) / gamma(s)


def bose(s, z):
    r"""Li_s(z) = (1/Gamma(s)) int dx x^(s-1) / (e^x/z - 1), for s > 1 and 0 < z <= 1."""
    return float(np.sum(DY * Y**(s - 1) * z / (np.expm1(Y) + (1 - z)))) / gamma(s)


class Gas(NamedTuple):
    """Densities of an ideal gas and their derivatives, for one internal degree of freedom."""
    n: float            # number density [MeV^3]
    rho: float          # energy density [MeV^4]
    P: float            # pressure [MeV^4]
    dn_dlnT: float      # at constant z
    drho_dlnT: float
    dn_dlnz: float      # at constant T
    drho_dlnz: float


def gas(T, z, m=0.0, boson=False):
    """A `Gas` with temperature T [MeV], fugacity z and mass m [MeV]."""
    energy = np.sqrt(Y**2 + (m / T)**2)
    sign = -1 if boson else 1
    f = z * np.exp(-energy)
    f /= 1 + sign * f
    g = f * (1 - sign * f)                                  # -df/d(E/T)
    f, g = Y**2 * DY * f / (2 * pi**2), Y**2 * DY * g / (2 * pi**2)
    n, g_energy = f.sum(), g @ energy
    return Gas(n=n * T**3, rho=f @ energy * T**4, P=f @ (Y**2 / energy) / 3 * T**4,
               dn_dlnT=g_energy * T**3, drho_dlnT=g @ energy**2 * T**4,
               dn_dlnz=g.sum() * T**3, drho_dlnz=g_energy * T**4)
