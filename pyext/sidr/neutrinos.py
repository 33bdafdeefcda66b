r"""The neutrino sector: dark radiation and the neutrinos that are left, for CLASS and for all else.

    from sidr.neutrinos import sector
    sector(n_chi=1, m_nu_sum=0.1).class_inputs()

Equilibrium after BBN shares the energy of N_tot neutrinos between three nu and n_chi flavours:

.. math:: N_\nu = \frac{3\,N_{\rm tot}}{3 + n_\chi}, \qquad
          N_\chi = \frac{n_\chi\,N_{\rm tot}}{3 + n_\chi}

arXiv:2506.08085: its Eq. (8), Sigma m_nu bound times (1 + n_chi/3), is the distribution that
`phase_space="degeneracy"` has; its temperature equations (S24-S27) give `"temperature"`, and
conservation of energy and number (S5-S17) `"fugacity"`, where N_tot is larger after the conversion.
"""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from sidr.checks import choice, mass_state, number
from sidr.oscillations import ROUNDED_SPLITTINGS

N_TOT = 3.044                           #: N_eff of the standard model, arXiv:2008.01074
T_INSTANTANEOUS = (4 / 11)**(1 / 3)     #: T_nu/T_gamma if neutrinos had decoupled at once

#: What the conversion can leave of the distribution of the neutrinos
PHASE_SPACES = ("degeneracy", "temperature", "fugacity")


class Masses(NamedTuple):
    """Masses of the three neutrinos [eV]."""
    m1: float
    m2: float
    m3: float


class Species(NamedTuple):
    """Massive neutrinos of one mass and one phase-space distribution, 1/(exp(p/T)/z + 1)."""
    m: float        # [eV]
    T: float        # [T_gamma]
    weight: float   # 1 for one neutrino and its antineutrino
    z: float = 1.0  # fugacity


class ImpossibleNeutrinos(ValueError):
    """No neutrinos are like this, though every number is in its range: a point to be rejected."""


@dataclass(frozen=True)
class NeutrinoSector:
    """Dark radiation and neutrinos of a cosmology, after the conversion.

    Attributes
    ----------
    N_chi : float
        Effective number of the dark radiation chi.
    N_ur : float
        Effective number of massless neutrinos and other free-streaming radiation.
    species : tuple of Species
        Massive neutrinos: none, one of degenerate mass for all three, or one of each mass state.
    N_bbn : float, optional
        Effective number that nucleosynthesis sees; if not given, that of today's radiation.
    T_chi : float, optional
        Temperature of chi [T_gamma], which enters its damping rate; if not given, (4/11)^(1/3).
    """
    N_chi: float
    N_ur: float
    species: tuple[Species, ...] = ()
    N_bbn: float | None = None
    T_chi: float | None = None

    @property
    def m_nu_sum(self):
        """Sum of the three masses [eV]."""
        return 3 * sum(s.m for s in self.species) / len(self.species) if self.species else 0.0

    def class_inputs(self):
        """Inputs of the patched CLASS.

        Returns
        -------
        dict
            N_sidr and N_ur; with masses also N_ncdm, m_ncdm [eV], T_ncdm [T_gamma] and deg_ncdm,
            comma-separated strings where there are three species; fugacity_ncdm, N_bbn_sidr and T_sidr
            where they are not CLASS's defaults.
        """
        inputs = {"N_sidr": self.N_chi, "N_ur": self.N_ur}
        if self.N_bbn is not None:
            inputs["N_bbn_sidr"] = self.N_bbn
        if self.T_chi is not None and self.N_chi > 0:
            inputs["T_sidr"] = self.T_chi
        if not self.species:
            return inputs
        m, T, weight, z = zip(*self.species, strict=True)
        if z != (1,) * len(z):
            inputs["fugacity_ncdm"] = as_list(z)
        return inputs | {"N_ncdm": len(m), "m_ncdm": as_list(m), "T_ncdm": as_list(T),
                         "deg_ncdm": as_list(weight)}

    @classmethod
    def from_class_inputs(cls, inputs):
        """The sector that these inputs of CLASS describe; the inverse of `class_inputs`.

        Parameters
        ----------
        inputs : dict
            Those of `CLASS_INPUTS` that are set.

        Raises
        ------
        ValueError
            If a list has not as many entries as there are species, or an entry is not a number.
        """
        def one(name, default):
            return numbers(name, inputs[name])[0] if name in inputs else default

        N_ncdm = int(one("N_ncdm", 0))
        columns = []
        for name, default in (("m_ncdm", None), ("T_ncdm", CLASS_T_NCDM), ("deg_ncdm", 1.0),
                              ("fugacity_ncdm", 1.0)):
            values = numbers(name, inputs[name]) if name in inputs else [default] * N_ncdm
            if len(values) != N_ncdm or None in values:
                raise ValueError(f"{name} = {inputs.get(name)!r}, but there are N_ncdm = {N_ncdm} species: "
                                 "give as many.")
            columns.append(values)
        return cls(one("N_sidr", 0.0), one("N_ur", CLASS_N_UR),
                   tuple(Species(*row) for row in zip(*columns, strict=True)), one("N_bbn_sidr", None),
                   one("T_sidr", None))

    def differences(self, other, rtol=1e-9):
        """Where two sectors differ by more than rounding.

        Returns
        -------
        dict of tuple
            By the name of CLASS's input its value here and in the other.
        """
        ours, theirs = self.class_inputs(), other.class_inputs()
        return {name: (ours.get(name), theirs.get(name)) for name in CLASS_INPUTS
                if not same(name, ours.get(name), theirs.get(name), rtol)}


