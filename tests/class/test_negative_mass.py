"""Effective neutrino masses below zero: m_ncdm < 0 in CLASS.

Energies sgn(m) sqrt(q^2 + a^2 m^2), with massless neutrinos added so that the early radiation stays what
it was (arXiv:2407.10965): T(-|m|) = 2 T(0) - T(|m|).
"""

import subprocess

import numpy as np
import pytest
from conftest import COARSE, REFERENCE, SPECTRA, assert_identical, compute, difference
from numpy.testing import assert_allclose

import prepare
from sidr import precision
from sidr.classy import Class, CosmoComputationError, CosmoSevereError
from sidr.neutrinos import class_inputs

T = (4 / 11)**(1 / 3) * (3.044 / 3)**(1 / 4)    # three neutrinos of this temperature have N_eff = 3.044
THREE = {"N_ur": 0, "N_ncdm": 1, "T_ncdm": T, "deg_ncdm": 3}
CHEAP = COARSE | {"output": "tCl pCl lCl mPk", "lensing": "yes", "l_max_scalars": 1200,
                  "P_k_max_1/Mpc": 1.2}
K = np.logspace(-4, 0, 30)    # [1/Mpc]


def three(m_nu_sum, **inputs):
    """Inputs of three degenerate neutrinos with N_eff = 3.044."""
    return THREE | {"m_ncdm": m_nu_sum / 3} | inputs


# The weight -1

#: epsilon = sgn(m) sqrt(q^2 + a^2 m^2) as it is written, in place of a weight: (file, old, new).
LITERAL = (
    ("external/sidr/negative_mass_sidr.c", "pba->Omega0_ncdm_tot -= 2.*pba->Omega0_ncdm[n];", ""),
    ("external/sidr/negative_mass_sidr.c", "pba->M_ncdm[n] = fabs(pba->M_ncdm[n]);", ""),
    ("external/sidr/negative_mass_sidr.c", "pba->factor_ncdm[n] = -pba->factor_ncdm[n];", ""),
    ("external/sidr/negative_mass_sidr.c", "pba->Omega0_ncdm[n] = -pba->Omega0_ncdm[n];", ""),
    ("source/background.c", "epsilon = sqrt(", "epsilon = (M < 0. ? -1. : 1.)*sqrt("),
    ("source/perturbations.c", "epsilon = sqrt(", "epsilon = (pba->M_ncdm[n_ncdm] < 0. ? -1. : 1.)*sqrt("),
    ("source/perturbations.c", "ppw->pv->y[idx+3] = -0.25 * l3_ur",  # odd multipoles change their sign
     "ppw->pv->y[idx+3] = (pba->M_ncdm[n_ncdm] < 0. ? -1. : 1.)*-0.25 * l3_ur"),
)


@pytest.mark.slow
def test_weight_is_the_integration_of_negative_energies(tmp_path):
    tree = tmp_path / "class"
    prepare.prepare(tree)
    for name, old, new in LITERAL:
        text = (tree / name).read_text()
        assert old in text, (name, old)
        (tree / name).write_text(text.replace(old, new))
    subprocess.run(["make", "class"], cwd=tree, check=True, capture_output=True)

    inputs = CHEAP | three(-0.3) | {"tol_perturbations_integration": 1e-6, "ncdm_fluid_approximation": 3,
                                    "A_s": 2.1e-9, "z_pk": 0}
    weighted = compute(inputs)
    ini = "".join(f"{name} = {value}\n" for name, value in
                  (weighted.pars | {"root": tmp_path / "literal_", "format": "class"}).items())
    (tmp_path / "literal.ini").write_text(ini)
    subprocess.run([tree / "class", tmp_path / "literal.ini"], cwd=tree, check=True, capture_output=True)

    ell, tt, ee, *_ = np.loadtxt(next(tmp_path.glob("literal_*cl_lensed.dat"))).T
    cl = weighted.lensed_cl(int(ell[-1]))
    norm = ell * (ell + 1) / (2 * np.pi)
    assert_allclose(norm * cl["tt"][2:], tt, rtol=2e-5)
    assert_allclose(norm * cl["ee"][2:], ee, rtol=2e-5)
    k_h, pk = np.loadtxt(next(tmp_path.glob("literal_*pk.dat"))).T
    assert_allclose([weighted.pk(k * weighted.h(), 0) * weighted.h()**3 for k in k_h], pk, rtol=1e-5)


@pytest.mark.parametrize("inputs", [{}, {"gauge": "newtonian"}, {"modes": "s,t", "r": 0.1}],
                         ids=["synchronous", "newtonian", "tensors"])
