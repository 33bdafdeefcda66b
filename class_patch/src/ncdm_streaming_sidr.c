/** @file ncdm_streaming_sidr.c Massive neutrinos that stream: their oscillations are not followed.
 *
 * Deep inside the sound horizon, k c_s >> aH, the fluid of ncdm oscillates around a solution that
 * follows the metric, and the lighter it is, the longer. The integrator spends most of its steps on
 * that. As upstream does for ur (1104.2933), the solution takes the place of the fluid, here for any mass:
 *
 *   delta = (1+w) (-phi/c_s^2 + 3 aH alpha),  theta = -h'/2                   (synchronous)
 *   delta = -(1+w) phi/c_s^2,                 theta = (3 + 1/c_s^2) phi'      (newtonian)
 *
 * and no shear, with phi = eta - aH alpha and alpha = h'/(2k^2). For w = c_s^2 = 1/3 it is that of ur.
 * The fluid's variables rest meanwhile. Neutrinos that become slow start to fall into the structures:
 * k c_s^2/aH decreases, and before it reaches the trigger, the variables are drawn to the solution, and the
 * fluid goes on from there.
 */

#include "perturbations.h"

/** the variables are drawn to the solution from this many times the trigger on */
#define _END_OF_REST_SIDR_ 1.25
/** at this many times k c_s, so that they have forgotten where they rested when the trigger is reached */
#define _DAMPING_SIDR_ 4.

/** sqrt(3) k c_s^2/aH of a species, which is k c_s/aH if it has no mass, over the trigger; 0 where it cannot
    stream. Slow neutrinos are a larger part of the density and must be left alone earlier: one more c_s. */
static double streaming_sidr(struct precision * ppr,
                             struct background * pba,
                             double k,
                             int n_ncdm,
                             struct perturbations_workspace * ppw,
                             double * w,
                             double * cs2) {

  double * pvecback = ppw->pvecback;
  double rho = pvecback[pba->index_bg_rho_ncdm1+n_ncdm];
  double p = pvecback[pba->index_bg_p_ncdm1+n_ncdm];
  double pseudo_p = pvecback[pba->index_bg_pseudo_p_ncdm1+n_ncdm];

  if ((ppr->ncdm_streaming_trigger_sidr == 0.) || (ppw->approx[ppw->index_ap_rsa] == (int)rsa_off))
    return 0.;

  *w = p/rho;
  *cs2 = *w/3./(1.+*w)*(5.-pseudo_p/p); /* that of the fluid, perturbations_derivs() */

  return sqrt(3.)*(*cs2)*k/(pvecback[pba->index_bg_a]*pvecback[pba->index_bg_H])/ppr->ncdm_streaming_trigger_sidr;
}

/** h' or phi', once perturbations_einstein() is done. */
static double metric_prime_sidr(struct perturbations * ppt, struct perturbations_workspace * ppw) {
  return ppw->pvecmetric[(ppt->gauge == synchronous) ? ppw->index_mt_h_prime : ppw->index_mt_phi_prime];
}

/** The solution that follows the metric, from h' or phi'. */
static void follow_metric_sidr(struct background * pba,
                               struct perturbations * ppt,
                               double k,
                               double w,
                               double cs2,
                               double h_or_phi_prime,
                               double * y,
                               struct perturbations_workspace * ppw,
                               double * delta,
                               double * theta) {

  double aH = ppw->pvecback[pba->index_bg_a]*ppw->pvecback[pba->index_bg_H];

  if (ppt->gauge == synchronous) {
    *delta = (1.+w)*(-y[ppw->pv->index_pt_eta]/cs2+aH*h_or_phi_prime/(2.*k*k)*(1./cs2+3.));
    *theta = -0.5*h_or_phi_prime;
  }
  else {
    *delta = -(1.+w)/cs2*y[ppw->pv->index_pt_phi];
    *theta = (3.+1./cs2)*h_or_phi_prime;
  }
}

/**
 * Replace the fluid of a species of ncdm, which has been added to the total stress-energy tensor, where
 * it streams. As for photons and ur, the metric is that of the other species.
 *
 * @param ppr     Input: precision structure, with the trigger
 * @param pba     Input: background structure
 * @param ppt     Input: perturbation structure
 * @param k       Input: wavenumber [1/Mpc]
 * @param n_ncdm  Input: index of the species
 * @param y       Input: vector of perturbations
 * @param idx     Input: index of the density of the species; velocity and shear follow
 * @param ppw     Input/Output: workspace
 */
