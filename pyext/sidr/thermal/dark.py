r"""What neutrinos, phi and chi exchange: cross-sections, transfer of energy and number, rates.

Maxwell-Boltzmann statistics, as in arXiv:2506.08085. Of a pair at T_a and T_b with cross-section
sigma(s), the first loses, per time, (S23) with S = 1/2,

.. math:: \frac{1}{2 (2\pi)^4}\int ds\,\sigma s^2\, T_a K_2(\sqrt{s/T_a T_b}), \qquad
          \frac{1}{(2\pi)^4}\int ds\,\sigma s^{3/2} \sqrt{T_a T_b}\, K_1(\sqrt{s/T_a T_b})

in energy and in number. Each channel is given as these integrals at T = T_a = T_b over the squared
coupling, `Exchange`.
"""

from functools import cache
from math import exp, log, pi
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import k1e, kn, kve

from sidr.numerics import OutsideTable, gauss_legendre


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
    angle, d_angle = gauss_legendre(*np.arctan([-m_phi / width / 2, m_phi / width]), 120)
    s_pole, ds_pole = m_phi**2 + gamma * np.tan(angle), gamma / np.cos(angle)**2 * d_angle
    below, d_below = gauss_legendre(np.log(1e-8 * T_min**2), np.log(m_phi**2 / 2), 300)
    above, d_above = gauss_legendre(np.log(2 * m_phi**2), np.log(2 * m_phi**2 + (100 * T_max)**2), 200)
    s = np.concatenate([np.exp(below), s_pole, np.exp(above)])
    ds = np.concatenate([np.exp(below) * d_below, ds_pole, np.exp(above) * d_above])
    return _tabulated(sigma(s), s, ds, T_min, T_max)


def t_channel(m_phi, M_N_over_lambda):
    """nu nu -> phi phi for heavy N, (S32) without its factor 1 - s/M_N^2, as `narrow_resonance`."""
    spline = _pair_production()
    # lambda_phi_nu^2 lambda_phi_N^2/(8 pi M_N^2)
    constant = 1 / (8 * pi * M_N_over_lambda**2) / (2 * pi)**4

    def exchange(T):
        x = np.clip(m_phi / T, 1e-3, 300)       # massless below, to 1e-5; nothing above, e^-600
        ln_rho, ln_n = spline(np.log(x))
        boltzmann = constant * np.exp(-2 * x) * T**6
        return Exchange(boltzmann * T / 2 * np.exp(ln_rho), boltzmann * np.exp(ln_n))
    return exchange


def t_channel_full(m_phi, M_N_over_lambda, M_N, T_min, T_max):
    """nu nu -> phi phi for sterile neutrinos of mass M_N [MeV], (S32), as `narrow_resonance`."""
    threshold = 4 * m_phi**2
    u, du = gauss_legendre(0, np.log(1 + (100 * T_max / m_phi)**2), 400)
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
    chi_chi_to_chi_chi: np.ndarray  # a contact interaction: nan where T_chi > 0.3 m_phi
    phi_to_chi_chi: np.ndarray


def rate_of_pairs(exchange, T, coupling2):
    r"""Rate [MeV] of one neutrino with partners at T and couplings^2 that add to coupling2, g = 2.

    In the narrow width and for m_phi << T << M_N

    .. math:: \frac{\lambda_{\phi\nu}^2 m_\phi^3 K_1(m_\phi/T)}{16\pi T^2}, \qquad
              \frac{2 \lambda_{\phi\nu}^2 T^3}{8\pi^3 (M_N/\lambda_{\phi N})^2}

    which are (S39), whose closed form is 4/pi larger because its integral ends at s = (m +- Gamma)^2, and
    (S41) as it follows from (S32), without lambda_phi_chi.
    """
    return coupling2 * exchange(T).n * pi**2 / T**3


def rate_self(T, m_phi, lambda_phi_chi):
    """chi chi -> chi chi [MeV] as a contact interaction; nan where T > 0.3 m_phi."""
    rate = 5 * lambda_phi_chi**4 * T**5 / (2 * pi**3 * m_phi**4)        # (S40)
    return np.where(T > 0.3 * m_phi, np.nan, rate)


def rate_decay(T, m_phi, lambda_phi_chi, n_chi):
    """phi -> chi chi, dilated [MeV]."""
    x = m_phi / T
    return phi_width(m_phi, lambda_phi_chi, n_chi) * k1e(x) / kve(2, x)  # (S42)


