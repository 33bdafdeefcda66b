"""The sampler: posteriors and evidences that are known, and what a run leaves on disk."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError
from cobaya.output import load_samples
from cobaya.run import run
from cobaya.theory import Theory
from cobaya.yaml import yaml_dump_file, yaml_load_file
from conftest import mpi_output
from getdist import loadMCSamples
from numpy.testing import assert_allclose
from scipy.stats import chi2, multivariate_normal, norm

from nested import SPLIT, WEIGHTS, toy
from sidr import plots, runs
from sidr.files import seal, unseal
from sidr.samplers.checkpoint import Checkpoint
from sidr.samplers.evidence import effective_size, evidence, split
from sidr.samplers.nautilus import batch
from sidr.samplers.progress import calls_left

NAME = "sidr.samplers.Nautilus"

#: Quick, for two or three parameters
QUICK = {"n_live": 200, "n_networks": 1, "n_eff": 500, "processes": 1, "seed": 1}

MEAN = np.array([0.4, 0.5, 0.6])
COVARIANCE = np.array([[0.0025, 0.001, 0], [0.001, 0.0016, -0.0005], [0, -0.0005, 0.0009]])


def gaussian(x, y, z):
    return multivariate_normal.logpdf([x, y, z], MEAN, COVARIANCE)


def info(likelihood, priors, **options):
    """Input of Cobaya with one likelihood; sampled parameters and their priors."""
    return {"likelihood": {"one": likelihood},
            "params": {name: {"prior": prior} for name, prior in priors.items()},
            "sampler": {NAME: QUICK | options}}


def sample(info, **kwargs):
    """Products of a run."""
    return run(info, **kwargs)[1].products()


def column(products, name):
    return products["sample"][name].to_numpy(float)


def mean_and_std(products, name):
    x, w = column(products, name), column(products, "weight")
    mean = np.average(x, weights=w)
    return mean, np.sqrt(np.average((x - mean)**2, weights=w))


UNIT = {name: [0, 1] for name in "xyz"}
SQUARE = {"x": [0, 1], "y": [0, 1]}

#: `gaussian` for an input file
GAUSSIAN = "import_module('test_nautilus').gaussian"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run on a Gaussian in three dimensions, with derived parameters; its root and products."""
    root = tmp_path_factory.mktemp("chains") / "gaussian"
    model = info(GAUSSIAN, UNIT, n_live=500, n_eff=4000, split_at={"total": 1.5})
    model["params"]["x"]["latex"] = r"x_\mathrm{latex}"
    model["params"]["total"] = {"derived": "lambda x, y, z: x + y + z"}
    return root, sample(model | {"output": str(root)})


# Posteriors and evidences

def test_evidence_of_a_gaussian(finished):
    _, products = finished
    # normalised, and seven standard deviations and more inside of the prior
    assert abs(products["logZ"]) < 0.06
    assert_allclose(products["logZstd"], products["ESS"]**-0.5)
    assert products["ESS"] > 4000


def test_posterior_of_a_gaussian(finished):
    _, products = finished
    for i, name in enumerate("xyz"):
        mean, std = mean_and_std(products, name)
        sigma = np.sqrt(COVARIANCE[i, i])
        assert_allclose(mean, MEAN[i], atol=4 * sigma / np.sqrt(products["ESS"]))
        assert_allclose(std, sigma, rtol=4 / np.sqrt(2 * products["ESS"]))


def test_posterior_is_that_of_metropolis(finished):
    _, products = finished
    model = info(GAUSSIAN, UNIT)
    model["sampler"] = {"mcmc": {"covmat": COVARIANCE, "covmat_params": list("xyz"), "max_samples": 6000,
                                 "Rminus1_stop": 0.001, "seed": 1}}
    for i, name in enumerate("xyz"):
        model["params"][name]["ref"] = MEAN[i]
    chain = run(model)[1].products(to_getdist=True, skip_samples=0.1)["sample"]
    for name in "xyz":
        mean, std = mean_and_std(products, name)
        independent = chain.getEffectiveSamples(chain.paramNames.numberOfName(name))
        error = std / np.sqrt(min(products["ESS"], independent))
        assert_allclose(mean, chain.mean(name), atol=5 * error)
        assert_allclose(std, chain.std(name), atol=5 * error)


def test_evidences_of_the_parts_of_a_gaussian(finished):
    _, products = finished
    variance = COVARIANCE.sum()
    below = norm.cdf(1.5, MEAN.sum(), np.sqrt(variance))
    assert_allclose([r["fraction"] for r in products["split"]["total"]], [below, 1 - below],
                    atol=4 * products["split"]["total"][0]["fraction_std"])
    for region in products["split"]["total"]:
        assert_allclose(region["logZ"], products["logZ"] + np.log(region["fraction"]))


