"""Named precision settings: accepted by CLASS, as accurate as they say, and the calibration of `planck`."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from conftest import CHI, SPECTRA, compute

import precision as benchmark
from sidr import precision
from sidr.classy import Class, CosmoSevereError, calibration
from sidr.neutrinos import class_inputs

CHEAP = {"output": "tCl", "l_max_scalars": 20, "k_step_sub": 0.3, "k_step_super": 0.02}
PARAMS = {"omega_b": 0.0224, "omega_cdm": 0.12, "H0": 67.5, "log10_G_eff": -2, "m_nu_sum": 0.1}


def theory(**options):
    """Cobaya's SIDR with these options."""
    run = {"theory": {"sidr.theory.SIDR": options}, "likelihood": {"one": None}, "params": PARAMS}
    model = get_model(run)
    return model.theory["sidr.theory.SIDR"]


@pytest.mark.parametrize("name", precision.settings)
def test_class_reads_all_settings(name):
    settings = precision.settings[name] | {"cl_calibration": "none"}
    assert compute(CHI | {"G_eff_sidr": 0.01} | settings | CHEAP | {"delta_l_max": 10})


@pytest.mark.parametrize("neutrinos", [
    {"n_chi": 1, "m_nu_sum": 0.06}, {"n_chi": 2, "m_nu_sum": 0.15}, {"n_chi": 0, "m_nu_sum": 0.1}], ids=str)
def test_planck_is_calibrated_for_other_cosmologies_than_those_it_was_made_of(neutrinos):
    chi = {"G_eff_sidr": 10**-1.2} if neutrinos["n_chi"] else {}
    inputs = class_inputs(**neutrinos) | chi | SPECTRA | {"output": "tCl pCl lCl", "l_max_scalars": 2508,
                                                          "omega_b": 0.0220, "H0": 69.}
    exact, default, planck = (compute(inputs | settings) for settings in (
        precision.reference, precision.default, precision.planck))
    for which in ("lensed_cl", "raw_cl"):
        e, d, p = (getattr(cosmo, which)(2500) for cosmo in (exact, default, planck))
        for x in ("tt", "ee", "pp"):
            ours, theirs = (rms(cl[x][30:] / e[x][30:] - 1) for cl in (p, d))
            # phi phi of CLASS's default, with momenta of ours, is good enough
            limit = 2e-4 if x != "pp" or neutrinos["n_chi"] == 1 else 1.5e-3
            assert ours < (limit if x == "pp" else min(limit, theirs)), (which, x, ours, theirs)
        te = (p["te"] - e["te"])[30:] / np.sqrt(e["tt"] * e["ee"])[30:]
        assert rms(te) < 2e-4, which


@pytest.mark.data
@pytest.mark.parametrize("mode", ["MI", "SI"])
@pytest.mark.parametrize("setting", ["planck", "highl"])
def test_settings_have_the_chi2_of_their_reference_in_both_modes(packages_path, setting, mode):
    """On points that the calibration was not made of; the reference's chi2 are in a table."""
    if setting == "highl":
        pytest.importorskip("candl", reason="the extra cmb is not installed")
    numbers = [27, 87]
    table = benchmark.read(benchmark.HERE / "results" / f"{mode}_{benchmark.judge(setting)[0]}.csv")
    exact = benchmark.total([table[number] for number in numbers])
    model = benchmark.likelihoods(setting)
    points = benchmark.posterior()[benchmark.MODES[mode]][numbers]
    assert not set(numbers) & set(range(0, 100, benchmark.CALIBRATE_EVERY))
    ours = benchmark.total([benchmark.chi2(model, point) for point in points])
    np.testing.assert_allclose(ours, exact, rtol=0, atol=0.2)  # five standard deviations


def rms(x):
    return np.sqrt(np.mean(x**2))


def test_calibration_is_on_the_spectra_only_and_can_be_left_out():
    inputs = CHI | precision.planck | {"output": "tCl pCl lCl mPk", "lensing": "yes", "l_max_scalars": 300,
                                       "G_eff_sidr": 0.01}
    cosmo = compute(inputs)
    calibrated = {which: getattr(cosmo, which)(300) for which in ("lensed_cl", "raw_cl")}
    k = cosmo.get_current_derived_parameters(["sigma8"])
    cosmo.set(cl_calibration="none")
    assert cosmo.get_current_derived_parameters(["sigma8"]) == k
    table = calibration.load("planck")
    for which, names, factors in (("lensed_cl", calibration.LENSED, table.lensed),
                                  ("raw_cl", calibration.RAW, table.raw)):
        plain = getattr(cosmo, which)(300)
        expected = {x: plain[x] * factors[x][:301] for x in names if x != "te"}
        expected["te"] = plain["te"] + factors["te"][:301] * np.sqrt(plain["tt"] * plain["ee"])
        assert not np.array_equal(plain["tt"], calibrated[which]["tt"])
        for x in plain:
            assert np.array_equal(calibrated[which][x], expected.get(x, plain[x])), x


@pytest.mark.parametrize("name", ["planck", "highl"])
def test_calibration_is_made_of_the_settings(name):
    table = calibration.load(name)
    assert table.settings == {k: v for k, v in precision.settings[name].items() if k != "cl_calibration"}
    assert table.l_max == benchmark.judge(name)[3]


