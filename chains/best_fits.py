"""Best fits of the two modes from emulated runs, with the chi2 of exact CLASS there.

    python chains/best_fits.py chains/quickstart [ROOT ...] [-p PACKAGES]

In each mode (Table S2 of arXiv:2506.08085) the chi2 of the emulated likelihoods, which is smooth, is
minimised along the directions of its covariance, from the best samples of the run. Then CLASS and the real
likelihoods, if they are installed, say what it is there. chi2 has the prior of A_planck in it.
"""

import argparse
import os

import numpy as np
from cobaya.model import get_model
from scipy.optimize import minimize

from sidr import runs
from sidr.reweight.model import exact_theory, full_likelihoods
from sidr.reweight.trust import check
from sidr.runs import read_info

MODES = {"MI": (-5, -2.5), "SI": (-2.5, 0)}
STARTS = 3
M_NU = 0.03     # [eV], a step of the mass


def best_fit(model, samples, limits=None):
    """Least chi2 of a mode, and the point.

    Parameters
    ----------
    model : cobaya.model.Model
    samples : getdist.MCSamples
        Of its posterior.
    limits : tuple of float, optional
        Of log10_G_eff, in the mode.

    Returns
    -------
    chi2 : float
    point : dict
    """
    names = list(model.parameterization.sampled_params())
    x = np.column_stack([samples[name] for name in names])
    weights, best = samples.weights, np.argsort(samples.loglikes)
    if limits:
        coupling = x[:, names.index("log10_G_eff")]
        inside = (limits[0] < coupling) & (coupling < limits[1])
        weights, best = weights * inside, best[inside[best]]
    round_ = [i for i, name in enumerate(names) if name not in ("m_nu_sum", "log10_G_eff")]
    L = np.linalg.cholesky(np.cov(x[:, round_].T, aweights=weights))

    def point(u, origin):
        """The mass is a square, since its prior ends at 0; the coupling is bounded."""
        values = dict(zip(np.array(names)[round_], origin[round_] + L @ u[2:], strict=True))
        values["m_nu_sum"] = M_NU * u[0]**2
        return values | ({"log10_G_eff": u[1]} if limits else {})

    found = []
    for start in x[best[:STARTS]]:
        u = np.zeros(2 + len(round_))
        u[0] = np.sqrt(start[names.index("m_nu_sum")] / M_NU)
        u[1] = start[names.index("log10_G_eff")] if limits else 0
        result = minimize(lambda u, start=start: chi2(model, point(u, start)), u, method="L-BFGS-B",
                          bounds=[(None, None), limits or (0, 0), *[(None, None)] * len(round_)],
                          options={"eps": 0.01, "ftol": 1e-7})
        found.append((result.fun, point(result.x, start)))
    return min(found, key=lambda pair: pair[0])


def chi2(model, point):
    """-2 ln L at a point, with the prior of A_planck."""
    loglike = float(np.sum(model.loglikes(point, return_derived=False)))
    return -2 * loglike + ((point["A_planck"] - 1) / 0.0025)**2 if np.isfinite(loglike) else 1e10


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("roots", nargs="+", metavar="ROOT")
    parser.add_argument("-p", "--packages-path", default=os.environ.get("COBAYA_PACKAGES_PATH"))
    parser.add_argument("--trust", action="store_true", help="execute code that the input of a run has")
    args = parser.parse_args()
    for root in args.roots:
        info = read_info(f"{root}.updated.yaml")
        params = {name: p for name, p in info["params"].items() if not name.startswith("chi2__")}
        check(root, {"theory": info["theory"], "likelihood": info["likelihood"], "params": params},
              args.packages_path, args.trust)
        emulated = get_model({"theory": info["theory"], "likelihood": info["likelihood"], "params": params})
        exact = get_model({"theory": exact_theory(info["theory"]), "params": params,
                           "likelihood": full_likelihoods(info["likelihood"], args.packages_path),
                           "packages_path": args.packages_path})
        samples = runs.load_samples(root)
        coupled = "log10_G_eff" in emulated.parameterization.sampled_params()
        for mode, limits in (MODES if coupled else {"LCDM": None}).items():
            least, point = best_fit(emulated, samples, limits)
            words = ", ".join(f"{name} = {value:.5g}" for name, value in point.items())
            print(f"{root} {mode}: chi2 = {least:.2f} emulated, {chi2(exact, point):.2f} exact, at {words}",
                  flush=True)


if __name__ == "__main__":
    main()
