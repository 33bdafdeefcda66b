r"""Energy and number that weak interactions move between the plasma and the neutrinos.

Tree-level rates of annihilation (nu nu-bar <-> e- e+) and scattering (nu e), with Fermi-Dirac
statistics, Pauli blocking and the mass of the electron, integrated here. With equilibrium
distributions, f/(1-f) = z e^(-E/T), every collision term has the form of a product of (1-f) times a
difference of exponentials of the total energy q_0 (annihilation) or of the energy k_0 that is
exchanged (scattering). At fixed total or exchanged four-momentum the squared matrix elements
(Dolgov, Hansen & Semikoz 1997, hep-ph/9703315), averaged over the azimuth, are sums of products of
moments of the one pair and of the other, so that four integrals become two times two.

    annihilation  128 G_F^2 [(g_L^2 + g_R^2) (p1.p4)^2 + g_L g_R m_e^2 (p1.p2)]
    scattering    128 G_F^2 [(g_L^2 + g_R^2) ((p1.p2)^2 + (p1.p4)^2) - 2 g_L g_R m_e^2 (p1.p3)]

the second for e- and e+ together. Transfer among neutrinos is that of massless electrons, divided
by 4. With fugacities z the exponentials are exact and the Pauli blocking is that of z = 1.
"""

from functools import cache
from math import acos, exp, log
from typing import NamedTuple

import numpy as np

from sidr.constants import G_F, M_E, SIN2_W
from sidr.numerics import OutsideTable, chebyshev_fit, chebyshev_nodes, gauss_laguerre, gauss_legendre


class Transfer(NamedTuple):
    """What one flavour (nu and nu-bar) gains per time."""
    rho: float      # energy [MeV^5]
    n: float        # number [MeV^4]


def couplings(g_L, g_R):
    """The couplings of the two structures."""
    return g_L**2 + g_R**2, g_L * g_R


#: nu_e; nu_mu and nu_tau
COUPLINGS = np.array([couplings(0.5 + SIN2_W, SIN2_W), couplings(-0.5 + SIN2_W, SIN2_W)])

# Rows of the table, in units of the hotter partner's temperature, the neutrinos at T = r. The first
# two and the last are divided by 1 - r: gain minus loss by annihilation at z = 1, for energy and
# number; the loss alone; scattering. Logarithms are interpolated: all are positive.
_KINDS = 5
_LN_R = (np.log(0.15), np.log(2.5))
_LN_X = (np.log(0.02), np.log(12.0))        # m_e/T; above, Gamma/H < 1e-9; below, massless to 6e-5
_SIZE = (20, 25)                            # nodes in ln x and in ln r


def weak_from_plasma(T, T_nu, z=(1.0, 1.0)):
    """What nu_e and nu_mu gain from electrons and positrons.

    Parameters
    ----------
    T : float
        Temperature of the plasma [MeV].
    T_nu : pair of float
        Temperatures of nu_e and of nu_mu [MeV]; nu_tau is as nu_mu.
    z : pair of float
        Their fugacities.

    Returns
    -------
    pair of Transfer

    Raises
    ------
    OutsideTable
        If T_nu/T is not between 0.15 and 2.5.
    """
    lnx = max(log(M_E / T), _LN_X[0])
    if lnx > _LN_X[1]:
        return NOTHING, NOTHING
    x = exp(lnx)
    over_x = (_basis("ln(m_e/T)", lnx, *_LN_X, _SIZE[0]) @ _plasma_table()).reshape(-1, _SIZE[1])
    transfers = []
    for T_a, z_a, coupling in zip(T_nu, z, COUPLINGS, strict=True):
        r = T_a / T
        values = np.exp(over_x @ _basis("ln(T_nu/T)", log(r), *_LN_R, _SIZE[1])).reshape(_KINDS, 2)
        values = (values * _SIGNS @ coupling).tolist()
        transfers.append(_transfer(values, x, r, T, 1.0, z_a))
    return transfers


