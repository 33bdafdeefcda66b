r"""Effective sums of neutrino masses below zero, from computations with masses of 0 and above.

    from sidr.classy import Class
    from sidr.continuation import Extrapolated
    cosmo = Extrapolated(Class)
    cosmo.set(class_inputs(m_nu_sum=-0.1), ...)     # all else as with a Class

`Extrapolated` continues every observable linearly (arXiv:2504.16932, Sec. II):

.. math:: X(\theta, -|\Sigma|) = 2 X(\theta, 0) - X(\theta, |\Sigma|)

`ExtrapolatedLensing` keeps the expansion and the growth of massless neutrinos, and continues the spectrum
of the lensing potential alone (arXiv:2405.00836, arXiv:2407.07878), which then lenses temperature and
polarization:

.. math:: C_L^{\phi\phi} \to 2 C_L^{\phi\phi}(0) - C_L^{\phi\phi}(|\Sigma|)

theta are the other inputs, with H0 or theta_s as it is given. With masses of 0 and above both are one
`Class`, the same numbers to the last bit. The third definition, `energy`, is CLASS's own, see
docs/negative_mass.md.
"""

import numpy as np
from scipy.interpolate import CubicSpline

from sidr.classy import AMPLITUDES, CosmoComputationError, CosmoSevereError
from sidr.classy.incremental import IncrementalClass
from sidr.neutrinos import NeutrinoSector, as_list, numbers

#: In place of 0 [eV]: a species without mass is integrated like one with mass, so that what its momenta and
#: multipoles leave out is the same in both computations
MASSLESS = 1e-8

#: What is returned as numbers, arrays, or tuples and dictionaries of these, at arguments that are given
POINTWISE = frozenset({
    "h", "T_cmb", "Hubble", "angular_distance", "angular_distance_from_to", "luminosity_distance", "z_of_r",
    "Om_b", "Om_cdm", "Om_ncdm", "Om_m", "Omega_m", "rs_drag", "age", "Neff", "sigma", "sigma_cb", "sigma8",
    "sigma8_cb", "effective_f_sigma8", "pk", "pk_lin", "pk_cb", "pk_cb_lin", "lensed_cl", "raw_cl",
    "get_current_derived_parameters"})

#: Tables of power by k and z, whose k and z differ between two cosmologies
TABLES = frozenset({"get_pk_and_k_and_z", "get_Weyl_pk_and_k_and_z"})

#: Properties of a Class
PROPERTIES = frozenset({"Omega_nu"})

#: Which spectra and derived parameters may be of either sign; all else that is extrapolated is positive
SIGNED = frozenset({"te", "tp", "ep", "ell", "Omega_nu", "m_ncdm_tot", "Om_ncdm", "Omega_k", "Omega_Lambda",
                    "z_dec_sidr", "alpha_s"})


class Continued:
    """A cosmology of masses of any sign, made of one or two with masses of 0 and above.

    Parameters
    ----------
    make : callable
        Returns a `Class`, of `sidr.classy` or of `sidr.emulator`.
    """

    def __init__(self, make):
        self._classes = [make(), make()]
        self._inputs = {}

    def set(self, *pars, **kwargs):
        """Set parameters, from one dictionary or from keywords, as of `Class`."""
        for inputs in (*pars, kwargs):
            self._inputs |= inputs
        self._split()
        return True

    def empty(self):
        self._inputs = {}
        self._split()

    def _split(self):
        """Give both classes their inputs; the second is empty where there is no negative mass."""
        masses = numbers("m_ncdm", self._inputs["m_ncdm"]) if "m_ncdm" in self._inputs else []
        self._negative = any(m < 0 for m in masses)
        inputs = [self._inputs, {}]
        if self._negative:
            inputs = [self._inputs | {"m_ncdm": as_list([x if m < 0 else m for m, x in zip(masses, replaced,
                                                                                       strict=True)])}
                      for replaced in ([MASSLESS] * len(masses), [-m for m in masses])]
        for cosmo, own in zip(self._classes, self._shared(inputs), strict=True):
            cosmo.empty()
            cosmo.set(own)

    def _shared(self, inputs):
        return inputs

    @property
    def _parts(self):
        return self._classes[:1 + self._negative]

    @property
    def _m_nu_sum(self):
        return NeutrinoSector.from_class_inputs(self._inputs).m_nu_sum

    def compute(self, *level):
        """As of `Class`."""
        for cosmo in self._parts:
            cosmo.compute(*level)

    def compute_transfers(self):
        """As of `sidr.classy.Class`."""
        for cosmo in self._parts:
            cosmo.compute_transfers()

    @property
    def outside(self):
        """How many cosmologies were outside of an emulator's region."""
        return sum(cosmo.outside for cosmo in self._classes)


