"""The likelihoods of sidr, and Cobaya's with real data, at the Planck best fit.

The tests marked `data` read the data sets of COBAYA_PACKAGES_PATH.
"""

import os
import textwrap

import numpy as np
import pytest
import sidr.likelihoods
from cobaya.component import get_component_class
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.run import run
from cobaya.theory import Theory
from cobaya.yaml import yaml_load
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from sidr.likelihoods import Neff
from sidr.likelihoods.desi import DESI_DR1, DESI_DR2
from sidr.likelihoods.neff import MEASUREMENTS

import sidr.classy
from sidr.neutrinos import class_inputs

PACKAGES = os.environ.get("COBAYA_PACKAGES_PATH")

BACKGROUND = {"omega_b": 0.022383, "omega_cdm": 0.12011, "H0": 67.32}
PLANCK = BACKGROUND | {"tau_reio": 0.0543, "A_s": 1e-10 * np.exp(3.0448), "n_s": 0.96605}
NEUTRINOS = {"N_ur": 2.0308, "N_ncdm": 1, "m_ncdm": 0.06}

TRACERS = ["BGS", "LRG1", "LRG2", "LRG3+ELG1", "ELG2", "QSO", "Lya"]
DESI_CHI2 = {"sidr.likelihoods.DESI_DR1": 21.64, "sidr.likelihoods.DESI_DR2": 31.24}

# At PLANCK with stock classy 3.4.1 and hmcode; the first four are within 0.3 of the values at the
# spectra of Planck's own best-fit file.
COBAYA_CHI2 = {
    "planck_2018_highl_plik.TTTEEE_lite_native": 584.597,
    "planck_2018_highl_plik.TT_lite_native": 208.352,
    "planck_2018_lowl.TT": 23.267,
    "planck_2018_lowl.EE": 396.062,
    "planck_2018_lowl.EE_sroll2": 390.055,
    "planck_2018_lensing.native": 8.907,
    "planck_2018_lensing.CMBMarged": 9.042,
    "bao.desi_2024_bao_all": 21.643,
    "bao.desi_dr2.desi_bao_all": 31.241,
}


def needs_data(test):
    """Mark a test that reads the data sets of Cobaya's likelihoods."""
    missing = pytest.mark.skipif(not PACKAGES, reason="COBAYA_PACKAGES_PATH is not set")
    return pytest.mark.data(missing(test))


def model(likelihoods, params=PLANCK, theory="classy", **extra_args):
    """A Cobaya model with no sampled parameters."""
    likelihoods = dict.fromkeys(likelihoods) if isinstance(likelihoods, list) else likelihoods
    return get_model({"theory": {theory: {"extra_args": NEUTRINOS | extra_args}},
                      "likelihood": likelihoods, "params": params, "stop_at_error": True})


def chi2(cobaya_model):
    """-2 ln L of each likelihood of the model, by name."""
    loglikes, _ = cobaya_model.loglikes({})
    return dict(zip(cobaya_model.likelihood, -2 * loglikes, strict=True))


@pytest.fixture(scope="module")
def desi_chi2():
    return chi2(model(list(DESI_CHI2)))


# DESI

@pytest.mark.parametrize("name", DESI_CHI2)
def test_desi_at_the_planck_best_fit(desi_chi2, name):
    # 0.1 covers the rounding of the tables and differences between versions of CLASS.
    assert_allclose(desi_chi2[name], DESI_CHI2[name], atol=0.1)


@pytest.mark.parametrize("name", DESI_CHI2)
def test_tracers_are_independent(desi_chi2, name):
    each = {tracer: {"class": name, "tracers": [tracer]} for tracer in TRACERS}
    assert_allclose(sum(chi2(model(each)).values()), desi_chi2[name], rtol=1e-10)


def test_order_of_tracers_is_irrelevant(desi_chi2):
    name = "sidr.likelihoods.DESI_DR2"
    assert_allclose(chi2(model({name: {"tracers": TRACERS[::-1]}}))[name], desi_chi2[name],
                    rtol=1e-10)


@pytest.mark.parametrize("tracers", [["BGS", "LRG9"], ["bgs"], [], ["BGS", "BGS"], "BGS", None,
                                     [["BGS"]]], ids=repr)
def test_bad_tracers_are_refused_with_the_names_that_exist(tracers):
    with pytest.raises(LoggedError) as error:
        DESI_DR2({"tracers": tracers})
    assert f"tracers = {tracers!r} must be" in str(error.value)
    assert ", ".join(TRACERS) in str(error.value)