def test_a_mass_and_its_negative_are_massless_neutrinos_of_stock_class(stock, inputs):
    """T(m) + T(-m) = 2 T(0), so that the integrated species of both must cancel, whatever their mass."""
    both = {"N_ur": 0, "N_ncdm": 2, "m_ncdm": "0.2,-0.2", "deg_ncdm": "1.5,1.5", "T_ncdm": f"{T},{T}"}
    # 1e-4 of Omega_k: where stock CLASS samples multipoles as we do
    settings = CHEAP | inputs | {"Omega_k": 1e-4, "tol_perturbations_integration": 1e-6,
                                 "l_max_scalars": 800}
    a = compute(settings | both)
    b = compute(settings | {"N_ur": 3.044}, CosmoClass=stock.Class)
    assert max(difference(b.lensed_cl(), a.lensed_cl(), 700).values()) < 2e-4
    assert_allclose([a.pk_cb_lin(k, 0) for k in K], [b.pk_lin(k, 0) for k in K], rtol=1e-4)


# Background

@pytest.mark.parametrize("n_chi", [0, 1, 2, 40])
@pytest.mark.parametrize("phase_space", ["degeneracy", "temperature", "fugacity"])
def test_densities_of_both_signs_add_up_to_twice_the_massless_one(n_chi, phase_space):
    massless = class_inputs(n_chi=n_chi, m_nu_sum=0, phase_space=phase_space)
    massive = class_inputs(n_chi=n_chi, m_nu_sum=0.4, phase_space=phase_space)

    def density(inputs):
        """Of all neutrinos."""
        cosmo = compute(inputs, "background")
        columns = cosmo.get_background()
        a = 1 / (1 + columns["z"])
        rho = sum(columns.get(f"(.)rho_{x}", 0) for x in ("ncdm[0]", "ur"))
        return columns["z"], a**4 * rho, cosmo.Neff()

    z, zero, N_eff = density(massless)
    z_plus, plus, _ = density(massive)
    z_minus, minus, N_eff_minus = density(massive | {"m_ncdm": -massive["m_ncdm"]})
    assert_allclose([z_plus, z_minus], [z, z], rtol=1e-12)
    assert_allclose(plus + minus, 2 * zero, rtol=1e-10)
    assert_allclose(N_eff_minus, N_eff, rtol=5e-5)  # the quadrature of CLASS


@pytest.mark.parametrize("m_nu_sum, omega", [(-0.06, -0.00061), (-0.1, -0.00104), (-0.2, -0.00211),
                                             (-0.4, -0.00426)])
def test_density_is_that_of_negative_energies(m_nu_sum, omega):
    """2 rho(0) - rho(|m|), integrated here; not m_nu_sum / 93.14 eV, which is 3 to 7% below."""
    cosmo = compute(three(m_nu_sum), "background")
    q = np.linspace(0, 60, 20001)
    f = q**2 / (np.exp(q) + 1)
    x = abs(m_nu_sum) / 3 / (8.617333e-5 * 2.7255 * T)
    ratio = np.trapezoid(f * (2 * q - np.hypot(q, x)), q) / np.trapezoid(f * q, q)
    omega_0 = 3.044 * 7 / 8 * (4 / 11)**(4 / 3) * 2.4728e-5
    h2 = cosmo.h()**2
    assert_allclose(cosmo.Omega_nu() * h2, ratio * omega_0, rtol=1e-4)
    assert_allclose(cosmo.Omega_nu() * h2, omega, atol=6e-6)
    assert_allclose(cosmo.Om_ncdm([0, 30])[0], cosmo.Omega_nu(), rtol=1e-9)
    assert_allclose(cosmo.get_current_derived_parameters(["m_ncdm_tot"])["m_ncdm_tot"],
                    93.14 * cosmo.Omega_nu() * h2, rtol=1e-12)


def test_density_changes_its_sign_where_the_neutrinos_have_become_slow():
    cosmo = compute(three(-0.1), "background")
    z = np.linspace(30, 45, 1501)
    Om_ncdm = cosmo.Om_ncdm(z)
    assert_allclose(z[np.argmax(Om_ncdm > 0)], 36.6, atol=0.1)    # a |m|/T = 5.27


def test_N_eff_that_is_asked_for_is_met():
    cosmo = compute({"Neff": 3.5, "N_ncdm": 1, "m_ncdm": -0.1}, "background")
    assert_allclose(cosmo.Neff(), 3.5, rtol=1e-5)


