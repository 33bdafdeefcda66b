"""The thermal history, against an independent solver, limits, and conservation laws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.special import kn

from sidr.constants import ALPHA_EM, G_F, M_E, RHO_NU, SIN2_W, hubble
from sidr.neutrinos import masses
from sidr.numerics import Table
from sidr.oscillations import Mixing
from sidr.statistics import bose, fermi, gas
from sidr.thermal import constraints, dark, equilibrium, evolve, seesaw, table
from sidr.thermal.baths import NoHistory, State, densities, thermal
from sidr.thermal.equations import Channel, losses
from sidr.thermal.plasma import plasma, reduced_pressure
from sidr.thermal.weak import COUPLINGS, integrals, weak_among_neutrinos, weak_from_plasma

#: The benchmark of Fig. 1: m_phi [MeV], lambda_phi_chi, M_N/lambda_phi_N [MeV], Sigma m_nu [eV], n_chi
FIG1 = (0.01, 0.003, 100, 0.065, 1)


# --- equilibrium ---

@pytest.mark.parametrize("n_chi, numbers", [    # an independent solver, all digits that it gives
    (1, (0.487854524, 1.089315231, 0.646831159, 1.039203690, 3.071276141, 2.303457105)),
    (2, (0.422314586, 1.072145580, 0.512989328, 1.037594932, 3.047414961, 1.828448977)),
    (40, (0.055012073, 1.047587292, 0.055156772, 1.047125932, 3.000642689, 0.209347164))])
def test_equilibrium_is_that_of_an_independent_solver(n_chi, numbers):
    e = equilibrium(n_chi)
    assert_allclose((e.z_eq, e.xi_eq, e.z_f, e.xi_f, e.N_eff, e.N_eff_nu), numbers, rtol=0, atol=1e-9)
    assert_allclose(e.N_eff_nu + e.N_eff_chi, e.N_eff, rtol=1e-14)


def test_equilibrium_with_many_flavours_of_chi():
    # z -> 0: Maxwell-Boltzmann, 7 pi^4/(540 zeta(3)) from energy per number; corrections 1/n
    e = equilibrium(1e4)
    assert_allclose(e.xi_f, 7 * np.pi**4 / (540 * 1.2020569031595942), rtol=3e-5)
    assert_allclose((e.N_eff - 3) * 1e8, 1.166, rtol=1e-3)


def test_equilibrium_without_chi_is_heated_by_phi_alone():
    e = equilibrium(0)
    # (S16), (S4): the energy and the number of three neutrinos, with phi
    rho = 6 * 3 * fermi(4, e.z_eq) + 3 * bose(4, e.z_eq**2)
    n = 2 * 3 * fermi(3, e.z_eq) + 2 * bose(3, e.z_eq**2)
    assert_allclose([rho * e.xi_eq**4, n * e.xi_eq**3], [18 * fermi(4, 1), 6 * fermi(3, 1)], rtol=1e-12)
    assert e.N_eff > 3 and e.N_eff_chi == 0


def test_phi_takes_a_few_percent_and_z_over_2n_for_many_flavours():
    assert 0.02 < equilibrium(1).rho_phi_fraction < 0.03
    e = equilibrium(1000)
    total = 90 * 1003 * fermi(4, e.z_eq)            # (S11) without photons
    assert_allclose(45 * bose(4, e.z_eq**2) / total, e.z_eq / (2 * 1000 + 6), rtol=2e-3)


@pytest.mark.parametrize("s, z", [(3, 0.3), (4, 0.9), (3, 1e-4)])
def test_integrals_of_statistics_are_polylogarithms(s, z):
    k = np.arange(1, 400)
    assert_allclose(fermi(s, z), -np.sum((-z)**k / k**s), rtol=1e-12)
    assert_allclose(bose(s, z), np.sum(z**k / k**s), rtol=1e-12)


def test_gas_is_thermodynamically_consistent():
    T, z, m, h = 0.7, 0.6, 0.4, 1e-5
    for boson in (False, True):
        here = gas(T, z, m, boson)
        hot, cold = gas(T * (1 + h), z, m, boson), gas(T * (1 - h), z, m, boson)
        more, less = (gas(T, z * np.exp(x), m, boson) for x in (h, -h))
        assert_allclose((hot.rho - cold.rho) / (2 * h), here.drho_dlnT, rtol=1e-8)
        assert_allclose((hot.n - cold.n) / (2 * h), here.dn_dlnT, rtol=1e-8)
        assert_allclose((more.rho - less.rho) / (2 * h), here.drho_dlnz, rtol=1e-8)
        assert_allclose((more.P - less.P) / (2 * h), here.n * T, rtol=1e-8)     # dP/dmu = n
        assert_allclose((hot.P - cold.P) / (2 * h), here.rho + here.P, rtol=1e-8)   # at constant mu/T


# --- plasma ---

def test_plasma_has_the_known_limits():
    e2 = 4 * np.pi * ALPHA_EM
    ideal = np.pi**2 / 90 * (2 + 3.5)
    qed = -5 / 288 * e2 + e2**1.5 / (12 * np.pi**4) * (np.pi**2 / 3)**1.5   # massless electrons
    assert_allclose([reduced_pressure(1e-9, qed=False), reduced_pressure(1e-9)], [ideal, ideal + qed],
                    rtol=1e-10)
    cold = plasma(1e-3)
    assert_allclose([cold.rho, cold.P], np.pi**2 / 15 * 1e-12 * np.array([1, 1 / 3]), rtol=1e-14)


@pytest.mark.parametrize("T", [10.0, 0.5, 0.05])
def test_plasma_obeys_the_first_law(T):
    h = 1e-4
    P = [reduced_pressure(M_E / t) * t**4 for t in (T * (1 - h), T * (1 + h))]
    here = plasma(T)
    assert_allclose((P[1] - P[0]) / (2 * h), here.rho + here.P, rtol=1e-7)


# --- weak interactions ---

@pytest.mark.parametrize("r", [0.5, 0.9, 1.1])
def test_weak_transfer_has_the_maxwell_boltzmann_limits(r):
    # Massless: 32 (T^9 - T_nu^9) for annihilation, 56 T^4 T_nu^4 (T - T_nu) for scattering, times
    # 4 (g_L^2 + g_R^2) G_F^2/pi^5; by hand from the matrix elements
    difference, _, _, _, scattering = integrals(0.0, r, False, (40, 24))[:, 0] * (1 - r) * np.pi**5
    assert_allclose([difference, scattering], [4 * 32 * (1 - r**9), 4 * 56 * r**4 * (1 - r)], rtol=1e-10)


def test_weak_rates_of_blocked_electrons_are_those_of_a_direct_integral():
    """nu nu-bar -> e- e+ at rest frame angles, a Monte Carlo over all momenta, to its error of 1%."""
    rng = np.random.default_rng(3)
    x, r, n = 1.5, 0.8, 400_000
    # neutrinos from an exponential in E, isotropic; final state isotropic in the centre of mass
    E = rng.gamma(3, r, (2, n))
    cos = rng.uniform(-1, 1, n)
    s = 2 * E[0] * E[1] * (1 - cos)
    open_ = s > 4 * x**2
    E, cos, s = E[:, open_], cos[open_], s[open_]
    q0, q = E.sum(0), np.sqrt(E.sum(0)**2 - s)
    c, phi = rng.uniform(-1, 1, s.size), rng.uniform(0, 2 * np.pi, s.size)
    beta = np.sqrt(1 - 4 * x**2 / s)
    E4 = (q0 + q * beta * c) / 2
    # p1 in the centre of mass makes the angle c1 with q
    c1 = (2 * E[0] - q0) / q
    p1p4 = s / 4 * (1 - beta * (c * c1 + np.sqrt((1 - c**2) * (1 - c1**2)) * np.cos(phi)))
    blocking = 1 / (1 + np.exp(-E / r)).prod(0) / (1 + np.exp(-E4)) / (1 + np.exp(-(q0 - E4)))
    # dPi_1 dPi_2 = E1^2 E2^2 dE1 dE2 dcos 8 pi^2/(4 E1 E2 (2 pi)^6); two-body phase space beta/(8 pi)
    weight = q0 * blocking * beta / (8 * np.pi) / (E[0] * E[1])
    weight *= 8 * np.pi**2 / 4 / (2 * np.pi)**6 * (2 * r**3)**2 * 2 * 128
    loss = [np.sum(weight * p1p4**2) / n, np.sum(weight * x**2 * s / 2) / n]
    assert_allclose(integrals(x, r)[2], loss, rtol=0.015)


def test_weak_rates_grow_smaller_by_statistics_as_is_known():
    # 0.884 and 0.829 in the literature, there for larger differences of temperature
    near = integrals(0.0, 0.999)[:, 0] * np.pi**5
    assert_allclose([near[0] / (128 * 9), near[4] / (4 * 56)], [0.884, 0.829], rtol=6e-3)


@pytest.mark.parametrize("T, r, z", [(10, 0.999, 1), (2, 0.97, 0.9), (0.5, 0.8, 0.7), (0.2, 0.72, 0.5),
                                     (1, 1.5, 0.06)])
def test_table_of_weak_rates_is_good(T, r, z):
    direct = integrals(M_E / T, r, size=(40, 24))
    for got, coupling in zip(weak_from_plasma(T, (r * T, r * T), (z, z)), COUPLINGS, strict=True):
        rho, n, loss_rho, loss_n, scattering = direct @ coupling
        assert_allclose(got.rho, G_F**2 * T**9 * ((1 - r) * (rho + z * scattering) + (1 - z**2) * loss_rho),
                        rtol=1e-4)
        assert_allclose(got.n, G_F**2 * T**8 * ((1 - r) * n + (1 - z**2) * loss_n), rtol=1e-4)


def test_equal_temperatures_transfer_nothing():
    assert weak_from_plasma(1.3, (1.3, 1.3)) == [(0, 0), (0, 0)]
    assert weak_among_neutrinos(0.8, 0.8) == (0, 0)
    state = State((0.02, 0.02), (0.7, 0.7), 0.02, 0.7, *[0.0] * 6)
    couplings = seesaw.pair_couplings(100, 0.12, "normal")
    for exchange, back in ((dark.narrow_resonance(0.01), 2), (dark.t_channel(0.01, 100), 4)):
        z_back = state._replace(z_chi=0.7**(2 / back))      # mu of 2 nu is that of `back` chi
        for loss in losses(Channel(exchange, "s", back, 0), z_back, couplings):
            assert np.abs(loss).max() < 1e-14 * exchange(np.array([0.02]))[0][0] * couplings.max()


def test_neutrinos_give_to_each_other_what_they_lose():
    a, b = weak_among_neutrinos(1.0, 0.9, 0.8, 0.7), weak_among_neutrinos(0.9, 1.0, 0.7, 0.8)
    assert a.rho == -b.rho < 0 and a.n == -b.n


def test_couplings_of_the_weak_interaction():
    assert_allclose(COUPLINGS[0], [(0.5 + SIN2_W)**2 + SIN2_W**2, (0.5 + SIN2_W) * SIN2_W])
    assert COUPLINGS[1][1] < 0


# --- phi and chi ---

def test_narrow_resonance_is_the_inverse_decay():
    # d rho/dt = Gamma m n_phi with n_phi = m^2 T K_2/(2 pi^2), Gamma(phi -> nu nu) = lambda^2 m/(16 pi)
    m, T = 0.01, 0.004
    rho, n = dark.narrow_resonance(m)(np.array([T]))
    width = m / (16 * np.pi)
    assert_allclose(rho, width * m * m**2 * T * kn(2, m / T) / (2 * np.pi**2), rtol=1e-12)
    # each takes two neutrinos; the rest frame's width is dilated, m n <1/E> = m^2 T K_1/(2 pi^2)
    assert_allclose(n, 2 * width * m**2 * T * kn(1, m / T) / (2 * np.pi**2), rtol=1e-12)


@pytest.mark.parametrize("lam", [0.003, 0.01, 0.03])
def test_breit_wigner_is_narrow_for_small_couplings(lam):
    m = 0.01
    T = np.geomspace(m / 8, 30 * m, 9)      # where the resonance acts
    wide = dark.breit_wigner(m, dark.phi_width(m, lam, 1), T[0] / 2, 2 * T[-1])(T).rho
    narrow = dark.narrow_resonance(m)(T).rho
    # Above the pole sigma = lambda^2/(16 pi s) adds lambda^2 T^2/(2 pi^2 m^2)
    assert_allclose(wide, narrow * (1 + lam**2 * T**2 / (2 * np.pi**2 * m**2)), rtol=2e-5 + 0.5 * lam**2)


def test_breit_wigner_far_above_the_resonance_is_a_power_of_T():
    # sigma -> lambda_phi_chi^2/(16 pi s): int ds s T K_2(sqrt(s)/T) = 16 T^5
    lam, m, T = 1.0, 1e-4, 100.0
    rho = dark.breit_wigner(m, dark.phi_width(m, lam, 1), 0.1, 200.0)(np.array([T])).rho
    assert_allclose(rho, lam**2 / (16 * np.pi) * 16 * T**5 / (2 * (2 * np.pi)**4), rtol=1e-3)


def test_t_channel_has_the_high_temperature_limit():
    # sigma = lambda_nu^2/(8 pi r^2): int ds s^2 T K_2 = 192 T^7, and s^(3/2) T K_1 = 32 T^6
    T, r = 1.0, 100.0
    rho, n = dark.t_channel(1e-3, r)(np.array([T]))
    sigma = 1 / (8 * np.pi * r**2) / (2 * np.pi)**4
    assert_allclose([rho[0], n[0]], [sigma * 192 / 2, sigma * 32], rtol=1e-4)


@pytest.mark.parametrize("x", [0.1, 1.0, 6.0])
def test_t_channel_is_a_direct_integral(x):
    direct = quad(lambda u: 2 * u**5 * np.sqrt(1 - 4 * x**2 / u**2) * kn(2, u), 2 * x, 2 * x + 80)[0]
    rho = dark.t_channel(x, 1.0)(np.array([1.0])).rho[0]
    assert_allclose(rho, direct / (8 * np.pi) / (2 * (2 * np.pi)**4), rtol=1e-5)


def test_full_t_channel_approaches_the_limit_of_heavy_sterile_neutrinos():
    s = np.geomspace(5e-4, 1, 20)
    limit = np.sqrt(1 - 4e-4 / s) / (8 * np.pi * 100**2)
    assert_allclose(dark.sigma_t_channel(s, 0.01, 100, 1e4), limit, rtol=1e-6)
    ratio = dark.sigma_t_channel(np.array([1.0]), 0.01, 100, 10.0) / limit[-1]
    assert 0.98 < ratio[0] < 1      # 1 - O(s/M_N^2)
    T = np.array([0.3])
    heavy = dark.t_channel_full(0.01, 100, 1e5, 0.01, 10)(T)
    assert_allclose(heavy, dark.t_channel(0.01, 100)(T), rtol=1e-4)


def test_rates_are_thermal_averages_of_the_cross_sections():
    """(S38) with g = 2, done numerically."""
    def average(sigma, T, lower, upper):
        value = quad(lambda u: 2 * u**4 * sigma(u**2) * kn(1, u / T), lower, upper, limit=200)[0]
        return 2 / (32 * np.pi**2 * T**2) * value

    T, m, r, m_nu, lam = 0.02, 0.01, 100.0, 2e-8, 0.01
    width = dark.phi_width(m, lam, 1)
    resonance = average(lambda s: width / m * s / ((s - m**2)**2 + (m * width)**2), T,
                        m - 3000 * width, m + 3000 * width)
    narrow, light = dark.narrow_resonance(m), dark.t_channel(1e-4, r)
    assert_allclose(dark.rate_of_pairs(narrow, np.array([T]), 1.0), resonance, rtol=1e-3)
    assert_allclose(dark.rate_of_pairs(light, np.array([1.0]), (m_nu / r)**2),
                    average(lambda s: m_nu**2 / (8 * np.pi * r**4), 1.0, 0, 60), rtol=1e-5)
    S39 = m**3 * kn(1, m / T) / (16 * np.pi * T**2)
    assert_allclose(dark.rate_of_pairs(narrow, np.array([T]), 1.0), S39, rtol=1e-12)
    assert_allclose(dark.rate_self(1e-3, m, lam),
                    average(lambda s: 5 * lam**4 * s / (96 * np.pi * m**4), 1e-3, 0, 0.06), rtol=1e-6)
    assert_allclose(dark.rate_decay(1e-5, m, lam, 2), 2 * lam**2 * m / (16 * np.pi), rtol=2e-3)


# --- flavours ---

def test_mixing_matrix_is_unitary_and_couplings_share_it():
    U2 = seesaw.pmns_squared(seesaw.MIXINGS["normal"])
    assert_allclose([U2.sum(0), U2.sum(1)], np.ones((2, 3)), rtol=1e-14)
    assert_allclose(U2[0], [0.6771, 0.3010, 0.0219], atol=1e-3)     # NuFIT 6.0: |U_e|^2
    w = seesaw.pair_couplings(100, 0.12, "normal")
    m = np.array(masses(0.12, "normal")) * 1e-6 / 100
    assert_allclose(w.sum(), np.sum(m**2), rtol=1e-13)              # unitarity: nothing is lost
    assert_allclose(w, w.T, rtol=1e-13)


def test_printed_counting_leaves_out_a_third():
    # 2.066/3 is the factor for NuFIT's lower octant and no CP violation; 2 if nu_mu and nu_tau mix alike
    for mixing, total in ((Mixing(33.45, 42.1, 8.62, 0), 2.066), (Mixing(33, 45, 0, 0), 2)):
        printed, complete = (seesaw.pair_couplings(100, 0.065, "degenerate", counting, mixing).sum()
                             for counting in ("printed", "complete"))
        assert_allclose(3 * printed / complete, total, atol=1e-3)


def test_seesaw_relations():
    assert_allclose(seesaw.mixing_angle(0.02, 10), (0.02e-6 / 10)**0.5)
    assert_allclose(seesaw.neutrino_coupling(0.065 / 3, 100), 2.1667e-10, rtol=1e-4)


# --- evolution ---

@pytest.mark.parametrize("point, options, N_nu, N_chi, N_tot", [    # the independent solver's table
    ((*FIG1[:4], 0), {}, 3.0443, 0, 3.0443),
    ((*FIG1[:4], 0), {"qed": False}, 3.0350, 0, 3.0350),
    (FIG1, {}, 2.2841, 0.7614, 3.0454),
    ((*FIG1[:4], 2), {}, 1.8273, 1.2182, 3.0454),
    ((*FIG1[:4], 40), {}, 0.2125, 2.8330, 3.0454),
    (FIG1, {"T_start": 20.0}, 2.2851, 0.7617, 3.0468),
    (FIG1, {"t_channel": "off"}, 2.2833, 0.7611, 3.0444),
    ((1.0, 0.003, 100, 0.03, 1), {}, 2.3103, 0.7604, 3.0706),
    ((1.0, 0.003, 100, 0.65, 1), {}, 2.9479, 0.9826, 3.9305)])
def test_history_is_that_of_an_independent_solver(point, options, N_nu, N_chi, N_tot):
    h = evolve(*point, **options)
    # Its tolerance is 2e-3, for another weak transfer; both have it from its integrals
    assert_allclose([h.N_eff_nu, h.N_eff_chi, h.N_eff], [N_nu, N_chi, N_tot], rtol=5e-4, atol=1e-12)
    assert_allclose(h.N_eff_nu + h.N_eff_chi, h.N_eff, rtol=1e-12)
    assert h.energy_drift < 1e-6


def test_light_phi_has_gone_at_the_end():
    # The default T_end follows m_phi, and nothing happens after
    h = evolve(3e-4, *FIG1[1:], potentials="all", times=2)
    assert h.T_gamma[-1] == pytest.approx(3e-5)
    later = evolve(3e-4, *FIG1[1:], potentials="all", times=2, T_end=3e-6)
    assert_allclose(h.N_eff, later.N_eff, rtol=1e-4)


def test_rates_are_those_of_the_channels_that_were_asked_for():
    complete, printed, off, full = (
        evolve(*FIG1, times=50, **options).rates for options in
        ({}, {"counting": "printed"}, {"t_channel": "off"}, {"t_channel": "full", "M_N": 1e4}))
    assert not off.nu_nu_to_phi_phi.any() and complete.nu_nu_to_phi_phi[0] > 1e-4
    assert_allclose(full.nu_nu_to_phi_phi[:20], complete.nu_nu_to_phi_phi[:20], rtol=1e-3)   # heavy N
    # S27 without mu tau: |U_e|^2 + |U_mu|^2 + |U_tau|^2 of each state is 1, less the share of the third
    U2 = seesaw.pmns_squared(seesaw.MIXINGS["normal"])
    left = 2 * (U2[0] @ U2[1] + U2[1] @ U2[1]) / (U2[1] + U2[2]).sum()
    assert_allclose(left, 0.624, atol=1e-3)
    early = slice(0, 15)                # at the temperatures of the same, standard neutrinos
    assert_allclose(printed.nu_nu_to_chi_chi[early], left * complete.nu_nu_to_chi_chi[early], rtol=1e-3)


def test_without_chi_nothing_of_it_is_there():
    h = evolve(*FIG1[:4], 0)
    assert h.N_eff_chi == 0 and not h.T_chi.any()
    assert h.rates.weak[0] > 100 and not np.any(h.rates[1:])


def test_standard_model_has_the_known_number_of_neutrinos():
    h = evolve(*FIG1[:4], 0, times=2)
    assert_allclose(h.N_eff, 3.0443, atol=5e-4)
    # One would expect three at (4/11)^(1/3), heated by 1.0087 and 1.011 in n by e+ e-
    assert_allclose(h.n_nu, (3.044 / 3)**0.75, rtol=5e-4)


@pytest.mark.parametrize("potentials, N_eff", [("all", 3.071276141), ("neutrinos", 3 * (8 / 7)**(1 / 3))])
def test_fast_conversion_with_potentials_is_the_equilibrium(potentials, N_eff):
    # Long after nucleosynthesis; phi stays relativistic until equilibrium. With mu = 0 its entropy goes
    # to 7/4 (3 + 1) degrees of freedom, from 1 more: (8/7)^(1/3)
    options = {"T_start": 0.02, "T_end": 1e-7, "t_channel": "off", "times": 60}
    before = evolve(1e-4, 0.003, 100, 3.0, 0, **options)
    h = evolve(1e-4, 0.003, 100, 3.0, 1, potentials=potentials, **options)
    assert_allclose(3 * h.N_eff / before.N_eff, N_eff, rtol=2e-5)
    assert_allclose(h.N_eff_nu / h.N_eff, 0.75, rtol=1e-4)
    assert max(h.energy_drift, h.number_drift) < 1e-6
    if potentials == "all":
        e = equilibrium(1)
        assert_allclose([h.z_nu_e[-1], h.z_chi[-1]], e.z_f, rtol=1e-4)
        assert_allclose(h.T_nu_mu[-1] / before.T_nu_mu[-1], e.xi_f, rtol=2e-5)
        assert_allclose(h.n_nu / before.n_nu, 0.75, rtol=1e-4)


@pytest.mark.parametrize("potentials", ["none", "all", "neutrinos"])
def test_slow_conversion_is_the_standard_model(potentials):
    slow, standard = (evolve(0.01, 0.003, 100, m, n, potentials=potentials, times=2)
                      for m, n in ((1e-6, 1), (0.065, 0)))
    assert_allclose([slow.N_eff, slow.N_eff_nu, slow.n_nu],
                    [standard.N_eff, standard.N_eff_nu, standard.n_nu], rtol=1e-6)


def test_potentials_of_the_standard_model_stay_small():
    with_, without = (evolve(*FIG1[:4], 0, potentials=p, times=2) for p in ("all", "none"))
    assert_allclose(with_.N_eff, without.N_eff, rtol=3e-4)
    assert 0.99 < with_.z_nu_e[-1] < with_.z_nu_mu[-1] < 1      # energy comes faster than number


def test_number_is_conserved_by_the_s_channel_alone():
    h = evolve(*FIG1, potentials="all", t_channel="off", T_start=0.05)
    n_nu = 3 / (2 * np.pi**2) * 1.2020569 * 3
    assert_allclose(h.number_drift, 0, atol=1e-6)
    # n_nu + n_chi at the end against n_nu at the start, per a^-3; no phi is left
    chi = 2 * gas(h.T_chi[-1], h.z_chi[-1]).n
    nu = 2 * (gas(h.T_nu_e[-1], h.z_nu_e[-1]).n + 2 * gas(h.T_nu_mu[-1], h.z_nu_mu[-1]).n)
    assert_allclose((chi + nu) * h.a[-1]**3, n_nu * h.a[0]**3 * h.T_gamma[0]**3, rtol=2e-6)


@pytest.mark.parametrize("n_chi", [0.5, 1, 2, 40, 1000])
def test_efficient_conversion_shares_the_energy_equally(n_chi):
    h = evolve(0.01, 0.003, 100, 0.3, n_chi, times=2)
    assert_allclose(h.N_eff_nu / h.N_eff, 3 / (3 + n_chi), rtol=2e-3)      # (S18)


def test_slow_conversion_scales_as_sqrt_m_phi_times_M_N_over_lambda():
    # The s-channel's Gamma/H at T ~ m_phi goes as (m_nu lambda/M_N)^2/m_phi
    def half(m_phi, M_N_over_lambda):
        def above(x):
            h = evolve(m_phi, 0.003, M_N_over_lambda, np.exp(x), 1, t_channel="off", times=2)
            return h.N_eff_nu - 2.6
        return np.exp(brentq(above, np.log(1e-5), np.log(0.1), xtol=1e-3))

    reference = half(1e-3, 100)
    assert_allclose(half(4e-3, 100) / reference, 2, rtol=0.01)
    assert_allclose(half(1e-3, 500) / reference, 5, rtol=0.01)


def test_printed_counting_moves_contours_and_not_efficient_ends():
    complete, printed = (evolve(*FIG1, counting=c, times=2).N_eff_nu for c in ("complete", "printed"))
    assert_allclose(printed, complete, rtol=1e-3)
    slow, as_slow = (
        evolve(0.01, 0.003, 100, m, 1, counting=c, times=2, t_channel="off").N_eff_nu
        for m, c in ((0.004, "complete"), (0.004 * 1.2247, "printed")))     # sqrt(3/2)
    assert_allclose(slow, as_slow, rtol=0.01)


def test_corrections_to_the_paper_s_text():
    # At 1 MeV, Delta N_tot = 0.4 is at 0.21 eV, well before the 0.65 eV of S4
    low, high = (evolve(1.0, 0.003, 100, m, 1, times=2).N_eff - 3.044 for m in (0.205, 0.215))
    assert low < 0.4 < high
    # M_N/lambda = 10 GeV is not ineffective for a light mediator and a large mass
    assert evolve(0.01, 0.003, 1e4, 0.45, 1, times=2).N_eff_nu < 2.5


def test_orderings_differ_where_the_conversion_is_slow():
    # (Fig. S6) nu_e couples less: at large m_phi it stays hotter than nu_mu
    m1 = 1e-3
    total = m1 + (m1**2 + 7.5e-5)**0.5 + (m1**2 + 2.5e-3)**0.5
    low = evolve(0.01, 0.003, 100, total, 1, "normal")
    high = evolve(0.95, 0.003, 100, total, 1, "normal")
    assert_allclose(low.T_nu_e[-1], low.T_nu_mu[-1], rtol=0.02)
    assert high.T_nu_e[-1] > 1.03 * high.T_nu_mu[-1]
    inverted = evolve(0.95, 0.003, 1000, 0.12, 1, "inverted", times=2)
    assert inverted.T_nu_e[-1] < inverted.T_nu_mu[-1]      # m_1 and m_2 are the heavy ones


def test_history_follows_the_expansion():
    h = evolve(*FIG1)
    rho_nu = RHO_NU * (h.T_nu_e**4 + 2 * h.T_nu_mu**4 + h.T_chi**4)
    rho = np.array([plasma(T).rho for T in h.T_gamma]) + rho_nu
    assert_allclose(h.H, hubble(rho), rtol=1e-9)
    assert_allclose(h.T_gamma[[0, -1]], [10, 1e-4], rtol=1e-12)
    assert h.a[0] == pytest.approx(1) and np.all(np.diff(h.a) > 0)
    assert h.G_eff == pytest.approx(0.09)
    # (Fig. 1) the s-channel is fastest near T = m_phi/3; the t-channel only at first; phi decays at once
    fastest = h.T_gamma[np.argmax(h.rates.nu_nu_to_chi_chi)]
    assert 0.1 < fastest / 0.01 < 1
    assert h.rates.nu_nu_to_chi_chi.max() > 50 and np.all(h.rates.nu_nu_to_phi_phi < 1)
    assert np.all(h.rates.phi_to_chi_chi[5:] > 1e6)


def test_late_temperatures_of_the_three_treatments_differ_as_the_docs_say():
    free, mu, none = (evolve(*FIG1, potentials=p, times=2) for p in ("neutrinos", "all", "none"))
    assert none.N_eff < mu.N_eff < free.N_eff
    assert mu.n_nu < none.n_nu < free.n_nu


# --- chi chi <-> phi phi ---

def test_pairs_of_phi_have_the_cross_section_of_their_amplitude():
    """Traces of gamma matrices, summed over spins and integrated over angles, without the closed form."""
    gamma0 = np.diag([1, 1, -1, -1]).astype(complex)
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    gammas = [np.block([[np.zeros((2, 2)), p], [-p, np.zeros((2, 2))]]) for p in pauli]

    def slash(k):
        return k[0] * gamma0 - sum(ki * g for ki, g in zip(k[1:], gammas, strict=True))

    def square(s, c, m):        # chi chi -> phi phi, lambda = 1: propagators in t and in u
        E, k = s**0.5 / 2, (s / 4 - m**2)**0.5
        p1, p2 = np.array([E, 0, 0, E]), np.array([E, 0, 0, -E])
        k1 = np.array([E, k * (1 - c**2)**0.5, 0, k * c])
        k2 = p1 + p2 - k1
        t, u = (np.dot(q * q, [1, -1, -1, -1]) for q in (p1 - k1, p1 - k2))
        M = slash(p1 - k1) / t + slash(p1 - k2) / u
        return np.trace(slash(p2) @ M @ slash(p1) @ (gamma0 @ M.conj().T @ gamma0)).real

    for s, m in ((5.0, 1.0), (60.0, 1.0)):
        total = quad(lambda c, s=s, m=m: square(s, c, m), -1, 1)[0] * 2 * np.pi
        # Average over 4 helicities, 1/2 for two phi, d sigma = |M|^2 beta dOmega/(64 pi^2 s)
        assert_allclose(dark.sigma_chi_chi_to_phi_phi(s, m),
                        total / 8 * (1 - 4 * m**2 / s)**0.5 / (64 * np.pi**2 * s), rtol=1e-10)


def test_events_are_the_thermal_average_and_the_rates_of_the_docs():
    T, m, lam = 0.5, 1.0, 0.1
    direct = quad(lambda w: 2 * w**4 * dark.sigma_chi_chi_to_phi_phi(w**2, m) * kn(1, w / T), 2 * m, 40)[0]
    events = dark.pairs_of_phi(m, lam)(T)
    assert_allclose(events, lam**4 * T / (16 * np.pi**4) * direct, rtol=1e-6)
    with pytest.raises(ValueError, match="m_phi/T = 1e-07 is outside 1e-06 to 300"):
        dark.pairs_of_phi(1e-7, lam)(1.0)
    # Of one chi, each event takes two, at T = m_phi over H, with neutrinos (4/11)^(1/3) colder after e+ e-
    for m, lam, ratio, T_nu in ((0.01, 0.003, 5.8e9, 0.00716), (1.0, 1e-4, 40, 1.0)):
        H = hubble(plasma(m).rho + 3.04 * RHO_NU * T_nu**4)
        assert_allclose(2 * dark.pairs_of_phi(m, lam)(m) / (2 * m**3 / np.pi**2) / H, ratio, rtol=0.02)


def test_chi_chi_to_phi_phi_at_its_rate_has_both_limits():
    # the rate of chi over H at T = m_phi is 7e-5 and 6e9
    slow, fast = (evolve(0.01, lam, *FIG1[2:], potentials="kinetic", times=2) for lam in (1e-6, 0.003))
    number, free = (evolve(*FIG1, potentials=p, times=2) for p in ("all", "neutrinos"))
    assert_allclose([slow.N_eff, slow.n_nu], [number.N_eff, number.n_nu], rtol=2e-5)
    assert_allclose([fast.N_eff, fast.n_nu], [free.N_eff, free.n_nu], rtol=2e-5)
    # In between phi freezes out when it is not yet rare, and its decay leaves chi with mu > 0
    between = evolve(0.01, 3e-5, *FIG1[2:], potentials="kinetic", times=2)
    assert between.z_chi[-1] > 1.1 and between.N_eff > free.N_eff + 3e-3
    assert between.energy_drift < 1e-6


# --- helium ---

@pytest.mark.parametrize("m_phi, N_bbn, N_expansion", [(0.1, 3.142, 3.047), (1.0, 3.66, 3.13)])
def test_helium_of_an_early_conversion_is_that_of_an_independent_solver(m_phi, N_bbn, N_expansion):
    h = evolve(m_phi, 0.003, 100, 0.065, 1, times=2)
    assert_allclose(h.N_bbn, N_bbn, atol=0.03)              # its accuracy
    assert_allclose(h.N_expansion, N_expansion, atol=5e-3)


def test_helium_of_late_conversions_and_of_the_standard_model_is_standard():
    no_chi = (*FIG1[:4], 0)
    for point, options in ((no_chi, {}), (no_chi, {"qed": False}), (no_chi, {"potentials": "all"}),
                           ((1e-3, *FIG1[1:4], 40), {"t_channel": "off"}),
                           ((1e-3, *FIG1[1:]), {"t_channel": "off", "potentials": "all"})):
        h = evolve(*point, times=2, **options)
        assert_allclose(h.N_bbn, 3.044, atol=1e-3)
    assert_allclose(h.N_expansion, 3.044, atol=1e-3)
    assert h.N_eff > 3.11


def test_helium_rises_with_the_expansion_as_is_known():
    neutrons = evolve(*FIG1[:4], 0, times=2).nucleons
    low, high = (2 * neutrons.neutron_fraction(extra) for extra in (-0.5, 0.5))
    assert_allclose(high - low, 0.01332, rtol=0.01)         # dY_p/dN of an independent solver
    assert_allclose((low + high) / 2, 0.247, atol=0.002)


@pytest.mark.parametrize("potentials", ["none", "all"])
def test_neutrons_are_those_of_one_integral_over_all_energies(potentials):
    """Weinberg (1972), 15.7.15: all six processes in one integral each; then the equation step by step."""
    h = evolve(1.0, 0.003, 100, 0.065, 1, potentials=potentials, times=1500)
    Q, m_e, seconds = 1.29333, M_E, 6.582119569e-22
    # Energies of the electron, beyond m_e on either side: q is that of the neutrino, negative for nu-bar
    E = np.concatenate([-m_e - np.geomspace(1e-6, 60, 1500)[::-1], m_e + np.geomspace(1e-6, 60, 1500)])
    q = E - Q
    weight = np.sqrt(E**2 - m_e**2) * np.abs(E) * q**2
    halves = slice(0, 1500), slice(1500, 3000)

    def rates(T, T_nu, z):
        nu = 1 / (np.exp(np.clip(np.abs(q) / T_nu, 0, 600)) / z + 1)      # of nu, or of nu-bar
        e = 1 / (np.exp(np.clip(np.abs(E) / T, 0, 600)) + 1)
        out = np.where(q > 0, nu, 1 - nu) * np.where(E > 0, 1 - e, e)
        back = np.where(q > 0, 1 - nu, nu) * np.where(E > 0, e, 1 - e)
        return [sum(np.trapezoid((weight * f)[half], E[half]) for half in halves) for f in (out, back)]

    vacuum = quad(lambda E: (E**2 - m_e**2)**0.5 * E * (Q - E)**2, m_e, Q)[0]
    use = (h.T_gamma < 4) & (h.T_gamma > 0.0749)
    T, T_nu, z, H, a = (x[use] for x in (h.T_gamma, h.T_nu_e, h.z_nu_e, h.H, h.a))
    unit = seconds / 878.4 / vacuum / H
    n_to_p, p_to_n = np.array([rates(*state) for state in zip(T, T_nu, z, strict=True)]).T * unit
    ln_a = np.log(a)
    solution = solve_ivp(lambda s, X: np.interp(s, ln_a, p_to_n) * (1 - X) - np.interp(s, ln_a, n_to_p) * X,
                         ln_a[[0, -1]], [1 / (1 + np.exp(Q / T[0]))], method="LSODA", rtol=1e-7, atol=1e-10,
                         dense_output=True)
    end = np.interp(-0.075, -T, ln_a)
    assert_allclose(h.nucleons.neutron_fraction(), solution.sol(end)[0], rtol=1e-3)


def test_helium_of_very_many_flavours_is_that_of_the_expansion():
    # All flavours in equilibrium with the plasma until it decouples: N_eff of 42
    h = evolve(1e-3, 0.003, 10, 1.5, 40, times=2)
    assert h.N_eff > 40
    assert_allclose(h.N_bbn, h.N_eff, rtol=0.02)


def test_bound_of_nucleosynthesis_sees_the_lack_of_nu_e():
    # The expansion alone would allow it, with margin
    point = (1.0, 0.003, 100, 0.065, 1)
    bbn = next(c for c in constraints(*point) if c.name == "BBN")
    assert not bbn.holds and bbn.value > 0.58
    assert evolve(*point, times=2).N_expansion - 3.044 < 0.1


@pytest.mark.parametrize("options, says", [({"T_start": 4.0}, "from 4 to 0.0001 MeV: for nucleosynthesis"),
                                           ({"T_end": 0.03}, "and T_end of 0.02 MeV or less")])
def test_helium_needs_the_whole_of_nucleosynthesis(options, says):
    h = evolve(1.0, 0.003, 100, 0.065, 1, times=2, **options)
    for number in ("N_bbn", "N_expansion"):
        with pytest.raises(ValueError, match=says):
            getattr(h, number)
    if "T_end" in options:
        with pytest.raises(ValueError, match="ends at 0.03 MeV, before e. e- have gone"):
            h.today     # noqa: B018


# --- tables ---

@pytest.mark.parametrize("call, says", [
    (lambda: weak_from_plasma(1.0, (0.1, 1.0)), "ln.T_nu/T. = -2.30259 is outside -1.89712 to 0.916291"),
    (lambda: weak_from_plasma(1.0, (1.0, 3.0)), "ln.T_nu/T. = 1.09861 is outside"),
    (lambda: weak_among_neutrinos(1.0, 0.1), "ln of two T_nu = -2.30259 is outside"),
    (lambda: dark.breit_wigner(1e-2, 1e-6, 1e-3, 1.0)(np.array([0.1, 2])), "T/MeV = 2 is outside 0.001 to"),
    (lambda: dark.breit_wigner(1e-2, 1e-6, 1e-3, 1.0)(np.array([1e-4])), "T/MeV = 0.0001 is outside"),
    (lambda: Table("x", np.exp, 0.0, 1.0, 5)(1.1), "x = 1.1 is outside 0 to 1, the range of a table"),
    (lambda: Table("x", np.exp, 0.0, 1.0, 5)(np.nan), "x = nan is outside")])
def test_tables_refuse_what_they_do_not_have(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_massless_electrons_and_phi_where_tables_end():
    # Above 25 MeV electrons weigh nothing, to 6e-5; so does phi above 1000 m_phi
    hot, massless = weak_from_plasma(1000.0, (900.0, 900.0)), integrals(1e-9, 0.9) @ COUPLINGS[0]
    assert_allclose(hot[0].rho, G_F**2 * 1000.0**9 * 0.1 * (massless[0] + massless[4]), rtol=3e-4)
    near, far = (dark.t_channel(m, 100)(np.array([1.0])) for m in (2e-3, 1e-6))
    assert_allclose(far, near, rtol=5e-5)
    assert_allclose(plasma(1e5).rho, np.pi**2 / 30 * 1e20 * 5.5, rtol=5e-3)


def test_neutrinos_without_a_thermal_distribution_are_refused():
    assert_allclose(thermal(*densities(0.7, 0.3)), (0.7, 0.3), rtol=1e-8)
    with pytest.raises(NoHistory, match="have no thermal distribution with a fugacity"):
        thermal(1.0, 10.0)


# --- constraints and errors ---

def test_benchmark_keeps_all_bounds_and_a_heavy_mediator_breaks_that_of_bbn():
    rows = constraints(*FIG1)
    assert all(c.holds for c in rows) and "EXCLUDED" not in table(rows)
    broken = {c.name for c in constraints(1.0, 0.003, 100, 0.65, 1) if not c.holds}
    assert broken == {"BBN"}
    assert {c.name for c in constraints(0.01, 0.003, 100, 0.05, 1) if not c.holds} == {"oscillations"}
    assert {c.name for c in constraints(*FIG1[:3], 0.101, 1, "inverted") if not c.holds} == set()


def test_sterile_neutrinos_need_a_reheating_below_a_gev():
    limit = next(c for c in constraints(*FIG1) if c.name == "reheating, sterile").limit
    assert 300 < limit < 3000       # "T_rh <~ 1 GeV", its Fig. S2


def test_margins_say_how_far_a_limit_is():
    rows = {c.name: c for c in constraints(*FIG1)}
    assert_allclose(rows["KATRIN"].margin, 0.45 / (0.065 / 3), rtol=1e-9)
    assert_allclose(rows["oscillations"].margin, 0.065 / 0.059, rtol=1e-12)


@pytest.mark.parametrize("changes, message", [
    ({"m_phi": 0}, "m_phi = 0 must be a finite number above 0"),
    ({"lambda_phi_chi": -1}, "lambda_phi_chi = -1 must be"),
    ({"M_N_over_lambda": float("nan")}, "M_N_over_lambda = nan must be"),
    ({"n_chi": -1}, "n_chi = -1 must be a finite number, 0 or more"),
    ({"m_nu_sum": -0.1}, "m_nu_sum = -0.1 must be"),
    ({"times": 1}, "times = 1 must be an integer, 2 or more"),
    ({"T_start": 30.0}, "T_start = 30 MeV must be 25 MeV or less: above, the plasma has muons"),
    ({"T_end": 2e-3}, "T_end = 0.002 MeV must be m_phi/10 = 0.001 MeV or less"),
    ({"m_phi": 1e-5}, "m_phi = 1e-05 MeV must be from 0.0001 MeV to T_start = 10 MeV"),
    ({"m_phi": 11.0}, "m_phi = 11 MeV must be from"),
    ({"T_end": 20.0}, "T_end = 20 MeV must be below T_start = 10 MeV"),
    ({"ordering": "normal", "m_nu_sum": 0.05}, "m_nu_sum = 0.05 eV is below 0.058660 eV"),
    ({"ordering": "upside-down"}, "ordering = 'upside-down' must be degenerate, normal or inverted"),
    ({"t_channel": "half"}, "t_channel = 'half' must be leading, full or off"),
    ({"potentials": "some"}, "potentials = 'some' must be none, all, neutrinos or kinetic"),
])
def test_wrong_input_is_one_clear_error(changes, message):
    names = ("m_phi", "lambda_phi_chi", "M_N_over_lambda", "m_nu_sum", "n_chi")
    point = dict(zip(names, FIG1, strict=True))
    with pytest.raises(ValueError, match=message):
        evolve(**(point | changes))


def test_a_history_that_cannot_be_followed_names_the_point():
    with pytest.raises(RuntimeError, match="m_phi = 0.0081.*chemical potential of phi reaches its mass"):
        evolve(0.0081, 0.12, 22.2, 1.19, 1, potentials="all")


@pytest.mark.parametrize("n_chi", [-1, 1.1e4, float("nan"), "1", True])
def test_equilibrium_refuses_what_is_no_number_of_flavours(n_chi):
    with pytest.raises(ValueError, match="n_chi = .* must be a number from 0 to 10000"):
        equilibrium(n_chi)
