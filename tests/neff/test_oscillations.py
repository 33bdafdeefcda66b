"""Mixing of the neutrinos: unitarity, eigenvalues, probabilities, the effective Hamiltonian of a pair."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sidr import oscillations
from sidr.oscillations import Mixing, Neutrinos, pmns, pseudo_dirac, standard, three_plus_one

SYSTEMS = [standard("normal"), standard("inverted", delta=0), *(pseudo_dirac(2e-6, j) for j in (1, 2, 3)),
           pseudo_dirac(-1e-5, 3, "inverted"), three_plus_one(1.3, 8, 5, 20, delta=40)]


@pytest.mark.parametrize("neutrinos", SYSTEMS)
def test_mixing_is_unitary_and_hamiltonian_has_the_squared_masses(neutrinos):
    n = len(neutrinos.m2)
    assert_allclose(neutrinos.U @ neutrinos.U.conj().T, np.eye(n), atol=1e-15)
    H = neutrinos.hamiltonian
    assert_allclose(H, H.conj().T, rtol=0, atol=1e-15 * abs(H).max())
    assert_allclose(2 * np.linalg.eigvalsh(H), np.sort(neutrinos.m2), atol=1e-14 * abs(neutrinos.m2).max())


def test_pmns_matrix_has_the_elements_of_the_v_model_paper_and_of_NuFIT():
    s, c = (f(np.radians([33.68, 48.5, 8.52])) for f in (np.sin, np.cos))
    phase = np.exp(1j * np.radians(177))
    U = standard().U
    assert_allclose(U[0], [c[0] * c[2], s[0] * c[2], s[2] / phase], rtol=1e-14)     # (2) of the V-model
    assert_allclose(U[2, 0], s[0] * s[1] - c[0] * s[2] * c[1] * phase, rtol=1e-14)
    assert_allclose(U[1, 2], c[2] * s[1], rtol=1e-14)
    # arXiv:2410.05380, 3 sigma ranges of |U|
    low = [[0.801, 0.519, 0.142], [0.252, 0.496, 0.652], [0.276, 0.485, 0.613]]
    high = [[0.842, 0.580, 0.155], [0.501, 0.680, 0.756], [0.518, 0.673, 0.739]]
    assert np.all((low < abs(U)) & (abs(U) < high))


@pytest.mark.parametrize("L_over_E", [0.0, 180.0, 5e3])     # km/GeV
def test_two_flavours_oscillate_as_the_textbook_says(L_over_E):
    # 1.267 is the textbook's 1/(4 hbar c) in eV^2 km/GeV, with four digits
    dm2, theta = 2.5e-3, 37
    two = Neutrinos(pmns(Mixing(theta, 0, 0, 0)), np.array([0, dm2, 0]))
    expected = np.sin(np.radians(2 * theta))**2 * np.sin(1.267 * dm2 * L_over_E)**2
    assert_allclose(two.probability(L_over_E)[0, 1], expected, atol=1e-30 + 4e-7 * L_over_E)
    assert_allclose(two.probability(L_over_E)[2, 2], 1, rtol=1e-15)


def test_probability_is_that_of_the_hamiltonian():
    from scipy.linalg import expm
    for neutrinos in SYSTEMS:
        evolution = expm(-1j * neutrinos.hamiltonian * 4 * oscillations.OSCILLATION_PHASE * 300)
        assert_allclose(neutrinos.probability(300), abs(evolution.T)**2, atol=1e-11)


def test_neutrinos_and_antineutrinos_differ_by_the_jarlskog_invariant():
    # PDG, neutrino mixing: -16 J sin(phi_21) sin(phi_31) sin(phi_32) for mu -> e
    mixing = oscillations.MIXINGS["inverted"]
    s, c = (f(np.radians(mixing[:3])) for f in (np.sin, np.cos))
    J = s[0] * c[0] * s[1] * c[1] * s[2] * c[2]**2 * np.sin(np.radians(mixing.delta))
    m2 = oscillations.SPLITTINGS["inverted"].m2
    phases = 1.26693268 * 500 * (m2[[1, 2, 2]] - m2[[0, 0, 1]])
    neutrinos, antineutrinos = (standard("inverted", delta) for delta in (mixing.delta, -mixing.delta))
    difference = neutrinos.probability(500) - antineutrinos.probability(500)
    assert_allclose(difference[1, 0], -16 * J * np.sin(phases).prod(), rtol=1e-8)


@pytest.mark.parametrize("j", [1, 2, 3])
def test_pair_has_the_effective_hamiltonian_of_the_paper(j):
    dm2 = 3e-6
    active = standard("normal", delta=0)
    expected = np.zeros((4, 4), complex)                            # (15)
    expected[:3, :3] = active.U @ np.diag(active.m2) @ active.U.conj().T
    expected[:3, 3] = expected[3, :3] = -dm2 / 2 * active.U[:, j - 1]
    expected[3, 3] = active.m2[j - 1]
    assert_allclose(2 * pseudo_dirac(dm2, j, delta=0).hamiltonian, expected, atol=1e-18)


def test_pair_without_splitting_is_the_standard_model():
    P = pseudo_dirac(0, 3).probability(3e4)
    assert_allclose(P[:3, :3], standard().probability(3e4), atol=1e-12)
    assert_allclose(P[3], [0, 0, 0, 1], atol=1e-12)


def test_sterile_neutrino_takes_half_of_the_pair_on_average():
    # The averaged probability of state j to be active is 1/2: of nu_e, |U_ej|^2/2 is lost
    pair, active = pseudo_dirac(1e-5, 2), standard()
    L_over_E = np.random.default_rng(1).uniform(1e9, 1e10, 4000)
    lost = np.mean([pair.probability(x)[:3, 3] for x in L_over_E], axis=0)
    assert_allclose(lost, abs(active.U[:, 1])**2 / 2, atol=0.01)


def test_sterile_neutrino_of_its_own_mass_mixes_by_its_angles():
    neutrinos = three_plus_one(1.3, 8, 5, 20)
    s, c = (f(np.radians([8, 5, 20])) for f in (np.sin, np.cos))
    assert_allclose(neutrinos.U[:, 3], [s[0], c[0] * s[1], c[0] * c[1] * s[2], np.prod(c)], rtol=1e-14)
    assert_allclose(neutrinos.m2[3], 1.3)
    assert_allclose(three_plus_one(1.3).U[:3, :3], standard().U, rtol=0)


@pytest.mark.parametrize("call, says", [
    (lambda: standard("degenerate"), "ordering = 'degenerate' must be normal or inverted"),
    (lambda: pseudo_dirac(1e-6, 0), "j = 0 must be 1, 2 or 3"),
    (lambda: pseudo_dirac(float("nan")), "dm2 = nan must be a finite number of eV"),
    (lambda: three_plus_one(1, theta24="5"), "theta24 = '5' must be a finite number of degrees"),
    (lambda: three_plus_one(float("inf")), "dm2_41 = inf")])
def test_wrong_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
