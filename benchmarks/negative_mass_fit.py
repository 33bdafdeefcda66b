"""Effective Sigma m_nu from Planck 2018 and DESI DR2, by fits with exact CLASS.

    python benchmarks/negative_mass_fit.py [--levers A_lens ...] [--no-low-EE]

At each of a few Sigma m_nu the spectra, distances and r_drag of CLASS are expanded in the other parameters:
logarithms, to second order in each, at given theta_s. The best fit of Cobaya's likelihoods (data:
COBAYA_PACKAGES_PATH) to the expansion is the centre of the next one, and CLASS itself gives its chi2. A
parabola through these has the numbers of docs/negative_mass.md.
"""

import argparse

import numpy as np
from cobaya.model import get_model
from cobaya.theories.cosmo.boltzmannbase import H_units_conv_factor
from cobaya.theory import Theory
from scipy.optimize import minimize

from sidr.tension import Profile, table

#: Centre and step of each parameter: about a standard deviation of Planck and DESI
CENTRE = {"omega_b": (0.02245, 0.00014), "omega_cdm": (0.1182, 0.0008), "theta_s_100": (1.04195, 0.0003),
          "logA": (3.048, 0.014), "n_s": (0.9675, 0.0035), "tau_reio": (0.058, 0.007)}
LEVERS = {"A_lens": (1.03, 0.03), "A_phiphi": (1.0, 0.02)}
A_PLANCK = 0.0025       # its prior's width

#: Sums of masses of the profile [eV]
SUMS = (-0.2, -0.15, -0.1, -0.05, 0, 0.0588, 0.1, 0.15)

#: Expansions at each, and parabola through sums whose chi2 is within this of the best
ROUNDS, NEAR = 2, 4.0

LIKELIHOODS = ("planck_2018_lowl.TT", "planck_2018_highl_plik.TTTEEE_lite_native",
               "planck_2018_lensing.native", "sidr.likelihoods.DESI_DR2")
SPECTRA = ("tt", "te", "ee", "pp")


def exact_model(parameters, likelihoods):
    """Cobaya's model with CLASS."""
    sampled = priors(parameters) | {"m_nu_sum": {"prior": {"min": -1, "max": 1}}}
    sampled["logA"]["drop"] = True
    sampled["A_s"] = {"value": "lambda logA: 1e-10*np.exp(logA)"}
    sampled["H0"] = None
    return get_model({"theory": {"sidr.theory.SIDR": {"n_chi": 0, "precision": "planck",
                                                      "extra_args": {"non_linear": "hmcode"}}},
                      "likelihood": dict.fromkeys(likelihoods), "params": sampled, "stop_at_error": True})


def priors(parameters):
    """Flat ones, far wider than the fit."""
    return {name: {"prior": {"min": x - 30 * dx, "max": x + 30 * dx}}
            for name, (x, dx) in parameters.items()}


def observables(model, point):
    """What is expanded, a vector, and chi2."""
    loglikes, derived = model.loglikes(point | {"A_planck": 1})
    cl, z = model.provider.get_Cl(ell_factor=True), redshifts(model)
    tt, te, ee, pp = (cl[name][2:] for name in SPECTRA)
    vector = np.concatenate([np.log(tt), te / np.sqrt(tt * ee), np.log(ee), np.log(pp),
                             np.log(model.provider.get_Hubble(z)),
                             np.log(model.provider.get_angular_diameter_distance(z)),
                             [np.log(model.provider.get_param("rdrag"))]])
    return vector, -2 * np.sum(loglikes)


def redshifts(model):
    return np.unique(model.likelihood["sidr.likelihoods.DESI_DR2"].data["z"])


