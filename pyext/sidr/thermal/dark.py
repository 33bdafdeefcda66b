r"""What neutrinos, phi and chi exchange: cross-sections, transfer of energy and number, rates.

Maxwell-Boltzmann statistics, as in arXiv:2506.08085. Of a pair at T_a and T_b with cross-section
sigma(s), the first loses, per time, (S23) with S = 1/2,

.. math:: \frac{1}{2 (2\pi)^4}\int ds\,\sigma s^2\, T_a K_2(\sqrt{s/T_a T_b}), \qquad
          \frac{1}{(2\pi)^4}\int ds\,\sigma s^{3/2} \sqrt{T_a T_b}\, K_1(\sqrt{s/T_a T_b})

in energy and in number. Each channel is given as these integrals at T = T_a = T_b over the squared
coupling, `Exchange`.
"""

from functools import cache
from math import pi
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre
from scipy.interpolate import CubicSpline
from scipy.special import k1e, kn, kve


class Exchange(NamedTuple):
    """Energy [MeV^5] and number [MeV^4] per time, over the squared coupling lambda_phi_nu^2."""
    rho: np.ndarray
    n: np.ndarray


def narrow_resonance(m_phi):
    """nu nu -> phi in the narrow width, a function from T [MeV], shape (n,), to `Exchange`."""
    def exchange(T):
        x = m_phi / T
        boltzmann = np.exp(-x)
        # sigma -> pi lambda_phi_nu^2 delta(s - m_phi^2), (S28) with (S31)
        return Exchange(m_phi**4 / (32 * pi**3) * T * kve(2, x) * boltzmann,
                        m_phi**3 / (16 * pi**3) * T * k1e(x) * boltzmann)
    return exchange


def breit_wigner(m_phi, width, T_min, T_max):
    """nu nu -> chi chi with the width of phi [MeV], for T from T_min to T_max, as `narrow_resonance`."""
    gamma = m_phi * width

    def sigma(s):           # (S28) over lambda_phi_nu^2; lambda_phi_chi^2 n_chi = 16 pi width/m_phi
        return width / m_phi * s / ((s - m_phi**2)**2 + gamma**2)

    # Around the pole in the angle atan((s - m^2)/(m width)), elsewhere in ln s
    angle, d_angle = _gauss(np.arctan([-m_phi / width / 2, m_phi / width]), 120)
    s_pole, ds_pole = m_phi**2 + gamma * np.tan(angle), gamma / np.cos(angle)**2 * d_angle
    below, d_below = _gauss([np.log(1e-8 * T_min**2), np.log(m_phi**2 / 2)], 200)
    above, d_above = _gauss([np.log(2 * m_phi**2), np.log(2 * m_phi**2 + (100 * T_max)**2)], 200)
    s = np.concatenate([np.exp(below), s_pole, np.exp(above)])
    ds = np.concatenate([np.exp(below) * d_below, ds_pole, np.exp(above) * d_above])
    return _tabulated(sigma(s), s, ds, T_min, T_max)


def t_channel(m_phi, M_N_over_lambda):
    """nu nu -> phi phi for heavy N, (S32) without its factor 1 - s/M_N^2, as `narrow_resonance`."""
    spline = _pair_production()
    # lambda_phi_nu^2 lambda_phi_N^2/(8 pi M_N^2)
    constant = 1 / (8 * pi * M_N_over_lambda**2) / (2 * pi)**4

    def exchange(T):
        x = np.minimum(m_phi / T, 300.0)
        ln_rho, ln_n = spline(np.log(np.maximum(x, 1e-3)))
        boltzmann = constant * np.exp(-2 * x) * T**6
        return Exchange(boltzmann * T / 2 * np.exp(ln_rho), boltzmann * np.exp(ln_n))
    return exchange


def t_channel_full(m_phi, M_N_over_lambda, M_N, T_min, T_max):
    """nu nu -> phi phi for sterile neutrinos of mass M_N [MeV], (S32), as `narrow_resonance`."""
    threshold = 4 * m_phi**2
    u, du = _gauss([0, np.log(1 + (100 * T_max / m_phi)**2)], 400)
    s = threshold * np.exp(u)
    return _tabulated(sigma_t_channel(s, m_phi, M_N_over_lambda, M_N), s, s * du, T_min, T_max)


