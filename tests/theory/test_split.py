"""SIDR in two theories, transfer functions and the rest: the same results, for less work."""

import copy
import gc
import weakref

import numpy as np
import pytest
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.run import run
from conftest import COARSE, assert_identical

import sidr.theory
from sidr.classy import CosmoComputationError
from sidr.theory import SIDR

PRIORS = {"A_s": {"prior": [1e-9, 4e-9]}, "n_s": {"prior": [0.8, 1.2]}, "H0": {"prior": [50, 90]}}
FIXED = {"omega_b": 0.0224, "omega_cdm": 0.119, "tau_reio": 0.055, "m_nu_sum": 0.1, "log10_G_eff": -2}
POINT = {"A_s": 2.1e-9, "n_s": 0.965, "H0": 68.0}

Z = [0, 0.2, 0.5]
PRODUCTS = {
    "Cl": {"tt": 600, "ee": 600, "pp": 300}, "unlensed_Cl": {"tt": 400}, "Hubble": {"z": Z},
    "angular_diameter_distance": {"z": Z}, "comoving_radial_distance": {"z": Z},
    "angular_diameter_distance_2": {"z_pairs": [(0.1, 0.5)]}, "sigma8_z": {"z": Z}, "fsigma8": {"z": Z},
    "Pk_grid": {"z": Z, "k_max": 2, "nonlinear": (True, False),
                "vars_pairs": [("delta_tot", "delta_tot"), ("delta_nonu", "delta_nonu")]},
    "Omega_b": {"z": Z}, "CLASS_background": None,
    "CLASS_primordial": None, "CLASS_thermodynamics": None, "CLASS_sources": None,
    "theta_s_100": None, "sigma8": None}
LINEAR = {name: value for name, value in PRODUCTS.items() if name in ("Cl", "unlensed_Cl", "Hubble")}


class Whole(sidr.theory.SIDR):
    """A SIDR all of whose parameters are slow."""

    def _primordial_params(self, params):
        return set()


def model(requirements=None, params=None, theory=sidr.theory.SIDR, likelihood="one", extra_args=None,
          **more):
    """A model that computes these products, without data."""
    cobaya = get_model({
        "theory": {"sidr.theory.SIDR": {
            "external": theory, "stop_at_error": True, "extra_args": COARSE | (extra_args or {})} | more},
        "likelihood": {likelihood: None}, "params": FIXED | PRIORS | (params or {})})
    cobaya.add_requirements({} if requirements is None else copy.deepcopy(requirements))
    return cobaya


def products(cobaya, point):
    """What the theory has computed at a point, by name."""
    cobaya.logposterior(point)
    state = cobaya.theory["sidr.theory.SIDR"].current_state
    return {name: value for name, value in state.items() if name not in ("params", "dependency_params")}


LOUD = {"perturbations_verbose": 1}


@pytest.mark.parametrize("requirements, extra_args", [
    (PRODUCTS, {"non_linear": "hmcode"}), (PRODUCTS, {"non_linear": "halofit"}),
    (LINEAR, {"non_linear": "none"})], ids=["hmcode", "halofit", "linear"])
def test_all_products_are_those_of_one_computation(requirements, extra_args, class_messages):
    derived = {"rs_drag": None, "Omega_m": None} | ({"sigma8": None} if requirements == PRODUCTS else {})
    # P(k, z) is given up to the first time that was sampled before the earliest z.
    extra_args = extra_args | {"perturbations_sampling_stepsize": 0.1}
    split = model(requirements, derived, extra_args=extra_args | LOUD)
    whole = model(requirements, derived, Whole, extra_args=extra_args)
    class_messages()
    products(split, POINT)
    products(split, POINT | {"H0": 70})
    assert class_messages().count("Computing sources") == 2
    for change in ({"A_s": 2.2e-9}, {"n_s": 0.95}, {"A_s": 2e-9, "H0": 70}):  # the last at the other H0
        there = products(split, POINT | change)
        assert "Computing sources" not in class_messages()
        assert_identical(there, products(whole, POINT | change))


