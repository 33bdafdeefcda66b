"""Where Metropolis starts: covariances of the parameters for each model, mode and data set.

    python chains/start_covariance.py [nchi1_si ...]             (again, after a kill: it goes on)
    python chains/start_covariance.py [nchi1_si ...] --check     how much Metropolis accepts with them
    python chains/start_covariance.py [nchi1_si ...] --best      best fits

For each model: exact spectra and BAO distances of CLASS at about 30 points around the mode, kept in
`chains/expansions`; from them an expansion that is quadratic in the parameters, and a spline in
log10_G_eff, on which the spectra hardly depend at one end of each mode. The likelihoods and priors of the
run file on this expansion, a few milliseconds a point, give `chains/parts/covmats/MODEL_DATA.yaml`: those
of a Gaussian in all but log10_G_eff and Sigma m_nu, which the prior cuts at 0.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from cobaya.model import get_model
from cobaya.run import run
from cobaya.theories.cosmo.boltzmannbase import H_units_conv_factor
from cobaya.theory import Theory
from cobaya.yaml import yaml_dump, yaml_load_file
from scipy.interpolate import CubicSpline, RegularGridInterpolator
from scipy.optimize import minimize
from tqdm import tqdm

CHAINS = Path(__file__).parent

#: Run file of each model and mode, and the centre of its expansion: about the means of Tables S3 and S4
MODELS = {
    "lcdm": ("planck_desi_lcdm", {}),
    "nchi1_mi": ("planck_desi_mi", {"log10_G_eff": -4}),
    "nchi1_si": ("planck_desi_si", {"log10_G_eff": -1.6, "n_s": 0.957, "logA": 3.03}),
    "nchi2_mi": ("planck_desi_nchi2_mi", {"log10_G_eff": -4}),
    "nchi2_si": ("planck_desi_nchi2_si", {"log10_G_eff": -1.6, "n_s": 0.955, "logA": 3.02}),
}
CENTRE = {"omega_b": 0.0224, "omega_cdm": 0.1190, "H0": 68.2, "m_nu_sum": 0.1, "tau_reio": 0.056,
          "n_s": 0.966, "logA": 3.045}

#: Where spectra change as in another model with all parameters but Sigma m_nu and log10_G_eff, well enough
#: for a covariance: MI is LCDM with fewer neutrinos
LIKE = {"nchi1_mi": "lcdm", "nchi2_mi": "lcdm", "nchi2_si": "nchi1_si"}

#: Steps of the differences: one or two standard deviations of Planck and DESI
STEP = {"omega_b": 0.0002, "omega_cdm": 0.0015, "H0": 0.8, "m_nu_sum": 0.1, "tau_reio": 0.01,
        "n_s": 0.006, "logA": 0.02}

#: Parameters whose products matter: together they move the acoustic peaks
MIXED = ("omega_b", "omega_cdm", "H0", "m_nu_sum")

#: Nodes of the spline in log10_G_eff, besides the centre; every mode has its own part of Table S2
NODES = {"mi": (-5, -3.5, -3.1, -2.8, -2.5),
         "si": (-2.5, -2.1, -1.75, -1.4, -0.9, 0)}

#: Nodes of Sigma m_nu [eV] for the integral over it
M_NU_NODES = (0, 0.04, 0.09, 0.16, 0.28, 0.45)

DATA = {"planck": [], "planck_desi_dr1": ["sidr.likelihoods.DESI_DR1"],
        "planck_desi_dr2": ["sidr.likelihoods.DESI_DR2"]}

SPECTRA = ("tt", "te", "ee", "pp")


# Exact points

def points(model):
    """Points of the expansion of `model`: dictionary of names, with the parameters of each."""
    centre = CENTRE | MODELS[model][1]
    result = {"centre": centre}
    # A_s and n_s first: CLASS keeps the transfer functions of the centre
    for name in reversed(STEP):
        for sign in (1, -1):
            result[f"{name}{sign:+d}"] = centre | {name: centre[name] + sign * STEP[name]}
    for pair in itertools.combinations(MIXED, 2):
        result["+".join(pair)] = centre | {name: centre[name] + STEP[name] for name in pair}
    if model in LIKE:
        result = {name: result[name] for name in ("centre", "m_nu_sum+1", "m_nu_sum-1")}
    for node in NODES.get(model[-2:], ()):
        result[f"log10_G_eff={node}"] = centre | {"log10_G_eff": node}
    return result


def exact(model, folder):
    """Compute what is missing of `points(model)` in `folder`; a dictionary of the results."""
    info = run_file(model)
    theory = yaml_dump(info["theory"])
    missing = {}
    results = {}
    for name, point in points(model).items():
        path = folder / model / f"{name}.npz"
        if path.exists():
            with np.load(path) as file:
                kept = dict(file)
            if str(kept["theory"]) == theory and kept["point"].tolist() == list(point.values()):
                results[name] = kept
                continue
        missing[name] = point, path
    if missing:
        cosmology = get_model(info)
        (folder / model).mkdir(parents=True, exist_ok=True)
        for name, (point, path) in tqdm(missing.items(), desc=model):
            result = observables(cosmology, point) | {"point": list(point.values()), "theory": theory}
            partial = path.with_suffix(".tmp.npz")
            np.savez(partial, **result)
            partial.replace(path)       # a kill leaves whole files only
            results[name] = {key: np.asarray(value) for key, value in result.items()}
    return results


def run_file(model):
    """Theory, parameters and likelihoods of the run file of `model`, with both releases of DESI."""
    info = yaml_load_file(str(CHAINS / f"{MODELS[model][0]}.yaml"))
    likelihoods = [name for name in info["likelihood"] if "DESI" not in name]
    return {"theory": info["theory"], "params": info["params"],
            "likelihood": {name: None for name in [*likelihoods, *sum(DATA.values(), [])]}}


def observables(cosmology, point):
    """Spectra l (l + 1) C_l/2 pi from l = 2 on, and what BAO need, at the redshifts of both releases."""
    posterior = cosmology.logposterior(point | {"A_planck": 1})
    if not np.isfinite(posterior.logpost):
        raise ValueError(f"{point} has no likelihood, and an expansion needs it: {posterior}")
    cl = cosmology.provider.get_Cl(ell_factor=True)
    z = np.unique(np.concatenate([cosmology.likelihood[name].data["z"] for name in sum(DATA.values(), [])]))
    return {x: cl[x][2:] for x in SPECTRA} | {
        "z": z, "angular_diameter_distance": cosmology.provider.get_angular_diameter_distance(z),
        "Hubble": cosmology.provider.get_Hubble(z), "rdrag": cosmology.provider.get_param("rdrag"),
        "chi2": -2 * np.array(posterior.loglikes)}


# Expansion

def vector(result):
    """What is expanded: logarithms, and for TE the correlation with TT and EE."""
    return np.concatenate([np.log(result["tt"]), result["te"] / np.sqrt(result["tt"] * result["ee"]),
                           np.log(result["ee"]), np.log(result["pp"]), np.log(result["Hubble"]),
                           np.log(result["angular_diameter_distance"]), [np.log(result["rdrag"])]])


def taylor_terms(y):
    """Coefficients of the products of parameters, in units of STEP, that the vectors `y` at points give."""
    centre = y["centre"]
    terms = {}
    for name in STEP:
        if f"{name}+1" in y:
            terms[name,] = (y[f"{name}+1"] - y[f"{name}-1"]) / 2
            terms[name, name] = (y[f"{name}+1"] + y[f"{name}-1"]) / 2 - centre
    for a, b in itertools.combinations(MIXED, 2):
        if f"{a}+{b}" in y:
            terms[a, b] = y[f"{a}+{b}"] - centre - sum(terms[t] for t in ((a,), (b,), (a, a), (b, b)))
    return terms


class Expansion:
    """Taylor series to second order around the centre of a model, and a spline in log10_G_eff."""

    def __init__(self, model, folder):
        results = exact(model, folder)
        self.centre = points(model)["centre"]
        self.l_size, self.z = results["centre"]["tt"].size, results["centre"]["z"]
        y = {name: vector(result) for name, result in results.items()}
        self.constant = y["centre"]
        terms = taylor_terms(y)
        if model in LIKE:
            terms = taylor_terms({name: vector(result) for name, result
                                  in exact(LIKE[model], folder).items()}) | terms
        self.products, self.terms = list(terms), np.array(list(terms.values()))
        self.spline = None
        if nodes := NODES.get(model[-2:]):
            shifts = {g: y[f"log10_G_eff={g}"] - self.constant for g in nodes}
            shifts[self.centre["log10_G_eff"]] = np.zeros_like(self.constant)
            self.spline = CubicSpline(sorted(shifts), [shifts[g] for g in sorted(shifts)])

    def __call__(self, log10_G_eff=None, **params):
        """What likelihoods ask for, at the given parameters."""
        step = {name: (params[name] - self.centre[name]) / STEP[name] for name in STEP}
        y = self.constant + np.array([np.prod([step[p] for p in product]) for product in self.products]
                                     ) @ self.terms
        if self.spline:
            y = y + self.spline(log10_G_eff)
        tt, te, ee, pp, rest = np.split(y, self.l_size * np.arange(1, 5))
        tt, ee = np.exp(tt), np.exp(ee)
        cl = {"tt": tt, "te": te * np.sqrt(tt * ee), "ee": ee, "pp": np.exp(pp)}
        rest = np.exp(rest)
        return {"Cl": {name: np.concatenate([[0, 0], values]) for name, values in cl.items()},
                "Hubble": rest[:self.z.size], "angular_diameter_distance": rest[self.z.size:-1],
                "rdrag": rest[-1]}


class Expanded(Theory):
    """The expansion as a theory of Cobaya's."""

    expansion: Expansion

    def get_can_provide(self):
        return ["Cl", "Hubble", "angular_diameter_distance"]

    def get_can_provide_params(self):
        return ["rdrag"]

    def calculate(self, state, want_derived=True, **params):
        state.update(self.expansion(**params))
        state["derived"] = {"rdrag": state.pop("rdrag")}

    def get_Cl(self, ell_factor=True, units="FIRASmuK2"):
        return self.current_state["Cl"]

    def get_Hubble(self, z, units="km/s/Mpc"):
        return self._at(z, "Hubble") * H_units_conv_factor[units] / H_units_conv_factor["km/s/Mpc"]

    def get_angular_diameter_distance(self, z):
        return self._at(z, "angular_diameter_distance")

    def _at(self, z, quantity):
        return self.current_state[quantity][np.searchsorted(self.expansion.z, np.atleast_1d(z))]


