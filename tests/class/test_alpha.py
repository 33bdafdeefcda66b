"""Angular coefficients of the collision term, from the collision integral itself."""

import re

import numpy as np
from conftest import ROOT
from numpy.polynomial.legendre import leggauss
from numpy.testing import assert_allclose
from scipy.special import eval_legendre

SOURCE = ROOT / "class_patch" / "src" / "input_sidr.c"


def relative_damping(ell, nodes=24):
    """alpha_l / alpha_infinity: energy-weighted loss minus gain over loss.

    Particles 1, 2 -> 3, 4 with Maxwell-Boltzmann statistics and |M|^2 ~ s^2 + t^2 + u^2 (arXiv:2506.08085,
    S34), of a perturbation ~ E P_l(cos theta), that is of the temperature. Total energy is 1: all
    integrands are homogeneous in it. 3 and 4 are alike.
    """
    x, w = leggauss(nodes)
    E1, c12, c, phi = np.meshgrid((x + 1) / 2, x, x, (np.arange(2 * nodes) + 0.5) * np.pi / (2 * nodes),
                                  indexing="ij")  # c, phi: direction of 3 from 1 in the centre of mass
    weight = w[:, None, None, None] * w[:, None, None] * w[:, None]
    E2 = 1 - E1
    s = 2 * E1 * E2 * (1 - c12)
    beta = np.sqrt(1 - s)
    c1 = np.clip((2 * E1 - 1) / beta, -1, 1)  # of particle 1, from the boost
    E3 = (1 + beta * (c1 * c + np.sqrt((1 - c1**2) * (1 - c**2)) * np.cos(phi))) / 2
    c13 = np.clip(1 - s * (1 - c) / (4 * E1 * E3), -1, 1)
    weight = weight * E1 * E2 * s**2 * (1 + (1 + c**2) / 2)
    gain = 2 * E3 * eval_legendre(ell, c13) - E2 * eval_legendre(ell, c12)
    return (weight * E1 * (E1 - gain)).sum() / (weight * E1**2).sum()


def preset(name):
    """Coefficients of a preset in the C source, from l = 2 on."""
    numbers = re.search(rf'"{name}", \d+, {{([^}}]*)}}', SOURCE.read_text())[1]
    return np.array(numbers.split(","), dtype=float)


def test_scattering_conserves_energy_and_momentum():
    assert_allclose([relative_damping(0), relative_damping(1)], 0, atol=1e-12)


def test_exact_preset_is_the_collision_integral():
    alpha = preset("exact")
    infinity = 35 * np.pi / 216
    assert_allclose(alpha[0], 7 * np.pi * (3949 - 400 * np.pi**2) / 60, atol=1e-6)
    assert_allclose(alpha[-1], infinity, atol=1e-5)
    computed = infinity * np.array([relative_damping(ell) for ell in range(2, 2 + len(alpha) - 1)])
    # the published table, up to l = 8, is up to 7e-4 below the integral; above l = 8 it is the integral
    assert_allclose(alpha[:7], computed[:7], rtol=7e-4)
    assert_allclose(alpha[7:-1], computed[7:], rtol=2e-5)
