"""Time of one thermal history, CPU seconds on one core, medians.

The first history of a process also makes the tables of the weak rates; that time is listed apart.

    python benchmarks/thermal.py [--rounds 15]
"""

import argparse
import os
import statistics
import time

from tqdm import tqdm

os.environ.setdefault("OMP_NUM_THREADS", "1")

from sidr.thermal import evolve  # noqa: E402

FIG1 = (0.01, 0.003, 100, 0.065)

#: Its first time also solves the standard model
HELIUM = "Fig. 1, ends only, N_bbn"

CASES = {
    "standard model": ((*FIG1, 0), {}),
    "Fig. 1": ((*FIG1, 1), {}),
    "Fig. 1, ends only": ((*FIG1, 1), {"times": 2}),
    "n_chi = 40": ((*FIG1, 40), {}),
    "m_phi = 1 MeV, 0.65 eV": ((1.0, 0.003, 100, 0.65, 1), {}),
    "Breit-Wigner, full t-channel": ((*FIG1, 1), {"s_channel": "breit-wigner", "t_channel": "full"}),
    "chemical potentials": ((*FIG1, 1), {"potentials": "all"}),
    "chemical potentials of the neutrinos": ((*FIG1, 1), {"potentials": "neutrinos"}),
    "chi chi <-> phi phi at its rate": ((*FIG1, 1), {"potentials": "kinetic"}),
}


def seconds(point, options, helium=False):
    start = time.process_time()
    history = evolve(*point, **options)
    if helium:
        history.N_bbn   # noqa: B018
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    first = seconds(*CASES["Fig. 1"])
    times = {name: [] for name in (*CASES, HELIUM)}
    for _ in tqdm(range(rounds), unit="round"):
        for name, case in CASES.items():
            times[name].append(seconds(*case))
        times[HELIUM].append(seconds(*CASES["Fig. 1, ends only"], helium=True))
    print(f"\nmedians of {rounds} rounds, CPU seconds; first history of the process {first:.2f}")
    for name, values in times.items():
        print(f"{name:38}{statistics.median(values):7.3f}")


if __name__ == "__main__":
    main()
