"""CLASS's `Class`, as far as Cobaya and its likelihoods use it, in a millisecond.

    from sidr.emulator import Class
    cosmo = Class()
    cosmo.set(class_inputs(n_chi=1, m_nu_sum=0.1), log10_G_eff_sidr=-4, omega_b=0.0224, omega_cdm=0.119,
              H0=68, A_s=2.1e-9, n_s=0.965, tau_reio=0.055, **settings)
    cosmo.compute()
    cosmo.lensed_cl(2508)

The background is integrated, the spectra and sigma8 are emulated, all with one set of precision settings,
that of the training. Outside the region of the training there is an error, or exact CLASS.
"""

from functools import cache

import numpy as np

import sidr.classy
from sidr.classy import CosmoComputationError, CosmoSevereError, amplitude, calibration
from sidr.classy._text import INPUTS, as_text
from sidr.emulator import spectra
from sidr.emulator.background import Background
from sidr.emulator.emulator import FOLDER, Emulator
from sidr.neutrinos import CLASS_INPUTS, N_TOT, NeutrinoSector, sector

#: Inputs that say what is computed, and not how
REQUESTS = ("output", "lensing", "l_max_scalars", "P_k_max_1/Mpc")

#: Inputs of `sidr.classy.Class` that are not CLASS's
OURS = ("cl_calibration", "A_phiphi")

#: Inputs of the model: the one that is used, and what else it may be called
COSMOLOGY = {"omega_b": (), "omega_cdm": (), "n_s": (), "tau_reio": (), "A_s": ("ln10^{10}A_s",),
             "H0": ("h", "100*theta_s", "theta_s_100")}
COUPLING = ("alpha_sidr", "log10_G_eff_sidr", "G_eff_sidr")

#: log10 G_eff that CLASS takes (input_sidr.c), and at which chi streams freely at all times that matter
LOG10_G_EFF_RANGE = (-100, 10)
FREE_STREAMING = -5.0

FALLBACKS = ("reject", "exact")


class OutsideRegion(CosmoComputationError):
    """A cosmology outside the region where an emulator was trained.

    Attributes
    ----------
    by : float
        How far outside, see `sidr.emulator.emulator.Emulator.outside_by`.
    """

    def __init__(self, message, by):
        super().__init__(message)
        self.by = by


@cache
def load(path):
    return Emulator.load(path)


@cache
def shipped():
    """Emulators of the package."""
    return [load(path) for path in sorted(FOLDER.glob("*.npz"))]


