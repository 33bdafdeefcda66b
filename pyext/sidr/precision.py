"""Named precision settings of CLASS, for `Class.set` and for `extra_args` of `sidr.theory.SIDR`.

    from sidr import precision
    cosmo.set(precision.planck)

`default` is what CLASS does by itself. `planck` is for sampling with Planck and DESI: faster than
`default` and, where it counts, more accurate. `reference` is to judge them by, and three times slower.
docs/accuracy.md has what each does to the spectra and to a posterior, and which settings matter.
"""

#: CLASS's own settings.
default = {}

# What made `default` move the chi2 of Planck by 0.7 from one point of the posterior to the next:
_ACCURATE = {
    # the momenta of massive neutrinos (2e-4 in TT, 1e-3 in phi phi)
    "tol_ncdm_synchronous": 1e-4,
    # wavenumbers beyond l/tau0 that are left out of C_l (2e-4 at high l)
    "transfer_neglect_delta_k_S_t0": 0.17, "transfer_neglect_delta_k_S_t1": 0.05,
    "transfer_neglect_delta_k_S_t2": 0.17, "transfer_neglect_delta_k_S_e": 0.15,
    # interpolation of the Bessel functions (3e-4 at low l)
    "hyper_sampling_flat": 12,
    # interpolation in l
    "l_linstep": 26,
}

#: For sampling with Planck and DESI.
planck = _ACCURATE | {
    "tol_perturbations_integration": 1e-4, "k_step_sub": 0.07, "perturbations_sampling_stepsize": 0.13,
    "l_max_ncdm": 14, "ncdm_fluid_trigger_tau_over_tau_k": 29,
    "delta_l_max": 500, "k_max_tau0_over_l_max": 1.5,
    "background_Nloga": 6000, "thermo_Nz_lin": 5000, "thermo_Nz_log": 2000,
}

#: To judge others by: 1e-4 in TT and EE on average over l, 3e-4 and 5e-4 at most; 1.4e-3 in phi phi.
reference = _ACCURATE | {
    "transfer_neglect_delta_k_S_e": 0.17,
    "l_logstep": 1.06, "l_linstep": 20, "accurate_lensing": 1, "delta_l_max": 1000, "q_linstep": 0.3,
    "k_step_sub": 0.04, "k_step_super": 0.002, "perturbations_sampling_stepsize": 0.06,
    "l_max_g": 17, "l_max_pol_g": 15, "l_max_ncdm": 20, "l_max_sidr": 20,
    "start_small_k_at_tau_c_over_tau_h": 0.0004, "start_large_k_at_tau_h_over_tau_k": 0.02,
    "tight_coupling_trigger_tau_c_over_tau_h": 0.007, "tight_coupling_trigger_tau_c_over_tau_k": 0.005,
    "sidr_tca_trigger_rate_over_aH": 60, "sidr_tca_trigger_rate_over_k": 30,
    "ncdm_fluid_trigger_tau_over_tau_k": 60, "sidr_fluid_trigger_tau_over_tau_k": 65,
    "radiation_streaming_trigger_tau_over_tau_k": 75, "sidr_rsa_trigger_tau_over_tau_k": 80,
    "radiation_streaming_trigger_tau_c_over_tau": 50,
}

#: The settings by name.
settings = {"default": default, "planck": planck, "reference": reference}
