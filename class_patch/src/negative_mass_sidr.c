/** @file negative_mass_sidr.c Effective neutrino masses below zero (arXiv:2407.10965): m_ncdm < 0.
 *
 * The energy of a neutrino is taken to be sgn(m) sqrt(q^2+a^2m^2), its eq. (3), and massless neutrinos
 * are added so that the early radiation is that of positive masses. Under epsilon -> -epsilon and
 * Psi_l -> (-1)^l Psi_l the Boltzmann hierarchy is that of |m|; density, pressure and their perturbations
 * change sign. So the stress-energy is T(-|m|) = 2 T(0) - T(|m|): a species of mass |m| and weight -1,
 * which is the sign of factor_ncdm, beside its counterpart, twice as much of the same species without
 * mass, which is added to ur.
 *
 * Omega0_ncdm and the columns of ncdm are those of the weighted species alone; Omega0_ncdm_tot, f_nu
 * and matter include the counterpart.
 */

#include "background.h"
#include "perturbations.h"
#include "hmcode.h"

/** the phase-space integral ends where exp(-q) has fallen by 20 decades more than q^3 has grown */
#define _Q_MAX_COUNTERPART_SIDR_ 60.
/** its intervals, an even number: Simpson's rule is then good to 1e-12 */
#define _Q_SIZE_COUNTERPART_SIDR_ 6000

/** sum of the negative masses, weighted with the degeneracies as m_nu of degenerate neutrinos is [eV] */
static double negative_mass_sum_sidr(struct background * pba) {

  double sum = 0.;
  int n;

  for (n = 0; n < pba->N_ncdm; n++)
    sum += pba->deg_ncdm[n]*MIN(pba->m_ncdm_in_eV[n],0.);

  return sum;
}

/**
 * Find out whether there are negative masses.
 *
 * @param pba    Input/Output: background structure (m_ncdm_in_eV must be known)
 * @param N_ncdm Input: number of species
 */
void input_find_negative_mass_sidr(struct background * pba, int N_ncdm) {

  int n;

  for (n = 0; n < N_ncdm; n++)
    if (pba->m_ncdm_in_eV[n] < 0.)
      pba->sidr.has_negative_mass = _TRUE_;
}

/**
 * Check what a negative mass can be combined with, before CLASS derives densities.
 *
 * @param pba    Input: background structure (all inputs of ncdm must be known)
 * @param ppt    Input: perturbation structure (sound speed and viscosity of ur must be known)
 * @param N_ncdm Input: number of species
 * @param errmsg Input/Output: Error message
 * @return the error status
 */
int input_check_negative_mass_sidr(struct background * pba,
                                   struct perturbations * ppt,
                                   int N_ncdm,
                                   ErrorMsg errmsg) {

  int n;

  for (n = 0; n < N_ncdm; n++) {

    class_test(pba->deg_ncdm[n] < 0.,
               errmsg,
               "deg_ncdm = %g of species %d must be 0 or more; for an effective neutrino mass below zero use m_ncdm < 0",
               pba->deg_ncdm[n],n+1);

    class_test(pba->Omega0_ncdm[n] < 0.,
               errmsg,
               "Omega_ncdm or omega_ncdm of species %d (Omega = %g) must be 0 or more; for an effective neutrino mass below zero use m_ncdm < 0",
               n+1,pba->Omega0_ncdm[n]);

    class_test((pba->m_ncdm_in_eV[n] < 0.) && (pba->Omega0_ncdm[n] != 0.),
               errmsg,
               "m_ncdm = %g eV of species %d is negative, and has a density by Omega_ncdm or omega_ncdm (Omega = %g): leave the density out",
               pba->m_ncdm_in_eV[n],n+1,pba->Omega0_ncdm[n]);
  }

  class_test((pba->sidr.has_negative_mass == _TRUE_) &&
             ((fabs(ppt->three_ceff2_ur-1.) > 1.e-6) || (fabs(ppt->three_cvis2_ur-1.) > 1.e-6)),
             errmsg,
             "m_ncdm < 0 adds massless neutrinos to ur, which then must stream freely: leave out ceff2_ur = %g and cvis2_ur = %g, or set them to 1/3",
             ppt->three_ceff2_ur/3.,ppt->three_cvis2_ur/3.);

  return _SUCCESS_;
}