def expanded_run(model, data, expansion):
    """Input of Cobaya: the run file of `model` with its expansion instead of CLASS, and `data`."""
    info = run_file(model)
    sampled = {name: {key: p[key] for key in ("prior", "ref", "proposal")}
               for name, p in info["params"].items() if "prior" in (p or {})}
    likelihoods = [name for name in info["likelihood"] if "DESI" not in name] + DATA[data]
    return {"params": sampled, "likelihood": dict.fromkeys(likelihoods),
            "theory": {"expanded": {"external": Expanded, "expansion": expansion,
                                    "input_params": [*sampled]}}}


# Covariances

def covariance(model, data, expansion):
    """Covariance of the sampled parameters: Gaussian in all but Sigma m_nu and log10_G_eff.

    At each node of these two the posterior is maximised over the others, whose second derivatives are
    the same everywhere; then it is integrated over the prior of the two.

    Returns
    -------
    names : list of str
    mean : array, shape (n,)
    covariance : array, shape (n, n)
    """
    posterior = get_model(expanded_run(model, data, expansion))
    names = list(posterior.parameterization.sampled_params())
    nodes = {"m_nu_sum": M_NU_NODES}
    if "log10_G_eff" in names:
        nodes["log10_G_eff"] = np.linspace(*posterior.prior.bounds()[names.index("log10_G_eff")], 6)
    gridded = [names.index(name) for name in nodes]
    rest = [i for i in range(len(names)) if i not in gridded]
    x = np.array([{"A_planck": 1, **expansion.centre}[name] for name in names])
    origin, basis = x[rest].copy(), np.diag([{"A_planck": 0.002, **STEP}[names[i]] for i in rest])

    def minus_log(y):       # y: the others, from `origin` in the directions of `basis`
        x[rest] = origin + basis @ y
        return -posterior.logpost(x, cached=False)

    def gradient(y):        # over a whole unit: low-l EE is a table, and jumps
        return np.array([minus_log(y + h) - minus_log(y - h) for h in np.eye(len(rest)) / 2])

    def maximise(y):
        return minimize(minus_log, y, jac=gradient, method="BFGS", options={"gtol": 0.2})

    for _ in range(2):      # then in directions in which the posterior is round, and its width 1
        origin = origin + basis @ maximise(np.zeros(len(rest))).x
        hessian = np.array([gradient(h) - gradient(-h) for h in np.eye(len(rest)) / 2])
        basis = basis @ np.linalg.cholesky(np.linalg.inv((hessian + hessian.T) / 2))

    shape = [len(values) for values in nodes.values()]
    best, height = np.zeros((*shape, len(rest))), np.empty(shape)
    for index in np.ndindex(*shape):
        x[gridded] = [values[i] for values, i in zip(nodes.values(), index, strict=True)]
        fit = maximise(best[max(index[0] - 1, 0), *index[1:]])
        best[index], height[index] = fit.x, fit.fun
    best = origin + best @ basis.T

    # Means and covariance over the two, and what the others scatter around their best values
    grid = tuple(np.asarray(values) for values in nodes.values())
    fine = np.stack(np.meshgrid(*(np.linspace(v[0], v[-1], 200) for v in grid), indexing="ij"), axis=-1)
    heights = RegularGridInterpolator(grid, height, method="cubic")(fine).ravel()
    weights = np.exp(heights.min() - heights)
    values = np.empty((weights.size, len(names)))
    values[:, gridded] = fine.reshape(weights.size, -1)
    values[:, rest] = RegularGridInterpolator(grid, best, method="cubic")(fine).reshape(weights.size, -1)
    result = np.cov(values.T, aweights=weights)
    result[np.ix_(rest, rest)] += basis @ basis.T
    return names, np.average(values, axis=0, weights=weights), result


