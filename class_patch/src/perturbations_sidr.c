/** @file perturbations_sidr.c Scalar perturbations of the dark radiation chi.
 *
 * With F_0 = delta, F_1 = 4 theta/(3k), F_2 = 2 s_2 sigma, in both gauges and any curvature:
 *
 *   delta' = -4/3 (theta + metric_continuity)                                              (S46)
 *   theta' = k^2 (delta/4 - s_2^2 sigma) + metric_euler                                    (S47)
 *   sigma' = 4/15 (theta + metric_shear) - 3/10 k s_3/s_2 F_3 - a Gamma alpha_2 sigma       (S48)
 *   F_l'   = k/(2l+1) [l s_l F_{l-1} - (l+1) s_{l+1} F_{l+1}] - a Gamma alpha_l F_l, l >= 3 (S49)
 *
 * Scattering conserves number, energy and momentum of chi: it leaves l = 0, 1 alone. Its rate spans
 * thirty orders of magnitude, hence the four phases of enum sidr_flags. Initial conditions are in
 * perturbations_ini_sidr.c.
 */

#include "perturbations.h"

/** Angular coefficient alpha_l of the collision term, l >= 2. */
static double alpha_sidr(struct background * pba, int l) {
  return pba->sidr.alpha[MIN(l-2,pba->sidr.alpha_size-1)];
}

/** Approximation of chi at the current time. */
static int approx_sidr(struct perturbations_workspace * ppw) {
  return ppw->approx[ppw->sidr.index_ap];
}

/** Density of chi at the current time. */
static double rho_sidr(struct background * pba, struct perturbations_workspace * ppw) {
  return ppw->pvecback[pba->sidr.index_bg_rho];
}

/** Conformal rate a Gamma at the current time [1/Mpc]. */
static double rate_sidr(struct background * pba, struct perturbations_workspace * ppw) {
  return background_rate_sidr(pba,ppw->pvecback[pba->index_bg_a]);
}

/**
 * Declare the transfer functions of chi.
 *
 * @param pba        Input: background structure
 * @param ppt        Input/Output: perturbation structure
 * @param index_type Input/Output: next free index of the source types
 * @return the error status
 */
int perturbations_indices_sidr(struct background * pba,
                               struct perturbations * ppt,
                               int * index_type) {

  if (pba->sidr.has_sidr == _TRUE_) {
    ppt->sidr.has_source_delta = ppt->has_density_transfers;
    ppt->sidr.has_source_theta = ppt->has_velocity_transfers;
  }

  class_define_index(ppt->sidr.index_tp_delta,ppt->sidr.has_source_delta,*index_type,1);
  class_define_index(ppt->sidr.index_tp_theta,ppt->sidr.has_source_theta,*index_type,1);

  return _SUCCESS_;
}

/**
 * Titles of the transfer functions of chi in CLASS's format: the last columns.
 *
 * @param ppt           Input: perturbation structure
 * @param output_format Input: format of the table
 * @param titles        Input/Output: titles so far
 */
void perturbations_output_titles_sidr(struct perturbations * ppt,
                                      enum file_format output_format,
                                      char * titles) {

  if (output_format == class_format) {
    class_store_columntitle(titles,"d_sidr",ppt->sidr.has_source_delta);
    class_store_columntitle(titles,"t_sidr",ppt->sidr.has_source_theta);
  }
}

/**
 * Transfer functions of chi in CLASS's format: the last columns.
 *
 * @param ppt           Input: perturbation structure
 * @param output_format Input: format of the table
 * @param tk            Input: transfer functions at one wavenumber
 * @param end           Input/Output: end of the line of the table that has them
 */
void perturbations_output_data_sidr(struct perturbations * ppt,
                                    enum file_format output_format,
                                    double * tk,
                                    double * end) {

  if (output_format == class_format) {
    if (ppt->sidr.has_source_theta == _TRUE_)
      *(--end) = tk[ppt->sidr.index_tp_theta];
    if (ppt->sidr.has_source_delta == _TRUE_)
      *(--end) = tk[ppt->sidr.index_tp_delta];
  }
}

/**
 * Approximation of chi at a given time. Each condition falls or rises monotonically with time, and
 * each phase implies the previous ones.
 *
 * @param ppr Input: precision structure
 * @param pba Input: background structure
 * @param pth Input: thermodynamics structure
 * @param k   Input: wavenumber [1/Mpc]
 * @param tau Input: conformal time [Mpc]
 * @param ppw Input/Output: workspace with the background at tau; in output, the approximation of chi
 * @return the error status
 */
