"""The run files in chains/: each loads, its likelihoods answer, a killed run resumes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.yaml import yaml_dump_file, yaml_load_file
from conftest import CHAINS
from numpy.testing import assert_allclose

from sidr.reweight.model import exact_theory

PLANCK = sorted(CHAINS.glob("planck*.yaml"))
COMPRESSED = "sidr.likelihoods.PlanckCompressed"

#: Table S1 of arXiv:2506.08085
PRIORS = {"omega_b": (0.01, 0.04), "omega_cdm": (0.08, 0.16), "H0": (55, 85), "logA": (2, 4),
          "n_s": (0.8, 1.1), "tau_reio": (0.004, 0.25), "m_nu_sum": (0, 1.5)}


def load(path):
    info = yaml_load_file(str(path))
    assert info["output"] == f"chains/{path.stem}"
    return info


@pytest.mark.data
@pytest.mark.parametrize("path", PLANCK, ids=lambda path: path.stem)
def test_planck_run_file_has_the_paper_s_priors_and_starts(packages_path, path):
    info = load(path)
    model = get_model({key: info[key] for key in ("theory", "likelihood", "params")})
    sampled = model.parameterization.sampled_params_info()
    bounds = {name: (p["prior"]["min"], p["prior"]["max"]) for name, p in sampled.items()
              if name != "A_planck"}
    coupling = {"mi": (-5, -2.5), "si": (-2.5, 0), "full": (-5, 1)}.get(path.stem.split("_")[-1])  # S2, S1
    assert bounds == PRIORS | ({"log10_G_eff": coupling} if coupling else {})
    if "mcmc" in info["sampler"]:
        assert set(info["sampler"]["mcmc"]["covmat_params"]) >= set(bounds)
    assert "sidr.likelihoods.DESI_DR1" in model.likelihood
    theory = model.theory["sidr.theory.SIDR"]
    n = {"lcdm": (0, None), "nchi2": (1.20, 1.844)}.get(path.stem.split("_")[2], (0.75, 2.294))
    assert (theory.N_chi, theory.N_nu) == n if n[0] else theory.n_chi == 0


def test_quickstart_is_the_full_prior_without_any_data_to_install(monkeypatch):
    monkeypatch.delenv("COBAYA_PACKAGES_PATH", raising=False)
    info = load(CHAINS / "quickstart.yaml")
    model = get_model({key: info[key] for key in ("theory", "likelihood", "params")})
    sampled = model.parameterization.sampled_params_info()
    bounds = {name: (p["prior"]["min"], p["prior"]["max"]) for name, p in sampled.items()
              if name != "A_planck"}
    assert bounds == PRIORS | {"log10_G_eff": (-5, 1)}
    # near the two modes: arXiv:2506.08085, Table S4, and DESI DR2
    common = {"omega_b": 0.0225, "omega_cdm": 0.1183, "tau_reio": 0.057, "m_nu_sum": 0.03, "A_planck": 1}
    modes = [{"H0": 68.5, "logA": 3.045, "n_s": 0.967, "log10_G_eff": -4.2},
             {"H0": 68.75, "logA": 3.03, "n_s": 0.958, "log10_G_eff": -1.6}]
    exact = get_model({"theory": exact_theory(info["theory"]), "likelihood": info["likelihood"],
                       "params": info["params"]})
    chi2 = np.array([[-2 * np.sum(m.loglikes(common | mode, return_derived=False)) for mode in modes]
                     for m in (model, exact)])
    assert_allclose(chi2[0], chi2[1], atol=0.3)     # twice the rms error of the emulator
    assert abs(chi2[0, 1] - chi2[0, 0]) < 3         # about as likely, Table S4
    assert not np.isfinite(model.logposterior(common | modes[0] | {"H0": 60}).logpost)


def test_box_of_the_nested_run_is_wide_around_both_modes():
    info = load(CHAINS / "planck_desi_full.yaml")
    box = info["sampler"]["sidr.samplers.Nautilus"]["prior_box"]
    mcmc = load(CHAINS / "planck_desi_si.yaml")["sampler"]["mcmc"]
    sigma = dict(zip(mcmc["covmat_params"], np.sqrt(np.diag(mcmc["covmat"])), strict=True))
    for mode in ("mi", "si"):
        for name, p in load(CHAINS / f"planck_desi_{mode}.yaml")["params"].items():
            if name in box:
                low, high = box[name]
                assert low == p["prior"]["min"] or low < p["ref"]["loc"] - 6 * sigma[name]
                assert high > p["ref"]["loc"] + 6 * sigma[name]


@pytest.mark.data
def test_planck_run_file_takes_desi_dr2_by_its_name(packages_path, tmp_path):
    text = (CHAINS / "planck_desi_si.yaml").read_text()
    (tmp_path / "run.yaml").write_text(text.replace("desi_dr1", "desi_dr2", 2))
    (tmp_path / "parts").symlink_to(CHAINS / "parts")
    assert "sidr.likelihoods.DESI_DR2" in yaml_load_file(str(tmp_path / "run.yaml"))["likelihood"]


def with_compressed(info):
    """The model of a run file, with the compressed Planck beside Planck's own likelihoods."""
    model = {key: info[key] for key in ("theory", "likelihood", "params", "prior") if key in info}
    return get_model(model | {"likelihood": model["likelihood"] | {COMPRESSED: {"strict": True}}})