@pytest.mark.parametrize("m_nu_sum", [-0.3, -1e-4])
def test_Omega_m_that_is_asked_for_has_the_neutrinos_in_it(m_nu_sum):
    cosmo = Class()
    cosmo.set({"Omega_m": 0.31, "Omega_b": 0.05} | three(m_nu_sum))
    cosmo.compute(["background"])
    Omega_nu = cosmo.Omega_nu()
    assert_allclose(0.05 + cosmo.Omega0_cdm() + Omega_nu, 0.31, rtol=1e-12)
    assert_allclose(cosmo.Omega_m(), 0.31, atol=1e-4)    # without 2 rho(0), which is radiation


# Spectra

def test_spectra_are_those_of_an_independent_patch():
    """Its ratios to massless neutrinos, at a fixed angle of the sound horizon and with HMcode."""
    table = np.load(REFERENCE / "negative_mass.npz")

    def spectra(m_nu_sum):
        cosmo = Class()
        cosmo.set(precision.planck | three(m_nu_sum) | {
            "output": "tCl pCl lCl mPk", "lensing": "yes", "cl_calibration": "none",
            "l_max_scalars": 1800, "P_k_max_1/Mpc": 10,
            "100*theta_s": 1.0419, "omega_b": 0.02237, "omega_cdm": 0.12, "A_s": 2.1e-9, "n_s": 0.965,
            "tau_reio": 0.055, "non_linear": "hmcode"})
        cosmo.compute()
        return cosmo

    def cl(cosmo):
        return np.array([cosmo.lensed_cl(1200)[x][table["ell"]] for x in ("tt", "ee", "pp")])

    def pk(cosmo):
        return np.array([[P(k, 0) for k in table["k"]] for P in (cosmo.pk_lin, cosmo.pk)])

    def background(cosmo):
        z = table["z"]
        return [cosmo.Hubble(z), cosmo.angular_distance(z) * (1 + z)]

    zero = spectra(-3e-5)    # P(k) of massless neutrinos (ur) would be without them
    assert table["number_names"].tolist() == ["H0", "Omega_m", "Neff", "rs_d", "Om_ncdm0"]
    for i, m_nu_sum in enumerate(table["masses"]):
        cosmo = spectra(m_nu_sum)
        tt, ee, pp = cl(cosmo) / cl(zero) / table["cl_ratio"][i]
        assert_allclose(tt, 1, atol=5e-5)
        assert_allclose(ee, 1, atol=3e-5)
        assert_allclose(pp, 1, atol=5e-4)    # between settings 3e-4
        assert_allclose(pk(cosmo) / pk(zero), table["pk_ratio"][i], rtol=3e-4)
        assert_allclose(background(cosmo), table["background"][i], rtol=1e-5)
        numbers = [cosmo.h() * 100, cosmo.Omega_m(), cosmo.Neff(), cosmo.rs_drag(), cosmo.Om_ncdm(0.)]
        assert_allclose(numbers, table["numbers"][i], rtol=2e-5)


@pytest.mark.parametrize("chi", [{}, {"n_chi": 1}])
def test_spectra_are_continuous_at_zero(chi):
    """Massless neutrinos (ur) are the limit from both sides."""
    settings = SPECTRA | precision.planck | {"cl_calibration": "none", "output": "tCl pCl lCl"}
    massive = class_inputs(**{"n_chi": 0} | chi, m_nu_sum=1e-5)
    minus, plus, zero = (compute(settings | inputs).lensed_cl() for inputs in (
        massive | {"m_ncdm": -massive["m_ncdm"]}, massive, class_inputs(**{"n_chi": 0} | chi, m_nu_sum=0)))
    assert max(difference(zero, minus).values()) < 1e-4
    assert max(difference(plus, minus).values()) < 2e-4    # twice what is left of the error of the momenta


def test_small_scales_gain_eight_times_f_nu():
    """dP/P = 8 |f_nu| at fixed omega_m (astro-ph/9710252), as for positive masses with the other sign."""
    settings = {"output": "mPk", "P_k_max_1/Mpc": 1.5}
    massless = compute(settings | {"N_ur": 3.044})
    omega_nu = -0.000611
    negative = compute(settings | three(-0.06) | {"omega_cdm": 0.12 - omega_nu})
    f_nu = negative.Omega_nu() / negative.Omega_m()
    assert_allclose(negative.Omega_nu() * negative.h()**2, omega_nu, atol=1e-6)
    assert_allclose(negative.pk_lin(1, 0) / massless.pk_lin(1, 0) - 1, -8 * f_nu, rtol=0.1)


