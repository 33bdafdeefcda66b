"""What precision settings do to a posterior, and their numerical noise.

The 200 points of `posterior.txt` were drawn from the posterior of Planck 2018 and DESI DR2 for one
flavour of chi, a hundred from each mode of log10 G_eff. Some (--every) are computed with each precision
setting; the chi2 of the real likelihoods are appended to a table, so that a stopped run is resumed (and the
two modes may run side by side, with --modes).

    export COBAYA_PACKAGES_PATH=packages
    python benchmarks/precision.py posterior              # the chi2, then the verdict
    python benchmarks/precision.py noise                  # on lines of neighbouring points
    python benchmarks/precision.py spectra [--plot FILE]  # the spectra themselves
    python benchmarks/precision.py single                 # reference, with CLASS's value of one setting
    python benchmarks/precision.py momenta                # of massive neutrinos: CLASS's and ours
    python benchmarks/precision.py calibrate              # write the calibration of planck, from 8 points

`--settings highl` is judged by `highl_reference`, with ACT DR6, SPT-3G D1, Planck's cut, all lensing and
DESI DR2.
"""

import argparse
import csv
import itertools
import os
import time
from pathlib import Path

import numpy as np
from cobaya.model import get_model
from tqdm import tqdm

from sidr import precision
from sidr.classy import Class, calibration
from sidr.modes import SI
from sidr.neutrinos import class_inputs

HERE = Path(__file__).parent
LOW_L = {"planck_2018_lowl.TT": None, "planck_2018_lowl.EE": None}
#: What settings are judged by: other settings, likelihoods and their calibrations, the highest multipole
JUDGES = {
    "planck": ("reference", LOW_L | {
        "planck_2018_highl_plik.TTTEEE_lite_native": None, "planck_2018_lensing.native": None,
        "sidr.likelihoods.DESI_DR2": None}, {}, 2508),
    "highl": ("highl_reference", LOW_L | {
        "sidr.likelihoods.PlanckCut": None, "sidr.likelihoods.ACTDR6": None,
        "sidr.likelihoods.SPT3GD1": None,
        "sidr.likelihoods.CMBLensing": {"variant": "actplanckspt3g_baseline"},
        "sidr.likelihoods.DESI_DR2": None}, dict.fromkeys(["A_act", "P_act", "Tcal", "Ecal"], 1), 6500)}
SAMPLED = ("omega_b", "omega_cdm", "H0", "logA", "n_s", "tau_reio", "m_nu_sum", "log10_G_eff", "A_planck")
NEUTRINOS = {"N_chi": 0.75, "N_nu": 2.294}  # one flavour of chi, as the runs of arXiv:2506.08085
MODES = {"MI": slice(0, 100), "SI": slice(100, 200)}  # rows of posterior.txt
CALIBRATE_EVERY = 25  # of the points, from the first on
FIRST = 7  # of each mode that judges a setting, so that these are no points of the calibration
STEP = 0.03  # distance of neighbouring points, in standard deviations
SETTINGS = precision.settings | {"planck, hmcode": precision.planck | {"non_linear": "hmcode"}}


def posterior():
    """Array of shape (200, 9): the points, in the order of SAMPLED, the MI mode first."""
    return np.loadtxt(HERE / "posterior.txt")


def judge(setting):
    """The entry of `JUDGES` that a precision setting is for."""
    return JUDGES["highl" if "highl" in setting else "planck"]


def likelihoods(setting):
    """Cobaya model of the real likelihoods with a precision setting."""
    params = {name: None for name in SAMPLED if name not in ("logA", "A_planck")}
    params |= {"A_s": None, "A_planck": None}
    flat = {"prior": {"min": -1e3, "max": 1e3}}
    _, data, calibrations, _ = judge(setting)
    return get_model({
        "likelihood": data, "params": {name: flat for name in params} | calibrations,
        "theory": {"sidr.theory.SIDR": NEUTRINOS | {
            "stop_at_error": True, "extra_args": {"non_linear": "none"} | SETTINGS[setting]}}})


def chi2(model, point):
    """Dictionary of the chi2 of each likelihood, and the CPU time in seconds, at a point of SAMPLED."""
    values = dict(zip(SAMPLED, point, strict=True))
    values["A_s"] = 1e-10 * np.exp(values.pop("logA"))
    start = time.process_time()
    loglikes = model.loglikes(values, as_dict=True, return_derived=False, cached=False)
    return {name: -2 * value for name, value in loglikes.items()} | {"cpu": time.process_time() - start}


