"""CLASS with chi over the whole prior box: does every point give spectra, and how long does it take?

Points of Table S1 of arXiv:2506.08085 for 1, 2 and 40 flavours of chi: a Latin hypercube, corners
of the box, and the edges of the plane of coupling and mass. Each gives lensed TT, TE, EE and phi phi
to l = 2508 in a process of its own kind, which may crash or hang without ending the others. The
results are appended to a table; the same command continues where it was stopped.

    python benchmarks/robustness.py --output robustness.csv [--points 2000] [--precision planck]
                                    [--workers 1] [--limit 300] [--plot robustness.png] [--again 20]
                                    [--task I/N]

A machine's speed changes within the hour that this takes. `--again 20` computes the 20 slowest points and
20 others in five turns, and compares the least time of each.

`--task 3/16` computes the third of 16 parts, as a job of an array; in the end the same command without it
puts them together.

A point that CLASS cannot compute is "refused". Beyond omega_b = 0.0329 its table of the helium abundance
ends: such a point is "ok, YHe given" if it works with a fixed abundance. All else is a failure.
"""

import argparse
import csv
import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter
from scipy.stats import qmc
from tqdm import tqdm

from sidr import precision
from sidr.classy import Class, CosmoComputationError, CosmoSevereError
from sidr.commands import arguments
from sidr.neutrinos import class_inputs
from sidr.pools import parts, share

#: Table S1: omega_b, omega_cdm, H0 [km/s/Mpc], log(1e10 A_s), n_s, tau_reio, log10(G_eff MeV^2),
#: sum of the neutrino masses [eV]
BOX = {"omega_b": (0.01, 0.04), "omega_cdm": (0.08, 0.16), "H0": (55., 85.), "logA": (2., 4.),
       "n_s": (0.8, 1.1), "tau_reio": (0.004, 0.25), "log10_G_eff": (-5., 1.), "m_nu_sum": (0., 1.5)}
N_CHI = (1, 2, 40)
COLUMNS = ("index", "precision", "n_chi", *BOX, "outcome", "cpu_s", "message")
GOOD = ("ok", "ok, YHe given")
L_MAX = 2508
SEED = 3044
TARGET = 1.5    # slowest point over the median


