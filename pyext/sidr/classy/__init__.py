"""CLASS with self-interacting dark radiation, a drop-in for the package `classy`.

    from sidr.classy import Class
    cosmo = Class()
    cosmo.set({"N_sidr": 0.3, "log10_G_eff_sidr": -2, "output": "tCl"})
    cosmo.compute()

It lives beside a stock `classy` in the same process; CLASS's two errors are its own.
"""

from pathlib import Path

import numpy as np

from sidr.classy import _sidr, calibration
from sidr.classy._classy import CosmoComputationError, CosmoSevereError, __version__
from sidr.classy._text import as_text
from sidr.classy.incremental import IncrementalClass

__all__ = ["Class", "CosmoComputationError", "CosmoSevereError", "__version__"]


#: Of the C sources: the same where the numbers are; class_patch/prepare.py
FINGERPRINT = Path(__file__).with_name("fingerprint.txt").read_text().strip()

#: Inputs that scale the spectrum of the lensing potential: all of it, or only as it is returned
AMPLITUDES = ("A_lens", "A_phiphi")


class Class(IncrementalClass):
    """The `Class` of classy; what it adds is below, all else is documented upstream."""

    _calibration = None
    _amplitudes = {}            # values of `AMPLITUDES` that are set
    _lensing_shape = None

    def set(self, *pars, **kwargs):
        """Set parameters, from one dictionary or from keywords.

        Lists, tuples and arrays are written as CLASS's parser wants them, `0.4,0.43`. Three inputs are not
        CLASS's: `cl_calibration`, see `sidr.classy.calibration`; `A_lens`, a factor on the spectrum of the
        lensing potential, as CLASS's own A_L, of which another value costs only the lensing; `A_phiphi`, a
        factor on the `pp` of `lensed_cl` and `raw_cl` alone, on top of it.

        Raises
        ------
        CosmoSevereError
            If CLASS would misread a value: a NaN, a nested list, a text of more than 1023 bytes; if there
            is no such calibration; for an amplitude below 0.
        """
        pars, kwargs = [as_text(p) for p in pars], as_text(kwargs)
        for inputs in (*pars, kwargs):
            if "cl_calibration" in inputs:
                self._calibration = calibration.load(inputs.pop("cl_calibration"))
            self._amplitudes = self._amplitudes | {name: amplitude(name, inputs.pop(name))
                                                   for name in AMPLITUDES if name in inputs}
        return super().set(*pars, **kwargs)

    def empty(self):
        super().empty()
        self._calibration, self._amplitudes, self._lensing_shape = None, {}, None

    def scale_lensing(self, factor):
        """Multiply the spectrum of the lensing potential by a factor for each multipole, until `empty`.

        Parameters
        ----------
        factor : ndarray, shape (l_max + 1,), or None
            0 or more; the last one holds for all higher multipoles. It comes on top of `A_lens`.
        """
        self._lensing_shape = None if factor is None else np.asarray(factor, dtype=float)

    def _total_lensing_factor(self):
        """The `lensing_factor` of IncrementalClass; CosmoSevereError where it has no effect."""
        if self._amplitudes:
            names = " and ".join(self._amplitudes)
            if "lCl" not in str(self.pars.get("output", "")):
                raise CosmoSevereError(f"{names}: there is no spectrum of the lensing potential to scale; "
                                       "remove it, or add lCl to the output.")
            if twice := [name for name in ("A_L", "lcmb_rescale") if name in self.pars]:
                raise CosmoSevereError(f"{names} and {twice[0]} scale the lensing potential: give one of "
                                       "them.")
        if "A_lens" not in self._amplitudes:
            return self._lensing_shape
        shape = np.ones(1) if self._lensing_shape is None else self._lensing_shape
        return self._amplitudes["A_lens"] * shape

    def compute(self, level=("distortions",)):
        """As upstream; levels whose inputs are those of the last time are kept.

        Raises
        ------
        CosmoSevereError
            If CLASS does not understand a parameter, or `cl_calibration` does not belong to the settings.
        CosmoComputationError
            If it cannot compute this cosmology.
        """
        if self._calibration is not None and "Cl" in str(self.pars.get("output", "")):
            self._calibration.check(self.pars)
        self.lensing_factor = self._total_lensing_factor()
        super().compute(level)

    def lensed_cl(self, lmax=-1, nofail=False):
        """Upstream's, calibrated where `cl_calibration` is set.

        Raises
        ------
        CosmoSevereError
            If `lmax` is beyond the calibration.
        """
        return self._scaled(self._calibrated("lensed", super().lensed_cl, lmax, nofail))

    def raw_cl(self, lmax=-1, nofail=False):
        """Upstream's, calibrated where `cl_calibration` is set: by default to where the calibration ends.

        Raises
        ------
        CosmoSevereError
            If `lmax` is beyond the calibration.
        """
        return self._scaled(self._calibrated("raw", super().raw_cl, lmax, nofail))

    def _scaled(self, cl):
        if "A_phiphi" in self._amplitudes and "pp" in cl:
            cl["pp"] *= self._amplitudes["A_phiphi"]
        return cl

    def _calibrated(self, which, spectra, lmax, nofail):
        """What `spectra` returns, calibrated with the table `which`, "lensed" or "raw"."""
        if self._calibration is None:
            return finite(spectra(lmax, nofail))
        self._calibration.check_l_max("lmax", lmax)
        cl = finite(spectra(lmax, nofail))
        if lmax == -1:
            cl = {x: values[:self._calibration.l_max + 1] for x, values in cl.items()}
        calibration.apply(getattr(self._calibration, which), cl)
        return cl

    @property
    def N_sidr(self):
        """Density of chi, in units of one neutrino in the instantaneous decoupling limit."""
        self.compute(["background"])
        return _sidr.N(self)

    @property
    def z_dec_sidr(self):
        """Redshift at which a Gamma alpha_2 = aH.

        It is 0 if chi is still coupled today, infinite if it never was; CosmoComputationError if
        there is no chi.
        """
        self.compute(["background"])
        return _sidr.z_dec(self)

    def rate_sidr(self, z):
        """Conformal damping rate of the quadrupole of chi, a Gamma alpha_2.

        Parameters
        ----------
        z : array_like
            Redshift.

        Returns
        -------
        float or ndarray, shape of `z`
            a Gamma alpha_2 [1/Mpc].
        """
        self.compute(["background"])
        a = 1 / (1 + np.asarray(z, dtype=float))
        return _sidr.rate(self, a.ravel()).reshape(a.shape)[()]

    def Om_ncdm(self, z):
        """Upstream's; of negative masses with their massless counterpart, as `Omega_nu` has it."""
        Om_ncdm = super().Om_ncdm(z)
        if counterpart := _sidr.Omega0_counterpart(self):
            H_over_H0 = self.Hubble(z) / self.Hubble(0)
            Om_ncdm = Om_ncdm + counterpart * (1 + np.asarray(z, dtype=float)[()])**4 / H_over_H0**2
        return Om_ncdm

    def get_current_derived_parameters(self, names):
        """Dictionary of derived parameters: upstream's and three more.

        `N_sidr`; `z_dec_sidr`, NaN without chi; `A_s_exp_m2tau`, 10^9 A_s exp(-2 tau_reio), the height of
        the spectra at high multipoles.
        """
        ours = {"N_sidr": lambda: self.N_sidr, "A_s_exp_m2tau": self._A_s_exp_m2tau,
                "z_dec_sidr": lambda: self.z_dec_sidr if self.N_sidr > 0 else np.nan}
        derived = super().get_current_derived_parameters([n for n in names if n not in ours])
        return {name: ours[name]() if name in ours else derived[name] for name in names}

    def _A_s_exp_m2tau(self):
        found = super().get_current_derived_parameters(["A_s", "tau_reio"])
        return 1e9 * found["A_s"] * np.exp(-2 * found["tau_reio"])

    def get_sources(self):
        """Upstream's tuple (sources, k, tau), with delta_sidr and theta_sidr where computed."""
        sources, k, tau = super().get_sources()
        return sources | _sidr.sources(self), k, tau


# Upstream's __dealloc__ looks up methods: when the interpreter ends, this type must be there still.
_sidr.keep(Class)


def amplitude(name, text):
    """The number; CosmoSevereError unless it is 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = -1.
    if not 0 <= value < np.inf:
        raise CosmoSevereError(f"{name} = {text} must be a finite number, 0 or more: a factor on the "
                               "spectrum of the lensing potential.")
    return value


def finite(cl):
    """The spectra; CosmoComputationError if one is not finite, such as those of A_s = 1e300."""
    for name, values in cl.items():
        if not np.isfinite(values).all():
            raise CosmoComputationError(f"The spectrum {name} is not finite: these parameters cannot be "
                                        "computed.")
    return cl
