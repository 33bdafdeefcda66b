"""Best fits of Planck, P-ACT and CMB-SPA with DESI DR2, along log10 G_eff, with exact CLASS.

    python benchmarks/cmb_fits.py FOLDER [--n-chi 1] [--data P-ACT CMB-SPA]

At each coupling the spectra, distances and r_drag of CLASS (`precision: highl`) are expanded in the other
parameters, once for all data: logarithms, to second order in each. The best fit of Cobaya's likelihoods to
the expansion (data: COBAYA_PACKAGES_PATH, and the extra `cmb`) is then computed by CLASS itself. Expansions
are kept in FOLDER, so that a stopped run continues. The table is that of docs/data.md.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.model import get_model
from cobaya.theories.cosmo.boltzmannbase import H_units_conv_factor
from cobaya.theory import Theory
from cobaya.yaml import yaml_load_file
from scipy.optimize import minimize
from tqdm import tqdm

from sidr.files import read_npz, replacing

PARTS = Path(__file__).parents[1] / "chains" / "parts"
DATA = {"Planck": ("planck",), "P-ACT": ("p_act", "lensing_act_pr4"),
        "CMB-SPA": ("p_act", "spt3g_d1", "lensing_act_pr4_spt")}

#: Centre and step of each parameter; the centre moves with the coupling
PARAMETERS = {"omega_b": (0.02245, 0.00014), "omega_cdm": (0.1182, 0.001),
              "theta_s_100": (1.04195, 0.0004),
              "logA": (3.048, 0.014), "n_s": (0.9675, 0.004), "tau_reio": (0.058, 0.006),
              "m_nu_sum": (0.04, 0.04)}
COUPLINGS = (-4.5, -2.5, -2.0, -1.75, -1.5, -1.25, -1.0, -0.5, 0.0, 0.5)
#: By what theta_s, logA and n_s move from free streaming to a coupling, for one flavour
MOVED = {"theta_s_100": (0, 1e-4, 7e-4, 1e-3, 1.2e-3, 1.4e-3, 1.7e-3, 2.2e-3, 2.5e-3, 2.6e-3),
         "logA": (0, -0.006, -0.011, -0.013, -0.014, -0.018, -0.023, -0.032, -0.038, -0.042),
         "n_s": (0, -0.005, -0.006, -0.006, -0.007, -0.009, -0.012, -0.012, -0.013, -0.015)}
NEWTON = 4      # steps
L_MAX = 6500
SPECTRA = ("tt", "te", "ee", "pp")
Z = (0.295, 0.51, 0.706, 0.934, 1.321, 1.484, 2.33)     # of DESI DR2


def exact_model(n_chi):
    """Cobaya's model of CLASS, with the products that all data need."""
    params = {name: {"prior": {"min": -1, "max": 10}} for name in PARAMETERS}
    params["logA"]["drop"] = True
    params["A_s"] = {"value": "lambda logA: 1e-10*np.exp(logA)"}
    if n_chi:
        params["log10_G_eff"] = {"prior": {"min": -6, "max": 2}}
    model = get_model({"theory": {"sidr.theory.SIDR": {"n_chi": n_chi, "precision": "highl"}},
                       "likelihood": {"one": None}, "params": params, "stop_at_error": True})
    model.add_requirements({"Cl": dict.fromkeys(SPECTRA, L_MAX), "Hubble": {"z": Z}, "rdrag": None,
                            "angular_diameter_distance": {"z": Z}})
    return model


def observables(model, point):
    """What is expanded, a vector."""
    model.logposterior(point)
    cl = model.provider.get_Cl(ell_factor=True)
    tt, te, ee, pp = (cl[name][2:L_MAX + 1] for name in SPECTRA)
    return np.concatenate([np.log(tt), te / np.sqrt(tt * ee), np.log(ee), np.log(pp),
                           np.log(model.provider.get_Hubble(Z)),
                           np.log(model.provider.get_angular_diameter_distance(Z)),
                           [np.log(model.provider.get_param("rdrag"))]])