def test_weights_and_evidences_of_two_modes_in_eight_dimensions():
    # The five seeds are in benchmarks/nested.py
    box = {"omega_b": [0.0215, 0.0234], "omega_cdm": [0.113, 0.125], "H0": [65.3, 71.6],
           "logA": [2.94, 3.135], "n_s": [0.932, 0.992], "tau_reio": [0.01, 0.105], "m_nu_sum": [0, 0.4]}
    products = sample(toy({"n_eff": 3000, "processes": 1, "seed": 1, "prior_box": box}))
    modes = dict(zip(WEIGHTS, products["split"]["log10_G_eff"], strict=True))
    assert modes["MI"]["max"] == modes["SI"]["min"] == SPLIT
    for mode, weight in WEIGHTS.items():
        assert_allclose(modes[mode]["fraction"], weight, atol=0.03)
    assert abs(products["logZ"]) < 0.06


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weights_of_two_narrow_modes(seed):
    def likelihood(x, y):
        return np.logaddexp(np.log(0.8) + norm.logpdf(x, 0.3, 0.03) + norm.logpdf(y, 0.4, 0.05),
                            np.log(0.2) + norm.logpdf(x, 0.8, 0.01) + norm.logpdf(y, 0.6, 0.02))

    products = sample(info(likelihood, SQUARE, n_eff=2000, split_at={"x": 0.55}, seed=seed))
    assert_allclose([r["fraction"] for r in products["split"]["x"]], [0.8, 0.2], atol=0.03)
    assert abs(products["logZ"]) < 0.06


def test_without_the_exploration_the_evidence_has_no_bias_and_takes_more_points():
    def likelihood(x, y, z):
        return multivariate_normal.logpdf([x, y, z], MEAN, COVARIANCE / 10)

    kept, left = (sample(info(likelihood, UNIT, n_eff=2000, discard_exploration=discard))
                  for discard in (False, True))
    assert abs(left["logZ"]) < 3 * left["logZstd"] < 0.07
    assert kept["calls"] < left["calls"] and len(left["sample"]) < left["calls"]


def test_one_dimensional_priors_enter_through_their_quantiles():
    priors = {"x": {"dist": "norm", "loc": 0.5, "scale": 0.1}, "z": {"dist": "beta", "a": 3, "b": 2},
              "y": {"dist": "truncnorm", "min": 0, "max": 1, "loc": 0.2, "scale": 0.3}}

    def likelihood(x, y, z):
        return norm.logpdf(x, 0.7, 0.1)

    products = sample(info(likelihood, priors, n_eff=2000))
    # the product of two normal distributions, and the priors of the others
    assert_allclose(products["logZ"], norm.logpdf(0.2, 0, np.sqrt(0.02)), atol=0.06)
    for name, mean, std in [("x", 0.6, 0.1 / np.sqrt(2)), ("z", 0.6, 0.2)]:
        found_mean, found_std = mean_and_std(products, name)
        assert_allclose([found_mean, found_std], [mean, std], atol=5 * std / np.sqrt(products["ESS"]))
    sums = products["sample"].data
    assert_allclose(sums["minuslogpost"], sums["minuslogprior"] + sums["chi2"] / 2, rtol=1e-10)


def test_external_prior_is_a_weight():
    model = info(lambda x, y: norm.logpdf(x, 0.4, 0.05), SQUARE, n_eff=2000)
    model["prior"] = {"half": lambda y: 0.0 if y > 0.5 else -np.inf,
                      "other": lambda x: norm.logpdf(x, 0.5, 0.05)}
    products = sample(model)
    assert column(products, "y").min() > 0.5
    assert_allclose(mean_and_std(products, "x"), [0.45, 0.05 / np.sqrt(2)], atol=0.005)
    assert_allclose(products["logZ"], np.log(0.5) + norm.logpdf(0.1, 0, np.sqrt(0.005)), atol=0.06)
    assert len(products["failed"]) == 0  # where the prior vanishes nothing was computed, and nothing failed
    assert (column(products, "minuslogprior__half") == 0).all()


def test_periodic_parameter_has_a_mode_across_its_ends():
    model = info(lambda x, y: np.cos(2 * np.pi * x) / 0.02 + norm.logpdf(y, 0.5, 0.1), SQUARE)
    model["params"]["x"]["periodic"] = True
    x, w = (column(products := sample(model), name) for name in ("x", "weight"))
    assert_allclose(np.average(x < 0.5, weights=w), 0.5, atol=4 * 0.5 / np.sqrt(products["ESS"]))


def test_prior_box_leaves_the_evidence_and_saves_calls(finished):
    _, whole = finished
    box = {"x": [0.1, 0.7], "z": [0.4, 0.8]}
    narrow = sample(info(gaussian, UNIT, n_live=500, n_eff=4000, prior_box=box))
    assert abs(narrow["logZ"]) < 0.06
    assert narrow["calls"] < whole["calls"]
    # The columns are those of the whole prior: density 1
    assert_allclose(column(narrow, "minuslogprior"), 0, atol=1e-12)


def test_prior_box_that_cuts_the_posterior_is_refused():
    with pytest.raises(LoggedError, match=r"prior_box cuts the posterior: 0\.0.* from x = 0\.4.*Widen"):
        sample(info(gaussian, UNIT, prior_box={"x": [0.1, 0.45], "z": [0.4, 0.8]}))
    # An edge that is the prior's own may cut
    box = {"x": [0.1, 0.45], "z": [0.4, 0.8]}
    products = sample(info(gaussian, UNIT | {"x": [0.1, 0.45]}, prior_box=box))
    assert_allclose(products["logZ"], np.log(norm.cdf(1) / 0.35), atol=0.06)