def table(path, setting, points):
    """Rows of chi2 at points, a dictionary by number: from the table at `path`, which takes new ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = read(path)
    missing = [number for number in points if number not in rows]
    model = likelihoods(setting) if missing else None
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, ["point", *judge(setting)[1], "cpu"])
        if not rows:
            writer.writeheader()
        for number in tqdm(missing, desc=setting):
            rows[number] = chi2(model, points[number])
            writer.writerow({"point": number} | rows[number])
            file.flush()
    return [rows[number] for number in points]


def read(path):
    """Rows of a table of chi2 by number of the point, none if there is no such file."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {int(row.pop("point")): {name: float(value) for name, value in row.items()}
                for row in csv.DictReader(file)}


def total(rows):
    """chi2 of all likelihoods together, shape (points,)."""
    return np.array([sum(value for name, value in row.items() if name != "cpu") for row in rows])


def compare_posterior(folder, settings, modes, every):
    """Print what replacing the reference does to each mode: spread of the chi2, shift of each mean."""
    points = {mode: dict(list(enumerate(posterior()[MODES[mode]]))[FIRST::every]) for mode in modes}
    tables = {(mode, setting): table(folder / f"{mode}_{setting.replace(', ', '_')}.csv", setting,
                                     points[mode])
              for setting in dict.fromkeys([*settings, *(judge(setting)[0] for setting in settings)])
              for mode in modes}
    print(f"\n{'chi2 - reference':18}{'mode':>6}{'points':>8}{'mean':>8}{'std':>8}{'CPU [s]':>9}"
          "   largest shift of a mean")
    for setting, mode in itertools.product(settings, modes):
        rows = tables[mode, setting]
        difference = total(rows) - total(tables[mode, judge(setting)[0]])
        name, shift = largest_shift(np.array(list(points[mode].values())), difference)
        print(f"{setting:18}{mode:>6}{len(rows):8d}{difference.mean():8.3f}{difference.std(ddof=1):8.3f}"
              f"{np.median([row['cpu'] for row in rows]):9.2f}   {shift:+.3f} sigma in {name}")


def largest_shift(points, difference):
    """Parameter whose mean moves most, in sigma, when the points are weighted with exp(-difference/2)."""
    weights = np.exp(-(difference - difference.mean()) / 2)
    shifts = (np.average(points, axis=0, weights=weights) - points.mean(axis=0)) / points.std(axis=0)
    most = np.abs(shifts).argmax()
    return SAMPLED[most], shifts[most]


def lines(number=6, length=12, seed=1):
    """Lines of neighbouring points in random directions of the posterior, shape (number, length, 9)."""
    rng = np.random.default_rng(seed)
    points = posterior()
    modes = [points[rows] for rows in MODES.values()]
    result = []
    for index in range(number):
        mode = modes[index % 2]
        direction = rng.multivariate_normal(np.zeros(mode.shape[1]), np.cov(mode.T))
        direction /= np.sqrt((direction**2 / mode.var(axis=0)).mean())  # one sigma, rms over parameters
        centre = mode[np.abs((mode - mode.mean(axis=0)) / mode.std(axis=0)).sum(axis=1).argmin()]
        result.append(centre + STEP * np.arange(length)[:, None] * direction)
    return np.array(result)


def measure_noise(folder, settings):
    """Print the scatter of chi2 about a smooth curve, a cubic, through neighbouring points."""
    through = lines()
    steps = np.arange(through.shape[1])
    for setting in settings:
        rows = table(folder / f"noise_{setting.replace(', ', '_')}.csv", setting,
                     dict(enumerate(through.reshape(-1, 9))))
        values = total(rows).reshape(through.shape[:2])
        smooth = np.array([np.polyval(np.polyfit(steps, line, 3), steps) for line in values])
        scatter = np.sqrt(((values - smooth) ** 2).sum(axis=1) / (len(steps) - 4))
        print(f"{setting:18} noise of chi2 between points {STEP} sigma apart: "
              f"rms {np.sqrt((scatter**2).mean()):.4f}, each line {scatter.round(4)}")


