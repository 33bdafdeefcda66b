"""Neutrinos on electrons and positrons: kernels for couplings and rates in equilibrium.

Kernels are in units of G_F^2 and of comoving momenta; m_e/T and y/T are called X and u.
"""

from functools import cache
from math import log, pi

import numpy as np
from numpy.polynomial import chebyshev

from sidr.constants import SIN2_W
from sidr.numerics import (
    OutsideTable,
    Table,
    chebyshev_fit,
    chebyshev_nodes,
    gauss_laguerre,
    gauss_legendre,
)

from . import _kernels

#: g_L of e, mu, tau; g_R is the same for all
G_L = np.array([0.5, -0.5, -0.5]) + SIN2_W
G_R = SIN2_W

#: Of the collision term over p_1^2: 128 G_F^2/(128 pi^3)
PREFACTOR = 1 / pi**3

_T, _DT = gauss_laguerre(24)
_U, _DU = gauss_legendre(0, 1, 20)

_LN_X = (log(0.002), log(30.0))     # above, no electron is left
_U_MAX = 25.0
_SIZE = (40, 20)                    # nodes in ln X and in u


def scattering(y1, y3, m, z, half=False):
    """Kernels, shape (2, n, k), see `_kernels.scattering`."""
    return _kernels.scattering(y1, y3, m, z, _T, _DT, half)


def annihilation(y1, y2, m, z, half=False):
    """Kernels, shape (2, n, k), see `_kernels.annihilation`."""
    return _kernels.annihilation(y1, y2, m, z, _U, _DU, half)


def equilibrium_rates(X, u):
    """Rates at which small deviations from equilibrium would decay, if no other momentum deviated.

    Parameters
    ----------
    X : float
        m_e/T.
    u : ndarray, shape (n,)
        p/T.

    Returns
    -------
    ndarray, shape (2, 2, n)
        For scattering and annihilation, the two structures g_L^2 + g_R^2 and g_L g_R [G_F^2 T^5].

    Raises
    ------
    OutsideTable
        For X below 0.002 or u above 25.
    """
    if log(X) > _LN_X[1]:
        return np.zeros((2, 2, u.size))
    if u.max() > _U_MAX:
        raise OutsideTable("p/T", u.max(), 0, _U_MAX)
    v = np.sqrt(u / _U_MAX)
    return _rate_table()(log(X)) @ chebyshev.chebvander(2 * v - 1, _SIZE[1] - 1).T * u


@cache
def _rate_table():
    """Chebyshev coefficients in v = sqrt(u/_U_MAX) of rate/u, as functions of ln X."""
    u = _U_MAX * chebyshev_nodes(_SIZE[1], 0, 1)**2

    def coefficients(ln_X):
        values = [np.stack([_rates(X, v) / v for v in u], -1) for X in np.exp(ln_X)]
        return np.moveaxis(values @ chebyshev_fit(_SIZE[1]), 0, -1)

    return Table("ln(m_e/T)", coefficients, *_LN_X, _SIZE[0])


def _rates(X, u):
    """As `equilibrium_rates` at one momentum, integrated over that of the other neutrino."""
    y = np.concatenate([u * _U, u + _T])        # the kernels have a kink where the two are equal
    dy = np.concatenate([u * _DU, _DT])
    f = 1 / (np.exp(y) + 1)
    one = np.array([u])
    scatter = scattering(one, y, X, 1.0)[:, 0] * (f * np.exp(y - u) + 1 - f)    # gain and loss
    annihilate = annihilation(one, y, X, 1.0)[:, 0] * ((1 - f) * np.exp(-y - u) + f)
    return PREFACTOR * np.stack([scatter, annihilate]) @ dy / u**2