def test_effective_size_and_evidence_of_weights():
    assert effective_size(np.full(7, 3.0)) == 7
    assert_allclose(effective_size(np.array([1.0, 1.0, 1e-9])), 2)
    half = split(-3.0, np.full(100, 0.2), np.arange(100), [50])
    assert_allclose([r["logZ"] for r in half], -3 + np.log(0.5))
    assert_allclose([r["logZstd"] for r in half], 1 / np.sqrt(50))
    assert_allclose([r["fraction_std"] for r in half], np.sqrt(0.25 / 100))
    assert evidence(0.0, np.ones(3), np.zeros(3, bool)).logZ == -np.inf


def test_estimate_of_the_calls_left_knows_the_gaussian():
    # Live points fill a ball of radius 5 standard deviations; what is left is d ln(R/R_end) e-folds, and
    # the sample: all of it, or what the exploration has not given
    rng, d, n = np.random.default_rng(1), 6, 20000
    r = 5 * rng.random(n)**(1 / d)
    state = SimpleNamespace(explored=False, n_dim=d, n_live=n, log_l=[-r**2 / 2], log_v_live=-4.0,
                            n_like=8000, n_eff=100)
    R_end = np.sqrt(chi2.ppf(0.01, d))
    explore = 8000 / 4 * d * np.log(5 / R_end)
    assert_allclose(calls_left(state, 5000, 0.01, True), explore + 5000, rtol=0.01)
    assert_allclose(calls_left(state, 5000, 0.01, False), explore + 4900, rtol=0.01)
    state = SimpleNamespace(explored=True, n_eff=3000, eta=0.5, shell_n=np.array([50, 100]))
    assert calls_left(state, 5000, 0.01, True) == 4000
    state = SimpleNamespace(explored=True, n_eff=20, eta=0.01, shell_n=np.array([0, 10]))
    assert calls_left(state, 5000, 0.01, True) == 4980


# Points that cannot be computed

class Fails(Theory):
    """Computes nothing above x = 0.8."""

    def get_can_provide_params(self):
        return ["square"]

    def get_requirements(self):
        return ["x"]

    def calculate(self, state, want_derived=True, **params):
        if params["x"] > 0.8:
            return False
        state["derived"] = {"square": params["x"]**2}


def test_failed_points_are_zeros_counted_and_listed(tmp_path, capsys):
    def likelihood(y, _self):
        _self.provider.get_param("square")
        return norm.logpdf(y, 0.5, 0.2)

    model = info({"external": likelihood, "requires": ["square"]}, SQUARE, n_eff=2000)
    model |= {"theory": {"fails": Fails}, "output": str(tmp_path / "run")}
    model["params"]["square"] = None
    products = sample(model)
    failed = products["failed"]
    assert len(failed) > 10 and (failed[:, 0] > 0.8).all()
    assert column(products, "x").max() <= 0.8
    assert_allclose(column(products, "square"), column(products, "x")**2, rtol=1e-6)
    inside = np.diff(norm.cdf([0, 1], 0.5, 0.2))[0]
    assert_allclose(products["logZ"], np.log(0.8 * inside), atol=0.06)
    assert_allclose(np.loadtxt(tmp_path / "run.failed"), failed)
    text = f"Points with zero likelihood, of {products['calls']}: {len(failed)} (fails could not compute"
    assert text in capsys.readouterr().out


class Island(Theory):
    """Computes near the middle of the unit cube only, and says how far outside a point is."""

    outside_by = 0.0

    def get_requirements(self):
        return dict.fromkeys("xyz")

    def get_can_provide(self):
        return ["island"]

    def calculate(self, state, want_derived=True, x=0, y=0, z=0):
        self.outside_by = max(0.0, np.linalg.norm([x - 0.5, y - 0.5, z - 0.5]) - 0.05)
        state["island"] = x, y, z
        return bool(self.outside_by == 0)   # Cobaya asks whether it `is False`

    def get_island(self):
        return self.current_state["island"]


class OnIsland(Likelihood):
    """A narrow Gaussian in the middle."""

    def get_requirements(self):
        return {"island": None}

    def logp(self, **params):
        return norm.logpdf(self.provider.get_island(), 0.5, 0.01).sum()


def test_way_to_a_small_region_of_a_theory_is_found(tmp_path, capsys):
    """A part of 5e-4 of the prior: 200 live points in it would take 400 thousand calls at random."""
    model = info({"external": OnIsland}, UNIT, n_eff=1000) | {
        "theory": {"island": {"external": Island}}, "output": str(tmp_path / "run")}
    products = sample(model)
    assert abs(products["logZ"]) < 0.15     # normalised; sharp edges lie at five standard deviations
    assert products["calls"] < 8000 and len(products["failed"]) == 0
    for name in "xyz":
        mean, std = mean_and_std(products, name)
        assert_allclose([mean, std], [0.5, 0.01], atol=0.002)
    outside = products["rejected"].pop("outside the region of a theory")
    assert outside > 100 and not products["rejected"]
    assert f": {outside} (outside the region of a theory)." in capsys.readouterr().out


