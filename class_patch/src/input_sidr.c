/** @file input_sidr.c Input parameters of the dark radiation chi.
 *
 * N_sidr, G_eff_sidr or log10_G_eff_sidr, alpha_sidr, T_sidr; and l_max_sidr with the other precision
 * parameters of precisions_sidr.h.
 */

#include <ctype.h>
#include <strings.h>

#include "input.h"
#include "background.h"
#include "perturbations.h"

/** A named list of angular coefficients, from l = 2 on; the last one repeats. */
struct alpha_preset {
  const char * name;
  int size;
  double alpha[14];
};

static const struct alpha_preset alpha_presets[] = {

  /* the value that arXiv:2506.08085 uses, after its Ref. [40] */
  {"das_ghosh", 1, {0.424}},

  /* arXiv:2606.03395: Maxwell-Boltzmann statistics, exact integrals. alpha_2 = 7 pi (3949 - 400 pi^2)/60
     and alpha_infinity = 35 pi/216. The entries above l = 8 are not tabulated there: they are the
     same integral with |M|^2 ~ s^2+t^2+u^2, see test_alpha.py. */
  {"exact", 14, {0.424517, 0.45066, 0.47963, 0.49333, 0.50020, 0.50383, 0.50583,
                 0.50725, 0.50791, 0.50831, 0.50856, 0.50872, 0.50882, 0.50905}},

  /* Oldengott et al. 2017 (arXiv:1706.02123): relaxation time approximation */
  {"rta", 5, {0.40, 0.43, 0.46, 0.47, 0.48}},

  /* Kreisch, Cyr-Racine & Dore 2019 (arXiv:1902.00534): table over 2 pi */
  {"kreisch", 8, {0.59580, 0.58662, 0.61168, 0.62233, 0.62719, 0.62958, 0.63080, 0.63224}},

  /* Lancaster et al. 2017 (arXiv:1704.06657) */
  {"unity", 1, {1.}}
};

static int input_set_alpha_preset_sidr(struct sidr * psidr, const char * name, ErrorMsg errmsg) {

  int i, number = sizeof(alpha_presets)/sizeof(alpha_presets[0]);

  for (i = 0; i < number; i++) {
    if (strcmp(name,alpha_presets[i].name) == 0) {
      psidr->alpha_size = alpha_presets[i].size;
      memcpy(psidr->alpha,alpha_presets[i].alpha,alpha_presets[i].size*sizeof(double));
      return _SUCCESS_;
    }
  }

  class_stop(errmsg,
             "alpha_sidr = %s is not a preset; choose one of das_ghosh, exact, rta, kreisch, unity, or give a list of numbers from l = 2 on, whose last entry repeats",
             name);
}

/**
 * Assign the default values: the species is absent.
 *
 * @param pba Output: background structure, its member sidr
 * @param ppt Output: perturbation structure, its member sidr
 * @return the error status
 */
int input_default_params_sidr(struct background * pba, struct perturbations * ppt) {

  struct sidr * psidr = &(pba->sidr);

  psidr->has_sidr = _FALSE_;
  psidr->N = 0.;
  psidr->G_eff = 0.;
  psidr->T = pow(4./11.,1./3.);
  psidr->Omega0 = 0.;
  psidr->rate0 = 0.;

  ppt->sidr.has_source_delta = _FALSE_;
  ppt->sidr.has_source_theta = _FALSE_;

  return input_set_alpha_preset_sidr(psidr,"das_ghosh",pba->error_message);
}

static int input_read_coupling_sidr(struct file_content * pfc, struct sidr * psidr, ErrorMsg errmsg) {

  double G_eff, log10_G_eff;
  int flag1, flag2;

  class_call(parser_read_double(pfc,"G_eff_sidr",&G_eff,&flag1,errmsg),
             errmsg,
             errmsg);
  class_call(parser_read_double(pfc,"log10_G_eff_sidr",&log10_G_eff,&flag2,errmsg),
             errmsg,
             errmsg);

  class_test((flag1 == _TRUE_) && (flag2 == _TRUE_),
             errmsg,
             "You can only enter one of 'G_eff_sidr' (here %g) and 'log10_G_eff_sidr' (here %g).",
             G_eff,log10_G_eff);

  if (flag1 == _TRUE_) {
    class_test(!(G_eff >= 0.) || (G_eff > _G_EFF_MAX_SIDR_),
               errmsg,
               "G_eff_sidr = %g MeV^-2 is outside [0, %g]; 0 means that the dark radiation streams freely",
               G_eff,_G_EFF_MAX_SIDR_);
    psidr->G_eff = G_eff;
  }

  if (flag2 == _TRUE_) {
    class_test(!isfinite(log10_G_eff) || (log10_G_eff > log10(_G_EFF_MAX_SIDR_)),
               errmsg,
               "log10_G_eff_sidr = %g is not a finite number below %g; for dark radiation that streams freely use G_eff_sidr = 0",
               log10_G_eff,log10(_G_EFF_MAX_SIDR_));
    psidr->G_eff = pow(10.,log10_G_eff);
  }

  return _SUCCESS_;
}

