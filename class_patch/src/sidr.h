/** @file sidr.h Self-interacting dark radiation chi: its parameters, its state in the structures of
 * CLASS, and the functions that the hooks call.
 *
 * chi is massless, decoupled from everything else, and scatters off itself through a heavy mediator.
 * Equations (S...) are those of the supplement of arXiv:2506.08085. Included by background.h, and
 * compiled as C and as C++.
 */

#ifndef __SIDR__
#define __SIDR__

#include "common.h"
#include "parser.h"

/** largest number of different angular coefficients alpha_l */
#define _ALPHA_SIZE_MAX_SIDR_ 64

/** largest coupling [1/MeV^2]; from about 5e6 on chi is coupled until today */
#define _G_EFF_MAX_SIDR_ 1.e10
#define _LOG10_G_EFF_MAX_SIDR_ 10.

/** interval of the angular coefficients: all that are known are between 0.4 and 1 */
#define _ALPHA_MIN_SIDR_ 1.e-3
#define _ALPHA_MAX_SIDR_ 1.e3

/** largest number of massive neutrino species that can have fugacities */
#define _N_FUGACITY_MAX_SIDR_ 16

/** interval of the fugacities, far beyond those of an equilibrium with chi */
#define _FUGACITY_MIN_SIDR_ 1.e-10
#define _FUGACITY_MAX_SIDR_ 1.e2

/** largest number of momenta of massive neutrinos in the rule of quadrature_sidr.c */
#define _NCDM_MOMENTA_MAX_SIDR_ 8

/** number of these with chi, where nothing else is wanted */
#define _NCDM_MOMENTA_SIDR_ 5

/** Approximation schemes of chi, in the only order in which they can follow each other. */
enum sidr_flags {
  sidr_tca,        /**< tight coupling: delta and theta, shear from its quasi-static limit */
  sidr_hierarchy,  /**< full Boltzmann hierarchy */
  sidr_fluid,      /**< free-streaming fluid: delta, theta and shear, as the ufa of ur */
  sidr_rsa         /**< streaming: nothing is integrated, as the rsa of photons and ur */
};

/** The species, a member of struct background. */
struct sidr {
  short has_sidr;  /**< presence of chi? */
  double N;        /**< effective number: rho = (7/8)(4/11)^(4/3) N rho_g */
  double G_eff;    /**< effective four-fermion coupling lambda^2/m_phi^2 [1/MeV^2] */
  double T;        /**< temperature today, in units of T_cmb; enters the rate only */
  double alpha[_ALPHA_SIZE_MAX_SIDR_]; /**< angular coefficients from l = 2 on */
  int alpha_size;  /**< number of them; the last one holds for all higher l */
  double alpha_min; /**< smallest of them: the multipole that is damped most slowly */
  double alpha_max; /**< largest of them: the multipole that is damped fastest */
  double Omega0;   /**< density today, in units of the critical density */
  double rate0;    /**< conformal scattering rate a Gamma = G_eff^2 T^5 today [1/Mpc] */
  double N_bbn;    /**< effective number of all radiation but photons during BBN; 0: that of the background */
  short has_fugacity; /**< do the massive neutrinos (ncdm) have fugacities? */
  double fugacity[_N_FUGACITY_MAX_SIDR_]; /**< those, exp(mu/T), for neutrinos as for antineutrinos */
  short has_negative_mass;   /**< is any mass of ncdm negative? */
  double Omega0_counterpart; /**< massless counterpart of the negative masses, a part of Omega0_ur and of
                                Omega0_ncdm_tot */
  int index_bg_rho; /**< index of the density in the background vector */
};

/** Indices of the transfer functions of chi, a member of struct perturbations. */
struct perturbations_sidr {
  short has_source_delta; /**< density transfer function wanted? */
  short has_source_theta; /**< velocity transfer function wanted? */
  int index_tp_delta;
  int index_tp_theta;
};

