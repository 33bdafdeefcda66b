/** @file background_sidr.c Density, scattering rate and decoupling of the dark radiation chi. */

#include "background.h"

/**
 * Conformal scattering rate of chi, without angular coefficient:
 *   a Gamma = a G_eff^2 T_chi^5, with T_chi = T_chi0 (1+z), see (S48)
 *
 * @param pba Input: background structure
 * @param a   Input: scale factor, 1 today
 * @return a Gamma [1/Mpc]
 */
double background_rate_sidr(struct background * pba, double a) {
  return pba->sidr.rate0/(a*a*a*a);
}

/**
 * Phase-space distribution of massive neutrinos that shared energy and number with chi, per degree
 * of freedom of CLASS, which counts a neutrino and its antineutrino together:
 *   f(q) = 2/(2 pi)^3 / (exp(q)/z + 1), with q = p/T, see (S14) and (S15)
 *
 * @param pba    Input: background structure
 * @param n_ncdm Input: index of the species
 * @param q      Input: momentum over temperature
 * @return f(q)
 */
double background_ncdm_distribution_sidr(struct background * pba, int n_ncdm, double q) {
  return 2./pow(2.*_PI_,3)/(exp(q)/pba->sidr.fugacity[n_ncdm]+1.);
}

/**
 * Add chi to the sums over species of background_functions().
 *
 * @param pba      Input: background structure
 * @param a        Input: scale factor, 1 today
 * @param pvecback Output: its entry for the density of chi [3 c^2/(8 pi G)/Mpc^2]
 * @param rho_tot  Input/Output: total density
 * @param p_tot    Input/Output: total pressure
 * @param dp_dloga Input/Output: derivative of the total pressure with respect to log(a)
 * @param rho_r    Input/Output: density of radiation
 * @return the error status
 */
int background_functions_sidr(struct background * pba,
                              double a,
                              double * pvecback,
                              double * rho_tot,
                              double * p_tot,
                              double * dp_dloga,
                              double * rho_r) {

  double rho = pba->sidr.Omega0 * pba->H0*pba->H0 / (a*a*a*a);

  pvecback[pba->sidr.index_bg_rho] = rho;
  *rho_tot += rho;
  *p_tot += rho/3.;
  *dp_dloga += -4./3.*rho;
  *rho_r += rho;

  return _SUCCESS_;
}

/**
 * Redshift at which the shear of chi starts to grow: a Gamma alpha_2 = a'/a.
 *
 * a Gamma/aH falls monotonically, so that bisection in log(a) over the background table finds it.
 *
 * @param pba   Input: background structure, with its table
 * @param z_dec Output: redshift; 0 if chi is still coupled today, infinity if it never was
 * @return the error status
 */
int background_z_dec_sidr(struct background * pba, double * z_dec) {

  double loga, rate, aH;
  double loga_lower = pba->loga_table[0];
  double loga_upper = pba->loga_table[pba->bt_size-1];
  double * pvecback;
  int last_index = 0, iteration;

  class_test(pba->sidr.has_sidr == _FALSE_,
             pba->error_message,
             "there is no self-interacting dark radiation: its decoupling redshift exists for N_sidr > 0 only");

  class_alloc(pvecback,pba->bg_size*sizeof(double),pba->error_message);

  for (iteration = 0; iteration < 60; iteration++) { /* 60 halvings reach the last bit */

    loga = 0.5*(loga_lower+loga_upper);

    class_call_except(background_at_z(pba,exp(-loga)-1.,short_info,inter_normal,&last_index,pvecback),
                      pba->error_message,
                      pba->error_message,
                      free(pvecback));

    rate = pba->sidr.alpha[0] * background_rate_sidr(pba,pvecback[pba->index_bg_a]);
    aH = pvecback[pba->index_bg_a]*pvecback[pba->index_bg_H];

    if (rate > aH)
      loga_lower = loga;
    else
      loga_upper = loga;
  }

  free(pvecback);

  if (loga_upper == pba->loga_table[pba->bt_size-1])
    *z_dec = 0.;
  else if (loga_lower == pba->loga_table[0])
    *z_dec = INFINITY;
  else
    *z_dec = exp(-loga)-1.;

  return _SUCCESS_;
}