def test_mean_of_both_signs_differs_from_massless_by_the_square_of_the_mass():
    settings = CHEAP | {"tol_perturbations_integration": 1e-5}

    def lensing(m_nu_sum):
        inputs = three(m_nu_sum) if m_nu_sum else {"N_ur": 3.044}
        return compute(settings | inputs).raw_cl(1000)["pp"][2:]

    massless = lensing(0)
    large, small = (np.abs((lensing(m) + lensing(-m)) / 2 - massless)[300:].mean() for m in (0.4, 0.2))
    assert large > 3.6 * small    # 4 but for higher orders


def test_slopes_on_both_sides_of_zero_are_the_same():
    settings = CHEAP | {"tol_perturbations_integration": 1e-6}

    def P(m_nu_sum):
        return compute(settings | three(m_nu_sum)).pk_lin(0.1, 0)

    assert_allclose(P(-0.005) - P(-0.02), P(0.02) - P(0.005), rtol=0.01)


@pytest.mark.parametrize("code", ["hmcode", "halofit"])
def test_nonlinear_correction_is_continued_smoothly(code):
    """The boost of P(k) by non-linear structure has nearly the opposite change for the opposite mass."""
    def boost(m_nu_sum):
        cosmo = compute({"output": "mPk", "P_k_max_1/Mpc": 10, "non_linear": code} | three(m_nu_sum))
        return np.array([np.log(cosmo.pk(k, 0) / cosmo.pk_lin(k, 0)) for k in np.logspace(-2, 0.5, 20)])

    zero, plus, minus = boost(-1e-4), boost(0.1), boost(-0.1)
    assert np.abs(plus - zero).max() > 0.01
    assert np.abs(plus + minus - 2 * zero).max() < 0.05 * np.abs(plus - minus).max()


def corners_and_samples(number):
    """Inputs at the corners of a box with m_nu_sum from -1 to 1.5 eV, and a Latin hypercube inside."""
    lower, upper = np.array([[0.019, 0.026], [0.08, 0.16], [55, 90], [-1, 1.5], [0.01, 0.12]]).T
    rng = np.random.default_rng(1)
    unit = np.stack([(rng.permutation(number) + rng.random(number)) / number for _ in lower], 1)
    corners = np.array(np.meshgrid(*[[0, 1]] * len(lower))).reshape(len(lower), -1).T
    for x in lower + (upper - lower) * np.concatenate([corners, unit]):
        omega_b, omega_cdm, H0, m_nu_sum, tau = x.tolist()
        yield three(m_nu_sum) | {"omega_b": omega_b, "omega_cdm": omega_cdm, "H0": H0, "tau_reio": tau}


def assert_finite_or_refused(inputs, **settings):
    """Assert that there is a number at every multipole and wavenumber; whether there is one at all."""
    cosmo = Class()
    cosmo.set(CHEAP | {"l_max_scalars": 400, "A_s": 2.1e-9, "z_pk": "0,2", "P_k_max_1/Mpc": 5} | settings
              | inputs)
    try:
        cosmo.compute()
    except CosmoComputationError as error:
        # HMcode finds no non-linear scale in some corners, for positive masses as for negative ones
        assert "m_ncdm" in str(error) or "hmcode_compute" in str(error), inputs
        return False
    cl = cosmo.lensed_cl()
    assert all(np.isfinite(cl[x]).all() for x in ("tt", "ee", "te", "pp")), inputs
    assert all(cl[x][2:].min() > 0 for x in ("tt", "ee", "pp")), inputs
    assert all(cosmo.pk(k, z) > 0 for k in (1e-3, 0.1, 1) for z in (0, 2)), inputs
    assert cosmo.sigma8() > 0 and np.isfinite(cosmo.Omega_nu())
    return True


@pytest.mark.parametrize("code", ["hmcode", "halofit", "none"])
def test_every_corner_has_a_number(code):
    points = list(corners_and_samples(4))[{"hmcode": 0, "halofit": 1, "none": 2}[code]::3]
    assert sum(assert_finite_or_refused(point, non_linear=code) for point in points) >= len(points) / 2


@pytest.mark.parametrize("n_chi", [1, 2, 40])
def test_chi_beside_negative_masses(n_chi):
    inputs = class_inputs(n_chi=n_chi, m_nu_sum=0.1)
    inputs |= {"m_ncdm": -inputs["m_ncdm"], "log10_G_eff_sidr": -1.5}
    assert assert_finite_or_refused(inputs | {"H0": 67, "omega_b": 0.0224, "omega_cdm": 0.12},
                                    non_linear="hmcode")
    assert_allclose(compute(inputs, "background").Neff(), 3.044, rtol=1e-5)