def expansion(path, n_chi, coupling):
    """Centre, and the vectors of the expansion around it: constant, slope and curvature; from a file."""
    fixed = {} if coupling is None else {"log10_G_eff": coupling}
    centre = {name: x for name, (x, _) in PARAMETERS.items()}
    if coupling is not None:
        i = COUPLINGS.index(coupling)
        centre |= {name: centre[name] + n_chi * moved[i] for name, moved in MOVED.items()}
    if not path.exists():
        model = exact_model(n_chi)
        constant = observables(model, centre | fixed)
        sides = [[observables(model, centre | fixed | {name: centre[name] + sign * dx}) for sign in (1, -1)]
                 for name, (_, dx) in tqdm(PARAMETERS.items(), desc=path.stem)]
        with replacing(path) as new, open(new, "wb") as file:
            np.savez(file, constant=constant, slope=[(up - down) / 2 for up, down in sides],
                     curvature=[(up + down) / 2 - constant for up, down in sides])
    return centre, read_npz(path, ("constant", "slope", "curvature"))


class Spectra(Theory):
    """Products from a vector as `observables` has it, a function of the parameters."""

    vector: object

    def get_can_provide(self):
        return ["Cl", "Hubble", "angular_diameter_distance"]

    def get_can_provide_params(self):
        return ["rdrag"]

    def calculate(self, state, want_derived=True, **params):
        parts = np.split(self.vector(params), (L_MAX - 1) * np.arange(1, 5))
        tt, ee, pp, rest = (np.exp(parts[i]) for i in (0, 2, 3, 4))
        cl = {"tt": tt, "te": parts[1] * np.sqrt(tt * ee), "ee": ee, "pp": pp, "bb": np.zeros(L_MAX - 1)}
        state["Cl"] = {name: np.concatenate([[0, 0], x]) for name, x in cl.items()} | {
            "ell": np.arange(L_MAX + 1)}
        state["Hubble"], state["D_A"], (rdrag,) = np.split(rest, [len(Z), 2 * len(Z)])
        state["derived"] = {"rdrag": rdrag}

    def get_Cl(self, ell_factor=False, units="FIRASmuK2"):
        cl = self.current_state["Cl"]
        if ell_factor:
            return cl
        ell = np.maximum(cl["ell"], 1)
        factor = ell * (ell + 1) / (2 * np.pi)
        return {name: x if name == "ell" else x / (factor * ell * (ell + 1) if name == "pp" else factor)
                for name, x in cl.items()}

    def get_Hubble(self, z, units="km/s/Mpc"):
        ratio = H_units_conv_factor[units] / H_units_conv_factor["km/s/Mpc"]
        return ratio * self.current_state["Hubble"][np.searchsorted(Z, np.atleast_1d(z))]

    def get_angular_diameter_distance(self, z):
        return self.current_state["D_A"][np.searchsorted(Z, np.atleast_1d(z))]


def data_model(data, vector):
    """Cobaya's model of some data, with spectra of a vector."""
    likelihoods = {}
    for part in (*DATA[data], "desi_dr2"):
        likelihoods |= yaml_load_file(str(PARTS / f"{part}.yaml"))
    params = {name: {"prior": {"min": 0 if name == "m_nu_sum" else x - 30 * dx, "max": x + 60 * dx}}
              for name, (x, dx) in PARAMETERS.items()}
    if "p_act" in DATA[data]:
        params |= yaml_load_file(str(PARTS / "p_act_params.yaml"))
    return get_model({"theory": {"spectra": {"external": Spectra, "vector": vector,
                                             "input_params": [*PARAMETERS]}},
                      "likelihood": likelihoods, "params": params, "stop_at_error": True})


