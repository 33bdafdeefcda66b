"""N_eff by quantum kinetics: conservation laws, symmetries, independent rates, limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sidr.constants import M_E
from sidr.neff import Terms, electrons, integrals, integrator, solution, solve, solve_neutrinos
from sidr.neff.checkpoint import Checkpoint
from sidr.neff.damping import Damping, relaxation_rates
from sidr.neff.density import commutators, components, matrices
from sidr.neff.kinetics import Kinetics
from sidr.oscillations import Mixing, Neutrinos, pmns, pseudo_dirac, rotation, standard, three_plus_one
from sidr.thermal import weak
from sidr.thermal.plasma import plasma

RNG = np.random.default_rng(1)


def midpoints(n):
    h = 20 / n
    return (np.arange(n) + 0.5) * h, np.full(n, h)


@pytest.fixture(scope="module")
def standard_model():
    """Of both models of collisions."""
    return {name: solve(0.0, collisions=name, estimate_error=False) for name in ("full", "damping")}


@pytest.fixture(scope="module")
def pair():
    """The paper's bound, and its error."""
    return solve(2e-6, collisions="damping")


# --- density matrices and oscillations ---

def random_hermitian(n):
    a = RNG.normal(size=(n, 4, 4)) + 1j * RNG.normal(size=(n, 4, 4))
    return a + np.conj(np.swapaxes(a, 1, 2))


def test_superoperator_is_the_commutator():
    H, rho = random_hermitian(5), random_hermitian(5)
    assert_allclose(matrices(components(rho)), rho, rtol=1e-14)
    rate = np.einsum("nkl,nl->nk", commutators(components(H)), components(rho))
    assert_allclose(matrices(rate), -1j * (H @ rho - rho @ H), atol=1e-12)


class Vacuum:
    """Oscillations of one momentum."""

    def __init__(self, hamiltonian):
        self.L = commutators(components(hamiltonian))

    def linearise(self, s, y):
        self.rate = self.L @ y
        return self

    def solve(self, h, residual):
        return np.linalg.solve(np.eye(16) - h * self.L, residual)

    def norm(self, delta):
        return np.abs(delta).max()


@pytest.mark.parametrize("rtol, accuracy", [(1e-5, 3e-4), (1e-7, 1e-5)])
def test_two_flavours_oscillate_as_they_should(rtol, accuracy):
    dm2, angle, time = 1.0, 0.5, 7.0
    U = rotation(4, 1, 3, np.degrees(angle))
    system = Vacuum(Neutrinos(U, np.array([0, 0, 0, dm2])).hamiltonian)
    start = np.zeros(16)
    start[1] = 1
    *_, end = integrator.integrate(system, integrator.Point(0.0, start, 0.01), time, rtol)
    # E = 1: sin^2(2 theta) sin^2(dm2 t/4)
    probability = np.sin(2 * angle)**2 * np.sin(dm2 * time / 4)**2
    assert_allclose(end.y[:4], [0, 1 - probability, 0, probability], atol=accuracy)


def test_fast_oscillations_are_averaged():
    # Steps that are not limited by the oscillation leave the diagonals in the mass basis
    neutrinos = Neutrinos(rotation(4, 1, 3, 30), np.array([0, 0, 0, 1e6]))
    system = Vacuum(neutrinos.hamiltonian)
    y = np.zeros(16)
    y[1] = 1
    for _ in range(10):
        y, _ = integrator.attempt(system, 0.0, y, 0.5, 1e-4)
    sin2, cos2 = 0.25, 0.75
    assert_allclose(y[:4], [0, sin2**2 + cos2**2, 0, 2 * sin2 * cos2], atol=1e-4)


# --- collisions ---

@pytest.mark.parametrize("X", [0.01, 1.0, 4.0])
@pytest.mark.parametrize("r", [0.7, 0.95])
def test_energy_and_number_from_electrons_are_those_of_other_integrals(X, r):
    """With `sidr.thermal.weak`, which integrates over the exchanged or the total momentum."""
    y, w = midpoints(60)
    f = 1 / (np.exp(y / r) + 1)
    scatter = electrons.scattering(y, y, X, 1.0) * (
        np.exp(y - y[:, None]) * f * (1 - f[:, None]) - f[:, None] * (1 - f))
    pairs = electrons.annihilation(y, y, X, 1.0) * (
        np.exp(-y - y[:, None]) * (1 - f) * (1 - f[:, None]) - f[:, None] * f)
    scale = electrons.PREFACTOR / np.pi**2 / (1 - r)
    expected = weak.integrals(X, r, size=(40, 32))
    assert_allclose(scale * (scatter @ w) @ (w * y), expected[4], rtol=3e-3)
    assert_allclose(scale * (pairs @ w) @ (w * y), expected[0], rtol=1e-3)
    assert_allclose(scale * (pairs @ w) @ w, expected[1], rtol=1e-3)