def sigma_t_channel(s, m_phi, M_N_over_lambda, M_N):
    """Cross-section of nu nu -> phi phi over lambda_phi_nu^2, (S32) in full [1/MeV^2]."""
    f = np.sqrt(1 - 4 * m_phi**2 / s)
    g = (M_N**2 - m_phi**2) / s
    bracket = (8 * f / (1 + s / M_N**2 * g**2) - 24 * f
               + 16 * (6 * g**2 + 4 * g + 1 + 4 * M_N**2 / s) / (1 + 2 * g) * np.arctanh(f / (1 + 2 * g)))
    # For s << M_N^2 the terms cancel: there the limit of heavy N, good to s/M_N^2
    bracket = np.where(g > 1e6, 16 * f * s / M_N**2, bracket)
    return (M_N / M_N_over_lambda)**2 / (128 * pi * s) * bracket


def phi_width(m_phi, lambda_phi_chi, n_chi):
    """Width of phi -> chi chi at rest [MeV], all flavours."""
    return n_chi * lambda_phi_chi**2 * m_phi / (16 * pi)        # (S31)


class Rates(NamedTuple):
    """Interaction rates [MeV] of one particle with a thermal bath; `history.rates` has them over H."""
    weak: np.ndarray            # relaxation of nu_e towards the plasma
    nu_nu_to_chi_chi: np.ndarray  # s-channel, for a nu_mu
    nu_nu_to_phi_phi: np.ndarray  # t-channel, for a nu_mu
    chi_chi_to_chi_chi: np.ndarray
    phi_to_chi_chi: np.ndarray


def rate_s_channel(T, m_phi, lambda_phi_nu):
    """nu nu -> chi chi in the narrow width [MeV], for g = 2."""
    # (S39), whose closed form is 4/pi larger: its integral ends at s = (m +- Gamma)^2
    return lambda_phi_nu**2 * m_phi**3 * kn(1, m_phi / T) / (16 * pi * T**2)


def rate_t_channel(T, m_nu, M_N_over_lambda):
    """nu nu -> phi phi for m_phi << T << M_N [MeV], g = 2; m_nu in MeV."""
    # (S41) as it follows from (S32): no lambda_phi_chi, and T^3
    return 2 * m_nu**2 * T**3 / (8 * pi**3 * M_N_over_lambda**4)


def rate_self(T, m_phi, lambda_phi_chi):
    """chi chi -> chi chi for T << m_phi [MeV]."""
    return 5 * lambda_phi_chi**4 * T**5 / (2 * pi**3 * m_phi**4)        # (S40)


def rate_decay(T, m_phi, lambda_phi_chi, n_chi):
    """phi -> chi chi, dilated [MeV]."""
    x = m_phi / T
    return phi_width(m_phi, lambda_phi_chi, n_chi) * k1e(x) / kve(2, x)  # (S42)


@cache
def _pair_production():
    """ln of the integrals with sqrt(1 - 4 m^2/s) in units of T, over exp(-2 x), against ln(x = m/T)."""
    lnx = np.linspace(np.log(1e-3), np.log(300), 400)
    x = np.exp(lnx)[:, None]
    y, dy = _gauss([0, 60], 200)
    root_s = 2 * x + y                                          # sqrt(s) above threshold
    measure = 2 * root_s * dy * np.sqrt(1 - 4 * x**2 / root_s**2) * np.exp(-y)
    rho = np.sum(measure * root_s**4 * kve(2, root_s), axis=1)
    n = np.sum(measure * root_s**3 * k1e(root_s), axis=1)
    return CubicSpline(lnx, np.log([rho, n]), axis=1)


def _tabulated(sigma, s, ds, T_min, T_max):
    """An exchange from a cross-section over lambda_phi_nu^2 at nodes s with weights ds."""
    lnT = np.linspace(np.log(T_min), np.log(T_max), 300)
    T = np.exp(lnT)[:, None]
    x = np.minimum(np.sqrt(s) / T, 690)
    rho = np.sum(sigma * ds * s**2 * T * kn(2, x), axis=1) / (2 * (2 * pi)**4)
    n = np.sum(sigma * ds * s**1.5 * T * k1e(x) * np.exp(-x), axis=1) / (2 * pi)**4
    spline = CubicSpline(lnT, np.log([rho + 1e-300, n + 1e-300]), axis=1)
    return lambda T: Exchange(*np.exp(spline(np.log(np.clip(T, T_min, T_max)))))


def _gauss(interval, size):
    """Gauss-Legendre nodes and weights."""
    u, du = legendre.leggauss(size)
    lower, upper = interval
    return (lower + upper) / 2 + (upper - lower) / 2 * u, (upper - lower) / 2 * du
