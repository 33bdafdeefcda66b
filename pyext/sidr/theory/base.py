"""What CLASS with chi and its emulator have in common: neutrinos, options, parameters, errors."""

import inspect
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from cobaya.component import get_component_class
from cobaya.log import LoggedError, get_logger
from cobaya.theories.classy import classy

import sidr.classy
from sidr import continuation, neutrinos, precision
from sidr.classy import AMPLITUDES, CosmoComputationError, CosmoSevereError, calibration
from sidr.classy._text import INPUTS
from sidr.cores import settle
from sidr.theory.rejection import Rejecting, words

#: Arguments of `sidr.neutrinos.sector`: options, or parameters of the run
SECTOR = frozenset(inspect.signature(neutrinos.sector).parameters)

#: Our other parameters
COUPLING = "log10_G_eff"

#: Options that are short for a theory that gives the neutrinos
SHORT = {"thermal_history": "sidr.theory.ThermalHistory", "pseudo_dirac": "sidr.theory.PseudoDirac"}

#: Inputs of CLASS that follow from our options and parameters, which are the way to set them
DETERMINED = {
    **dict.fromkeys(("N_ur", "Omega_ur", "omega_ur", "Neff"),
                    "n_chi and N_tot set the radiation; N_extra adds massless radiation to it"),
    **dict.fromkeys(("N_ncdm", "m_ncdm", "T_ncdm", "deg_ncdm", "ksi_ncdm", "Omega_ncdm", "omega_ncdm",
                     "fugacity_ncdm", "use_ncdm_psd_files", "ncdm_psd_filenames", "ncdm_psd_parameters"),
                    "m_nu_sum and n_chi set it, with the options ordering and phase_space"),
    "N_sidr": "n_chi sets it", "N_bbn_sidr": "N_bbn sets it", "alpha_sidr": "the option alpha sets it",
    **dict.fromkeys(("log10_G_eff_sidr", "G_eff_sidr"), "the parameter log10_G_eff sets it"),
}

#: Inputs of CLASS that only a fluid has
EQUATION_OF_STATE = frozenset({"w0_fld", "wa_fld"})

#: Where input.c reads numbers that make a cosmology, and not its output or precision
COSMOLOGY = {f"input_read_parameters_{part}" for part in (
    "general", "species", "injection", "primordial", "nonlinear", "lensing", "sidr")} | {"input_shooting"}


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