/** Indices of chi in the vector of integrated perturbations, a member of struct
    perturbations_vector. The l-th multipole is at index_pt_delta + l. */
struct perturbations_vector_sidr {
  int index_pt_delta; /**< F_0 = delta */
  int index_pt_theta; /**< (3/4) k F_1 = theta */
  int index_pt_shear; /**< F_2 / (2 s_2) = sigma */
  int index_pt_l3;    /**< F_3 and above */
  int l_max;          /**< highest integrated multipole, 1 in tight coupling, 2 in the fluid */
};

/** State of chi at the time under consideration, a member of struct perturbations_workspace. */
struct perturbations_workspace_sidr {
  int index_ap;     /**< index of the approximation flag, of type sidr_flags */
  double tca_shear; /**< shear in tight coupling */
  double rsa_delta; /**< density when streaming */
  double rsa_theta; /**< velocity when streaming */
};

/** Factor on the spectrum of the lensing potential, a member of struct harmonic. The caller who sets it
    keeps it in memory. */
struct harmonic_sidr {
  double * factor; /**< factor on the power at each multipole, or NULL */
  int size;        /**< number of them; the last one holds for all higher l */
};

struct background;
struct harmonic;
struct perturbations;
struct perturbations_vector;
struct perturbations_workspace;
struct precision;
struct thermodynamics;

