"""Cobaya's view of the model: parameters, options, rejected points, a stock classy beside it."""

import sys

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from numpy.testing import assert_allclose

import sidr.classy
from sidr.neutrinos import class_inputs

POINT = {"omega_b": 0.0224, "omega_cdm": 0.119, "H0": 68.0}


def model(params=None, theory="sidr.theory.SIDR", likelihood=None, **options):
    """A model of the expansion only, with DESI; POINT is fixed."""
    return get_model({
        "theory": {theory: options or None},
        "likelihood": likelihood or {"sidr.likelihoods.DESI_DR2": None},
        "params": POINT | (params or {})})


def test_coupling_and_mass_are_sampled_with_the_priors_of_table_S1_by_default():
    params = model().parameterization
    assert list(params.sampled_params()) == ["log10_G_eff", "m_nu_sum"]
    info = params.sampled_params_info()
    assert (info["log10_G_eff"]["prior"], info["m_nu_sum"]["prior"]) == (
        {"min": -5, "max": 1}, {"min": 0, "max": 1.5})
    labels = params.labels()
    assert "G_" in labels["log10_G_eff"] and labels["m_nu_sum"] == r"\sum m_\nu"
    assert {"N_eff", "z_dec_sidr"} <= set(params.derived_params())


def test_run_file_overrides_the_defaults_and_keeps_their_labels():
    params = model({"log10_G_eff": {"prior": {"min": -2.5, "max": 0}}, "m_nu_sum": 0.06}).parameterization
    info = params.sampled_params_info()["log10_G_eff"]
    assert info["prior"] == {"min": -2.5, "max": 0} and "G_" in info["latex"]
    assert list(params.sampled_params()) == ["log10_G_eff"]


@pytest.mark.parametrize("options, neutrinos", [
    ({}, {"n_chi": 1}),
    ({"n_chi": 2, "ordering": "normal", "alpha": "exact"}, {"n_chi": 2, "ordering": "normal"}),
    ({"N_chi": 0.75, "N_nu": 2.294, "phase_space": "temperature"},
     {"N_chi": 0.75, "N_nu": 2.294, "phase_space": "temperature"}),
])
def test_a_point_is_what_class_gives_for_the_same_neutrinos(options, neutrinos):
    cobaya = model(**options)
    logpost = cobaya.logposterior({"log10_G_eff": -2, "m_nu_sum": 0.1})
    derived = dict(zip(cobaya.parameterization.derived_params(), logpost.derived, strict=True))
    cosmo = sidr.classy.Class()
    cosmo.set(POINT | class_inputs(m_nu_sum=0.1, **neutrinos), log10_G_eff_sidr=-2,
              alpha_sidr=options.get("alpha", "das_ghosh"))
    cosmo.compute(["background"])
    assert_allclose(derived["N_eff"], cosmo.Neff, rtol=1e-12)
    assert_allclose(derived["N_eff"], 3.044, atol=1e-4)
    assert_allclose(derived["z_dec_sidr"], cosmo.z_dec_sidr, rtol=1e-12)


def test_numbers_of_the_split_can_be_sampled():
    sampled = model({"m_nu_sum": 0.1, "log10_G_eff": -2, "N_chi": {"prior": [0, 2]}, "N_nu": 2.294})
    fixed = model({"m_nu_sum": 0.1, "log10_G_eff": {"prior": [-5, 0]}}, N_chi=0.75, N_nu=2.294)
    assert_allclose(sampled.logposterior({"N_chi": 0.75}).loglikes,
                    fixed.logposterior({"log10_G_eff": -2}).loglikes)


@pytest.mark.parametrize("options, says", [
    ({"n_chi": -1}, "n_chi"),
    ({"n_chi": "one"}, "n_chi"),
    ({"N_chi": 0.75}, "N_nu"),
    ({"N_chi": 0.75, "N_nu": 2.294, "n_chi": 1}, "n_chi"),
    ({"alpha": "exakt"}, "exakt"),
    ({"alpha": [0.4, -1]}, "alpha"),
    ({"phase_space": "fermi"}, "fugacity"),
    ({"N_bbn": -1}, "N_bbn"),
    ({"ordering": "upside-down"}, "upside-down"),
    ({"n_chis": 1}, "n_chis"),
])
def test_wrong_option_stops_at_the_start_with_the_reason(options, says):
    with pytest.raises(LoggedError, match=says):
        model(**options)


def test_coupling_without_chi_stops_at_the_start():
    assert list(model(n_chi=0).parameterization.sampled_params()) == ["m_nu_sum"]
    with pytest.raises(LoggedError, match="log10_G_eff"):
        model({"log10_G_eff": -2}, n_chi=0)


def test_impossible_points_are_rejected_and_the_chain_goes_on():
    normal = model({"omega_b": {"prior": [0, 1]}, "log10_G_eff": -2}, ordering="normal")
    good = {"m_nu_sum": 0.1, "omega_b": 0.0224}
    expected = normal.logposterior(good).logpost
    assert np.isfinite(expected)
    assert normal.logposterior(good | {"m_nu_sum": 0.03}).logpost == -np.inf  # below the splittings
    assert normal.logposterior(good | {"omega_b": 0.5}).logpost == -np.inf  # outside CLASS's BBN table
    assert normal.logposterior(good).logpost == expected


def test_massless_points_leave_nothing_behind_and_take_nothing_over():
    cobaya = model({"log10_G_eff": -2})
    first, massless, again = (cobaya.logposterior({"m_nu_sum": m}, cached=False).logpost
                              for m in (0.2, 0, 0.2))
    assert first == again != massless
    assert massless == model({"log10_G_eff": -2}).logposterior({"m_nu_sum": 0}).logpost


def test_expansion_only_runs_compute_no_perturbations():
    theory = model().theory["sidr.theory.SIDR"]
    assert theory.extra_args["output"] == ""


def test_stock_classy_runs_beside_it(stock):
    ours = model({"m_nu_sum": 0.06}, n_chi=0)
    neutrinos = class_inputs(n_chi=0, m_nu_sum=0.06)
    del neutrinos["N_sidr"]
    theirs = model(theory="classy", extra_args=neutrinos)
    assert sys.modules["classy"] is stock
    assert ours.theory["sidr.theory.SIDR"].classy_module is sidr.classy
    assert theirs.theory["classy"].classy_module is stock
    assert ours.logposterior({}).loglikes == theirs.logposterior({}).loglikes
