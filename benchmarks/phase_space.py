"""What the three phase-space distributions of the remaining neutrinos do to spectra and to Sigma m_nu.

    python benchmarks/phase_space.py spectra --plot docs/phase_space.png    # a minute
    python benchmarks/phase_space.py bound                                  # half an hour

`spectra` compares P(k) and lensed C_l with those of phase_space="degeneracy". `bound` has the 95% limit
on Sigma m_nu from DESI DR2 and compressed Planck data: at each Sigma m_nu the other parameters are at
their best fit, and exp(-chi2/2) is integrated from 0 with a flat prior.
"""

import argparse

import numpy as np
from cobaya.model import get_model
from scipy.integrate import cumulative_simpson
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from tqdm import tqdm

from sidr import precision
from sidr.classy import Class
from sidr.figures.cmb import COSMOLOGY
from sidr.neutrinos import N_TOT, PHASE_SPACES, class_inputs

MULTIPOLES = (("tt", 200), ("tt", 2000), ("ee", 1000), ("pp", 500))
L_MAX = 2500


def compute(share, m_nu_sum):
    """k [h/Mpc] and P(k), l and lensed C_l, and numbers of the neutrinos."""
    cosmo = Class()
    cosmo.set(COSMOLOGY | precision.planck, output="tCl pCl lCl mPk", lensing="yes", l_max_scalars=L_MAX,
              **{"P_k_max_h/Mpc": 2, "log10_G_eff_sidr": -2})
    cosmo.set(class_inputs(m_nu_sum=m_nu_sum, **share))
    cosmo.compute()
    k = np.geomspace(1e-3, 1, 200)
    pk = np.array([cosmo.pk_lin(x * cosmo.h(), 0) for x in k])
    return k, pk, cosmo.lensed_cl(L_MAX), (cosmo.Neff, cosmo.Omega_nu * cosmo.h()**2)


def spectra(args):
    shares = {name: {"n_chi": args.n_chi, "phase_space": name} for name in PHASE_SPACES}
    N_chi = N_TOT * args.n_chi / (3 + args.n_chi)
    shares["fugacity, same N_eff"] = {"N_chi": N_chi, "N_nu": N_TOT - N_chi, "phase_space": "fugacity"}
    results = {name: compute(share, args.m_nu_sum) for name, share in tqdm(shares.items())}
    k, pk, cl, _ = results["degeneracy"]
    ell = cl["ell"][2:]
    print(f"n_chi = {args.n_chi:g}, Sigma m_nu = {args.m_nu_sum:g} eV, H0 and omegas fixed; in percent")
    print(f"{'':22}{'N_eff':>8}{'omega_nu':>10}{'P(0.1)':>9}{'P(1)':>9}"
          + "".join(f"{x:>5}{at:5}" for x, at in MULTIPOLES))
    for name, (_, pk_i, cl_i, numbers) in results.items():
        changes = [np.interp(x, k, pk_i / pk - 1) for x in (0.1, 1)]
        changes += [cl_i[x][at] / cl[x][at] - 1 for x, at in MULTIPOLES]
        print(f"{name:22}{numbers[0]:8.4f}{numbers[1]:10.6f}"
              + "".join(f"{100 * c:9.3f} " for c in changes))
    if args.plot:
        plot(results, ell, args)


def plot(results, ell, args):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    k, pk, cl, _ = results["degeneracy"]
    for name, (_, pk_i, cl_i, _) in list(results.items())[1:]:
        axes[0].semilogx(k, 100 * (pk_i / pk - 1), label=name)
        for ax, x in zip(axes[1:], ("tt", "pp"), strict=True):
            ax.plot(ell, 100 * (cl_i[x][2:] / cl[x][2:] - 1), label=name)
    for ax, title in zip(axes, ("$P(k)$", "TT", r"$\phi\phi$"), strict=True):
        ax.axhline(0, color="k", lw=0.8)
        ax.set(title=title, xlabel=r"$\ell$")
    axes[0].set(xlabel=r"$k$ [$h$/Mpc]", ylabel="against degeneracy [%]")
    axes[0].legend()
    fig.suptitle(rf"$n_\chi = {args.n_chi:g}$, $\sum m_\nu = {args.m_nu_sum:g}$ eV")
    fig.savefig(args.plot, dpi=150)


def bound(args):
    grid = np.linspace(0, 0.36, 10)
    print(f"{'':24}{'best chi2':>10}{'Sigma m_nu < [eV]':>19}{'ratio':>8}")
    standard = None
    for n_chi, phase_space in [(0, "degeneracy"), *((args.n_chi, name) for name in PHASE_SPACES)]:
        chi2 = profile(n_chi, phase_space, grid)
        limit = upper_limit(grid, chi2)
        standard = standard or limit
        name = "LCDM" if n_chi == 0 else f"n_chi = {n_chi:g}, {phase_space}"
        print(f"{name:24}{chi2.min():10.2f}{limit:19.4f}{limit / standard:8.3f}")


def profile(n_chi, phase_space, grid):
    """Best chi2 at each Sigma m_nu."""
    model = get_model({
        "theory": {"sidr.theory.SIDR": {
            "n_chi": n_chi, "phase_space": phase_space,
            "extra_args": {"background_Nloga": 6000, "thermo_Nz_lin": 4000, "thermo_Nz_log": 1000}}},
        "likelihood": {"sidr.likelihoods.DESI_DR2": None, "sidr.likelihoods.CMBCompressed": None},
        "params": {name: {"prior": {"min": 0, "max": 100}} for name in ("omega_b", "omega_cdm", "H0")}
        | ({"log10_G_eff": -4} if n_chi else {}) | {"m_nu_sum": {"prior": {"min": 0, "max": 2}}}})
    scale = np.array([1.5e-4, 8e-4, 0.4])
    x = np.zeros(3)
    best = []
    for m in tqdm(grid, desc=f"{n_chi:g} {phase_space}", unit="m"):
        def chi2(x, m=m):
            values = np.array([0.0224, 0.118, 68.3]) + scale * x
            point = dict(zip(("omega_b", "omega_cdm", "H0"), values, strict=True)) | {"m_nu_sum": m}
            return -2 * np.sum(model.loglikes(point, return_derived=False))
        result = minimize(chi2, x, method="Powell", options={"xtol": 1e-2, "ftol": 1e-6})
        x = result.x
        best.append(result.fun)
    return np.array(best)


def upper_limit(grid, chi2):
    """95% quantile of exp(-chi2/2) over the grid."""
    fine = np.linspace(grid[0], grid[-1], 2001)
    posterior = np.exp(-(CubicSpline(grid, chi2)(fine) - chi2.min()) / 2)
    cumulative = cumulative_simpson(posterior, x=fine, initial=0)
    return float(np.interp(0.95 * cumulative[-1], cumulative, fine))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("spectra")
    one.add_argument("--plot", metavar="FILE")
    one.add_argument("--m-nu-sum", type=float, default=0.12)
    one.set_defaults(run=spectra)
    two = commands.add_parser("bound")
    two.set_defaults(run=bound)
    for command in (one, two):
        command.add_argument("--n-chi", type=float, default=1)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
