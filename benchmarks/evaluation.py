"""Time of one Planck-type evaluation, ours against stock CLASS, per coupling.

Lensed TT, TE, EE and phi phi to l = 2508 with one degenerate massive species (0.06 eV). Every
configuration is its own process, in turn with the others, so that a busy machine slows all of them
alike. The table has the medians over the rounds, their ratios and the peak memory; `planck` are
settings of sidr.precision.

    python benchmarks/evaluation.py [--rounds 5] [--threads 1]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from tqdm import tqdm

from sidr import precision

COUPLINGS = (-5, -4, -3, -2, -1, 0, 1)
NEUTRINOS = {"N_ur": 0, "N_ncdm": 1, "m_ncdm": 0.02, "T_ncdm": 0.716369}
COSMOLOGY = {"omega_b": 0.02237, "omega_cdm": 0.12, "H0": 67.4, "A_s": 2.1e-9, "n_s": 0.965,
             "tau_reio": 0.054, "output": "tCl pCl lCl", "lensing": "yes", "l_max_scalars": 2508}

# Each with the same N_eff = 3.044: all in massive neutrinos, or a quarter in ur or in chi
CONFIGURATIONS = {
    "stock, neutrinos": ("classy", {"deg_ncdm": 3}),
    "ours, neutrinos": ("sidr.classy", {"deg_ncdm": 3}),
    "stock, 0.75 in ur": ("classy", {"deg_ncdm": 2.2608, "N_ur": 0.75}),
    "ours, G_eff = 0": ("sidr.classy", {"deg_ncdm": 2.2608, "N_sidr": 0.75, "G_eff_sidr": 0}),
} | {f"ours, log10_G_eff = {lg}": ("sidr.classy", {"deg_ncdm": 2.2608, "N_sidr": 0.75,
                                                   "log10_G_eff_sidr": lg}) for lg in COUPLINGS} | {
    f"ours, planck, {lg}": ("sidr.classy", {"deg_ncdm": 2.2608, "N_sidr": 0.75, "log10_G_eff_sidr": lg}
                            | precision.planck) for lg in (-4, -1.5)}

ONE = """
import importlib, json, resource, sys, time
module, inputs = json.loads(sys.argv[1])
cosmo = importlib.import_module(module).Class()
cosmo.set(inputs)
cpu, wall = time.process_time(), time.perf_counter()
cosmo.compute()
cosmo.lensed_cl(2508)
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measure(module, inputs, threads):
    """CPU and wall time [s] and peak memory [MiB] of one evaluation in a process of its own."""
    argument = json.dumps([module, COSMOLOGY | NEUTRINOS | inputs])
    result = subprocess.run([sys.executable, "-c", ONE, argument], check=True, text=True,
                            capture_output=True, env=os.environ | {"OMP_NUM_THREADS": str(threads)})
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    samples = {name: [] for name in CONFIGURATIONS}
    with tqdm(total=args.rounds * len(CONFIGURATIONS), unit="evaluation") as progress:
        for _ in range(args.rounds):
            for name, configuration in CONFIGURATIONS.items():
                samples[name].append(measure(*configuration, args.threads))
                progress.update()

    medians = {name: [statistics.median(x) for x in zip(*rows, strict=True)]
               for name, rows in samples.items()}
    print(f"\nmedians of {args.rounds} rounds, {args.threads} thread(s)")
    print(f"{'':28}{'CPU [s]':>9}{'wall [s]':>10}{'memory [MiB]':>14}{'CPU / stock':>13}")
    for name, (cpu, wall, memory) in medians.items():
        stock = medians["stock, neutrinos" if name.endswith("neutrinos") else "stock, 0.75 in ur"][0]
        print(f"{name:28}{cpu:9.2f}{wall:10.2f}{memory:14.0f}{cpu / stock:13.3f}")


if __name__ == "__main__":
    main()
