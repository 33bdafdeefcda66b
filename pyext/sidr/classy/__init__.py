"""CLASS with self-interacting dark radiation, a drop-in for the package `classy`.

    from sidr.classy import Class
    cosmo = Class()
    cosmo.set({"N_sidr": 0.3, "log10_G_eff_sidr": -2, "output": "tCl"})
    cosmo.compute()

It lives beside a stock `classy` in the same process; CLASS's two errors are its own.
"""

import numpy as np

from sidr.classy import _sidr, calibration
from sidr.classy._classy import CosmoComputationError, CosmoSevereError, __version__
from sidr.classy._text import as_text
from sidr.classy.incremental import IncrementalClass

__all__ = ["Class", "CosmoComputationError", "CosmoSevereError", "__version__"]


class Class(IncrementalClass):
    """The `Class` of classy; what it adds is below, all else is documented upstream."""

    _calibration = None

    def set(self, *pars, **kwargs):
        """Set parameters, from one dictionary or from keywords.

        Lists, tuples and arrays are written as CLASS's parser wants them, `0.4,0.43`. One input is not
        CLASS's: `cl_calibration`, see `sidr.classy.calibration`.

        Raises
        ------
        CosmoSevereError
            If CLASS would misread a value: a NaN, a nested list, a text of more than 1023 bytes; if there
            is no such calibration.
        """
        pars, kwargs = [as_text(p) for p in pars], as_text(kwargs)
        for inputs in (*pars, kwargs):
            if "cl_calibration" in inputs:
                self._calibration = calibration.load(inputs.pop("cl_calibration"))
        return super().set(*pars, **kwargs)

    def empty(self):
        super().empty()
        self._calibration = None

    def compute(self, level=("distortions",)):
        """As upstream; levels whose inputs are those of the last time are kept.

        Raises
        ------
        CosmoSevereError
            If CLASS does not understand a parameter, or `cl_calibration` does not belong to the settings.
        CosmoComputationError
            If it cannot compute this cosmology.
        """
        if self._calibration is not None:
            self._calibration.check(self.pars)
        super().compute(level)

    def lensed_cl(self, lmax=-1, nofail=False):
        """Upstream's, calibrated where `cl_calibration` is set.

        Raises
        ------
        CosmoSevereError
            If `lmax` is beyond the calibration.
        """
        return self._calibrated("lensed", super().lensed_cl, lmax, nofail)

    def raw_cl(self, lmax=-1, nofail=False):
        """Upstream's, calibrated where `cl_calibration` is set: by default to where the calibration ends.

        Raises
        ------
        CosmoSevereError
            If `lmax` is beyond the calibration.
        """
        return self._calibrated("raw", super().raw_cl, lmax, nofail)

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
            z = np.asarray(z, dtype=float)
            Om_ncdm = Om_ncdm + counterpart * (1 + z)**4 * (self.Hubble(0) / self.Hubble(z))**2
        return Om_ncdm

    def get_current_derived_parameters(self, names):
        """Dictionary of derived parameters: upstream's, `N_sidr`, and `z_dec_sidr`, NaN without chi."""
        ours = {"N_sidr": lambda: self.N_sidr,
                "z_dec_sidr": lambda: self.z_dec_sidr if self.N_sidr > 0 else np.nan}
        derived = super().get_current_derived_parameters([n for n in names if n not in ours])
        return {name: ours[name]() if name in ours else derived[name] for name in names}

    def get_sources(self):
        """Upstream's tuple (sources, k, tau), with delta_sidr and theta_sidr where computed."""
        sources, k, tau = super().get_sources()
        return sources | _sidr.sources(self), k, tau


# Upstream's __dealloc__ looks up methods: when the interpreter ends, this type must be there still.
_sidr.keep(Class)


def finite(cl):
    """The spectra; CosmoComputationError if one is not finite, such as those of A_s = 1e300."""
    for name, values in cl.items():
        if not np.isfinite(values).all():
            raise CosmoComputationError(f"The spectrum {name} is not finite: these parameters cannot be "
                                        "computed.")
    return cl
