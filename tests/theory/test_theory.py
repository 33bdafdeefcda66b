"""Cobaya's view of the model: parameters, options, rejected points, a stock classy beside it."""

import sys

import numpy as np
import pytest
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError
from cobaya.model import get_model
from conftest import COARSE
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
    assert ours.theory["sidr.theory.SIDR"].classy_module.Class is sidr.classy.Class
    assert theirs.theory["classy"].classy_module is stock
    assert ours.logposterior({}).loglikes == theirs.logposterior({}).loglikes


# What a likelihood names as an argument or a requirement goes to the theory all the same

THEORIES = {
    "sidr.theory.SIDR": {"n_chi": 1},
    "sidr.theory.SIDREmulator": {"n_chi": 1},
}
FULL = POINT | {"n_s": 0.965, "A_s": 2.1e-9, "tau_reio": 0.055, "log10_G_eff": -4.0, "m_nu_sum": 0.06}


class Derived(Likelihood):
    """Asks for what the theory has made of its inputs, and for some of these."""

    also: list = []

    def get_requirements(self):
        return dict.fromkeys([*DERIVED, *self.also])

    def logp(self, **params_values):
        self.seen = {name: self.provider.get_param(name) for name in [*DERIVED, *self.also]}
        return 0.0


DERIVED = ("Omega_m", "rs_drag", "theta_s_100", "z_dec_sidr")


def derived(theory, changes, also=(), likelihood=None):
    """What the theory has made of FULL with changes, all of which are sampled."""
    params = {name: {"prior": {"min": x - 3 * abs(x), "max": x + 3 * abs(x)}} for name, x in FULL.items()}
    params["z_dec_sidr"] = {"derived": True}
    look = {"external": Derived, "also": list(also)}
    cobaya = get_model({"theory": {theory: dict(THEORIES[theory])}, "params": params,
                        "likelihood": {"look": look} | (likelihood or {})})
    assert np.isfinite(cobaya.logposterior(FULL | changes).logpost)
    return cobaya.likelihood["look"].seen


@pytest.mark.parametrize("name", ["omega_b", "omega_cdm", "H0", "m_nu_sum", "log10_G_eff", "n_s",
                                  "tau_reio"])
@pytest.mark.parametrize("theory", THEORIES)
def test_parameter_that_a_likelihood_names_reaches_the_theory_too(theory, name):
    change = {name: FULL[name] * 1.01}
    expected = derived(theory, change)
    assert name in ("n_s", "tau_reio") or expected != derived(theory, {})
    as_requirement = derived(theory, change, also=[name])
    assert as_requirement.pop(name) == change[name] and as_requirement == expected
    namespace = {}
    exec(f"def like({name}): return -0.5*{name}**2", namespace)     # its arguments are what Cobaya looks at
    assert derived(theory, change, likelihood={"lab": namespace["like"]}) == expected


@pytest.mark.parametrize("params", [{"N_tot": 3.3}, {"n_chi": 2}, {"N_extra": 0.3}])
def test_so_do_parameters_of_the_neutrinos(params):
    name, value = next(iter(params.items()))
    fixed = {"log10_G_eff": -2, "m_nu_sum": 0.1, name: value}
    expected = model(fixed).loglike({}, return_derived=False)
    likelihood = {"sidr.likelihoods.DESI_DR2": None,
                  "lab": {"external": f"lambda {name}: 0*{name}"}}
    assert model(fixed, likelihood=likelihood).loglike({}, return_derived=False) == expected
    other = model(fixed | {name: value * 1.1}, likelihood=likelihood)
    assert other.loglike({}, return_derived=False) != expected


def test_laboratory_on_the_sum_of_masses_has_the_matter_density_of_it():
    seen = derived("sidr.theory.SIDREmulator", {"m_nu_sum": 0.10, "omega_cdm": 0.119, "H0": 68.3},
                   likelihood={"lab": "lambda m_nu_sum: -0.5*((m_nu_sum - 0.1)/0.05)**2"})
    # 93.14 eV (input.c), 3/4 of the number density, (3.044/3.046)^(3/4) of T_ncdm^3
    omega = 0.0224 + 0.119 + 0.10 / 93.14 * 0.75 * (0.716369 / 0.71611)**3
    assert_allclose(seen["Omega_m"], omega / 0.683**2, rtol=2e-6)