@pytest.mark.parametrize("other", ["none", "halofit"])
def test_highl_is_for_hmcode_alone(other):
    cosmo = Class()
    cosmo.set(CHI | precision.highl | {"output": "tCl", "non_linear": other})
    with pytest.raises(CosmoSevereError, match=f"non_linear = '{other}', but .* for non_linear = hmcode"):
        cosmo.compute()


@pytest.mark.parametrize("l_max", [2508, 6501])
def test_highl_is_for_the_multipoles_that_it_was_made_of(l_max):
    # lensing is not accurate at the end of the spectra, wherever that is
    cosmo = Class()
    cosmo.set(CHI | precision.highl | {"output": "tCl", "l_max_scalars": l_max})
    with pytest.raises(CosmoSevereError, match=f"l_max_scalars = {l_max}, but .* for l_max_scalars = 6500"):
        cosmo.compute()


@pytest.mark.parametrize("requirements, l_max", [
    ({"Hubble": {"z": [0]}}, None), ({"sigma8": None}, None), ({"Cl": {"tt": 4000}}, 6500)], ids=str)
def test_highl_computes_what_a_likelihood_asks_for(requirements, l_max):
    settings = {"k_step_sub": 0.3, "k_step_super": 0.02, "cl_calibration": "none", "nonlinear_min_k_max": 5}
    model = get_model({
        "theory": {"sidr.theory.SIDR": {"precision": "highl", "stop_at_error": True,
                                        "extra_args": settings}},
        "likelihood": {"one": {"external": lambda _self: 0.0, "requires": requirements}},
        "params": PARAMS | {"A_s": 2e-9, "n_s": 0.96, "tau_reio": 0.055}})
    assert model.loglike({}, return_derived=False) == 0
    assert model.theory["sidr.theory.SIDR"].classy.pars.get("l_max_scalars") == l_max


def test_calibration_belongs_to_its_settings():
    cosmo = Class()
    cosmo.set(CHI | precision.planck | CHEAP)
    with pytest.raises(CosmoSevereError, match="k_step_s.* = .*cl_calibration = planck holds for .*none"):
        cosmo.compute()
    cosmo.set(cl_calibration="none")
    cosmo.compute()
    with pytest.raises(CosmoSevereError, match="cl_calibration = 'plank': give highl, planck, none"):
        cosmo.set(cl_calibration="plank")
    cosmo.empty()
    cosmo.set(CHEAP)
    cosmo.compute()


@pytest.mark.parametrize("name", ["accurate_lensing", "l_linstep", "l_logstep", "l_max_g", "tol_ncdm_bg",
                                  "sidr_tca_trigger_rate_over_k", "q_linstep_trans", "gauge",
                                  "ncdm_N_momentum_bins"])
def test_calibration_refuses_every_other_setting(name):
    cosmo = Class()
    cosmo.set(CHI | precision.planck | {"output": "tCl", name: 1})
    with pytest.raises(CosmoSevereError, match=f"{name} = 1, but cl_calibration = planck .* leave it out"):
        cosmo.compute()


def test_every_precision_parameter_of_class_is_known_to_the_calibration():
    named = set().union(*precision.settings.values()) - {"cl_calibration", "non_linear", "l_max_scalars"}
    assert named <= calibration.NUMERICAL
    assert len(calibration.NUMERICAL) > 200
    assert not calibration.NUMERICAL & {"omega_b", "H0", "l_max_scalars", "sBBN file", "non_linear"}


def test_calibration_ends_where_its_table_ends():
    cosmo = Class()
    cosmo.set(CHI | precision.planck | {"output": "tCl pCl lCl", "lensing": "yes", "l_max_scalars": 2509})
    with pytest.raises(CosmoSevereError, match="l_max_scalars = 2509, but cl_calibration .* ends"):
        cosmo.compute()
    cosmo.set(l_max_scalars=300)
    cosmo.compute()
    table = calibration.load("planck")
    with pytest.raises(CosmoSevereError, match="lmax = 2600, but cl_calibration = planck ends at l = 2508"):
        cosmo.raw_cl(2600)
    # CLASS itself goes further than l_max_scalars, for the lensing
    assert len(cosmo.raw_cl()["tt"]) <= table.l_max + 1
    cosmo.set(cl_calibration="none", l_max_scalars=2100)
    assert len(cosmo.raw_cl()["tt"]) > table.l_max + 1
    cosmo.set(cl_calibration="planck")
    assert {len(values) for values in cosmo.raw_cl().values()} == {table.l_max + 1}


def test_theory_takes_the_settings_and_extra_args_come_on_top():
    args = theory(precision="planck", extra_args={"YHe": 0.25}).extra_args
    assert args | precision.planck == args
    assert args["YHe"] == 0.25
    assert not theory().extra_args.keys() & precision.planck.keys()


def test_theory_refuses_settings_that_are_not_calibrated():
    with pytest.raises(LoggedError, match="k_step_sub = 0.07.*cl_calibration = none"):
        theory(precision="planck", extra_args={"k_step_sub": 0.07})
    with pytest.raises(LoggedError, match="l_max_g = 13.*cl_calibration = none"):
        theory(precision="planck", extra_args={"l_max_g": 13})
    assert theory(precision="planck", extra_args={"k_step_sub": 0.07, "cl_calibration": "none"})


@pytest.mark.parametrize("wrong", ["plank", None, ["planck"]])
def test_theory_refuses_other_names(wrong):
    with pytest.raises(LoggedError, match="default, planck, highl, reference, highl_reference"):
        theory(precision=wrong)