def weak_among_neutrinos(T, T_other, z=1.0, z_other=1.0):
    """What one flavour at T, z gains from one other flavour at T_other, z_other; a `Transfer`.

    `OutsideTable` if one is colder than 0.15 of the other.
    """
    if T > T_other:
        gain = weak_among_neutrinos(T_other, T, z_other, z)
        return Transfer(-gain.rho, -gain.n)
    r = T / T_other
    values = np.exp(_neutrino_table() @ _basis("ln of two T_nu", log(r), *_LN_R, _SIZE[1])).tolist()
    return _transfer(values, 0.0, r, T_other, z_other, z)


NOTHING = Transfer(0.0, 0.0)
_SIGNS = np.array([[1, 1]] * 4 + [[1, -1]])     # scattering: the second structure takes away


def _transfer(values, x, r, T, z_hot, z):
    """A `Transfer` from the tabulated values."""
    difference_rho, difference_n, loss_rho, loss_n, scattering = values
    # gain z_hot^2 G - loss z^2 L = z_hot^2 (G - L) + (z_hot^2 - z^2) L
    annihilation = z_hot**2 * (1 - r) * exp(-2 * x)
    off = (z_hot**2 - z**2) * exp(-2 * x / r)
    rho = annihilation * difference_rho + off * loss_rho + z_hot * z * (1 - r) * exp(-x) * scattering
    return Transfer(G_F**2 * T**9 * rho, G_F**2 * T**8 * (annihilation * difference_n + off * loss_n))


def _basis(name, x, lower, upper, size):
    """Chebyshev polynomials at x, called name in the error outside the interval."""
    if not lower <= x <= upper:
        raise OutsideTable(name, x, lower, upper)
    return np.cos(_DEGREES[:size] * acos((2 * x - lower - upper) / (upper - lower)))


_DEGREES = np.arange(32)


@cache
def _plasma_table():
    """Coefficients of the polynomials in ln x, shape (20, 5*2*25), the last those in ln r."""
    values = np.array([[_logarithms(x, r) for r in np.exp(chebyshev_nodes(_SIZE[1], *_LN_R))]
                       for x in np.exp(chebyshev_nodes(_SIZE[0], *_LN_X))])
    values = np.moveaxis(values, 1, -1) @ chebyshev_fit(_SIZE[1])
    return np.tensordot(chebyshev_fit(_SIZE[0]), values, axes=(0, 0)).reshape(_SIZE[0], -1)


@cache
def _neutrino_table():
    """Coefficients, shape (5, 25), of the transfer from one massless flavour to another."""
    ratios = np.exp(chebyshev_nodes(_SIZE[1], *_LN_R))
    values = np.array([np.log(integrals(0.0, r)[:, 0] / 4) for r in ratios])
    return values.T @ chebyshev_fit(_SIZE[1])


def _logarithms(x, r):
    """Logarithms of the integrals without their exponentials, shape (5, 2)."""
    exponents = [[2 * x], [2 * x], [2 * x / r], [2 * x / r], [x]]
    return np.log(_SIGNS * integrals(x, r)) + exponents


def integrals(x, r, blocking=True, size=(20, 16)):
    """Collision integrals in units of G_F^2 and of the temperature of the hotter partner.

    Parameters
    ----------
    x : float
        Mass of the electron over its temperature.
    r : float
        Temperature of the neutrinos over that of the electrons.
    blocking : bool
        Without, Maxwell-Boltzmann statistics.
    size : tuple of int
        Nodes of the outer and of the inner integrals.

    Returns
    -------
    ndarray, shape (5, 2)
        The kinds, each for the structures g_L^2 + g_R^2 and g_L g_R.
    """
    return np.concatenate([_annihilation(x, r, blocking, *size), _scattering(x, r, blocking, *size)])


def _annihilation(x, r, blocking, outer, inner):
    """(G - L)/(1 - r) and L, each for energy and number: shape (4, 2)."""
    q0, structures = _pairs(x, r, max(1.0, r), blocking, outer, inner)
    difference = -np.exp(-q0) * np.expm1(-q0 * (1 / r - 1)) / (1 - r)
    rows = [np.sum(structures * difference * weight, axis=(1, 2)) for weight in (q0, 2)]
    if r < 1:       # the loss falls faster
        q0, structures = _pairs(x, r, r, blocking, outer, inner)
    rows += [np.sum(structures * np.exp(-q0 / r) * weight, axis=(1, 2)) for weight in (q0, 2)]
    return np.array(rows) / (2 * np.pi**5)      # 128/(256 pi^5)


