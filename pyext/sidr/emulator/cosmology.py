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

from functools import cache, cached_property

import numpy as np

import sidr.classy
from sidr.classy import CosmoComputationError, CosmoSevereError, calibration
from sidr.emulator import spectra
from sidr.emulator.background import Background
from sidr.emulator.emulator import FOLDER, Emulator
from sidr.neutrinos import N_TOT, class_inputs

#: Inputs that say what is computed, and not how
REQUESTS = ("output", "lensing", "l_max_scalars", "P_k_max_1/Mpc")

#: Inputs of the model: the one that is used, and what else it may be called
COSMOLOGY = {"omega_b": (), "omega_cdm": (), "n_s": (), "tau_reio": (), "A_s": ("ln10^{10}A_s",),
             "H0": ("h", "100*theta_s", "theta_s_100")}
NEUTRINOS = ("N_sidr", "N_ur", "N_ncdm", "m_ncdm", "T_ncdm", "deg_ncdm", "fugacity_ncdm", "N_bbn_sidr")
COUPLING = ("alpha_sidr", "log10_G_eff_sidr", "G_eff_sidr")

FALLBACKS = ("reject", "exact")


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
        What there is outside the region of training: CosmoComputationError, or exact CLASS.

    Attributes
    ----------
    outside : int
        How many cosmologies were outside.
    outside_by : float
        How far outside the last one was.
    """

    def __init__(self, path=None, fallback="reject"):
        if fallback not in FALLBACKS:
            raise CosmoSevereError(f"fallback = {fallback!r} is not one of {', '.join(FALLBACKS)}.")
        self.emulators = [load(path)] if path else shipped()
        self.fallback, self.outside, self.outside_by = fallback, 0, 0.0
        self.pars, self._exact = {}, None

    def set(self, *pars, **kwargs):
        """Set parameters, from one dictionary or from keywords."""
        for inputs in (*pars, kwargs):
            self.pars.update(inputs)
        return True

    def empty(self):
        self.pars = {}
        self._forget()

    def _forget(self):
        self._exact, self.outside_by = None, 0.0
        self.__dict__.pop("_prediction", None)

    def compute(self, level=None):
        """Compute the expansion; the spectra are emulated when they are asked for.

        Raises
        ------
        CosmoSevereError
            If an input is missing or is not one of the emulator: another model, or other settings.
        CosmoComputationError
            Outside the region of training.
        """
        self._forget()
        self.emulator = self._emulator()
        point = self._point()
        self.outside_by = self.emulator.outside_by(point)
        if self.outside_by > 0:
            self.outside += 1
            if self.fallback == "reject":
                raise CosmoComputationError(f"{self._words(point)} is outside the region of the emulator.")
            self._compute_exact()
        self._params = point

    def _compute_exact(self):
        """Take all from CLASS; the polynomials of the thermal history end with the region, too."""
        self._exact = sidr.classy.Class()
        self._exact.set(self.pars)
        self._exact.compute()
        found = self._exact.get_current_derived_parameters(["z_rec", "z_d", "YHe", "100*theta_s"])
        self.z_rec, self.z_d, self.YHe, self.theta_s_100 = found.values()
        neutrinos = {name: self.pars[name] for name in NEUTRINOS if name in self.pars}
        self.background = Background(float(self.pars["omega_b"]), float(self.pars["omega_cdm"]),
                                     100 * self._exact.h(), **neutrinos)

    def _emulator(self):
        """That of the number of chi, if it has the settings of the inputs."""
        N_chi = float(self.pars.get("N_sidr", 0))
        found = [e for e in self.emulators if e.design.N_chi[0] <= N_chi <= e.design.N_chi[1]]
        if not found:
            ranges = ", ".join(f"[{e.design.N_chi[0]:g}, {e.design.N_chi[1]:g}]" for e in self.emulators)
            raise CosmoSevereError(f"N_sidr = {N_chi:g}: there are emulators for {ranges or 'nothing'}; "
                                   "train one, or take sidr.theory.SIDR.")
        self._check(found[0].about)
        return found[0]

    def _check(self, about):
        """Raise CosmoSevereError for an input that is missing, unknown, or not that of the training."""
        known = {*COSMOLOGY, *(name for names in COSMOLOGY.values() for name in names), *NEUTRINOS,
                 *COUPLING, *REQUESTS, "T_cmb"}
        settings = {name: x for name, x in about["settings"].items() if name not in REQUESTS}
        given = {name: x for name, x in self.pars.items() if name not in known}
        settings["T_cmb"], given["T_cmb"] = spectra.T_CMB, self.pars.get("T_cmb", spectra.T_CMB)
        if self.pars.get("N_sidr"):
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
        l_max = int(self.pars.get("l_max_scalars", 0))
        if l_max > spectra.L_MAX:
            raise CosmoSevereError(f"l_max_scalars = {l_max} is above {spectra.L_MAX}, up to which the "
                                   "spectra were trained: take sidr.theory.SIDR.")

    def _point(self):
        """The parameters of the emulator, an array, and the expansion."""
        p = self.pars
        for name, others in COSMOLOGY.items():
            if name not in p and not any(other in p for other in others):
                raise CosmoSevereError(f"{' or '.join((name, *others))} is missing.")
        neutrinos = {name: p[name] for name in NEUTRINOS if name in p}
        m_nu_sum = self._m_nu_sum(neutrinos)
        densities = float(p["omega_b"]), float(p["omega_cdm"])
        self.z_rec, self.z_d, self.YHe = self.emulator.thermal(*densities, m_nu_sum)
        theta_s_100 = p.get("100*theta_s", p.get("theta_s_100"))
        try:
            if theta_s_100 is None:
                H0 = float(p["H0"]) if "H0" in p else 100 * float(p["h"])
                self.background = Background(*densities, H0, **neutrinos)
            else:
                self.background = Background.from_theta_s(float(theta_s_100), self.z_rec, *densities,
                                                          **neutrinos)
        except ValueError as error:
            raise CosmoComputationError(str(error)) from error
        self.theta_s_100 = self.background.theta_s_100(self.z_rec)
        self.logA = np.log(1e10 * float(p["A_s"])) if "A_s" in p else float(p["ln10^{10}A_s"])
        chi = [self.log10_G_eff, float(p["N_sidr"])] if self.emulator.design.N_chi[1] > 0 else []
        return np.array([*densities, self.theta_s_100, self.logA, float(p["n_s"]), float(p["tau_reio"]),
                         m_nu_sum, *chi])

    def _m_nu_sum(self, neutrinos):
        """Sum of the masses [eV], of neutrinos as the emulator has them."""
        N_chi = float(neutrinos.get("N_sidr", 0))
        m_nu_sum = 3 * float(neutrinos["m_ncdm"]) if neutrinos.get("N_ncdm") == 1 else 0.0
        trained = class_inputs(N_chi=N_chi, N_nu=N_TOT - N_chi, m_nu_sum=m_nu_sum)
        for name in trained.keys() | neutrinos.keys():
            if not same(neutrinos.get(name), trained.get(name)):
                raise CosmoSevereError(
                    f"{name} = {neutrinos.get(name)}, but the emulator was trained with three neutrinos "
                    f"of one mass and N_tot = {N_TOT} ({name} = {trained.get(name)} here): take "
                    "sidr.theory.SIDR.")
        return m_nu_sum

    @property
    def log10_G_eff(self):
        """Of chi; at no coupling, the smallest one of the training, where chi streams freely as well."""
        if "log10_G_eff_sidr" in self.pars:
            return float(self.pars["log10_G_eff_sidr"])
        G_eff = float(self.pars.get("G_eff_sidr", 0))
        return np.log10(G_eff) if G_eff > 1e-5 else -5.0

    def _words(self, point):
        names = self.emulator.design.names
        return ", ".join(f"{name} = {x:.6g}" for name, x in zip(names, point, strict=True))

    # Products, as of classy

    @cached_property
    def _prediction(self):
        return self.emulator.predict(self._params)

    def lensed_cl(self, lmax=spectra.L_MAX):
        """Lensed spectra as of classy, dictionary of tt, te, ee, pp and ell, all of shape (lmax + 1,)."""
        if self._exact:
            return self._exact.lensed_cl(lmax)
        if not 2 <= lmax <= spectra.L_MAX:
            raise CosmoSevereError(f"lmax = {lmax} is not in [2, {spectra.L_MAX}], which the emulator has.")
        units = np.array([1, 1, 1, 0])
        cl = self._prediction.cl[:, :lmax + 1] / (1e6 * spectra.T_CMB)**(2 * units[:, None])
        return dict(zip(spectra.SPECTRA, cl, strict=True)) | {"ell": np.arange(lmax + 1)}

    def raw_cl(self, lmax=spectra.L_MAX):
        raise CosmoSevereError("Unlensed spectra are not emulated: take sidr.theory.SIDR.")

    def Hubble(self, z):
        return self.background.hubble(z)

    def angular_distance(self, z):
        return self.background.angular_distance(z)

    def z_of_r(self, z):
        """Comoving distances [Mpc], and H [1/Mpc], at an array of redshifts."""
        return self.background.comoving_distance(z), self.background.hubble(z)

    def Om_b(self, z):
        return self.background.Omega("b", z)

    def Om_cdm(self, z):
        return self.background.Omega("cdm", z)

    def Om_ncdm(self, z):
        return self.background.Omega("ncdm", z)

    def rs_drag(self):
        return float(self.background.sound_horizon(self.z_d))

    def T_cmb(self):
        return spectra.T_CMB

    def h(self):
        return self.background.H0 / 100

    @property
    def z_dec_sidr(self):
        if not self.emulator.design.N_chi[1]:
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
    "Neff": lambda c: c.background.N_eff, "N_sidr": lambda c: c.pars.get("N_sidr", 0),
    "YHe": lambda c: c.YHe, "age": lambda c: c.background.age,
    "tau_reio": lambda c: c.pars["tau_reio"], "n_s": lambda c: c.pars["n_s"],
    "A_s": lambda c: 1e-10 * np.exp(c.logA), "ln10^{10}A_s": lambda c: c.logA,
    "T_cmb": Class.T_cmb,
    "z_dec_sidr": lambda c: c.z_dec_sidr,
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
