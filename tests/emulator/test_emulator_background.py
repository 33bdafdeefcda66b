"""The expansion by quadrature against CLASS, over the prior of Table S1 and all neutrino sectors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import qmc

from sidr.classy import Class
from sidr.emulator.background import Background
from sidr.neutrinos import sector

Z = np.array([0, 0.01, 0.295, 0.51, 1, 2.33, 10, 100, 1060, 1090, 1e4])

SECTORS = [{"n_chi": 0}, {"n_chi": 1}, {"n_chi": 2}, {"n_chi": 1, "ordering": "normal"},
           {"n_chi": 2, "ordering": "inverted"}, {"n_chi": 1, "phase_space": "temperature"},
           {"n_chi": 2, "phase_space": "fugacity"}, {"N_chi": 0.75, "N_nu": 2.294}]

#: omega_b, omega_cdm, H0, m_nu_sum (from the minimum of the orderings), log10 G_eff
BOX = [0.01, 0.08, 55, 0.102, -5], [0.04, 0.16, 85, 1.5, 1]


def points(n):
    """Points of Table S1's box, each with one of the neutrino sectors; massless and light ones as well."""
    unit = qmc.Sobol(len(BOX[0]), rng=0).random(n)
    for i, (omega_b, omega_cdm, H0, m_nu_sum, log10_G_eff) in enumerate(qmc.scale(unit, *BOX)):
        neutrinos = SECTORS[i % len(SECTORS)]
        if "ordering" not in neutrinos:
            m_nu_sum *= (1, 0.1, 0)[i // len(SECTORS) % 3]
        yield ({"omega_b": omega_b, "omega_cdm": omega_cdm, "H0": H0},
               sector(**neutrinos, m_nu_sum=m_nu_sum), log10_G_eff)


def class_background(cosmology, neutrinos, log10_G_eff, **settings):
    """A Class that has computed recombination, with helium that BBN's table does not limit."""
    cosmo = Class()
    coupling = {"log10_G_eff_sidr": log10_G_eff} if neutrinos.N_chi else {}
    cosmo.set(cosmology | neutrinos.class_inputs() | coupling | {"YHe": 0.245, "output": ""} | settings)
    cosmo.compute(["thermodynamics"])
    return cosmo


def compare(cosmo, background, log10_G_eff, rtol):
    """Assert that all numbers of a `Background` are CLASS's."""
    recombination = cosmo.get_current_derived_parameters(["z_rec", "z_d"])
    z_rec, z_d = recombination["z_rec"], recombination["z_d"]
    ours = {"age": background.age, "Omega_m": background.Omega_m,
            "rs_rec": background.sound_horizon(z_rec), "rs_d": background.sound_horizon(z_d),
            "theta_s_100": background.theta_s_100(z_rec)}
    for name, value in cosmo.get_current_derived_parameters(list(ours)).items():
        assert_allclose(ours[name], value, rtol=rtol, err_msg=name)
    assert_allclose(background.hubble(Z), [cosmo.Hubble(z) for z in Z], rtol=rtol)
    assert_allclose(background.angular_distance(Z), [cosmo.angular_distance(z) for z in Z], rtol=rtol)
    assert_allclose(background.comoving_distance(Z), (1 + Z) * background.angular_distance(Z), rtol=1e-12)
    assert_allclose(background.Omega("b", Z), [cosmo.Om_b(z) for z in Z], rtol=rtol)
    assert_allclose(background.Omega("cdm", Z), [cosmo.Om_cdm(z) for z in Z], rtol=rtol)
    # For the neutrinos alone, tol_ncdm_bg leaves more.
    assert_allclose(background.N_eff, cosmo.Neff, rtol=3 * rtol)
    if cosmo.pars.get("N_ncdm"):
        assert_allclose(background.Omega("ncdm", Z), [cosmo.Om_ncdm(z) for z in Z], rtol=3 * rtol)
    if cosmo.pars["N_sidr"]:
        assert_allclose(1 + background.z_dec_sidr(log10_G_eff), 1 + cosmo.z_dec_sidr, rtol=rtol)


def test_box_of_table_S1_with_all_neutrino_sectors_is_class():
    for cosmology, neutrinos, log10_G_eff in points(32):
        compare(class_background(cosmology, neutrinos, log10_G_eff),
                Background(**cosmology, sector=neutrinos), log10_G_eff, rtol=1e-5)


def test_negative_masses_are_those_of_class():
    for i, (cosmology, neutrinos, log10_G_eff) in enumerate(points(8)):
        negative = sector(N_chi=neutrinos.N_chi, N_nu=3.044 - neutrinos.N_chi, m_nu_sum=-0.05 - 0.1 * i)
        compare(class_background(cosmology, negative, log10_G_eff),
                Background(**cosmology, sector=negative), log10_G_eff, rtol=1e-5)


def test_where_negative_masses_outweigh_the_rest_there_is_no_expansion():
    with pytest.raises(ValueError, match=r"H\^2 = -.* at z = .*m_nu_sum = -25 eV, and must be positive"):
        Background(0.0224, 0.12, 67, sector(m_nu_sum=-25))


def test_what_differs_is_the_tolerance_of_class_for_massive_neutrinos():
    for cosmology, neutrinos, log10_G_eff in points(8):
        compare(class_background(cosmology, neutrinos, log10_G_eff, tol_ncdm_bg=1e-10),
                Background(**cosmology, sector=neutrinos), log10_G_eff, rtol=1e-7)


def test_angle_of_the_sound_horizon_gives_the_hubble_constant_back():
    for cosmology, neutrinos, log10_G_eff in points(8):
        cosmo = class_background(cosmology, neutrinos, log10_G_eff)
        derived = cosmo.get_current_derived_parameters(["theta_s_100", "z_rec"])
        omega = cosmology["omega_b"], cosmology["omega_cdm"]
        background = Background.from_theta_s(*derived.values(), *omega, neutrinos)
        assert_allclose(background.theta_s_100(derived["z_rec"]), derived["theta_s_100"], rtol=1e-9)
        # theta_s moves by a fifth of H0's change
        assert_allclose(background.H0, cosmology["H0"], rtol=1e-5)


def test_decoupling_that_is_not_there():
    background = Background(0.0224, 0.119, 68, sector(n_chi=1))
    assert background.z_dec_sidr(10) == 0          # coupled still today
    assert background.z_dec_sidr(-30) == np.inf    # never was
    # a Gamma alpha_2 ~ G_eff^2 alpha_2 T^5
    assert_allclose(background.z_dec_sidr(-2, alpha_2=0.424), background.z_dec_sidr(-2.5, alpha_2=4.24))
    cooler = -2 + 2.5 * np.log10(0.7)
    assert_allclose(background.z_dec_sidr(-2, T_sidr=0.7), background.z_dec_sidr(cooler, T_sidr=1))


@pytest.mark.parametrize("make, says", [
    (lambda nu: Background(0.0224, 0.119, -68, nu), "H0 = -68"),
    (lambda nu: Background(0, 0.119, 68, nu), "omega_b = 0"),
    (lambda nu: Background(0.0224, np.nan, 68, nu), "omega_cdm = nan"),
    (lambda nu: Background(0.0224, 0.119, 68, nu).comoving_distance([-1e-3]), "redshifts from 0 to 1e8"),
    (lambda nu: Background.from_theta_s(3, 1090, 0.0224, 0.119, nu), "theta_s_100 = 3"),
])
def test_wrong_input_is_one_clear_error(make, says):
    with pytest.raises(ValueError, match=says):
        make(sector(n_chi=1, m_nu_sum=0.1))
