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
`N_chi` and `N_nu` may be sampled as well. A point that has no neutrinos (a Sigma m_nu below the
minimum of the mass ordering) is rejected like one that CLASS cannot compute.

With `thermal_history: true`, masses and couplings of the particle model are sampled in place of
log10_G_eff; `sidr.theory.ThermalHistory` makes G_eff, N_chi and N_nu of them. With `pseudo_dirac: true` and
`n_chi: 0`, `sidr.theory.PseudoDirac` adds the sterile neutrinos that a pseudo-Dirac pair has made.

A_s, n_s, alpha_s and k_pivot are fast parameters: with them alone changed, background, perturbations
and transfer functions are kept, in a theory `sidr.transfers` that appears beside this one.
"""

import inspect
import sys
from contextlib import contextmanager

from cobaya.log import LoggedError
from cobaya.theories.classy import classy

import sidr.classy
from sidr import precision
from sidr.classy import calibration
from sidr.classy.incremental import AMPLITUDES_BY_SHOOTING, PRIMORDIAL_INPUTS
from sidr.neutrinos import class_inputs
from sidr.theory.transfers import SIDRTransfers

ARGUMENTS = frozenset(inspect.signature(class_inputs).parameters)

#: What a run or another theory gives to `class_inputs`; the other argument can be an option only.
NEUTRINO_PARAMS = ARGUMENTS - {"phase_space"}

#: Options that ask another theory for the neutrinos; that theory, and what is then its result
SOURCES = {
    "thermal_history": ("sidr.theory.ThermalHistory",
                        {"n_chi", "N_chi", "N_nu", "N_tot", "N_bbn", "log10_G_eff"}),
    "pseudo_dirac": ("sidr.theory.PseudoDirac", {"N_sterile", "pair", "N_bbn"}),
}


@contextmanager
def as_classy(module):
    """Let `import classy` find another module, here only."""
    stock = sys.modules.get("classy")
    sys.modules["classy"] = module
    try:
        yield
    finally:
        if stock is None:
            del sys.modules["classy"]
        else:
            sys.modules["classy"] = stock


class SIDR(classy):
    r"""
    CLASS \cite{Blas:2011rf,Lesgourgues:2011rh} with neutrinos that convert after nucleosynthesis
    into massless, self-interacting dark radiation \cite{Das:2025asx}.
    """

    _module = sidr.classy   # what Cobaya's classy uses as its own

    n_chi: float | None
    N_tot: float | None
    N_chi: float | None
    N_nu: float | None
    alpha: str | list
    phase_space: str
    N_bbn: float | None
    N_sterile: float | None
    pair: int | None
    thermal_history: bool
    pseudo_dirac: bool
    ordering: str
    precision: str

    @classmethod
    def get_modified_defaults(cls, defaults, input_options=None):
        """Without chi there is no coupling to sample, and no decoupling; or both come from elsewhere."""
        elsewhere = ()
        if without_chi(input_options or {}):
            elsewhere = ("log10_G_eff", "z_dec_sidr")
        elif (input_options or {}).get("thermal_history"):
            elsewhere = ("log10_G_eff", "m_nu_sum")
        for name in elsewhere:
            defaults["params"].pop(name, None)
        return defaults

    @classmethod
    def is_installed(cls, **kwargs):
        return True

    def initialize(self):
        """Find the patched CLASS and check the options.

        Raises
        ------
        LoggedError
            If an option is wrong, or two contradict each other.
        """
        self.options = {name: value for name in ARGUMENTS - {"m_nu_sum"}
                        if (value := getattr(self, name)) is not None}
        self._check_options()
        self.extra_args = self._precision_settings() | (self.extra_args or {})
        self._check_calibration()
        with as_classy(self._module):
            super().initialize()
        self.renames = self.renames | {"N_eff": "Neff"}
        self.params = {}  # the run has taken the defaults; take all other parameters too, as classy

    def _check_options(self):
        """Try the options on one point that every mass ordering allows."""
        if "n_chi" in self.options and {"N_chi", "N_nu"} & self.options.keys():
            raise LoggedError(self.log, "n_chi = %r and N_chi = %r, N_nu = %r say the same twice: give "
                              "either n_chi or both of the others.", self.n_chi, self.N_chi, self.N_nu)
        for source in self._sources():
            theory, results = SOURCES[source]
            if clash := results & self.options.keys():
                raise LoggedError(self.log, "%s: true takes %s from %s: remove it here.", source,
                                  ", ".join(sorted(clash)), theory)
        if self.pseudo_dirac and (self.thermal_history or not without_chi(self.options)):
            raise LoggedError(self.log, "pseudo_dirac: true is for neutrinos that do not convert: give "
                              "n_chi: 0, and no thermal_history.")
        try:
            inputs = class_inputs(**self.options, m_nu_sum=0.2)
        except (TypeError, ValueError) as error:
            raise LoggedError(self.log, "%s", error) from error
        cosmo = sidr.classy.Class()
        try:
            cosmo.set(inputs, alpha_sidr=self.alpha, output="")
            cosmo.compute(["background"])
        except sidr.classy.CosmoSevereError as error:
            raise LoggedError(self.log, "alpha = %r: %s", self.alpha, error) from error

    def _sources(self):
        """The options among `SOURCES` that are on."""
        return [source for source in SOURCES if getattr(self, source)]

    def _precision_settings(self):
        """Dictionary of CLASS's inputs that `precision` names."""
        try:
            return precision.settings[self.precision]
        except (KeyError, TypeError) as error:
            raise LoggedError(self.log, "precision = %r: give one of %s; other settings of CLASS go into "
                              "extra_args.", self.precision, ", ".join(precision.settings)) from error

    def _check_calibration(self):
        """Refuse settings that the calibration of the spectra does not belong to."""
        try:
            chosen = calibration.load(self.extra_args.get("cl_calibration", calibration.NONE))
            if chosen:
                chosen.check(self.extra_args)
        except sidr.classy.CosmoSevereError as error:
            raise LoggedError(self.log, "extra_args: %s", error) from error

    def get_helper_theories(self):
        """The theory that takes all parameters but those of the primordial spectrum."""
        self._transfers = SIDRTransfers(self, "sidr.transfers")
        # Where Cobaya does not measure speeds: the ratios of benchmarks/primordial.py
        self.speed *= 20 if self.extra_args["non_linear"] == "none" else 3
        return {"sidr.transfers": self._transfers}

    def initialize_with_params(self):
        """Refuse a coupling that nothing would feel; give the helper its parameters.

        Raises
        ------
        LoggedError
            If `log10_G_eff` is a parameter of a run without chi, or a parameter is another theory's result.
        """
        super().initialize_with_params()
        for source in self._sources():
            theory, results = SOURCES[source]
            if clash := results & set(self.input_params):
                raise LoggedError(self.log, "%s: a parameter of the run, and with %s: true a result of %s; "
                                  "remove the parameter.", ", ".join(sorted(clash)), source, theory)
        if "log10_G_eff" in self.input_params and without_chi(vars(self)):
            raise LoggedError(self.log, "log10_G_eff is a parameter, but n_chi = 0 leaves no dark "
                              "radiation that it could couple: remove it, or take n_chi > 0.")
        self._split_params()

    def _split_params(self):
        """Give the helper the parameters that are not primordial."""
        params = [*self._transfers.input_params, *self.input_params]
        fast = self._primordial_params(params)
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

    @property
    def needs_neutrinos(self):
        """Whether another theory gives the neutrinos."""
        return bool(self._sources())

    def set_transfers(self, cosmo, inputs):
        """Give a `Class` the inputs of the helper, and a spectrum which the helper does not use."""
        self.classy = cosmo
        self.set(inputs | dict.fromkeys(self.input_params, 1))

    def calculate(self, state, want_derived=True, **primordial):
        self.classy, inputs = self.provider.get_sidr_transfers()
        return super().calculate(state, want_derived, **inputs, **primordial)

    def class_params(self, params):
        """Parameters of the run, with chi and the neutrinos as CLASS wants them.

        Parameters
        ----------
        params : dict
            Parameters of the run and their values.

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            From `class_inputs`.
        """
        neutrinos = {name: params[name] for name in NEUTRINO_PARAMS & params.keys()}
        inputs = class_inputs(**(self.options | neutrinos)) | {"alpha_sidr": self.alpha}
        if "log10_G_eff" in params:
            inputs["log10_G_eff_sidr"] = params["log10_G_eff"]
        return inputs | {name: value for name, value in params.items()
                         if name not in NEUTRINO_PARAMS | {"log10_G_eff"}}

    def class_params_or_none(self, params):
        """As `class_params`, or None where there are no such neutrinos: the point is rejected.

        Raises
        ------
        LoggedError
            There, with `stop_at_error`.
        """
        try:
            return self.class_params(params)
        except ValueError as error:
            if self.stop_at_error:
                raise LoggedError(self.log, "%s", error) from error
            self.log.debug("No such neutrinos: %s Assigning 0 likelihood and going on.", error)
            return None

    def set(self, params_values_dict):
        # classy keeps what it was once given; massless neutrinos have fewer inputs than massive ones.
        self.classy.empty()
        super().set(params_values_dict)


def without_chi(options):
    """Whether these options leave no dark radiation."""
    N_chi, n_chi = options.get("N_chi"), options.get("n_chi")
    return (n_chi if N_chi is None else N_chi) == 0


def analytic_spectrum(extra_args):
    """Whether the primordial spectrum is that of A_s and n_s, and not a table or inflation."""
    kinds = {extra_args.get(name, "analytic_Pk") for name in ("Pk_ini_type", "P_k_ini type")}
    return kinds == {"analytic_Pk"}