#: The inputs of CLASS that a sector has
CLASS_INPUTS = ("N_sidr", "N_ur", "N_ncdm", "m_ncdm", "T_ncdm", "deg_ncdm", "fugacity_ncdm", "N_bbn_sidr",
                "T_sidr")

#: CLASS's defaults, of input.c
CLASS_N_UR, CLASS_T_NCDM = 3.044, 0.71611


def class_inputs(**neutrinos):
    """Inputs of the patched CLASS for the dark radiation and the neutrinos that are left.

    Parameters and errors are those of `sector`; the dictionary is that of `NeutrinoSector.class_inputs`.
    """
    return sector(**neutrinos).class_inputs()


def sector(n_chi=1, N_tot=N_TOT, N_chi=None, N_nu=None, m_nu_sum=0.06, ordering="degenerate",
           phase_space="degeneracy", N_extra=0.0, N_bbn=None, N_sterile=0.0, pair=3):
    """The neutrino sector of a number of flavours of chi and a sum of masses.

    Parameters
    ----------
    n_chi : float
        Flavours of chi, any real number; 0 for standard neutrinos. Unused with N_chi and N_nu.
    N_tot : float
        Effective number of the neutrinos before the conversion; also that of neutrinos and chi after
        it, unless phase_space is "fugacity".
    N_chi, N_nu : float, optional
        Effective numbers of chi and of neutrinos after the conversion, both or neither, instead of
        n_chi and N_tot.
    m_nu_sum : float
        Sum of the three masses [eV]; 0 makes the neutrinos massless. Below 0 it is the effective sum of
        docs/negative_mass.md (arXiv:2407.10965), for the degenerate ordering and N_sterile = 0 only.
    ordering : {"degenerate", "normal", "inverted"}
        See `masses`.
    phase_space : {"degeneracy", "temperature", "fugacity"}
        What N_nu < N_tot has lowered: the occupation at every momentum (number density N_nu/N_tot
        of the standard one), the temperature (number density (N_nu/N_tot)^(3/4)), or the fugacity z of
        1/(exp(p/T)/z + 1), with z and T as `sidr.thermal.equilibrium` gives them (number density
        3/(3 + n_chi), and a harder spectrum). The last heats neutrinos and chi as phi disappears: N_chi
        and N_nu are those of equilibrium, in place of the equations above.
    N_extra : float
        Effective number of other, massless and free-streaming radiation, which has been there since before
        nucleosynthesis; on top of all others.
    N_bbn : float, optional
        Effective number that nucleosynthesis sees, for the abundance of helium; if not given, that of
        before the conversion.
    N_sterile : float
        Effective number of sterile neutrinos that have mixed with the others before nucleosynthesis, on top
        of N_tot; for standard neutrinos only, n_chi = 0.
    pair : {1, 2, 3}
        Mass state that is a pseudo-Dirac pair: the sterile neutrinos have its mass, and the spectrum of the
        others.

    Returns
    -------
    NeutrinoSector

    Raises
    ------
    ImpossibleNeutrinos
        If the sum of the masses is less than the ordering needs.
    ValueError
        For a value outside its range, and for numbers that contradict each other.
    """
    given = N_chi is not None
    N_chi, N_nu = shares(n_chi, N_tot, N_chi, N_nu)
    z = heating = 1.0
    if phase_space == "fugacity" and N_chi > 0:
        z, heating = equilibrium_with_chi(3 * N_chi / N_nu)
        if not given:
            N_chi, N_nu = heating * N_chi, heating * N_nu
    N_tot = N_chi + N_nu
    T, weight = temperature_and_degeneracy(N_nu, N_tot, phase_space, z)
    m = masses(m_nu_sum, ordering)
    N_sterile = checked_sterile(N_sterile, pair, N_chi)
    if N_sterile > 0 and m_nu_sum < 0:
        raise ValueError(f"m_nu_sum = {m_nu_sum:g} eV: a pseudo-Dirac pair (N_sterile = {N_sterile:g}) "
                         "needs masses of 0 or more; take those, or N_sterile = 0.")
    N_extra = number("N_extra", N_extra, least=0)

    before = N_tot / heating + N_sterile + N_extra
    N_bbn = number("N_bbn", before if N_bbn is None else N_bbn, above=0)
    if abs(N_bbn - N_tot - N_sterile - N_extra) <= 1e-9:
        N_bbn = None        # as CLASS counts by itself
    if m_nu_sum == 0:
        return NeutrinoSector(N_chi, N_nu + N_sterile + N_extra, N_bbn=N_bbn)
    weights = [weight] * 3
    weights[pair - 1] += 3 * N_sterile / N_nu
    if ordering == "degenerate":    # one species stands for the three
        m, weights = m[:1], [sum(weights)]
    return NeutrinoSector(N_chi, N_extra, tuple(Species(*row, z) for row in zip(m, [T] * len(m), weights,
                                                                               strict=True)), N_bbn)