def test_rates_of_hot_neutrinos_have_the_known_limit():
    """Gamma = 1.27 G_F^2 p T^4 of nu_e and 0.92 of nu_mu, where Pauli blocking does not matter."""
    u = np.array([12.0])
    scatter, annihilate = electrons.equilibrium_rates(0.02, u)
    neutrinos = (4.5 * scatter[0] + 2 * annihilate[0]) / 4
    for coupling, known in zip(weak.COUPLINGS, (1.27, 0.92), strict=True):
        assert_allclose(((scatter + annihilate).T @ coupling + neutrinos) / u, known, rtol=0.03)


def test_rates_of_electrons_are_refused_where_there_is_no_table_and_0_without_electrons():
    u = np.array([1.0, 5.0])
    assert not np.any(electrons.equilibrium_rates(31.0, u)) and not np.any(relaxation_rates(M_E / 26))
    for call, says in ((lambda: electrons.equilibrium_rates(1e-3, u), "ln.m_e/T. = -6.90776 is outside"),
                       (lambda: electrons.equilibrium_rates(1.0, 6 * u), "p/T = 30 is outside 0 to 25"),
                       (lambda: relaxation_rates(M_E / 1e-3), "ln.m_e/T. = -6.90776 is outside")):
        with pytest.raises(ValueError, match=says):
            call()


def test_rates_of_few_electrons_fall_as_their_number():
    # Annihilation needs both of them: below m_e/12 as exp(-2 m_e/T) but for powers, not frozen
    T = M_E / np.array([12.0, 18.0, 24.0])
    annihilation = np.array([relaxation_rates(t)[0][0] for t in T]) / T**5 * np.exp(2 * M_E / T)
    direct = [weak.integrals(M_E / t, 0.99, size=(40, 24))[0] @ weak.COUPLINGS[0] * np.exp(2 * M_E / t)
              for t in T]
    assert_allclose(annihilation / annihilation[0], np.array(direct) / direct[0], rtol=1e-3)
    assert annihilation[2] > 1.5 * annihilation[0]


def test_plasma_without_a_temperature_is_said(monkeypatch):
    kinetics = Kinetics(*midpoints(20), None, None)
    assert_allclose(kinetics.temperature(1.0, plasma(1.1 * M_E).rho / M_E**4), 1.1, rtol=1e-12)
    for energy in (np.nan, np.inf, -1.0):
        with pytest.raises(integrator.NoState, match="plasma has no temperature at m_e a = 1: rho a.4 = "):
            kinetics.temperature(1.0, energy)
    # with a derivative that is too small, Newton's method goes back and forth
    monkeypatch.setattr("sidr.neff.kinetics.plasma",
                        lambda T: plasma(T)._replace(drho_dlnT=plasma(T).drho_dlnT / 3))
    with pytest.raises(integrator.NoState, match="does not converge at m_e a = 1, rho a.4 = 1: after"):
        kinetics.temperature(1.0, 1.0)


def test_step_to_an_impossible_state_is_tried_again_smaller():
    tried = []

    class Wall(Vacuum):
        def linearise(self, s, y):
            tried.append(s)
            if len(tried) == 3:         # in the middle of the first step
                raise integrator.NoState
            return super().linearise(s, y)

    start = integrator.Point(0.0, np.ones(16), 0.3)
    *_, end = integrator.integrate(Wall(np.diag([0.0, 1, 2, 3])), start, 1.0, 1e-4)
    assert end.s == 1 and tried[2] > tried[3]


def perturbed(n=20):
    """Integrals and a density matrix far from equilibrium, real."""
    y, w = midpoints(n)
    rho = np.zeros((n, 16))
    rho[:, :4] = [[1 / (np.exp(v * s) + 1) for s in (1.1, 1, 0.9, 1.3)] for v in y]
    rho[:, 4:10] = 0.1 * RNG.uniform(-1, 1, 6) * (rho[:, [0]] * rho[:, [3]])
    return integrals.Integrals(y, w, Terms()), y, rho