int perturbations_approximations_sidr(struct precision * ppr,
                                      struct background * pba,
                                      struct thermodynamics * pth,
                                      double k,
                                      double tau,
                                      struct perturbations_workspace * ppw) {

  double aH = ppw->pvecback[pba->index_bg_a]*ppw->pvecback[pba->index_bg_H];
  double slowest = pba->sidr.alpha_min*rate_sidr(pba,ppw);
  double fastest = pba->sidr.alpha_max*rate_sidr(pba,ppw);

  short is_coupled = (slowest > ppr->sidr_tca_trigger_rate_over_aH*aH) &&
    (slowest > ppr->sidr_tca_trigger_rate_over_k*k);

  short is_fluid = (ppr->ur_fluid_approximation != ufa_none) &&
    (k*tau > ppr->sidr_fluid_trigger_tau_over_tau_k) &&
    (fastest < ppr->sidr_fluid_trigger_rate_over_aH*aH);

  short is_streaming = is_fluid && (ppr->radiation_streaming_approximation != rsa_none) &&
    (k*tau > ppr->sidr_rsa_trigger_tau_over_tau_k) &&
    (fastest < ppr->sidr_rsa_trigger_rate_over_aH*aH) &&
    (tau > ppr->sidr_rsa_trigger_tau_over_tau_fs*pth->tau_free_streaming);

  ppw->approx[ppw->sidr.index_ap] = (int)
    (is_coupled ? sidr_tca : is_streaming ? sidr_rsa : is_fluid ? sidr_fluid : sidr_hierarchy);

  return _SUCCESS_;
}

/**
 * Indices of chi in the vector of integrated perturbations. They must be its last ones, see
 * perturbations_vector_switch_sidr().
 *
 * @param ppr      Input: precision structure
 * @param ppw      Input: workspace, with the approximation of chi
 * @param ppv      Input/Output: vector of perturbations
 * @param index_pt Input/Output: next free index
 * @return the error status
 */
int perturbations_vector_indices_sidr(struct precision * ppr,
                                      struct perturbations_workspace * ppw,
                                      struct perturbations_vector * ppv,
                                      int * index_pt) {

  int approx = approx_sidr(ppw);

  switch (approx) {
  case sidr_tca:       ppv->sidr.l_max = 1; break;
  case sidr_hierarchy: ppv->sidr.l_max = ppr->l_max_sidr; break;
  case sidr_fluid:     ppv->sidr.l_max = 2; break;
  case sidr_rsa:       ppv->sidr.l_max = -1; break;
  }

  ppv->sidr.index_pt_delta = *index_pt; /* the end of the other species, also when nothing follows */
  ppv->sidr.index_pt_theta = *index_pt+1;
  ppv->sidr.index_pt_shear = *index_pt+2;
  ppv->sidr.index_pt_l3 = *index_pt+3;

  *index_pt += ppv->sidr.l_max+1;

  return _SUCCESS_;
}

/**
 * Tell that the sources do not need the multipoles above l = 2.
 *
 * @param ppv Input/Output: vector of perturbations
 * @return the error status
 */
int perturbations_vector_used_in_sources_sidr(struct perturbations_vector * ppv) {

  int l;

  for (l = 3; l <= ppv->sidr.l_max; l++)
    ppv->used_in_sources[ppv->sidr.index_pt_delta+l] = _FALSE_;

  return _SUCCESS_;
}

/**
 * Fill the new vector of perturbations at a switch of approximation.
 *
 * If another approximation than that of chi is switched, the hooked function copies the other species
 * and we copy chi. If it is that of chi, no other variable appears or goes: since those of chi come
 * last, all others keep their indices.
 *
 * @param pba    Input: background structure
 * @param ppt    Input: perturbation structure
 * @param k      Input: wavenumber [1/Mpc]
 * @param tau    Input: conformal time [Mpc]
 * @param pa_old Input: old approximations
 * @param ppw    Input: workspace, with the new approximations and the old vector
 * @param ppv    Input/Output: new vector
 * @return the error status
 */