#ifdef __cplusplus
extern "C" {
#endif

  /* input_sidr.c */
  int input_check_numbers_sidr(struct file_content * pfc, ErrorMsg errmsg);
  int input_default_params_sidr(struct background * pba,
                                struct perturbations * ppt,
                                struct harmonic * phr);
  int input_read_ncdm_momenta_sidr(struct file_content * pfc,
                                   struct precision * ppr,
                                   struct background * pba,
                                   int N_ncdm,
                                   ErrorMsg errmsg);
  int input_read_fugacity_sidr(struct file_content * pfc,
                               struct background * pba,
                               int N_ncdm,
                               ErrorMsg errmsg);
  int input_read_parameters_sidr(struct file_content * pfc,
                                 struct precision * ppr,
                                 struct background * pba,
                                 struct perturbations * ppt,
                                 ErrorMsg errmsg);

  /* negative_mass_sidr.c */
  void input_find_negative_mass_sidr(struct background * pba, int N_ncdm);
  int input_check_negative_mass_sidr(struct background * pba,
                                     struct perturbations * ppt,
                                     int N_ncdm,
                                     ErrorMsg errmsg);
  int input_weight_negative_mass_sidr(struct background * pba);
  int background_check_negative_mass_sidr(struct background * pba,
                                          double a,
                                          double rho_tot,
                                          double rho_m);
  double background_counterpart_density_sidr(struct background * pba, double a);
  void perturbations_matter_negative_mass_sidr(struct background * pba,
                                               struct perturbations_workspace * ppw,
                                               double delta_ur,
                                               double theta_ur,
                                               double * delta_rho_m,
                                               double * rho_m,
                                               double * rho_plus_p_theta_m,
                                               double * rho_plus_p_m);
  int hmcode_cbnu_ratio_sidr(double k,
                             double z,
                             double fnu,
                             double om_m,
                             double Tcmb,
                             double growth,
                             double * cbnu_ratio);
  double halofit_factor_sidr(double factor);

  /* ncdm_streaming_sidr.c */
  void perturbations_ncdm_streaming_stress_energy_sidr(struct precision * ppr,
                                                       struct background * pba,
                                                       struct perturbations * ppt,
                                                       double k,
                                                       int n_ncdm,
                                                       double * y,
                                                       int idx,
                                                       struct perturbations_workspace * ppw);
  void perturbations_ncdm_streaming_derivs_sidr(struct precision * ppr,
                                                struct background * pba,
                                                struct perturbations * ppt,
                                                double k,
                                                int n_ncdm,
                                                double * y,
                                                double * dy,
                                                int idx,
                                                struct perturbations_workspace * ppw);
  void perturbations_ncdm_streaming_variables_sidr(struct precision * ppr,
                                                   struct background * pba,
                                                   struct perturbations * ppt,
                                                   double k,
                                                   int n_ncdm,
                                                   double * y,
                                                   struct perturbations_workspace * ppw,
                                                   double * delta,
                                                   double * theta,
                                                   double * shear);

  /* background_sidr.c */
  double background_rate_sidr(struct background * pba, double a);
  double background_ncdm_distribution_sidr(struct background * pba, int n_ncdm, double q);
  int background_functions_sidr(struct background * pba,
                                double a,
                                double * pvecback,
                                double * rho_tot,
                                double * p_tot,
                                double * dp_dloga,
                                double * rho_r);
  int background_z_dec_sidr(struct background * pba, double * z_dec);

  /* quadrature_sidr.c */
  int background_ncdm_quadrature_sidr(struct precision * ppr, struct background * pba, int n_ncdm);

  /* lensing_sidr.c */
  void harmonic_scale_lensing_sidr(struct harmonic * phr, double l, double * cl);

  /* perturbations_sidr.c */
  int perturbations_indices_sidr(struct background * pba,
                                 struct perturbations * ppt,
                                 int * index_type);
  void perturbations_output_titles_sidr(struct perturbations * ppt,
                                        enum file_format output_format,
                                        char * titles);
  void perturbations_output_data_sidr(struct perturbations * ppt,
                                      enum file_format output_format,
                                      double * tk,
                                      double * end);
  int perturbations_approximations_sidr(struct precision * ppr,
                                        struct background * pba,
                                        struct thermodynamics * pth,
                                        double k,
                                        double tau,
                                        struct perturbations_workspace * ppw);
  int perturbations_vector_indices_sidr(struct precision * ppr,
                                        struct perturbations_workspace * ppw,
                                        struct perturbations_vector * ppv,
                                        int * index_pt);
  int perturbations_vector_used_in_sources_sidr(struct perturbations_vector * ppv);
  int perturbations_vector_switch_sidr(struct background * pba,
                                       struct perturbations * ppt,
                                       double k,
                                       double tau,
                                       int * pa_old,
                                       struct perturbations_workspace * ppw,
                                       struct perturbations_vector * ppv);
  int perturbations_stress_energy_sidr(struct background * pba,
                                       struct perturbations * ppt,
                                       double * y,
                                       struct perturbations_workspace * ppw);
  int perturbations_rsa_delta_and_theta_sidr(struct background * pba,
                                             struct perturbations * ppt,
                                             double k,
                                             double * y,
                                             struct perturbations_workspace * ppw);
  int perturbations_tca_shear_sidr(struct background * pba,
                                   double k,
                                   double * y,
                                   struct perturbations_workspace * ppw);
  int perturbations_sources_sidr(struct perturbations * ppt,
                                 int index_md,
                                 int index_ic,
                                 int index_k,
                                 int index_tau,
                                 double a_prime_over_a,
                                 double theta_over_k2,
                                 double theta_shift,
                                 double * y,
                                 struct perturbations_workspace * ppw);
  int perturbations_store_variables_sidr(struct background * pba,
                                         struct perturbations * ppt,
                                         double k,
                                         double * y,
                                         struct perturbations_workspace * ppw,
                                         double * dataptr,
                                         int * storeidx);
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
                                struct perturbations_workspace * ppw);

  /* perturbations_ini_sidr.c */
  int perturbations_rho_ini_sidr(struct background * pba,
                                 double tau,
                                 double * pvecback,
                                 double * rho_r,
                                 double * rho_nu);
  double perturbations_theta_g_ini_sidr(struct background * pba,
                                        double k,
                                        double tau,
                                        double om,
                                        double rho_r,
                                        double fracb,
                                        double * pvecback);
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
                                   double * velocity_tot);
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
                                            struct perturbations_workspace * ppw);

#ifdef __cplusplus
}
#endif

#endif
