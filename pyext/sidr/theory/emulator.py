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

import sidr.emulator
from sidr.continuation import DEFINITIONS
from sidr.emulator.cosmology import OutsideRegion
from sidr.theory.base import SIDRBase


class SIDREmulator(SIDRBase):
    r"""
    Emulated CLASS \cite{Blas:2011rf,Lesgourgues:2011rh} with neutrinos that convert after nucleosynthesis
    into massless, self-interacting dark radiation \cite{Das:2025asx}.
    """

    _module = sidr.emulator

    emulator: str | None
    fallback: str

    _outside_by = 0.0

    def initialize(self):
        """Check the options, and find the emulator.

        Raises
        ------
        LoggedError
            If an option is wrong, or there is no such emulator.
        """
        super().initialize()
        if self.negative_mass == "lensing":
            raise LoggedError(self.log, "negative_mass: lensing computes the lensing of the spectra, which "
                              "is not emulated: take sidr.theory.SIDR, or negative_mass: extrapolate.")
        try:
            self.classy = self.new_cosmology()
        except (OSError, *self._wrong) as error:
            raise LoggedError(self.log, "emulator: %s", error) from error
        self.calls = 0

    def new_cosmology(self):
        return DEFINITIONS[self.negative_mass](lambda: sidr.emulator.Class(self.emulator, self.fallback))

    def initialize_with_params(self):
        """Refuse parameters that would have no effect.

        Raises
        ------
        LoggedError
            See `SIDRBase.check_parameters`.
        """
        super().initialize_with_params()
        self.check_parameters(self.input_params)

    def get_requirements(self):
        return self.neutrino_requirements()

    def must_provide(self, **requirements):
        """As of Cobaya's classy.

        Raises
        ------
        LoggedError
            For what is not emulated.
        """
        super().must_provide(**requirements)
        if unknown := [name for name in self.collectors if name not in PRODUCTS]:
            raise LoggedError(self.log, "%s: not emulated; take sidr.theory.SIDR.",
                              ", ".join(map(str, unknown)))

    def check_cache_and_compute(self, *args, **kwargs):
        self._outside_by = 0.0
        return super().check_cache_and_compute(*args, **kwargs)

    def compute(self, state, want_derived=True, **params):
        self.calls += 1
        try:
            return super().compute(state, want_derived, **self.class_params(params, self.provider))
        except OutsideRegion as error:
            self._outside_by = error.by
            raise

    @property
    def outside_by(self):
        """How far outside the region of the emulator the last point was, if that is why it was rejected; 0
        otherwise. Our nested sampler asks."""
        return self._outside_by

    def reject(self, reason):
        """Count a rejected point; all those outside the region together, without their parameters."""
        super().reject("Outside the region of the emulator." if self.outside_by else reason)

    def close(self):
        if self.fallback == "exact" and self.classy.outside:
            self.log.info("%d of %d cosmologies were outside the region of the emulator: computed by "
                          "CLASS.", self.classy.outside, self.calls)
        super().close()


PRODUCTS = ("Cl", "Hubble", "Omega_b", "Omega_cdm", "Omega_nu_massive", "angular_diameter_distance",
            "comoving_radial_distance")