void perturbations_ncdm_streaming_stress_energy_sidr(struct precision * ppr,
                                                     struct background * pba,
                                                     struct perturbations * ppt,
                                                     double k,
                                                     int n_ncdm,
                                                     double * y,
                                                     int idx,
                                                     struct perturbations_workspace * ppw) {

  double rho = ppw->pvecback[pba->index_bg_rho_ncdm1+n_ncdm];
  double rho_plus_p = rho+ppw->pvecback[pba->index_bg_p_ncdm1+n_ncdm];
  double a = ppw->pvecback[pba->index_bg_a], aH = a*ppw->pvecback[pba->index_bg_H];
  double w, cs2, prime, delta, theta;

  if (streaming_sidr(ppr,pba,k,n_ncdm,ppw,&w,&cs2) <= 1.)
    return;

  ppw->delta_rho -= rho*y[idx];
  ppw->rho_plus_p_theta -= rho_plus_p*y[idx+1];
  ppw->rho_plus_p_shear -= rho_plus_p*y[idx+2];
  ppw->delta_p -= cs2*rho*y[idx];

  /* h' and phi' as in perturbations_einstein() */
  if (ppt->gauge == synchronous)
    prime = (k*k*ppw->s_l[2]*ppw->s_l[2]*y[ppw->pv->index_pt_eta]+1.5*a*a*ppw->delta_rho)/(0.5*aH);
  else
    prime = -aH*(y[ppw->pv->index_pt_phi]-4.5*a*a/k/k*ppw->rho_plus_p_shear)+1.5*a*a/k/k*ppw->rho_plus_p_theta;

  follow_metric_sidr(pba,ppt,k,w,cs2,prime,y,ppw,&delta,&theta);

  ppw->delta_rho += rho*delta;
  ppw->rho_plus_p_theta += rho_plus_p*theta;
  ppw->delta_p += cs2*rho*delta;

  if ((ppt->has_source_delta_ncdm == _TRUE_) || (ppt->has_source_theta_ncdm == _TRUE_) || (ppt->has_source_delta_m == _TRUE_)) {
    ppw->delta_ncdm[n_ncdm] = delta;
    ppw->theta_ncdm[n_ncdm] = theta;
    ppw->shear_ncdm[n_ncdm] = 0.;
  }
}

/**
 * Let the fluid of a species of ncdm rest where it streams, and draw it to the solution before that ends.
 *
 * @param ppr     Input: precision structure, with the trigger
 * @param pba     Input: background structure
 * @param ppt     Input: perturbation structure
 * @param k       Input: wavenumber [1/Mpc]
 * @param n_ncdm  Input: index of the species
 * @param y       Input: vector of perturbations
 * @param dy      Input/Output: its derivative with respect to conformal time
 * @param idx     Input: index of the density of the species; velocity and shear follow
 * @param ppw     Input: workspace, with the metric
 */
void perturbations_ncdm_streaming_derivs_sidr(struct precision * ppr,
                                              struct background * pba,
                                              struct perturbations * ppt,
                                              double k,
                                              int n_ncdm,
                                              double * y,
                                              double * dy,
                                              int idx,
                                              struct perturbations_workspace * ppw) {

  double w, cs2, delta, theta, Gamma, awake;
  double streaming = streaming_sidr(ppr,pba,k,n_ncdm,ppw,&w,&cs2);

  if (streaming > _END_OF_REST_SIDR_) {
    dy[idx] = dy[idx+1] = dy[idx+2] = 0.;
  }
  else if (streaming > 1.) {
    follow_metric_sidr(pba,ppt,k,w,cs2,metric_prime_sidr(ppt,ppw),y,ppw,&delta,&theta);
    Gamma = _DAMPING_SIDR_*k*sqrt(cs2);
    /* from 0: the step size is relative to the variables, and one that rests at nearly 0 must not start with a jump */
    awake = (_END_OF_REST_SIDR_-streaming)/(_END_OF_REST_SIDR_-1.);
    dy[idx] = awake*(dy[idx]-Gamma*(y[idx]-delta));
    dy[idx+1] = awake*(dy[idx+1]-Gamma*(y[idx+1]-theta));
    dy[idx+2] = awake*(dy[idx+2]-Gamma*y[idx+2]);
  }
}

/**
 * Replace the variables of the fluid of a species in the output at one wavenumber, where it streams.
 *
 * @param ppr     Input: precision structure, with the trigger
 * @param pba     Input: background structure
 * @param ppt     Input: perturbation structure
 * @param k       Input: wavenumber [1/Mpc]
 * @param n_ncdm  Input: index of the species
 * @param y       Input: vector of perturbations
 * @param ppw     Input: workspace, with the metric
 * @param delta   Input/Output: density contrast
 * @param theta   Input/Output: velocity divergence [1/Mpc]
 * @param shear   Input/Output: shear
 */
void perturbations_ncdm_streaming_variables_sidr(struct precision * ppr,
                                                 struct background * pba,
                                                 struct perturbations * ppt,
                                                 double k,
                                                 int n_ncdm,
                                                 double * y,
                                                 struct perturbations_workspace * ppw,
                                                 double * delta,
                                                 double * theta,
                                                 double * shear) {

  double w, cs2;

  if (streaming_sidr(ppr,pba,k,n_ncdm,ppw,&w,&cs2) <= 1.)
    return;

  follow_metric_sidr(pba,ppt,k,w,cs2,metric_prime_sidr(ppt,ppw),y,ppw,delta,theta);
  *shear = 0.;
}