@pytest.mark.parametrize("name, module", [
    ("DESI_DR1", "desi"), ("DESI_DR2", "desi"), ("CMBCompressed", "cmb"), ("PlanckCompressed", "planck"),
    ("Neff", "neff")])
def test_cobaya_finds_class_defaults_and_references(name, module):
    likelihood = get_component_class(f"sidr.likelihoods.{name}", kind="likelihood")
    assert get_component_class(f"sidr.likelihoods.{module}.{name}") is likelihood
    assert likelihood.get_qualified_class_name() == f"sidr.likelihoods.{name}"
    assert likelihood.get_defaults()["speed"] > 0
    assert "arXiv" in likelihood.get_bibtex()


@pytest.mark.parametrize("likelihood", [DESI_DR1, DESI_DR2])
def test_desi_has_nothing_to_install(likelihood, tmp_path):
    assert likelihood.is_installed(path=str(tmp_path))


@needs_data
@pytest.mark.parametrize("release, files", [
    (DESI_DR1, "desi_2024_gaussian_bao_ALL_GCcomb"),
    (DESI_DR2, "desi_bao_dr2/desi_gaussian_bao_ALL_GCcomb")])
class TestTablesAgainstPublishedFiles:
    def sorted_files(self, files):
        """Rows (z, value, quantity) and covariance, ordered as our tables are: D_M before D_H."""
        root = os.path.join(PACKAGES, "data", "bao_data", files)
        rows = np.genfromtxt(root + "_mean.txt", dtype=None, encoding="utf-8")
        order = sorted(range(len(rows)), key=lambda i: (rows[i][0], -ord(rows[i][2][1])))
        return rows[order], np.loadtxt(root + "_cov.txt")[np.ix_(order, order)]

    def test_means(self, release, files):
        rows, _ = self.sorted_files(files)
        ours = release().data
        assert ours["observable"].tolist() == [row[2] for row in rows]
        assert_allclose(ours["z"], [row[0] for row in rows], rtol=0, atol=1e-9)
        assert_allclose(ours["value"], [row[1] for row in rows], rtol=0, atol=0.5001e-4)

    def test_covariances(self, release, files):
        _, cov = self.sorted_files(files)
        sigma, ours = np.sqrt(np.diag(cov)), release().cov
        our_sigma = np.sqrt(np.diag(ours))
        assert_allclose(our_sigma, sigma, rtol=0, atol=0.5001e-4)
        assert_allclose(ours / np.outer(our_sigma, our_sigma), cov / np.outer(sigma, sigma),
                        rtol=0, atol=0.5001e-3)


# Compressed CMB

CMB = "sidr.likelihoods.CMBCompressed"
# arXiv:2503.14738, Eqs. (35)-(36): theta*, omega_b, omega_b + omega_c, as printed
PRINTED_MEAN = np.array([0.01041, 0.02223, 0.14208])
PRINTED_COVARIANCE = 1e-9 * np.array([[0.006621, 0.12444, -1.1929],
                                      [0.12444, 21.344, -94.001],
                                      [-1.1929, -94.001, 1488.4]])
SIGMA_THETA = 2.573e-6


def theta_star(**inputs):
    """r_s/D_M where the optical depth of recombination alone is one, from stock CLASS."""
    from classy import Class

    cosmo = Class()
    cosmo.set({"reio_parametrization": "reio_none"} | NEUTRINOS | inputs)
    cosmo.compute()
    return cosmo.theta_star_100() / 100


def observables(params=PLANCK, **extra_args):
    """What CMBCompressed compares with its means."""
    cobaya_model = model([CMB], params, **extra_args)
    chi2(cobaya_model)
    return cobaya_model.likelihood[CMB].observables()


def test_means_are_the_published_ones():
    assert_allclose(sidr.likelihoods.cmb.MEAN, PRINTED_MEAN, atol=5e-6)
    assert_allclose(sidr.likelihoods.cmb.COVARIANCE, PRINTED_COVARIANCE, rtol=5e-5)


def test_cmb_chi2_vanishes_at_the_means():
    densities = {"omega_b": 0.02223208, "omega_cdm": 0.14207901 - 0.02223208}
    H0 = brentq(lambda H0: theta_star(H0=H0, **densities) - 0.01041027, 60, 75, xtol=1e-6)
    # 0.04 standard deviations of theta*, squared
    assert chi2(model([CMB], densities | {"H0": H0}))[CMB] < 2e-3