def acceptance(model, data, expansion, samples=1000):
    """Part of the first steps of Metropolis that is accepted, with the run file's options.

    Returns
    -------
    slow : float
        Of the steps in the parameters that need new transfer functions.
    all : float
        Of all, as Cobaya counts.
    """
    info = expanded_run(model, data, expansion)
    slow = [name for name in info["params"] if name not in ("logA", "n_s")]
    proposed = []

    class Counted(Expanded):
        def calculate(self, state, want_derived=True, **params):
            proposed.append([params[name] for name in slow])
            super().calculate(state, want_derived, **params)

    info["theory"]["expanded"]["external"] = Counted
    parts = CHAINS / "parts"
    options = yaml_load_file(str(parts / "mcmc.yaml")) | yaml_load_file(
        str(parts / "covmats" / f"{model}_{data}.yaml"))
    options |= {"blocking": [[1, slow], [1, ["logA", "n_s"]], [16, ["A_planck"]]], "oversample_thin": False,
                "learn_proposal": False, "measure_speeds": False, "max_samples": samples, "Rminus1_stop": 0,
                "output_every": 1e9, "seed": 1}
    chain = run(info | {"sampler": {"mcmc": options}}, output=False)[1].collection
    accepted = np.any(np.diff(chain[slow].values, axis=0) != 0, axis=1).sum()
    proposals = np.any(np.diff(proposed, axis=0) != 0, axis=1).sum()
    return accepted / proposals, len(chain) / chain["weight"].sum()