def test_neutrinos_conserve_their_number_and_energy():
    term, y, rho = perturbed()
    real = np.ascontiguousarray(matrices(rho)[:, :3, :3].real)
    X, Y = integrals._kernels.among_coherent_neutrinos(real, term.kernels)
    C = 2 * np.einsum("nab,nba->n", X, np.eye(3) - real) - 2 * np.einsum("nab,nba->n", Y, real)
    for power in (1, 2):                                    # C is y^2 times the rate
        assert abs(C @ y**(power - 1)) < 1e-13 * (np.abs(C) @ y**(power - 1))


def test_equilibrium_stays():
    term, y, rho = perturbed()
    at_rest = np.zeros_like(rho)
    at_rest[:, :3] = (1 / (np.exp(y / 1.2) + 1))[:, None]
    rates = [np.abs(term(0.3, 1.2, state).rate[:, :10]).max() for state in (at_rest, rho)]
    assert rates[0] < 1e-10 * rates[1]


def test_collisions_do_not_know_what_is_mu_and_what_tau():
    """The integrals of a state that is turned in the plane of mu and tau are those that are turned."""
    term, _, rho = perturbed()
    R = rotation(4, 1, 2, 35).real
    turned = components(R @ matrices(rho) @ R.T)
    expected = components(R @ matrices(term(0.3, 1.1, rho).rate) @ R.T)
    found = term(0.3, 1.1, turned).rate
    assert_allclose(found[:, :10], expected[:, :10], atol=1e-9 * np.abs(expected).max())


