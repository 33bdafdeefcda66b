"""Pictures of the physics, each drawn from CLASS by one function."""

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

from sidr.classy import Class
from sidr.constants import T_CMB
from sidr.neutrinos import class_inputs

#: Planck 2018 best fit of LCDM, as in the benchmarks and the README.
COSMOLOGY = {"omega_b": 0.022383, "omega_cdm": 0.12011, "H0": 67.32, "tau_reio": 0.0543,
             "ln10^{10}A_s": 3.0448, "n_s": 0.96605}


def lensed_spectra(inputs, l_max=2500):
    """Lensed C_l (dimensionless) of CLASS, a dictionary with ell, tt, ee and so on.

    Parameters
    ----------
    inputs : dict
        CLASS inputs, beside `COSMOLOGY`.
    l_max : int
    """
    cosmo = Class()
    cosmo.set(COSMOLOGY, output="tCl pCl lCl", lensing="yes", l_max_scalars=l_max, **inputs)
    cosmo.compute()
    return cosmo.lensed_cl(l_max)


def spectra(log10_G_eff=(-4, -3, -2, -1.5, -1), n_chi=1, m_nu_sum=0.06, alpha="das_ghosh"):
    """TT and EE spectra against LCDM, which has the same N_eff and Sigma m_nu and no chi.

    Parameters
    ----------
    log10_G_eff : sequence of float
        Couplings, G_eff in MeV^-2, one curve each.
    n_chi, m_nu_sum
        See `sidr.neutrinos.class_inputs`; sum of masses in eV.
    alpha : str or list
        Angular coefficients, see the input `alpha_sidr`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lcdm = lensed_spectra(class_inputs(n_chi=0, m_nu_sum=m_nu_sum))
    ell = lcdm["ell"][2:]
    fig, axes = plt.subplots(2, 2, sharex=True, figsize=(10, 5.5), layout="constrained",
                             height_ratios=[2, 3])
    for spectrum, column in zip(("tt", "ee"), axes.T, strict=True):
        column[0].plot(ell, ell * (ell + 1) / (2 * np.pi) * (1e6 * T_CMB)**2 * lcdm[spectrum][2:], "k")
        column[0].set(title=spectrum.upper(), ylabel=r"$D_\ell\ [\mu\mathrm{K}^2]$")
        column[1].axhline(0, color="k", lw=0.8)
        column[1].set(xlabel=r"$\ell$", ylabel=r"$C_\ell/C_\ell^{\Lambda\mathrm{CDM}}-1$ [%]")
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(log10_G_eff)))
    for lg, color in zip(tqdm(log10_G_eff, desc="spectra", unit="G_eff"), colors, strict=True):
        cl = lensed_spectra(class_inputs(n_chi=n_chi, m_nu_sum=m_nu_sum)
                            | {"log10_G_eff_sidr": lg, "alpha_sidr": alpha})
        for spectrum, ax in zip(("tt", "ee"), axes[1], strict=True):
            ax.plot(ell, 100 * cl[spectrum][2:] / lcdm[spectrum][2:] - 100, color=color, label=f"{lg:g}")
    axes[1, 0].legend(title=r"$\log_{10}(G_\mathrm{eff}\,\mathrm{MeV}^2)$", ncols=2, fontsize="small")
    fig.suptitle(rf"$n_\chi = {n_chi:g}$, $\sum m_\nu = {m_nu_sum:g}$ eV, $\alpha_\ell$: {alpha}")
    return fig