class Class:
    """An emulated cosmology.

    Parameters
    ----------
    path : path-like, optional
        File of an emulator; if not given, one of the package, by the number of chi.
    fallback : {"reject", "exact"}
        What there is outside the region of training: OutsideRegion, which is a CosmoComputationError, or
        exact CLASS.

    Attributes
    ----------
    outside : int
        How many cosmologies were outside.
    """

    def __init__(self, path=None, fallback="reject"):
        if fallback not in FALLBACKS:
            raise CosmoSevereError(f"fallback = {fallback!r} is not one of {', '.join(FALLBACKS)}.")
        self.emulators = [load(path)] if path else shipped()
        self.fallback, self.outside = fallback, 0
        self.pars = {}
        self._forget()

    def set(self, *pars, **kwargs):
        """Set parameters, from one dictionary or from keywords.

        Raises
        ------
        CosmoSevereError
            For a value that CLASS would refuse or misread.
        """
        for inputs in (*pars, kwargs):
            self.pars.update(as_text(inputs))
        if "A_phiphi" in self.pars:
            amplitude("A_phiphi", self.pars["A_phiphi"])
        self._forget()
        return True

    def empty(self):
        self.pars = {}
        self._forget()

    def _forget(self):
        self._computed, self._exact, self._spectra = False, None, None

    def compute(self, level=None):
        """Compute the background; the spectra are emulated when they are asked for.

        Raises
        ------
        CosmoSevereError
            If an input is missing or is not one of the emulator: another model, or other settings.
        OutsideRegion
            Outside the region of training, unless `fallback` is "exact".
        CosmoComputationError
            If there is no such cosmology.
        """
        self._forget()
        self.emulator = self._emulator()
        point = self._point()
        by = self.emulator.outside_by(point, spectra=bool(self.pars.get("output")))
        if not by <= 0:
            self.outside += 1
            if self.fallback == "reject":
                raise OutsideRegion(f"{self._named(point)} is outside the region of the emulator.", by)
            self._compute_exact()
        self._params, self._computed = point, True

    def _compute_exact(self):
        """Take all from CLASS; the polynomials of the thermal history end with the region, too."""
        self._exact = sidr.classy.Class()
        self._exact.set(self.pars)
        self._exact.compute()
        found = self._exact.get_current_derived_parameters(["z_rec", "z_d", "YHe", "100*theta_s"])
        self.z_rec, self.z_d, self.YHe, self.theta_s_100 = found.values()
        self.background = Background(self._number("omega_b"), self._number("omega_cdm"),
                                     100 * self._exact.h(), self._sector())

    def _emulator(self):
        """That of the number of chi, if it has the settings of the inputs."""
        if "A_lens" in self.pars:
            raise CosmoSevereError("A_lens is not emulated: take sidr.theory.SIDR, or A_phiphi, which "
                                   "scales the reconstructed lensing alone.")
        if unknown := [name for name in self.pars if name not in INPUTS and name not in OURS]:
            raise CosmoSevereError(f"Class did not read input parameter(s): {', '.join(unknown)}")
        N_chi = self._number("N_sidr", 0.0)
        found = [e for e in self.emulators if e.design.N_chi[0] <= N_chi <= e.design.N_chi[1]]
        if not found:
            ranges = ", ".join(f"[{e.design.N_chi[0]:g}, {e.design.N_chi[1]:g}]" for e in self.emulators)
            raise CosmoSevereError(f"N_sidr = {N_chi:g}: there are emulators for {ranges or 'nothing'}; "
                                   "train one, or take sidr.theory.SIDR.")
        self._check(found[0].about)
        return found[0]

    def _check(self, about):
        """Raise CosmoSevereError for an input that is missing, unknown, or not that of the training."""
        known = {*COSMOLOGY, *(name for names in COSMOLOGY.values() for name in names), *CLASS_INPUTS,
                 *COUPLING, *REQUESTS, "T_cmb", "A_phiphi"}
        settings = {name: x for name, x in about["settings"].items() if name not in REQUESTS}
        given = {name: x for name, x in self.pars.items() if name not in known}
        settings["T_cmb"], given["T_cmb"] = spectra.T_CMB, self.pars.get("T_cmb", spectra.T_CMB)
        if self._number("N_sidr", 0.0):
            settings["alpha_sidr"] = about["alpha"]
            given["alpha_sidr"] = self.pars.get("alpha_sidr", "das_ghosh")
        if not self.pars.get("output"):     # no spectra: some settings are not there
            settings = {name: x for name, x in settings.items() if name in given}
        for name in settings.keys() | given.keys():
            trained = settings.get(name, "CLASS's default")
            if name not in given or name not in settings or not same(given[name], trained):
                raise CosmoSevereError(
                    f"{name} = {given.get(name)}, but the emulator was trained with {trained}: "
                    "give that (`precision: planck`, `non_linear: hmcode`), or take sidr.theory.SIDR.")
        l_max = self._number("l_max_scalars", 0.0)
        if l_max > spectra.L_MAX:
            raise CosmoSevereError(f"l_max_scalars = {l_max:g} is above {spectra.L_MAX}, up to which the "
                                   "spectra were trained: take sidr.theory.SIDR.")

    def _number(self, name, default=None):
        """The input `name` as a number; CosmoSevereError if it is none."""
        try:
            return float(self.pars[name]) if name in self.pars else default
        except (TypeError, ValueError) as error:
            raise CosmoSevereError(f"{name} = {self.pars[name]} must be one finite number.") from error

    def _point(self):
        """The parameters of the emulator, an array, and the background."""
        p = self.pars
        for name, others in COSMOLOGY.items():
            given = [x for x in (name, *others) if x in p]
            if len(given) != 1:
                raise CosmoSevereError(f"{' or '.join((name, *others))} is missing." if not given else
                                       f"{' and '.join(given)}: give one of them.")
        densities = []
        for name in ("omega_b", "omega_cdm"):
            densities.append(self._number(name))
            if densities[-1] < 0:
                raise CosmoSevereError(f"{name} = {densities[-1]:g} must be a density above 0.")
        neutrinos = self._sector()
        self.log10_G_eff = self._coupling() if neutrinos.N_chi > 0 else None
        self.z_rec, self.z_d, self.YHe = self.emulator.thermal(*densities, neutrinos.m_nu_sum)
        if not (1 < self.z_rec < 1e5 and 1 < self.z_d < 1e5):
            raise OutsideRegion(f"omega_b = {densities[0]:g}, omega_cdm = {densities[1]:g}, m_nu_sum = "
                                f"{neutrinos.m_nu_sum:g} (three times m_ncdm) is outside the region of the "
                                "emulator.", np.inf)
        theta_s_100 = self._number("100*theta_s", self._number("theta_s_100"))
        try:
            if theta_s_100 is None:
                H0 = self._number("H0") if "H0" in p else 100 * self._number("h")
                self.background = Background(*densities, H0, neutrinos)
            else:
                self.background = Background.from_theta_s(theta_s_100, self.z_rec, *densities, neutrinos)
        except ValueError as error:
            raise CosmoComputationError(str(error)) from error
        except OverflowError as error:
            raise OutsideRegion(f"H0 = {H0:g} is outside the region of the emulator.", np.inf) from error
        self.theta_s_100 = self.background.theta_s_100(self.z_rec)
        self.logA = self._log_amplitude()
        chi = []
        if self.log10_G_eff is not None:
            chi = [FREE_STREAMING if self.log10_G_eff == -np.inf else self.log10_G_eff, neutrinos.N_chi]
        return np.array([*densities, self.theta_s_100, self.logA, self._number("n_s"),
                         self._number("tau_reio"), neutrinos.m_nu_sum, *chi])

    def _log_amplitude(self):
        """ln(10^10 A_s)."""
        if "A_s" not in self.pars:
            return self._number("ln10^{10}A_s")
        A_s = self._number("A_s")
        if not 0 < 1e10 * A_s < np.inf:
            raise CosmoComputationError(f"A_s = {A_s:g} makes no spectra.")
        return np.log(1e10 * A_s)

    def _sector(self):
        """The `NeutrinoSector` of the inputs, if the emulator was trained with such neutrinos."""
        try:
            given = NeutrinoSector.from_class_inputs(self.pars)
            trained = sector(N_chi=given.N_chi, N_nu=N_TOT - given.N_chi, m_nu_sum=given.m_nu_sum)
        except ValueError as error:
            raise CosmoSevereError(f"{error} (m_nu_sum is three times m_ncdm)") from error
        for name, (ours, theirs) in given.differences(trained).items():
            raise CosmoSevereError(
                f"{name} = {ours}, but the emulator was trained with three neutrinos of one mass and N_tot "
                f"= {N_TOT} ({name} = {theirs} here): take sidr.theory.SIDR.")
        return given

    def _coupling(self):
        """log10 G_eff of chi; -inf without a coupling."""
        if {"log10_G_eff_sidr", "G_eff_sidr"} <= self.pars.keys():
            raise CosmoSevereError("log10_G_eff_sidr and G_eff_sidr: give one of them.")
        low, high = LOG10_G_EFF_RANGE
        log10_G_eff = self._number("log10_G_eff_sidr")
        if log10_G_eff is None:
            G_eff = self._number("G_eff_sidr", 0.0)
            if not 0 <= G_eff <= 10**high:
                raise CosmoSevereError(f"G_eff_sidr = {G_eff:g} is outside [0, 1e{high}]: the coupling of "
                                       "chi in 1/MeV^2, 0 if it streams freely.")
            return np.log10(G_eff) if G_eff > 0 else -np.inf
        if not low <= log10_G_eff <= high:
            raise CosmoSevereError(f"log10_G_eff_sidr = {log10_G_eff:g} is outside [{low}, {high}]: if chi "
                                   "streams freely use G_eff_sidr = 0.")
        return log10_G_eff

    def _named(self, point):
        names = self.emulator.design.names
        return ", ".join(f"{name} = {x:.6g}" for name, x in zip(names, point, strict=True))

    # Products, as of classy: what has not been computed is computed when it is asked for

    def _current(self):
        """This object, computed."""
        if not self._computed:
            self.compute()
        return self

    @property
    def _prediction(self):
        self._current()
        if self._spectra is None:
            self._spectra = self.emulator.predict(self._params)
        return self._spectra

    def lensed_cl(self, lmax=-1):
        """Lensed spectra as of classy, dictionary of tt, te, ee, pp and ell, all of shape (lmax + 1,)."""
        lmax = spectra.L_MAX if lmax == -1 else lmax
        if self._current()._exact:
            return self._exact.lensed_cl(lmax)
        if not 2 <= lmax <= spectra.L_MAX:
            raise CosmoSevereError(f"lmax = {lmax} is not in [2, {spectra.L_MAX}], which the emulator has.")
        units = np.array([1, 1, 1, 0])
        cl = self._prediction.cl[:, :lmax + 1] / (1e6 * spectra.T_CMB)**(2 * units[:, None])
        cl = dict(zip(spectra.SPECTRA, cl, strict=True)) | {"ell": np.arange(lmax + 1)}
        if "A_phiphi" in self.pars:
            cl["pp"] = self._number("A_phiphi") * cl["pp"]
        return cl

    def raw_cl(self, lmax=-1):
        raise CosmoSevereError("Unlensed spectra are not emulated: take sidr.theory.SIDR.")

    def Hubble(self, z):
        return self._current().background.hubble(z)

    def angular_distance(self, z):
        return self._current().background.angular_distance(z)

    def z_of_r(self, z):
        """Comoving distances [Mpc], and H [1/Mpc], at an array of redshifts."""
        return self._current().background.comoving_distance(z), self.background.hubble(z)

    def Om_b(self, z):
        return self._current().background.Omega("b", z)

    def Om_cdm(self, z):
        return self._current().background.Omega("cdm", z)

    def Om_ncdm(self, z):
        return self._current().background.Omega("ncdm", z)

    def rs_drag(self):
        return float(self._current().background.sound_horizon(self.z_d))

    def T_cmb(self):
        return spectra.T_CMB

    def h(self):
        return self._current().background.H0 / 100

    @property
    def z_dec_sidr(self):
        if self._current().log10_G_eff is None:
            raise CosmoComputationError("z_dec_sidr: there is no chi.")
        alpha_2 = sidr_alpha_2(str(self.emulator.about["alpha"]))
        return self.background.z_dec_sidr(self.log10_G_eff, alpha_2)

    def get_current_derived_parameters(self, names):
        """Dictionary of derived parameters.

        Raises
        ------
        CosmoSevereError
            For one that is not in `DERIVED`.
        """
        if unknown := [name for name in names if name not in DERIVED]:
            raise CosmoSevereError(f"{', '.join(unknown)}: not emulated; there are {', '.join(DERIVED)}. "
                                   "sidr.theory.SIDR has the others.")
        self._current()
        return {name: float(DERIVED[name](self)) for name in names}