/**
 * Density today of a species of ncdm if it had no mass: factor_ncdm times the integral of q^3 f(q).
 *
 * @param pba    Input: background structure
 * @param n_ncdm Input: index of the species
 * @param rho    Output: density [3 c^2/(8 pi G)/Mpc^2]
 * @return the error status
 */
static int background_massless_density_sidr(struct background * pba, int n_ncdm, double * rho) {

  struct background_parameters_for_distributions pbadist;
  double dq = _Q_MAX_COUNTERPART_SIDR_/_Q_SIZE_COUNTERPART_SIDR_;
  double q, f0, sum = 0.;
  int i;

  /* of a tabulated distribution there is only the quadrature */
  if (pba->got_files[n_ncdm] == _TRUE_)
    return background_ncdm_momenta(pba->q_ncdm_bg[n_ncdm],
                                   pba->w_ncdm_bg[n_ncdm],
                                   pba->q_size_ncdm_bg[n_ncdm],
                                   0.,
                                   pba->factor_ncdm[n_ncdm],
                                   0.,
                                   NULL,
                                   rho,
                                   NULL,
                                   NULL,
                                   NULL);

  pbadist.pba = pba;
  pbadist.n_ncdm = n_ncdm;

  for (i = 1; i < _Q_SIZE_COUNTERPART_SIDR_; i++) {
    q = i*dq;
    class_call(background_ncdm_distribution(&pbadist,q,&f0),
               pba->error_message,
               pba->error_message);
    sum += (i%2 == 1 ? 4. : 2.)/3.*dq*q*q*q*f0;
  }

  *rho = pba->factor_ncdm[n_ncdm]*sum;

  return _SUCCESS_;
}

/**
 * Give species of negative mass their weight, and add their massless counterpart to ur.
 *
 * @param pba Input/Output: background structure (densities of ncdm, as of positive masses, must be known)
 * @return the error status
 */
int input_weight_negative_mass_sidr(struct background * pba) {

  struct sidr * psidr = &(pba->sidr);
  double rho;
  int n;

  for (n = 0; n < pba->N_ncdm; n++) {

    if (pba->m_ncdm_in_eV[n] >= 0.)
      continue;

    class_call(background_massless_density_sidr(pba,n,&rho),
               pba->error_message,
               pba->error_message);

    psidr->Omega0_counterpart += 2.*rho/pba->H0/pba->H0;
    pba->Omega0_ncdm_tot -= 2.*pba->Omega0_ncdm[n];

    pba->M_ncdm[n] = fabs(pba->M_ncdm[n]);
    pba->factor_ncdm[n] = -pba->factor_ncdm[n];
    pba->Omega0_ncdm[n] = -pba->Omega0_ncdm[n];
  }

  pba->Omega0_ur += psidr->Omega0_counterpart;
  pba->Omega0_ncdm_tot += psidr->Omega0_counterpart;

  return _SUCCESS_;
}

/** H^2/(H^2+K/a^2) that is taken as 0: the integration of the background comes closer and closer to a
    bounce, and does not step over it */
#define _BOUNCE_SIDR_ 1.e-8

/**
 * Stop where negative masses outweigh the rest, before a square root is taken.
 *
 * @param pba     Input: background structure
 * @param a       Input: scale factor, 1 today
 * @param rho_tot Input: total density [3 c^2/(8 pi G)/Mpc^2]
 * @param rho_m   Input: density of matter
 * @return the error status
 */
