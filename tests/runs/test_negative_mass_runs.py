"""The runs of effective neutrino masses below zero: chains/negative_mass.yaml, and the grid of levers."""

import itertools
import os

import numpy as np
import pytest
from cobaya.grid_tools.gridconfig import makeGrid
from cobaya.input import load_input
from cobaya.model import get_model
from cobaya.yaml import yaml_load, yaml_load_file
from test_run_files import CHAINS, load

MODELS = ["lcdm", "nchi1_mi", "nchi1_si", "nchi2_mi", "nchi2_si"]
TAU = {"simall": "planck_2018_lowl.EE", "sroll2": "planck_2018_lowl.EE_sroll2", "notau": None,
       "tau006": None, "tau009": None}
JOBS = ["_".join(filter(None, names))
        for names in itertools.product(MODELS, ["", "w0wa"], ["", "Alens"], TAU)]

POINT = {"omega_b": 0.0224, "omega_cdm": 0.118, "H0": 69.4, "logA": 3.045, "n_s": 0.967, "tau_reio": 0.06,
         "m_nu_sum": -0.1, "A_planck": 1, "A_lens": 1.05, "w0": -0.9, "wa": -0.2, "log10_G_eff": -4}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    makeGrid(str(folder), str(CHAINS / "negative_mass_grid.py"))
    return folder


def test_grid_has_all_combinations(grid):
    found = {path.stem for path in (grid / "input_files").iterdir() if not path.stem.endswith("_minimize")}
    assert found == {f"sidr_{name}_desi_dr2" for name in JOBS} and len(JOBS) == 100


@pytest.mark.data
@pytest.mark.parametrize("name", JOBS)
def test_job_initialises_with_its_levers(packages_path, grid, name):
    info = yaml_load_file(str(grid / "input_files" / f"sidr_{name}_desi_dr2.yaml"))
    blocks = ("theory", "likelihood", "params", "prior")
    model = get_model({key: info[key] for key in blocks if key in info},
                      packages_path=str(packages_path))
    parts = name.split("_")
    sampled = model.parameterization.sampled_params_info()
    assert sampled["m_nu_sum"]["prior"] == {"min": -1, "max": 1.5}
    assert ("A_lens" in sampled) == ("Alens" in parts)
    assert ("w0" in sampled) == ("wa" in sampled) == ("w0wa" in parts)
    low_l = [like for like in model.likelihood if like.startswith("planck_2018_lowl.EE")]
    assert low_l == ([TAU[parts[-1]]] if TAU[parts[-1]] else [])
    point = {p: POINT[p] for p in sampled} | ({"log10_G_eff": -1.6} if "si" in parts else {})
    prior = model.logprior(point)
    at_peak = {"tau006": 0.06, "tau009": 0.09}.get(parts[-1])
    if at_peak:
        difference = model.logprior(point | {"tau_reio": at_peak + 0.006}) - model.logprior(
            point | {"tau_reio": at_peak})
        assert difference == pytest.approx(-0.5)
    else:
        assert prior == model.logprior(point | {"tau_reio": 0.1})
    if "w0wa" in parts:
        assert np.isfinite(prior) and model.logprior(point | {"wa": 0.95}) == -np.inf
    assert set(info["sampler"]["mcmc"]["covmat_params"]) <= set(sampled)


@pytest.mark.data
def test_run_file_has_a_likelihood_below_zero(packages_path):
    info = load(CHAINS / "negative_mass.yaml")
    model = get_model({key: info[key] for key in ("theory", "likelihood", "params")})
    assert "sidr.likelihoods.DESI_DR2" in model.likelihood
    point = {p: POINT[p] for p in model.parameterization.sampled_params()}
    loglikes, derived = model.loglikes(point)
    assert 1000 < -2 * np.sum(loglikes) < 1060
    derived = dict(zip(model.parameterization.derived_params(), derived, strict=True))
    A_s = 1e-10 * np.exp(POINT["logA"])
    assert derived["A_s_exp_m2tau"] == pytest.approx(1e9 * A_s * np.exp(-2 * POINT["tau_reio"]), rel=1e-6)


@pytest.mark.data
@pytest.mark.parametrize("definition", ["extrapolate", "lensing_alone"])
def test_blocks_of_the_levers_work_together(packages_path, definition):
    def parts(*names):
        return yaml_load(f"!defaults [{', '.join(names)}]", str(CHAINS / "parts" / "x.yaml"))

    params = parts("no_amplitude_params", "negative_mass_params", "A_s_exp_m2tau_params", "A_lens_params",
                   "A_phiphi_params", "Omega_k_params", "N_tot_params")
    model = get_model({"theory": {"sidr.theory.SIDR": parts("class", "lcdm", definition)}, "params": params,
                       "likelihood": parts("planck_no_EE", "lowE_sroll2", "desi_dr2"),
                       "packages_path": os.environ["COBAYA_PACKAGES_PATH"], "stop_at_error": True})
    sampled = model.parameterization.sampled_params()
    assert "A_s_exp_m2tau" in sampled and "logA" not in sampled
    point = POINT | {"A_phiphi": 1.02, "Omega_k": 0.001, "N_tot": 3.0, "A_s_exp_m2tau": 1.87}
    loglikes, _ = model.loglikes({p: point[p] for p in sampled})
    assert 1000 < -2 * np.sum(loglikes) < 1100


@pytest.mark.data
@pytest.mark.parametrize("lensing", ["lensing_planck", "lensing_pr4", "lensing_act_pr4",
                                     "lensing_act_pr4_spt"])
def test_lensing_of_others_takes_the_place_of_plancks(packages_path, lensing):
    if "act" in lensing:
        pytest.importorskip("act_dr6_lenslike", reason="the extra cmb is not installed")
    info = load_input(str(CHAINS / "negative_mass.yaml"))
    blocks = f"!defaults [planck_primary, {lensing}, lowE_simall, desi_dr2]"
    info["likelihood"] = yaml_load(blocks, str(CHAINS / "parts" / "x.yaml"))
    model = get_model({name: info[name] for name in ("theory", "likelihood", "params")}
                      | {"packages_path": os.environ["COBAYA_PACKAGES_PATH"]})
    assert [name for name in model.likelihood if "ens" in name] == list(yaml_load_file(
        str(CHAINS / f"parts/{lensing}.yaml")))
