"""Helium from the neutrinos of `sidr.neff`, by `sidr.thermal.nucleosynthesis`."""

import numpy as np
from scipy.interpolate import CubicSpline

from sidr.constants import M_E, RHO_NU
from sidr.thermal.nucleosynthesis import Background, Nucleons, matching_radiation
from sidr.thermal.plasma import plasma


def nucleons(result):
    """`Nucleons` in the history of a `sidr.neff.Result`.

    The nu_e have the energy of each time and the spectrum of the end.

    Raises
    ------
    ValueError
        If the history does not cover nucleosynthesis.
    """
    a = result.x / M_E
    # The steps of the solver are long, and what it gives is smooth
    ln_a = np.linspace(*np.log(a[[0, -1]]), 1000)
    z, neutrinos, nu_e = CubicSpline(
        np.log(a), np.transpose([result.z, result.energies.sum(0), result.energies[0]]))(ln_a).T
    a = np.exp(ln_a)
    T = z / a
    rho = np.array([plasma(t).rho for t in T]) + RHO_NU * neutrinos / a**4
    rho_one = RHO_NU * ((4 / 11)**(1 / 3) * z[-1] / a)**4
    spectrum = result.spectra[0] * (np.exp(result.y) + 1)       # over that of equilibrium: smooth
    amount, comoving = (nu_e / nu_e[-1])[:, None], a[:, None]

    def occupation(p):
        y = p * comoving
        return amount * np.interp(y, result.y, spectrum) / (np.exp(y) + 1)

    return Nucleons(Background(ln_a, T, rho, rho_one, occupation))


def N_bbn(result, standard):
    """Effective number with which the standard model would make as much helium.

    Parameters
    ----------
    result, standard : sidr.neff.Result
        With the sterile neutrinos, and of the standard model, solved in the same way.

    Returns
    -------
    float
        N_TOT for the standard model itself.

    Raises
    ------
    ValueError
        If there is none from 1 to 10^4, or if the histories do not cover nucleosynthesis.
    """
    return matching_radiation(nucleons(result), nucleons(standard))
