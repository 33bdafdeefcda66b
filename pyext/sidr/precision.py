"""Named precision settings of CLASS, for `Class.set` and for `extra_args` of `sidr.theory.SIDR`.

    from sidr import precision
    cosmo.set(precision.planck)

`default` is what CLASS does by itself. `planck` is for sampling with Planck and DESI, l_max_scalars = 2508:
2.5 times faster, and calibrated against `reference`, which is to judge others by and takes three times as
long as `default`. `highl` is for ACT and SPT, l_max_scalars = 6500, at 2.4 times the cost of `planck`, and
calibrated against `highl_reference`, ten times as slow. docs/accuracy.md has what each does to the spectra
and to a posterior.
"""

#: CLASS's own settings.
default = {}

#: For dark energy with w0 and wa. Its density begins far below the tolerance of CLASS's integrator for
#: stiff equations, which leaves 2e-3 in H0 at w0 = -1.7, wa = -2.4 (6e-6 at -0.4, -1.8): Runge-Kutta is
#: right to 1e-12. And PPF begins on small scales late and from zero, where the step size vanishes. On top
#: of all other settings; `sidr.theory.SIDR` adds it by itself.
FLUID = {"background_evolver": 0, "c_gamma_k_H_square_max": 1e10}

#: For sampling with Planck and DESI. By themselves these settings move TT and EE by up to 0.5% and phi phi
#: by 1%; `cl_calibration` takes this out of `lensed_cl` and `raw_cl`. They are accurate where it cannot
#: help: in numerical noise, and in what changes with the number and mass of neutrinos.
planck = {
    "cl_calibration": "planck",
    # noise of chi2: with 1e-4 it is 0.05
    "tol_perturbations_integration": 3e-6,
    # massless neutrinos are the limit of massive ones, so that one calibration holds for both
    "ncdm_momenta_sidr": 4, "l_max_ncdm": 12, "l_max_ur": 12,
    "ncdm_fluid_trigger_tau_over_tau_k": 30.1, "ur_fluid_trigger_tau_over_tau_k": 30,
    # light neutrinos follow the metric where they stream: the smallest masses cost no more than others
    "ncdm_streaming_trigger_sidr": 10,
    # half of CLASS's 470 wavenumbers are between 0.01 and 0.044/Mpc, where the sources are smooth
    "k_step_super": 0.003, "k_step_transition": 0.6, "k_step_sub": 0.08,
    # with less, the end of the spectra depends on l_max_scalars
    "k_max_tau0_over_l_max": 1.4, "delta_l_max": 500,
    "perturbations_sampling_stepsize": 0.2, "hyper_sampling_flat": 10,
    "transfer_neglect_delta_k_S_t0": 0.12, "transfer_neglect_delta_k_S_t1": 0.03,
    "transfer_neglect_delta_k_S_t2": 0.12, "transfer_neglect_delta_k_S_e": 0.08,
    "background_Nloga": 4000, "thermo_Nz_lin": 3000, "thermo_Nz_log": 1000,
    "exact_rescaling_sidr": 1,
}

#: For sampling with ACT and SPT: multipoles to 6500, HMcode. The lensing potential needs matter to
#: k = 20/Mpc above L = 2000, and P(k) more multipoles of massive neutrinos.
highl = planck | {
    "cl_calibration": "highl", "l_max_scalars": 6500, "non_linear": "hmcode", "nonlinear_min_k_max": 20,
    "l_max_ncdm": 17, "l_max_ur": 17,
}

#: To judge others by: 1e-4 in TT and EE on average over l, 3e-4 and 5e-4 at most; 1.4e-3 in phi phi.
reference = {
    "ncdm_momenta_sidr": 6,
    "transfer_neglect_delta_k_S_t0": 0.17, "transfer_neglect_delta_k_S_t1": 0.05,
    "transfer_neglect_delta_k_S_t2": 0.17, "transfer_neglect_delta_k_S_e": 0.17,
    "hyper_sampling_flat": 12, "exact_rescaling_sidr": 1,
    "l_logstep": 1.06, "l_linstep": 20, "accurate_lensing": 1, "delta_l_max": 1000, "q_linstep": 0.3,
    "k_step_sub": 0.04, "k_step_super": 0.002, "perturbations_sampling_stepsize": 0.06,
    "l_max_g": 17, "l_max_pol_g": 15, "l_max_ncdm": 20, "l_max_ur": 20, "l_max_sidr": 20,
    "start_small_k_at_tau_c_over_tau_h": 0.0004, "start_large_k_at_tau_h_over_tau_k": 0.02,
    "tight_coupling_trigger_tau_c_over_tau_h": 0.007, "tight_coupling_trigger_tau_c_over_tau_k": 0.005,
    "sidr_tca_trigger_rate_over_aH": 60, "sidr_tca_trigger_rate_over_k": 30,
    "ncdm_fluid_trigger_tau_over_tau_k": 60.1, "ur_fluid_trigger_tau_over_tau_k": 60,
    "sidr_fluid_trigger_tau_over_tau_k": 65,
    "radiation_streaming_trigger_tau_over_tau_k": 75, "sidr_rsa_trigger_tau_over_tau_k": 80,
    "radiation_streaming_trigger_tau_c_over_tau": 50,
}

#: To judge `highl` by: stricter settings change chi2 of ACT DR6 by 0.07 and that of SPT-3G D1 by 0.02.
highl_reference = reference | {
    "non_linear": "hmcode", "nonlinear_min_k_max": 20, "delta_l_max": 2000,
    "l_max_ncdm": 30, "l_max_ur": 30,
}

#: The settings by name.
settings = {"default": default, "planck": planck, "highl": highl, "reference": reference,
            "highl_reference": highl_reference}
