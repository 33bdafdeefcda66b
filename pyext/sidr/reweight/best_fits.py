"""Best fits of the modes from emulated runs, with the chi2 of exact CLASS there.

In each mode (Table S2 of arXiv:2506.08085) the chi2 of the emulated likelihoods, which is smooth, is
minimised along the directions of its covariance, from the best samples of the run. Then CLASS and the real
likelihoods, if they are installed, say what it is there. chi2 has the prior of A_planck in it.
"""

from typing import NamedTuple

import numpy as np
from cobaya.model import get_model
from scipy.optimize import minimize

from sidr import runs
from sidr.likelihoods.compress import SIGMA_A_PLANCK
from sidr.modes import COUPLING, MODES

from .model import exact_theory, full_likelihoods
from .trust import check

#: Best samples from which the minimisation starts
STARTS = 3

#: A step of the mass [eV]
M_NU = 0.03

#: What the emulated model has to sample
NEEDED = ("m_nu_sum", "A_planck")


class BestFit(NamedTuple):
    """The best fit of one mode."""
    mode: str          # MI, SI, or LCDM for a run without modes
    emulated: float    # chi2 of the run's own model
    exact: float       # of exact CLASS, with Planck's likelihoods if they are installed
    point: dict        # sampled parameters


def best_fits(root, burn_in=0.3, packages_path=None, trust=False):
    """Best fits of the modes of a run, one after the other.

    Parameters
    ----------
    root : path-like
        `output` of a run with the emulator.
    burn_in : float
        As of `sidr.runs.read`.
    packages_path : str, optional
        Where Cobaya's data are.
    trust : bool
        Execute code that the input of the run has; see `sidr.reweight.trust`.

    Yields
    ------
    BestFit

    Raises
    ------
    FileNotFoundError
        If there is no such run.
    ValueError
        If the run does not sample what a best fit needs, or if its input has code and `trust` is not set.
    """
    run = runs.load(root, burn_in)
    params = {name: p for name, p in run.info["params"].items() if not name.startswith("chi2__")}
    model = {"theory": run.info["theory"], "likelihood": run.info["likelihood"], "params": params}
    check(str(root), model, packages_path, trust)
    emulated = get_model(model)
    sampled = emulated.parameterization.sampled_params()
    if missing := [name for name in NEEDED if name not in sampled]:
        raise ValueError(f"{root} does not sample {', '.join(missing)}: best fits are those of Planck's "
                         "likelihoods with massive neutrinos.")
    exact = get_model({"theory": exact_theory(run.info["theory"]), "params": params,
                       "likelihood": full_likelihoods(run.info["likelihood"], packages_path),
                       "packages_path": packages_path})
    modes = {name: mode for name, mode in MODES.items() if mode.contains(run.samples[COUPLING]).any()
             } if COUPLING in sampled else {"LCDM": None}
    for name, mode in modes.items():
        least, point = best_fit(emulated, run.samples, mode)
        yield BestFit(name, least, chi2(exact, point), point)


def best_fit(model, samples, mode=None):
    """Least chi2 of a mode, and the point.

    Parameters
    ----------
    model : cobaya.model.Model
    samples : getdist.MCSamples
        Of its posterior.
    mode : sidr.modes.Mode, optional
        Where log10_G_eff is, if the model has it.

    Returns
    -------
    chi2 : float
    point : dict
    """
    names = list(model.parameterization.sampled_params())
    x = np.column_stack([samples[name] for name in names])
    weights, best = samples.weights, np.argsort(samples.loglikes)
    if mode:
        inside = mode.contains(x[:, names.index(COUPLING)])
        weights, best = weights * inside, best[inside[best]]
    round_ = [i for i, name in enumerate(names) if name not in ("m_nu_sum", COUPLING)]
    L = np.linalg.cholesky(np.cov(x[:, round_].T, aweights=weights))

    def point(u, origin):
        """The mass is a square, since its prior ends at 0; the coupling is bounded."""
        values = dict(zip(np.array(names)[round_], origin[round_] + L @ u[2:], strict=True))
        values["m_nu_sum"] = M_NU * u[0]**2
        return values | ({COUPLING: u[1]} if mode else {})

    bounds = [(None, None), (mode.low, mode.high) if mode else (0, 0), *[(None, None)] * len(round_)]
    found = []
    for start in x[best[:STARTS]]:
        u = np.zeros(2 + len(round_))
        u[0] = np.sqrt(start[names.index("m_nu_sum")] / M_NU)
        u[1] = start[names.index(COUPLING)] if mode else 0
        result = minimize(lambda u, start=start: chi2(model, point(u, start)), u, method="L-BFGS-B",
                          bounds=bounds, options={"eps": 0.01, "ftol": 1e-7})
        found.append((result.fun, point(result.x, start)))
    return min(found, key=lambda pair: pair[0])


def chi2(model, point):
    """-2 ln L at a point, with the prior of A_planck; 1e10 where it is impossible."""
    loglike = float(np.sum(model.loglikes(point, return_derived=False)))
    prior = ((point["A_planck"] - 1) / SIGMA_A_PLANCK)**2
    return -2 * loglike + prior if np.isfinite(loglike) else 1e10
