/** @file input_sidr.c Input parameters of the dark radiation chi.
 *
 * N_sidr, G_eff_sidr or log10_G_eff_sidr, alpha_sidr, T_sidr; what the conversion of neutrinos leaves
 * to them, fugacity_ncdm, and to BBN, N_bbn_sidr; and l_max_sidr with the other precision parameters of
 * precisions_sidr.h.
 */

#include <ctype.h>

#include "input.h"
#include "background.h"
#include "perturbations.h"
#include "harmonic.h"

/** A number that the user may set, and the interval where it makes sense. */
struct input_number_sidr {
  char * name;
  short is_integer;
  double lower;
  double upper;
  const char * meaning; /**< and the way out */
};

static const struct input_number_sidr numbers[] = {
  {"N_sidr",_FALSE_,0.,100.,
   "the effective number of the self-interacting dark radiation, 0 without it"},
  {"G_eff_sidr",_FALSE_,0.,_G_EFF_MAX_SIDR_,
   "its coupling in 1/MeV^2, 0 if it streams freely"},
  {"log10_G_eff_sidr",_FALSE_,-100.,_LOG10_G_EFF_MAX_SIDR_,
   "the logarithm of its coupling times MeV^2; if it streams freely use G_eff_sidr = 0"},
  {"T_sidr",_FALSE_,1.e-3,10.,
   "its temperature over that of the photons today, (4/11)^(1/3) = 0.71377 by default"},
  {"N_bbn_sidr",_FALSE_,0.,100.,
   "the effective number of neutrinos that BBN sees, 0 for that of the radiation today"},
  {"l_max_sidr",_TRUE_,4,1000,
   "the multipoles that are integrated, at least density to fourth momentum, 17 by default"},
  {"sidr_tca_trigger_rate_over_aH",_FALSE_,0.,1.e10,"when its tight coupling ends"},
  {"sidr_tca_trigger_rate_over_k",_FALSE_,0.,1.e10,"when its tight coupling ends"},
  {"sidr_fluid_trigger_tau_over_tau_k",_FALSE_,0.,1.e10,"when it becomes a fluid"},
  {"sidr_fluid_trigger_rate_over_aH",_FALSE_,0.,1.e10,"when it becomes a fluid"},
  {"sidr_rsa_trigger_tau_over_tau_k",_FALSE_,0.,1.e10,"when its perturbations are no longer integrated"},
  {"sidr_rsa_trigger_rate_over_aH",_FALSE_,0.,1.e10,"when its perturbations are no longer integrated"},
  {"sidr_rsa_trigger_tau_over_tau_fs",_FALSE_,1.01,1.e10,"when its perturbations are no longer integrated"},
  {"exact_rescaling_sidr",_TRUE_,0,1,"whether flat space without chi has no rounding noise either, 0 by default"},
  {"ncdm_momenta_sidr",_TRUE_,-1,_NCDM_MOMENTA_MAX_SIDR_,
   "the momenta of massive neutrinos in the perturbations, 0 for CLASS's own sampling, -1 for the default"},
  {"ncdm_streaming_trigger_sidr",_FALSE_,0.,1.e10,
   "how many aH the frequency of massive neutrinos must exceed to be averaged over, 0 for never"},
};

/**
 * Whether a text is one decimal number and nothing else but spaces around it.
 *
 * CLASS reads with sscanf(), which takes the 1 of 1e-4abc or of a list, and nan, inf and 0x10.
 *
 * @param text       Input: text
 * @param is_integer Input: must it be a whole number, without point and exponent?
 * @param value      Output: the number
 * @return _TRUE_ or _FALSE_
 */
static short input_is_number_sidr(const char * text, short is_integer, double * value) {

  const char * characters = (is_integer == _TRUE_) ? " +-0123456789" : " +-.0123456789eE";
  char * end;

  *value = strtod(text,&end);
  end += strspn(end," ");

  return (end != text) && (*end == '\0') && (text[strspn(text,characters)] == '\0') && isfinite(*value);
}

/**
 * Check those numbers of chi that were set, before CLASS reads them.
 *
 * @param pfc    Input: pointer to local structure with all parameters
 * @param errmsg Input/Output: Error message
 * @return the error status
 */