int perturbations_vector_switch_sidr(struct background * pba,
                                     struct perturbations * ppt,
                                     double k,
                                     double tau,
                                     int * pa_old,
                                     struct perturbations_workspace * ppw,
                                     struct perturbations_vector * ppv) {

  double * y_old = &(ppw->pv->y[ppw->pv->sidr.index_pt_delta]);
  double * y = &(ppv->y[ppv->sidr.index_pt_delta]);
  int approx_old = pa_old[ppw->sidr.index_ap];
  int l;

  for (l = 0; l <= MIN(ppw->pv->sidr.l_max,ppv->sidr.l_max); l++)
    y[l] = y_old[l];

  if (approx_old == approx_sidr(ppw))
    return _SUCCESS_;

  if (ppt->perturbations_verbose > 2)
    fprintf(stdout,"Mode k=%e: approximation of sidr goes from %d to %d at tau=%e\n",k,approx_old,approx_sidr(ppw),tau);

  memcpy(ppv->y,ppw->pv->y,ppv->sidr.index_pt_delta*sizeof(double));

  /* end of tight coupling: the multipoles start from their quasi-static values */
  if (approx_old == (int)sidr_tca) {
    y[2] = ppw->sidr.tca_shear;
    y[3] = 6./7.*k*ppw->s_l[3]*ppw->s_l[2]/(alpha_sidr(pba,3)*rate_sidr(pba,ppw))*y[2]; /* (S49), F_2 = 2 s_2 sigma */
    for (l = 4; l <= ppv->sidr.l_max; l++)
      y[l] = l/(2.*l+1.)*k*ppw->s_l[l]/(alpha_sidr(pba,l)*rate_sidr(pba,ppw))*y[l-1];
  }

  return _SUCCESS_;
}

/** Quasi-static shear of tight coupling, from sigma' = 0 and F_3 = 0 in (S48). */
static double tca_shear(struct background * pba, double theta, double metric_shear, struct perturbations_workspace * ppw) {
  return 4./15.*(theta+metric_shear)/(alpha_sidr(pba,2)*rate_sidr(pba,ppw));
}

/** Add chi to the total density, velocity and pressure perturbations. */
static void add_delta_and_theta(struct background * pba, double delta, double theta, struct perturbations_workspace * ppw) {
  ppw->delta_rho += rho_sidr(pba,ppw)*delta;
  ppw->rho_plus_p_theta += 4./3.*rho_sidr(pba,ppw)*theta;
  ppw->delta_p += 1./3.*rho_sidr(pba,ppw)*delta;
}

/**
 * Contribution of chi to the total stress-energy tensor.
 *
 * When chi streams, its contribution comes with perturbations_rsa_delta_and_theta_sidr(); in tight
 * coupling and synchronous gauge, its shear comes with perturbations_tca_shear_sidr(): both need the
 * metric, which follows from the other contributions.
 *
 * @param pba Input: background structure
 * @param ppt Input: perturbation structure
 * @param y   Input: vector of perturbations
 * @param ppw Input/Output: workspace
 * @return the error status
 */
int perturbations_stress_energy_sidr(struct background * pba,
                                     struct perturbations * ppt,
                                     double * y,
                                     struct perturbations_workspace * ppw) {

  struct perturbations_vector_sidr * pv = &(ppw->pv->sidr);
  double shear = 0.;

  ppw->rho_plus_p_tot += 4./3.*rho_sidr(pba,ppw);

  if (approx_sidr(ppw) == (int)sidr_rsa)
    return _SUCCESS_;

  if (approx_sidr(ppw) != (int)sidr_tca)
    shear = y[pv->index_pt_shear];
  else if (ppt->gauge == newtonian)
    shear = ppw->sidr.tca_shear = tca_shear(pba,y[pv->index_pt_theta],0.,ppw);

  add_delta_and_theta(pba,y[pv->index_pt_delta],y[pv->index_pt_theta],ppw);
  ppw->rho_plus_p_shear += 4./3.*rho_sidr(pba,ppw)*shear;

  return _SUCCESS_;
}

/**
 * Density and velocity of chi when it streams, as upstream has them for ur, and their contribution to
 * the total stress-energy tensor. Does nothing at other times.
 *
 * @param pba Input: background structure
 * @param ppt Input: perturbation structure
 * @param k   Input: wavenumber [1/Mpc]
 * @param y   Input: vector of perturbations
 * @param ppw Input/Output: workspace, with h' (synchronous gauge) or phi' (newtonian gauge)
 * @return the error status
 */
