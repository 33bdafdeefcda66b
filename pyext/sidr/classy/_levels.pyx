"""The levels of CLASS that a primordial parameter can change: free and compute them one by one.

For `sidr.classy.incremental`, which knows what has been computed and what a change of parameters
leaves as it is.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.string cimport memcmp, memcpy

from sidr.classy._classy import CosmoComputationError

cdef extern from "class.h":
    int _FAILURE_
    int _TRUE_
    int _FALSE_
    ctypedef char ErrorMsg[2048]

    enum primordial_spectrum_type:
        analytic_Pk

    enum non_linear_method:
        nl_none

    struct file_content:
        pass

    struct precision:
        pass

    struct background:
        pass

    struct thermodynamics:
        pass

    struct perturbations:
        int md_size
        int * ic_size
        short has_cls
        short has_cl_cmb_temperature
        short has_cl_cmb_polarization
        short has_cl_cmb_lensing_potential
        short has_cl_lensing_potential
        short has_cl_number_count

    struct primordial:
        primordial_spectrum_type primordial_spec_type
        short is_allocated
        ErrorMsg error_message

    struct fourier:
        non_linear_method method
        short is_allocated
        ErrorMsg error_message

    struct transfer:
        int index_tt_lcmb
        int * tt_size
        int * l_size
        int * l
        size_t q_size
        double * q
        double ** transfer
        short do_lcmb_full_limber
        size_t q_size_limber
        double * q_limber
        double ** transfer_limber
        short is_allocated
        ErrorMsg error_message

    struct harmonic_sidr:
        double * factor
        int size

    struct harmonic:
        harmonic_sidr sidr
        short is_allocated
        ErrorMsg error_message

    struct lensing:
        short is_allocated
        ErrorMsg error_message

    struct distortions:
        short has_distortions
        short is_allocated
        ErrorMsg error_message

    int input_read_parameters_primordial(file_content * pfc, perturbations * ppt, primordial * ppm,
                                         ErrorMsg errmsg)
    int primordial_init(precision * ppr, perturbations * ppt, primordial * ppm)
    int primordial_free(primordial * ppm)
    int fourier_init(precision * ppr, background * pba, thermodynamics * pth, perturbations * ppt,
                     primordial * ppm, fourier * pfo)
    int fourier_free(fourier * pfo)
    int transfer_init(precision * ppr, background * pba, thermodynamics * pth, perturbations * ppt,
                      fourier * pfo, transfer * ptr)
    int transfer_free(transfer * ptr)
    int harmonic_init(precision * ppr, background * pba, perturbations * ppt, primordial * ppm,
                      fourier * pfo, transfer * ptr, harmonic * phr)
    int harmonic_free(harmonic * phr)
    int lensing_init(precision * ppr, perturbations * ppt, harmonic * phr, fourier * pfo, lensing * ple)
    int lensing_free(lensing * ple)
    int distortions_init(precision * ppr, background * pba, thermodynamics * pth, perturbations * ppt,
                         primordial * ppm, distortions * psd)
    int distortions_free(distortions * psd)


cdef class Levels:
    """The structures of one instance of `classy.Class`, for as long as that lives."""

    cdef object cosmo
    cdef precision * ppr
    cdef background * pba
    cdef thermodynamics * pth
    cdef perturbations * ppt
    cdef primordial * ppm
    cdef fourier * pfo
    cdef transfer * ptr
    cdef harmonic * phr
    cdef lensing * ple
    cdef distortions * psd

    def __init__(self, cosmo):
        self.cosmo = cosmo
        self.ppr = <precision *> pointer(cosmo, "precision")
        self.pba = <background *> pointer(cosmo, "background")
        self.pth = <thermodynamics *> pointer(cosmo, "thermodynamics")
        self.ppt = <perturbations *> pointer(cosmo, "perturbations")
        self.ppm = <primordial *> pointer(cosmo, "primordial")
        self.pfo = <fourier *> pointer(cosmo, "fourier")
        self.ptr = <transfer *> pointer(cosmo, "transfer")
        self.phr = <harmonic *> pointer(cosmo, "harmonic")
        self.ple = <lensing *> pointer(cosmo, "lensing")
        self.psd = <distortions *> pointer(cosmo, "distortions")

    @property
    def spectrum_is_analytic(self):
        """Whether the primordial spectrum is that of A_s, n_s and alpha_s (known after the input)."""
        return self.ppm.primordial_spec_type == analytic_Pk

    @property
    def distortions_are_wanted(self):
        """Whether CLASS computes spectral distortions (known after the input)."""
        return self.psd.has_distortions == _TRUE_

    @property
    def transfer_is_linear(self):
        """Whether no transfer function in multipole space has a non-linear correction."""
        return self.pfo.method == nl_none or not self.sees_structure()

    @property
    def only_lensing_is_nonlinear(self):
        """Whether the CMB lensing potential is the only transfer function with such a correction."""
        return (self.ppt.md_size == 1 and self.ppt.has_cl_cmb_lensing_potential == _TRUE_
                and self.ppt.has_cl_lensing_potential == _FALSE_
                and self.ppt.has_cl_number_count == _FALSE_)

    cdef bint sees_structure(self):
        """Whether a source of C_l is one that transfer.c multiplies by the non-linear correction."""
        return self.ppt.has_cls == _TRUE_ and (self.ppt.has_cl_cmb_lensing_potential == _TRUE_
                                               or self.ppt.has_cl_lensing_potential == _TRUE_
                                               or self.ppt.has_cl_number_count == _TRUE_)

    def scale_lensing(self, double[::1] factor):
        """Multiply the spectrum of the lensing potential by a factor, wherever it is read from now on.

        Parameters
        ----------
        factor : ndarray or None
            For each multipole from 0 on; the last one holds for all higher ones. It must live as long as
            the structures, or until the next call.
        """
        if factor is None:
            self.phr.sidr.factor = NULL
            self.phr.sidr.size = 0
        else:
            self.phr.sidr.factor = &factor[0]
            self.phr.sidr.size = factor.shape[0]

    def read_primordial(self):
        """Read the primordial parameters again, and nothing else."""
        cdef ErrorMsg message
        # Where the tensor amplitude is read, a flag of the perturbations is set: not in the real ones.
        cdef perturbations copy = self.ppt[0]
        self.cosmo._fillparfile()
        cdef file_content * pfc = <file_content *> pointer(self.cosmo, "file_content")
        check(input_read_parameters_primordial(pfc, &copy, self.ppm, message), message)

    def compute(self, level):
        """Fill the structure of `level`; CosmoComputationError with CLASS's message if that fails.

        Of transfer functions that have not been freed, only those of the lensing potential are redone.
        """
        if level == "primordial":
            check(primordial_init(self.ppr, self.ppt, self.ppm), self.ppm.error_message)
        elif level == "fourier":
            check(fourier_init(self.ppr, self.pba, self.pth, self.ppt, self.ppm, self.pfo),
                  self.pfo.error_message)
        elif level == "transfer" and self.ptr.is_allocated:
            self.renew_lensing_transfer()
        elif level == "transfer":
            check(transfer_init(self.ppr, self.pba, self.pth, self.ppt, self.pfo, self.ptr),
                  self.ptr.error_message)
        elif level == "harmonic":
            check(harmonic_init(self.ppr, self.pba, self.ppt, self.ppm, self.pfo, self.ptr, self.phr),
                  self.phr.error_message)
        elif level == "lensing":
            check(lensing_init(self.ppr, self.ppt, self.phr, self.pfo, self.ple), self.ple.error_message)
        elif level == "distortions":
            check(distortions_init(self.ppr, self.pba, self.pth, self.ppt, self.ppm, self.psd),
                  self.psd.error_message)
        else:
            raise ValueError(level)

    def free(self, level):
        """Free what `compute` has allocated; the input of the level stays."""
        if level == "primordial" and self.ppm.is_allocated:
            primordial_free(self.ppm)
        elif level == "fourier" and self.pfo.is_allocated:
            fourier_free(self.pfo)
        elif level == "transfer" and self.ptr.is_allocated:
            transfer_free(self.ptr)
        elif level == "harmonic" and self.phr.is_allocated:
            harmonic_free(self.phr)
        elif level == "lensing" and self.ple.is_allocated:
            lensing_free(self.ple)
        elif level == "distortions" and self.psd.is_allocated:
            distortions_free(self.psd)

    def compute_linear_transfer(self):
        """Fill the structure of the transfer functions as if there were no non-linear correction.

        CLASS would read the correction even where it is of no use.
        """
        method, self.pfo.method = self.pfo.method, nl_none
        try:
            self.compute("transfer")
        finally:
            self.pfo.method = method

    cdef renew_lensing_transfer(self):
        """Compute the transfer functions of the CMB lensing potential again, and no others.

        CLASS computes all types of transfer functions at once, but without temperature and polarisation
        only this one is left; its wavenumbers and multipoles are the same, or it is an error.
        """
        cdef perturbations lensing_only = self.ppt[0]  # shares the sources
        lensing_only.has_cl_cmb_temperature = _FALSE_
        lensing_only.has_cl_cmb_polarization = _FALSE_
        cdef transfer new = self.ptr[0]
        check(transfer_init(self.ppr, self.pba, self.pth, &lensing_only, self.pfo, &new),
              new.error_message)
        try:
            self.take_lensing_transfer(&new)
        finally:
            transfer_free(&new)

    cdef take_lensing_transfer(self, transfer * new):
        """Copy the only type of `new`, scalars, over that of the lensing potential."""
        cdef transfer * old = self.ptr
        if (new.tt_size[0] != 1 or new.l_size[0] != old.l_size[0] or new.q_size != old.q_size
                or new.q_size_limber != old.q_size_limber
                or memcmp(new.l, old.l, old.l_size[0] * sizeof(int))
                or memcmp(new.q, old.q, old.q_size * sizeof(double))):
            raise CosmoComputationError("the lensing potential alone has other multipoles or wavenumbers")
        self.take(new.transfer[0], old.transfer[0], old.q_size)
        if old.do_lcmb_full_limber == _TRUE_:
            self.take(new.transfer_limber[0], old.transfer_limber[0], old.q_size_limber)

    cdef take(self, double * new, double * old, size_t q_size):
        """Copy one table [initial condition][l][q] into [initial condition][type][l][q]."""
        cdef size_t size = self.ptr.l_size[0] * q_size
        cdef int ic
        for ic in range(self.ppt.ic_size[0]):
            memcpy(old + (ic * self.ptr.tt_size[0] + self.ptr.index_tt_lcmb) * size, new + ic * size,
                   size * sizeof(double))


cdef void * pointer(cosmo, str name) except NULL:
    """The structure of CLASS called `name`."""
    c_name = f"struct {name}".encode()
    return PyCapsule_GetPointer(cosmo._c_struct(name), c_name)


cdef check(int status, char * message):
    if status == _FAILURE_:
        raise CosmoComputationError(message.decode())