int input_check_numbers_sidr(struct file_content * pfc, ErrorMsg errmsg) {

  const struct input_number_sidr * number;
  int i, flag, size = sizeof(numbers)/sizeof(numbers[0]);
  FileArg text;
  double value;

  for (i = 0; i < size; i++) {

    number = numbers+i;

    class_call(parser_read_string(pfc,number->name,&text,&flag,errmsg),
               errmsg,
               errmsg);

    if (flag == _FALSE_)
      continue;

    class_test(input_is_number_sidr(text,number->is_integer,&value) == _FALSE_,
               errmsg,
               "%s = %s is not one %s number; it must be in [%g, %g]: %s",
               number->name,text,(number->is_integer == _TRUE_) ? "whole" : "finite",
               number->lower,number->upper,number->meaning);

    class_test((value < number->lower) || (value > number->upper),
               errmsg,
               "%s = %s is outside [%g, %g]: %s",
               number->name,text,number->lower,number->upper,number->meaning);
  }

  return _SUCCESS_;
}

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
int input_default_params_sidr(struct background * pba,
                              struct perturbations * ppt,
                              struct harmonic * phr) {

  struct sidr * psidr = &(pba->sidr);

  psidr->has_sidr = _FALSE_;
  psidr->N = 0.;
  psidr->G_eff = 0.;
  psidr->T = pow(4./11.,1./3.);
  psidr->Omega0 = 0.;
  psidr->rate0 = 0.;
  psidr->N_bbn = 0.;
  psidr->has_fugacity = _FALSE_;
  psidr->has_negative_mass = _FALSE_;
  psidr->Omega0_counterpart = 0.;

  ppt->sidr.has_source_delta = _FALSE_;
  ppt->sidr.has_source_theta = _FALSE_;

  phr->sidr.factor = NULL;
  phr->sidr.size = 0;

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

  if (flag1 == _TRUE_)
    psidr->G_eff = G_eff;

  if (flag2 == _TRUE_)
    psidr->G_eff = pow(10.,log10_G_eff);

  return _SUCCESS_;
}

static int input_read_alpha_sidr(struct file_content * pfc, struct sidr * psidr, ErrorMsg errmsg) {

  FileArg string, number;
  char * entry;
  double alpha;
  int flag, length, size;

  class_call(parser_read_string(pfc,"alpha_sidr",&string,&flag,errmsg),
             errmsg,
             errmsg);

  if (flag == _FALSE_)
    return _SUCCESS_;

  if (isalpha((unsigned char)string[0])) {
    class_call(input_set_alpha_preset_sidr(psidr,string,errmsg),
               errmsg,
               errmsg);
    return _SUCCESS_;
  }

  entry = string;
  size = 0;

  do {

    length = strcspn(entry,",");
    class_sprintf(number,"%.*s",length,entry);

    class_test(size == _ALPHA_SIZE_MAX_SIDR_,
               errmsg,
               "alpha_sidr = %s has more than %d entries, the coefficients from l = 2 on, whose last one repeats: leave out those that repeat",
               string,_ALPHA_SIZE_MAX_SIDR_);

    class_test((input_is_number_sidr(number,_FALSE_,&alpha) == _FALSE_) ||
               (alpha < _ALPHA_MIN_SIDR_) || (alpha > _ALPHA_MAX_SIDR_),
               errmsg,
               "alpha_sidr = %s has the entry '%s' for l = %d; each must be one number in [%g, %g], or all of them the name of a preset (das_ghosh, exact, rta, kreisch, unity); for dark radiation that streams freely use G_eff_sidr = 0",
               string,number,size+2,_ALPHA_MIN_SIDR_,_ALPHA_MAX_SIDR_);

    psidr->alpha[size++] = alpha;
    entry += length;

  } while (*(entry++) == ',');

  psidr->alpha_size = size;

  return _SUCCESS_;
}

/**
 * Read and check the fugacities of the massive neutrinos, before CLASS samples their momenta.
 *
 * @param pfc    Input: pointer to local structure with all parameters
 * @param pba    Input/Output: background structure (ksi_ncdm and got_files must be known)
 * @param N_ncdm Input: number of species
 * @param errmsg Input/Output: Error message
 * @return the error status
 */
int input_read_fugacity_sidr(struct file_content * pfc,
                             struct background * pba,
                             int N_ncdm,
                             ErrorMsg errmsg) {

  struct sidr * psidr = &(pba->sidr);
  double * fugacity;
  int flag, size, n;
  short good;

  class_call(parser_read_list_of_doubles(pfc,"fugacity_ncdm",&size,&fugacity,&flag,errmsg),
             errmsg,
             errmsg);

  if (flag == _FALSE_)
    return _SUCCESS_;

  good = (size == N_ncdm) && (size <= _N_FUGACITY_MAX_SIDR_);
  for (n = 0; (n < size) && (good == _TRUE_); n++) {
    psidr->fugacity[n] = fugacity[n];
    good = (fugacity[n] >= _FUGACITY_MIN_SIDR_) && (fugacity[n] <= _FUGACITY_MAX_SIDR_) &&
      (pba->ksi_ncdm[n] == 0.) && (pba->got_files[n] == _FALSE_);
  }
  free(fugacity);

  class_test(good == _FALSE_,
             errmsg,
             "fugacity_ncdm has %d entries for N_ncdm = %d; give one for each, at most %d, each in [%g, %g], exp(mu/T) of neutrinos and antineutrinos alike, and for those species neither ksi_ncdm nor a file of ncdm_psd_filenames",
             size,N_ncdm,_N_FUGACITY_MAX_SIDR_,_FUGACITY_MIN_SIDR_,_FUGACITY_MAX_SIDR_);

  psidr->has_fugacity = _TRUE_;

  return _SUCCESS_;
}

