"""chains/thin.py and chains/limits.py: what is kept of a run."""

import sys
from pathlib import Path

import numpy as np
import pytest
from cobaya.output import load_samples
from getdist import MCSamples

from sidr import runs

CHAINS = Path(__file__).parents[1] / "chains"


@pytest.fixture(scope="module")
def scripts():
    """Those in chains/ that are tested here."""
    sys.path.insert(0, str(CHAINS))
    try:
        import limits
        import thin
    finally:
        sys.path.remove(str(CHAINS))
    return thin, limits


@pytest.fixture
def thin(scripts):
    return scripts[0]


def test_copy_has_the_posterior_and_is_read_as_the_run(thin, tmp_path):
    root = CHAINS / "results" / "emulated" / "sidr_nchi1_full_planck_desi_dr2"
    rows = thin.thin(root, tmp_path, 300)
    whole, copy = runs.load_samples(str(root)), runs.load_samples(str(tmp_path / root.name))
    assert rows == copy.numrows and copy.weights.sum() == 300
    for name in ("H0", "m_nu_sum", "log10_G_eff", "chi2"):
        assert copy.mean(name) == pytest.approx(whole.mean(name), abs=4 * whole.std(name) / np.sqrt(300))
    assert len(load_samples(str(tmp_path / root.name), combined=True)) == rows
    for extension in (".logZ", ".updated.yaml"):
        name = f"{root.name}{extension}"
        assert (tmp_path / name).read_text() == (root.parent / name).read_text()


def test_heavy_sample_is_one_row_of_its_weight(thin, tmp_path):
    lines = ["# weight minuslogpost x chi2"] + [f"{7 if i == 3 else 1} {i} {i} {2 * i}" for i in range(14)]
    (tmp_path / "run.1.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "copy").mkdir()
    assert thin.thin(tmp_path / "run", tmp_path / "copy", 20, burn_in=0) == 14
    weights = np.loadtxt(tmp_path / "copy" / "run.1.txt")[:, 0]
    assert weights.tolist() == [7 if i == 3 else 1 for i in range(14)]


def test_limits_and_modes_of_a_known_posterior(scripts):
    # half a Gaussian in the mass, a tenth of MI uniform in the coupling, SI a narrow Gaussian
    rng, n = np.random.default_rng(1), 40000
    coupling = np.where(np.arange(n) % 10 == 0, rng.uniform(-5, -2.5, n), rng.normal(-1.5, 0.05, n))
    mass = np.abs(rng.normal(0, 0.05, n)) * np.where(coupling > -2.5, 1.2, 1)
    samples = MCSamples(samples=np.column_stack([mass, coupling]), names=["m_nu_sum", "log10_G_eff"])
    found = scripts[1].limits(samples)
    assert [g for g, _ in found["limit"]] == [-5, -3.5, -2.625, -1.5]      # none where there is nothing
    assert dict(map(tuple, found["limit"]))[-5] == pytest.approx(1.96 * 0.05, rel=0.06)
    assert dict(map(tuple, found["limit"]))[-1.5] == pytest.approx(1.96 * 0.06, rel=0.02)
    assert found["modes"]["MI"] == pytest.approx([-5, -5 + 0.68 * 2.5], abs=0.05)
    assert found["modes"]["SI"] == pytest.approx([-1.55, -1.45], abs=0.01)
