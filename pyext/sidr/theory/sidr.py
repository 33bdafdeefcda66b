r"""CLASS with neutrinos that convert into self-interacting dark radiation, for Cobaya.

`sidr.theory.SIDR` is Cobaya's `classy` with the patched CLASS, which it finds in `sidr.classy`: a
stock `classy` is left alone, and a run may use both. Paste, for G_eff and Sigma m_nu::

    theory:
      sidr.theory.SIDR:
        n_chi: 1
        precision: planck
        extra_args: {non_linear: hmcode}
    likelihood:
      planck_2018_lowl.TT:
      planck_2018_lowl.EE:
      planck_2018_highl_plik.TTTEEE_lite_native:
      sidr.likelihoods.DESI_DR2:
    params:
      log10_G_eff: {prior: {min: -2.5, max: 0}}
      H0: {prior: {min: 55, max: 85}, ref: 68, proposal: 0.5, latex: H_0}
      ...

`log10_G_eff` and `m_nu_sum` are sampled with the priors of Table S1 of arXiv:2506.08085 unless the
run says otherwise (a value fixes them); `N_eff` and `z_dec_sidr` are derived. `n_chi`, `N_tot`,
`N_chi`, `N_nu` and `N_extra` (additional massless radiation) may be sampled as well. They and `m_nu_sum`
set the neutrinos of CLASS: its own inputs for them (N_ur, N_ncdm, m_ncdm ...) are refused. A point that has
no neutrinos (a Sigma m_nu below the minimum of the mass ordering) is rejected like one that CLASS cannot
compute, and at the end of a run the reasons are counted. An input that CLASS does not understand stops the
run.

Another theory may give the neutrinos, in the option `neutrinos`. With `sidr.theory.ThermalHistory` (or
`thermal_history: true`) masses and couplings of the particle model are sampled in place of log10_G_eff, and
G_eff and the neutrinos follow. With `sidr.theory.PseudoDirac` (or `pseudo_dirac: true`) and `n_chi: 0`
there are the sterile neutrinos that a pseudo-Dirac pair has made.

A_s, n_s, alpha_s and k_pivot are fast parameters: with them alone changed, background, perturbations
and transfer functions are kept, in a theory `sidr.transfers` that appears beside this one. So are A_lens,
a factor on the spectrum of the lensing potential (CLASS's A_L), and A_phiphi, another one for the lensing
that is reconstructed, and not for the lensing of temperature and polarization.

`m_nu_sum` may be below 0, by one of three definitions, the option `negative_mass`: docs/negative_mass.md.
With w0 or wa dark energy is a fluid, w = w0 + wa (1 - a), that may cross -1 (PPF); Omega_k, N_tot and the
other numbers that CLASS reads are parameters, too.
"""

from sidr.classy import AMPLITUDES
from sidr.classy.incremental import AMPLITUDES_BY_SHOOTING, PRIMORDIAL_INPUTS
from sidr.theory.base import SIDRBase
from sidr.theory.transfers import SIDRTransfers


class SIDR(SIDRBase):
    r"""
    CLASS \cite{Blas:2011rf,Lesgourgues:2011rh} with neutrinos that convert after nucleosynthesis
    into massless, self-interacting dark radiation \cite{Das:2025asx}.
    """

    def get_helper_theories(self):
        """The theory that takes all parameters but those of the primordial spectrum."""
        self._transfers = SIDRTransfers(self, "sidr.transfers")
        # Where Cobaya does not measure speeds: the ratios of benchmarks/primordial.py
        self.speed *= 20 if self.extra_args["non_linear"] == "none" else 3
        return {"sidr.transfers": self._transfers}

    def get_can_support_params(self):
        primordial = {p for p in self._supported() if self.translate_param(p) in PRIMORDIAL_INPUTS}
        return primordial | {*AMPLITUDES}

    def initialize_with_params(self):
        """Refuse parameters that would have no effect; leave the slow and the unknown ones to the helper.

        Raises
        ------
        LoggedError
            See `SIDRBase.check_parameters`.
        """
        super().initialize_with_params()
        params = dict.fromkeys([*self._transfers.input_params, *self.input_params])
        self.check_parameters(params)
        fast = self._primordial_params(params) | {*AMPLITUDES}
        self.input_params = [p for p in params if p in fast]
        self._transfers.input_params = [p for p in params if p not in fast]

    def _primordial_params(self, params):
        """Those of the parameters that leave the transfer functions as they are."""
        given = {self.translate_param(p) for p in params} | self.extra_args.keys()
        if given & AMPLITUDES_BY_SHOOTING or not analytic_spectrum(self.extra_args):
            return set()
        return {p for p in params if self.translate_param(p) in PRIMORDIAL_INPUTS}

    def get_requirements(self):
        return {"sidr_transfers": {}}

    def must_provide(self, **requirements):
        # classy looks for the tensor amplitude r in its own parameters.
        fast, self.input_params = self.input_params, [*self.input_params, *self._transfers.input_params]
        try:
            return super().must_provide(**requirements)
        finally:
            self.input_params = fast

    def set_transfers(self, cosmo, inputs):
        """Give a `Class` the inputs of the helper, and a spectrum which the helper does not use."""
        self.classy = cosmo
        self.set(inputs | dict.fromkeys(self.input_params, 1))

    def compute(self, state, want_derived=True, **primordial):
        self.classy, inputs = self.provider.get_sidr_transfers()
        return super().compute(state, want_derived, **inputs, **primordial)


def analytic_spectrum(extra_args):
    """Whether the primordial spectrum is that of A_s and n_s, and not a table or inflation."""
    kinds = {extra_args.get(name, "analytic_Pk") for name in ("Pk_ini_type", "P_k_ini type")}
    return kinds == {"analytic_Pk"}