static int input_read_alpha_sidr(struct file_content * pfc, struct sidr * psidr, ErrorMsg errmsg) {

  char string[_ARGUMENT_LENGTH_MAX_];
  double * list = NULL;
  int flag, size, l;

  class_call(parser_read_string(pfc,"alpha_sidr",&string,&flag,errmsg),
             errmsg,
             errmsg);

  if (flag == _FALSE_)
    return _SUCCESS_;

  if (isalpha(string[0]) && (strncasecmp(string,"nan",3) != 0) && (strncasecmp(string,"inf",3) != 0)) {
    class_call(input_set_alpha_preset_sidr(psidr,string,errmsg),
               errmsg,
               errmsg);
    return _SUCCESS_;
  }

  class_call_except(parser_read_list_of_doubles(pfc,"alpha_sidr",&size,&list,&flag,errmsg),
                    errmsg,
                    errmsg,
                    free(list));

  class_test_except((size < 1) || (size > _ALPHA_SIZE_MAX_SIDR_),
                    errmsg,
                    free(list),
                    "alpha_sidr has %d entries, it must have between 1 and %d: the coefficients from l = 2 on, whose last entry repeats",
                    size,_ALPHA_SIZE_MAX_SIDR_);

  for (l = 0; l < size; l++) {
    class_test_except(!isfinite(list[l]) || (list[l] <= 0.),
                      errmsg,
                      free(list),
                      "alpha_sidr has the entry %g for l = %d, it must be positive and finite; for dark radiation that streams freely use G_eff_sidr = 0",
                      list[l],l+2);
  }

  psidr->alpha_size = size;
  memcpy(psidr->alpha,list,size*sizeof(double));
  free(list);

  return _SUCCESS_;
}

/**
 * Read and check the parameters of chi, and derive its density and its rate.
 *
 * @param pfc    Input: pointer to local structure with all parameters
 * @param ppr    Input: precision structure
 * @param pba    Input/Output: background structure (photon density and T_cmb must be known)
 * @param ppt    Input: perturbation structure (modes must be known)
 * @param errmsg Input/Output: Error message
 * @return the error status
 */
int input_read_parameters_sidr(struct file_content * pfc,
                               struct precision * ppr,
                               struct background * pba,
                               struct perturbations * ppt,
                               ErrorMsg errmsg) {

  struct sidr * psidr = &(pba->sidr);
  double MeV = 1.e6*_eV_;              /* [J] */
  double hbar_c = _h_P_*_c_/(2.*_PI_); /* [J m] */
  double T0;                           /* T_chi today [MeV] */
  int l;

  class_read_double("N_sidr",psidr->N);
  class_test(!isfinite(psidr->N) || (psidr->N < 0.),
             errmsg,
             "N_sidr = %g is outside [0, infinity); it is the effective number of the self-interacting dark radiation, 0 without it",
             psidr->N);

  class_call(input_read_coupling_sidr(pfc,psidr,errmsg),
             errmsg,
             errmsg);

  class_call(input_read_alpha_sidr(pfc,psidr,errmsg),
             errmsg,
             errmsg);

  class_read_double("T_sidr",psidr->T);
  class_test(!(psidr->T > 0.) || (psidr->T > 10.),
             errmsg,
             "T_sidr = %g is outside (0, 10]; it is T_chi/T_gamma today, (4/11)^(1/3) = 0.71377 by default",
             psidr->T);

  psidr->alpha_min = psidr->alpha_max = psidr->alpha[0];
  for (l = 1; l < psidr->alpha_size; l++) {
    psidr->alpha_min = MIN(psidr->alpha_min,psidr->alpha[l]);
    psidr->alpha_max = MAX(psidr->alpha_max,psidr->alpha[l]);
  }

  psidr->Omega0 = 7./8.*pow(4./11.,4./3.)*psidr->N*pba->Omega0_g;

  /* a Gamma = G_eff^2 T_chi^5 today, from MeV to 1/Mpc */
  T0 = psidr->T*pba->T_cmb*_k_B_/MeV;
  psidr->rate0 = pow(psidr->G_eff,2)*pow(T0,5)*MeV/hbar_c*_Mpc_over_m_;

  if (psidr->N == 0.)
    return _SUCCESS_;

  psidr->has_sidr = _TRUE_;

  class_test(ppr->l_max_sidr < 4,
             errmsg,
             "l_max_sidr = %d is below 4: density, velocity, shear, third and fourth momentum are needed",
             ppr->l_max_sidr);

  class_test((ppt->has_perturbations == _TRUE_) &&
             ((ppt->has_vectors == _TRUE_) || (ppt->has_tensors == _TRUE_)),
             errmsg,
             "N_sidr > 0 goes with scalar modes only, remove 'v' and 't' from 'modes': the vector and tensor anisotropic stress of the self-interacting dark radiation is not implemented");

  class_test((ppt->has_perturbations == _TRUE_) && (ppt->has_scalars == _TRUE_) &&
             ((ppt->has_bi == _TRUE_) || (ppt->has_cdi == _TRUE_) ||
              (ppt->has_nid == _TRUE_) || (ppt->has_niv == _TRUE_)),
             errmsg,
             "N_sidr > 0 goes with adiabatic initial conditions only, set 'ic' to 'ad'");

  class_test((ppr->sidr_rsa_trigger_tau_over_tau_k <= ppr->sidr_fluid_trigger_tau_over_tau_k) ||
             (ppr->sidr_rsa_trigger_rate_over_aH >= ppr->sidr_fluid_trigger_rate_over_aH) ||
             (ppr->sidr_fluid_trigger_rate_over_aH >= ppr->sidr_tca_trigger_rate_over_aH),
             errmsg,
             "the approximations of the self-interacting dark radiation must follow each other: sidr_rsa_trigger_tau_over_tau_k = %g must be above sidr_fluid_trigger_tau_over_tau_k = %g, and sidr_rsa_trigger_rate_over_aH = %g below sidr_fluid_trigger_rate_over_aH = %g, below sidr_tca_trigger_rate_over_aH = %g",
             ppr->sidr_rsa_trigger_tau_over_tau_k,ppr->sidr_fluid_trigger_tau_over_tau_k,
             ppr->sidr_rsa_trigger_rate_over_aH,ppr->sidr_fluid_trigger_rate_over_aH,
             ppr->sidr_tca_trigger_rate_over_aH);

  return _SUCCESS_;
}