def _pairs(x, r, scale, blocking, outer, inner):
    """Total energies q_0 = 2 x + scale y, shape (outer, 1), and the two structures, (2, outer, outer)."""
    y, dy = gauss_laguerre(outer)
    v, dv = gauss_legendre(0, 1, outer)
    q0 = (2 * x + scale * y)[:, None]
    s = 4 * x**2 + (q0**2 - 4 * x**2) * (1 - v**2)              # q = v q_max
    q_max = np.sqrt(q0**2 - 4 * x**2)
    q = q_max * v
    measure = (scale * dy)[:, None] * q_max * dv

    def moments(T, mass2):
        """1, E^2, E p_z, p_z^2, p_t^2 of one of the pair, with the blocking of both, over q."""
        width = np.sqrt(np.maximum(1 - 4 * mass2 / s, 0))
        u, du = gauss_legendre(0, 1, inner)
        E = (q0 / 2)[..., None] + (q * width)[..., None] * (u - 0.5)
        factor = 1.0
        if blocking:
            factor = 1 / (1 + np.exp(-E / T)) / (1 + np.exp(-(q0[..., None] - E) / T))
        factor = factor * du * (q * width)[..., None]
        p_z = (q0[..., None] * E - s[..., None] / 2) / q[..., None]
        p_t2 = np.maximum(E**2 - mass2 - p_z**2, 0)
        return [np.sum(factor * m, -1) for m in (1, E**2, E * p_z, p_z**2, p_t2)]

    nu, e = moments(r, 0.0), moments(1.0, x**2)
    # (p1.p4)^2, averaged over the azimuth
    square = nu[1] * e[1] - 2 * nu[2] * e[2] + nu[3] * e[3] + nu[4] * e[4] / 2
    return q0, np.array([square, x**2 * s / 2 * nu[0] * e[0]]) * measure


def _scattering(x, r, blocking, outer, inner):
    """Energy that the neutrinos gain, over 1 - r: shape (1, 2)."""
    # k_0 > 0 and k are the exchanged energy and momentum: a = (k + k_0)/2 > b = (k - k_0)/2
    y, dy = gauss_laguerre(outer)
    v, dv = gauss_legendre(0, 1, outer)
    scale = max(1.0, r)
    a = (scale * y)[:, None]
    b = a * v**2
    k0, k, t = a - b, a + b, -4 * a * b
    measure = (scale * dy)[:, None] * a * 2 * v * dv * 2    # dk_0 dk = 2 da db

    def moments(E_min, T, mass2, sign):
        """1, E, E^2, ... of the particle before, with f before and 1 - f after, E_after = E + sign k_0."""
        y, dy = gauss_laguerre(inner)
        E = E_min[..., None] + T * y
        after = E + sign * k0[..., None]
        factor = np.exp(-E / T)
        if blocking:
            factor = factor / (1 + factor) / (1 + np.exp(-after / T))
        factor = factor * T * dy
        # p.k = -sign t/2, hence the component along k
        p_z = (E * k0[..., None] + sign * t[..., None] / 2) / k[..., None]
        p_t2 = np.maximum(E**2 - mass2 - p_z**2, 0)
        return [np.sum(factor * m, -1) for m in (1, E, p_z, E**2, E * p_z, p_z**2, p_t2)]

    nu = moments(a, r, 0.0, -1)
    e = moments((-k0 + k * np.sqrt(1 + x**2 / (a * b))) / 2, 1.0, x**2, 1)
    linear = nu[1] * e[1] - nu[2] * e[2]                                    # p1.p2
    square = nu[3] * e[3] - 2 * nu[4] * e[4] + nu[5] * e[5] + nu[6] * e[6] / 2
    # p1.p4 = p1.p2 + t/2
    both = 2 * square + t * linear + t**2 / 4 * nu[0] * e[0]
    structures = np.array([both, -x**2 * np.abs(t) * nu[0] * e[0]]) * measure
    exchange = k0 * np.expm1(k0 * (1 / r - 1)) / (1 - r)
    return 2 / (2 * np.pi**5) * np.array([[np.sum(A * exchange) for A in structures]])
