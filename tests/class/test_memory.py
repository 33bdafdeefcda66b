"""Memory does not grow: benchmarks/memory.py with some hundred evaluations."""

import ctypes
import subprocess
import sys

import pytest

import memory

ONE = """
import memory
print(memory.growth(30 * len(memory.FAILURES)))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_memory_does_not_grow():
    """Three of each failure, one of them before the start. Measured: 0.02 MB; a failure in the middle of
    the perturbations that is not freed would be 0.3 MB each, of the background 7 MB."""
    grown = float(subprocess.run([sys.executable, "-c", ONE], check=True, capture_output=True, text=True,
                                 cwd=memory.__file__.rpartition("/")[0]).stdout)
    assert abs(grown) < 0.4


def test_a_tenth_fails_in_every_way():
    errors = [error for _, error in memory.evaluations(5000)]
    assert sum(error is not None for error in errors) == 500
    assert {memory.CosmoSevereError, memory.CosmoComputationError} < {*errors}


@pytest.mark.parametrize("change, error", memory.FAILURES.values(), ids=memory.FAILURES)
def test_each_failure_is_the_one_it_is_meant_to_be(change, error):
    name = next(name for name, (this, _) in memory.FAILURES.items() if this is change)
    words = {"NaN": "not finite", "our range": "outside", "two couplings": "only enter one",
             "no preset": "alpha_sidr", "unknown name": "N_sdir", "not finite": "background_solve",
             "closed": "background_solve", "helium": "helium_from_bbn", "reionization": "reionization",
             "steps": "Step size too small", "no amplitude": "primordial"}
    with pytest.raises(error, match=words[name.partition(": ")[2]]):
        cosmo = memory.Class()
        cosmo.set(memory.INPUTS | {"log10_G_eff_sidr": -2} | change)
        cosmo.compute()