def test_no_point_with_a_likelihood_gives_no_sample():
    products = run(info(lambda x, y: -np.inf, SQUARE, max_calls=60))[1].products(to_getdist=True)
    assert products["sample"] is None and products["logZ"] == -np.inf and len(products["failed"]) == 60


class Tells(Theory):
    """Rejects points, and counts why."""

    def initialize(self):
        self.rejected = Counter()

    def get_requirements(self):
        return dict.fromkeys("xy")

    def get_can_provide(self):
        return ["nothing"]

    def calculate(self, state, want_derived=True, x=0, y=0):
        if x > 0.5:
            self.rejected["x is too large" if y > 0.5 else "x is large"] += 1
            return False
        state["nothing"] = 0


@pytest.mark.parametrize("processes", [1, 2])
def test_reasons_of_a_theory_are_counted_over_processes_and_resumed_runs(tmp_path, capsys, processes):
    model = info({"external": "lambda y, _self: -np.inf if y < 0.2 else 0", "requires": {"nothing": None}},
                 SQUARE, max_calls=64, n_batch=32, processes=processes, n_networks=0)
    model |= {"theory": {"tells": {"external": Tells}}, "output": str(tmp_path / "run")}
    first = sample(model)["rejected"]
    products = sample(options(model, max_calls=128), resume=True)
    x, y = products["failed"].T
    assert products["rejected"] == {
        "x is too large": ((x > 0.5) & (y > 0.5)).sum(), "x is large": ((x > 0.5) & (y < 0.5)).sum(),
        "tells could not compute it, or the likelihood one vanishes": ((x < 0.5) & (y < 0.2)).sum()}
    assert all(0 < first[reason] < count for reason, count in products["rejected"].items())
    assert f"{products['rejected']['x is too large']} (x is too large)" in capsys.readouterr().out


@pytest.mark.parametrize("processes", [1, 2])
def test_run_without_any_likelihood_stops_and_says_why(tmp_path, capsys, processes):
    model = info("lambda x, y: -np.inf", SQUARE, n_live=60, max_tries=90, processes=processes, n_networks=0)
    model["output"] = str(tmp_path / "run")
    with pytest.raises(LoggedError, match=r"^None of 96 points has a likelihood, .* Rejected: 96 \(the "
                       r"likelihood one vanishes\)\. .* raise max_tries\.$"):
        run(model)
    out, err = capsys.readouterr()
    assert "None of the first 32 points has a likelihood. Rejected: 32 (the likelihood one vanishes)" in out
    assert len(out.splitlines()) < 12 and "nan" not in out and "RuntimeWarning" not in err
    assert len(np.loadtxt(tmp_path / "run.failed")) == 96


def test_region_that_cannot_be_reached_stops_the_run(tmp_path):
    class Away(Island):
        def calculate(self, state, want_derived=True, **params):
            super().calculate(state, want_derived, **params)
            self.outside_by += 3
            return False

    model = info({"external": OnIsland}, UNIT, n_live=60, max_tries=100, n_networks=0) | {
        "theory": {"island": {"external": Away}}}
    with pytest.raises(LoggedError, match=r"nor have the last [1-9]\d\d come nearer.*outside the region"):
        run(model)


# Files

def test_products_are_files_that_cobaya_and_getdist_read(finished):
    root, products = finished
    mine = products["sample"].data
    by_cobaya = load_samples(str(root), combined=True)
    assert_allclose(by_cobaya.data, mine, rtol=1e-6)
    by_getdist = loadMCSamples(str(root))
    assert by_getdist.sampler == "nested" and by_getdist.numrows == len(mine)
    assert_allclose(by_getdist.mean("x"), mean_and_std(products, "x")[0], rtol=1e-6)
    assert_allclose(by_getdist.mean("total"), mean_and_std(products, "total")[0], rtol=1e-6)
    assert by_getdist.parLabel("x") == r"x_\mathrm{latex}"
    assert {"chi2", "chi2__one"} <= set(by_getdist.getParamNames().list())
    evidences = yaml_load_file(f"{root}.logZ")
    assert evidences == {name: products[name] for name in ("logZ", "logZstd", "split")}
    assert yaml_load_file(f"{root}.updated.yaml")["sampler"][NAME]["version"]
    assert yaml_load_file(f"{root}.checkpoint")["sampler"][NAME]["converged"] is True
    calls = np.loadtxt(f"{root}.progress", usecols=0)
    assert calls[-1] == products["calls"] and (np.diff(calls) > 0).all()
    assert {path.name for path in root.parent.iterdir()} == {
        f"gaussian.{end}" for end in ("1.txt", "logZ", "checkpoint", "progress", "nautilus.h5",
                                      "input.yaml", "updated.yaml")}


def test_sidr_plot_takes_all_rows_and_kish_s_number(finished):
    root, products = finished
    samples = runs.load_samples(root)
    assert samples.numrows == len(products["sample"])
    assert f"about {products['ESS']:.0f} independent" in plots.table(samples, ["x", "total"])


