r"""What nucleosynthesis sees of the neutrinos: the expansion, and nu_e that convert neutrons and protons.

The fraction X of neutrons follows

.. math:: \frac{dX}{dt} = -\lambda_{np} X + \lambda_{pn} (1 - X)

with the Born rates of n nu <-> p e, n e+ <-> p nu-bar and n <-> p e nu-bar. Helium takes the neutrons that
are left at T_HELIUM. Only changes of X are used: corrections of a percent to the rates, and the network,
cancel.
"""

from math import exp

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from sidr.neutrinos import N_TOT
from sidr.thermal.evolution import hubble
from sidr.thermal.plasma import plasma
from sidr.thermal.units import M_E, RHO_NU

M_N_MINUS_M_P = 1.29333236      #: [MeV], CODATA 2018
TAU_N = 878.4                   #: lifetime of the neutron [s], PDG 2022
HBAR_MEV_S = 6.582119569e-22    #: MeV s, CODATA 2018

T_START = 5.0                   #: neutrons and protons are in equilibrium [MeV]
T_HELIUM = 0.075                #: neutrons are taken into helium [MeV]

_U, _DU = np.polynomial.laguerre.laggauss(40)
_DU = _DU * np.exp(_U)
_E, _DE = np.polynomial.legendre.leggauss(24)
_E = M_E + (M_N_MINUS_M_P - M_E) * (_E + 1) / 2         # of the electron in the decay [MeV]
_DE = _DE * (M_N_MINUS_M_P - M_E) / 2


def _phase_space(E, q):
    return q**2 * E * np.sqrt(np.maximum(E**2 - M_E**2, 0))


#: Phase space of the decay in vacuum [MeV^5]
_DECAY = _DE @ _phase_space(_E, M_N_MINUS_M_P - _E)


def conversion_rates(T, f):
    """Rates of n -> p and p -> n.

    Parameters
    ----------
    T : float
        Temperature of the plasma [MeV].
    f : function
        Occupation of nu_e (and of nu-bar_e) at momenta [MeV], an ndarray.

    Returns
    -------
    n_to_p, p_to_n : float
        [MeV].
    """
    Q, u, du = M_N_MINUS_M_P, T * _U, T * _DU

    def electrons(E):
        return 1 / (np.exp(E / T) + 1)

    # n nu <-> p e-: E = q + Q
    E = u + Q
    n_nu = du @ (_phase_space(E, u) * f(u) * (1 - electrons(E)))
    p_e = du @ (_phase_space(E, u) * electrons(E) * (1 - f(u)))
    # n e+ <-> p nu-bar: q = E + Q
    E, q = u + M_E, u + M_E + Q
    n_e = du @ (_phase_space(E, q) * electrons(E) * (1 - f(q)))
    p_nu = du @ (_phase_space(E, q) * f(q) * (1 - electrons(E)))
    # n <-> p e- nu-bar
    q = Q - _E
    decay = _DE @ (_phase_space(_E, q) * (1 - electrons(_E)) * (1 - f(q)))
    p_e_nu = _DE @ (_phase_space(_E, q) * electrons(_E) * f(q))
    unit = HBAR_MEV_S / TAU_N / _DECAY
    return unit * (n_nu + n_e + decay), unit * (p_e + p_nu + p_e_nu)


def neutron_fraction(history, extra=0.0):
    """Fraction of neutrons among the nucleons when they are taken into helium.

    Parameters
    ----------
    history : sidr.neff.Result
        Its nu_e have the energy of each time and the spectrum of the end.
    extra : float
        Effective number of further radiation, that only adds to the expansion.

    Returns
    -------
    float
    """
    a = history.x / M_E
    # The steps of the solver are long, and what it gives is smooth
    ln_a = np.linspace(*np.log(a[[0, -1]]), 1000)
    z, neutrinos, nu_e = CubicSpline(
        np.log(a), np.transpose([history.z, history.energies.sum(0), history.energies[0]]))(ln_a).T
    a = np.exp(ln_a)
    neutrinos += extra * ((4 / 11)**(1 / 3) * z[-1])**4
    nu_e /= nu_e[-1]
    spectrum = history.spectra[0] * (np.exp(history.y) + 1)     # over that of equilibrium: smooth
    H = hubble(np.array([plasma(T).rho for T in z / a]) + RHO_NU * neutrinos / a**4)

    def slope(s, X):
        a = exp(s)
        z_here, H_here, nu_e_here = (np.interp(s, ln_a, values) for values in (z, H, nu_e))
        n_to_p, p_to_n = conversion_rates(
            z_here / a, lambda q: nu_e_here * np.interp(q * a, history.y, spectrum) / (np.exp(q * a) + 1))
        return (p_to_n * (1 - X) - n_to_p * X) / H_here

    start, end = np.interp([-T_START, -T_HELIUM], -z / a, ln_a)
    X = 1 / (1 + exp(M_N_MINUS_M_P / T_START))
    return solve_ivp(slope, (start, end), [X], method="LSODA", rtol=1e-7, atol=1e-10).y[0, -1]


def N_bbn(history, standard):
    """Effective number with which the standard model would make as much helium.

    Parameters
    ----------
    history, standard : sidr.neff.Result
        With the sterile neutrinos, and of the standard model, solved in the same way.

    Returns
    -------
    float
        N_TOT for the standard model itself.

    Raises
    ------
    ValueError
        If there is none between N_TOT - 2 and N_TOT + 10.
    """
    X = neutron_fraction(history)
    return N_TOT + brentq(lambda extra: neutron_fraction(standard, extra) - X, -2, 10, xtol=1e-5)
