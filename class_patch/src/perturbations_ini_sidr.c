/** @file perturbations_ini_sidr.c Adiabatic initial conditions of the dark radiation chi.
 *
 * CLASS counts every relativistic species but photons as free-streaming. A chi that scatters fast is
 * another fluid instead: it has no shear, moves like the photons (but for their baryons), and does not
 * belong to the free-streaming fraction fracnu that the metric feels.
 */

#include "perturbations.h"

/**
 * Share w of chi that streams freely in the initial conditions.
 *
 * Outside the horizon, in the radiation era, sigma = w sigma_ur with w the solution of
 *   (w tau^2)' = 2 tau - a Gamma alpha_2 w tau^2 ,
 * which is 1 without and 2/(a Gamma alpha_2 tau) with fast scattering; we take the expression that has
 * both limits. All multipoles are linear in w: w = 0 is a perfect fluid, w = 1 is ur.
 *
 * @param pba Input: background structure
 * @param a   Input: scale factor
 * @param tau Input: conformal time [Mpc]
 * @return w
 */
static double streaming_fraction(struct background * pba, double a, double tau) {
  return 1./(1.+0.5*pba->sidr.alpha[0]*background_rate_sidr(pba,a)*tau);
}

/**
 * Add chi to the radiation of the initial conditions: all of it to rho_r, and its free-streaming share
 * to rho_nu, which enters the adiabatic mode through its anisotropic stress.
 *
 * @param pba      Input: background structure
 * @param tau      Input: conformal time [Mpc]
 * @param pvecback Input: background at tau
 * @param rho_r    Input/Output: density of radiation
 * @param rho_nu   Input/Output: density of free-streaming radiation
 * @return the error status
 */
int perturbations_rho_ini_sidr(struct background * pba,
                               double tau,
                               double * pvecback,
                               double * rho_r,
                               double * rho_nu) {

  double rho = pvecback[pba->sidr.index_bg_rho];

  *rho_r += rho;
  *rho_nu += streaming_fraction(pba,pvecback[pba->index_bg_a],tau)*rho;

  return _SUCCESS_;
}

/**
 * Velocity of a tightly coupled relativistic fluid in adiabatic initial conditions, synchronous gauge,
 * for a unit curvature perturbation, to first order in om tau. loading = rho_b/rho of the fluid times
 * rho_r/rho_m: 0 for chi.
 */
static double theta_coupled_ini(double k, double tau, double om, double loading) {
  return -pow(k*tau,3)*k/36.*(1.-3./20.*(1.+5.*loading)*om*tau);
}

/**
 * Velocity of photons (and baryons) in adiabatic initial conditions, synchronous gauge, for a unit
 * curvature perturbation. Upstream writes it with 1 - fracnu for the share of photons in the
 * radiation, which does not hold when a fluid is there besides.
 *
 * @param pba      Input: background structure
 * @param k        Input: wavenumber [1/Mpc]
 * @param tau      Input: conformal time [Mpc]
 * @param om       Input: a rho_m/sqrt(rho_r) [1/Mpc]
 * @param rho_r    Input: density of radiation
 * @param fracb    Input: share of baryons in the matter
 * @param pvecback Input: background at tau
 * @return theta_g [1/Mpc]
 */
double perturbations_theta_g_ini_sidr(struct background * pba,
                                      double k,
                                      double tau,
                                      double om,
                                      double rho_r,
                                      double fracb,
                                      double * pvecback) {
  return theta_coupled_ini(k,tau,om,fracb*rho_r/pvecback[pba->index_bg_rho_g]);
}

/**
 * Add the share of chi that is coupled, and hence not counted in fracnu, to the total density and
 * velocity that the transformation of the initial conditions to the newtonian gauge needs.
 *
 * @param pba              Input: background structure
 * @param k                Input: wavenumber [1/Mpc]
 * @param tau              Input: conformal time [Mpc]
 * @param om               Input: a rho_m/sqrt(rho_r) [1/Mpc]
 * @param rho_r            Input: density of radiation
 * @param rho_m_over_rho_r Input: density of matter over that of radiation
 * @param amplitude        Input: curvature perturbation, times s_2^2
 * @param delta            Input: density contrast of radiation, synchronous gauge
 * @param pvecback         Input: background at tau
 * @param delta_tot        Input/Output: delta rho/rho
 * @param velocity_tot     Input/Output: (rho + p) theta/rho [1/Mpc]
 * @return the error status
 */
int perturbations_total_ini_sidr(struct background * pba,
                                 double k,
                                 double tau,
                                 double om,
                                 double rho_r,
                                 double rho_m_over_rho_r,
                                 double amplitude,
                                 double delta,
                                 double * pvecback,
                                 double * delta_tot,
                                 double * velocity_tot) {

  double w = streaming_fraction(pba,pvecback[pba->index_bg_a],tau);
  double frac = (1.-w)*pvecback[pba->sidr.index_bg_rho]/rho_r/(1.+rho_m_over_rho_r);

  *delta_tot += frac*delta;
  *velocity_tot += 4./3.*frac*amplitude*theta_coupled_ini(k,tau,om,0.);

  return _SUCCESS_;
}

/**
 * Initial conditions of chi.
 *
 * @param pba       Input: background structure
 * @param k         Input: wavenumber [1/Mpc]
 * @param tau       Input: conformal time [Mpc]
 * @param om        Input: a rho_m/sqrt(rho_r) [1/Mpc]
 * @param amplitude Input: curvature perturbation, times s_2^2
 * @param k2_alpha  Input: shift of theta from the synchronous to the current gauge [1/Mpc]
 * @param delta_ur  Input: density of free-streaming radiation, current gauge
 * @param theta_ur  Input: velocity of free-streaming radiation, current gauge [1/Mpc]
 * @param shear_ur  Input: shear of free-streaming radiation
 * @param l3_ur     Input: third multipole of free-streaming radiation
 * @param ppw       Input/Output: workspace, with the background at tau
 * @return the error status
 */
int perturbations_initial_conditions_sidr(struct background * pba,
                                          double k,
                                          double tau,
                                          double om,
                                          double amplitude,
                                          double k2_alpha,
                                          double delta_ur,
                                          double theta_ur,
                                          double shear_ur,
                                          double l3_ur,
                                          struct perturbations_workspace * ppw) {

  double w = streaming_fraction(pba,ppw->pvecback[pba->index_bg_a],tau);
  double theta_coupled = amplitude*theta_coupled_ini(k,tau,om,0.)+k2_alpha;
  double * y = &(ppw->pv->y[ppw->pv->sidr.index_pt_delta]);

  y[0] = delta_ur;
  y[1] = theta_coupled+w*(theta_ur-theta_coupled);

  if (ppw->approx[ppw->sidr.index_ap] == (int)sidr_hierarchy) {
    y[2] = w*shear_ur;
    y[3] = w*l3_ur;
  }

  return _SUCCESS_;
}
