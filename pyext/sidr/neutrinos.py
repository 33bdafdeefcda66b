r"""The neutrinos that are left: flavours of dark radiation and masses, turned into CLASS inputs.

Equilibrium after BBN shares the energy of N_tot neutrinos between three nu and n_chi flavours:

.. math:: N_\nu = \frac{3\,N_{\rm tot}}{3 + n_\chi}, \qquad
          N_\chi = \frac{n_\chi\,N_{\rm tot}}{3 + n_\chi}

arXiv:2506.08085: its Eq. (8), Sigma m_nu bound times (1 + n_chi/3), is the distribution that
`phase_space="degeneracy"` has; its temperature equations (S24-S27) give `"temperature"`.
"""

from math import inf, sqrt
from numbers import Real
from typing import NamedTuple

from scipy.optimize import brentq

N_TOT = 3.044                           #: N_eff of the standard model, arXiv:2008.01074
T_INSTANTANEOUS = (4 / 11)**(1 / 3)     #: T_nu/T_gamma if neutrinos had decoupled at once
DM2_21 = 7.5e-5                         #: m_2^2 - m_1^2 [eV^2]
DM2_3L = 2.5e-3                         #: m_3^2 - m_1^2 (normal), m_2^2 - m_3^2 (inverted) [eV^2]


class Masses(NamedTuple):
    """Masses of the three neutrinos [eV]."""
    m1: float
    m2: float
    m3: float


def class_inputs(n_chi=1, N_tot=N_TOT, N_chi=None, N_nu=None, m_nu_sum=0.06,
                 ordering="degenerate", phase_space="degeneracy"):
    """Inputs of the patched CLASS for the dark radiation and the neutrinos that are left.

    Parameters
    ----------
    n_chi : float
        Flavours of chi, any real number; 0 for standard neutrinos. Unused with N_chi and N_nu.
    N_tot : float
        Effective number of neutrinos and chi together.
    N_chi, N_nu : float, optional
        Effective numbers of chi and of neutrinos, both or neither; N_tot is then their sum.
    m_nu_sum : float
        Sum of the three masses [eV]; 0 makes the neutrinos massless.
    ordering : {"degenerate", "normal", "inverted"}
        See `masses`.
    phase_space : {"degeneracy", "temperature"}
        What N_nu < N_tot has lowered: the occupation at every momentum (number density N_nu/N_tot
        of the standard one) or the temperature (number density (N_nu/N_tot)^(3/4)).

    Returns
    -------
    dict
        N_sidr and N_ur; with masses also N_ncdm, m_ncdm [eV], T_ncdm [T_gamma] and deg_ncdm,
        comma-separated strings where there are three species.

    Raises
    ------
    ValueError
        For a value outside its range, and for numbers that contradict each other.
    """
    N_chi, N_nu = shared(n_chi, N_tot, N_chi, N_nu)
    T, deg = temperature_and_degeneracy(N_nu, N_chi + N_nu, phase_space)
    m = masses(m_nu_sum, ordering)
    if m_nu_sum == 0:
        return {"N_sidr": N_chi, "N_ur": N_nu}
    if ordering == "degenerate":    # one species stands for the three
        m, deg = m[:1], 3 * deg
    return {"N_sidr": N_chi, "N_ur": 0.0, "N_ncdm": len(m), "m_ncdm": listed(m),
            "T_ncdm": listed([T] * len(m)), "deg_ncdm": listed([deg] * len(m))}


def masses(m_nu_sum, ordering):
    """Masses of the three neutrinos from their sum.

    Parameters
    ----------
    m_nu_sum : float
        Sum of the masses [eV].
    ordering : {"degenerate", "normal", "inverted"}
        Equal masses, or the splittings DM2_21 and DM2_3L, from lightest to heaviest as in NuFIT.

    Returns
    -------
    Masses
        [eV], with a sum that is right to 1e-12 eV.

    Raises
    ------
    ValueError
        If the ordering is unknown, or the sum negative or less than what the splittings need.
    """
    m_nu_sum = real("m_nu_sum", m_nu_sum, "a finite number of eV, 0 or more")
    if ordering == "degenerate":
        return Masses(*[m_nu_sum / 3] * 3)
    if ordering == "normal":
        above_lightest = (0, DM2_21, DM2_3L)
    elif ordering == "inverted":
        above_lightest = (DM2_3L - DM2_21, DM2_3L, 0)
    else:
        raise ValueError(f"ordering = {ordering!r} must be degenerate, normal or inverted.")

    def split(lightest):
        return Masses(*(sqrt(lightest**2 + dm2) for dm2 in above_lightest))

    if m_nu_sum < (minimum := sum(split(0))):
        raise ValueError(f"m_nu_sum = {m_nu_sum} eV is below {minimum:.6f} eV, the minimum of "
                         f"the {ordering} ordering; take more, or ordering='degenerate'.")
    return split(brentq(lambda m: sum(split(m)) - m_nu_sum, 0, m_nu_sum / 3, xtol=1e-14))


def shared(n_chi, N_tot, N_chi, N_nu):
    """(N_chi, N_nu), as given or from n_chi and N_tot."""
    N_tot = real("N_tot", N_tot, "a finite number above 0", positive=True)
    if N_chi is None and N_nu is None:
        n_chi = real("n_chi", n_chi, "a finite number, 0 (standard neutrinos) or more")
        return N_tot * (n_chi / (3 + n_chi)), N_tot * (3 / (3 + n_chi))
    if N_chi is None or N_nu is None:
        raise ValueError(f"N_chi = {N_chi!r} and N_nu = {N_nu!r}: one alone leaves the other "
                         "unknown; give both, or n_chi and N_tot.")
    N_chi = real("N_chi", N_chi, "a finite number, 0 or more")
    N_nu = real("N_nu", N_nu, "a finite number above 0", positive=True)
    if N_tot != N_TOT and abs(N_tot - N_chi - N_nu) > 1e-6:
        raise ValueError(f"N_tot = {N_tot:g} is not N_chi + N_nu = {N_chi + N_nu:g}; leave N_tot "
                         "out, or give n_chi in place of N_chi and N_nu.")
    return N_chi, N_nu


def temperature_and_degeneracy(N_nu, N_tot, phase_space):
    """T_ncdm [T_gamma] and deg_ncdm of each of the three neutrinos; N_nu = 3 deg (T/T_inst)^4."""
    T = T_INSTANTANEOUS * (N_tot / 3)**(1 / 4)
    if phase_space == "degeneracy":
        return T, N_nu / N_tot
    if phase_space == "temperature":
        return T * (N_nu / N_tot)**(1 / 4), 1.0
    raise ValueError(f"phase_space = {phase_space!r} must be 'degeneracy' or 'temperature'; "
                     "'fugacity' is not available yet, it comes with the thermal history.")


def real(name, value, allowed, positive=False):
    """`value` as a float, if it is finite and 0 or more, or above 0 if `positive`."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value < inf or (positive and value == 0):
        raise ValueError(f"{name} = {value!r} must be {allowed}.")
    return float(value)


def listed(values):
    """The number, or several as CLASS reads a list, without loss of digits."""
    return values[0] if len(values) == 1 else ",".join(map(repr, values))
