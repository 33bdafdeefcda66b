"""The Lyman-alpha forest as a Gaussian in amplitude and slope of P(k)."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.theory import Theory
from numpy.testing import assert_allclose
from sidr.likelihoods import LymanAlpha
from sidr.likelihoods.lyman_alpha import MEASUREMENTS

NAME = "sidr.likelihoods.LymanAlpha"
H_3 = 305.0  # km/s/Mpc
PLANCK = {"omega_b": 0.0224, "omega_cdm": 0.12, "H0": 67.4, "A_s": 2.1e-9, "n_s": 0.965, "tau_reio": 0.054}
K_STAR = 0.009 * H_3 / 4  # 1/Mpc


class PowerLaw(Theory):
    """Delta^2 = amplitude (k/k*)^(3 + slope + running/2 ln(k/k*)) at z = 3, steep in redshift."""

    params = {"amplitude": None, "slope": None, "running": 0}

    def get_can_provide(self):
        return ["Hubble", "Pk_interpolator"]

    def must_provide(self, **requirements):
        self.asked = getattr(self, "asked", {}) | requirements

    def calculate(self, state, want_derived=True, **p):
        state["params"] = p

    def get_Hubble(self, z, units="km/s/Mpc"):
        assert units == "km/s/Mpc" and z == 3
        return np.array([H_3])

    def get_Pk_interpolator(self, var_pair, nonlinear):
        from cobaya.theories.cosmo.boltzmannbase import PowerSpectrumInterpolator

        assert tuple(var_pair) == ("delta_nonu", "delta_nonu") and nonlinear is False
        p, k = self.current_state["params"], np.geomspace(1e-3, 3, 200)
        z, x = np.linspace(2, 4, 9), np.log(k / K_STAR)
        Delta2 = p["amplitude"] * np.exp((3 + p["slope"]) * x + p["running"] / 2 * x**2)
        return PowerSpectrumInterpolator(z, k, ((1 + z[:, None]) / 4)**5 * 2 * np.pi**2 / k**3 * Delta2)


def power_law(dataset, **params):
    return get_model({"theory": {"power_law": {"external": PowerLaw}},
                      "likelihood": {NAME: {"dataset": dataset}},
                      "params": params | {"Delta2_star": None, "n_star": None}})


@pytest.mark.parametrize("running", [0, -0.2])
def test_power_law_has_its_own_amplitude_and_slope(running):
    model = power_law("desi_dr1", amplitude=0.35, slope=-2.3, running=running)
    _, derived = model.loglikes({})
    # a cubic spline between 200 wavenumbers
    assert_allclose(derived, [0.35, -2.3], rtol=1e-5)


@pytest.mark.parametrize("dataset", MEASUREMENTS)
def test_chi2_is_the_published_gaussian(dataset):
    numbers = MEASUREMENTS[dataset]
    (A, sigma_A), (n, sigma_n), r = numbers["Delta2_star"], numbers["n_star"], numbers["correlation"]
    for a, b in [(0, 0), (1, 0), (0, 1), (1, 1), (-2, 1)]:
        model = power_law(dataset, amplitude=A + a * sigma_A, slope=n + b * sigma_n)
        expected = (a**2 + b**2 - 2 * r * a * b) / (1 - r**2)
        assert_allclose(-2 * model.loglikes({}, return_derived=False)[0], expected, rtol=2e-2, atol=1e-4)


def test_numbers_of_the_sets(packages_path):
    """Against the table beside the data."""
    from cobaya.yaml import yaml_load_file

    file = packages_path / "data/lya_compressed/lya_p1d_gaussians.yaml"
    if not file.exists():
        pytest.skip(f"no {file}")
    table = yaml_load_file(str(file))
    assert (table["zstar"], table["kstar_kms"]) == (3, 0.009)
    theirs, ours = (
        {name: [numbers[key] for key in keys] for name, numbers in sets.items()} for sets, keys in [
            (table["data_sets"], ["delta2star", "nstar", "correlation"]),
            (MEASUREMENTS, ["Delta2_star", "n_star", "correlation"])])
    assert ours == theirs


@pytest.mark.parametrize("theory", ["classy", "sidr.theory.SIDR"])
def test_of_class_they_are_those_of_the_linear_power_spectrum(theory):
    sidr = theory.startswith("sidr")
    neutrinos = {"N_ur": 0.00441, "N_ncdm": 1, "deg_ncdm": 3, "m_ncdm": 0.02}
    settings = {"n_chi": 0} if sidr else {"extra_args": neutrinos}
    params = PLANCK | ({"m_nu_sum": 0.06} if sidr else {}) | {"Delta2_star": None, "n_star": None}
    model = get_model({"theory": {theory: settings}, "likelihood": {NAME: None}, "params": params,
                       "stop_at_error": True})
    _, derived = model.loglikes({}, as_dict=True)
    Delta2, slope = derived["Delta2_star"], derived["n_star"]
    cosmo = model.theory[theory].classy
    k = 0.009 * cosmo.Hubble(3) * 299792.458 / 4
    x = np.linspace(-np.log(2), np.log(2), 100)
    ln_P = np.polynomial.Polynomial.fit(x, np.log([cosmo.pk_cb_lin(k * np.exp(y), 3) for y in x]), 2)
    assert_allclose(slope, ln_P.deriv()(0), atol=3e-5)
    assert_allclose(Delta2, k**3 * np.exp(ln_P(0)) / (2 * np.pi**2), rtol=1e-4)
    # what the parabola does not see of the shape: the derivative at k* itself is less
    ahead, behind = (np.log(cosmo.pk_cb_lin(k * np.exp(y), 3)) for y in (0.05, -0.05))
    assert_allclose(slope - (ahead - behind) / 0.1, 0.0047, atol=3e-4)
    # Planck's LCDM, arXiv:2303.00746: 0.35, -2.30
    assert abs(Delta2 - 0.35) < 0.02 and abs(slope + 2.305) < 0.01


def test_settings_of_class_that_spoil_the_slope_are_refused():
    info = {"likelihood": {NAME: None}, "params": PLANCK | {"m_nu_sum": 0.06}}
    with pytest.raises(LoggedError, match="l_max_ncdm = 12 in sidr.theory.SIDR.*`precision: default`"):
        get_model(info | {"theory": {"sidr.theory.SIDR": {"n_chi": 0, "precision": "planck"}}})


@pytest.mark.parametrize("dataset", ["desi", "DESI_DR1", None, ["desi_dr1"], 1], ids=repr)
def test_unknown_set_is_refused_with_the_names_that_exist(dataset):
    with pytest.raises(LoggedError) as error:
        LymanAlpha({"dataset": dataset})
    assert f"dataset = {dataset!r} must be one of {', '.join(MEASUREMENTS)}" in str(error.value)


def test_two_analyses_of_the_same_quasars_are_refused():
    sets = {name: {"class": NAME, "dataset": name} for name in ("boss_dr9", "eboss_dr14_walther")}
    with pytest.raises(LoggedError, match="boss_dr9 and eboss_dr14_walther count the same data twice"):
        get_model({"theory": {"power_law": {"external": PowerLaw}}, "likelihood": sets,
                   "params": {"amplitude": 0.3, "slope": -2.3}})
    sets["boss_dr9"]["dataset"] = "desi_dr1"
    get_model({"theory": {"power_law": {"external": PowerLaw}}, "likelihood": sets,
               "params": {"amplitude": 0.3, "slope": -2.3}})


def test_power_spectrum_that_ends_too_soon_is_refused(monkeypatch):
    monkeypatch.setattr(PowerLaw, "get_Hubble", lambda self, z, units: np.array([700.0]))
    with pytest.raises(LoggedError, match="P.k. is known to k = 3/Mpc only, and 3.15/Mpc is needed"):
        power_law("desi_dr1", amplitude=0.35, slope=-2.3).loglikes({})