def test_fast_are_the_parameters_of_the_primordial_spectrum_under_any_name():
    cobaya = model(LINEAR, {
        "A_s": {"value": "lambda logA: 1e-10*np.exp(logA)"}, "logA": {"prior": [2, 4], "drop": True},
        "running": {"prior": [-1, 1]}, "tau_reio": {"prior": [0.04, 0.08]}},
        renames={"running": "alpha_s"}, extra_args={"non_linear": "none"})
    assert set(cobaya.theory["sidr.theory.SIDR"].input_params) == {"A_s", "n_s", "running"}
    point = {"logA": 3.04, "n_s": 0.96, "H0": 68, "running": 0.01, "tau_reio": 0.05}
    assert np.isfinite(cobaya.logposterior(point).logpost)
    depends = {p: {c.get_name() for c in components} for p, components in cobaya.sampled_dependence.items()}
    assert all("sidr.transfers" not in depends[p] for p in ("logA", "n_s", "running"))
    assert all("sidr.transfers" in depends[p] for p in ("H0", "tau_reio"))


@pytest.mark.parametrize("params, extra_args", [
    ({"A_s": None, "sigma8": {"prior": [0.7, 0.9]}}, {}),
    ({}, {"Pk_ini_type": "inflation_V"}), ({}, {"P_k_ini type": "two_scales"})],
    ids=["sigma8", "inflation", "two scales"])
def test_other_spectra_are_slow(params, extra_args):
    params = {name: value for name, value in (PRIORS | params).items() if value is not None}
    cobaya = get_model({"theory": {"sidr.theory.SIDR": {"extra_args": COARSE | extra_args}},
                        "likelihood": {"one": None}, "params": FIXED | params})
    assert cobaya.theory["sidr.theory.SIDR"].input_params == []
    assert set(cobaya.theory["sidr.transfers"].input_params) == {*FIXED, *params}


def test_sampled_sigma8_is_reached():
    params = {k: v for k, v in PRIORS.items() if k != "A_s"} | {"sigma8": {"prior": [0.7, 0.9]}}
    cobaya = get_model({
        "theory": {"sidr.theory.SIDR": {
            "stop_at_error": True, "extra_args": COARSE | {"non_linear": "none"}}},
        "likelihood": {"one": None}, "params": FIXED | params})
    cobaya.add_requirements({"Pk_grid": {"z": Z, "k_max": 1, "nonlinear": False}, "sigma8_z": {"z": Z}})
    for sigma8 in (0.75, 0.85):
        cobaya.logposterior({"n_s": 0.96, "H0": 68, "sigma8": sigma8})
        np.testing.assert_allclose(cobaya.theory["sidr.theory.SIDR"].current_state["sigma8_z"][0], sigma8,
                                   rtol=1e-3)  # the accuracy of CLASS's search


def test_tensors_are_asked_for_where_r_is_a_parameter():
    def bb(**params):
        """C_l of B at l = 80, where lensing makes little of it."""
        cobaya = get_model({
            "theory": {"sidr.theory.SIDR": {
                "n_chi": 0, "stop_at_error": True, "extra_args": COARSE | {"non_linear": "none"}}},
            "likelihood": {"one": None},
            "params": {k: v for k, v in FIXED.items() if k != "log10_G_eff"} | PRIORS | params})
        cobaya.add_requirements({"Cl": {"bb": 600, "tt": 600}})
        return products(cobaya, POINT)["Cl"]["bb"][80]

    assert bb(r=0.1) > 3 * bb()


@pytest.mark.parametrize("likelihood", ["sidr.likelihoods.DESI_DR2", "sidr.likelihoods.CMBCompressed"])
def test_expansion_only_runs_compute_no_perturbations(likelihood, class_messages):
    cobaya = model(likelihood=likelihood, extra_args=LOUD)
    class_messages()
    assert np.isfinite(cobaya.logposterior(POINT).logpost)
    printed = class_messages()
    assert "Perturbation module skipped" in printed and "Computing sources" not in printed