class Extrapolated(Continued):
    __doc__ = Continued.__doc__

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if not self._negative:
            return getattr(self._classes[0], name)
        if name in PROPERTIES:
            return self._continued(name, *(getattr(cosmo, name) for cosmo in self._parts))
        if name in POINTWISE:
            return lambda *args, **kwargs: self._continued(
                name, *(getattr(cosmo, name)(*args, **kwargs) for cosmo in self._parts))
        if name in TABLES:
            return lambda *args, **kwargs: self._continued_table(
                name, *(getattr(cosmo, name)(*args, **kwargs) for cosmo in self._parts))
        raise CosmoSevereError(f"{name} of m_nu_sum = {self._m_nu_sum:g} eV is nothing to extrapolate: "
                               "take negative_mass: energy.")

    def _continued(self, name, zero, massive, first=0):
        """2 X(0) - X(|Sigma|), of each entry; CosmoComputationError if one from `first` on is negative."""
        if isinstance(zero, dict):
            first = 2 if "ell" in zero else 0       # the lowest multipole
            return {key: self._continued(key, zero[key], massive[key], first) for key in zero}
        if isinstance(zero, tuple):
            return tuple(self._continued(name, *both) for both in zip(zero, massive, strict=True))
        array, other = np.asarray(zero, dtype=float), np.asarray(massive, dtype=float)
        with np.errstate(invalid="ignore"):
            # what is the same in both stays what it is, also if it is infinite
            result = np.where(array == other, array, 2 * array - other)
        if name not in SIGNED and (low := np.nanmin(result.ravel()[first:], initial=np.inf)) < 0:
            raise CosmoComputationError(
                f"{name} = {low:g} extrapolated to m_nu_sum = {self._m_nu_sum:g} eV, and must be positive; "
                "take a sum closer to 0, or negative_mass: energy.")
        return zero if name == "ell" else result if result.ndim else float(result)

    def _continued_table(self, name, zero, massive):
        """The same of (P, k, z), P of shape (k, z), where both tables have wavenumbers and redshifts."""
        k, z = (common(*(np.asarray(part[axis]) for part in (zero, massive))) for axis in (1, 2))
        zero, massive = (interpolated(*part, k, z) for part in (zero, massive))
        return self._continued(name, zero, massive), k, z


class ExtrapolatedLensing(Continued):
    __doc__ = Continued.__doc__

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._classes[0], name)

    def _shared(self, inputs):
        """Without amplitudes of the lensing potential, which come last."""
        self._amplitudes = {}
        if not self._negative:
            return inputs
        self._amplitudes = {name: self._inputs[name] for name in AMPLITUDES if name in self._inputs}
        return [{name: x for name, x in own.items() if name not in AMPLITUDES} for own in inputs]

    def compute(self, *level):
        """As of `Class`; the factor on the lensing potential is found where that is wanted.

        Raises
        ------
        CosmoComputationError
            If the lensing potential would be negative.
        """
        if self._negative and "lCl" in str(self._inputs.get("output", "")):
            self._scale_lensing()
        self._classes[0].compute(*level)

    def _scale_lensing(self):
        zero, massive = self._parts
        self._split()       # amplitudes of an earlier call are not in what follows
        for cosmo in self._parts:
            cosmo.compute(["harmonic"])
        # without calibration, which is the same in both and ends before the multipoles that lens
        zero_pp, massive_pp = (IncrementalClass.raw_cl(cosmo)["pp"] for cosmo in self._parts)
        factor = np.ones_like(zero_pp)
        factor[2:] = 2 - massive_pp[2:] / zero_pp[2:]
        if factor.min() < 0:
            raise CosmoComputationError(
                f"C_L^phiphi extrapolated to m_nu_sum = {self._m_nu_sum:g} eV is negative; take a sum "
                "closer to 0, or negative_mass: energy.")
        zero.set(self._amplitudes)
        zero.scale_lensing(factor)


#: By the name of a definition what makes its cosmology of a function that makes a `Class`
DEFINITIONS = {"energy": lambda make: make(), "extrapolate": Extrapolated, "lensing": ExtrapolatedLensing}


def common(one, other):
    """The numbers of `one` inside both ranges, ascending, and the ends of what both have."""
    low, high = (f(g(one), g(other)) for f, g in ((max, np.min), (min, np.max)))
    return np.unique([low, *one[(one > low) & (one < high)], high])


def interpolated(power, k, z, at_k, at_z):
    """Power of shape (k, z) at other wavenumbers and redshifts: cubic splines of its logarithm."""
    log_power = np.log(np.asarray(power))
    for axis, x, at in ((0, np.log(k), np.log(at_k)), (1, np.asarray(z), at_z)):
        order = np.argsort(x)
        log_power = CubicSpline(x[order], np.take(log_power, order, axis), axis)(at)
    return np.exp(log_power)
