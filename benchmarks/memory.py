"""Memory of one process over thousands of evaluations, one tenth of which fail.

The cosmology changes from one evaluation to the next, so that nothing is reused; the failures are
spread over the modules of CLASS. Resident memory is taken at intervals, after a warm-up in which
every kind of evaluation has occurred; its growth must stay below 5 MB (exit status 1 if not): 1 kB
in each evaluation, or 12 kB in each failure, would be seen.

    python benchmarks/memory.py [--evaluations 5000]
"""

import argparse
import ctypes
import gc
import itertools
import os
import sys

from tqdm import tqdm

from sidr.classy import Class, CosmoComputationError, CosmoSevereError

TOLERANCE = 5.  # MB

#: Chi, all spectra, and as few multipoles and wavenumbers as possible; but not fewer than those of the
#: Limber approximation, since stock CLASS reads beyond its list of wavenumbers then (transfer.c:2265)
INPUTS = {"N_sidr": 0.75, "N_ur": 2.294, "output": "tCl pCl lCl mPk", "lensing": "yes",
          "l_max_scalars": 20, "P_k_max_1/Mpc": 0.05, "k_step_sub": 0.5, "k_step_super": 0.05,
          "k_per_decade_for_pk": 3, "perturbations_sampling_stepsize": 1, "l_max_g": 6, "l_max_pol_g": 6,
          "l_max_ur": 6, "l_max_sidr": 6, "q_logstep_limber": 1.3}
MASSIVE = {"N_ur": 0, "N_ncdm": 1, "m_ncdm": 0.05, "deg_ncdm": 2.26, "l_max_ncdm": 5,
           "tol_ncdm_synchronous": 0.1}

#: What fails, where, and with which of CLASS's two errors
FAILURES = {
    "handed over: NaN": ({"H0": float("nan")}, CosmoSevereError),
    "input: our range": ({"N_sidr": -1}, CosmoSevereError),
    "input: two couplings": ({"G_eff_sidr": 0.1} | MASSIVE, CosmoSevereError),
    "input: no preset": ({"alpha_sidr": "0.4,x"} | MASSIVE, CosmoSevereError),
    "input: unknown name": ({"N_sdir": 1} | MASSIVE, CosmoSevereError),
    "background: not finite": ({"H0": 1e-100} | MASSIVE, CosmoComputationError),
    "background: closed": ({"Omega_k": -50} | MASSIVE, CosmoComputationError),
    "thermodynamics: helium": ({"omega_b": 0.04}, CosmoComputationError),
    "thermodynamics: reionization": ({"tau_reio": 1e-4}, CosmoComputationError),
    "shooting: closed": ({"theta_s_100": 1.04, "Omega_k": -50} | MASSIVE, CosmoComputationError),
    "shooting: reionization": ({"theta_s_100": 1.04, "tau_reio": 1e-4}, CosmoComputationError),
    "perturbations: steps": ({"tol_perturbations_integration": 0}, CosmoComputationError),
    "primordial: no amplitude": ({"A_s": 0}, CosmoComputationError),
}


def evaluations(number):
    """(inputs, expected error or None) of `number` evaluations, every tenth of them a failure."""
    failures = itertools.cycle(FAILURES.values())
    for i in range(number):
        inputs = INPUTS | {"omega_cdm": 0.11 + 1e-6 * i, "log10_G_eff_sidr": -5 + i % 60 / 10}
        if i % 10 == 9:
            change, error = next(failures)
            yield inputs | change, error
        else:
            yield inputs | (MASSIVE if i % 5 == 0 else {}), None


def evaluate(cosmo, inputs, error):
    """Compute `inputs` in an object that has been used; AssertionError if not as expected."""
    cosmo.empty()
    try:
        cosmo.set(inputs)
        cosmo.compute()
        cosmo.lensed_cl()
    except (CosmoSevereError, CosmoComputationError) as raised:
        assert type(raised) is error, raised
    else:
        assert error is None, inputs


def growth(number, report=lambda evaluation, memory: None):
    """Growth of the resident memory [MB] from a tenth of `number` evaluations to the end.

    One object is used for all, as samplers do, and a new one for every seventh evaluation. `report`
    is called twenty times with the number of evaluations and the memory [MB].
    """
    reused, start = Class(), None
    for i, (inputs, error) in enumerate(evaluations(number), 1):
        evaluate(Class() if i % 7 == 0 else reused, inputs, error)
        if i % max(1, number // 20) == 0:
            report(i, resident(reused))
        if i == max(number // 10, 10 * len(FAILURES)):
            start = resident(reused)
    return resident(reused) - start


def resident(cosmo):
    """Resident memory of this process [MB], without the results of `cosmo` and what is free."""
    cosmo.struct_cleanup()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--evaluations", type=int, default=5000)
    args = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = "1"     # each thread has a pool of memory of its own
    with tqdm(total=args.evaluations, unit="evaluation") as progress:
        def report(evaluation, memory):
            progress.update(evaluation - progress.n)
            progress.write(f"{evaluation:6} evaluations {memory:8.1f} MB")
        grown = growth(args.evaluations, report)
    verdict = "constant" if abs(grown) < TOLERANCE else "NOT constant"
    print(f"{verdict}: {grown:+.1f} MB after the warm-up (allowed: {TOLERANCE:g} MB)")
    sys.exit(0 if verdict == "constant" else 1)


if __name__ == "__main__":
    main()
