"""Reweighting: posteriors whose answer is known, files, kills, refused points, the exact model."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cobaya.collection import SampleCollection
from cobaya.model import get_model
from cobaya.output import OutputReadOnly, load_samples
from cobaya.yaml import yaml_dump_file, yaml_load_file
from conftest import mpi_output
from numpy.testing import assert_allclose
from scipy.stats import norm

from sidr import runs
from sidr.cli import main
from sidr.pools import Part, parts
from sidr.reweight import reweight
from sidr.reweight.importance import Draws, Reweighting, draw, exact_quantile, quantile
from sidr.reweight.model import exact_theory, full_likelihoods, installed
from sidr.reweight.run import rounded

#: log10_G_eff and m_nu_sum: two modes, each a Gaussian in both; parts of the posterior, means, widths
P = {"MI": (0.9, (-4, 0.30), (0.3, 0.5)), "SI": (0.1, (0.40, 0.04), (0.15, 0.03))}
#: The exact one: the second mode has twice the weight, in both m_nu_sum is larger; ln Z = 1.5
Q = {"MI": (0.8, (-4, 0.32), (0.3, 0.5)), "SI": (0.2, (0.45, 0.06), (0.15, 0.03))}
LOG_Z = 1.5
PRIOR = {"log10_G_eff": [-9, 3], "m_nu_sum": [-5, 5]}
VOLUME = 12 * 10


def log_mixture(modes, log10_G_eff, m_nu_sum):
    return np.log(VOLUME * sum(
        part * norm.pdf(log10_G_eff, means[0], widths[0]) * norm.pdf(m_nu_sum, means[1], widths[1])
        for part, means, widths in modes.values()))


def p(log10_G_eff, m_nu_sum):
    return log_mixture(P, log10_G_eff, m_nu_sum)


def q(log10_G_eff, m_nu_sum):
    return LOG_Z + log_mixture(Q, log10_G_eff, m_nu_sum)


def refusing(log10_G_eff, m_nu_sum):
    """p, but impossible for m_nu_sum > 0.8, a sixth of the mode of weak interactions."""
    return -np.inf if m_nu_sum > 0.8 else p(log10_G_eff, m_nu_sum)


def slow(log10_G_eff, m_nu_sum):
    """q, which counts its calls in a file and takes its time."""
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(".")
    time.sleep(0.05)
    return q(log10_G_eff, m_nu_sum)


def likelihood(name):
    return {"likelihood": {name: f"import_module('test_reweight').{name}"}}


def finished(root, info, points, weights, logZ=None, **sampler):
    """The files of a run that has sampled these points."""
    model = get_model(info)
    output = OutputReadOnly(str(root))
    collection = SampleCollection(model, output, name="1", file_name=f"{root}.1.txt", sample_type="nested")
    for point, weight in zip(points, weights, strict=True):
        collection.add(point, logpost=model.logposterior(point), weight=weight)
    collection.out_update()
    sampler = {"sidr.samplers.Nautilus": {"sampler_type": "nested"} | sampler}
    yaml_dump_file(output.file_updated, model.info() | {"sampler": sampler})
    if logZ is not None:
        yaml_dump_file(f"{root}.logZ", {"logZ": logZ, "logZstd": 0.01})
    return str(root)


@pytest.fixture(scope="module")
def two_modes(tmp_path_factory):
    """A finished run with the posterior P."""
    rng = np.random.default_rng(1)
    n = 6000
    strong = rng.random(n) < P["SI"][0]
    points = np.where(strong[:, None], *(rng.normal(*P[mode][1:], (n, 2)) for mode in ("SI", "MI")))
    info = likelihood("p") | {"params": {name: {"prior": prior} for name, prior in PRIOR.items()}
                              | {"ratio": {"derived": "lambda m_nu_sum: m_nu_sum/0.06"}}}
    root = tmp_path_factory.mktemp("chains") / "two_modes"
    return finished(root, info, points, rng.exponential(size=n), logZ=0.0)


@pytest.fixture
def copy(two_modes, tmp_path):
    """The same run elsewhere, as no other test has reweighted it."""
    for path in Path(two_modes).parent.glob("two_modes.*"):
        if "post" not in path.name:
            shutil.copy(path, tmp_path)
    return str(tmp_path / "two_modes")


# Statistics

def test_draws_represent_the_samples_without_bias():
    rng = np.random.default_rng(2)
    weights, x = rng.exponential(size=500)**3, rng.normal(size=500)
    regions = (x > 1).astype(int)
    expected = np.average(x**2, weights=weights)
    means = []
    for seed in range(400):
        draws = draw(weights, 60, regions, order=x, seed=seed)
        assert_allclose(draws.weight.sum(), 1)
        assert draws.count.sum() == 60 and len(np.unique(draws.index)) == len(draws.index)
        # each region has its part of the posterior exactly
        assert_allclose(draws.weight[draws.region == 1].sum(), weights[regions == 1].sum() / weights.sum())
        means.append(draws.weight @ x[draws.index]**2)
    assert abs(np.mean(means) - expected) < 4 * np.std(means) / np.sqrt(400)


def test_small_regions_get_points_and_heavy_samples_count_more_than_once():
    weights = np.ones(1000)
    weights[:10], weights[10] = 1e-4, 300
    regions = (np.arange(1000) < 10).astype(int)
    draws = draw(weights, 80, regions, order=np.arange(1000), seed=0)
    assert draws.count[draws.region == 1].sum() == 16       # a fifth, for 1e-6 of the posterior
    heavy = draws.count[draws.index == 10].item()
    assert abs(heavy - 64 * 300 / 1289) < 1                 # systematic: never off by one draw
    assert np.ptp(draws.index[:30]) > 500                   # in random order


def test_effective_size_and_evidence_of_a_shifted_gaussian():
    # N(0, 1) to N(d, 1): <r^2>/<r>^2 = exp(d^2)
    d, n = 0.5, 20000
    x = norm.ppf((np.arange(n) + 0.5) / n)
    draws = Draws(np.arange(n), np.ones(n, int), np.zeros(n, int), np.full(n, 1 / n))
    new = Reweighting(draws, norm.logpdf(x, d) - norm.logpdf(x) + 3 - 1e4)
    assert_allclose(new.q.sum()**2 / (new.q**2).sum() / n, np.exp(-d**2), rtol=0.01)
    log_Z, error = new.log_Z()
    assert_allclose(log_Z, 3 - 1e4, atol=1e-3)
    assert_allclose(error, np.sqrt(np.expm1(d**2) / n), rtol=0.1)   # delta method


def test_quantiles_of_a_shifted_gaussian():
    rng = np.random.default_rng(3)
    x = rng.normal(size=100000)
    index = rng.choice(len(x), 400, replace=False)
    draws = Draws(index, np.ones(400, int), np.zeros(400, int), np.full(400, 1 / 400))
    for d in (0.0, 0.1, 0.5):
        new = Reweighting(draws, norm.logpdf(x[index], d) - norm.logpdf(x[index]))
        limit, error = new.estimate(exact_quantile(x, np.ones(len(x)), x[index], x[index], 0.95))
        assert abs(limit - norm.ppf(0.95, d)) < 4 * error + 0.027   # of x itself: 4 * 0.0067
        # better than what 400 points of their own would know: a point more or less above the limit
        assert error < (0.2 * d + 0.02 if d < 0.2 else 0.3)
    # a derived parameter that the exact model shifts
    same = Reweighting(draws, np.zeros(400))
    limit, error = same.estimate(exact_quantile(x, np.ones(len(x)), x[index], x[index] + 0.1, 0.95))
    assert abs(limit - quantile(x, np.ones(len(x)), 0.95) - 0.1) < 4 * error < 0.3


# A run

def test_posterior_with_two_modes_becomes_the_exact_one(two_modes):
    result = reweight(two_modes, n=1500, override=likelihood("q"), jobs=1)
    assert result["draws"] == 1500 and result["refused"] == []

    def agree(value, error, expected, largest):
        assert abs(value - expected) < 4 * error, (value, error, expected)
        assert 0 < error < largest

    logZ = result["logZ"]
    agree(logZ["correction"], logZ["correction_std"], LOG_Z, 0.05)
    agree(logZ["exact"], logZ["exact_std"], LOG_Z, 0.05)
    weak, strong = result["modes"]["log10_G_eff"]
    assert (weak["min"], weak["max"], strong["min"], strong["max"]) == (None, -2.5, -2.5, None)
    for region, mode in (weak, "MI"), (strong, "SI"):
        assert_allclose(region["run"], P[mode][0], atol=0.02)
        # the run has its own part of each mode, which is not quite that of P
        parts = {m: r["run"] * Q[m][0] / P[m][0] for m, r in (("MI", weak), ("SI", strong))}
        agree(region["exact"], region["exact_std"], parts[mode] / sum(parts.values()), 0.03)
        log_ratio = LOG_Z + np.log(Q[mode][0] / P[mode][0])
        agree(region["logZ_correction"], region["logZ_correction_std"], log_ratio, 0.1)
        # of two Gaussians: <chi2_q - chi2_p> = (d/sigma)^2 and its rms 2 d/sigma, and the parts
        d = (Q[mode][1][1] - P[mode][1][1]) / P[mode][2][1]
        delta = region["delta_chi2"]
        agree(delta["mean"], delta["mean_std"], d**2 - 2 * log_ratio, 0.3)
        agree(delta["rms"], delta["rms_std"], 2 * abs(d), 0.2)


def test_means_and_limits_become_the_exact_ones(two_modes):
    result = reweight(two_modes, n=1500, override=likelihood("q"), jobs=1)
    samples = runs.load_samples(two_modes)
    x, weights, weak = samples["m_nu_sum"], samples.weights, samples["log10_G_eff"] < -2.5
    # All samples of the run, reweighted: the answer to which 1500 of them are an estimate
    exact = weights * np.exp(q(samples["log10_G_eff"], x) - p(samples["log10_G_eff"], x))
    param = result["params"]["m_nu_sum"]
    assert [limit["level"] for limit in param["limits"]] == [0.025, 0.975]
    expected = [np.average(x, weights=exact), *(quantile(x, exact, level) for level in (0.025, 0.975))]
    for estimate, value in zip([param["mean"], *param["limits"]], expected, strict=True):
        assert 0 < estimate["shift_std"] < 0.03
        shift = (value - estimate["run"]) / param["sigma"]
        assert abs(estimate["shift"] - shift) < 4 * estimate["shift_std"]
    assert_allclose(param["mean"]["run"], np.average(x, weights=weights))
    # and a derived parameter goes with it
    assert_allclose(result["params"]["log10_G_eff"]["sigma"], np.sqrt(np.cov(
        samples["log10_G_eff"], aweights=weights, ddof=0)))
    assert weak.any()


def test_run_that_is_exact_already_is_not_moved(copy):
    result = reweight(copy, n=100, override=likelihood("p"), jobs=1)
    assert_allclose(result["logZ"]["correction"], 0, atol=1e-6)     # digits of the file
    assert_allclose(result["effective_size"]["exact"], result["effective_size"]["drawn"], rtol=1e-6)


def test_points_that_cannot_be_computed_are_impossible_and_listed(copy):
    result = reweight(copy, n=400, override=likelihood("refusing"), jobs=1)
    samples = runs.load_samples(copy)
    left = np.average(samples["m_nu_sum"] <= 0.8, weights=samples.weights)
    logZ = result["logZ"]
    assert abs(logZ["correction"] - np.log(left)) < 4 * logZ["correction_std"] < 0.1
    assert 30 < len(result["refused"]) < 100
    assert all(point["m_nu_sum"] > 0.8 for point in result["refused"])
    assert_allclose(result["delta_chi2"]["rms"], 0, atol=1e-5)
    exact = runs.load_samples(f"{copy}.post.exact")
    assert exact.numrows == result["points"] - len(result["refused"])
    assert exact["m_nu_sum"].max() <= 0.8
    text = Path(f"{copy}.post.exact.summary.txt").read_text()
    assert f"{len(result['refused'])} points cannot be computed" in text


def weak(log10_G_eff, m_nu_sum):
    """p without the mode of strong interactions."""
    return p(log10_G_eff, m_nu_sum) if log10_G_eff < -2.5 else -np.inf


@pytest.mark.filterwarnings("error")
def test_mode_that_does_not_exist_is_gone(copy):
    result = reweight(copy, n=100, override=likelihood("weak"), jobs=1)
    left, gone = result["modes"]["log10_G_eff"]
    assert (left["exact"], gone["exact"], gone["logZ_correction"]) == (1, 0, -np.inf)
    assert_allclose(result["logZ"]["correction"], np.log(left["run"]), atol=1e-6)
    assert result["params"]["log10_G_eff"]["mean"]["shift"] < -0.2


def test_exact_samples_are_for_getdist_and_cobaya(copy):
    result = reweight(copy, n=300, override=likelihood("q"), jobs=1)
    exact = runs.load_samples(f"{copy}.post.exact")
    assert exact.sampler == "nested" and exact.numrows == result["points"]
    param = result["params"]["m_nu_sum"]
    then = runs.load_samples(copy)
    # a shift without what the draw has by chance: nearer to the run than the mean of the draws
    assert_allclose(exact.mean("m_nu_sum"), then.mean("m_nu_sum") + param["mean"]["shift"] * param["sigma"],
                    atol=4 * param["sigma"] / 300**0.5)
    assert_allclose(exact["ratio"], exact["m_nu_sum"] / 0.06, rtol=1e-6)
    assert_allclose(exact["chi2__q"], [-2 * q(*x) for x in zip(exact["log10_G_eff"], exact["m_nu_sum"],
                                                             strict=True)], rtol=1e-6)
    assert len(load_samples(f"{copy}.post.exact", combined=True)) == exact.numrows
    assert yaml_load_file(f"{copy}.post.exact.summary.yaml")["points"] == result["points"]


#: For other processes that import this module
MODULES = os.pathsep.join([os.path.dirname(__file__), str(Path(__file__).parents[1])])


def test_a_killed_run_goes_on_where_it_was(copy, tmp_path, monkeypatch):
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    computed = Path(f"{copy}.post.exact.npz")
    code = f"from test_reweight import *; reweight({copy!r}, n=100, override=likelihood('slow'), jobs=1)"
    command = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL,
                               env=os.environ | {"PYTHONPATH": MODULES})
    while not computed.exists():
        assert command.poll() is None
        time.sleep(0.1)
    command.send_signal(signal.SIGKILL)
    command.wait()
    saved, first = len(np.load(computed)["rows"]), os.path.getsize(tmp_path / "calls")
    assert 0 < saved <= first < 100

    result = reweight(copy, n=100, override=likelihood("slow"), jobs=1)
    assert os.path.getsize(tmp_path / "calls") - first == result["points"] - saved
    assert result == reweight(copy, n=100, override=likelihood("slow"), jobs=1)     # all from the file
    assert os.path.getsize(tmp_path / "calls") - first == result["points"] - saved
    assert abs(result["logZ"]["correction"] - LOG_Z) < 4 * result["logZ"]["correction_std"]


def test_several_processes_compute_the_same(copy):
    one = reweight(copy, n=60, override=likelihood("q"), jobs=1)
    Path(f"{copy}.post.exact.npz").unlink()
    assert reweight(copy, n=60, override=likelihood("q"), jobs=2) == one


def reweight_output(copy, calls, *options):
    """`sidr reweight` in two processes of MPI, of the slow likelihood."""
    theory = Path(f"{copy}.yaml")
    yaml_dump_file(str(theory), likelihood("slow"), error_if_exists=False)
    return mpi_output("-m", "sidr.cli", "reweight", copy, "-n", 60, "-t", theory, "--trust", *options,
                      env={"PYTHONPATH": MODULES, "CALLS": str(calls)})


def test_processes_of_mpi_compute_each_point_once_and_save_it(copy, tmp_path):
    output = reweight_output(copy, tmp_path / "calls")
    assert output.returncode == 0, output.stderr
    assert output.stdout.count("chi2 exact - run") == 3
    rows = np.load(f"{copy}.post.exact.npz")["rows"]
    assert os.path.getsize(tmp_path / "calls") == len(rows)
    result = yaml_load_file(f"{copy}.post.exact.summary.yaml")
    assert result == rounded(reweight(copy, n=60, override=likelihood("slow"), jobs=1))     # from the file
    assert os.path.getsize(tmp_path / "calls") == len(rows)
    output = reweight_output(copy, tmp_path / "calls", "-j", 2)
    assert output.returncode != 0 and "under MPI their number is that of mpirun -n" in output.stderr


def test_parts_of_an_array_make_the_whole(copy):
    whole = reweight(copy, n=60, override=likelihood("q"), jobs=1)
    Path(f"{copy}.post.exact.npz").unlink()
    Path(f"{copy}.post.exact.summary.yaml").unlink()
    for number in (1, 2, 3):
        assert reweight(copy, n=60, override=likelihood("q"), jobs=1, part=Part(number, 3)) is None
    assert not Path(f"{copy}.post.exact.summary.yaml").exists()
    shares = [len(np.load(path)["rows"]) for path in parts(f"{copy}.post.exact.npz")]
    assert len(shares) == 3 and sum(shares) == whole["points"] and max(shares) - min(shares) <= 1
    assert reweight(copy, n=60, override=likelihood("q"), jobs=1) == whole
    assert not parts(f"{copy}.post.exact.npz")


# The exact model

def test_emulated_theory_becomes_class_with_the_same_neutrinos():
    emulated = {"sidr.theory.SIDREmulator": {
        "path": "/somewhere/n_chi1.npz", "fallback": "exact", "n_chi": 2, "N_tot": None, "alpha": "exact",
        "ordering": "normal", "precision": "default", "speed": 100, "input_params": ["H0"], "version": 1,
        "extra_args": {"non_linear": "hmcode", "background_Nloga": 6000}}}
    assert exact_theory(emulated) == {"sidr.theory.SIDR": {
        "n_chi": 2, "alpha": "exact", "ordering": "normal", "precision": "planck", "stop_at_error": False,
        "extra_args": {"non_linear": "hmcode"}}}    # `planck` has its own background_Nloga
    history = {"sidr.theory.ThermalHistory": {"n_chi": 1, "output_params": []}}
    assert exact_theory(history) == {"sidr.theory.ThermalHistory": {"n_chi": 1}}


def test_compressed_planck_becomes_the_full_one_where_it_is_installed(monkeypatch, caplog):
    compressed = {"sidr.likelihoods.DESI_DR2": {"tracers": ["BGS"], "version": None},
                  "sidr.likelihoods.PlanckCompressed": {"strict": True, "input_params": ["A_planck"]}}
    monkeypatch.setattr("sidr.reweight.model.installed", lambda *_: True)
    assert list(full_likelihoods(compressed, "packages")) == [
        "sidr.likelihoods.DESI_DR2", "planck_2018_lowl.TT", "planck_2018_lowl.EE",
        "planck_2018_highl_plik.TTTEEE_lite_native", "planck_2018_lensing.native"]
    assert not caplog.text
    monkeypatch.setattr("sidr.reweight.model.installed", lambda name, _: "lensing" not in name)
    assert full_likelihoods(compressed, "packages") == {
        "sidr.likelihoods.DESI_DR2": {"tracers": ["BGS"]},
        "sidr.likelihoods.PlanckCompressed": {"strict": True}}
    assert "PlanckCompressed is kept" in caplog.text and "planck_2018_lensing.native" in caplog.text


def test_planck_is_found_where_it_is(packages_path, tmp_path):
    for name in ("planck_2018_lowl.TT", "planck_2018_highl_plik.TTTEEE_lite_native"):
        assert installed(name, str(packages_path))
        assert not installed(name, str(tmp_path)) and not installed(name, None)


def test_run_with_class_is_computed_by_class(tmp_path):
    info = {"theory": {"sidr.theory.SIDR": {"n_chi": 1}},
            "likelihood": {"sidr.likelihoods.DESI_DR2": None},
            "params": {"omega_b": 0.0224, "log10_G_eff": -4, "m_nu_sum": {"prior": [0, 1.5]},
                       "H0": {"prior": [55, 85]}, "omega_cdm": {"prior": [0.08, 0.16]}, "Omega_m": None}}
    rng = np.random.default_rng(5)
    points = rng.uniform([0.05, 67.5, 0.117], [0.15, 69.5, 0.119], (12, 3))
    root = finished(tmp_path / "desi", info, points, np.ones(12))
    same = reweight(root, n=12, override={"theory": info["theory"]}, jobs=1)
    assert same["draws"] == same["points"] == 12
    assert max(abs(same["delta_chi2"]["mean"]), same["delta_chi2"]["rms"]) < 1e-4   # digits of the file
    assert same["modes"] == {}                  # the coupling is fixed
    Path(f"{root}.post.exact.npz").unlink()
    planck = reweight(root, n=12, jobs=1)       # a coarser table of recombination
    assert planck["theory"] == ["sidr.theory.SIDR"] and 1e-4 < planck["delta_chi2"]["rms"] < 0.05
    assert runs.load_samples(f"{root}.post.exact")["Omega_m"].std() > 0


# What is wrong, in one line

@pytest.mark.parametrize("change, says", [
    ({"n": 3}, "n = 3"),
    ({"override": {"sampler": {}}}, "sampler"),
    ({"override": likelihood("q") | {"params": {"A_planck": {"prior": [0.9, 1.1]}}}}, "A_planck"),
    ({"override": {"likelihood": {"none": "lambda m_nu_sum, log10_G_eff: -np.inf"}}}, "None of the"),
])
def test_wrong_input_is_one_clear_error(copy, change, says):
    with pytest.raises(ValueError, match=says):
        reweight(copy, **{"n": 20, "override": likelihood("q"), "jobs": 1} | change)


def test_another_model_does_not_take_what_was_computed(copy):
    reweight(copy, n=20, override=likelihood("q"), jobs=1)
    with pytest.raises(ValueError, match="belongs to another model.*remove the file"):
        reweight(copy, n=20, override=likelihood("p"), jobs=1)


def test_tempered_run_is_refused(copy):
    path = f"{copy}.updated.yaml"
    info = yaml_load_file(path) | {"sampler": {"mcmc": {"temperature": 2}}}
    yaml_dump_file(path, info, error_if_exists=False)
    with pytest.raises(ValueError, match="temperature 2"):
        reweight(copy, n=20)


def test_command_prints_the_summary_and_says_what_is_wrong(copy, tmp_path, capsys):
    (tmp_path / "exact.yaml").write_text(f"likelihood: {{q: {likelihood('q')['likelihood']['q']}}}\n")
    arguments = ["reweight", copy, "-n", "40", "-j", "1", "-t", str(tmp_path / "exact.yaml")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "40 draws" in out and "log Z: +1." in out and "-2.5 < log10_G_eff" in out
    assert "NOT ENOUGH for limits" in out
    assert main(["reweight", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