int perturbations_rsa_delta_and_theta_sidr(struct background * pba,
                                           struct perturbations * ppt,
                                           double k,
                                           double * y,
                                           struct perturbations_workspace * ppw) {

  double aH, h_prime;

  if (approx_sidr(ppw) != (int)sidr_rsa)
    return _SUCCESS_;

  if (ppt->gauge == synchronous) {
    aH = ppw->pvecback[pba->index_bg_a]*ppw->pvecback[pba->index_bg_H];
    h_prime = ppw->pvecmetric[ppw->index_mt_h_prime];
    ppw->sidr.rsa_delta = 4.*(aH*h_prime/k/k-y[ppw->pv->index_pt_eta]);
    ppw->sidr.rsa_theta = -0.5*h_prime;
  }
  else {
    ppw->sidr.rsa_delta = -4.*y[ppw->pv->index_pt_phi];
    ppw->sidr.rsa_theta = 6.*ppw->pvecmetric[ppw->index_mt_phi_prime];
  }

  add_delta_and_theta(pba,ppw->sidr.rsa_delta,ppw->sidr.rsa_theta,ppw);

  return _SUCCESS_;
}

/**
 * Shear of chi in tight coupling and synchronous gauge, and its contribution to the total
 * stress-energy tensor: after alpha is known and before alpha' needs it, as for photons. Does nothing
 * at other times.
 *
 * @param pba Input: background structure
 * @param k   Input: wavenumber [1/Mpc]
 * @param y   Input: vector of perturbations
 * @param ppw Input/Output: workspace, with alpha = (h' + 6 eta')/(2 k^2)
 * @return the error status
 */
int perturbations_tca_shear_sidr(struct background * pba,
                                 double k,
                                 double * y,
                                 struct perturbations_workspace * ppw) {

  if (approx_sidr(ppw) != (int)sidr_tca)
    return _SUCCESS_;

  ppw->sidr.tca_shear = tca_shear(pba,y[ppw->pv->sidr.index_pt_theta],k*k*ppw->pvecmetric[ppw->index_mt_alpha],ppw);
  ppw->rho_plus_p_shear += 4./3.*rho_sidr(pba,ppw)*ppw->sidr.tca_shear;

  return _SUCCESS_;
}

/** Density, velocity and shear of chi in the current approximation. */
static void current_variables(double * y,
                              struct perturbations_workspace * ppw,
                              double * delta,
                              double * theta,
                              double * shear) {

  struct perturbations_vector_sidr * pv = &(ppw->pv->sidr);

  if (approx_sidr(ppw) == (int)sidr_rsa) {
    *delta = ppw->sidr.rsa_delta;
    *theta = ppw->sidr.rsa_theta;
    *shear = 0.;
  }
  else {
    *delta = y[pv->index_pt_delta];
    *theta = y[pv->index_pt_theta];
    *shear = (approx_sidr(ppw) == (int)sidr_tca) ? ppw->sidr.tca_shear : y[pv->index_pt_shear];
  }
}

/**
 * Transfer functions of chi.
 *
 * @param ppt            Input/Output: perturbation structure
 * @param index_md       Input: index of mode
 * @param index_ic       Input: index of initial condition
 * @param index_k        Input: index of wavenumber
 * @param index_tau      Input: index of time
 * @param a_prime_over_a Input: a'/a [1/Mpc]
 * @param theta_over_k2  Input: shift of time to the N-body gauge, 0 without
 * @param theta_shift    Input: shift of velocity to the N-body gauge, 0 without
 * @param y              Input: vector of perturbations
 * @param ppw            Input: workspace
 * @return the error status
 */
int perturbations_sources_sidr(struct perturbations * ppt,
                               int index_md,
                               int index_ic,
                               int index_k,
                               int index_tau,
                               double a_prime_over_a,
                               double theta_over_k2,
                               double theta_shift,
                               double * y,
                               struct perturbations_workspace * ppw) {

  double delta, theta, shear;

  current_variables(y,ppw,&delta,&theta,&shear);

  if (ppt->sidr.has_source_delta == _TRUE_)
    _set_source_(ppt->sidr.index_tp_delta) = delta + 4.*a_prime_over_a*theta_over_k2;

  if (ppt->sidr.has_source_theta == _TRUE_)
    _set_source_(ppt->sidr.index_tp_theta) = theta + theta_shift;

  return _SUCCESS_;
}

/**
 * Store density, velocity and shear of chi among the perturbations at a wavenumber, in newtonian gauge
 * unless the user wants the current one.
 *
 * @param pba      Input: background structure
 * @param ppt      Input: perturbation structure
 * @param k        Input: wavenumber [1/Mpc]
 * @param y        Input: vector of perturbations
 * @param ppw      Input: workspace
 * @param dataptr  Output: line of data
 * @param storeidx Input/Output: next free place in this line
 * @return the error status
 */