def test_measured_number_of_neutrinos_can_be_an_input():
    cobaya = model({"log10_G_eff": -2, "m_nu_sum": 0.1, "N_tot": {"prior": [2, 4]}, "N_eff": None},
                   likelihood={"sidr.likelihoods.Neff": {"measurement": [3, 0.1], "parameter": "N_tot"}})
    values = cobaya.logposterior({"N_tot": 3.5}).derived
    assert_allclose(values[list(cobaya.parameterization.derived_params()).index("N_eff")], 3.5, atol=1e-4)


# Inputs of CLASS that the neutrinos of this theory determine

@pytest.mark.parametrize("name, way_out", [
    ("N_ur", "N_extra"), ("N_ncdm", "m_nu_sum"), ("m_ncdm", "m_nu_sum"), ("deg_ncdm", "m_nu_sum"),
    ("T_ncdm", "m_nu_sum"), ("omega_ncdm", "m_nu_sum"), ("Omega_ur", "N_extra"), ("Neff", "N_extra"),
    ("N_sidr", "n_chi"), ("G_eff_sidr", "log10_G_eff"), ("alpha_sidr", "alpha"), ("N_bbn_sidr", "N_bbn"),
    ("ksi_ncdm", "m_nu_sum"), ("fugacity_ncdm", "m_nu_sum")])
@pytest.mark.parametrize("theory", THEORIES)
def test_class_inputs_of_the_neutrinos_are_refused_with_the_way_out(theory, name, way_out):
    extra = {"precision": "planck"} if "Emulator" in theory else {}
    with pytest.raises(LoggedError, match=f"{name} in extra_args.*{way_out}"):
        model(theory=theory, extra_args={name: 1}, **extra)
    with pytest.raises(LoggedError, match=f"{name} in params.*{way_out}"):
        model({name: 1}, theory=theory)


def test_effective_number_as_an_input_is_not_taken_for_that_of_massless_neutrinos():
    with pytest.raises(LoggedError, match="N_eff in params.*N_extra"):
        model({"N_eff": 3.5})


@pytest.mark.parametrize("params, options, says", [
    ({"n_chi": 1}, {"n_chi": 2}, "n_chi: an option of this theory and a parameter"),
    ({"N_chi": 1, "N_nu": 2}, {"n_chi": 1}, "n_chi and N_chi, N_nu say the same twice"),
    ({"n_chi": 1, "N_chi": 1, "N_nu": 2}, {}, "say the same twice"),
    ({}, {"extra_args": {"m_nu_sum": 0.1}}, "m_nu_sum in extra_args is no input of CLASS"),
    ({}, {"neutrinos": "sidr.theory.SIDR"}, "no sidr.theory.NeutrinoTheory"),
    ({}, {"thermal_history": True, "pseudo_dirac": True}, "take them from one theory")])
def test_two_values_of_one_thing_are_refused(params, options, says):
    with pytest.raises(LoggedError, match=says):
        model(params, **options)


@pytest.mark.parametrize("m_nu_sum", [0, 0.001])
def test_additional_radiation_is_added_to_massless_and_massive_neutrinos_alike(m_nu_sum):
    # 3.044 + 0.5
    cobaya = model({"N_extra": 0.5, "log10_G_eff": -4, "m_nu_sum": m_nu_sum, "N_eff": None})
    values = cobaya.logposterior({}).derived
    N_eff = values[list(cobaya.parameterization.derived_params()).index("N_eff")]
    assert_allclose(N_eff, 3.544, atol=2e-4)


