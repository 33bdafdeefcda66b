/** @file precisions_sidr.h Precision parameters of the self-interacting dark radiation chi.
 *
 * Included by precisions.h, so that CLASS declares them, gives them their
 * defaults and reads them from the input by itself. The damping rates are
 * conformal, alpha_l a Gamma [1/Mpc], and aH = a'/a.
 */

/* The first moment of input_read_precisions() that is ours: nothing of chi has been read yet. */
#ifdef __PARSE_PRECISION_PARAMETER__
class_call(input_check_numbers_sidr(pfc,errmsg),
           errmsg,
           errmsg);
#endif

/** number of momenta in the Boltzmann hierarchy of chi, at least 4 */
class_precision_parameter(l_max_sidr,int,17)

/** the tight coupling of chi ends when the slowest damping drops below this many aH ... */
class_precision_parameter(sidr_tca_trigger_rate_over_aH,double,40.)
/** ... or below this many k */
class_precision_parameter(sidr_tca_trigger_rate_over_k,double,20.)

/** the fluid approximation of chi starts when k tau is above this value ... */
class_precision_parameter(sidr_fluid_trigger_tau_over_tau_k,double,32.)
/** ... and the fastest damping has dropped below this many aH */
class_precision_parameter(sidr_fluid_trigger_rate_over_aH,double,4.e-3)

/** the streaming approximation of chi starts when k tau is above this value ... */
class_precision_parameter(sidr_rsa_trigger_tau_over_tau_k,double,47.)
/** ... and the fastest damping has dropped below this many aH ... */
class_precision_parameter(sidr_rsa_trigger_rate_over_aH,double,2.e-3)
/** ... and tau is above this many times that at which the photons may stream (not 1, since two
    approximations must not be switched at the same time) */
class_precision_parameter(sidr_rsa_trigger_tau_over_tau_fs,double,1.1)

/** 1 to sample the multipoles of flat space without rounding noise (thermodynamics.patch) where there
    is no chi too; the spectra without chi are then not those of stock CLASS to the bit */
class_precision_parameter(exact_rescaling_sidr,int,0)

/** number of momenta of each massive species in the perturbations, of the rule of quadrature_sidr.c; 0 for
    those of CLASS. By default (-1) 5 where there is chi or a negative mass, and 0 without them or where the
    sampling of CLASS is set by its own inputs */
class_precision_parameter(ncdm_momenta_sidr,int,-1)

/** the fluid of massive neutrinos (ncdm) follows the metric where sqrt(3) k c_s^2, which is k c_s for massless
    ones, is above this many aH, see ncdm_streaming_sidr.c; 0: nowhere, which is stock CLASS to the bit */
class_precision_parameter(ncdm_streaming_trigger_sidr,double,0.)
