"""Density, bookkeeping and scattering rate of chi."""

import numpy as np
import pytest
from conftest import CHI, COSMOLOGY, compute
from numpy.testing import assert_allclose

from sidr.classy import CosmoComputationError

RHO_NU = 7 / 8 * (4 / 11)**(4 / 3)  # one neutrino, decoupled instantaneously, over the photons


def test_density_of_chi_is_N_sidr_neutrinos_at_all_times():
    background = compute(CHI, "background").get_background()
    assert_allclose(background["(.)rho_sidr"] / background["(.)rho_g"], 0.75 * RHO_NU, rtol=1e-12)


def test_chi_counts_in_N_eff_in_the_expansion_and_in_the_closure():
    chi = compute(CHI | {"log10_G_eff_sidr": -2}, "thermodynamics")
    ur = compute({"N_ur": 3.044}, "thermodynamics")
    assert_allclose(chi.Neff, 3.044, rtol=1e-9)
    assert_allclose(chi.N_sidr, 0.75)
    assert_allclose(chi.Omega_r, ur.Omega_r, rtol=1e-12)
    assert_allclose(chi.Omega_Lambda, ur.Omega_Lambda, rtol=1e-12)
    assert_allclose(chi.rs_drag, ur.rs_drag, rtol=1e-7)
    for column in ("H [1/Mpc]", "(.)p_tot", "(.)p_tot_prime"):
        assert_allclose(chi.get_background()[column], ur.get_background()[column], rtol=1e-10)


def test_densities_add_up_to_the_total():
    background = compute(CHI | {"N_ncdm": 1, "m_ncdm": 0.06}, "background").get_background()
    species = [c for c in background if c.startswith("(.)rho_") and c[7:] not in ("crit", "tot")]
    assert "(.)rho_sidr" in species
    assert_allclose(sum(background[c] for c in species), background["(.)rho_tot"], rtol=1e-12)


def test_helium_follows_the_total_N_eff_before_the_conversion():
    helium = [compute(inputs, "thermodynamics").get_current_derived_parameters(["YHe"])["YHe"]
              for inputs in (CHI, {"N_ur": 3.044}, {"N_ur": 2.294})]
    assert_allclose(helium[0], helium[1], rtol=1e-8)
    assert helium[1] - helium[2] > 5e-3  # what a BBN with N_nu only would lose


def test_shooting_for_theta_s_and_for_N_eff_knows_chi():
    inputs = CHI | {"H0": None, "100*theta_s": 1.0411}
    cosmo = compute({}, "background")
    cosmo.empty()
    cosmo.set({k: v for k, v in (COSMOLOGY | inputs).items() if v is not None})
    cosmo.compute(["thermodynamics"])
    assert_allclose(cosmo.theta_s_100, 1.0411, rtol=1e-5)
    shot = compute({"N_sidr": 0.75, "Neff": 3.5}, "thermodynamics")
    assert_allclose(shot.Neff, 3.5, rtol=1e-6)
    ur = shot.get_background()["(.)rho_ur"] / shot.get_background()["(.)rho_g"]
    assert_allclose(ur, 2.75 * RHO_NU, rtol=1e-5)


def test_rate_is_G_squared_T_to_the_fifth():
    cosmo = compute(CHI | {"log10_G_eff_sidr": -2, "alpha_sidr": "unity"}, "background")
    k_B, hbar_c, Mpc = 8.617343e-11, 1.97326963e-13, 3.085677581e22  # MeV/K, MeV m (CODATA 2006), m
    T_chi = (4 / 11)**(1 / 3) * 2.7255 * k_B
    K = T_chi**5 / hbar_c * Mpc  # a Gamma today for G_eff = 1/MeV^2 [1/Mpc]
    assert_allclose(K, 2.0703e-14, rtol=3e-5)
    assert_allclose(cosmo.rate_sidr([0, 1e4]), K * 1e-4 * np.array([1, 10001**4]), rtol=1e-5)


def test_rate_scales_with_the_temperature_of_chi_and_with_alpha_2():
    base = compute(CHI | {"G_eff_sidr": 0.01}, "background").rate_sidr(1000)
    hot = compute(CHI | {"G_eff_sidr": 0.01, "T_sidr": 0.8}, "background").rate_sidr(1000)
    kreisch = compute(CHI | {"G_eff_sidr": 0.01, "alpha_sidr": "kreisch"}, "background").rate_sidr(1000)
    assert_allclose(hot / base, (0.8 / (4 / 11)**(1 / 3))**5)
    assert_allclose(kreisch / base, 0.59580 / 0.424)


# Independent code, cosmology of conftest (massless): log10_G_eff, redshift
@pytest.mark.parametrize("log10_G_eff, z_dec", [(-5, 1.35004e6), (-1.5, 6706.198), (0, 821.780)])
def test_decoupling_redshift_is_that_of_an_independent_code(log10_G_eff, z_dec):
    cosmo = compute(CHI | {"log10_G_eff_sidr": log10_G_eff}, "background")
    assert_allclose(cosmo.z_dec_sidr, z_dec, rtol=3e-5)


def test_decoupling_redshift_of_the_planck_best_fit():
    # alpha "exact", log10_G_eff = -1.5: "about 6705" in the specification of this model
    best_fit = {"omega_b": 0.022383, "omega_cdm": 0.12011, "H0": 67.32}
    cosmo = compute(CHI | best_fit | {"log10_G_eff_sidr": -1.5, "alpha_sidr": "exact"}, "background")
    assert_allclose(cosmo.z_dec_sidr, 6705, atol=3)


def test_decoupling_redshift_at_its_ends():
    assert compute(CHI | {"G_eff_sidr": 0}, "background").z_dec_sidr == np.inf
    assert compute(CHI | {"log10_G_eff_sidr": 9}, "background").z_dec_sidr == 0
    with pytest.raises(CosmoComputationError, match="N_sidr > 0"):
        _ = compute({}, "background").z_dec_sidr
