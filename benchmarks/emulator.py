"""The emulator: its error against the number of cosmologies it is trained with, and its speed.

    python benchmarks/emulator.py size DIR MODEL [--sizes 64 128 256]     (DIR as of `sidr train -o DIR`)
    python benchmarks/emulator.py region DIR MODEL
    python benchmarks/emulator.py speed [--exact]

`size` trains with the first cosmologies of the design, then with all of it, then with those of posteriors
too, and compares with exact spectra of the test cosmologies in the folder: mean and rms of chi2 emulated
minus exact, by the compressed Planck. `region` leaves out a quarter of the cosmologies at a time, trains
with the others, and prints the errors at those left out by their distance from the centre, by mass and by
coupling. `speed` evaluates the quickstart's posterior at points around both
modes: milliseconds of a call, all likelihoods included; with --exact of CLASS too.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file
from threadpoolctl import threadpool_limits

from sidr.emulator import design
from sidr.emulator.fit import fit
from sidr.emulator.refinement import accuracy, chi2_errors
from sidr.emulator.training import Spectra, TrainingSet

QUICKSTART = Path(__file__).parents[1] / "chains" / "quickstart.yaml"


def size(folder, model, sizes):
    """Print the errors of emulators trained with more and more cosmologies."""
    shape = design.load(model)
    spectra = TrainingSet(folder / model, model, shape.names)
    test, whole = spectra.load(("test",)), spectra.load(("design_",))
    sets = {f"{n} of the design": Spectra(whole.names, *(x[:n] for x in whole[1:]))
            for n in sizes if n < len(whole.params)}
    sets[f"{len(whole.params)}, all of it"] = whole
    everything = spectra.load(("design", "posterior"))
    sets[f"{len(everything.params)}, and of posteriors"] = everything
    for name, training in sets.items():
        start = time.process_time()
        emulator = fit(training, shape, {}, progress=False)
        errors = ", ".join(f"{mode} {e['mean']:+.3f} +- {e['rms']:.3f} ({e['points']})"
                           for mode, e in accuracy(emulator, test).items())
        print(f"{name}: {errors}; trained in {time.process_time() - start:.0f} CPU s", flush=True)


def region(folder, model, folds=4):
    """Print the errors of chi2 where the design is, at cosmologies that were left out of the training."""
    shape = design.load(model)
    everything = TrainingSet(folder / model, model, shape.names).load(("design", "posterior"))
    errors = np.empty(len(everything.params))
    for fold in range(folds):
        out = np.arange(len(errors)) % folds == fold
        training, test = (Spectra(everything.names, *(x[rows] for x in everything[1:]))
                          for rows in (~out, out))
        errors[out] = chi2_errors(fit(training, shape, {}, progress=False), test)
    z = shape.whitened(everything.params)
    columns = {"distance": (np.linalg.norm(z[:, :6], axis=1), (0, 1, 1.5, 2, 2.5, 3, 3.5, 4.2, 6)),
               "m_nu_sum": (everything.params[:, 6], (0, 0.1, 0.3, 0.5, 0.7, 1))}
    if "log10_G_eff" in shape.names:
        columns["log10_G_eff"] = (everything.params[:, 7], (-5, -4, -3, -2, -1, 0, 1))
    for name, (values, edges) in columns.items():
        for low, high in zip(edges, edges[1:], strict=False):
            e = errors[(values >= low) & (values < high)]
            if len(e):
                print(f"{model} {name:11} {low:4} ... {high:4}: {len(e):4d} cosmologies, median |error| "
                      f"{np.median(np.abs(e)):.3f}, rms {np.sqrt(np.mean(e**2)):.3f}, "
                      f"largest {np.abs(e).max():.3f}", flush=True)


def speed(exact, calls=200):
    """Print the time of a call of the quickstart's posterior."""
    info = yaml_load_file(str(QUICKSTART))
    theories = {"emulated": info["theory"]}
    if exact:
        theories["exact"] = {"sidr.theory.SIDR": info["theory"]["sidr.theory.SIDREmulator"]}
    rng = np.random.default_rng(0)
    for name, theory in theories.items():
        model = get_model({"theory": theory, "likelihood": info["likelihood"], "params": info["params"]})
        times = []
        for i in range(calls if name == "emulated" else 6):
            point = {"omega_b": 0.0225, "omega_cdm": 0.1183, "H0": 68.6 + 0.2 * rng.normal(), "logA": 3.04,
                     "n_s": 0.962, "tau_reio": 0.057, "m_nu_sum": 0.03, "log10_G_eff": (-4, -1.6)[i % 2],
                     "A_planck": 1}
            start = time.process_time()
            model.logposterior(point)
            times.append(time.process_time() - start)
        print(f"{name}: {1e3 * np.median(times[2:]):.2f} CPU ms a call")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    sizes = commands.add_parser("size")
    sizes.add_argument("folder", type=Path)
    sizes.add_argument("model")
    sizes.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    regions = commands.add_parser("region")
    regions.add_argument("folder", type=Path)
    regions.add_argument("model")
    speeds = commands.add_parser("speed")
    speeds.add_argument("--exact", action="store_true")
    args = parser.parse_args()
    with threadpool_limits(1):
        if args.command == "size":
            size(args.folder, args.model, args.sizes)
        elif args.command == "region":
            region(args.folder, args.model)
        else:
            speed(args.exact)


if __name__ == "__main__":
    main()
