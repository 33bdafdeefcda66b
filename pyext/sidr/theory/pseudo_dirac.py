r"""Pseudo-Dirac neutrinos for Cobaya: the splitting of a pair becomes the N_eff of its sterile neutrinos.

Paste, for the bound that a measured N_eff gives, without CLASS::

    theory:
      sidr.theory.PseudoDirac: {j: 3}
    likelihood:
      sidr.likelihoods.Neff: {measurement: act_dr6, parameter: N_eff_tot}

or, for spectra, with a theory that gives the sterile neutrinos to CLASS::

    theory:
      sidr.theory.PseudoDirac: {j: 3}
      sidr.theory.SIDR: {n_chi: 0, pseudo_dirac: true, precision: planck}

`log10_dm2` is sampled (|delta m_j^2| in eV^2; the sign does not matter); Delta_N_eff, N_eff_tot and N_bbn
are derived, from the table of `sidr.neff.table`.

The abundance of helium: nucleosynthesis sees the sterile neutrinos in the expansion, and fewer nu_e, which
leave more neutrons. CLASS gets the N_bbn of an expansion that would make as much helium
(`sidr.neff.nucleosynthesis`); it is larger than N_eff_tot.
"""

from cobaya.log import LoggedError
from cobaya.theory import Theory

from sidr.neff.table import interpolation
from sidr.neutrinos import N_TOT


class PseudoDirac(Theory):
    r"""
    N_eff of a pseudo-Dirac pair of neutrinos \cite{Fong:2025nfp}.
    """

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

    def get_can_provide(self):
        return ["sidr_neutrinos"]

    def get_sidr_neutrinos(self):
        """Arguments of `SIDR.class_params` at the current point, a dictionary."""
        return self.current_state["sidr_neutrinos"]

    def calculate(self, state, want_derived=True, **params):
        try:
            extra = self.extra(params["log10_dm2"])
        except ValueError as error:
            self.log.debug("%s Assigning 0 likelihood and going on.", error)
            return False
        N_bbn = N_TOT + extra.N_bbn
        state["sidr_neutrinos"] = {"N_sterile": extra.N_eff, "pair": self.j, "N_bbn": N_bbn}
        state["derived"] = {"Delta_N_eff": extra.N_eff, "N_eff_tot": N_TOT + extra.N_eff, "N_bbn": N_bbn}