def test_order_of_the_rows_says_nothing(finished):
    _, products = finished
    weights = column(products, "weight")
    assert weights.max() == 1
    first = weights[:len(weights) // 3].mean()
    assert_allclose(first, weights.mean(), atol=5 * weights.std() / np.sqrt(len(weights) / 3))


def test_unconverged_run_has_few_weighted_points_and_getdist_takes_them(tmp_path):
    model = info(lambda x, y: -1e6 * ((x - 0.5)**2 + y**2), SQUARE, max_calls=30, n_batch=10)
    products = run(model | {"output": str(tmp_path / "run")})[1].products(to_getdist=True)
    assert 1 <= products["sample"].numrows < 10
    assert products["sample"].sampler == "nested"


@pytest.fixture
def small(tmp_path):
    """A short unfinished run: its input, with output, and its products."""
    model = info(GAUSSIAN, UNIT, max_calls=100, n_batch=50)
    model["output"] = str(tmp_path / "run")
    return model, sample(model)


def options(model, **changes):
    return model | {"sampler": {NAME: model["sampler"][NAME] | changes}}


def test_resume_with_more_calls_and_then_a_larger_sample(small):
    model, before = small
    assert before["calls"] == 100 and not run(options(model), resume=True)[1].converged
    more = sample(options(model, max_calls=175), resume=True)
    assert more["calls"] == 175
    finished = run(options(model, max_calls=np.inf), resume=True)[1]
    assert finished.converged and finished.results.ESS > 500
    larger = sample(options(model, max_calls=np.inf, n_eff=3 * finished.results.ESS), resume=True)
    assert larger["ESS"] > 3 * finished.results.ESS and abs(larger["logZ"]) < 0.15
    rows = np.loadtxt(f"{model['output']}.progress", usecols=0)
    assert rows[:3].tolist() == [50, 100, 150] and (np.diff(rows) > 0).all()


def test_second_run_needs_resume_or_force(small, tmp_path):
    model, before = small
    with pytest.raises(LoggedError, match="force"):
        run(model)
    again = sample(options(model, max_calls=50), force=True)
    assert again["calls"] == 50


def test_force_leaves_nothing_of_the_old_run_and_other_runs_alone(small, tmp_path):
    model, _ = small
    other = tmp_path / "run_2.nautilus.h5"
    other.write_text("")
    for name in ("run.nautilus.h5.12.new", "run.1.txt.12.new", "run.failed"):
        (tmp_path / name).write_text("")
    run(model, force=True, test=True)
    assert {p.name for p in tmp_path.iterdir()} == {other.name, "run.input.yaml", "run.updated.yaml"}


def test_test_computes_nothing(tmp_path):
    model = info("lambda x, y: 1 / 0", SQUARE) | {"output": str(tmp_path / "run")}
    run(model | {"stop_at_error": True}, test=True)
    assert {p.name for p in tmp_path.iterdir()} == {"run.input.yaml", "run.updated.yaml"}


def test_minimal_files_are_the_state_and_the_samples(small):
    from cobaya.output import OutputReadOnly
    from cobaya.tools import find_with_regexp

    from sidr.samplers import Nautilus

    model, _ = small
    output = OutputReadOnly(model["output"])
    found = [Path(f).name for regexp, _ in Nautilus.output_files_regexps(output, minimal=True)
             for f in find_with_regexp(regexp, output.folder)]
    assert sorted(found) == ["run.1.txt", "run.nautilus.h5"]


# Checkpoints that do not fit

@pytest.mark.parametrize("change, words", [
    ({"prior_box": {"x": [0.1, 0.7]}}, "sampler: prior_box was None and is {'x': "),
    ({"n_live": 250}, "sampler: n_live was 200 and is 250")])
def test_options_that_cannot_change_are_named(small, change, words):
    model, _ = small
    with pytest.raises(LoggedError, match=words):
        run(options(model, **change), resume=True)


def test_checkpoint_of_another_model_is_refused(small, tmp_path):
    model, _ = small
    foreign = dict(model, params={name: {"prior": [0, 2]} if name == "y" else p for name, p in
                                  model["params"].items()}, output=str(tmp_path / "foreign"))
    run(foreign, test=True)
    shutil.copy(tmp_path / "run.nautilus.h5", tmp_path / "foreign.nautilus.h5")
    with pytest.raises(LoggedError, match=r"foreign.nautilus.h5 is the checkpoint of another model: "
                       r"params: y: prior was \[0, 1\] and is \[0, 2\]"):
        run(foreign, resume=True)


def test_order_of_the_parameters_is_part_of_the_model(small):
    model, _ = small
    turned = dict(model, params=dict(reversed(model["params"].items())))
    with pytest.raises(LoggedError, match=r"order of parameters was \['x', 'y', 'z'\] and is "
                       r"\['z', 'y', 'x'\]"):
        run(turned, resume=True)


def test_checkpoint_with_other_columns_is_refused(small, tmp_path):
    # of a version whose points had no "outside_by", say: nautilus would break off at its next batch
    import h5py

    model, _ = small
    path = tmp_path / "run.nautilus.h5"
    path.write_bytes(unseal(path))
    with h5py.File(path, "r+") as file:
        group = file["sidr.samplers.Nautilus"]
        description = json.loads(group["description"].asstr()[()])
        assert description["order of columns"].pop() == "outside_by"
        del group["description"]
        group["description"] = json.dumps(description)
    path.write_bytes(seal(path.read_bytes()))
    with pytest.raises(LoggedError, match=r"another model: order of columns was \[.*\] and is "
                       r"\[.*'outside_by'\]"):
        run(model, resume=True)


@pytest.mark.parametrize("damage", ["truncated", "text", "foreign"])
def test_broken_checkpoint_is_named_with_what_is_left(small, tmp_path, damage):
    import h5py

    model, products = small
    path = tmp_path / "run.nautilus.h5"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    elif damage == "text":
        path.write_text("weight minuslogpost")
    else:
        with h5py.File(path, "w") as file:
            file["x"] = 1
    rows = len(products["sample"])
    words = rf"run.nautilus.h5 is damaged.*The {rows} samples .*run.1.txt.*--force begins again"
    with pytest.raises(LoggedError, match=words):
        run(model, resume=True)


def test_a_bit_that_has_flipped_is_named(small, tmp_path):
    model, _ = small
    path = tmp_path / "run.nautilus.h5"
    content, chance = path.read_bytes(), np.random.default_rng(1)
    checkpoint = Checkpoint(path, {})
    for place in chance.integers(len(content), size=300):
        changed = bytearray(content)
        changed[place] ^= 1 << chance.integers(8)
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="run.nautilus.h5 is damaged .its checksum is wrong"):
            checkpoint.restore()
    with pytest.raises(LoggedError, match="run.nautilus.h5 is damaged .*--force begins again"):
        run(model, resume=True)


