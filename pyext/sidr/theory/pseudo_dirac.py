r"""Pseudo-Dirac neutrinos for Cobaya: the splitting of a pair becomes the N_eff of its sterile neutrinos.

Paste, for the bound that a measured N_eff gives, without CLASS::

    theory:
      sidr.theory.PseudoDirac: {j: 3}
    likelihood:
      sidr.likelihoods.Neff: {measurement: act_dr6, parameter: N_eff_tot}

or, for spectra, with a theory that gives the sterile neutrinos to CLASS::

    theory:
      sidr.theory.PseudoDirac: {j: 3}
      sidr.theory.SIDR: {n_chi: 0, neutrinos: sidr.theory.PseudoDirac, precision: planck}

`log10_dm2` is sampled (|delta m_j^2| in eV^2; the sign does not matter); Delta_N_eff, N_eff_tot and N_bbn
are derived, from the table of `sidr.neff.table`.

The abundance of helium: nucleosynthesis sees the sterile neutrinos in the expansion, and fewer nu_e, which
leave more neutrons. CLASS gets the N_bbn of an expansion that would make as much helium
(`sidr.neff.helium`); it is larger than N_eff_tot.
"""

from cobaya.log import LoggedError

from sidr.neff.table import interpolation
from sidr.neutrinos import N_TOT, sector
from sidr.theory.neutrinos import NeutrinoTheory


class PseudoDirac(NeutrinoTheory):
    r"""
    N_eff of a pseudo-Dirac pair of neutrinos \cite{Fong:2025nfp}.
    """

    _wrong = (ValueError,)

    j: int
    ordering: str

    def initialize(self):
        """Find the column of the table.

        Raises
        ------
        LoggedError
            If an option is wrong.
        """
        try:
            self.extra = interpolation(self.j, self.ordering)
        except ValueError as error:
            raise LoggedError(self.log, "%s", error) from error

    @classmethod
    def determines(cls):
        return frozenset({"N_sterile", "pair", "N_bbn"})

    @classmethod
    def without_chi(cls):
        return True

    def get_neutrino_sector(self, **arguments):
        """The sector of standard neutrinos with the sterile ones, see `NeutrinoTheory`."""
        extra = self.current_state["extra"]
        result = sector(**arguments, N_sterile=extra.N_eff, pair=self.j, N_bbn=N_TOT + extra.N_bbn)
        if result.N_chi > 0:
            raise ValueError("A pseudo-Dirac pair beside chi: what of sterile neutrinos converts into chi "
                             "is not known; take n_chi = 0.")
        return result

    def compute(self, state, want_derived=True, **params):
        state["extra"] = extra = self.extra(params["log10_dm2"])
        state["derived"] = {"Delta_N_eff": extra.N_eff, "N_eff_tot": N_TOT + extra.N_eff,
                            "N_bbn": N_TOT + extra.N_bbn}