def best(model, centre):
    """The point of the best fit, its parameters and calibrations."""
    names = list(model.parameterization.sampled_params())
    # the calibrations: their prior, or 1 +- 0.003
    scales = {name: dx for name, (_, dx) in PARAMETERS.items()}
    start = np.array([centre.get(name, 1.0) for name in names])
    step = np.array([scales.get(name, 0.003) for name in names])
    lowest = np.array([0 if name == "m_nu_sum" else -np.inf for name in names])

    def chi2(u):
        point = dict(zip(names, np.maximum(start + step * u, lowest), strict=True))
        return min(-2 * model.logpost(point), 1e30)     # outside of the priors it is infinite

    # Steps of Newton with wide differences, which do not see the kinks in the tables of low-l EE, then a
    # search along the axes of the ellipsoid that they have found
    u = np.zeros(len(names))
    for _ in range(NEWTON):
        gradient, hessian = differences(chi2, u)
        values, axes = np.linalg.eigh(hessian)
        axes = axes / np.sqrt(np.maximum(values, 1e-3 * values.max()))
        trial = u - axes @ (axes.T @ gradient)
        u = trial if chi2(trial) < chi2(u) else u
    found = minimize(lambda x: chi2(u + axes @ x), np.zeros(len(u)), method="Powell",
                     options={"ftol": 1e-7, "xtol": 1e-2})
    u = np.maximum(start + step * (u + axes @ found.x), lowest)
    return dict(zip(names, u.tolist(), strict=True))


def differences(function, x, h=0.6):
    """Gradient and matrix of second derivatives, by differences of h."""
    e = h * np.eye(len(x))
    value, up, down = function(x), [function(x + i) for i in e], [function(x - i) for i in e]
    up, down = np.array(up), np.array(down)
    hessian = np.diag(up + down - 2 * value)
    for i, j in zip(*np.triu_indices(len(x), 1), strict=True):
        hessian[i, j] = hessian[j, i] = (function(x + e[i] + e[j]) - up[i] - up[j] + value)
    return (up - down) / (2 * h), hessian / h**2


def chi2(model, point):
    """chi2 of each likelihood, and of the priors of calibrations, a dictionary."""
    posterior = model.logposterior(point)
    each = dict(zip(model.likelihood, -2 * posterior.loglikes, strict=True))
    widest = {name: p["prior"] for name, p in model.info()["params"].items()
              if isinstance(p, dict) and p.get("prior", {}).get("dist") == "norm"}
    each["calibrations"] = sum(((point[name] - p["loc"]) / p["scale"])**2 for name, p in widest.items())
    return each


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n-chi", type=int, default=1)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for n_chi, coupling in ((0, None), *((args.n_chi, g) for g in COUPLINGS)):
        label = "LCDM" if coupling is None else f"nchi{n_chi}_{coupling:g}"
        centre, series = expansion(args.folder / f"{label}.npz", n_chi, coupling)

        def expanded(params, centre=centre, series=series):
            step = np.array([(params[name] - centre[name]) / dx for name, (_, dx) in PARAMETERS.items()])
            return series["constant"] + step @ series["slope"] + step**2 @ series["curvature"]

        exact = exact_model(n_chi)
        for data in args.data:
            at = best(data_model(data, expanded), centre)
            vector = observables(exact, {name: at[name] for name in PARAMETERS}
                                 | ({} if coupling is None else {"log10_G_eff": coupling}))
            each = chi2(data_model(data, lambda _, vector=vector: vector), at)
            approximate = chi2(data_model(data, expanded), at)
            print(f"{label:12} {data:8} chi2 = {sum(each.values()):.2f} (expansion "
                  f"{sum(approximate.values()):.2f}): "
                  + ", ".join(f"{name.split('.')[-1]} {x:.2f}" for name, x in each.items()) + "; "
                  + ", ".join(f"{name} = {x:.5g}" for name, x in at.items()), flush=True)


if __name__ == "__main__":
    main()
