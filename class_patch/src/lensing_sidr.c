/** @file lensing_sidr.c A factor on the spectrum of the CMB lensing potential, for each multipole.
 *
 * It scales C_l^phiphi as the input A_L of CLASS does, but after the transfer functions: another factor
 * costs no more than the lensing of temperature and polarization again.
 */

#include "harmonic.h"

/**
 * Scale the spectra of the lensing potential; nothing without a factor.
 *
 * @param phr Input: harmonic structure
 * @param l   Input: multipole
 * @param cl  Input/Output: spectra at l, of all modes and initial conditions together
 */
void harmonic_scale_lensing_sidr(struct harmonic * phr, double l, double * cl) {

  double factor;

  if (phr->sidr.factor == NULL)
    return;

  factor = phr->sidr.factor[MIN((int)l,phr->sidr.size-1)];

  if (phr->has_pp == _TRUE_)
    cl[phr->index_ct_pp] *= factor;
  if (phr->has_tp == _TRUE_)
    cl[phr->index_ct_tp] *= sqrt(factor);
  if (phr->has_ep == _TRUE_)
    cl[phr->index_ct_ep] *= sqrt(factor);
}
