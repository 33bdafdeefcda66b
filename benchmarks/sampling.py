"""Effective samples per CPU-hour of Metropolis, with and without A_s and n_s as fast parameters.

    python benchmarks/sampling.py posterior [--way split] [--minutes 9] [--run chains/planck_desi_si.yaml]
    python benchmarks/sampling.py emulated [--way split drag] [--full 3.1] [--primordial 0.9]

`posterior` samples the posterior of a run file, from the centre of its reference values, for a given
CPU time. A cosmology takes seconds, so that minutes give a handful of effective samples: good for the
cost of a step. `emulated` samples the same posterior, emulated, with the same ways of stepping, counts how
often each kind of parameter has changed, and weighs that with the costs that exact CLASS has: good for the
number of steps between independent samples.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from cobaya.likelihood import Likelihood
from cobaya.model import get_model
from cobaya.sampler import get_sampler
from cobaya.theory import Theory
from cobaya.yaml import yaml_load_file
from tqdm import tqdm

from sidr.theory import SIDR

os.environ.setdefault("COBAYA_NOMPI", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

CHAINS = Path(__file__).parents[1] / "chains"

#: How to step: name, whether the primordial spectrum is a step of its own, options of the sampler.
WAYS = {
    "whole": (False, {}),                    # all of CLASS at every change; A_planck is oversampled
    "split": (True, {}),                     # the same options, and Cobaya sees two fast parameters
    "drag": (True, {"drag": True}),
}


class Whole(SIDR):
    """SIDR as it would be without its helper's part."""

    def _primordial_params(self, params):
        return set()


class Stop(Exception):
    """The time is over."""


def effective_samples(sampler):
    """Effective number of samples of each sampled parameter, from its autocorrelation."""
    chain = sampler.samples(combined=False, skip_samples=0.2, to_getdist=True)
    names = list(sampler.model.parameterization.sampled_params())
    return {name: chain.getEffectiveSamples(chain.paramNames.numberOfName(name)) for name in names}


def summary(numbers):
    """Least, median and largest of the values of a dictionary, with the name of the least."""
    worst = min(numbers, key=numbers.get)
    values = list(numbers.values())
    return f"{numbers[worst]:.1f} ({worst}), median {np.median(values):.1f}, most {max(values):.1f}"


def posterior(run, way, minutes):
    """Sample the posterior of a run file for some CPU time; print what it has given."""
    split, options = WAYS[way]
    info = yaml_load_file(str(run))
    theory = info["theory"].pop("sidr.theory.SIDR")
    info["theory"]["sidr.theory.SIDR"] = theory if split else theory | {"external": Whole}
    model = get_model({key: info[key] for key in ("theory", "likelihood", "params")})
    counts = count_calls(model)

    with tqdm(total=round(60 * minutes), unit="CPU s") as progress:
        def check(_sampler):
            progress.update(round(time.process_time() - start) - progress.n)
            if progress.n >= progress.total:
                raise Stop

        sampler = get_sampler({"mcmc": info["sampler"]["mcmc"] | options | {
            "callback_function": check, "callback_every": 1, "seed": 1}}, model)
        counts.update(dict.fromkeys(counts, 0))
        start = time.process_time()
        try:
            sampler.run()
        except Stop:
            pass
        hours = (time.process_time() - start) / 3600
    numbers = effective_samples(sampler)
    print(f"{way}: blocks {sampler.blocks}, oversampling {sampler.oversampling_factors}")
    print(f"  {60 * hours:.1f} CPU minutes, calls {counts}, rows {len(sampler.collection)}, "
          f"steps {sampler.collection['weight'].sum():.0f}")
    print(f"  effective samples {summary(numbers)}")
    print(f"  per CPU-hour {summary({name: n / hours for name, n in numbers.items()})}")


def count_calls(model):
    """Dictionary of calls of each theory that will go on counting."""
    counts = dict.fromkeys(model.theory, 0)
    for name, theory in model.theory.items():
        def calculate(*args, _name=name, _calculate=theory.calculate, **kwargs):
            counts[_name] += 1
            return _calculate(*args, **kwargs)
        theory.calculate = calculate
    return counts


