"""Neither the number of threads nor another object of `Class` changes a result, to the last bit."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import CHI, COSMOLOGY, compute

from sidr.classy import Class, CosmoSevereError

#: All kinds of output and every approximation of chi, on few multipoles and wavenumbers
CHEAP = CHI | {"output": "tCl pCl lCl mPk", "lensing": "yes", "l_max_scalars": 60, "P_k_max_1/Mpc": 0.2,
               "k_step_sub": 0.4, "k_step_super": 0.02, "k_per_decade_for_pk": 4, "k_per_decade_for_bao": 8,
               "perturbations_sampling_stepsize": 0.5, "q_logstep_limber": 1.3}
INPUTS = CHEAP | {"G_eff_sidr": 0.01, "N_ur": 1, "N_ncdm": 1, "m_ncdm": 0.1, "tol_ncdm_synchronous": 0.1}
OTHER = CHEAP | {"log10_G_eff_sidr": -4, "H0": 70, "l_max_scalars": 50}

IN_A_PROCESS = """
import sys
import numpy as np
from test_threads import INPUTS, results
from conftest import compute
np.savez(sys.argv[1], **results(compute(INPUTS)))
"""


def results(cosmo):
    """Lensed spectra and P(k) of a Class that has computed them."""
    k = np.geomspace(1e-4, 0.1, 50)
    return cosmo.lensed_cl() | {"pk": np.array([cosmo.pk(x, 0) for x in k])}


def same(a, b):
    """Whether two dictionaries of arrays are equal to the last bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_one_and_two_threads_give_the_same_bits(tmp_path):
    found = []
    for threads in "12":
        file = tmp_path / f"{threads}.npz"
        subprocess.run([sys.executable, "-c", IN_A_PROCESS, file], check=True,
                       env=os.environ | {"OMP_NUM_THREADS": threads,
                                         "PYTHONPATH": os.pathsep.join(sys.path)})
        found.append(dict(np.load(file)))
    assert same(*found)
    assert found[0]["tt"][60] > 0 and found[0]["pk"].min() > 0


def test_objects_in_turn_do_not_disturb_each_other():
    alone = [results(compute(inputs)) for inputs in (INPUTS, OTHER)]
    a, b, failing = Class(), Class(), Class()
    for turn in range(2):
        compute_with(a, INPUTS if turn == 0 else OTHER)
        with pytest.raises(CosmoSevereError):
            compute_with(failing, INPUTS | {"alpha_sidr": "none"})
        compute_with(b, OTHER if turn == 0 else INPUTS)
        # both are asked after both have computed
        found = [results(cosmo) for cosmo in ((a, b) if turn == 0 else (b, a))]
        assert same(found[0], alone[0]) and same(found[1], alone[1])
    compute_with(failing, INPUTS)
    assert same(results(failing), alone[0]) and same(results(b), alone[0])


def compute_with(cosmo, inputs):
    """As conftest's `compute`, in an object that exists."""
    cosmo.empty()
    cosmo.set(COSMOLOGY | inputs)
    cosmo.compute()