class SIDRBase(Rejecting, classy):
    """Base of `SIDR` and `SIDREmulator`."""

    file_base_name = "SIDR"     # the options are in SIDR.yaml

    _module = sidr.classy       # what Cobaya's classy uses as its own

    _impossible = (CosmoComputationError, neutrinos.ImpossibleNeutrinos)
    _wrong = (CosmoSevereError, ValueError)

    n_chi: float | None
    N_tot: float | None
    N_chi: float | None
    N_nu: float | None
    N_extra: float | None
    alpha: str | list
    phase_space: str | None
    N_bbn: float | None
    N_sterile: float | None
    pair: int | None
    ordering: str | None
    negative_mass: str
    neutrinos: str | None
    thermal_history: bool
    pseudo_dirac: bool
    precision: str

    @classmethod
    def neutrino_theory(cls, options):
        """The `NeutrinoTheory` that options name, or None.

        Raises
        ------
        LoggedError
            If they name more than one, or none that is known.
        """
        named = [options.get("neutrinos"), *(theory for name, theory in SHORT.items() if options.get(name))]
        named = [name for name in dict.fromkeys(named) if name]
        if not named:
            return None
        log = get_logger(cls.get_qualified_class_name())
        if len(named) > 1:
            raise LoggedError(log, "neutrinos: %s: take them from one theory.", ", ".join(named))
        theory = get_component_class(named[0], kind="theory", logger=log)
        if not hasattr(theory, "determines"):
            raise LoggedError(log, "neutrinos: %s is no sidr.theory.NeutrinoTheory: it gives no neutrinos.",
                              named[0])
        return theory

    @classmethod
    def get_modified_defaults(cls, defaults, input_options=None):
        """Without chi there is no coupling to sample, and no decoupling; or both come from elsewhere."""
        options = input_options or {}
        theory = cls.neutrino_theory(options)
        elsewhere = theory.determines() if theory else set()
        if without_chi(options):
            elsewhere = elsewhere | {COUPLING, "z_dec_sidr"}
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
        try:
            settle()
        except ValueError as error:
            raise LoggedError(self.log, "%s", error) from error
        self.source = self.neutrino_theory({name: getattr(self, name) for name in ("neutrinos", *SHORT)})
        self.options = {name: value for name in SECTOR - {"m_nu_sum"}
                        if (value := getattr(self, name)) is not None}
        self._check_options()
        self.extra_args = self._precision_settings() | (self.extra_args or {})
        self._check_calibration()
        with as_classy(self._module):
            super().initialize()
        # Cobaya's classy catches the errors of its module: ours are for `calculate` of Rejecting.
        self.classy_module = SimpleNamespace(Class=self._module.Class, __version__=self._module.__version__,
                                             CosmoComputationError=(), CosmoSevereError=())
        self.renames = self.renames | {"N_eff": "Neff", "w0": "w0_fld"}
        self.params = {}  # the run has taken the defaults; take all other parameters too, as classy
        self._refuse_determined(self.extra_args, "extra_args")

    def _check_options(self):
        """Try the options on one point that every mass ordering allows."""
        if self.source:
            if clash := self.source.determines() & self.options.keys():
                raise LoggedError(self.log, "%s: %s gives it; remove it here.", ", ".join(sorted(clash)),
                                  self.source.__name__)
            if self.source.without_chi() and not without_chi(self.options):
                raise LoggedError(self.log, "%s is for neutrinos that do not convert: give n_chi: 0.",
                                  self.source.__name__)
        self._refuse_contradiction(self.options)
        if self.negative_mass not in continuation.DEFINITIONS:
            raise LoggedError(self.log, "negative_mass = %r: give one of %s.", self.negative_mass,
                              ", ".join(continuation.DEFINITIONS))
        try:
            neutrinos.sector(**self.options, m_nu_sum=0.2)
        except (TypeError, ValueError) as error:
            raise LoggedError(self.log, "%s", error) from error
        cosmo = sidr.classy.Class()
        try:
            cosmo.set(N_sidr=1, alpha_sidr=self.alpha, output="")
            cosmo.compute(["background"])
        except CosmoSevereError as error:
            raise LoggedError(self.log, "alpha = %r: %s", self.alpha, words(error)) from error

    def _refuse_contradiction(self, given):
        """Refuse two ways to say how much of the radiation is chi."""
        if "n_chi" in given and (both := {"N_chi", "N_nu"} & set(given)):
            raise LoggedError(self.log, "n_chi and %s say the same twice: give either n_chi or both N_chi "
                              "and N_nu.", ", ".join(sorted(both)))

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
        except CosmoSevereError as error:
            raise LoggedError(self.log, "extra_args: %s", error) from error

    def _refuse_determined(self, names, where):
        """Refuse inputs of CLASS that our own options and parameters set.

        Raises
        ------
        LoggedError
            With the name and the way out.
        """
        for name in names:
            if way_out := DETERMINED.get(self.translate_param(name)):
                raise LoggedError(self.log, "%s in %s would contradict the neutrinos of this theory: %s. "
                                  "Remove it.", name, where, way_out)
            if where == "extra_args" and name in {*SECTOR, COUPLING}:
                raise LoggedError(self.log, "%s in extra_args is no input of CLASS; give it as %s.", name,
                                  "an option" if hasattr(self, name) else "a parameter")

    def new_cosmology(self):
        """An empty `Class`, or two of them as one where masses below 0 are extrapolated."""
        return continuation.DEFINITIONS[self.negative_mass](self._module.Class)

    # Parameters of the run

    def _supported(self):
        """Parameters that this theory takes, also if another component takes them as well."""
        ours = set() if self.source else SECTOR | {COUPLING}
        ours -= {"phase_space", "ordering"}
        ours |= {*AMPLITUDES}
        ours |= {name for name, (kind, where) in INPUTS.items()
                 if kind.startswith("number") and where in COSMOLOGY}
        return ours | {name for name, mapped in self.renames.items() if mapped in ours}

    def get_can_support_params(self):
        return self._supported()

    def check_parameters(self, names):
        """Refuse parameters of the run that would have no effect, or a wrong one.

        Parameters
        ----------
        names : iterable of str
            All parameters of the run that come here.

        Raises
        ------
        LoggedError
        """
        names = set(names)
        self._refuse_determined(names, "params")
        if twice := names & self.options.keys():
            raise LoggedError(self.log, "%s: an option of this theory and a parameter of the run; remove "
                              "one of the two.", ", ".join(sorted(twice)))
        self._refuse_contradiction(names | self.options.keys())
        if self.source and (clash := names & self.source.determines()):
            raise LoggedError(self.log, "%s: a parameter of the run, and a result of %s; remove the "
                              "parameter.", ", ".join(sorted(clash)), self.source.__name__)
        if COUPLING in names and without_chi(self.options):
            raise LoggedError(self.log, "log10_G_eff is a parameter, but n_chi = 0 leaves no dark "
                              "radiation that it could couple: remove it, or take n_chi > 0.")

    def neutrino_requirements(self):
        """What is required of the theory that gives the neutrinos."""
        if not self.source:
            return {}
        return dict.fromkeys(["neutrino_sector", *({COUPLING} & self.source.determines())])

    def class_params(self, params, provider):
        """Parameters of the run, with chi and the neutrinos as CLASS wants them.

        Parameters
        ----------
        params : dict
            Parameters of the run and their values.
        provider : cobaya.theory.Provider

        Returns
        -------
        dict

        Raises
        ------
        ImpossibleNeutrinos, ValueError
            From `sidr.neutrinos.sector`.
        """
        arguments = self.options | {name: params[name] for name in SECTOR & params.keys()}
        make = provider.get_neutrino_sector if self.source else neutrinos.sector
        inputs = make(**arguments).class_inputs()
        if inputs["N_sidr"] > 0:
            inputs["alpha_sidr"] = self.alpha
            if COUPLING in params:
                inputs["log10_G_eff_sidr"] = params[COUPLING]
        rest = {name: value for name, value in params.items() if name not in SECTOR | {COUPLING}}
        if clash := inputs.keys() & (rest.keys() | self.extra_args.keys()):
            raise ValueError(f"{', '.join(sorted(clash))}: the neutrinos set it; remove it.")
        return inputs | self._fluid(rest) | rest

    def _fluid(self, params):
        """With w0 or wa, inputs of CLASS that let the fluid fill the universe, and its precision."""
        given = {self.translate_param(name) for name in params} | self.extra_args.keys()
        if not given & EQUATION_OF_STATE:
            return {}
        fluid = {} if given & {"Omega_Lambda", "Omega_fld"} else {"Omega_Lambda": 0}
        return fluid | {name: x for name, x in precision.FLUID.items() if name not in self.extra_args}

    # Products

    def compute(self, state, want_derived=True, **inputs):
        """Give CLASS its inputs, and collect what is required, as Cobaya's classy."""
        return classy.calculate(self, state, want_derived, **inputs)

    def set(self, params_values_dict):
        # classy keeps what it was once given; massless neutrinos have fewer inputs than massive ones.
        self.classy.empty()
        args = self.extra_args
        if "Cl" not in args["output"]:      # CLASS refuses what it does not read
            self.extra_args = {name: x for name, x in args.items() if name != "l_max_scalars"}
        super().set(params_values_dict)
        self.extra_args = args

    def add_z_for_matter_power(self, z):
        """Redshifts of P(k): CLASS needs the largest one, and the text of many would be too long."""
        before = neutrinos.numbers("z_pk", self.extra_args.get("z_pk", 0.0))
        self.extra_args["z_pk"] = float(max(np.max(z), *before))


def without_chi(options):
    """Whether these options leave no dark radiation."""
    N_chi, n_chi = options.get("N_chi"), options.get("n_chi")
    return (n_chi if N_chi is None else N_chi) == 0