class Expanded(Theory):
    """Taylor series of the observables: to second order in each parameter."""

    series: object

    def get_can_provide(self):
        return ["Cl", "Hubble", "angular_diameter_distance"]

    def get_can_provide_params(self):
        return ["rdrag"]

    def calculate(self, state, want_derived=True, **params):
        constant, slope, curvature, parameters, z = self.series
        step = np.array([(params[name] - x) / dx for name, (x, dx) in parameters.items()])
        vector = constant + step @ slope + step**2 @ curvature
        n = (vector.size - 2 * z.size - 1) // 4
        tt, te, ee, pp, rest = np.split(vector, n * np.arange(1, 5))
        tt, ee, rest = np.exp(tt), np.exp(ee), np.exp(rest)
        cl = {"tt": tt, "te": te * np.sqrt(tt * ee), "ee": ee, "pp": np.exp(pp)}
        state["Cl"] = {name: np.concatenate([[0, 0], x]) for name, x in cl.items()}
        state["Hubble"], state["D_A"], (rdrag,) = np.split(rest, [z.size, 2 * z.size])
        state["derived"] = {"rdrag": rdrag}

    def get_Cl(self, ell_factor=True, units="FIRASmuK2"):
        return self.current_state["Cl"]

    def get_Hubble(self, z, units="km/s/Mpc"):
        ratio = H_units_conv_factor[units] / H_units_conv_factor["km/s/Mpc"]
        return ratio * self.current_state["Hubble"][np.searchsorted(self.series[-1], np.atleast_1d(z))]

    def get_angular_diameter_distance(self, z):
        return self.current_state["D_A"][np.searchsorted(self.series[-1], np.atleast_1d(z))]


def expanded_model(exact, parameters, likelihoods, m_nu_sum):
    """Cobaya's model with the expansion around the centre of `parameters`, at one sum of masses."""
    centre = {name: x for name, (x, _) in parameters.items()} | {"m_nu_sum": m_nu_sum}
    constant, _ = observables(exact, centre)
    sides = [[observables(exact, centre | {name: x + sign * dx})[0] for sign in (1, -1)]
             for name, (x, dx) in parameters.items()]
    slope = np.array([(up - down) / 2 for up, down in sides])
    curvature = np.array([(up + down) / 2 - constant for up, down in sides])
    series = constant, slope, curvature, parameters, redshifts(exact)
    return get_model({"theory": {"expanded": {"external": Expanded, "series": series,
                                              "input_params": [*parameters]}},
                      "likelihood": dict.fromkeys(likelihoods), "params": priors(parameters)})


def best(model, parameters):
    """The best fit to an expansion."""
    def point(u):
        return {name: x + dx * step for (name, (x, dx)), step in zip(parameters.items(), u, strict=False)
                } | {"A_planck": 1 + A_PLANCK * u[-1]}

    def chi2(u):
        return -2 * np.sum(model.loglikes(point(u), return_derived=False)) + u[-1]**2

    # the tables of low-l EE have kinks, at which a gradient stops
    start = np.zeros(len(parameters) + 1)
    found = minimize(chi2, start, method="BFGS", options={"eps": 1e-2, "gtol": 1e-2})
    found = minimize(chi2, found.x, method="Powell", options={"ftol": 1e-6, "xtol": 1e-2})
    return point(found.x)


def fit(exact, parameters, likelihoods, m_nu_sum):
    """The least chi2 of CLASS itself at one sum of masses, and the point."""
    results = []
    for _ in range(ROUNDS):
        at = best(expanded_model(exact, parameters, likelihoods, m_nu_sum), parameters)
        loglikes = exact.loglikes(at | {"m_nu_sum": m_nu_sum}, return_derived=False)
        results.append((-2 * np.sum(loglikes) + ((at["A_planck"] - 1) / A_PLANCK)**2, at))
        parameters = {name: (at[name], dx) for name, (_, dx) in parameters.items()}
    return min(results, key=lambda result: result[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--levers", nargs="*", default=[], choices=LEVERS)
    parser.add_argument("--no-low-EE", action="store_true")
    args = parser.parse_args()
    parameters = CENTRE | {name: LEVERS[name] for name in args.levers}
    likelihoods = LIKELIHOODS if args.no_low_EE else ("planck_2018_lowl.EE", *LIKELIHOODS)

    exact = exact_model(parameters, likelihoods)
    profile = {}
    for m_nu_sum in SUMS:
        profile[m_nu_sum], at = fit(exact, parameters, likelihoods, m_nu_sum)
        parameters = {name: (at[name], dx) for name, (_, dx) in parameters.items()}
        print(f"m_nu_sum = {m_nu_sum:7.4f} eV: chi2 = {profile[m_nu_sum]:.2f}; "
              + ", ".join(f"{name} = {x:.5g}" for name, x in at.items()), flush=True)
    least = min(profile.values())
    for label, chosen in (("all near the best", {m: x for m, x in profile.items() if x < least + NEAR}),
                          ("0 and above", {m: x for m, x in profile.items() if m >= 0})):
        print(f"parabola through {label}:")
        try:
            print(table({}, {"": Profile([*chosen], [*chosen.values()])}))
        except ValueError as error:     # there is none, or it is not one
            print(error)


if __name__ == "__main__":
    main()
