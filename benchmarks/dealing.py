"""Calls per second of nested sampling by MPI, with a likelihood that only waits, as long as CLASS takes.

    python benchmarks/dealing.py [--processes 1 2 4 8] [--calls 32] [--predict 64 128]

The times are those of benchmarks/results/robustness.csv, over the whole prior, scaled to a mean of two
seconds. A waiting process needs no core, so that more of them than cores can be measured; what nautilus
does itself is in the numbers. "ideal" is processes / mean time. The prediction deals the same times to more
processes, in batches of the default size, as it is done now (the next point to who is free) and in equal
shares, as before; "with calls" has the calls that larger batches cost more, see docs/sampling.md.
"""

import argparse
import csv
import heapq
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sidr.samplers.nautilus import POINTS, batch

HERE = Path(__file__).parent
MEAN = 2.0      # seconds

#: Calls of a run by the size of its batches, over those with 32: two peaks in nine dimensions, two seeds
COST = {32: 1.0, 64: 1.05, 128: 1.08, 256: 1.18, 512: 1.43}


def times():
    """Times of CLASS over the prior [s], scaled to the mean."""
    with open(HERE / "results" / "robustness.csv", newline="") as file:
        cpu = np.array([float(row["cpu_s"]) for row in csv.DictReader(file) if row["outcome"] == "ok"])
    return cpu * MEAN / cpu.mean()


def waiting(x, y):
    """ln L of a Gaussian, after a time that the point determines."""
    table = times()
    time.sleep(table[int(1e9 * abs(x + y)) % len(table)])
    return -0.5 * ((x / 0.1)**2 + (y / 0.1)**2)


def measure(processes, calls):
    """Calls per second, without the start of the program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.yaml")
        path.write_text(f"""
likelihood: {{waiting: {{external: import_module('dealing').waiting}}}}
params: {{x: {{prior: [-1, 1]}}, y: {{prior: [-1, 1]}}}}
sampler: {{sidr.samplers.Nautilus: {{max_calls: {calls}, n_live: 1000, seed: 1, n_networks: 1}}}}
output: {folder}/run
""")
        command = [shutil.which("mpirun"), "--oversubscribe", "--allow-run-as-root", "-n", str(processes),
                   sys.executable, "-m", "cobaya", "run", str(path)]
        run = subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not Path(folder, "run.updated.yaml").exists():
            time.sleep(0.05)
        start = time.monotonic()
        if run.wait():
            raise RuntimeError(f"status {run.returncode}")
        return calls / (time.monotonic() - start)


def efficiency(processes, points, dynamic, seed=0, batches=400):
    """Part of the processes' time in which they compute."""
    rng, all_times, used, waited = np.random.default_rng(seed), times(), 0.0, 0.0
    for _ in range(batches):
        t = rng.choice(all_times, points)
        ends = [0.0] * processes
        for i, x in enumerate(t):
            if dynamic:
                heapq.heapreplace(ends, ends[0] + x)
            else:
                ends[i % processes] += x
        used, waited = used + t.sum(), waited + processes * max(ends)
    return used / waited


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--calls", type=int, default=32, help="for each process")
    parser.add_argument("--predict", type=int, nargs="*", default=[16, 32, 64, 128])
    args = parser.parse_args()
    for n in args.processes:
        speed = measure(n, args.calls * n)
        print(f"{n:4} processes: {speed:6.2f} calls/s, {speed * MEAN / n:.2f} of the ideal", flush=True)
    for n in args.predict:
        before, now = n * max(1, round(POINTS / n)), batch(n)
        parts = efficiency(n, before, False), efficiency(n, now, True)
        speeds = [part * n / MEAN for part in parts]
        costs = [np.interp(size, list(COST), list(COST.values())) for size in (before, now)]
        gain = parts[1] / costs[1] / (parts[0] / costs[0])
        print(f"{n:4} processes, predicted: {speeds[1]:6.2f} calls/s, {parts[1]:.2f} of the ideal (equal "
              f"shares of {before}: {parts[0]:.2f}); with calls {gain:.2f} times as fast")


if __name__ == "__main__":
    main()