def masses(m_nu_sum, ordering):
    """Masses of the three neutrinos from their sum.

    Parameters
    ----------
    m_nu_sum : float
        Sum of the masses [eV]; the effective sum below 0 is of degenerate masses.
    ordering : {"degenerate", "normal", "inverted"}
        Equal masses, or masses with `sidr.oscillations.ROUNDED_SPLITTINGS`, numbered as in NuFIT.

    Returns
    -------
    Masses
        [eV], with a sum that is right to 1e-12 eV.

    Raises
    ------
    ImpossibleNeutrinos
        If the sum is less than what the splittings need.
    ValueError
        If the ordering is unknown, or the sum is not a finite number.
    """
    m_nu_sum = number("m_nu_sum", m_nu_sum, "eV")
    if choice("ordering", ordering, ("degenerate", *ROUNDED_SPLITTINGS)) == "degenerate":
        return Masses(*[m_nu_sum / 3] * 3)
    m2 = ROUNDED_SPLITTINGS[ordering].m2
    above_lightest = (m2 - m2.min()).tolist()

    def split(lightest):
        return Masses(*(sqrt(lightest**2 + dm2) for dm2 in above_lightest))

    if m_nu_sum < (minimum := sum(split(0))):
        raise ImpossibleNeutrinos(
            f"m_nu_sum = {m_nu_sum} eV is below {minimum:.6f} eV, the minimum of the {ordering} ordering; "
            "take more, or ordering='degenerate'.")
    return split(brentq(lambda m: sum(split(m)) - m_nu_sum, 0, m_nu_sum / 3, xtol=1e-14))