@pytest.mark.parametrize("params", [{"n_chi": 0}, {"N_chi": 0, "N_nu": 3.044}, {"n_chi": 1e-6}])
@pytest.mark.parametrize("theory", THEORIES)
def test_no_chi_as_a_value_is_lcdm(theory, params):
    """chi2 of DESI DR2 is that of LCDM, 12.50, for stock CLASS's neutrinos."""
    if params == {"n_chi": 1e-6} and "Emulator" in theory:
        pytest.skip("there is no emulator between n_chi = 0 and 1")
    point = {"omega_b": 0.0224, "omega_cdm": 0.119, "H0": 68.3, "m_nu_sum": 0.06, "log10_G_eff": -4}
    spectrum = {"n_s": 0.965, "A_s": 2.1e-9, "tau_reio": 0.055} if "Emulator" in theory else {}
    cobaya = model(point | spectrum | params, theory=theory)
    logpost = cobaya.logposterior({})
    assert_allclose(-2 * logpost.loglike, 12.5018, atol=0.02 if "Emulator" in theory else 0.003)
    z_dec = logpost.derived[list(cobaya.parameterization.derived_params()).index("z_dec_sidr")]
    assert np.isnan(z_dec) or params == {"n_chi": 1e-6}


# Wrong inputs stop, impossible points are counted

@pytest.mark.parametrize("params, options, says", [
    ({}, {"extra_args": {"tol_background_integratin": 1e-3}}, "tol_background_integratin"),
    ({"omega_bb": 0.02}, {}, "omega_bb"), ({"omk": 0.01}, {}, "omk"), ({"nnu": 3}, {}, "nnu"),
    ({}, {"extra_args": {"recombination": "guess"}}, "recombination"),
    ({}, {"extra_args": {"T_cmb": "2.7K"}}, "T_cmb = '2.7K'"),
    ({"omega_b": -0.01}, {}, "omega_b|baryon density"), ({"H0": -68}, {}, "H0"),
    ({"N_chi": -1, "N_nu": 3}, {}, "N_chi = -1"), ({"nonsense": None}, {}, "nonsense")])
@pytest.mark.parametrize("theory", THEORIES)
def test_what_class_does_not_understand_stops_the_run_with_its_name(theory, params, options, says):
    emulated = {"n_s": 0.965, "A_s": 2.1e-9, "tau_reio": 0.055} if "Emulator" in theory else {}
    with pytest.raises(LoggedError, match=says):
        cobaya = model(emulated | params, theory=theory, **options)
        cobaya.logposterior({"log10_G_eff": -2, "m_nu_sum": 0.1})


def test_rejected_points_are_counted_by_reason(caplog):
    normal = model({"omega_b": {"prior": [0, 1]}, "log10_G_eff": -2}, ordering="normal")
    for m_nu_sum, omega_b in ((0.03, 0.0224), (0.02, 0.0224), (0.1, 0.5), (0.1, 0.0224)):
        normal.logposterior({"m_nu_sum": m_nu_sum, "omega_b": omega_b})
    rejected = normal.theory["sidr.transfers"].rejected
    assert sorted(rejected.values()) == [1, 2]
    caplog.set_level("INFO")
    normal.close()
    assert "Points rejected: 2. m_nu_sum = # eV is below # eV, the minimum of the normal" in caplog.text
    assert "Points rejected: 1. You have asked for an unrealistic high value omega_b = #" in caplog.text


def test_an_error_that_nobody_expects_stops_the_run(monkeypatch):
    cobaya = model({"log10_G_eff": -2})
    monkeypatch.setattr(cobaya.theory["sidr.theory.SIDR"], "class_params", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cobaya.logposterior({"m_nu_sum": 0.1})


def test_power_spectrum_is_the_same_at_any_number_of_redshifts():
    found = []
    for n in (4, 600):
        cobaya = get_model({"theory": {"sidr.theory.SIDR": {"n_chi": 1, "extra_args": COARSE | {
            "non_linear": "none"}}}, "likelihood": {"one": None}, "params": FULL | {
                "n_s": {"prior": {"min": 0.9, "max": 1}}}})
        cobaya.add_requirements({"Pk_interpolator": {"z": np.linspace(0, 3.57, n), "k_max": 1,
                                                     "nonlinear": False}})
        assert np.isfinite(cobaya.loglike({"n_s": 0.965}, return_derived=False))
        found.append(cobaya.provider.get_Pk_interpolator(nonlinear=False).P([0, 0.5, 3.5], [0.01, 0.1, 1]))
    assert_allclose(found[1], found[0], rtol=1e-12)
