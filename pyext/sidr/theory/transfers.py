"""The slow half of `sidr.theory.SIDR`: transfer functions, without the primordial spectrum.

With this helper Cobaya sees that A_s and n_s are faster than the other parameters, and drags or
oversamples them; as its CAMB does.
"""

from typing import NamedTuple

from cobaya.theory import HelperTheory

from sidr.classy import Class
from sidr.theory.rejection import Rejecting


class Transfers(NamedTuple):
    """A cosmology before its primordial spectrum."""

    cosmo: Class  # has computed the transfer functions
    params: dict  # name and value of its inputs, but for the primordial ones and for `extra_args`


class SIDRTransfers(Rejecting, HelperTheory):
    """Background, thermodynamics, perturbations and transfer functions of a `SIDR`.

    Cobaya goes back to older points, when one is rejected and when it drags: each state that it keeps
    has its own `Class`, whose memory is freed with the state.
    """

    def __init__(self, sidr, name):
        super().__init__({"stop_at_error": sidr.stop_at_error}, name, timing=sidr.timer)
        self.sidr = sidr
        self.speed = sidr.speed
        self._impossible, self._wrong = sidr._impossible, sidr._wrong

    def get_can_support_params(self):
        return self.sidr._supported() - set(self.sidr.get_can_support_params())

    def get_sidr_transfers(self):
        """The `Transfers` of the current point."""
        return self.current_state["transfers"]

    def get_requirements(self):
        return self.sidr.neutrino_requirements()

    def compute(self, state, want_derived=True, **params):
        inputs = self.sidr.class_params(params, self.provider)
        cosmo = self.sidr.new_cosmology()
        self.sidr.set_transfers(cosmo, inputs)
        cosmo.compute_transfers()
        state["transfers"] = Transfers(cosmo, inputs)
