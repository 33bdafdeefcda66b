"""How well the compressed Planck agrees with Cobaya's likelihoods, on spectra that it was not made of.

Points of posteriors, as many of each mode of each run; then models that the compression was not made for.
Spectra are kept in a folder: a stopped run is resumed, and another compression is judged in seconds.

    export COBAYA_PACKAGES_PATH=packages
    python benchmarks/compression.py posterior FOLDER ROOT... [-n 20] [--file FILE]
    python benchmarks/compression.py foreign FOLDER [--file FILE]
    python benchmarks/compression.py speed FOLDER [--file FILE]
"""

import argparse
import os
import time
from functools import partial
from pathlib import Path

import numpy as np
from sidr.likelihoods import compress, compression
from tqdm import tqdm

from sidr import precision, runs
from sidr.classy import Class
from sidr.emulator.spectra import SETTINGS, T_CMB, exact
from sidr.modes import MODES
from sidr.runs import scenario

NAMES = ("omega_b", "omega_cdm", "H0", "logA", "n_s", "tau_reio", "m_nu_sum", "A_planck")

#: The best fit of LCDM, and what leads away from it: what CLASS can do and the compression has not seen
LCDM = {"omega_b": 0.02238, "omega_cdm": 0.1193, "H0": 68, "tau_reio": 0.055, "logA": 3.045, "n_s": 0.966,
        "N_ur": 2.0308, "N_ncdm": 1, "m_ncdm": 0.06}
FOREIGN = {
    "LCDM, CLASS's default precision": {"default": True},
    "– and linear lensing": {"default": True, "non_linear": "none"},
    "free-streaming N_eff = 2.5": {"N_ur": 1.485, "H0": 66},
    "– 3.5": {"N_ur": 2.485, "H0": 70},
    "– 4.5": {"N_ur": 3.485, "H0": 73},
    "Y_He = 0.28": {"YHe": 0.28},
    "running 0.03": {"alpha_s": 0.03},
    "Omega_k = -0.03": {"Omega_k": -0.03, "H0": 56},
    "w0 = -0.8, wa = -0.3": {"Omega_Lambda": 0, "w0_fld": -0.8, "wa_fld": -0.3},
    "tau = 0.12": {"tau_reio": 0.12, "logA": 3.17},
    "electron mass + 2%": {"varying_fundamental_constants": "instantaneous", "varying_me": 1.02,
                           "varying_transition_redshift": 50},
}


def posteriors(roots, number):
    """Samples by run and mode, lists of dictionaries."""
    result, rng = {}, np.random.default_rng(0)
    for root in roots:
        run = runs.load(root)
        samples, case, (theory,) = run.samples, scenario(run.info), run.info["theory"].values()
        chi = case.n_chi > 0
        coupling = samples["log10_G_eff"] if chi else np.zeros(samples.numrows)
        modes = ({name: mode.holds(coupling) for name, mode in MODES.items()} if chi
                 else {None: coupling == 0})
        for mode, inside in modes.items():
            weights = samples.weights * inside
            rows = rng.choice(len(weights), number, p=weights / weights.sum())
            points = [{name: samples[name][row] for name in NAMES} for row in rows]
            if chi:
                points = [point | {"log10_G_eff": coupling[row], "N_chi": theory["N_chi"]}
                          for point, row in zip(points, rows, strict=True)]
            result[f"{case._replace(mode=mode).name}, {case.data}"] = points
    return result


def foreign(changes):
    """C_l of LCDM with changes, shape (4, l)."""
    point = LCDM | changes
    settings = SETTINGS
    if point.pop("default", False):
        settings = {name: value for name, value in SETTINGS.items() if name not in precision.planck}
    cosmo = Class()
    cosmo.set(settings | {"T_cmb": T_CMB, "A_s": 1e-10 * np.exp(point.pop("logA"))} | point)
    cosmo.compute()
    lensed, units = cosmo.lensed_cl(compress.L_MAX), (1e6 * T_CMB) ** 2
    return np.array([lensed[x] * (1 if x == "pp" else units) for x in compression.SPECTRA])


def spectra(path, compute, point):
    """C_l of a point, shape (4, l): those in the file, or computed and written into it."""
    if path.exists():
        return compress.read_spectra(path)[0]
    cl = compute(point)
    np.savez(path, cl=cl)
    return cl


def differences(folder, label, compute, points, parts, likelihoods):
    """As `sidr.likelihoods.compress.differences`, for a list of points."""
    cl = np.array([spectra(folder / f"{label}_{i:03d}.npz", compute, point)
                   for i, point in enumerate(tqdm(points, desc=label, leave=False))])
    A = np.array([point.get("A_planck", 1) for point in points])
    return compress.differences(parts, likelihoods, compress.scaled(cl), A)


def compare_posteriors(folder, parts, likelihoods, roots, number):
    """Print mean and standard deviation of compressed minus real -2 ln L."""
    print(f"{'mean and std':32}{'points':>7}" + "".join(f"{name:>18}" for name in parts)
          + f"{'all':>18}{'error at most':>16}")
    for name, points in posteriors(roots, number).items():
        difference, error = differences(folder, name, lambda point: exact(point)[0], points, parts,
                                        likelihoods)
        columns = [*difference.values(), sum(difference.values())]
        print(f"{name:32}{len(points):7d}"
              + "".join(f"{values.mean():10.4f} {values.std():7.4f}" for values in columns)
              + f"{sum(error.values()).max():16.3f}")


def compare_foreign(folder, parts, likelihoods):
    """Print compressed minus real -2 ln L, and what the compression itself says about it."""
    print(f"{'':34}" + "".join(f"{name:>10}" for name in parts) + f"{'error':>10}")
    difference, error = differences(folder, "foreign", foreign, [*FOREIGN.values()], parts, likelihoods)
    for i, name in enumerate(FOREIGN):
        print(f"{name:34}" + "".join(f"{values[i]:10.3f}" for values in difference.values())
              + f"{sum(error.values())[i]:10.3f}")


def measure_speed(folder, parts, likelihoods, rounds=300):
    """Print the median time of each part, and that of the real likelihood [us]."""
    D = compress.scaled(spectra(folder / "LCDM.npz", foreign, {}))
    total = 0
    for name, part in parts.items():
        times = []
        for call in (part.chi2, partial(part.exact_chi2, likelihoods[name])):
            start = []
            for _ in range(rounds):
                start.append(time.perf_counter())
                call(D, 1)
            times.append(1e6 * np.median(np.diff(start)))
        total += times[0]
        print(f"{name:10} compressed {times[0]:7.0f} us   real {times[1]:7.0f} us")
    print(f"{'all':10} compressed {total:7.0f} us")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("posterior", "foreign", "speed"))
    parser.add_argument("folder", type=Path, help="of the spectra")
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="runs, for `posterior`")
    parser.add_argument("-n", "--number", type=int, default=20, metavar="N", help="points of each mode")
    parser.add_argument("--file", type=Path, default=compression.PACKAGED, help="from `sidr compress`")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    parts = compression.load(args.file).parts
    likelihoods = compress.cobaya_likelihoods(os.environ["COBAYA_PACKAGES_PATH"])
    if args.what == "posterior":
        if not args.roots:
            parser.error("posterior: of which runs? Give their ROOT.")
        compare_posteriors(args.folder, parts, likelihoods, args.roots, args.number)
    else:
        run = {"foreign": compare_foreign, "speed": measure_speed}[args.what]
        run(args.folder, parts, likelihoods)


if __name__ == "__main__":
    main()