@pytest.mark.parametrize("m_ncdm", [[0.03, -0.01, -0.02], [-1e-5, -1e-5, -1e-5]])
def test_several_species(m_ncdm):
    cosmo = compute(CHEAP | {"N_ur": 0, "N_ncdm": 3, "m_ncdm": m_ncdm, "T_ncdm": [T] * 3})
    single = [compute(three(3 * m), "background").Omega_nu() for m in m_ncdm]
    assert_allclose(cosmo.Omega_nu(), np.mean(single), rtol=1e-9)
    assert np.isfinite(cosmo.lensed_cl()["pp"]).all()


# Without negative masses

def test_positive_masses_are_those_of_stock_class_bit_for_bit(stock):
    inputs = CHEAP | {"Omega_k": 1e-4, "N_ur": 1, "N_ncdm": 2, "m_ncdm": "0.05,0.3", "deg_ncdm": "1,0.9",
                      "ksi_ncdm": "0,0.1", "non_linear": "hmcode"}
    a, b = (compute(inputs, CosmoClass=C) for C in (Class, stock.Class))
    assert_identical(a.lensed_cl(), b.lensed_cl())
    assert_identical([a.pk(k, 0) for k in K], [b.pk(k, 0) for k in K])
    assert a.Om_ncdm(0.5) == b.Om_ncdm(0.5)


@pytest.mark.parametrize("m_nu_sum", [3e-5, -0.003, 0.009, 0.1])
def test_neutrinos_that_follow_the_metric_leave_the_spectra_as_they_are(m_nu_sum):
    settings = CHEAP | {"tol_perturbations_integration": 1e-6, "l_max_scalars": 2000, "P_k_max_1/Mpc": 3}
    fluid, streaming = (compute(settings | three(m_nu_sum) | {"ncdm_streaming_trigger_sidr": x})
                        for x in (0, 10))
    assert max(difference(fluid.lensed_cl(), streaming.lensed_cl(), 1900).values()) < 1e-4
    k = np.logspace(-4, 0.4, 40)
    assert_allclose([streaming.pk_lin(x, 0) for x in k], [fluid.pk_lin(x, 0) for x in k], rtol=1e-4)


def test_neutrinos_that_rest_at_nearly_zero_begin_to_move():
    # at k = 2.66/Mpc the density contrast rests at 3e-6, and the first step is relative to that
    cosmo = Class()
    cosmo.set({name: value for name, value in precision.planck.items() if name != "cl_calibration"})
    cosmo.set(class_inputs(n_chi=0, m_nu_sum=0.06))
    cosmo.set({"omega_b": 0.02228158480042418, "omega_cdm": 0.12079357608528728,
               "100*theta_s": 1.04178175131091, "n_s": 0.9627782816739686, "tau_reio": 0.05824422172609667,
               "l_max_ncdm": 17, "l_max_ur": 17, "output": "tCl pCl lCl mPk", "lensing": "yes",
               "l_max_scalars": 6500, "P_k_max_1/Mpc": 20, "z_max_pk": 3.1})
    cosmo.compute(["perturbations"])


# What is refused

@pytest.mark.parametrize("inputs, words", [
    ({"m_ncdm": -5}, "Omega_m"), ({"m_ncdm": -5, "Omega_k": 0.25}, "Omega_m"),
    ({"m_ncdm": -5, "100*theta_s": 1.04}, "Omega_m"),
    ({"m_ncdm": -4, "Omega_k": -0.4}, r"H\^2"), ({"m_ncdm": -3, "Omega_k": -0.9}, r"H\^2"),   # a bounce
])
def test_densities_that_cannot_be_are_errors_of_this_point(inputs, words):
    cosmo = Class()
    cosmo.set({"omega_b": 0.0224, "omega_cdm": 0.12} | THREE | inputs)
    with pytest.raises(CosmoComputationError, match=f"m_ncdm: with negative masses.*{words}"):
        cosmo.compute(["background"])


@pytest.mark.parametrize("inputs, words", [
    ({"deg_ncdm": -1}, "deg_ncdm = -1 of species 1"),
    ({"omega_ncdm": -0.001}, "omega_ncdm of species 1"),
    ({"m_ncdm": -0.1, "omega_ncdm": 0.001}, "leave the density out"),
    ({"m_ncdm": -0.1, "ceff2_ur": 0.2}, "ceff2_ur = 0.2"),
])
def test_contradictions_are_errors_of_the_input(inputs, words):
    with pytest.raises(CosmoSevereError, match=words):
        compute({"N_ncdm": 1, "m_ncdm": 0.1} | inputs, "background")
