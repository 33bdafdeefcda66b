"""CPU time of a new primordial spectrum over that of a full evaluation, per non-linear correction.

Lensed TT, TE, EE and phi phi to l = 2508 with chi and one degenerate massive species. Both evaluations
are made in turn in one process, so that a busy machine slows them alike; medians over the rounds.

    python benchmarks/primordial.py [--rounds 5] [--precision default|planck]
"""

import argparse
import os
import statistics
import time

from tqdm import tqdm

from sidr import precision

os.environ.setdefault("OMP_NUM_THREADS", "1")

INPUTS = {"omega_b": 0.02237, "omega_cdm": 0.12, "H0": 67.4, "A_s": 2.1e-9, "n_s": 0.965, "tau_reio": 0.054,
          "output": "tCl pCl lCl", "lensing": "yes", "l_max_scalars": 2508,
          "N_ur": 0, "N_ncdm": 1, "m_ncdm": 0.02, "T_ncdm": 0.716369, "deg_ncdm": 2.2608,
          "N_sidr": 0.75, "log10_G_eff_sidr": -2}


def seconds(cosmo, **change):
    """CPU time [s] of a change of parameters and the lensed spectra after it."""
    start = time.process_time()
    cosmo.set(change)
    cosmo.compute()
    cosmo.lensed_cl(2508)
    return time.process_time() - start


def measure(inputs, rounds, progress):
    """CPU times [s] of full and of primordial evaluations, a list each."""
    from sidr.classy import Class

    cosmo = Class()
    cosmo.set(inputs)
    cosmo.compute()
    full, primordial = [], []
    for i in range(rounds):
        full.append(seconds(cosmo, H0=68 + 0.1 * i))
        primordial.append(seconds(cosmo, A_s=2e-9 + 1e-11 * i, n_s=0.96 + 1e-3 * i))
        progress.update()
    return full, primordial


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=precision.settings, default="default")
    args = parser.parse_args()
    corrections = ("none", "halofit", "hmcode")
    with tqdm(total=args.rounds * len(corrections), unit="round") as progress:
        inputs = INPUTS | precision.settings[args.precision]
        times = {name: measure(inputs | {"non_linear": name}, args.rounds, progress)
                 for name in corrections}
    print(f"\nmedians of {args.rounds} rounds, precision {args.precision}, CPU seconds")
    print(f"{'non_linear':12}{'full':>8}{'A_s, n_s':>10}{'ratio':>8}")
    for name, pair in times.items():
        full, primordial = map(statistics.median, pair)
        print(f"{name:12}{full:8.2f}{primordial:10.3f}{primordial / full:8.1%}")


if __name__ == "__main__":
    main()