#: Derived parameters, in CLASS's names
DERIVED = {
    "h": Class.h,
    "H0": lambda c: c.background.H0,
    "Omega_m": lambda c: c.background.Omega_m,
    "Omega_b": lambda c: c.background.Omega("b"),
    "Omega_cdm": lambda c: c.background.Omega("cdm"),
    "Omega_Lambda": lambda c: c.background.omega_Lambda / c.h()**2,
    "rs_drag": Class.rs_drag, "rs_d": Class.rs_drag, "z_d": lambda c: c.z_d,
    "z_rec": lambda c: c.z_rec,
    "theta_s_100": lambda c: c.theta_s_100, "100*theta_s": lambda c: c.theta_s_100,
    "Neff": lambda c: c.background.N_eff, "N_sidr": lambda c: c._number("N_sidr", 0.0),
    "YHe": lambda c: c.YHe, "age": lambda c: c.background.age,
    "tau_reio": lambda c: c._number("tau_reio"), "n_s": lambda c: c._number("n_s"),
    "A_s": lambda c: 1e-10 * np.exp(c.logA), "ln10^{10}A_s": lambda c: c.logA,
    "A_s_exp_m2tau": lambda c: 1e-1 * np.exp(c.logA - 2 * c._number("tau_reio")), "T_cmb": Class.T_cmb,
    "z_dec_sidr": lambda c: np.nan if c.log10_G_eff is None else c.z_dec_sidr,
    "sigma8": lambda c: c._exact.sigma8() if c._exact else c._prediction.sigma8,
}


@cache
def sidr_alpha_2(alpha):
    """First angular coefficient of a preset, from CLASS."""
    cosmo = sidr.classy.Class()
    rate = []
    for preset in (alpha, "unity"):
        cosmo.set(N_sidr=1, log10_G_eff_sidr=0, alpha_sidr=preset, output="")
        cosmo.compute(["background"])
        rate.append(cosmo.rate_sidr(0.0))
    return rate[0] / rate[1]


def same(given, trained):
    """Whether two values of an input are the same."""
    if given is None or trained is None:
        return given is trained
    return str(given) == str(trained) or calibration.same(str(given), trained)