# The same posterior, emulated

class SlowPart(Theory):
    """Stands for the transfer functions: passes its parameters on."""

    def get_can_provide(self):
        return ["slow"]

    def calculate(self, state, want_derived=True, **params):
        state["slow"] = params


class FastPart(SlowPart):
    """Stands for the primordial spectrum and what follows it."""

    def get_requirements(self):
        return {"slow": {}}

    def get_can_provide(self):
        return ["all"]

    def calculate(self, state, want_derived=True, **params):
        state["all"] = self.provider.get_result("slow") | params


class Emulated(Likelihood):
    """The likelihoods of a run file, with emulated spectra."""

    run: str

    def initialize(self):
        info = yaml_load_file(self.run)
        theory = info["theory"].pop("sidr.theory.SIDR")
        desi = [name for name in info["likelihood"] if "DESI" in name]
        self.posterior = get_model({
            "theory": {"sidr.theory.SIDREmulator": theory}, "params": info["params"],
            "likelihood": dict.fromkeys(["sidr.likelihoods.PlanckCompressed", *desi])})

    def get_requirements(self):
        return {"all": {}}

    def logp(self, A_planck, _derived=None):
        point = self.provider.get_result("all") | {"A_planck": A_planck}
        return self.posterior.loglike(point, return_derived=False)


def emulated(run, ways, full, primordial, samples):
    """Sample the emulated posterior in each of the ways; print effective samples per hour of the costs."""
    info = yaml_load_file(str(run))
    mcmc = info["sampler"]["mcmc"]
    names = [name for name in mcmc["covmat_params"] if name != "A_planck"]
    defaults = SIDR.get_defaults()["params"] | {name: p for name, p in info["params"].items() if p}
    params = {name: defaults[name] | (info["params"].get(name) or {}) for name in names}
    params["A_planck"] = {"prior": {"dist": "norm", "loc": 1, "scale": 0.0025}, "ref": 1, "proposal": 5e-4}
    params = {name: {key: p[key] for key in ("prior", "ref", "proposal")} for name, p in params.items()}
    for way in ways:
        split, options = WAYS[way]
        fast = ["logA", "n_s"] if split else []
        slow = [name for name in names if name not in fast]
        costs = {"slow": full - primordial, "fast": primordial}
        model = get_model({"params": params, "theory": {
            "slow": {"external": SlowPart, "input_params": slow, "speed": 1 / costs["slow"]},
            "fast": {"external": FastPart, "input_params": fast, "speed": 1 / costs["fast"]}},
            "likelihood": {"emulated": {"external": Emulated, "run": str(run),
                                        "input_params": ["A_planck"], "speed": 500}}})
        counts = count_calls(model)
        sampler = get_sampler({"mcmc": mcmc | options | {
            "measure_speeds": False, "max_samples": samples, "Rminus1_stop": 0, "seed": 1}}, model)
        sampler.run()
        numbers = effective_samples(sampler)
        hours = 0.8 * sum(counts[name] * cost for name, cost in costs.items()) / 3600
        print(f"{way}: blocks {sampler.blocks}, oversampling {sampler.oversampling_factors}")
        print(f"  calls {counts}, rows {len(sampler.collection)}, effective samples {summary(numbers)}")
        print(f"  per CPU-hour {summary({name: n / hours for name, n in numbers.items()})}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("target", choices=("posterior", "emulated"))
    parser.add_argument("--run", type=Path, default=CHAINS / "planck_desi_si.yaml")
    parser.add_argument("--way", choices=WAYS, nargs="+", default=list(WAYS))
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--full", type=float, default=3.1, help="CPU seconds of a full evaluation")
    parser.add_argument("--primordial", type=float, default=0.9, help="CPU seconds with a new A_s or n_s")
    parser.add_argument("--samples", type=int, default=20000)
    args = parser.parse_args()
    if args.target == "posterior":
        for way in args.way:
            posterior(args.run, way, args.minutes)
    else:
        emulated(args.run, args.way, args.full, args.primordial, args.samples)


if __name__ == "__main__":
    main()