def best_fit(model, data, expansion):
    """Best fit of Cobaya's minimizer on the expansion, and what CLASS says there.

    Returns
    -------
    point : dict
        Sampled parameters.
    chi2 : float
        Sum over the likelihoods, exact.
    difference : float
        chi2 of the expansion, less that.
    """
    info = expanded_run(model, data, expansion)
    options = yaml_load_file(str(CHAINS / "parts" / "minimize.yaml")) | yaml_load_file(
        str(CHAINS / "parts" / "covmats" / f"{model}_{data}.yaml")) | {"seed": 1}
    minimum = run(info | {"sampler": {"minimize": options}}, output=False)[1].products()["minimum"]
    point = {name: minimum[name] for name in [*info["params"], "A_planck"]}
    exact_info = run_file(model) | {"likelihood": info["likelihood"]}
    chi2 = -2 * np.sum(get_model(exact_info).loglikes(point, return_derived=False))
    return point, chi2, minimum["chi2"] - chi2


def write(model, data, names, covmat):
    """Put a covariance where run files and grid look for it."""
    rows = "\n".join("- [" + ", ".join(f"{x:.4e}" for x in row) + "]" for row in covmat)
    path = CHAINS / "parts" / "covmats" / f"{model}_{data}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# Where the covariance that Metropolis learns starts: chains/start_covariance.py\n"
                    f"covmat_params: [{', '.join(names)}]\ncovmat:\n{rows}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=[*MODELS], help=f"of {', '.join(MODELS)}; all if none")
    parser.add_argument("--check", action="store_true", help="how much Metropolis accepts")
    parser.add_argument("--best", action="store_true", help="best fits, with their exact chi2")
    parser.add_argument("--folder", type=Path, default=CHAINS / "expansions", help="of the exact points")
    args = parser.parse_args()
    if unknown := set(args.models) - set(MODELS):
        parser.error(f"models = {', '.join(unknown)}: give some of {', '.join(MODELS)}")
    for model in args.models:
        expansion = Expansion(model, args.folder)
        for data in DATA:
            print(model, data)
            if args.check:
                print("  accepted: {:.2f} of the slow steps, {:.2f} of all".format(
                    *acceptance(model, data, expansion)), flush=True)
            elif args.best:
                point, chi2, difference = best_fit(model, data, expansion)
                print(f"  chi2 = {chi2:.2f}, of the expansion {difference:+.2f};",
                      *(f"{name} {value:.5g}" for name, value in point.items()), flush=True)
            else:
                names, mean, covmat = covariance(model, data, expansion)
                write(model, data, names, covmat)
                print(" ", *(f"{name} {x:.5g}±{sigma:.2g}" for name, x, sigma
                             in zip(names, mean, np.sqrt(np.diag(covmat)), strict=True)), flush=True)


if __name__ == "__main__":
    main()