def test_description_is_not_executed(small, tmp_path):
    import h5py

    model, _ = small
    path = tmp_path / "run.nautilus.h5"
    path.write_bytes(unseal(path))
    with h5py.File(path, "r+") as file:
        del file["sidr.samplers.Nautilus/description"]
        file["sidr.samplers.Nautilus/description"] = (
            f"!!python/object/apply:os.system ['touch {tmp_path / 'executed'}']")
    path.write_bytes(seal(path.read_bytes()))
    with pytest.raises(LoggedError, match="run.nautilus.h5 is damaged"):
        run(model, resume=True)
    assert not (tmp_path / "executed").exists()


def test_missing_checkpoint_is_named(small, tmp_path):
    model, products = small
    (tmp_path / "run.nautilus.h5").unlink()
    with pytest.raises(LoggedError, match=rf"run.nautilus.h5 .*The {len(products['sample'])} samples"):
        run(model, resume=True)


# Wrong options

@pytest.mark.parametrize("change, words", [
    ({"n_eff": 0}, "n_eff = 0 must be a number, 1 or more"),
    ({"n_eff": "many"}, "n_eff = 'many' must be a number"),
    ({"n_eff": True}, "n_eff = True must be a number"),
    ({"max_calls": -1}, "max_calls = -1"),
    ({"max_tries": 0}, "max_tries = 0 must be an integer, 1 or more"),
    ({"n_live": 20}, "n_live = 20 must be an integer, 53 or more"),
    ({"n_live": 500.5}, "n_live = 500.5 must be an integer"),
    ({"n_batch": 1}, "n_batch = 1 must be an integer, 2 or more"),
    ({"processes": 0}, "processes = 0"),
    ({"f_live": 1}, "f_live = 1 must be a number from 1e-06 to 0.99"),
    ({"f_live": float("nan")}, "f_live = nan"),
    ({"discard_exploration": 1}, "discard_exploration = 1 is not True or False"),
    ({"split_at": {"w": 1}}, "split_at: w is neither sampled nor derived; there are x, y, z"),
    ({"split_at": {"x": [0.5, 0.2]}}, r"split_at: x: \[0.5, 0.2\] is not a number or an increasing list"),
    ({"split_at": {"x": "half"}}, "split_at: x: 'half'"),
    ({"split_at": 0.5}, "split_at = 0.5 is not a dictionary"),
    ({"prior_box": {"w": [0, 1]}}, "prior_box: w is not sampled; there are x, y, z"),
    ({"prior_box": {"x": [0.5, 1.5]}}, r"x: \[0.5, 1.5\] is not a range inside of the prior \[0, 1\]"),
    ({"prior_box": {"x": [0.5, 0.5]}}, "prior_box: x: "),
    ({"prior_box": {"x": 0.5}}, "prior_box: x: 0.5 is not a range"),
    ({"output_every": "often"}, "often"),
], ids=str)
def test_wrong_option_is_named_with_its_range(change, words):
    with pytest.raises(LoggedError, match=words):
        run(info(gaussian, UNIT, **change), test=True)


@pytest.mark.parametrize("prior", [{"min": 0, "max": float("inf")},
                                   {"dist": "uniform", "loc": 0.5, "scale": 0}], ids=str)
def test_prior_without_quantiles_is_named(prior):
    with pytest.raises(LoggedError, match="'?y'?[ :]"):
        run(info(gaussian, UNIT | {"y": prior}), test=True)


