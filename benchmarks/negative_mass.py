"""The figure of docs/negative_mass.md: three definitions of a negative sum of neutrino masses.

    python benchmarks/negative_mass.py [-o docs/negative_mass.png]

C_L^phiphi, D_M(z) and P(k) at Sigma m_nu = -0.1 eV over those at 0, at the same theta_s and other
parameters.
"""

import argparse

import matplotlib
import numpy as np

from sidr.classy import Class
from sidr.continuation import DEFINITIONS
from sidr.neutrinos import class_inputs

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

M_NU_SUM = -0.1
COSMOLOGY = {"omega_b": 0.02237, "omega_cdm": 0.12, "100*theta_s": 1.0411, "A_s": 2.1e-9, "n_s": 0.965,
             "tau_reio": 0.054}
SETTINGS = {"output": "tCl lCl mPk", "lensing": "yes", "l_max_scalars": 2500, "P_k_max_1/Mpc": 1,
            "ncdm_momenta_sidr": 6, "tol_perturbations_integration": 1e-6}
STYLES = {"energy": {"color": "C0", "lw": 3, "alpha": 0.5}, "extrapolate": {"color": "C1", "lw": 1.2},
          "lensing": {"color": "C2", "lw": 1.2, "ls": "--"}}

L = np.arange(2, 2501)
Z = np.geomspace(0.01, 1000, 60)
K = np.geomspace(1e-4, 0.9, 80)     # [1/Mpc]


def observables(definition, m_nu_sum):
    """C_l^phiphi at L, D_M [Mpc] at Z, P(k) [Mpc^3] at K."""
    cosmo = DEFINITIONS[definition](Class)
    cosmo.set(COSMOLOGY | SETTINGS | class_inputs(n_chi=0, m_nu_sum=m_nu_sum))
    cosmo.compute()
    return (cosmo.raw_cl(2500)["pp"][2:], np.array([cosmo.angular_distance(z) * (1 + z) for z in Z]),
            np.array([cosmo.pk_lin(k, 0) for k in K]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("-o", "--output", default="docs/negative_mass.png")
    output = arguments.parse_args().output

    massless, positive = observables("energy", 3e-8), observables("energy", -M_NU_SUM)
    panels = ((L, r"$L$", r"$C_L^{\phi\phi}$"), (Z, "$z$", "$D_M(z)$"),
              (K, "$k$ [1/Mpc]", "$P(k)$, $z = 0$"))
    fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
    curves = {definition: observables(definition, M_NU_SUM) for definition in DEFINITIONS}
    for i, (ax, (x, label, title)) in enumerate(zip(axes, panels, strict=True)):
        ax.axhline(0, color="0.7", lw=0.8)
        ax.semilogx(x, 100 * (positive[i] / massless[i] - 1), color="0.4", ls=":", label="+0.1 eV")
        for definition, values in curves.items():
            change = 100 * (values[i] / massless[i] - 1)
            ax.semilogx(x, change, label=f"{M_NU_SUM:g} eV, {definition}", **STYLES[definition])
            print(f"{title:24s} {definition:12s} largest change {change[np.abs(change).argmax()]:.3f}%")
        ax.set(xlabel=label, title=title)
    axes[0].set_ylabel("change from 0 eV [%]")
    axes[0].legend(frameon=False, fontsize="small")
    fig.savefig(output, dpi=130)


if __name__ == "__main__":
    main()
