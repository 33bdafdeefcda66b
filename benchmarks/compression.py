"""How well the compressed Planck agrees with Cobaya's likelihoods, on spectra that it was not made of.

Points of posteriors: every tenth of `posterior.txt` (n_chi = 1), and `posterior_others.txt`; then models
that the compression was not made for. The spectra are kept in a folder, so that a stopped run goes on, and
another compression is judged in seconds.

    export COBAYA_PACKAGES_PATH=packages
    python benchmarks/compression.py posterior FOLDER [--file FILE]
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

from sidr import precision
from sidr.classy import Class
from sidr.neutrinos import class_inputs

HERE = Path(__file__).parent
T_CMB = 2.7255
SETTINGS = precision.planck | {"output": "tCl pCl lCl mPk", "lensing": "yes", "non_linear": "hmcode",
                               "l_max_scalars": compress.L_MAX, "P_k_max_1/Mpc": 1, "T_cmb": T_CMB}
NAMES = ("n_chi", "omega_b", "omega_cdm", "H0", "logA", "n_s", "tau_reio", "m_nu_sum", "log10_G_eff",
         "A_planck")

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


def posteriors():
    """Points by model and mode, each a dictionary of NAMES."""
    nchi1 = np.loadtxt(HERE / "posterior.txt")[::10]
    groups = {"n_chi = 1": np.column_stack([np.ones(len(nchi1)), nchi1])}
    others = np.loadtxt(HERE / "posterior_others.txt")
    groups |= {"LCDM": others[others[:, 0] == 0], "n_chi = 2": others[others[:, 0] == 2]}
    result = {}
    for name, rows in groups.items():
        for row in rows:
            point = dict(zip(NAMES, row, strict=True))
            mode = "" if name == "LCDM" else ", SI" if point["log10_G_eff"] > -2.5 else ", MI"
            result.setdefault(name + mode, []).append(point)
    return result


def inputs(point):
    """CLASS's inputs for a point of `posteriors`, or for LCDM with changes."""
    point = dict(point)
    settings = SETTINGS
    if point.pop("default", False):
        settings = {name: value for name, value in SETTINGS.items() if name not in precision.planck}
    if "n_chi" in point:
        n_chi, log10_G_eff = point.pop("n_chi"), point.pop("log10_G_eff")
        settings = settings | class_inputs(n_chi=n_chi, m_nu_sum=point.pop("m_nu_sum"))
        if n_chi:
            settings["log10_G_eff_sidr"] = log10_G_eff
    point.pop("A_planck", None)
    return settings | {"A_s": 1e-10 * np.exp(point.pop("logA"))} | point


def spectra(path, point):
    """C_l of a point, shape (4, l): those in the file, or computed and written into it."""
    if path.exists():
        return compress.read_spectra(path)[0]
    cosmo = Class()
    cosmo.set(inputs(point))
    cosmo.compute()
    lensed, units = cosmo.lensed_cl(compress.L_MAX), (1e6 * T_CMB) ** 2
    cl = np.array([lensed[x] * (1 if x == "pp" else units) for x in compression.SPECTRA])
    np.savez(path, cl=cl)
    return cl


def differences(folder, label, points, parts, likelihoods):
    """As `sidr.likelihoods.compress.differences`, for a list of points."""
    cl = np.array([spectra(folder / f"{label}_{i:03d}.npz", point)
                   for i, point in enumerate(tqdm(points, desc=label, leave=False))])
    A = np.array([point.get("A_planck", 1) for point in points])
    return compress.differences(parts, likelihoods, compress.scaled(cl), A)


def compare_posteriors(folder, parts, likelihoods):
    """Print mean and standard deviation of compressed minus real -2 ln L."""
    print(f"{'mean and std':16}{'points':>7}" + "".join(f"{name:>18}" for name in parts)
          + f"{'all':>18}{'error at most':>16}")
    for name, points in posteriors().items():
        difference, error = differences(folder, name, points, parts, likelihoods)
        columns = [*difference.values(), sum(difference.values())]
        print(f"{name:16}{len(points):7d}"
              + "".join(f"{values.mean():10.4f} {values.std():7.4f}" for values in columns)
              + f"{sum(error.values()).max():16.3f}")


def compare_foreign(folder, parts, likelihoods):
    """Print compressed minus real -2 ln L, and what the compression itself says about it."""
    print(f"{'':34}" + "".join(f"{name:>10}" for name in parts) + f"{'error':>10}")
    points = [LCDM | changes for changes in FOREIGN.values()]
    difference, error = differences(folder, "foreign", points, parts, likelihoods)
    for i, name in enumerate(FOREIGN):
        print(f"{name:34}" + "".join(f"{values[i]:10.3f}" for values in difference.values())
              + f"{sum(error.values())[i]:10.3f}")


def measure_speed(folder, parts, likelihoods, rounds=300):
    """Print the median time of each part, and that of the real likelihood [us]."""
    D = compress.scaled(spectra(folder / "LCDM_000.npz", posteriors()["LCDM"][0]))
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
    parser.add_argument("--file", type=Path, default=compression.PACKAGED, help="from `sidr compress`")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    parts = compression.load(args.file).parts
    likelihoods = compress.cobaya_likelihoods(os.environ["COBAYA_PACKAGES_PATH"])
    run = {"posterior": compare_posteriors, "foreign": compare_foreign, "speed": measure_speed}[args.what]
    run(args.folder, parts, likelihoods)


if __name__ == "__main__":
    main()