def test_cmb_chi2_off_the_means_is_a_gaussian_in_three_numbers():
    params = {"omega_b": 0.0224, "omega_cdm": 0.1190, "H0": 67.8}
    delta = [theta_star(**params) - 0.01041027, 0.0224 - 0.02223208, 0.1414 - 0.14207901]
    expected = delta @ np.linalg.solve(PRINTED_COVARIANCE, delta)
    assert expected > 2
    # 0.04 standard deviations of theta*, 1.2 from its mean along the Gaussian
    assert_allclose(chi2(model([CMB], params))[CMB], expected, atol=0.1)


@pytest.mark.parametrize("params", [
    {}, {"omega_b": 0.0218}, {"omega_b": 0.0227}, {"omega_cdm": 0.116}, {"omega_cdm": 0.124},
    {"H0": 72}], ids=repr)
@pytest.mark.parametrize("tau_reio", [0.04, 0.08])
def test_theta_star_is_that_of_recombination_alone(params, tau_reio):
    # Three standard deviations of each density; the tolerance is the documented one. CLASS's
    # theta_star_100 with reionization is off by 8 and 17 standard deviations of theta*.
    params = BACKGROUND | params
    assert_allclose(observables(params | {"tau_reio": tau_reio})[0], theta_star(**params),
                    rtol=0, atol=0.04 * SIGMA_THETA)


def test_theta_star_is_that_of_camb():
    # CAMB 2.0.5, thetastar/100 at PLANCK; recombination codes differ by 0.04 standard deviations
    assert_allclose(observables()[0], 0.010411598645, rtol=0, atol=0.1 * SIGMA_THETA)


h = BACKGROUND["H0"] / 100
OTHER_PARAMETRISATIONS = {
    "Omega": {"Omega_b": 0.022383 / h**2, "Omega_cdm": 0.12011 / h**2, "h": h, "tau_reio": 0.0543},
    "CAMB's names": {"omegabh2": 0.022383, "omegach2": 0.12011, "H0": 67.32, "tau": 0.0543},
    "computed inputs": {"omega_b": 0.022383, "omega_bc": {"value": 0.142493, "drop": True},
                        "omega_cdm": "lambda omega_bc, omega_b: omega_bc - omega_b",
                        "H0": 67.32, "tau_reio": 0.0543},
    "theta_s": {"omega_b": 0.022383, "omega_cdm": 0.12011, "theta_s_100": 1.0418817,
                "tau_reio": 0.0543},
    "derived by CLASS": {"omega_b": 0.022383, "omega_m": 0.142493 + 6.4420e-4,
                         "H0": 67.32, "tau_reio": 0.0543},
}


@pytest.mark.parametrize("params", OTHER_PARAMETRISATIONS.values(), ids=OTHER_PARAMETRISATIONS)
def test_cmb_takes_any_parametrisation_of_the_densities(params):
    # 1e-5: omega of a 0.06 eV neutrino is written with five digits.
    assert_allclose(observables(params), observables(), rtol=1e-5)


def test_cmb_follows_sampled_parameters():
    fixed = {"omega_cdm": 0.12, "tau_reio": 0.0543}
    sampled = dict.fromkeys(("omega_b", "theta_s_100"), {"prior": {"min": 0, "max": 2}})
    sampling = model([CMB], sampled | fixed)
    for omega_b, theta_s_100 in [(0.0222, 1.0418), (0.0224, 1.0418), (0.0224, 1.0422)]:
        point = {"omega_b": omega_b, "theta_s_100": theta_s_100}
        loglikes, _ = sampling.loglikes(point)
        # The accuracy to which CLASS finds the H0 of a theta_s
        assert_allclose(-2 * loglikes[0], chi2(model([CMB], point | fixed))[CMB], rtol=1e-6)


def test_background_likelihoods_ask_for_no_spectra():
    cobaya_model = model([CMB, *DESI_CHI2])
    chi2(cobaya_model)
    theory = cobaya_model.theory["classy"]
    assert theory.extra_args["output"] == ""
    with pytest.raises(theory.classy_module.CosmoSevereError):
        theory.classy.raw_cl()


def test_user_page_runs_and_its_updated_input_runs_again():
    page = sidr.likelihoods.__doc__.split("::\n\n")[1]
    block = "\n".join(line for line in page.splitlines() if line.startswith("    "))
    info = yaml_load(textwrap.dedent(block)) | {"sampler": {"evaluate": None}, "seed": 1}
    updated, first = run(info)
    _, second = run(updated)
    columns = ["chi2__BAO", "chi2__CMB"]
    assert_allclose(second.products()["sample"][columns], first.products()["sample"][columns])