def computed(settings, values, neutrinos=NEUTRINOS, l_max=2508):
    """A `Class` that has computed the spectra of a point, the dictionary `values`, and its CPU time [s]."""
    cosmo = Class()
    cosmo.set(class_inputs(**neutrinos, m_nu_sum=values["m_nu_sum"]), output="tCl pCl lCl", lensing="yes",
              l_max_scalars=l_max, A_s=1e-10 * np.exp(values["logA"]),
              log10_G_eff_sidr=values["log10_G_eff"],
              **{name: values[name] for name in ("omega_b", "omega_cdm", "H0", "n_s", "tau_reio")})
    cosmo.set(settings)
    start = time.process_time()
    cosmo.compute()
    return cosmo, time.process_time() - start


def spectra(settings, log10_G_eff):
    """Lensed spectra with these inputs, and CPU time [s], of the central cosmology of a mode."""
    mode = posterior()[MODES["SI" if SI.holds(log10_G_eff) else "MI"]]
    values = dict(zip(SAMPLED, mode.mean(axis=0), strict=True))
    cosmo, cpu = computed(settings, values | {"log10_G_eff": log10_G_eff, "m_nu_sum": 0.06})
    return cosmo.lensed_cl(2508), cpu


def calibrate(name="planck"):
    """Write the calibration of the settings `name` against their reference, from eight points."""
    reference, _, _, l_max = judge(name)
    settings = {key: value for key, value in precision.settings[name].items() if key != "cl_calibration"}
    both = {"fast": [], "exact": []}
    for point in tqdm(posterior()[::CALIBRATE_EVERY], desc="calibration"):
        values = dict(zip(SAMPLED, point, strict=True))
        for kind, inputs in (("fast", settings), ("exact", precision.settings[reference])):
            cosmo, _ = computed(inputs, values, l_max=l_max)
            both[kind].append((cosmo.lensed_cl(l_max), cosmo.raw_cl(l_max)))
    calibration.measure(name, settings, **both).save()


def compare_spectra(settings, plot):
    """Print the largest relative differences of the spectra from those of `reference`."""
    print(f"{'lensed, 30 <= l <= 2500':23}{'log10_G_eff':>12}"
          f"{'TT':>9}{'TE':>9}{'EE':>9}{'phiphi':>9}{'CPU [s]':>9}")
    curves = []
    for log10_G_eff in (-4, -1.5):
        exact, _ = spectra(precision.reference, log10_G_eff)
        scale = exact | {"te": np.sqrt(exact["tt"] * exact["ee"])}
        for setting in settings:
            cl, cpu = spectra(SETTINGS[setting], log10_G_eff)
            relative = {x: (cl[x] - exact[x])[2:2501] / scale[x][2:2501] for x in ("tt", "te", "ee", "pp")}
            largest = "".join(f"{np.abs(values[28:]).max():9.1e}" for values in relative.values())
            print(f"{setting:23}{log10_G_eff:12.1f}{largest}{cpu:9.2f}")
            curves.append((setting, log10_G_eff, relative))
    if plot:
        draw(curves, plot)


def compare_single(log10_G_eff=-1.5):
    """Print what CLASS's value of one setting, or of two that belong together, does to `reference`."""
    exact, _ = spectra(precision.reference, log10_G_eff)
    of_class = {"ncdm_momenta_sidr": 0}  # what is not its default with chi
    bands = ((2, 30), (30, 400), (400, 1200), (1200, 2000), (2000, 2501))
    head = "".join(f"{f'{low}-{high - 1}':>10}" for low, high in bands)
    print(f"mean deviation / 1e-4\n{'of CLASS':42}{'':4}{head}{'CPU [s]':>9}")
    for names in together(precision.reference):
        cl, cpu = spectra({k: of_class[k] if k in names else v for k, v in precision.reference.items()
                           if k not in names or k in of_class}, log10_G_eff)
        for x, label in (("tt", "TT"), ("ee", "EE"), ("pp", "pp")):
            row = "".join(f"{1e4 * (cl[x][low:high] / exact[x][low:high] - 1).mean():10.1f}"
                          for low, high in bands)
            print(f"{names[0] if x == 'tt' else '':42}{label:4}{row}{cpu:9.2f}")


