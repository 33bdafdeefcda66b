"""Runs on disk and their modes, on a kept run of both."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import CHAINS

from sidr import modes, runs
from sidr.modes import COUPLING, MI, MODES, SI

KEPT = CHAINS / "results" / "emulated"
BOTH = KEPT / "sidr_nchi1_full_planck_desi_dr2"

pytestmark = pytest.mark.skipif(not KEPT.exists(), reason="results are in the repository only")


@pytest.fixture
def copy(tmp_path):
    """Root of a copy of the run, to be changed."""
    for path in KEPT.glob(f"{BOTH.name}.*"):
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path / BOTH.name


def test_every_coupling_is_in_one_mode_and_the_split_in_si():
    coupling = np.array([-5, -2.5 - 1e-9, -2.5, 0, 1])
    assert MI.holds(coupling).tolist() == [True, True, False, False, False]
    assert (MI.holds(coupling) ^ SI.holds(coupling)).all()
    assert SI.contains(coupling).tolist() == [False, False, True, True, False]      # Table S2: up to 0
    assert [modes.of_prior(*prior) for prior in ((-5, -2.5), (-2.5, 0), (-5, 1))] == ["MI", "SI", "full"]
    assert len({modes.color(name, n_chi) for name in (*MODES, "full", None) for n_chi in (0, 1, 2)}) == 9


def test_modes_of_a_run_have_its_samples_and_its_evidence():
    run = runs.load(BOTH)
    parts = [run.in_mode(mode) for mode in MODES.values()]
    assert sum(part.numrows for part in parts) == run.samples.numrows
    assert [part.ranges.getUpper(COUPLING) for part in parts] == [-2.5, 1]
    assert run.split_at == {COUPLING: [-2.5]}
    for part, of_the_whole in zip(parts, run.evidence["split"][COUPLING], strict=True):
        fraction = part.weights.sum() / run.samples.weights.sum()      # of 1000 samples
        assert fraction == pytest.approx(of_the_whole["fraction"], abs=0.05)


def test_run_that_cannot_be_computed_with_is_refused(copy):
    updated = Path(f"{copy}.updated.yaml")
    text = updated.read_text()
    updated.write_text(text.replace("  sidr.samplers.Nautilus:\n",
                                    "  sidr.samplers.Nautilus:\n    temperature: 2\n"))
    with pytest.raises(ValueError, match="temperature 2: its samples are those of a power"):
        runs.load(copy)
    updated.write_text("params: [")
    with pytest.raises(ValueError, match=r"updated.yaml cannot be read"):
        runs.load(copy)
    assert runs.read(copy).samples is not None       # with a complaint
    updated.unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*updated.yaml"):
        runs.load(copy)
    Path(f"{copy}.1.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no chain .*\.1\.txt"):
        runs.load(copy)