def test_diagonal_collisions_are_those_without_coherences():
    term, y, rho = perturbed()
    rho[:, 4:] = 0
    diagonal = integrals.Integrals(y, np.full(y.size, 1.0), Terms(active="half"))
    expected = diagonal(0.3, 1.1, rho).rate
    assert_allclose(term(0.3, 1.1, rho).rate, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("model", [integrals.Integrals, Damping])
def test_slopes_are_derivatives(model):
    y, w = midpoints(20)
    term = model(y, w, Terms(active="half"))
    rho = np.zeros((20, 16))
    rho[:, :3] = (1 / (np.exp(y) + 1))[:, None]
    change = np.zeros_like(rho)
    change[:, :3] = 1e-5 * RNG.normal(size=(20, 3)) * rho[:, :3]
    here = term(0.3, 1.0, rho)
    by_f = (term(0.3, 1.0, rho + change).rate - term(0.3, 1.0, rho - change).rate)[:, :3] / 2
    assert_allclose((here.slope @ change[:, :3].ravel()).reshape(-1, 3), by_f,
                    atol=1e-6 * np.abs(by_f).max())
    by_z = (term(0.3, 1.001, rho).rate - term(0.3, 0.999, rho).rate)[:, :3] / 0.002
    assert_allclose(here.slope_z, by_z, atol=0.01 * np.abs(by_z).max())


def test_the_models_damp_alike():
    y, w = midpoints(40)
    rho = np.zeros((40, 16))
    rho[:, :3] = (1 / (np.exp(y) + 1))[:, None]
    full, damping = (model(y, w, Terms())(0.3, 1.0, rho).damping
                     for model in (integrals.Integrals, Damping))
    # Not the smallest and, where partners are beyond the largest, not the largest
    kept = np.ix_(range(1, 30), [2, 4, 5])
    assert_allclose(damping[kept], full[kept], rtol=0.04)


# --- N_eff ---

def test_standard_model(standard_model):
    # 3.0433 to 3.0440 in the literature
    assert_allclose(standard_model["full"].N_eff, 3.0440, atol=1e-3)
    assert_allclose(standard_model["damping"].N_eff, 3.0440, atol=3e-3)
    for result in standard_model.values():
        assert result.DeltaN_eff == 0 and result.energy_drift < 1e-6


def test_without_collisions_entropy_and_neutrinos_are_conserved():
    alone = Terms(diagonals=(), coherences=())
    result = solve(1e-6, collisions="damping", terms=alone, estimate_error=False, rtol=1e-6)
    assert_allclose(result.density.trace(axis1=1, axis2=2).real, 3 / (np.exp(result.y) + 1), rtol=1e-10)
    T = result.z * M_E / result.x
    entropy = [(p.rho + p.P) / t * x**3 for p, t, x in zip(map(plasma, T), T, result.x, strict=True)]
    assert_allclose(entropy, entropy[0], rtol=1e-5)


def test_no_splitting_is_the_standard_model(standard_model):
    result = solve(1e-16, collisions="damping", estimate_error=False)
    assert_allclose(result.N_eff, standard_model["damping"].N_eff, atol=1e-5)


def test_sign_of_the_splitting_does_not_matter(pair):
    negative = solve(-2e-6, collisions="damping", estimate_error=False)
    assert_allclose(negative.DeltaN_eff, pair.DeltaN_eff, rtol=1e-4)


def test_occupations_are_between_0_and_1(pair):
    eigenvalues = np.linalg.eigvalsh(pair.density)
    assert eigenvalues.min() > -1e-6 and eigenvalues.max() < 1
    assert_allclose(pair.spectra, np.diagonal(pair.density, axis1=1, axis2=2).real.T)


def test_photons_are_not_hotter_than_in_the_standard_model(pair, standard_model):
    reference = standard_model["damping"]
    assert np.all(pair.z < np.interp(pair.x, reference.x, reference.z) + 2e-3)
    assert pair.z[-1] < reference.z[-1]


def test_errors_are_estimated(pair):
    fine = solve(2e-6, collisions="damping", nodes=60, rtol=1e-5, T_start=20, estimate_error=False)
    assert abs(fine.DeltaN_eff - pair.DeltaN_eff) < 0.02 * pair.DeltaN_eff
    assert 0 < pair.DeltaN_eff_error < 0.1 * pair.DeltaN_eff


def test_large_splittings_make_a_fourth_neutrino():
    small, large = (solve(dm2, collisions="damping", estimate_error=False).DeltaN_eff
                    for dm2 in (1e-4, 1e-2))
    assert 0.6 < small < large
    assert_allclose(large, 1, atol=0.03)


def test_a_pair_is_a_case_of_three_plus_one():
    # theta_34 = 45 degrees without other mixing: nu_tau and nu_s, m^2 = 0 and dm2
    alone = pmns(Mixing(0, 0, 0, 0))
    U = np.eye(4, dtype=complex)
    U[:3, :3] = alone
    m2 = np.array([0, 0, 1e-6, 0])
    one = Neutrinos(rotation(4, 2, 3, 45) @ U, np.array([0, 0, 0, 1e-6]))
    other = Neutrinos(rotation(4, 3, 2, 45) @ U, m2)
    results = [solve_neutrinos(n, "damping", estimate_error=False).DeltaN_eff for n in (one, other)]
    assert_allclose(*results, rtol=1e-6)


def test_a_heavier_sterile_neutrino_mixes_less_and_still_thermalises():
    mixed, less = (solve_neutrinos(three_plus_one(1.0, theta14=angle, delta=0.0), "damping",
                                   estimate_error=False).DeltaN_eff for angle in (6.0, 0.2))
    assert 0.9 < mixed < 1.02 and 0 < less < 0.5 * mixed


# --- what is asked for ---

def test_interrupted_solution_goes_on(tmp_path, monkeypatch):
    file = tmp_path / "state.npz"
    settings = {"collisions": "damping", "nodes": 10, "estimate_error": False}
    expected = solve(2e-6, **settings)
    steps = solution.integrate

    def interrupted(*arguments):
        for n, point in enumerate(steps(*arguments)):
            if n == 20:
                raise KeyboardInterrupt
            yield point

    monkeypatch.setattr(Checkpoint, "every", 0.0)
    monkeypatch.setattr(solution, "integrate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solve(2e-6, checkpoint=file, **settings)
    monkeypatch.setattr(solution, "integrate", steps)
    with pytest.raises(ValueError, match="another solution"):
        solve(1e-6, checkpoint=file, **settings)
    result = solve(2e-6, checkpoint=file, **settings)
    assert_allclose(result.N_eff, expected.N_eff, rtol=1e-12)
    assert result.x.size == expected.x.size and not file.exists()


@pytest.mark.parametrize("settings, message", [
    ({"collisions": "none"}, "collisions = 'none' must be"), ({"nodes": 2}, "nodes = 2"),
    ({"rtol": -1.0}, "rtol = -1.0"), ({"T_end": 30.0}, "T_end = 30"),
    ({"terms": Terms(coherences=("decay",))}, "coherences: 'decay'"),
    ({"terms": Terms(active="some")}, "active = 'some'"),
    ({"terms": Terms(diagonals=("total",)), "collisions": "full"}, "damping")])
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        solve(1e-6, **settings)


def test_three_neutrinos_are_too_few():
    with pytest.raises(ValueError, match="take a splitting of 0"):
        solve_neutrinos(standard())
    with pytest.raises(ValueError, match="j = 4"):
        solve(1e-6, j=4)
    assert pseudo_dirac(0.0).m2.size == 4