def compare_momenta():
    """Print what the momenta of massive neutrinos do to lensed spectra of LCDM, by their mass."""
    inputs = {name: value for name, value in precision.planck.items() if name not in
              ("cl_calibration", "ncdm_momenta_sidr")} | {"l_max_ncdm": 17, "l_max_ur": 17}
    sampled = {"CLASS's default": {"ncdm_momenta_sidr": 0},
               "tol_ncdm_synchronous 5e-4": {"tol_ncdm_synchronous": 5e-4},
               **{f"{n} of ours": {"ncdm_momenta_sidr": n} for n in (3, 4, 5, 6)}}
    for m_nu_sum in (1e-5, 0.06, 0.6):
        # the reference: massless neutrinos, which have no momenta, or thirteen of CLASS's
        limit = m_nu_sum < 1e-4
        exact = lcdm(0, inputs) if limit else lcdm(m_nu_sum, inputs | {"tol_ncdm_synchronous": 1e-5})
        for name, settings in sampled.items():
            cl = lcdm(m_nu_sum, inputs | settings)
            print(f"{m_nu_sum:g} eV, {name:28}", *(f"{x} {np.abs(cl[x][2:] / exact[x][2:] - 1).max():.1e}"
                                                    for x in ("tt", "ee", "pp")), flush=True)


def lcdm(m_nu_sum, settings):
    """Lensed spectra of the centre of the MI mode, without chi."""
    values = dict(zip(SAMPLED, posterior()[MODES["MI"]].mean(axis=0), strict=True))
    cosmo, _ = computed(settings, values | {"m_nu_sum": m_nu_sum}, {"n_chi": 0})
    return cosmo.lensed_cl(2500)


def together(settings):
    """Names of the settings, those that belong together in one tuple."""
    begins = ("transfer_neglect", "k_step", "l_max_", "start_", "tight_coupling", "sidr_tca",
              "radiation_streaming", "l_l")
    groups = {}
    for name in settings:
        first = next((begin for begin in begins if name.startswith(begin)), name)
        # the approximations must follow each other
        first = "late approximations" if "tau_over_tau_k" in name and "tight" not in name else first
        first = "lensing" if name in ("accurate_lensing", "delta_l_max") else first
        groups.setdefault(first, []).append(name)
    return list(map(tuple, groups.values()))


def draw(curves, path):
    """Draw the relative differences, a panel for each spectrum."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(4, 1, figsize=(8, 9), sharex=True, layout="constrained")
    names = {"tt": "TT", "te": r"TE, over $\sqrt{TT\,EE}$", "ee": "EE", "pp": r"$\phi\phi$"}
    for axis, (x, name) in zip(axes, names.items(), strict=True):
        for number, (setting, log10_G_eff, relative) in enumerate(curves):
            axis.plot(np.arange(2, 2501), 1e3 * relative[x], color=f"C{number}", lw=1,
                      label=rf"{setting}, $\log_{{10}} G_\mathrm{{eff}} = {log10_G_eff}$")
        axis.axhline(0, color="k", lw=0.5)
        axis.set(ylabel=f"{name}: deviation / $10^{{-3}}$", xscale="log", xlim=(2, 2500))
    axes[0].legend(ncols=2, fontsize=8)
    axes[-1].set_xlabel(r"multipole $\ell$")
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("posterior", "noise", "spectra", "single", "momenta",
                                         "calibrate"))
    parser.add_argument("--settings", nargs="+", choices=SETTINGS)
    parser.add_argument("--tables", type=Path, default=HERE / "results", help="folder of the tables")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES), help="of the posterior")
    parser.add_argument("--every", type=int, default=20, metavar="N",
                        help="of the posterior's points, one in N")
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    settings = args.settings or ["default", "planck"]
    os.environ.setdefault("COBAYA_NOMPI", "1")
    if args.what == "posterior":
        compare_posterior(args.tables, settings, args.modes, args.every)
    elif args.what == "noise":
        measure_noise(args.tables, settings)
    elif args.what == "spectra":
        compare_spectra(settings, args.plot)
    elif args.what == "single":
        compare_single()
    elif args.what == "momenta":
        compare_momenta()
    else:
        for name in args.settings or ["planck"]:
            calibrate(name)


if __name__ == "__main__":
    main()
