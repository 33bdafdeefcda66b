"""chains/thin.py: a small copy of a run has its posterior."""

import sys
from pathlib import Path

import numpy as np
import pytest
from cobaya.output import load_samples

from sidr import plots

CHAINS = Path(__file__).parents[1] / "chains"


@pytest.fixture(scope="module")
def thin():
    sys.path.insert(0, str(CHAINS))
    try:
        import thin
    finally:
        sys.path.remove(str(CHAINS))
    return thin


def test_copy_has_the_posterior_and_is_read_as_the_run(thin, tmp_path):
    root = CHAINS / "results" / "emulated" / "sidr_nchi1_full_planck_desi_dr2"
    rows = thin.thin(root, tmp_path, 300)
    whole, copy = plots.load(str(root)), plots.load(str(tmp_path / root.name))
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