int perturbations_store_variables_sidr(struct background * pba,
                                       struct perturbations * ppt,
                                       double k,
                                       double * y,
                                       struct perturbations_workspace * ppw,
                                       double * dataptr,
                                       int * storeidx) {

  double delta, theta, shear, aH, alpha;

  current_variables(y,ppw,&delta,&theta,&shear);

  if ((ppt->gauge == synchronous) && (ppt->get_perturbations_in_current_gauge == _FALSE_)) {
    aH = ppw->pvecback[pba->index_bg_a]*ppw->pvecback[pba->index_bg_H];
    alpha = ppw->pvecmetric[ppw->index_mt_alpha];
    delta -= 4.*aH*alpha;
    theta += k*k*alpha;
  }

  class_store_double(dataptr,delta,_TRUE_,(*storeidx));
  class_store_double(dataptr,theta,_TRUE_,(*storeidx));
  class_store_double(dataptr,shear,_TRUE_,(*storeidx));

  return _SUCCESS_;
}

/**
 * Time derivatives of the perturbations of chi, see the head of this file.
 *
 * @param pba               Input: background structure
 * @param k                 Input: wavenumber [1/Mpc]
 * @param tau               Input: conformal time [Mpc]
 * @param cotKgen           Input: 1/(k tau), or its generalisation to curved space
 * @param metric_continuity Input: metric source of the continuity equation
 * @param metric_euler      Input: metric source of the Euler equation
 * @param metric_shear      Input: metric source of the shear equation
 * @param metric_ufa_class  Input: metric source of the shear equation of the fluid
 * @param y                 Input: vector of perturbations
 * @param dy                Output: its derivative with respect to conformal time
 * @param ppw               Input: workspace
 * @return the error status
 */
int perturbations_derivs_sidr(struct background * pba,
                              double k,
                              double tau,
                              double cotKgen,
                              double metric_continuity,
                              double metric_euler,
                              double metric_shear,
                              double metric_ufa_class,
                              double * y,
                              double * dy,
                              struct perturbations_workspace * ppw) {

  double * F = &(y[ppw->pv->sidr.index_pt_delta]); /* delta, theta, sigma, F_3, ... */
  double * dF = &(dy[ppw->pv->sidr.index_pt_delta]);
  double * s_l = ppw->s_l;
  double rate, shear;
  int l, l_max = ppw->pv->sidr.l_max;

  if (approx_sidr(ppw) == (int)sidr_rsa)
    return _SUCCESS_;

  rate = rate_sidr(pba,ppw);
  shear = (approx_sidr(ppw) == (int)sidr_tca) ? ppw->sidr.tca_shear : F[2];

  dF[0] = -4./3.*(F[1]+metric_continuity);                    /* (S46) */
  dF[1] = k*k*(F[0]/4.-s_l[2]*s_l[2]*shear)+metric_euler;     /* (S47) */

  switch (approx_sidr(ppw)) {

  case sidr_hierarchy:
    dF[2] = 4./15.*(F[1]+metric_shear)-3./10.*k*s_l[3]/s_l[2]*F[3]-rate*alpha_sidr(pba,2)*F[2]; /* (S48) */
    dF[3] = k/7.*(6.*s_l[3]*s_l[2]*F[2]-4.*s_l[4]*F[4])-rate*alpha_sidr(pba,3)*F[3];           /* (S49), F_2 = 2 s_2 sigma */
    for (l = 4; l < l_max; l++)
      dF[l] = k/(2.*l+1.)*(l*s_l[l]*F[l-1]-(l+1.)*s_l[l+1]*F[l+1])-rate*alpha_sidr(pba,l)*F[l]; /* (S49) */
    /* truncation as for ur (astro-ph/9506072 (51), curved space: 1305.3261) */
    dF[l_max] = k*(s_l[l_max]*F[l_max-1]-(l_max+1.)*cotKgen*F[l_max])-rate*alpha_sidr(pba,l_max)*F[l_max];
    break;

  case sidr_fluid:
    /* closure of ur in CLASS (1104.2933, ufa_CLASS) */
    dF[2] = -3./tau*F[2]+2./3.*(F[1]+metric_ufa_class)-rate*alpha_sidr(pba,2)*F[2];
    break;
  }

  return _SUCCESS_;
}
