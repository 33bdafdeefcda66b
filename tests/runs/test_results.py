"""What is made of the samples of runs: copies, limits, covariances, best fits."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cobaya.output import load_samples
from cobaya.yaml import yaml_dump, yaml_load_file
from conftest import CHAINS
from getdist import MCSamples

from sidr import runs
from sidr.cli import main
from sidr.modes import MODES
from sidr.reweight.best_fits import best_fits
from sidr.runs.covariance import covariance
from sidr.runs.limits import limits
from sidr.runs.thinning import thin

KEPT = CHAINS / "results" / "emulated"
BOTH = KEPT / "sidr_nchi1_full_planck_desi_dr2"

pytestmark = pytest.mark.skipif(not KEPT.exists(), reason="results are in the repository only")


def one_line(capsys):
    """The sentence on standard error."""
    return capsys.readouterr().err.strip().splitlines()[-1]


# Copies

def test_copy_has_the_posterior_and_is_read_as_the_run(tmp_path):
    assert main(["thin", str(BOTH), "-o", str(tmp_path / "new"), "-n", "300"]) == 0
    root = tmp_path / "new" / BOTH.name
    whole, copy = runs.load_samples(BOTH), runs.load_samples(root)
    assert copy.weights.sum() == 300
    for name in ("H0", "m_nu_sum", "log10_G_eff", "chi2"):
        assert copy.mean(name) == pytest.approx(whole.mean(name), abs=4 * whole.std(name) / np.sqrt(300))
    assert len(load_samples(str(root), combined=True)) == copy.numrows
    for extension in (".logZ", ".updated.yaml"):
        assert Path(f"{root}{extension}").read_text() == Path(f"{BOTH}{extension}").read_text()


@pytest.fixture
def small(tmp_path):
    """Root of a chain of 14 rows, one of them with the weight 7."""
    lines = ["# weight minuslogpost x chi2"] + [f"{7 if i == 3 else 1} {i} {i} {2 * i}" for i in range(14)]
    (tmp_path / "run.1.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "run"


def test_heavy_sample_is_one_row_of_its_weight(small, tmp_path):
    assert thin(small, tmp_path / "copy", 20, burn_in=0) == 14
    weights = np.loadtxt(tmp_path / "copy" / "run.1.txt")[:, 0]
    assert weights.tolist() == [7 if i == 3 else 1 for i in range(14)]


@pytest.mark.parametrize("burn_in, first", [(0.5, 7), (4, 4)])
def test_burn_in_of_a_chain_is_not_copied(small, tmp_path, burn_in, first):
    thin(small, tmp_path / "copy", 1000, burn_in)
    assert np.loadtxt(tmp_path / "copy" / "run.1.txt")[0, 2] == first


def test_copy_never_replaces_the_run(small, capsys):
    before = Path(f"{small}.1.txt").read_bytes()
    assert main(["thin", str(small), "-o", str(small.parent)]) == 1
    assert "would replace the run itself" in one_line(capsys)
    assert main(["thin", str(small), "-o", str(small.parent / "copy"), "--burn-in", "14"]) == 1
    assert "no samples after 14 of burn-in" in one_line(capsys)
    assert Path(f"{small}.1.txt").read_bytes() == before and not (small.parent / "copy").exists()


# Limits

def test_limits_and_modes_of_a_known_posterior():
    # half a Gaussian in the mass, a tenth of MI uniform in the coupling, SI a narrow Gaussian
    rng, n = np.random.default_rng(1), 40000
    coupling = np.where(np.arange(n) % 10 == 0, rng.uniform(-5, -2.5, n), rng.normal(-1.5, 0.05, n))
    mass = np.abs(rng.normal(0, 0.05, n)) * np.where(coupling > -2.5, 1.2, 1)
    samples = MCSamples(samples=np.column_stack([mass, coupling]), names=["m_nu_sum", "log10_G_eff"])
    found = limits(samples)
    assert [g for g, _ in found["limit"]] == [-5, -3.5, -2.625, -1.5]      # none where there is nothing
    assert dict(map(tuple, found["limit"]))[-5] == pytest.approx(1.96 * 0.05, rel=0.06)
    assert dict(map(tuple, found["limit"]))[-1.5] == pytest.approx(1.96 * 0.06, rel=0.02)
    assert found["modes"]["MI"] == pytest.approx([-5, -5 + 0.68 * 2.5], abs=0.05)
    assert found["modes"]["SI"] == pytest.approx([-1.55, -1.45], abs=0.01)


def test_limits_of_kept_runs_are_those_that_the_figures_draw(tmp_path, capsys):
    roots = [str(KEPT / f"sidr_nchi{n}_full_planck_desi_dr1") for n in (1, 2)]
    assert main(["limits", *roots, "-o", str(tmp_path / "limits.yaml")]) == 0
    ours, kept = (yaml_load_file(str(path)) for path in (tmp_path / "limits.yaml",
                                                         CHAINS / "results" / "fig2_limits.yaml"))
    for n_chi in (1, 2):                     # kept: of the whole runs; ours of 1000 samples of each
        whole = dict(map(tuple, kept[n_chi]["limit"]))
        assert ours[n_chi]["limit"] and all(limit == pytest.approx(whole[g], rel=0.15)
                                            for g, limit in ours[n_chi]["limit"])
        for name in MODES:
            assert ours[n_chi]["modes"][name] == pytest.approx(kept[n_chi]["modes"][name], abs=0.2)
    assert main(["limits", roots[0], roots[0], "-o", str(tmp_path / "limits.yaml")]) == 1
    assert "a second run of n_chi = 1" in one_line(capsys)
    lcdm = str(KEPT / "sidr_lcdm_full_planck")
    assert main(["limits", lcdm, "-o", str(tmp_path / "limits.yaml")]) == 1
    assert "not of both modes" in one_line(capsys)


# Covariances

@pytest.mark.parametrize("mode", MODES)
def test_covariance_of_an_emulated_run_is_that_which_the_run_files_have(tmp_path, mode):
    assert main(["covmat", str(BOTH), "--mode", mode, "-o", str(tmp_path / "c.yaml")]) == 0
    ours, kept = (yaml_load_file(str(path)) for path in (
        tmp_path / "c.yaml", CHAINS / "parts" / "covmats" / f"nchi1_{mode.lower()}_planck_desi_dr2.yaml"))
    assert sorted(ours["covmat_params"]) == sorted(kept["covmat_params"])
    order = [ours["covmat_params"].index(name) for name in kept["covmat_params"]]
    ours, kept = np.array(ours["covmat"])[np.ix_(order, order)], np.array(kept["covmat"])
    sigma = np.sqrt(kept.diagonal())
    assert np.sqrt(ours.diagonal()) == pytest.approx(sigma, rel=0.25)
    # steps drawn from one, in units of the other: of order one in every direction
    ratios = np.linalg.eigvals(np.linalg.solve(kept, ours)).real
    assert ratios.min() > 0.4 and ratios.max() < 2


def test_covariance_has_the_weights_of_the_samples_and_of_the_runs():
    run = runs.load(BOTH)
    inside = MODES["MI"].contains(run.samples["log10_G_eff"])
    names, once = covariance([BOTH], "MI")
    expected = np.cov([run.samples[name][inside] for name in names], aweights=run.samples.weights[inside],
                      ddof=0)
    assert once == pytest.approx(expected, rel=1e-6)
    assert covariance([BOTH, BOTH], "MI")[1] == pytest.approx(once, rel=1e-9)


@pytest.mark.parametrize("names, options, says", [
    (["sidr_nchi1_full_planck"], [], "has both modes of log10_G_eff: choose one, with --mode MI or SI"),
    (["sidr_lcdm_full_planck"], ["-m", "SI"], "has no mode SI"),
    (["sidr_nchi1_full_planck", "sidr_nchi1_full_planck_desi_dr1"], ["-m", "SI"], "Planck + DESI DR1"),
    (["absent"], [], "no chain")])
def test_covariance_of_what_has_none_is_refused(tmp_path, capsys, names, options, says):
    roots = [str(KEPT / name) for name in names]
    assert main(["covmat", *roots, *options, "-o", str(tmp_path / "c.yaml")]) == 1
    assert says in one_line(capsys) and not (tmp_path / "c.yaml").exists()


def test_covariance_of_too_few_samples_is_refused(tmp_path, capsys):
    for path in KEPT.glob("sidr_lcdm_full_planck.*"):
        shutil.copyfile(path, tmp_path / path.name)
    samples = tmp_path / "sidr_lcdm_full_planck.1.txt"
    head, *rows = samples.read_text().splitlines()
    samples.write_text("\n".join([head, *rows[:2] * 10]) + "\n")
    assert main(["covmat", str(tmp_path / "sidr_lcdm_full_planck"), "-o", str(tmp_path / "c.yaml")]) == 1
    assert "20 samples are too few for a covariance of 8 parameters" in one_line(capsys)


# Best fits

def test_best_fit_is_below_the_best_sample_and_near_exact_class():
    # without Planck's data exact spectra are compared with the compressed likelihood
    root = KEPT / "sidr_lcdm_full_planck_desi_dr2"
    fit, = best_fits(root)
    samples = runs.load_samples(root)
    best = (samples["chi2"] + ((samples["A_planck"] - 1) / 0.0025)**2).min()
    assert fit.mode == "LCDM" and best - 3 < fit.emulated < best
    assert fit.exact == pytest.approx(fit.emulated, abs=0.3)
    assert 0 <= fit.point["m_nu_sum"] < 0.05


@pytest.mark.parametrize("text, says", [("m_nu_sum: 0.06", "does not sample m_nu_sum"), (None, "no chain")])
def test_best_fit_of_another_run_is_refused(tmp_path, capsys, text, says):
    name = "sidr_lcdm_full_planck_desi_dr2"
    if text:
        for path in KEPT.glob(f"{name}.*"):
            shutil.copyfile(path, tmp_path / path.name)
        updated = tmp_path / f"{name}.updated.yaml"
        info = yaml_load_file(str(updated))
        info["params"]["m_nu_sum"] = 0.06
        updated.write_text(yaml_dump(info))
    assert main(["best-fits", str(tmp_path / name)]) == 1
    assert says in one_line(capsys)


# What the repository keeps

def test_results_are_small_and_have_no_checkpoint_of_an_unfinished_run():
    listed = subprocess.run(["git", "ls-files", "-z", "."], cwd=KEPT.parent, capture_output=True, text=True)
    files = [KEPT.parent / name for name in listed.stdout.split("\0") if name]
    if not files:
        pytest.skip("not a checkout of git")
    assert sum(path.stat().st_size for path in files) < 3e6
    assert {path.suffix for path in files} <= {".md", ".png", ".txt", ".yaml", ".checkpoint", ".logZ",
                                               ".progress"}
    for path in files:
        assert path.suffix != ".checkpoint" or "converged: true" in path.read_text()
