"""Sums of neutrino masses below zero by continuation: of all observables, or of the lensing potential."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from conftest import COARSE, COSMOLOGY, assert_identical, difference
from numpy.testing import assert_allclose

from sidr import precision
from sidr.classy import Class, CosmoComputationError, CosmoSevereError
from sidr.continuation import DEFINITIONS, MASSLESS
from sidr.neutrinos import class_inputs

CHEAP = COARSE | {"output": "tCl pCl lCl mPk", "lensing": "yes", "l_max_scalars": 1200,
                  "P_k_max_1/Mpc": 1, "z_pk": 0.5, "ncdm_momenta_sidr": 4}
FIXED_ANGLE = {name: x for name, x in COSMOLOGY.items() if name != "H0"} | {"100*theta_s": 1.0411}
Z = np.array([0.3, 0.5, 1.0, 2.3])


def continued(definition, m_nu_sum, inputs):
    cosmo = DEFINITIONS[definition](Class)
    cosmo.set(inputs | class_inputs(n_chi=0, m_nu_sum=m_nu_sum))
    cosmo.compute()
    return cosmo


def products(cosmo):
    k, z = np.logspace(-3, -0.1, 20), 0.5
    return {"lensed": cosmo.lensed_cl(1000), "raw": cosmo.raw_cl(1000),
            "H": np.array([cosmo.Hubble(z) for z in Z]),
            "D": np.array([cosmo.angular_distance(z) for z in Z]), "r_d": np.array(cosmo.rs_drag()),
            "pk": np.array([cosmo.pk(x, z) for x in k]), "table": cosmo.get_pk_and_k_and_z(nonlinear=False),
            "derived": {name: np.array(x) for name, x in cosmo.get_current_derived_parameters(
                ["h", "Omega_m", "sigma8", "age", "Neff", "100*theta_s"]).items()}}


@pytest.mark.parametrize("m_nu_sum", [0, 0.06])
def test_definitions_are_one_from_zero_on(m_nu_sum):
    energy, *others = (products(continued(name, m_nu_sum, FIXED_ANGLE | CHEAP)) for name in DEFINITIONS)
    for other in others:
        assert_identical(energy, other)


# extrapolate

@pytest.mark.parametrize("m_nu_sum, tt, pp", [(-0.1, 5e-5, 8e-4), (-0.4, 1e-3, 2.4e-2)])
def test_extrapolation_is_energy_to_second_order_in_the_mass(m_nu_sum, tt, pp):
    """At fixed theta_s, for linear structure, which HMcode bends."""
    settings = precision.planck | FIXED_ANGLE | {"output": "tCl pCl lCl", "lensing": "yes",
                                                 "l_max_scalars": 2508, "non_linear": "none"}
    energy, extrapolated = (continued(name, m_nu_sum, settings) for name in ("energy", "extrapolate"))
    found = difference(energy.lensed_cl(2500), extrapolated.lensed_cl(2500), l_min=30)
    assert tt / 2 < found["tt"] < 2 * tt and pp / 2 < found["pp"] < 2 * pp, found
    H, H_energy = ([cosmo.Hubble(z) for z in Z] for cosmo in (extrapolated, energy))
    assert_allclose(H, H_energy, rtol=0.03 * m_nu_sum**2)


@pytest.mark.parametrize("cosmology", [COSMOLOGY, FIXED_ANGLE], ids=["H0", "theta_s"])
def test_every_product_is_extrapolated_at_what_the_inputs_fix(cosmology):
    negative = continued("extrapolate", -0.2, cosmology | CHEAP)
    zero, positive = (products(continued("energy", m, cosmology | CHEAP)) for m in (3 * MASSLESS, 0.2))
    found = products(negative)
    (pk, k, z), *_ = found.pop("table"), zero.pop("table"), positive.pop("table")

    def same(found, zero, positive):
        if isinstance(found, dict):
            for name in found:
                same(found[name], zero[name], positive[name])
        else:
            assert_allclose(found, 2 * zero - positive, rtol=1e-10, atol=1e-10 * np.abs(zero).max())

    same(found, zero, positive)
    fixed = {"100*theta_s": 1.0411} if cosmology is FIXED_ANGLE else {"h": 0.674}
    for name, value in fixed.items():
        assert found["derived"][name] == pytest.approx(value, rel=1e-6)
    # the table, which needs interpolation, is what is found point by point
    assert k[0] < 1e-3 and k[-1] > 0.99 and z.min() == 0
    i = np.searchsorted(k, 0.1)
    assert_allclose(pk[i, 0], negative.pk_lin(k[i], z[0]), rtol=1e-4)
    assert_allclose(pk[::50, 0], [negative.pk_lin(x, z[0]) for x in k[::50]], rtol=1e-3)


def test_extrapolation_to_a_negative_density_is_a_computation_error_that_names_the_mass():
    with pytest.raises(CosmoComputationError, match=" = -.* extrapolated to m_nu_sum = -6 eV, and must"):
        continued("extrapolate", -6, COSMOLOGY | CHEAP).lensed_cl()


def test_what_cannot_be_extrapolated_is_refused_by_name():
    negative = continued("extrapolate", -0.1, COSMOLOGY | {"output": ""})
    with pytest.raises(CosmoSevereError, match="get_background of m_nu_sum = -0.1 eV .*: energy"):
        negative.get_background()
    assert "z" in continued("extrapolate", 0.1, COSMOLOGY | {"output": ""}).get_background()


# lensing: the potential alone

def test_lensing_alone_is_continued():
    inputs = FIXED_ANGLE | CHEAP
    negative = continued("lensing", -0.2, inputs)
    zero, positive = (continued("energy", m, inputs) for m in (3 * MASSLESS, 0.2))
    pp = 2 * zero.raw_cl(1000)["pp"] - positive.raw_cl(1000)["pp"]
    assert_allclose(negative.raw_cl(1000)["pp"], pp, rtol=1e-5)
    assert_allclose(negative.lensed_cl(1000)["pp"][20:], pp[20:], rtol=1e-4)
    for name in ("tt", "ee"):
        assert_allclose(negative.raw_cl(1000)[name], zero.raw_cl(1000)[name], rtol=1e-5)
    assert_allclose(negative.pk(0.1, 0), zero.pk(0.1, 0), rtol=1e-5)
    assert_allclose(negative.Hubble(0.5), zero.Hubble(0.5), rtol=1e-7)
    # temperature is smoothed by this potential: as by A_lens where the factor is nearly constant
    factor = pp[50:] / zero.raw_cl(1000)["pp"][50:]
    lensed, smoothed, unsmoothed = (cosmo.lensed_cl(1000)["tt"][300:] for cosmo in (
        negative, continued("energy", 3 * MASSLESS, inputs | {"A_lens": factor.mean()}), zero))
    assert factor.min() > 1.02 and np.ptp(factor) < 0.03
    assert np.abs(lensed / unsmoothed - 1).max() > 1e-3
    assert_allclose(lensed, smoothed, rtol=3e-4)
    # and with an amplitude on top of it
    more = continued("lensing", -0.2, inputs | {"A_lens": 1.1, "A_phiphi": 2})
    assert_allclose(more.raw_cl(1000)["pp"], 2.2 * pp, rtol=1e-5)


# In Cobaya

PARAMS = {name: COSMOLOGY[name] for name in ("omega_b", "omega_cdm", "A_s", "n_s", "tau_reio", "H0")}


def model(theory="SIDR", params=(), stop_at_error=True, **options):
    """A model that asks for all kinds of products."""
    one = {"external": lambda _self: 0.0, "requires": {
        "Cl": {"tt": 2508, "pp": 2508}, "Hubble": {"z": Z}, "comoving_radial_distance": {"z": Z},
        "rs_drag": None}}
    return get_model({"theory": {f"sidr.theory.{theory}": {"n_chi": 0, "precision": "planck", **options}},
                      "likelihood": {"one": one}, "stop_at_error": stop_at_error,
                      "params": PARAMS | {"m_nu_sum": {"prior": {"min": -1, "max": 1}}} | dict(params)})


def found_by(model, **point):
    model.loglike(point, return_derived=False)
    provider = model.provider
    cl = provider.get_Cl()
    return {"tt": cl["tt"], "pp": cl["pp"], "H": provider.get_Hubble(Z, "1/Mpc"),
            "D": provider.get_comoving_radial_distance(Z), "r_d": provider.get_param("rs_drag")}


@pytest.fixture(scope="module")
def exact():
    return model(negative_mass="extrapolate", extra_args={"non_linear": "hmcode"})


def test_theory_extrapolates_what_a_likelihood_asks_for(exact):
    negative, zero, positive = (found_by(exact, m_nu_sum=m) for m in (-0.2, 3 * MASSLESS, 0.2))
    for name in negative:
        assert_allclose(negative[name], 2 * zero[name] - positive[name], rtol=1e-9, atol=0, err_msg=name)


def test_emulator_extrapolates_as_exact_class_does(exact):
    emulated = model("SIDREmulator", negative_mass="extrapolate")
    one, other = (found_by(m, m_nu_sum=-0.1) for m in (emulated, exact))
    for name, rtol in {"H": 1e-5, "D": 1e-5, "r_d": 1e-5, "pp": 2e-3, "tt": 1e-3}.items():
        # the emulator of phi phi is as good as Planck's weights where Planck has measured it, and three
        # times its error is left
        cut = {"tt": slice(30, None), "pp": slice(30, 1500)}.get(name, slice(None))
        ours, theirs = (np.atleast_1d(x[name])[cut] for x in (one, other))
        assert_allclose(ours, theirs, rtol=rtol, err_msg=name)


def test_energy_is_outside_of_the_emulators_and_exact_class_takes_over():
    rejecting = model("SIDREmulator", stop_at_error=False)
    assert rejecting.loglike({"m_nu_sum": -0.1}, return_derived=False) == -np.inf
    assert rejecting.theory["sidr.theory.SIDREmulator"].outside_by > 0
    fallback = model("SIDREmulator", fallback="exact")
    exact = model(extra_args={"non_linear": "hmcode"})
    one, other = (found_by(m, m_nu_sum=-0.1)["pp"] for m in (fallback, exact))
    assert_allclose(one, other, rtol=1e-12)


def test_fast_parameters_are_fast_with_every_definition(monkeypatch):
    fast = {"A_lens": {"prior": {"min": 0, "max": 2}}, "A_phiphi": {"prior": {"min": 0, "max": 2}}}
    slow = []
    compute_transfers = Class.compute_transfers
    monkeypatch.setattr(Class, "compute_transfers",
                        lambda self: slow.append(self) or compute_transfers(self))
    for definition, classes in {"energy": 1, "extrapolate": 2, "lensing": 2}.items():
        run = model(params=fast, negative_mass=definition)
        assert set(run.theory["sidr.theory.SIDR"].input_params) == {"A_s", "n_s", "A_lens", "A_phiphi"}
        first = found_by(run, m_nu_sum=-0.2, A_lens=1, A_phiphi=1)
        second = found_by(run, m_nu_sum=-0.2, A_lens=1.1, A_phiphi=2)
        assert len(slow) == classes
        assert_allclose(second["pp"][2:], 2.2 * first["pp"][2:], rtol=1e-10)
        assert 1e-4 < np.abs(second["tt"][2:] / first["tt"][2:] - 1).max() < 0.1
        slow.clear()


@pytest.mark.parametrize("theory, options, message", [
    ("SIDR", {"negative_mass": "tachyon"}, "negative_mass = 'tachyon': give one of energy, extrap"),
    ("SIDREmulator", {"negative_mass": "lensing"}, "not emulated: take sidr.theory.SIDR"),
])
def test_wrong_definition_stops_the_run(theory, options, message):
    with pytest.raises(LoggedError, match=message):
        model(theory, **options)


def test_emulator_refuses_a_lensing_amplitude_but_of_the_reconstruction():
    amplitude = {"A_phiphi": {"prior": {"min": 0, "max": 2}}}
    emulated = model("SIDREmulator", amplitude)
    one, two = (found_by(emulated, m_nu_sum=0.06, A_phiphi=A) for A in (1, 1.5))
    assert_allclose(two["pp"], 1.5 * one["pp"], rtol=1e-14)
    assert_identical(two["tt"], one["tt"])
    with pytest.raises(LoggedError, match="A_lens is not emulated: take sidr.theory.SIDR"):
        found_by(model("SIDREmulator", {"A_lens": 1}), m_nu_sum=0.06)


def test_orderings_and_pairs_have_no_mass_below_zero():
    for options in ({"ordering": "normal"}, {"ordering": "inverted"}):    # as any point below the minimum
        rejecting = model(stop_at_error=False, **options)
        assert rejecting.loglike({"m_nu_sum": -0.1}, return_derived=False) == -np.inf
        reason, = rejecting.theory["sidr.transfers"].rejected
        assert "m_nu_sum = # eV is below # eV, the minimum of the" in reason
    with pytest.raises(LoggedError, match="m_nu_sum = -0.1 eV: a pseudo-Dirac pair"):
        found_by(model(N_sterile=0.2), m_nu_sum=-0.1)


def test_dark_energy_with_w0_and_wa_is_the_fluid_of_stock_class(stock):
    fluid = model(params={"w0": -0.8, "wa": -0.5, "Omega_k": 0.01, "Omega_m": None})
    found = found_by(fluid, m_nu_sum=0.06)
    upstream = stock.Class()
    neutrinos = class_inputs(n_chi=0, m_nu_sum=0.06)
    neutrinos.pop("N_sidr")
    upstream.set(PARAMS | neutrinos | {"Omega_Lambda": 0, "w0_fld": -0.8, "wa_fld": -0.5, "use_ppf": "yes",
                                       "Omega_k": 0.01, "output": ""})
    upstream.compute(["thermodynamics"])
    assert_allclose(found["H"], [upstream.Hubble(z) for z in Z], rtol=1e-6)
    Lambda = found_by(model(params={"Omega_k": 0.01}), m_nu_sum=0.06)
    assert np.abs(found["H"] / Lambda["H"] - 1).max() > 0.01


@pytest.mark.parametrize("setting", ["default", "planck", "reference"])
def test_dark_energy_that_was_negligible_fills_the_universe_today(setting):
    # CLASS by itself is off by 1.7e-3 in H0, and by 5e-4 at z = 0.5
    fluid = get_model({
        "theory": {"sidr.theory.SIDR": {"n_chi": 0, "precision": setting, "stop_at_error": True}},
        "likelihood": {"one": {"external": lambda _self: 0.0, "requires": {"Hubble": {"z": [0.0, 0.5]}}}},
        "params": {"omega_b": 0.0224, "omega_cdm": 0.12, "H0": 70, "m_nu_sum": 0, "w0": -1.7, "wa": -2.39}})
    fluid.loglike({}, return_derived=False)
    rest = fluid.theory["sidr.theory.SIDR"].classy
    Omega_r = rest.Omega_r()
    Omega_m = (0.0224 + 0.12) / 0.7**2
    dark_energy = (1 - Omega_m - Omega_r) * 1.5**(3 * (1 - 1.7 - 2.39)) * np.exp(3 * 2.39 * (1 - 1 / 1.5))
    at_half = 70 * np.sqrt(Omega_m * 1.5**3 + Omega_r * 1.5**4 + dark_energy)
    assert_allclose(fluid.provider.get_Hubble([0.0, 0.5]), [70, at_half], rtol=1e-6)


def test_perturbations_of_dark_energy_begin_without_a_jump():
    # PPF begins at k = 0.04/Mpc, late and from zero
    cosmo = Class()
    cosmo.set(precision.planck | precision.FLUID)
    cosmo.set(class_inputs(n_chi=0, N_tot=3.304, m_nu_sum=0.2546), omega_b=0.022945, omega_cdm=0.119543,
              n_s=0.98515, tau_reio=0.06815, output="tCl pCl lCl", lensing="yes", l_max_scalars=2508,
              Omega_Lambda=0, w0_fld=-2.6767, wa_fld=-1.2871)
    cosmo.set({"100*theta_s": 1.041304})
    cosmo.compute(["perturbations"])
    cosmo.set(c_gamma_k_H_square_max=1e3, cl_calibration="none")
    with pytest.raises(CosmoComputationError, match="Step size too small"):
        cosmo.compute(["perturbations"])
