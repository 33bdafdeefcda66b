"""Cobaya samples the couplings of the particle model, through their thermal history."""

from math import log10

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.run import run
from cobaya.yaml import yaml_load_file
from conftest import CHAINS
from numpy.testing import assert_allclose
from test_run_files import assert_compressed_agrees, with_compressed

from sidr.classy import Class
from sidr.thermal import evolve

FIG1 = {"log10_m_phi": -2, "log10_lambda_phi_chi": log10(0.003), "log10_M_N_over_lambda": 2,
        "m_nu_sum": 0.065}


def info(params=None, sidr=None, **options):
    return {"theory": {"sidr.theory.ThermalHistory": options or None,
                       "sidr.theory.SIDR": {"thermal_history": True} | (sidr or {})},
            "likelihood": {"sidr.likelihoods.DESI_DR2": None},
            "params": {"omega_b": 0.0224, "omega_cdm": 0.119, "H0": 68.0} | (params or {})}


def derived(model, point):
    logpost = model.logposterior(point)
    return dict(zip(model.parameterization.derived_params(), logpost.derived, strict=True))


def test_couplings_are_sampled_and_effective_numbers_derived():
    model = get_model(info())
    assert list(model.parameterization.sampled_params()) == list(FIG1)
    numbers = derived(model, FIG1)
    history = evolve(0.01, 0.003, 100, 0.065, 1)
    assert_allclose([numbers["N_chi"], numbers["N_nu"], numbers["N_eff_tot"]],
                    [history.N_eff_chi, history.N_eff_nu, history.N_eff], rtol=1e-5)
    assert_allclose(numbers["log10_G_eff"], log10(0.09), rtol=1e-12)       # (6), as the paper's Fig. 1
    assert_allclose(numbers["N_eff"], history.N_eff, atol=1e-4)             # as CLASS counts


@pytest.mark.parametrize("options", [{}, {"ordering": "normal", "n_chi": 2}, {"potentials": "all"},
                                     {"potentials": "neutrinos", "n_chi": 40}])
def test_class_has_the_energy_the_number_and_the_temperature_that_the_history_leaves(options):
    model = get_model(info({"rs_drag": None}, **{"bounds": []} | options))
    point = FIG1 | {"m_nu_sum": 0.9}        # heavy: omega_nu is the number density
    model.logposterior(point)
    transfers = model.theory["sidr.transfers"].current_state["transfers"]
    h = evolve(0.01, 0.003, 100, 0.9, options.get("n_chi", 1), options.get("ordering", "degenerate"),
               potentials=options.get("potentials", "none"), times=2)
    cosmo = transfers.cosmo
    assert_allclose(cosmo.Neff, h.N_eff, atol=2e-4)
    assert_allclose(cosmo.N_sidr, h.N_eff_chi, rtol=1e-5)
    # 93.14 eV for each neutrino at T = 0.71611 T_gamma (input.c), times the number of the history
    expected = 0.9 / 93.14 * h.n_nu / (0.71611 / (4 / 11)**(1 / 3))**3
    assert_allclose(cosmo.Omega_nu * cosmo.h()**2, expected, rtol=1e-3)
    # (S48): the rate goes as T_chi^5, times the fugacity
    free = Class()
    free.set(N_sidr=1, log10_G_eff_sidr=transfers.params["log10_G_eff_sidr"], output="")
    ratio = cosmo.rate_sidr(1e4) / free.rate_sidr(1e4)
    T_chi = h.T_chi[-1] / h.T_gamma[-1]
    assert_allclose(ratio, h.z_chi[-1] * (T_chi / (4 / 11)**(1 / 3))**5, rtol=1e-6)


def test_inaccurate_solver_stops_the_run_and_a_point_without_history_is_counted(monkeypatch):
    model = get_model(info(bounds=[]))
    theory = model.theory["sidr.theory.ThermalHistory"]
    monkeypatch.setattr(theory, "history", lambda *point: evolve(*point, 1, rtol=0.1, times=2))
    with pytest.raises(LoggedError, match="take a smaller rtol"):
        model.logposterior(FIG1)
    assert not theory.rejected
    all_numbers = get_model(info(bounds=[], potentials="all"))
    theory = all_numbers.theory["sidr.theory.ThermalHistory"]
    strong = FIG1 | {"log10_m_phi": 0.4, "log10_M_N_over_lambda": 1, "m_nu_sum": 1.4}
    if all_numbers.logposterior(strong).logpost == -np.inf:
        assert sum(theory.rejected.values()) == 1 and "No thermal history" in str(theory.rejected)