/** Whether an input is set. */
static int input_is_set_sidr(struct file_content * pfc, char * name, short * is_set, ErrorMsg errmsg) {

  FileArg text;
  int flag;

  class_call(parser_read_string(pfc,name,&text,&flag,errmsg),
             errmsg,
             errmsg);
  *is_set = (flag == _TRUE_);

  return _SUCCESS_;
}

/**
 * Decide how the momenta of the massive neutrinos are sampled, before CLASS samples them.
 *
 * @param pfc    Input: pointer to local structure with all parameters
 * @param ppr    Input/Output: precision structure; the default of ncdm_momenta_sidr becomes a number
 * @param pba    Input: background structure (ncdm_quadrature_strategy, got_files and negative masses must be known)
 * @param N_ncdm Input: number of species
 * @param errmsg Input/Output: Error message
 * @return the error status
 */
int input_read_ncdm_momenta_sidr(struct file_content * pfc,
                                 struct precision * ppr,
                                 struct background * pba,
                                 int N_ncdm,
                                 ErrorMsg errmsg) {

  char * tolerances[] = {"tol_ncdm","tol_ncdm_synchronous","tol_ncdm_newtonian"};
  const char * other = NULL; /* input that sets the sampling of CLASS */
  short is_set, wanted, has_files = _FALSE_;
  double N_sidr = 0.;
  int i, flag;

  for (i = 0; i < 3; i++) {
    class_call(input_is_set_sidr(pfc,tolerances[i],&is_set,errmsg),
               errmsg,
               errmsg);
    if (is_set == _TRUE_)
      other = tolerances[i];
  }
  for (i = 0; i < N_ncdm; i++) {
    if (pba->ncdm_quadrature_strategy[i] != qm_auto)
      other = "ncdm_quadrature_strategy";
    if (pba->got_files[i] == _TRUE_)
      has_files = _TRUE_;
  }

  class_test((ppr->ncdm_momenta_sidr > 0) && (other != NULL),
             errmsg,
             "ncdm_momenta_sidr = %d and %s both say how the momenta of massive neutrinos are sampled: leave one of them out",
             ppr->ncdm_momenta_sidr,other);

  if (ppr->ncdm_momenta_sidr == -1) {
    class_call(parser_read_double(pfc,"N_sidr",&N_sidr,&flag,errmsg),
               errmsg,
               errmsg);
    wanted = ((flag == _TRUE_) && (N_sidr > 0.)) || (pba->sidr.has_negative_mass == _TRUE_);
    ppr->ncdm_momenta_sidr = (wanted && (other == NULL) && (has_files == _FALSE_)) ? _NCDM_MOMENTA_SIDR_ : 0;
  }

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
  double others[3];                    /* triggers of CLASS's approximations */
  int l;

  class_read_double("N_sidr",psidr->N);

  class_call(input_read_coupling_sidr(pfc,psidr,errmsg),
             errmsg,
             errmsg);

  class_call(input_read_alpha_sidr(pfc,psidr,errmsg),
             errmsg,
             errmsg);

  class_read_double("T_sidr",psidr->T);
  class_read_double("N_bbn_sidr",psidr->N_bbn);

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

  /* CLASS cannot switch two approximations at the same time */
  others[0] = ppr->ur_fluid_trigger_tau_over_tau_k;
  others[1] = ppr->ncdm_fluid_trigger_tau_over_tau_k;
  others[2] = ppr->radiation_streaming_trigger_tau_over_tau_k;
  for (l = 0; l < 3; l++)
    class_test((ppr->sidr_fluid_trigger_tau_over_tau_k == others[l]) ||
               (ppr->sidr_rsa_trigger_tau_over_tau_k == others[l]),
               errmsg,
               "sidr_fluid_trigger_tau_over_tau_k = %g and sidr_rsa_trigger_tau_over_tau_k = %g must differ from ur_fluid_trigger_tau_over_tau_k = %g, ncdm_fluid_trigger_tau_over_tau_k = %g and radiation_streaming_trigger_tau_over_tau_k = %g: two approximations cannot be switched at the same time",
               ppr->sidr_fluid_trigger_tau_over_tau_k,ppr->sidr_rsa_trigger_tau_over_tau_k,
               others[0],others[1],others[2]);

  return _SUCCESS_;
}