def test_one_parameter_is_too_few():
    with pytest.raises(LoggedError, match="two sampled parameters at least, and there is 1"):
        run(info(lambda x: -x, {"x": [0, 1]}), test=True)


def test_infinite_likelihood_is_named():
    with pytest.raises(LoggedError, match="infinite at x = "):
        run(info(lambda x, y: np.inf, SQUARE))


# Processes

SLOW = """
import os
import time

import numpy as np


def likelihood(x, y):
    time.sleep(0.004)
    return -((x - 0.5)**2 + (y - 0.5)**2) / 0.02


def threads(x, y):
    return 0.0 if os.environ["OMP_NUM_THREADS"] == "3" else -np.inf
"""


@pytest.fixture
def slow(tmp_path):
    """Input file of a run of some seconds, and its content."""
    (tmp_path / "slow.py").write_text(SLOW)
    model = info("import_module('slow').likelihood", SQUARE, n_live=100, n_batch=50)
    model["output"] = str(tmp_path / "run")
    path = tmp_path / "run.yaml"
    yaml_dump_file(str(path), model)
    return path, model


def start(path, *args, **kwargs):
    return subprocess.Popen([sys.executable, "-m", "cobaya", "run", str(path), *args], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs,
                            env=os.environ | {"COBAYA_NOMPI": "1", "PYTHONPATH": str(path.parent)})


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_run_goes_on_where_it_was(slow, processes):
    path, model = slow
    yaml_dump_file(str(path), options(model, processes=processes), error_if_exists=False)
    process = start(path)
    progress = path.with_suffix(".progress")
    deadline = time.monotonic() + 100
    while not (progress.exists() and len(progress.read_text().splitlines()) > 3):
        assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = np.loadtxt(progress, usecols=0)
    process = start(path, "-r")
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    calls = np.loadtxt(progress, usecols=0)
    assert calls[len(before)] == before[-1] + 50  # what was computed is kept, but for the batch in flight
    assert yaml_load_file(str(path.with_suffix(".checkpoint")))["sampler"][NAME]["converged"]
    assert_allclose(loadMCSamples(str(path.with_suffix(""))).std("x"), 0.1, rtol=0.1)


def first_checkpoint(process, path):
    """Wait for it."""
    deadline = time.monotonic() + 100
    while not path.with_suffix(".nautilus.h5").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.1)


@pytest.mark.parametrize("processes", [1, 2])
def test_sigterm_ends_a_run_with_a_line_and_a_status(slow, monkeypatch, processes):
    path, model = slow
    monkeypatch.syspath_prepend(path.parent)
    yaml_dump_file(str(path), options(model, processes=processes, n_eff=1e6), error_if_exists=False)
    process = start(path)
    first_checkpoint(process, path)
    process.terminate()
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 143, output
    calls = re.search(r"SIGTERM has stopped the run. The checkpoint with (\d+) calls is good: continue "
                      "with cobaya-run -r", output)[1]
    assert "Traceback" not in output
    assert not list(path.parent.glob("*.locked")) + list(path.parent.glob("*.new"))
    resumed = sample(options(model, max_calls=int(calls) + 50, processes=1), resume=True)
    assert resumed["calls"] == int(calls) + 50


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


@pytest.mark.parametrize("processes", [1, 2])
def test_no_room_on_the_disk_ends_a_run_with_a_line_and_a_good_checkpoint(slow, monkeypatch, processes):
    path, model = slow
    monkeypatch.syspath_prepend(path.parent)
    yaml_dump_file(str(path), options(model, processes=processes, n_eff=1e6), error_if_exists=False)
    process = start(path, preexec_fn=limit_files)
    output = process.communicate(timeout=100)[0]
    assert process.returncode == 1 and "Traceback" not in output, output
    calls = re.search(r"The output cannot be written \(File too large\). Make room. The checkpoint with "
                      r"(\d+) calls is good: continue with cobaya-run -r", output)[1]
    assert not list(path.parent.glob("*.locked")) + list(path.parent.glob("*.new"))
    resumed = sample(options(model, max_calls=int(calls) + 50, processes=1), resume=True)
    assert resumed["calls"] == int(calls) + 50


def test_force_beside_a_run_costs_it_nothing(slow, monkeypatch):
    path, model = slow
    monkeypatch.syspath_prepend(path.parent)
    yaml_dump_file(str(path), options(model, n_eff=1e6), error_if_exists=False)
    first = start(path)
    first_checkpoint(first, path)
    infos = [path.with_suffix(end) for end in (".input.yaml", ".updated.yaml")]
    before = [info.read_bytes() for info in infos]
    second = start(path, "-f")
    assert "is locked" in second.communicate(timeout=100)[0] and second.returncode == 1
    deadline = time.monotonic() + 200
    while not all(info.exists() for info in infos) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [info.read_bytes() for info in infos] == before
    first.terminate()
    assert "run.updated.yaml had been removed, as `cobaya-run --force` does" in first.communicate()[0]
    resumed = sample(options(model, max_calls=10), resume=True)
    assert resumed["calls"] >= 50