def test_nucleosynthesis_sees_a_conversion_that_is_over_by_then():
    # At m_phi = 0.01 MeV standard, whatever comes; at 1 MeV more than the expansion, for lack of nu_e
    late = evolve(0.01, 0.003, 100, 0.065, 1, potentials="all", times=2)
    early = evolve(1.0, 0.003, 100, 0.2, 1, times=2)
    assert_allclose([late.N_bbn, late.N_expansion], 3.044, atol=5e-3)
    assert late.N_eff - late.N_bbn > 0.06
    assert_allclose(early.N_expansion, early.N_eff, rtol=1e-6)
    assert early.N_bbn > early.N_eff + 0.3


@pytest.mark.parametrize("changes", [{"m_nu_sum": 0.05}, {"log10_m_phi": 0, "m_nu_sum": 0.65}])
def test_points_that_the_bounds_exclude_are_rejected(changes):
    assert get_model(info()).logposterior(FIG1 | changes).logpost == -np.inf
    assert np.isfinite(get_model(info(bounds=[])).logposterior(FIG1 | changes).logpost)


def test_points_without_a_history_are_rejected():
    model = get_model(info(ordering="normal", bounds=[]))
    assert model.logposterior(FIG1 | {"m_nu_sum": 0.03}).logpost == -np.inf     # below the splittings


@pytest.mark.parametrize("options, sidr, params, says", [
    ({"n_chi": -1}, {}, {}, "n_chi = -1"),
    ({"n_chi": 0}, {}, {}, "n_chi = 0"),
    ({"ordering": "upside-down"}, {}, {}, "upside-down"),
    ({"t_channel": "half"}, {}, {}, "t_channel"),
    ({"bounds": ["BBNN"]}, {}, {}, "there is no BBNN; choose from phi beta beta"),
    ({}, {}, {"log10_G_eff": -2}, "log10_G_eff: a parameter of the run, and"),
    ({}, {"n_chi": 1}, {}, "n_chi: ThermalHistory gives it; remove it here"),
])
def test_wrong_option_stops_at_the_start_with_the_reason(options, sidr, params, says):
    with pytest.raises(LoggedError, match=says):
        get_model(info(params, sidr, **options))


def test_history_that_is_missing_is_named():
    without = info()
    del without["theory"]["sidr.theory.ThermalHistory"]
    with pytest.raises(LoggedError, match="neutrino_sector"):
        get_model(without)


@pytest.mark.data
def test_run_file_evaluates(packages_path):
    run_file = yaml_load_file(str(CHAINS / "couplings_planck_desi.yaml"))
    assert run_file["output"] == "chains/couplings_planck_desi"
    model = with_compressed(run_file)
    assert set(FIG1) <= set(model.parameterization.sampled_params())
    # log10 G_eff = -1.6, where the paper has its strongly interacting mode, as in test_run_files.py
    point = FIG1 | {"log10_lambda_phi_chi": -2.8, "omega_b": 0.0225, "omega_cdm": 0.1191, "H0": 68.3,
                    "logA": 3.03, "n_s": 0.957, "tau_reio": 0.057, "A_planck": 1}
    assert_compressed_agrees(model, point)


def test_run_file_samples(tmp_path):
    run_file = yaml_load_file(str(CHAINS / "couplings_planck_desi.yaml"))
    quick = info({name: param for name, param in run_file["params"].items() if name == "m_nu_sum"})
    quick["sampler"] = {"mcmc": run_file["sampler"]["mcmc"] | {"max_samples": 5}}
    _, sampler = run(quick | {"output": str(tmp_path / "chain")}, no_mpi=True)
    rows = sampler.products()["sample"]
    assert len(rows) >= 5
    assert np.all(rows["m_nu_sum"] >= 0.059) and np.all(rows["N_eff_tot"] < 3.444)
    assert_allclose(rows["log10_G_eff"], 2 * (rows["log10_lambda_phi_chi"] - rows["log10_m_phi"]))
