"""Production of the sterile neutrinos, Fig. S2 of arXiv:2506.08085: rates over H.

Thermal averages (S38) with massless leptons, Maxwell-Boltzmann; valid below the mass of the W.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import kn

from sidr.constants import EV, G_F, RHO_NU, SIN2_W, hubble
from sidr.numerics import gauss_legendre

from .plasma import plasma
from .seesaw import mixing_angle


class SterileRates(NamedTuple):
    """Rates over H, shape (n,)."""
    e_nu_to_e_nu: np.ndarray        # standard model
    e_nu_to_e_N: np.ndarray
    nu_nu_to_nu_N: np.ndarray
    e_e_to_nu_N: np.ndarray
    nu_nu_to_N_N: np.ndarray        # by Z and by phi


def sterile_rates(T, m_nu, M_N, lambda_phi_N):
    """Rates at which sterile neutrinos are made.

    Parameters
    ----------
    T : array_like, shape (n,)
        Temperature [MeV].
    m_nu : float
        Mass of the light neutrino [eV].
    M_N : float
        Mass of the sterile neutrino [MeV].
    lambda_phi_N : float
        Coupling of the sterile neutrino to phi.

    Returns
    -------
    SterileRates
    """
    T = np.asarray(T, float)
    theta2 = mixing_angle(m_nu, M_N)**2
    H = hubble(np.array([plasma(t).rho for t in T]) + 3 * RHO_NU * T**4)
    g_L, g_R = 0.5 + SIN2_W, SIN2_W
    fermi = G_F**2 / np.pi
    # sigma/s of nu_e on e- and e+; on neutrinos of all flavours (for g = 2: half); of e- e+ to nu_e
    on_e = fermi * 4 / 3 * (g_L**2 + g_R**2)
    on_nu = fermi * (2 * (1 / 4 + 1 / 12) + 1 / 2 + 1 / 3) / 2
    pair = fermi * (g_L**2 + g_R**2) / 6

    def rate(constant, threshold=0.0):
        """Over H, for sigma = constant s sqrt(1 - threshold/s)."""
        return average(lambda s: constant * s * np.sqrt(1 - threshold / s), T, threshold) / H

    to_phi = average(lambda s: sigma_phi(s, m_nu, M_N, lambda_phi_N), T, 4 * M_N**2)
    return SterileRates(rate(on_e), theta2 * rate(on_e, M_N**2), theta2 * rate(on_nu, M_N**2),
                        theta2 * rate(pair, M_N**2), theta2**2 * rate(on_nu, 4 * M_N**2) + to_phi / H)


def sigma_phi(s, m_nu, M_N, lambda_phi_N):
    """Cross-section of nu nu -> N N by phi, the integral of (S35) over the sphere [1/MeV^2]."""
    c, dc = gauss_legendre(-1, 1, 96)
    s = np.asarray(s, float)[..., None]
    beta = np.sqrt(1 - 4 * M_N**2 / s)
    t = M_N**2 - s / 2 * (1 - beta * c)
    u = 2 * M_N**2 - s - t
    bracket = (3 + M_N**4 * (1 / t**2 - 1 / (t * u) + 1 / u**2)
               - M_N**2 * (u / (s * t) + t / (s * u) + 2 * s / (t * u) + 2 / s - 1 / t - 1 / u)
               + (s**2 / (t * u) + t**2 / (s * u) + u**2 / (s * t)
                  - t / s - s / t - u / s - s / u - u / t - t / u) / 2)
    constant = lambda_phi_N**4 * (m_nu * EV / M_N)**2 / (16 * np.pi**2 * s)
    return 2 * np.pi * np.sum(constant * beta * bracket * dc, axis=-1)


def average(sigma, T, s_min):
    """Rate [MeV] of a particle in a bath with g = 2, (S38)."""
    x, dx = gauss_legendre(0, 60, 200)          # (sqrt(s) - sqrt(s_min))/T
    root_s = np.sqrt(s_min) + T[:, None] * x
    integrand = sigma(root_s**2) * root_s**3 * kn(1, root_s / T[:, None]) * 2 * root_s
    return 2 / (32 * np.pi**2 * T**2) * np.sum(integrand * dx, axis=1) * T
