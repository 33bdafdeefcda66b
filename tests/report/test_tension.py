"""The tension of Sigma m_nu with oscillations, against Gaussians and published tables."""

import matplotlib
import numpy as np
import pytest
from getdist import MCSamples
from scipy.stats import norm

from sidr import tension
from sidr.cli import main

matplotlib.use("Agg")

MU, SIGMA = -0.101, 0.052    # about DESI DR2 with CMB


def gaussian(n, mu=MU, sigma=SIGMA, seed=0):
    return np.random.default_rng(seed).normal(mu, sigma, n)


def test_gaussian_posterior():
    found = tension.measure(gaussian(200000))
    assert found.mean == pytest.approx(MU, abs=5e-4) and found.sigma == pytest.approx(SIGMA, abs=5e-4)
    assert found.interval == pytest.approx((MU - 1.96 * SIGMA, MU + 1.96 * SIGMA), abs=2e-3)
    for name, minimum in tension.MINIMA.items():
        p, truth = found.probabilities[name], (minimum - MU) / SIGMA
        assert abs(p.n_sigma - truth) < 3 * p.error + 0.02
        assert p.below == pytest.approx(norm.cdf(p.n_sigma))
    assert not found.probabilities["normal"].fitted


def test_weights_are_repetitions():
    values = gaussian(3000)
    weights = np.random.default_rng(1).integers(1, 4, len(values))
    one, other = tension.measure(values, weights), tension.measure(np.repeat(values, weights))
    assert one.mean == pytest.approx(other.mean) and one.sigma == pytest.approx(other.sigma)
    assert one.interval == pytest.approx(other.interval, abs=1e-3)
    assert one.n_independent < 3000 < other.n_independent


@pytest.mark.parametrize("mu", [MU, 0.35], ids=["below", "above"])
def test_tail_of_few_samples_is_fitted_and_its_error_is_right(mu):
    """Of 1000 samples one is beyond 3 sigma: the error of the fit is the scatter between data sets."""
    truth = (0.0588 - mu) / SIGMA
    found = [tension.measure(gaussian(1000, mu, seed=seed)).probabilities["normal"] for seed in range(30)]
    assert all(p.fitted for p in found)
    pulls = [(p.n_sigma - truth) / p.error for p in found]
    assert abs(np.mean(pulls)) < 0.6 and 0.6 < np.std(pulls) < 1.5
    assert np.std([p.n_sigma for p in found]) < 0.06 * abs(truth)


def test_error_of_counting_is_that_of_the_samples():
    found = [tension.measure(gaussian(4000, 0, seed=seed)).probabilities["normal"] for seed in range(40)]
    pulls = [(p.n_sigma - 0.0588 / SIGMA) / p.error for p in found]
    assert not any(p.fitted for p in found) and 0.7 < np.std(pulls) < 1.4


def test_correlated_chain_has_fewer_independent_samples():
    rng, x = np.random.default_rng(0), [0.0]
    for step in rng.normal(size=20000):
        x.append(0.95 * x[-1] + np.sqrt(1 - 0.95**2) * step)
    chain = MCSamples(samples=np.array(x)[:, None] * SIGMA + MU, names=["m_nu_sum"], labels=["m"],
                      settings={"ignore_rows": 0})
    found = tension.measure(chain)
    assert 200 < found.n_independent < 2000      # of 20000; correlation length 39


# Feldman and Cousins, Table X of physics/9711021: upper ends at 68.27%, 90%, 95%

TABLE_X = {-3.0: (0.04, 0.26, 0.42), -2.0: (0.07, 0.40, 0.62), -1.0: (0.27, 0.81, 1.10),
           0.0: (1.00, 1.64, 1.96), 1.0: (2.00, 2.64, 2.96), 3.0: (4.00, 4.64, 4.96)}


@pytest.mark.parametrize("x0", TABLE_X)
def test_limits_of_feldman_and_cousins(x0):
    found = [tension.feldman_cousins(x0, level) for level in (0.6827, 0.90, 0.95)]
    assert found == pytest.approx(TABLE_X[x0], abs=0.0055)


def test_parabola_and_limit_of_desi():
    """mu = -0.036, sigma = 0.043: 0.053 eV, arXiv:2503.14744; from points at 0 and above."""
    m = np.linspace(0, 0.15, 7)
    profile = tension.Profile(m, 1000 + ((m + 0.036) / 0.043)**2)
    assert profile.vertex == pytest.approx(-0.036) and profile.sigma == pytest.approx(0.043)
    assert profile.chi2_min == pytest.approx(1000)
    assert profile.upper_limit() == pytest.approx(0.053, abs=1e-3)     # mu and sigma are rounded
    assert profile.delta_chi2(0.0588) == pytest.approx((0.0948 / 0.043)**2)


@pytest.mark.parametrize("call, message", [
    (lambda: tension.Profile([0, 0.1], [1, 2]), "three or more different sums"),
    (lambda: tension.Profile([0, 0.1, 0.2], [1, 2, 1]), "has no minimum"),
    (lambda: tension.feldman_cousins(np.nan), "x0 = nan must be a finite number"),
    (lambda: tension.measure(gaussian(10)), "10 independent samples of m_nu_sum are too few"),
    (lambda: tension.measure(gaussian(100), -np.ones(100)), "Each finite value needs a weight"),
    (lambda: tension.measure(MCSamples(samples=np.ones((50, 1)), names=["H0"])), "m_nu_sum is not a param"),
])
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_command_prints_the_table_and_draws(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name, mu in (("one", -0.1), ("two", 0.0)):
        m, tau = rng.multivariate_normal([mu, 0.06], [[0.0025, 1e-4], [1e-4, 5e-5]], 4000).T
        rows = np.column_stack([np.ones(4000), np.zeros(4000), m, tau])
        np.savetxt(tmp_path / f"{name}.1.txt", rows, header="weight minuslogpost m_nu_sum tau_reio")
        (tmp_path / f"{name}.paramnames").write_text("m_nu_sum \\Sigma\ntau_reio \\tau\n")
    m = np.linspace(-0.1, 0.1, 5)
    np.savetxt(tmp_path / "profile.txt", np.column_stack([m, 1000 + (m / 0.05)**2]))
    picture = tmp_path / "tension.png"
    assert main(["tension", str(tmp_path / "one"), str(tmp_path / "two"), "-o", str(picture),
                 "--profile", str(tmp_path / "profile.txt")]) in (0, None)
    out = capsys.readouterr().out
    assert "sigma*" in out and "* few samples are beyond: from a fit to the outer 15% of them" in out
    assert "-0.10" in out and "sigma" in out and "Feldman-Cousins" in out and "0.0500" in out
    assert picture.stat().st_size > 10000