def test_checkpoint_without_infos_is_not_advised_to_be_deleted(small, tmp_path):
    model, before = small
    for end in ("input.yaml", "updated.yaml"):
        (tmp_path / f"run.{end}").unlink()
    with pytest.raises(LoggedError, match="cobaya-run -r continues the run"):
        run(model, resume=True)
    assert sample(model, resume=True)["calls"] == before["calls"]


WRONG = """
from cobaya.log import LoggedError
from cobaya.theory import Theory


class Wrong(Theory):
    def get_requirements(self):
        return {"x": None}

    def get_can_provide(self):
        return ["w"]

    def calculate(self, state, want_derived=True, x=0):
        raise LoggedError(self.log, "omega_bb is no input of CLASS")
"""


@pytest.fixture
def wrong(tmp_path):
    """Input file of a run whose theory finds an input wrong, and its content."""
    (tmp_path / "wrong.py").write_text(WRONG)
    model = info({"external": "lambda y, _self: -y", "requires": {"w": None}}, SQUARE, processes=2)
    model |= {"theory": {"wrong.Wrong": None}, "output": str(tmp_path / "run")}
    yaml_dump_file(str(tmp_path / "run.yaml"), model)
    return tmp_path / "run.yaml"


def test_wrong_input_stops_processes_with_its_text_alone(wrong):
    process = start(wrong)
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 1 and output.count("omega_bb is no input of CLASS") == 1
    assert "Traceback" not in output


def test_wrong_input_stops_mpi_with_its_text_alone(wrong):
    output = mpi_run(wrong)
    text = output.stdout + output.stderr
    assert output.returncode == 1 and text.count("omega_bb is no input of CLASS") == 1
    assert "Traceback" not in text


def test_processes_share_the_threads_and_give_the_same_posterior(slow, monkeypatch):
    path, model = slow
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    model = info("import_module('slow').threads", SQUARE, max_calls=60, processes=2)
    assert len(sample(model)["failed"]) == 0
    products = sample(info(gaussian, UNIT, processes=2, n_eff=2000))
    assert abs(products["logZ"]) < 0.06
    for i, name in enumerate("xyz"):
        assert_allclose(mean_and_std(products, name)[0], MEAN[i], atol=5 * 0.05 / np.sqrt(products["ESS"]))


def test_dead_process_ends_the_run_with_a_message():
    with pytest.raises(LoggedError, match="process that computed likelihoods has died"):
        run(info(lambda x, y: os.kill(os.getpid(), signal.SIGKILL), SQUARE, processes=2))


def mpi_run(path, *args):
    """cobaya-run in two processes of MPI."""
    return mpi_output("-m", "cobaya", "run", path, *args, env={"PYTHONPATH": str(path.parent)})


def test_two_processes_of_mpi_give_one_posterior(slow):
    path, model = slow
    output = mpi_run(path)
    assert output.returncode == 0, output.stdout + output.stderr
    assert output.stdout.count("Finished after") == 1
    samples = loadMCSamples(str(path.with_suffix("")))
    assert_allclose(samples.std("x"), 0.1, rtol=0.1)
    assert not path.with_suffix(".2.txt").exists()
    resumed = mpi_run(path, "-r")
    assert resumed.returncode == 0 and "Resuming" in resumed.stdout, resumed.stdout + resumed.stderr


@pytest.mark.parametrize("processes, points", [(1, 32), (2, 32), (3, 33), (8, 32), (16, 64), (64, 256),
                                               (100, 200), (128, 256), (300, 300)])
def test_batch_gives_each_process_a_few_points(processes, points):
    assert batch(processes) == points


#: The first item waits for all others: if one of them were meant for the same process, in vain
DEALT = """
import os, sys, time
from pathlib import Path
from cobaya import mpi
from sidr.samplers.processes import processes

def touch(i):
    end = time.monotonic() + 30
    while i == 0 and len(os.listdir(sys.argv[1])) < 7 and time.monotonic() < end:
        time.sleep(0.01)
    Path(sys.argv[1], str(i)).touch()
    return i, len(os.listdir(sys.argv[1]))

with processes(touch) as pool:
    if mpi.is_main_process():
        for _ in range(3):
            print(list(pool.map(touch, range(8)))[0], [i for i, _ in pool.compute(range(8))])
            for path in Path(sys.argv[1]).iterdir():
                path.unlink()
"""


def test_process_of_mpi_takes_the_next_point_when_it_is_free(tmp_path):
    (tmp_path / "program.py").write_text(DEALT)
    (tmp_path / "done").mkdir()
    output = mpi_output(tmp_path / "program.py", tmp_path / "done", n=3)
    assert output.stdout.splitlines() == ["(0, 8) [0, 1, 2, 3, 4, 5, 6, 7]"] * 3, output.stderr


def test_error_in_one_process_of_mpi_ends_all(slow):
    path, model = slow
    model = options(model, prior_box={"x": [0.5, 0.6]}, n_eff=200)
    yaml_dump_file(str(path), model, error_if_exists=False)
    output = mpi_run(path)
    assert output.returncode != 0 and "prior_box cuts the posterior" in output.stdout
