"""Neutrino inputs: shares, number densities, masses, and what stock CLASS makes of them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sidr.classy import Class
from sidr.neutrinos import NeutrinoSector, class_inputs, masses, sector

NUMBERS = ("T_ncdm", "deg_ncdm", "m_ncdm")


def per_species(inputs):
    """The inputs of ncdm as arrays, one number per species."""
    return {key: np.array([float(x) for x in str(inputs[key]).split(",")]) for key in NUMBERS}


def stock_class(inputs):
    """Background of stock CLASS with these neutrinos and without the dark radiation."""
    from classy import Class

    cosmo = Class()
    cosmo.set({key: value for key, value in inputs.items() if key != "N_sidr"})
    cosmo.compute(["background"])
    return cosmo


def omega_nu(inputs):
    cosmo = stock_class(inputs)
    return cosmo.Omega_nu * cosmo.h()**2


@pytest.mark.parametrize("n_chi, N_chi, N_nu", [(0, 0, 3.044), (1, 0.761, 2.283),
                                                (2, 1.2176, 1.8264), (0.5, 3.044 / 7, 18.264 / 7)])
def test_flavours_share_the_energy_equally(n_chi, N_chi, N_nu):
    inputs = class_inputs(n_chi=n_chi, m_nu_sum=0)
    assert_allclose([inputs["N_sidr"], inputs["N_ur"]], [N_chi, N_nu], rtol=1e-14)


def test_effective_numbers_of_the_paper_are_taken_as_given():
    inputs = class_inputs(N_chi=0.75, N_nu=2.294)       # arXiv:2506.08085, n_chi = 1
    assert inputs["N_sidr"] == 0.75
    assert_allclose(inputs["deg_ncdm"], 3 * 2.294 / 3.044, rtol=1e-14)
    assert class_inputs(N_chi=0.75, N_nu=2.294, N_tot=3.044) == inputs


def test_standard_neutrinos_have_three_full_flavours_at_the_decoupling_temperature():
    inputs = class_inputs(n_chi=0, m_nu_sum=0.06)
    assert inputs["N_sidr"] == 0 and inputs["N_ur"] == 0 and inputs["N_ncdm"] == 1
    assert_allclose(inputs["T_ncdm"], 0.716369, atol=5e-7)      # 0.713766 (3.044/3)^(1/4)
    assert_allclose([inputs["deg_ncdm"], inputs["m_ncdm"]], [3, 0.02], rtol=1e-15)


@pytest.mark.parametrize("phase_space, T_ncdm, deg_ncdm", [
    ("degeneracy", 0.716369, 2.25), ("temperature", 0.716369 * 0.75**0.25, 3)])
def test_one_flavour_of_chi_takes_a_quarter_from_occupation_or_from_temperature(
        phase_space, T_ncdm, deg_ncdm):
    inputs = class_inputs(n_chi=1, phase_space=phase_space)
    assert_allclose(inputs["T_ncdm"], T_ncdm, atol=5e-7)
    assert_allclose(inputs["deg_ncdm"], deg_ncdm, rtol=1e-14)


@pytest.mark.parametrize("phase_space, ratio", [("degeneracy", 0.75), ("temperature", 0.806)])
def test_heavy_neutrinos_weigh_by_their_number_density(phase_space, ratio):
    # At 1 eV the pressure adds less than 1e-5; 0.806 is printed with three digits.
    standard, left = (omega_nu(class_inputs(n_chi=n, m_nu_sum=3, phase_space=phase_space))
                      for n in (0, 1))
    assert_allclose(left / standard, ratio, atol=5e-4)


def test_masses_follow_the_93_eV_rule_times_the_number_density():
    # CLASS's input.c: m/omega = 93.14 eV for each neutrino at T_ncdm = 0.71611.
    expected = 0.3 / 93.14 * (0.716369 / 0.71611)**3 * 0.75
    assert_allclose(omega_nu(class_inputs(n_chi=1, m_nu_sum=0.3)), expected, rtol=1e-4)


@pytest.mark.parametrize("phase_space", ["degeneracy", "temperature"])
@pytest.mark.parametrize("ordering", ["degenerate", "normal", "inverted"])
def test_class_counts_N_nu_relativistic_neutrinos(ordering, phase_space):
    inputs = class_inputs(n_chi=1, m_nu_sum=0.12, ordering=ordering, phase_space=phase_space)
    # 1e-4 is the accuracy of CLASS's momentum quadrature.
    assert_allclose(stock_class(inputs).Neff(), 2.283, atol=1e-4)


def test_class_counts_N_nu_massless_neutrinos():
    inputs = class_inputs(n_chi=1, m_nu_sum=0)
    assert set(inputs) == {"N_sidr", "N_ur"}
    assert_allclose(stock_class(inputs).Neff(), 2.283, atol=1e-6)


@pytest.mark.parametrize("ordering", ["normal", "inverted"])
def test_three_species_have_the_masses_of_the_ordering(ordering):
    inputs = class_inputs(m_nu_sum=0.12, ordering=ordering)
    species = per_species(inputs)
    assert inputs["N_ncdm"] == 3
    assert_allclose(species["m_ncdm"], masses(0.12, ordering), rtol=0, atol=0)
    assert_allclose(species["deg_ncdm"], 0.75, rtol=1e-14)
    assert_allclose(species["T_ncdm"], 0.716369, atol=5e-7)


@pytest.mark.parametrize("m_nu_sum", [0.0993, 0.12, 0.5, 3])
@pytest.mark.parametrize("ordering", ["normal", "inverted"])
def test_orderings_have_the_measured_splittings(ordering, m_nu_sum):
    m1, m2, m3 = masses(m_nu_sum, ordering)
    assert_allclose(m2**2 - m1**2, 7.5e-5, rtol=1e-9)
    largest = m3**2 - m1**2 if ordering == "normal" else m2**2 - m3**2
    assert_allclose(largest, 2.5e-3, rtol=1e-9)


@pytest.mark.parametrize("m_nu_sum", [0.1, 0.12, 0.5, 3])
@pytest.mark.parametrize("ordering", ["degenerate", "normal", "inverted"])
def test_masses_add_up(ordering, m_nu_sum):
    assert_allclose(sum(masses(m_nu_sum, ordering)), m_nu_sum, rtol=0, atol=1e-12)


@pytest.mark.parametrize("ordering, minimum, lightest", [
    ("normal", 0.0086602540378 + 0.05, "m1"), ("inverted", 0.05 + 0.0492442890090, "m3")])
def test_minimum_has_a_massless_neutrino_and_less_is_refused(ordering, minimum, lightest):
    # The square roots of 7.5e-5 and 2.5e-3, and of 2.5e-3 and 2.425e-3
    assert getattr(masses(minimum + 1e-9, ordering), lightest) < 2e-9
    message = rf"m_nu_sum = .* below {minimum:.6f} eV.*the {ordering} ordering.*'degenerate'"
    with pytest.raises(ValueError, match=message):
        class_inputs(m_nu_sum=minimum - 1e-6, ordering=ordering)


@pytest.mark.parametrize("options", [{"n_chi": 0}, {"n_chi": 2}, {"n_chi": 1, "phase_space": "temperature"},
                                     {"n_chi": 1, "phase_space": "fugacity"}, {"n_chi": 0, "N_extra": 0.3}],
                         ids=str)
def test_negative_sum_is_one_species_of_negative_mass_and_all_else_the_same(options):
    negative, positive = (sector(m_nu_sum=m, **options) for m in (-0.15, 0.15))
    assert negative.m_nu_sum == pytest.approx(-0.15, abs=1e-15)
    assert negative.class_inputs() == positive.class_inputs() | {"m_ncdm": -0.15 / 3}
    assert NeutrinoSector.from_class_inputs(negative.class_inputs()) == negative
    assert negative.N_bbn == positive.N_bbn
    cosmo = background(negative.class_inputs())
    assert cosmo.Neff == pytest.approx(background(positive.class_inputs()).Neff, abs=1e-4)


@pytest.mark.parametrize("inputs, message", [
    ({"n_chi": -1}, "n_chi = -1 must be a finite number, 0 or more"),
    ({"n_chi": float("nan")}, "n_chi = nan must be a finite"),
    ({"n_chi": float("inf")}, "n_chi = inf must be a finite"),
    ({"n_chi": "1"}, "n_chi = '1' must be a finite"),
    ({"n_chi": None}, "n_chi = None must be a finite"),
    ({"n_chi": True}, "n_chi = True must be a finite"),
    ({"N_tot": 0}, "N_tot = 0 must be a finite number above 0"),
    ({"N_chi": 0.75}, "N_chi = 0.75 and N_nu = None.*give both"),
    ({"N_nu": 2.3}, "N_chi = None and N_nu = 2.3.*give both"),
    ({"N_chi": -0.1, "N_nu": 3}, "N_chi = -0.1 must be a finite number, 0 or more"),
    ({"N_chi": 3, "N_nu": 0}, "N_nu = 0 must be a finite number above 0"),
    ({"N_chi": 1, "N_nu": 2, "N_tot": 3.5}, r"N_tot = 3.5 is not N_chi \+ N_nu = 3; leave N_tot"),
    ({"m_nu_sum": -0.1, "ordering": "normal"}, "m_nu_sum = -0.1 eV is below 0.058660 eV"),
    ({"m_nu_sum": -0.1, "ordering": "inverted"}, "m_nu_sum = -0.1 eV is below .* of the inverted ordering"),
    ({"m_nu_sum": -0.1, "ordering": "Normal"}, "ordering = 'Normal' must be degenerate"),
    ({"m_nu_sum": -0.1, "n_chi": 0, "N_sterile": 0.5}, "m_nu_sum = -0.1 eV: a pseudo-Dirac pair"),
    ({"m_nu_sum": float("-inf")}, "m_nu_sum = -inf must be a finite number of eV"),
    ({"m_nu_sum": float("nan")}, "m_nu_sum = nan must be"),
    ({"m_nu_sum": [0.1]}, r"m_nu_sum = \[0.1\] must be"),
    ({"ordering": "Normal"}, "ordering = 'Normal' must be degenerate, normal or inverted"),
    ({"m_nu_sum": 0, "ordering": "normal"}, "m_nu_sum = 0.0 eV is below 0.058660 eV"),
    ({"phase_space": "fermi"}, "phase_space = 'fermi' must be degeneracy, temperature or fugacity"),
    ({"phase_space": "fugacity", "n_chi": 1e5}, "n_chi = .* must be a number from 0 to 10000"),
    ({"N_bbn": 0}, "N_bbn = 0 must be a finite number above 0"),
])
def test_error_names_the_input_the_value_and_the_way_out(inputs, message):
    with pytest.raises(ValueError, match=message):
        class_inputs(**inputs)


# --- fugacity: energy and number conserved, S5-S17 of arXiv:2506.08085 ---

#: z_f, N_eff and N_eff^nu of an independent solver, for three neutrinos before
EQUILIBRIUM = {1: (0.646831159, 3.071276141, 2.303457105), 2: (0.512989328, 3.047414961, 1.828448977),
               40: (0.055156772, 3.000642689, 0.209347164)}


def fugacity(n_chi, **options):
    return class_inputs(n_chi=n_chi, phase_space="fugacity", **options)


def background(inputs):
    cosmo = Class()
    cosmo.set(inputs)
    cosmo.compute(["background"])
    return cosmo


@pytest.mark.parametrize("n_chi", [1, 2, 40])
@pytest.mark.parametrize("ordering", ["degenerate", "inverted"])
def test_class_counts_the_relativistic_neutrinos_of_equilibrium(n_chi, ordering):
    z, N_eff, N_nu = EQUILIBRIUM[n_chi]
    inputs = fugacity(n_chi, m_nu_sum=0.12, ordering=ordering)
    assert_allclose([float(x) for x in str(inputs["fugacity_ncdm"]).split(",")], z, atol=6e-10)
    assert_allclose(inputs["N_sidr"], 3.044 / 3 * (N_eff - N_nu), rtol=1e-8)
    # 1e-4 is the accuracy of CLASS's momentum quadrature.
    assert_allclose(background(inputs).Neff, 3.044 / 3 * N_eff, atol=1e-4)


@pytest.mark.parametrize("n_chi", [1, 40])
def test_energy_per_neutrino_in_class_is_that_of_the_fugacity(n_chi):
    # rho while relativistic over n, which is rho/m today at 30 eV (its motion adds less than 1e-7)
    z = EQUILIBRIUM[n_chi][0]
    k = np.arange(1, 200)
    mean = 3 * np.sum((-z)**k / k**4) / np.sum((-z)**k / k**3)      # <p>/T = 3 Li_4(-z)/Li_3(-z)
    inputs = fugacity(n_chi, m_nu_sum=90)
    # no room for 90 eV in a flat universe but with a negative Lambda; the neutrinos do not care
    table = background(inputs).get_background()
    rho, z_table = table["(.)rho_ncdm[0]"], table["z"]
    rho_over_n = rho[0] / (1 + z_table[0])**4 / (rho[-1] / 30)
    T = inputs["T_ncdm"] * 2.7255 * 8.617343e-5                     # [eV]; CLASS's k_B
    assert_allclose(rho_over_n, mean * T, rtol=2e-4)


@pytest.mark.parametrize("n_chi", [1, 2])
def test_heavy_neutrinos_with_fugacity_have_the_number_density_of_equilibrium(n_chi):
    left, standard = (background(inputs).Omega_nu for inputs in
                      (fugacity(n_chi, m_nu_sum=3), class_inputs(n_chi=0, m_nu_sum=3)))
    assert_allclose(left / standard, 3 / (3 + n_chi), rtol=2e-5)


def test_spectra_are_those_of_stock_class_with_a_file_of_the_distribution(stock, tmp_path):
    inputs = fugacity(1, m_nu_sum=0.6)
    q = np.linspace(0, 40, 4000)
    file = tmp_path / "f.dat"
    np.savetxt(file, np.c_[q, 2 / (2 * np.pi)**3 / (np.exp(q) / EQUILIBRIUM[1][0] + 1)], fmt="%.16e")
    common = {"output": "tCl mPk", "l_max_scalars": 1500, "P_k_max_h/Mpc": 1, "YHe": 0.2454}
    ours, theirs = Class(), stock.Class()
    common |= {key: inputs[key] for key in ("N_ncdm", "m_ncdm", "T_ncdm", "deg_ncdm")}
    common["N_ur"] = inputs["N_sidr"]       # in place of chi, which stock CLASS does not have
    ours.set(common, fugacity_ncdm=inputs["fugacity_ncdm"])
    theirs.set(common, use_ncdm_psd_files=1, ncdm_psd_filenames=str(file))
    for cosmo in (ours, theirs):
        cosmo.compute()
    k = np.geomspace(1e-3, 0.6, 30)
    assert_allclose([ours.pk_lin(x, 0) for x in k], [theirs.pk_lin(x, 0) for x in k], rtol=1e-5)
    assert_allclose(ours.raw_cl(1500)["tt"][2:], theirs.raw_cl(1500)["tt"][2:], rtol=1e-4)


def test_fugacity_of_one_is_the_standard_distribution():
    inputs = class_inputs(n_chi=1, phase_space="temperature", m_nu_sum=0.3)
    one, none = background(inputs | {"fugacity_ncdm": 1}), background(inputs)
    assert_allclose(one.Omega_nu, none.Omega_nu, rtol=1e-12)
    assert class_inputs(n_chi=0, phase_space="fugacity") == class_inputs(n_chi=0)


def test_effective_numbers_that_are_given_are_kept_with_fugacity():
    inputs = class_inputs(N_chi=0.75, N_nu=2.294, phase_space="fugacity")
    assert inputs["N_sidr"] == 0.75
    assert_allclose(background(inputs).Neff, 3.044, atol=1e-4)
    assert_allclose(inputs["N_bbn_sidr"], 3.044 * 3 / 3.0713, rtol=3e-4)     # 0.98 flavours of chi


def test_nucleosynthesis_sees_what_was_there_before_the_conversion():
    def helium(inputs):
        cosmo = Class()
        cosmo.set(inputs)
        cosmo.compute(["thermodynamics"])
        return cosmo.get_current_derived_parameters(["YHe"])["YHe"]

    before = helium(class_inputs(n_chi=0, m_nu_sum=0.06))
    assert "N_bbn_sidr" not in class_inputs(n_chi=1)
    assert_allclose(helium(fugacity(1)), before, atol=1e-6)
    assert_allclose(helium(fugacity(1, m_nu_sum=0)), before, atol=1e-6)
    # dY/dN = 0.013; the conversion adds 0.0723
    after = helium(fugacity(1, N_bbn=3.044 / 3 * EQUILIBRIUM[1][1]))
    assert_allclose(after - before, 0.013 * 0.0723, rtol=0.1)


# --- a sterile neutrino that has come to the others before nucleosynthesis ---

@pytest.mark.parametrize("ordering", ["degenerate", "normal", "inverted"])
@pytest.mark.parametrize("m_nu_sum", [0, 0.12])
def test_sterile_neutrinos_add_to_N_eff(m_nu_sum, ordering):
    if m_nu_sum or ordering == "degenerate":
        inputs = class_inputs(n_chi=0, m_nu_sum=m_nu_sum, ordering=ordering, N_sterile=0.17)
        assert_allclose(stock_class(inputs).Neff(), 3.214, atol=1e-4)
        assert "N_bbn_sidr" not in inputs           # nucleosynthesis sees them all


@pytest.mark.parametrize("pair", [1, 2, 3])
def test_sterile_neutrinos_weigh_what_their_partner_does(pair):
    # Heavy neutrinos: the density is that of the masses, each times its number
    m = np.array(masses(2.0, "normal"))
    neutrinos = {"n_chi": 0, "m_nu_sum": 2.0, "ordering": "normal", "pair": pair}
    without, with_pair = (omega_nu(class_inputs(**neutrinos, N_sterile=N)) for N in (0, 0.5))
    assert_allclose(with_pair / without, 1 + 3 * 0.5 / 3.044 * m[pair - 1] / m.sum(), rtol=1e-4)


@pytest.mark.parametrize("inputs, message", [
    ({"N_sterile": -0.1, "n_chi": 0}, "N_sterile = -0.1 must be a finite number, 0 or more"),
    ({"N_sterile": 0.1, "n_chi": 1}, "N_sterile = 0.1: what .* take n_chi = 0"),
    ({"N_sterile": 0.1, "n_chi": 0, "pair": 4}, "pair = 4 must be 1, 2 or 3")])
def test_impossible_sterile_neutrinos_are_refused(inputs, message):
    with pytest.raises(ValueError, match=message):
        class_inputs(**inputs)