def sigma_chi_chi_to_phi_phi(s, m_phi):
    r"""Cross-section of chi chi -> phi phi over lambda_phi_chi^4 [1/MeV^2].

    Majorana chi and a real phi, with the coupling (lambda/2) phi chi chi that gives the width (S31):

    .. math:: \sum|M|^2 = 2\lambda^4 \frac{(t-u)^2 (tu - m_\phi^4)}{t^2 u^2}, \qquad
              \sigma = \frac{\lambda^4 A}{16\pi s^2}\left[\left(2 + \frac{m_\phi^4}{A^2}\right)
              \ln\frac{A + B}{m_\phi^2} - \frac{3B}{A}\right], \quad A = \frac{s}{2} - m_\phi^2

    and B = (A^2 - m_phi^4)^(1/2), averaged over helicities, with 1/2 for two phi that are alike.
    """
    A, B = s / 2 - m_phi**2, np.sqrt(s * (s / 4 - m_phi**2))
    return A / (16 * pi * s**2) * ((2 + m_phi**4 / A**2) * np.log((A + B) / m_phi**2) - 3 * B / A)


def pairs_of_phi(m_phi, lambda_phi_chi):
    """Events of chi chi -> phi phi, one flavour, z = 1: a function of T [MeV], per time and volume [MeV^4].

    Raises
    ------
    OutsideTable
        From the function, for m_phi/T below 1e-6.
    """
    spline = _phi_pairs()

    def events(T):
        x = m_phi / T
        if x > 300:             # less than e^-600
            return 0.0
        if x < 1e-6:
            raise OutsideTable("m_phi/T", x, 1e-6, 300)
        return lambda_phi_chi**4 * T**4 * exp(float(spline(log(x))) - 2 * x)
    return events


@cache
def _phi_pairs():
    """ln of the events over lambda_phi_chi^4 T^4 exp(-2 x), against ln(x = m_phi/T)."""
    lnx = np.linspace(np.log(1e-6), np.log(300), 400)
    x = np.exp(lnx)[:, None]
    v, dv = gauss_legendre(np.log(1e-8), np.log(60), 200)
    y = np.exp(v)
    root_s = 2 * x + y
    # (1/2) 4 T/(32 pi^4) int ds sigma s^(3/2) K_1(sqrt(s)/T), Maxwell-Boltzmann, two chi that are alike
    ds = 2 * root_s * y * dv
    integrand = sigma_chi_chi_to_phi_phi(root_s**2, x) * root_s**3 * k1e(root_s) * np.exp(-y) * ds
    return CubicSpline(lnx, np.log(np.sum(integrand, axis=1) / (16 * pi**4)))


@cache
def _pair_production():
    """ln of the integrals with sqrt(1 - 4 m^2/s) in units of T, over exp(-2 x), against ln(x = m/T)."""
    lnx = np.linspace(np.log(1e-3), np.log(300), 400)
    x = np.exp(lnx)[:, None]
    y, dy = gauss_legendre(0, 60, 200)
    root_s = 2 * x + y                                          # sqrt(s) above threshold
    measure = 2 * root_s * dy * np.sqrt(1 - 4 * x**2 / root_s**2) * np.exp(-y)
    rho = np.sum(measure * root_s**4 * kve(2, root_s), axis=1)
    n = np.sum(measure * root_s**3 * k1e(root_s), axis=1)
    return CubicSpline(lnx, np.log([rho, n]), axis=1)


def _tabulated(sigma, s, ds, T_min, T_max):
    """An exchange from a cross-section over lambda_phi_nu^2 at nodes s with weights ds."""
    lnT = np.linspace(np.log(T_min), np.log(T_max), 480)
    T = np.exp(lnT)[:, None]
    x = np.minimum(np.sqrt(s) / T, 690)                         # e^-690 is nothing
    rho = np.sum(sigma * ds * s**2 * T * kn(2, x), axis=1) / (2 * (2 * pi)**4)
    n = np.sum(sigma * ds * s**1.5 * T * k1e(x) * np.exp(-x), axis=1) / (2 * pi)**4
    spline = CubicSpline(lnT, np.log([rho + 1e-300, n + 1e-300]), axis=1)

    def exchange(T):
        if not (np.all(T >= T_min) and np.all(T <= T_max)):
            raise OutsideTable("T/MeV", T.min() if T.min() < T_min else T.max(), T_min, T_max)
        return Exchange(*np.exp(spline(np.log(T))))
    return exchange
