r"""CLASS with neutrinos that convert into self-interacting dark radiation, emulated.

`sidr.theory.SIDREmulator` has the parameters, options and products of `sidr.theory.SIDR`: in a run file,
one line says which of the two computes. Paste, for a posterior in minutes::

    theory:
      sidr.theory.SIDREmulator: {n_chi: 1}
    likelihood:
      sidr.likelihoods.PlanckCompressed:
      sidr.likelihoods.DESI_DR2:

There are emulators for n_chi = 0, 1 and 2 (as exact numbers, and rounded as in arXiv:2506.08085), for
three neutrinos of one mass and N_tot = 3.044; spectra to l = 2508, H(z), distances, r_drag and sigma8.
Cosmologies outside the region of training are rejected and counted, or given to CLASS: the option
`fallback`. `sidr reweight` shows how good a posterior is.
"""

from cobaya.log import LoggedError
from cobaya.theories.classy import classy

import sidr.emulator
from sidr.theory.sidr import SIDR


class SIDREmulator(SIDR):
    r"""
    Emulated CLASS \cite{Blas:2011rf,Lesgourgues:2011rh} with neutrinos that convert after nucleosynthesis
    into massless, self-interacting dark radiation \cite{Das:2025asx}.
    """

    _module = sidr.emulator

    emulator: str | None
    fallback: str

    def initialize(self):
        """As of `SIDR`, and find the emulator.

        Raises
        ------
        LoggedError
            If an option is wrong, or there is no such emulator.
        """
        super().initialize()
        try:
            self.classy = sidr.emulator.Class(self.emulator, self.fallback)
        except (OSError, ValueError, sidr.emulator.CosmoSevereError) as error:
            raise LoggedError(self.log, "emulator: %s", error) from error
        self.calls = 0

    def get_helper_theories(self):
        """None: here all parameters are fast."""
        return {}

    def _split_params(self):
        pass

    def get_requirements(self):
        return {"sidr_neutrinos": None} if self.needs_neutrinos else {}

    def must_provide(self, **requirements):
        """As of Cobaya's classy.

        Raises
        ------
        LoggedError
            For what is not emulated.
        """
        classy.must_provide(self, **requirements)
        if unknown := [name for name in self.collectors if name not in PRODUCTS]:
            raise LoggedError(self.log, "%s: not emulated; take sidr.theory.SIDR.",
                              ", ".join(map(str, unknown)))

    def calculate(self, state, want_derived=True, **params):
        self.classy.outside_by = 0.0
        if self.needs_neutrinos:
            params |= self.provider.get_sidr_neutrinos()
        inputs = self.class_params_or_none(params)
        if inputs is None:
            return False
        self.calls += 1
        try:
            return classy.calculate(self, state, want_derived, **inputs)
        except sidr.emulator.CosmoSevereError as error:
            raise LoggedError(self.log, "%s", error) from error

    @property
    def outside_by(self):
        """How far outside its region the last cosmology was that is rejected; our nested sampler asks."""
        return self.classy.outside_by if self.fallback == "reject" else 0.0

    def close(self):
        if self.classy.outside:
            self.log.info("%d of %d cosmologies were outside the region of the emulator: %s.",
                          self.classy.outside, self.calls,
                          "computed by CLASS" if self.fallback == "exact" else "rejected")
        super().close()


PRODUCTS = ("Cl", "Hubble", "Omega_b", "Omega_cdm", "Omega_nu_massive", "angular_diameter_distance",
            "comoving_radial_distance")
