"""Calls that nested sampling needs for a posterior with two modes, and what it gets wrong.

    python benchmarks/nested.py [--seeds 5] [--n-live 500] [--wide] [OPTION=VALUE ...]

The toy has the parameters, the prior of Table S1 and the widths of planck_desi_full.yaml: a strongly and a
moderately interacting mode in log10_G_eff, 2.5 standard deviations apart in n_s, and m_nu_sum cut at 0. Its
evidence and the weights of its modes are known. It costs nothing: what counts is the number of calls.
Without --wide the priors are narrowed as in chains/parts/nautilus.yaml.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from cobaya.likelihood import Likelihood
from cobaya.run import run
from cobaya.yaml import yaml_load, yaml_load_file
from scipy.stats import norm

from sidr import modes

os.environ.setdefault("COBAYA_NOMPI", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

CHAINS = Path(__file__).parents[1] / "chains"

#: Prior of Table S1, width of the posterior, its centre in the MI and SI modes
PARAMS = {"omega_b": (0.01, 0.04, 0.00014, 0.0224, 0.0225),
          "omega_cdm": (0.08, 0.16, 0.0009, 0.1190, 0.1191),
          "H0": (55, 85, 0.45, 68.3, 68.6), "logA": (2, 4, 0.015, 3.045, 3.03),
          "n_s": (0.8, 1.1, 0.004, 0.967, 0.957), "tau_reio": (0.004, 0.25, 0.007, 0.057, 0.056),
          "m_nu_sum": (0, 1.5, 0.06, 0, 0)}

#: log10_G_eff: prior, and centre and width of the modes
COUPLING = (-5, 1)
MODES = {"MI": (-4, 0.5), "SI": (-1.7, 0.15)}
WEIGHTS = {"MI": 0.7, "SI": 0.3}
SPLIT = modes.SPLIT


class TwoModes(Likelihood):
    """Two Gaussians, normalised in the prior so that the modes have `WEIGHTS` and Z = 1."""

    def initialize(self):
        self.log_norm = {}
        volume = np.prod([high - low for low, high, *_ in PARAMS.values()]) * (COUPLING[1] - COUPLING[0])
        for k, (mode, (centre, width)) in enumerate(MODES.items()):
            inside = np.prod([np.diff(norm.cdf((low, high), c[k], sigma))[0]
                              for low, high, sigma, *c in PARAMS.values()])
            inside *= np.diff(norm.cdf(COUPLING, centre, width))[0]
            self.log_norm[mode] = np.log(WEIGHTS[mode] * volume / inside)

    def get_requirements(self):
        return dict.fromkeys([*PARAMS, "log10_G_eff"])

    def logp(self, log10_G_eff, _derived=None, **params):
        return np.logaddexp(*(
            self.log_norm[mode] + norm_logpdf(log10_G_eff, *MODES[mode])
            + sum(norm_logpdf(params[name], c[k], sigma) for name, (_, _, sigma, *c) in PARAMS.items())
            for k, mode in enumerate(MODES)))


def norm_logpdf(x, centre, width):
    return -0.5 * ((x - centre) / width)**2 - np.log(width * np.sqrt(2 * np.pi))


def toy(options):
    """Input of Cobaya for the toy.

    Parameters
    ----------
    options : dict
        Options of the sampler.
    """
    bounds = {name: p[:2] for name, p in PARAMS.items()} | {"log10_G_eff": COUPLING}
    return {"likelihood": {"toy": TwoModes},
            "params": {name: {"prior": list(b)} for name, b in bounds.items()},
            "sampler": {"sidr.samplers.Nautilus": {"split_at": {"log10_G_eff": SPLIT}} | options}}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--n-live", type=int, default=500)
    parser.add_argument("--wide", action="store_true", help="all of Table S1")
    parser.add_argument("options", nargs="*", metavar="OPTION=VALUE", help="of the sampler")
    args = parser.parse_args()
    options = {"n_live": args.n_live, "processes": 1, **dict(
        (name, yaml_load(value)) for name, value in (o.split("=", 1) for o in args.options))}
    if not args.wide:
        options["prior_box"] = yaml_load_file(str(CHAINS / "parts" / "nautilus.yaml"))["prior_box"]
    print("seed  calls    ESS   log Z  error  SI weight (0.300)  error  CPU [s]")
    for seed in range(args.seeds):
        start = time.process_time()
        products = run(toy(options | {"seed": seed + 1}), debug=40)[1].products()
        SI = products["split"]["log10_G_eff"][1]
        print(f"{seed + 1:4} {products['calls']:6} {products['ESS']:6.0f} {products['logZ']:7.3f} "
              f"{products['logZstd']:6.3f} {SI['fraction']:18.3f} {SI['fraction_std']:6.3f} "
              f"{time.process_time() - start:8.0f}", flush=True)


if __name__ == "__main__":
    main()
