"""The slow half of `sidr.theory.SIDR`: transfer functions, without the primordial spectrum.

With this helper Cobaya sees that A_s and n_s are faster than the other parameters, and drags or
oversamples them; as its CAMB does.
"""

from typing import NamedTuple

from cobaya.theory import HelperTheory

from sidr.classy import Class, CosmoComputationError, CosmoSevereError


class Transfers(NamedTuple):
    """A cosmology before its primordial spectrum."""

    cosmo: Class  # has computed the transfer functions
    params: dict  # name and value of its inputs, but for the primordial ones and for `extra_args`


class SIDRTransfers(HelperTheory):
    """Background, thermodynamics, perturbations and transfer functions of a `SIDR`.

    Cobaya goes back to older points, when one is rejected and when it drags: each state that it keeps
    has its own `Class`, whose memory is freed with the state.
    """

    def __init__(self, sidr, name):
        super().__init__({"stop_at_error": sidr.stop_at_error}, name, timing=sidr.timer)
        self.sidr = sidr
        self.speed = sidr.speed

    def get_sidr_transfers(self):
        """The `Transfers` of the current point."""
        return self.current_state["transfers"]

    def get_requirements(self):
        return {"sidr_neutrinos": None} if self.sidr.needs_neutrinos else {}

    def calculate(self, state, want_derived=True, **params):
        if self.sidr.needs_neutrinos:
            params |= self.provider.get_sidr_neutrinos()
        inputs = self.sidr.class_params_or_none(params)
        if inputs is None:
            return False
        cosmo = Class()
        self.sidr.set_transfers(cosmo, inputs)
        try:
            cosmo.compute_transfers()
        except CosmoComputationError as error:
            if self.stop_at_error:
                self.log.error("CLASS cannot compute %r with %r; stop_at_error: False would reject this "
                               "point.", params, self.sidr.extra_args)
                raise
            self.log.debug("CLASS failed: %s Assigning 0 likelihood and going on.", error)
            return False
        except CosmoSevereError:
            self.log.error("CLASS does not understand %r with %r.", params, self.sidr.extra_args)
            raise
        state["transfers"] = Transfers(cosmo, inputs)