def shares(n_chi, N_tot, N_chi, N_nu):
    """(N_chi, N_nu), as given or from n_chi and N_tot."""
    N_tot = number("N_tot", N_tot, above=0)
    if N_chi is None and N_nu is None:
        n_chi = number("n_chi", n_chi, least=0)
        return N_tot * (n_chi / (3 + n_chi)), N_tot * (3 / (3 + n_chi))
    if N_chi is None or N_nu is None:
        raise ValueError(f"N_chi = {N_chi!r} and N_nu = {N_nu!r}: one alone leaves the other "
                         "unknown; give both, or n_chi and N_tot.")
    N_chi = number("N_chi", N_chi, least=0)
    N_nu = number("N_nu", N_nu, above=0)
    if N_tot != N_TOT and abs(N_tot - N_chi - N_nu) > 1e-6:
        raise ValueError(f"N_tot = {N_tot:g} is not N_chi + N_nu = {N_chi + N_nu:g}; leave N_tot "
                         "out, or give n_chi in place of N_chi and N_nu.")
    return N_chi, N_nu


def checked_sterile(N_sterile, pair, N_chi):
    """N_sterile as a float, if it and its mass state are possible."""
    N_sterile = number("N_sterile", N_sterile, least=0)
    if N_sterile > 0 and N_chi > 0:
        raise ValueError(f"N_sterile = {N_sterile:g}: what of sterile neutrinos converts into chi is not "
                         "known; take n_chi = 0.")
    mass_state("pair", pair)
    return N_sterile


def equilibrium_with_chi(n_chi):
    """(z_f, N_eff after over N_eff before) of a conversion that conserves energy and number."""
    from sidr.thermal import equilibrium  # which needs the masses from here

    result = equilibrium(n_chi)
    return result.z_f, result.N_eff / 3


def temperature_and_degeneracy(N_nu, N_tot, phase_space, z=1.0):
    """T_ncdm [T_gamma] and deg_ncdm of each of the three neutrinos, with fugacity z."""
    choice("phase_space", phase_space, PHASE_SPACES)
    T = T_INSTANTANEOUS * (N_tot / 3)**(1 / 4)
    if phase_space == "degeneracy":
        return T, N_nu / N_tot
    if phase_space == "temperature":
        return T * (N_nu / N_tot)**(1 / 4), 1.0
    from sidr.statistics import fermi

    # fugacity: N_nu = 3 (T/T_inst)^4 Li_4(-z)/Li_4(-1), (S17)
    return T_INSTANTANEOUS * (N_nu / 3 * fermi(4, 1) / fermi(4, z))**(1 / 4), 1.0


def as_list(values):
    """The number, or several as CLASS reads a list, without loss of digits."""
    return values[0] if len(values) == 1 else ",".join(map(repr, values))


def numbers(name, values):
    """List of the numbers of CLASS's input `name`: a number, a sequence, or a text with commas."""
    if isinstance(values, str):
        values = values.split(",")
    try:
        return [float(x) for x in np.atleast_1d(values)]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} = {values!r} is not a list of numbers.") from error


def same(name, ours, theirs, rtol):
    """Whether two values of an input of CLASS, None where it is not set, are equal to rounding."""
    if ours is None or theirs is None:
        return ours is theirs
    return np.allclose(numbers(name, ours), numbers(name, theirs), rtol=rtol, atol=0)
