"""Exact spectra of one cosmology, with the settings of our run files: what the emulator learns."""

import numpy as np

from sidr import precision
from sidr.classy import Class
from sidr.constants import T_CMB
from sidr.neutrinos import N_TOT, class_inputs

L_MAX = 2508
SPECTRA = ("tt", "te", "ee", "pp")

#: Inputs of CLASS that make the spectra what they are, as the run files for Planck have them.
SETTINGS = {**precision.planck, "non_linear": "hmcode", "output": "tCl pCl lCl mPk", "lensing": "yes",
            "l_max_scalars": L_MAX, "P_k_max_1/Mpc": 1}

#: Numbers of the background and of the thermal history that the emulator needs or passes on.
NUMBERS = ("H0", "100*theta_s", "z_rec", "z_d", "rs_d", "sigma8", "YHe")


def exact(point, alpha="das_ghosh"):
    """Spectra of a cosmology.

    Parameters
    ----------
    point : dict
        omega_b, omega_cdm, theta_s_100 or H0, logA, n_s, tau_reio, m_nu_sum; with chi log10_G_eff, N_chi.
    alpha : str or list
        Angular coefficients of the collision term.

    Returns
    -------
    cl : ndarray, shape (4, L_MAX + 1)
        Lensed C_l of TT, TE and EE [muK^2], and of the lensing potential, from l = 0 on.
    numbers : ndarray, shape (len(NUMBERS),)

    Raises
    ------
    sidr.classy.CosmoComputationError
        If CLASS cannot compute it.
    """
    cosmo = Class()
    cosmo.set(inputs(point, alpha))
    cosmo.compute()
    cl = cosmo.lensed_cl(L_MAX)
    units = (1e6 * T_CMB)**2
    numbers = cosmo.get_current_derived_parameters(list(NUMBERS))
    return (np.array([cl["tt"] * units, cl["te"] * units, cl["ee"] * units, cl["pp"]]),
            np.array([numbers[name] for name in NUMBERS]))


def inputs(point, alpha="das_ghosh"):
    """The inputs of CLASS for a point, see `exact`."""
    N_chi = point.get("N_chi", 0)
    neutrinos = class_inputs(N_chi=N_chi, N_nu=N_TOT - N_chi, m_nu_sum=point["m_nu_sum"])
    if "log10_G_eff" in point:
        neutrinos |= {"log10_G_eff_sidr": point["log10_G_eff"], "alpha_sidr": alpha}
    expansion = {"H0": point["H0"]} if "H0" in point else {"100*theta_s": point["theta_s_100"]}
    return neutrinos | expansion | SETTINGS | {
        "omega_b": point["omega_b"], "omega_cdm": point["omega_cdm"], "T_cmb": T_CMB,
        "A_s": 1e-10 * np.exp(point["logA"]), "n_s": point["n_s"], "tau_reio": point["tau_reio"]}