def assert_compressed_agrees(model, point):
    """Check chi2 of Planck's four likelihoods at a point against that of the compressed one."""
    chi2 = dict(zip(model.likelihood, -2 * model.loglikes(point, return_derived=False), strict=True))
    planck = [chi2[name] for name in chi2 if name.startswith("planck_2018")]
    assert len(planck) == 4
    assert_allclose(sum(planck), chi2[COMPRESSED], atol=0.1)
    assert chi2["sidr.likelihoods.DESI_DR1"] < 25       # of 12 distances; LCDM has 13


@pytest.mark.data
def test_si_run_file_has_a_good_fit_where_the_paper_has_its_mode(packages_path):
    model = with_compressed(load(CHAINS / "planck_desi_si.yaml"))
    # Table S4, SI, n_chi = 1
    point = {"omega_b": 0.0225, "omega_cdm": 0.1191, "H0": 68.6, "logA": 3.03, "n_s": 0.957,
             "tau_reio": 0.057, "m_nu_sum": 0.03, "log10_G_eff": -1.6, "A_planck": 1}
    assert_compressed_agrees(model, point)


def cobaya_run(path, *options):
    """A process that runs cobaya-run."""
    return subprocess.Popen([sys.executable, "-m", "cobaya", "run", str(path), *options],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=os.environ | {"COBAYA_NOMPI": "1"})


def rows(root):
    return len(np.loadtxt(f"{root}.1.txt", ndmin=2))


def test_background_run_samples_and_resumes_after_a_kill(tmp_path):
    info = load(CHAINS / "bao.yaml")
    root = tmp_path / "bao"
    info["output"] = str(root)
    info["sampler"]["mcmc"]["output_every"] = 1
    path = tmp_path / "bao.yaml"
    yaml_dump_file(str(path), info)

    process = cobaya_run(path)
    deadline = time.monotonic() + 300
    while not (Path(f"{root}.1.txt").exists() and rows(root) > 5):
        assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
        time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = rows(root)

    info["sampler"]["mcmc"]["max_samples"] = before + 5
    yaml_dump_file(str(path), info, error_if_exists=False)
    process = cobaya_run(path, "-r")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert rows(root) >= before + 5
    header = Path(f"{root}.1.txt").read_text().split("\n")[0].split()
    assert {"m_nu_sum", "H0", "N_eff", "Omega_m"} <= set(header)