# A measured N_eff

def neff(measurement, N_eff):
    """-2 ln L of an N_eff that a function gives."""
    m = get_model({
        "likelihood": {"sidr.likelihoods.Neff": {"measurement": measurement, "parameter": "N"}},
        "theory": {"free": {"external": FreeNeff}}, "params": {"N_in": N_eff, "N": {"derived": True}}})
    return chi2(m)["sidr.likelihoods.Neff"]


class FreeNeff(Theory):
    """Gives the N_eff that it is given."""
    params = {"N_in": None}

    def get_can_provide_params(self):
        return ["N"]

    def calculate(self, state, want_derived=True, **params):
        state["derived"] = {"N": params["N_in"]}


@pytest.mark.parametrize("measurement, low, high", [    # published 95% limits
    ("planck_2018", 2.66, 3.33), ("cmb_s4", 3.044 - 0.06, 3.044 + 0.06),
    ("cmb_hd", 3.044 - 0.027, 3.044 + 0.027)])
def test_limits_of_N_eff_are_two_standard_deviations_from_the_mean(measurement, low, high):
    # Planck's are 0.33 below and 0.34 above the mean
    assert_allclose([neff(measurement, low), neff(measurement, high)], 4, rtol=0.06)


@pytest.mark.parametrize("measurement, published", [("act_dr6", 0.17), ("cmb_bbn", 0.107)])
def test_limit_on_more_than_the_standard_N_eff_is_the_published_one(measurement, published):
    # A flat prior from 3.044 on, as arXiv:2503.14454 (0.17) and arXiv:2603.13226 (0.107)
    extra = np.linspace(0, 1, 2001)
    mean, sigma = MEASUREMENTS[measurement]
    posterior = np.cumsum(np.exp(-0.5 * ((3.044 + extra - mean) / sigma)**2))
    assert_allclose(neff(measurement, 3.044), ((3.044 - mean) / sigma)**2, rtol=1e-12)
    assert_allclose(np.interp(0.95, posterior / posterior[-1], extra), published, rtol=0.06)


def test_helium_measures_the_N_of_nucleosynthesis():
    mean, sigma = MEASUREMENTS["helium"]
    assert_allclose(mean - 3.044, (0.2458 - 0.2467) / 0.0134, atol=1e-3)    # arXiv:2601.22238
    assert_allclose(sigma, 0.0013 / 0.0134, atol=1e-3)
    cosmo = [sidr.classy.Class() for _ in range(2)]
    for c, N in zip(cosmo, (2.977, 2.977 + 0.097), strict=True):
        c.set(N_ur=N, omega_b=0.0224)
        c.compute(["thermodynamics"])
    below, above = (c.get_current_derived_parameters(["YHe"])["YHe"] for c in cosmo)
    assert_allclose(above - below, 0.0013, rtol=0.02)


@pytest.mark.parametrize("measurement", ["planck", [3.0], [3.0, 0], [3.0, -1], ["3", 1],
                                         [np.nan, 1], 3.0, None])
def test_wrong_measurement_of_N_eff_is_refused_with_the_names_that_exist(measurement):
    with pytest.raises(LoggedError, match="must be one of planck_2018, act_dr6, "):
        Neff({"measurement": measurement})


# Cobaya's likelihoods with real data

def all_of_cobaya(theory, options, params=None):
    """All of COBAYA_CHI2 in one evaluation."""
    return chi2(get_model({"theory": {theory: options}, "likelihood": dict.fromkeys(COBAYA_CHI2),
                           "params": PLANCK | {"A_planck": 1} | (params or {}), "stop_at_error": True}))


@pytest.fixture(scope="module")
def cobaya_chi2():
    return all_of_cobaya("classy", {"extra_args": NEUTRINOS})


@needs_data
@pytest.mark.parametrize("name", COBAYA_CHI2)
def test_real_data_at_the_planck_best_fit(cobaya_chi2, name):
    assert_allclose(cobaya_chi2[name], COBAYA_CHI2[name], atol=0.05)


@needs_data
def test_sidr_without_chi_gives_the_likelihoods_what_stock_classy_gives():
    neutrinos = class_inputs(n_chi=0, m_nu_sum=0.06)
    del neutrinos["N_sidr"]
    ours = all_of_cobaya("sidr.theory.SIDR", {"n_chi": 0}, {"m_nu_sum": 0.06})
    assert ours == all_of_cobaya("classy", {"extra_args": neutrinos})
