"""What belongs to chi in the structures of CLASS, for `sidr.classy.Class`.

Every function takes an instance of that class which has computed what is read here.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport Py_INCREF

import numpy as np

from sidr.classy._classy import CosmoComputationError

cdef extern from "class.h":
    int _FAILURE_
    int _ARGUMENT_LENGTH_MAX_

    struct sidr:
        double N
        double * alpha
        double Omega0_counterpart

    struct background:
        sidr sidr
        char * error_message

    struct perturbations_sidr:
        short has_source_delta
        short has_source_theta
        int index_tp_delta
        int index_tp_theta

    struct perturbations:
        perturbations_sidr sidr
        int index_md_scalars
        int index_ic_ad
        int tau_size
        int * k_size
        int * tp_size
        double *** sources

    double background_rate_sidr(background * pba, double a)
    int background_z_dec_sidr(background * pba, double * z_dec)


ARGUMENT_SIZE = _ARGUMENT_LENGTH_MAX_  # bytes of a value in CLASS's parser, with the final null


def keep(obj):
    """Keep `obj` until the process ends."""
    Py_INCREF(obj)


def N(cosmo):
    """Density of chi, in units of one neutrino in the instantaneous decoupling limit."""
    return background_of(cosmo).sidr.N


def Omega0_counterpart(cosmo):
    """Density today of the massless counterpart of negative masses, in units of the critical density."""
    return background_of(cosmo).sidr.Omega0_counterpart


def z_dec(cosmo):
    """Redshift at which a Gamma alpha_2 = aH; CosmoComputationError if CLASS has none."""
    cdef background * pba = background_of(cosmo)
    cdef double z
    if background_z_dec_sidr(pba, &z) == _FAILURE_:
        raise CosmoComputationError(pba.error_message.decode())
    return z


def rate(cosmo, double[:] a):
    """Conformal damping rate a Gamma alpha_2 [1/Mpc] at the scale factors `a`, shape (n,)."""
    cdef background * pba = background_of(cosmo)
    return np.array([pba.sidr.alpha[0] * background_rate_sidr(pba, x) for x in a])


def sources(cosmo):
    """Dictionary of those of delta_sidr and theta_sidr that exist, each of shape (k, tau)."""
    cdef perturbations * ppt = <perturbations *> PyCapsule_GetPointer(
        cosmo._c_struct("perturbations"), "struct perturbations")
    found = {}
    if ppt.sidr.has_source_delta:
        found["delta_sidr"] = source(ppt, ppt.sidr.index_tp_delta)
    if ppt.sidr.has_source_theta:
        found["theta_sidr"] = source(ppt, ppt.sidr.index_tp_theta)
    return found


cdef source(perturbations * ppt, int index_tp):
    """Copy of one scalar source with adiabatic initial conditions, shape (k, tau)."""
    cdef int md = ppt.index_md_scalars
    cdef int k_size = ppt.k_size[md]
    cdef double * values = ppt.sources[md][ppt.index_ic_ad * ppt.tp_size[md] + index_tp]
    return np.asarray(<double[:ppt.tau_size, :k_size]> values).T.copy()


cdef background * background_of(cosmo) except NULL:
    return <background *> PyCapsule_GetPointer(cosmo._c_struct("background"), "struct background")