def test_new_requirements_are_met_at_points_that_were_computed_before():
    cobaya = model({"Hubble": {"z": [0]}}, extra_args={"non_linear": "none"})
    products(cobaya, POINT)
    cobaya.add_requirements({"Cl": {"tt": 300}})
    assert products(cobaya, POINT)["Cl"]["tt"][300] > 0


def test_points_that_class_cannot_compute_are_rejected_or_stop_the_run():
    wide = {"omega_b": {"prior": [0, 1]}, "A_s": {"prior": [-1, 1]}}
    fixed = {k: v for k, v in FIXED.items() if k != "omega_b"}
    good = POINT | {"omega_b": 0.0224}
    for stop in (True, False):
        cobaya = get_model({"theory": {"sidr.theory.SIDR": {
            "stop_at_error": stop, "extra_args": COARSE | {"non_linear": "none"}}},
            "likelihood": {"one": None}, "params": fixed | PRIORS | wide})
        cobaya.add_requirements({"Cl": {"tt": 300}})
        first = products(cobaya, good)
        for bad in ({"omega_b": 0.5}, {"A_s": -1e-9}):  # outside the BBN table; no spectrum
            if stop:
                with pytest.raises((CosmoComputationError, LoggedError)):
                    cobaya.logposterior(good | bad)
            else:
                assert cobaya.logposterior(good | bad).logpost == -np.inf
            cobaya.logposterior(good | {"n_s": 0.97})
            assert_identical(products(cobaya, good), first)


def test_every_state_has_a_class_of_its_own_that_goes_with_it(monkeypatch):
    alive = weakref.WeakSet()

    new_cosmology = SIDR.new_cosmology

    def counted(theory):
        alive.add(cosmo := new_cosmology(theory))
        return cosmo

    monkeypatch.setattr(SIDR, "new_cosmology", counted)
    cobaya = model({"Cl": {"tt": 100}}, extra_args={"non_linear": "none"})
    for H0 in range(60, 70):
        for n_s in (0.95, 0.96):
            cobaya.logposterior(POINT | {"H0": H0, "n_s": n_s})
    gc.collect()
    assert len(alive) == 3  # Cobaya's number of states


@pytest.mark.parametrize("options", [{"drag": True}, {"oversample_power": 0.4}],
                         ids=["drag", "oversample"])
def test_metropolis_finds_the_fast_parameters(options):
    class Temperature(Likelihood):
        def get_requirements(self):
            return {"Cl": {"tt": 300}}

        def logp(self, _derived=None, **_params):
            return -abs(np.log(self.provider.get_Cl(ell_factor=True)["tt"][220] / 5700))

    _, sampler = run({
        "theory": {"sidr.theory.SIDR": {"extra_args": COARSE | {"non_linear": "none"}}},
        "likelihood": {"T": {"external": Temperature, "speed": 100}},
        "params": FIXED | {name: p | {"ref": POINT[name], "proposal": 0.01 * POINT[name]}
                           for name, p in PRIORS.items()},
        "sampler": {"mcmc": {"max_samples": 5, "seed": 1} | options}})
    assert [set(block) for block in sampler.blocks] == [{"H0"}, {"A_s", "n_s"}]
    speeds = {name: theory.speed for name, theory in sampler.model.theory.items()}
    assert speeds["sidr.theory.SIDR"] > speeds["sidr.transfers"]
    assert len(sampler.collection) >= 5


def test_updated_input_of_a_run_runs_again():
    info = {"theory": {"sidr.theory.SIDR": {"extra_args": COARSE | {"non_linear": "none"}}},
            "likelihood": {"sidr.likelihoods.DESI_DR2": None}, "sampler": {"evaluate": {"override": POINT}},
            "params": FIXED | PRIORS | {"rs_drag": None}}
    updated, first = run(info)
    assert {"A_s", "H0"} <= set(updated["theory"]["sidr.theory.SIDR"]["input_params"])
    _, second = run(updated)
    columns = ["minuslogpost", "rs_drag", "N_eff"]
    assert_identical(*(s.products()["sample"][columns].to_numpy() for s in (first, second)))