int background_check_negative_mass_sidr(struct background * pba,
                                        double a,
                                        double rho_tot,
                                        double rho_m) {

  class_test(rho_tot-pba->K/a/a <= _BOUNCE_SIDR_*fabs(rho_tot),
             pba->error_message,
             "m_ncdm: with negative masses of %g eV (sum over species, times deg_ncdm) H^2 = %g /Mpc^2 at z = %g, and must be positive; take masses closer to 0 or more of other species",
             negative_mass_sum_sidr(pba),rho_tot-pba->K/a/a,1./a-1.);

  class_test(rho_m <= 0.,
             pba->error_message,
             "m_ncdm: with negative masses of %g eV (sum over species, times deg_ncdm) Omega_m = %g at z = %g, and must be positive; take masses closer to 0 or more cold dark matter",
             negative_mass_sum_sidr(pba),rho_m/(rho_tot-pba->K/a/a),1./a-1.);

  return _SUCCESS_;
}

/**
 * Density of the massless counterpart of all negative masses.
 *
 * @param pba Input: background structure
 * @param a   Input: scale factor, 1 today
 * @return density [3 c^2/(8 pi G)/Mpc^2], 0 without negative masses
 */
double background_counterpart_density_sidr(struct background * pba, double a) {
  return pba->sidr.Omega0_counterpart*pba->H0*pba->H0/(a*a*a*a);
}

/**
 * Add the massless counterpart to matter, of which ncdm is a part: the weighted species alone would make
 * its density vanish at some early time.
 *
 * @param pba                Input: background structure
 * @param ppw                Input: workspace, with the background at this time
 * @param delta_ur           Input: density contrast of ur
 * @param theta_ur           Input: velocity divergence of ur
 * @param delta_rho_m        Input/Output: density perturbation of matter
 * @param rho_m              Input/Output: density of matter
 * @param rho_plus_p_theta_m Input/Output: momentum of matter
 * @param rho_plus_p_m       Input/Output: density and pressure of matter
 */
void perturbations_matter_negative_mass_sidr(struct background * pba,
                                             struct perturbations_workspace * ppw,
                                             double delta_ur,
                                             double theta_ur,
                                             double * delta_rho_m,
                                             double * rho_m,
                                             double * rho_plus_p_theta_m,
                                             double * rho_plus_p_m) {

  double rho = background_counterpart_density_sidr(pba,ppw->pvecback[pba->index_bg_a]);

  *delta_rho_m += rho*delta_ur;
  *rho_m += rho;
  *rho_plus_p_theta_m += 4./3.*rho*theta_ur;
  *rho_plus_p_m += 4./3.*rho;
}

/**
 * Growth of matter over that of cdm and baryons (Eisenstein & Hu 1999, as in HMcode) for f_nu < 0: the
 * formula has f_nu^(-7/6). It is continued to first order, ratio(-|f_nu|) = 2 - ratio(|f_nu|).
 *
 * @param k          Input: wavenumber [1/Mpc]
 * @param z          Input: redshift
 * @param fnu        Input: Omega_nu/Omega_m, below 0
 * @param om_m       Input: Omega_m h^2
 * @param Tcmb       Input: temperature of the photons [K]
 * @param growth     Input: growth factor
 * @param cbnu_ratio Output: the ratio, as hmcode_cbnu_ratio() has it
 * @return the error status
 */
int hmcode_cbnu_ratio_sidr(double k,
                           double z,
                           double fnu,
                           double om_m,
                           double Tcmb,
                           double growth,
                           double * cbnu_ratio) {

  double ratio;

  if (hmcode_cbnu_ratio(k,z,-fnu,om_m,Tcmb,growth,&ratio) == _FAILURE_)
    return _FAILURE_;

  *cbnu_ratio = 2.-ratio;

  return _SUCCESS_;
}

/**
 * The factor 1 + x of halofit (Bird et al. 2012), where x is proportional to f_nu, for f_nu < 0: it would
 * turn negative at f_nu = -0.03, and is continued as 1/(1-x), which has the same slope at 0.
 *
 * @param factor Input: 1 + x, with x < 0
 * @return the continued factor
 */
double halofit_factor_sidr(double factor) {
  return 1./(2.-factor);
}
