"""The expansion of spectra behind the start covariances of Metropolis."""

import numpy as np
import pytest

import start_covariance as start


def observables(point, n_nu):
    """Made-up spectra, quadratic in the parameters; masses act on n_nu of three neutrinos."""
    step = {name: (point[name] - start.CENTRE[name]) / start.STEP[name] for name in start.STEP}
    mass = n_nu / 3 * (step["m_nu_sum"] + 0.3 * step["m_nu_sum"]**2)
    y = (0.1 * step["omega_b"] + 0.2 * step["H0"] - 0.3 * step["omega_cdm"] + 0.05 * step["n_s"] + mass
         + 0.02 * step["tau_reio"]**2 + 0.03 * step["H0"] * step["omega_cdm"]
         + 0.04 * step["H0"] * step["m_nu_sum"] + 0.1 * (point.get("log10_G_eff", -4) + 4)**3)
    l_shape = np.array([1., 0.5, -0.2])
    return {"tt": np.exp(y * l_shape), "ee": np.exp(2 * y * l_shape), "pp": np.exp(1 + y * l_shape),
            "te": 0.3 * y * np.exp(1.5 * y * l_shape), "z": np.array([0.5, 1.]),
            "Hubble": np.exp(y * l_shape[:2]), "angular_diameter_distance": np.exp(-y * l_shape[:2]),
            "rdrag": np.exp(0.1 * y)}


@pytest.fixture
def expansion(monkeypatch):
    numbers = {"lcdm": 3.044, "nchi1_mi": 2.294}
    monkeypatch.setattr(start, "exact", lambda model, folder: {
        name: observables(point, numbers[model]) for name, point in start.points(model).items()})
    return start.Expansion("nchi1_mi", None)


def test_expansion_is_exact_for_what_is_quadratic_also_with_terms_of_another_model(expansion):
    point = start.CENTRE | {"H0": 69.1, "omega_cdm": 0.117, "omega_b": 0.0226, "m_nu_sum": 0.04,
                            "tau_reio": 0.07, "n_s": 0.97, "log10_G_eff": -3.5}    # a node of the spline
    expected = observables(point, 2.294)
    result = expansion(**point)
    for name in start.SPECTRA:
        np.testing.assert_allclose(result["Cl"][name][2:], expected[name], rtol=1e-10)
    for name in ("Hubble", "angular_diameter_distance", "rdrag"):
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-10)


def test_points_stay_within_the_priors():
    for model in start.MODELS:
        info = start.run_file(model)
        for point in start.points(model).values():
            for name, value in point.items():
                prior = info["params"][name]["prior"]
                assert prior["min"] <= value <= prior["max"], (model, name)