def prior_points(total, seed=SEED):
    """`total` points, dictionaries of n_chi and the parameters of BOX, in an order of no meaning.

    A seventh are corners of the box (of 2000 points: all 256), a tenth lies on the edges of the
    plane of log10_G_eff and m_nu_sum, the rest is a Latin hypercube.
    """
    random = np.random.default_rng(seed)
    corners = random.permutation(list(product((0, 1), repeat=len(BOX))))[:total // 7]
    edges = hypercube(total // 10, random)
    for i, point in enumerate(edges):
        point[-2 + i % 2] = i // 2 % 2      # on each of the four edges in turn
    inside = hypercube(total - len(corners) - len(edges), random)
    lower, upper = np.transpose(list(BOX.values()))
    values = lower + (upper - lower) * np.concatenate([corners, edges, inside])
    points = [{"n_chi": N_CHI[i % len(N_CHI)]} | dict(zip(BOX, row.tolist(), strict=True))
              for i, row in enumerate(values)]
    return [points[i] for i in random.permutation(total)]


def hypercube(number, random):
    """Latin hypercube of `number` points in the unit box, shape (number, len(BOX))."""
    return qmc.LatinHypercube(len(BOX), rng=random).random(number)


def inputs_of(point):
    """CLASS's inputs for a point."""
    rest = {name: point[name] for name in ("omega_b", "omega_cdm", "H0", "n_s", "tau_reio")}
    return rest | class_inputs(n_chi=point["n_chi"], m_nu_sum=point["m_nu_sum"]) | {
        "A_s": 1e-10 * np.exp(point["logA"]), "log10_G_eff_sidr": point["log10_G_eff"]}


def evaluate(point, settings, l_max=L_MAX):
    """Outcome, CPU time [s] and message of one point with the precision `settings`."""
    outcome, cpu, message = attempt(inputs_of(point) | settings, l_max)
    if outcome == "refused" and "YHe" in message:
        outcome, cpu, again = attempt(inputs_of(point) | settings | {"YHe": 0.25}, l_max)
        outcome, message = (GOOD[1], message) if outcome == "ok" else (outcome, again)
    return outcome, cpu, message


def attempt(inputs, l_max):
    """Outcome, CPU time [s] and message of the spectra for some inputs of CLASS."""
    start = time.process_time()
    outcome, message = "ok", ""
    try:
        cosmo = Class()
        cosmo.set(inputs, output="tCl pCl lCl", lensing="yes", l_max_scalars=l_max)
        cosmo.compute()
        if message := defect(cosmo.lensed_cl(l_max)):
            outcome = "bad spectra"
    except CosmoComputationError as error:
        outcome, message = "refused", str(error)
    except CosmoSevereError as error:
        outcome, message = "wrong input", str(error)
    except Exception as error:      # whatever else there is, is a failure to be seen in the table
        outcome, message = "error", repr(error)
    return outcome, time.process_time() - start, " ".join(message.split())


def defect(cl):
    """What is wrong with spectra, or nothing."""
    tt, ee, te, pp = (cl[name][2:] for name in ("tt", "ee", "te", "pp"))
    for name, spectrum in {"tt": tt, "ee": ee, "te": te, "pp": pp}.items():
        if not np.all(np.isfinite(spectrum)):
            return f"{name} is not finite"
        if name != "te" and np.any(spectrum <= 0):
            return f"{name} is not positive"
    if np.any(te**2 > tt * ee):
        return "te is larger than tt and ee allow"
    return ""


class Worker:
    """A process that evaluates one point after the other; a new one where it crashed or hung."""

    def __init__(self, function=evaluate, limit=300):
        self.function, self.limit = function, limit     # limit: wall time of one point [s]
        self.process = None

    def __call__(self, *arguments):
        """Outcome, CPU time [s] and message of function(*arguments)."""
        if self.process is None:
            self.start()
        try:
            self.pipe.send(arguments)
            if self.pipe.poll(self.limit):
                return self.pipe.recv()
            outcome, message = "hang", f"no result after {self.limit} s"
        except (EOFError, ConnectionError):
            self.process.join()
            outcome, message = "crash", f"exit code {self.process.exitcode}"
        self.stop()
        return outcome, float("nan"), message

    def start(self):
        context = multiprocessing.get_context("spawn")
        self.pipe, other_end = context.Pipe()
        self.process = context.Process(target=serve, args=(self.function, other_end), daemon=True)
        self.process.start()
        other_end.close()   # or the end of the process would not be seen

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


def serve(function, pipe):
    """Answer one request after the other."""
    while True:
        pipe.send(function(*pipe.recv()))


def run(points, settings, label, output, workers, limit, part=None):
    """Evaluate the points, or those of a part, that the table `output` has not yet; return all its rows."""
    done = {row["index"] for row in read(output, points, label)}
    if part:
        output = part.path(output)
        done |= {row["index"] for row in read(output, points, label)}
    else:
        done |= collect(output, points, label, done)
    wanted = share(range(len(points)), part)
    todo = [i for i in wanted if i not in done]
    local, lock, started = threading.local(), threading.Lock(), []

    def one(index):
        if not hasattr(local, "worker"):
            local.worker = Worker(limit=limit)
            started.append(local.worker)
        outcome, cpu, message = local.worker(points[index], settings)
        row = {"index": index, "precision": label, **points[index], "outcome": outcome,
               "cpu_s": f"{cpu:.3f}", "message": message}
        with lock:
            append(output, row)

    with ThreadPoolExecutor(workers) as pool:
        list(tqdm(pool.map(one, todo), total=len(wanted), initial=len(wanted) - len(todo), unit="point"))
    for worker in started:
        worker.stop()
    return read(output, points, label)


def collect(output, points, label, done):
    """Move the rows of all parts into the table, those of points that are not in it; their indices."""
    added = set()
    for path in parts(output):
        for row in read(path, points, label):
            if row["index"] not in done | added:
                append(output, row | {"cpu_s": f"{row['cpu_s']:.3f}"})
                added.add(row["index"])
        path.unlink()
    return added


def time_again(rows, points, settings, limit, number, turns=5):
    """Print how long the `number` slowest points take, and as many others, in turns of all of them.

    Slowest in comparison with the 31 that were computed around them: a shared machine's speed drifts.
    """
    good = [row for row in rows if row["outcome"] in GOOD]
    cpu = np.array([row["cpu_s"] for row in good])
    order = np.argsort(-cpu / median_filter(cpu, 31))
    random = np.random.default_rng(SEED)
    chosen = np.append(order[:number], random.choice(order[number:], number, replace=False))
    least = np.full(len(chosen), np.inf)
    worker = Worker(limit=limit)
    with tqdm(total=turns * len(chosen), unit="point") as progress:
        for _ in range(turns):
            for i in random.permutation(len(chosen)):
                least[i] = min(least[i], worker(points[good[chosen[i]]["index"]], settings)[1])
                progress.update()
    worker.stop()
    median = np.median(least[number:])
    print(f"\nagain, least of {turns} [s]: median of others {median:.2f}; slowest, and over that:")
    for i in np.argsort(-least)[:number]:
        print(f"  {least[i]:.2f} s  {least[i] / median:.2f}  {described(good[chosen[i]])}")


def append(output, row):
    """Add a row to the table, which begins with the names of its columns."""
    new = not Path(output).exists()
    with open(output, "a", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        if new:
            table.writeheader()
        table.writerow(row)


def read(output, points, label):
    """Rows of the table, none if there is none; ValueError if it belongs to another run."""
    rows = []
    if Path(output).exists():
        with open(output, newline="") as file:
            for row in csv.DictReader(file):
                row |= {name: float(row[name]) for name in (*BOX, "cpu_s")}
                row |= {name: int(row[name]) for name in ("index", "n_chi")}
                rows.append(row)
    for row in rows:
        same = row["index"] < len(points) and points[row["index"]].items() <= row.items()
        if not same or row["precision"] != label:
            raise ValueError(f"{output} is of another run (other points or precision): move it away.")
    return rows


def report(rows):
    """Print outcomes, times, the slowest points and all failures; return the number of failures."""
    outcomes = sorted({row["outcome"] for row in rows})
    print(f"\n{'n_chi':>8}" + "".join(f"{outcome:>15}" for outcome in outcomes))
    for n_chi in N_CHI:
        counts = [sum(r["n_chi"] == n_chi and r["outcome"] == o for r in rows) for o in outcomes]
        print(f"{n_chi:8}" + "".join(f"{count:15}" for count in counts))

    good = sorted((row for row in rows if row["outcome"] in GOOD), key=lambda row: row["cpu_s"])
    if good:
        cpu = [row["cpu_s"] for row in good]
        median, q95, q99 = np.percentile(cpu, [50, 95, 99])
        print(f"\nCPU time [s]: median {median:.2f}, 95% {q95:.2f}, 99% {q99:.2f}, max {cpu[-1]:.2f}")
        print(f"slowest / median = {cpu[-1] / median:.2f} (target: below {TARGET})")
        print("slowest points:")
        for row in good[:-6:-1]:
            print(f"  {row['cpu_s']:.2f} s  {described(row)}")
    for row in rows:
        if row["outcome"] not in GOOD:
            print(f"\n{row['outcome']}: {described(row)}\n  {row['message'][-300:]}")
    return sum(row["outcome"] not in (*GOOD, "refused") for row in rows)


def described(row):
    """The point of a row in one line."""
    return f"n_chi = {row['n_chi']}, " + ", ".join(f"{name} = {row[name]:.4g}" for name in BOX)


def plot(rows, file):
    """Picture of the CPU time against the coupling, one colour per n_chi."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for n_chi in N_CHI:
        good = [row for row in rows if row["n_chi"] == n_chi and row["outcome"] in GOOD]
        axes.plot([row["log10_G_eff"] for row in good], [row["cpu_s"] for row in good], ".",
                  markersize=4, alpha=0.6, label=rf"$n_\chi = {n_chi}$")
    axes.set(xlabel=r"$\log_{10}(G_{\rm eff}\,{\rm MeV}^2)$", ylabel="CPU time [s]", ylim=(0, None))
    axes.legend()
    figure.savefig(file, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", required=True, help="table of the results, CSV")
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--precision", default="default", choices=("default", "planck"))
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    parser.add_argument("--limit", type=float, default=300, help="wall time of one point [s]")
    parser.add_argument("--plot", metavar="FILE", help="picture of the time against log10 G_eff")
    parser.add_argument("--again", type=int, metavar="N",
                        help="in the end, the N slowest points and N others again")
    parser.add_argument("--task", type=arguments.part, metavar="I/N", help="only a part of the points")
    args = parser.parse_args()

    # Of the workers, too: the CPU time of several threads would include their waiting.
    os.environ["OMP_NUM_THREADS"] = "1"
    points, settings = prior_points(args.points), getattr(precision, args.precision)
    rows = run(points, settings, args.precision, args.output, args.workers, args.limit, args.task)
    if args.task:
        arguments.say_part(args)
        return
    failures = report(rows)
    if args.again:
        time_again(rows, points, settings, args.limit, args.again)
    if args.plot:
        plot(rows, args.plot)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
