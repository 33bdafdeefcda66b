"""What `compute` keeps when parameters change: results of a new object, bit for bit, for less work."""

import numpy as np
import pytest
from conftest import CHI, COARSE, COSMOLOGY, assert_identical

from sidr.classy import Class, CosmoComputationError, CosmoSevereError

SPECTRA = {"output": "tCl pCl lCl", "lensing": "yes", "l_max_scalars": 600}
MATTER = SPECTRA | {"output": "tCl pCl lCl mPk mTk", "P_k_max_1/Mpc": 1, "z_pk": "0,1"}
NEUTRINOS = {"N_ur": 1, "N_ncdm": 1, "m_ncdm": 0.1}


def new(*inputs, **more):
    """A Class that has been given COSMOLOGY and these inputs."""
    cosmo = Class()
    for more_inputs in (COSMOLOGY, COARSE, *inputs, more):
        cosmo.set(more_inputs)
    return cosmo


def computed(*inputs, **more):
    """The same, computed."""
    cosmo = new(*inputs, **more)
    cosmo.compute()
    return cosmo


def results(cosmo):
    """All that a computation can give, by name."""
    found = {"n_s": cosmo.n_s, "primordial": cosmo.get_primordial(), "thermo": cosmo.get_thermodynamics()}
    output = cosmo.pars["output"]
    if "Cl" in output:
        found["raw"] = cosmo.raw_cl()
    if cosmo.pars.get("lensing"):
        found["lensed"] = cosmo.lensed_cl()
    if "mPk" in output:
        found |= {"P": [(cosmo.pk(k, 0), cosmo.pk_lin(k, 0)) for k in np.geomspace(1e-3, 0.5, 9)],
                  "sigma8": cosmo.sigma8}
    if "mTk" in output:
        found |= {"T": cosmo.get_transfer(), "sources": cosmo.get_sources()[0]}
    return found


def assert_new(cosmo, *inputs, **more):
    """Assert that `cosmo` has the results of a new object with these inputs."""
    assert_identical(results(cosmo), results(computed(*inputs, **more)))


LOUD = {"background_verbose": 1, "perturbations_verbose": 1, "transfer_verbose": 1}


@pytest.mark.parametrize("change", [
    {"A_s": 2.3e-9}, {"n_s": 0.94}, {"A_s": 1.9e-9, "n_s": 0.99, "alpha_s": -0.02, "k_pivot": 0.02}],
    ids=lambda change: "+".join(change))
@pytest.mark.parametrize("non_linear", ["none", "halofit", "hmcode"])
@pytest.mark.parametrize("inputs", [SPECTRA, MATTER | NEUTRINOS | CHI], ids=["C_l", "chi, nu, C_l, P"])
def test_new_spectrum_is_bit_identical_and_cheaper(inputs, non_linear, change, class_messages):
    inputs = inputs | LOUD | {"non_linear": non_linear, "alpha_s": 0, "k_pivot": 0.05}
    class_messages()
    cosmo = computed(inputs)
    first = class_messages()
    assert "Running CLASS" in first and "Computing sources" in first and "Computing transfers" in first
    cosmo.set(change)
    cosmo.compute()
    again = class_messages()
    assert "Running CLASS" not in again and "Computing sources" not in again
    # The lensing potential has the non-linear correction.
    assert ("Computing transfers" in again) == (non_linear != "none")
    assert_new(cosmo, inputs, change)


@pytest.mark.parametrize("logarithm", ["ln_A_s_1e10", "ln10^{10}A_s"])
def test_amplitude_may_be_given_by_its_logarithm(logarithm, class_messages):
    cosmo = new(SPECTRA, LOUD, {logarithm: 3})
    del cosmo.pars["A_s"]
    cosmo.compute()
    class_messages()
    cosmo.set({logarithm: 3.1})
    cosmo.compute()
    assert "Computing" not in class_messages()
    assert_new(cosmo, SPECTRA, A_s=np.exp(3.1) * 1e-10)


@pytest.mark.parametrize("inputs", [
    {"output": "tCl nCl sCl", "non_linear": "halofit", "selection_mean": "0.5,1", "l_max_lss": 100},
    {"output": "tCl", "non_linear": "none"},
    {"output": "mPk", "P_k_max_1/Mpc": 1},
    {"output": "tCl pCl", "modes": "s,t", "r": 0.1, "n_t": "scc", "alpha_t": "scc"},
    {"output": "tCl", "ic": "ad,cdi", "f_cdi": 0.3, "n_cdi": 1, "c_ad_cdi": 0.5},
    {"output": "tCl mPk", "P_k_max_1/Mpc": 1, "Omega_k": 0.05, "non_linear": "hmcode"},
    {"output": "tCl Sd"},
    {"output": ""},
], ids=lambda inputs: inputs["output"])
def test_other_outputs_modes_and_initial_conditions_follow_too(inputs):
    cosmo = computed(inputs)
    cosmo.set(n_s=0.9, A_s=2.3e-9)
    cosmo.compute()
    if inputs["output"]:
        assert_new(cosmo, inputs, n_s=0.9, A_s=2.3e-9)
    assert cosmo.n_s == 0.9


def test_spectral_distortions_follow_too():
    inputs = {"output": "tCl Sd", "perturbations_verbose": 0}
    cosmo = computed(inputs)
    cosmo.set(A_s=4e-9)
    cosmo.compute()
    # This table is silk damping, which is proportional to A_s.
    assert_identical(cosmo.spectral_distortion(), computed(inputs, A_s=4e-9).spectral_distortion())


@pytest.mark.parametrize("inputs", [
    {"output": "tCl Sd"}, {"output": "tCl", "modes": "s,t", "Pk_ini_type": "inflation_V"}],
    ids=["distortions", "inflation"])
def test_what_is_not_known_to_be_safe_is_computed_from_the_start(inputs, class_messages):
    cosmo = new(inputs, LOUD, k_pivot=0.05)
    if "Pk_ini_type" in inputs:
        del cosmo.pars["A_s"], cosmo.pars["n_s"]
    cosmo.compute()
    class_messages()
    cosmo.set(k_pivot=0.04)
    cosmo.compute()
    assert "Computing sources" in class_messages()


def test_amplitude_found_from_sigma8_is_found_again():
    inputs = MATTER | {"sigma8": 0.8}
    cosmo = new(inputs)
    del cosmo.pars["A_s"]
    cosmo.compute()
    cosmo.set(n_s=0.9)
    cosmo.compute()
    np.testing.assert_allclose(cosmo.sigma8, 0.8, rtol=1e-3)  # the accuracy of CLASS's search


@pytest.mark.parametrize("change", [{"omega_cdm": 0.11}, {"N_ur": 2}, {"k_per_decade_primordial": 20},
                                    {"non_linear": "halofit"}, {"log10_G_eff_sidr": -3}], ids=repr)
def test_spectrum_and_another_parameter_change_together(change):
    inputs = SPECTRA | {"N_sidr": 0.5, "N_ur": 2.5, "log10_G_eff_sidr": -2}
    cosmo = computed(inputs)
    cosmo.set(change, n_s=0.9)
    cosmo.compute()
    assert_new(cosmo, inputs, change, n_s=0.9)


def test_parameters_come_and_go():
    cosmo = computed(SPECTRA)
    cosmo.set(alpha_s=0.02)
    cosmo.compute()
    assert_new(cosmo, SPECTRA, alpha_s=0.02)
    cosmo.empty()
    cosmo.set(COSMOLOGY | COARSE | SPECTRA)
    cosmo.compute()
    assert_new(cosmo, SPECTRA)


def test_values_with_the_same_text_are_the_same(class_messages):
    cosmo = computed(SPECTRA, LOUD)
    class_messages()
    cosmo.set(omega_b=str(COSMOLOGY["omega_b"]), l_max_scalars=" 600")
    cosmo.compute()
    assert class_messages() == ""
    assert_new(cosmo, SPECTRA)


def test_levels_are_added_to_those_that_are_there(class_messages):
    cosmo = new(SPECTRA, LOUD)
    cosmo.compute(["background"])
    cosmo.set(A_s=2.3e-9)
    cosmo.compute(["perturbations"])
    class_messages()
    cosmo.compute()
    assert "Computing sources" not in class_messages()
    assert_new(cosmo, SPECTRA, A_s=2.3e-9)


def test_properties_leave_the_results_in_place(class_messages):
    cosmo = computed(SPECTRA, CHI, LOUD)
    cosmo.set(n_s=0.9)
    assert cosmo.N_sidr == pytest.approx(CHI["N_sidr"])
    class_messages()
    cosmo.compute()
    assert class_messages() == ""
    assert_new(cosmo, SPECTRA, CHI, n_s=0.9)


@pytest.mark.parametrize("change, error", [
    ({"A_s": -1e-9}, CosmoComputationError),
    ({"recombination": "guess"}, CosmoSevereError),
    ({"A_s": 3e-9, "ln_A_s_1e10": 3}, CosmoSevereError),
    ({"n_s": 0.9, "n_z": 1}, CosmoSevereError),
], ids=repr)
def test_after_an_error_the_object_can_be_used(change, error):
    cosmo = computed(SPECTRA)
    cosmo.set(change)
    for _ in range(2):
        with pytest.raises(error) as ours:
            cosmo.compute()
        with pytest.raises(error) as upstream:
            computed(SPECTRA, change)
        assert str(ours.value) == str(upstream.value)
    for name in change.keys() - COSMOLOGY:
        del cosmo.pars[name]
    cosmo.set(n_s=0.9, A_s=2.3e-9)
    cosmo.compute()
    assert_new(cosmo, SPECTRA, n_s=0.9, A_s=2.3e-9)


def test_an_error_at_a_level_that_is_not_wanted_is_not_raised():
    cosmo = computed(SPECTRA, CHI)
    cosmo.set(A_s=-1e-9)
    cosmo.compute(["background"])
    with pytest.raises(CosmoComputationError):
        cosmo.compute()


@pytest.mark.parametrize("non_linear", ["none", "halofit", "hmcode"])
@pytest.mark.parametrize("inputs", [SPECTRA, MATTER | NEUTRINOS | CHI, {"output": "tCl pCl"},
                                    {"output": "tCl nCl", "l_max_lss": 100},
                                    {"output": "mPk", "P_k_max_1/Mpc": 1}],
                         ids=["C_l", "chi, nu, C_l, P", "unlensed", "number counts", "P"])
def test_transfers_first_and_any_spectrum_later(inputs, non_linear, class_messages):
    cosmo = new(inputs, LOUD, non_linear=non_linear, A_s=1, n_s=1)
    class_messages()
    cosmo.compute_transfers()
    assert "Computing sources" in class_messages()
    for _ in range(2):  # the second time, nothing is left to do
        cosmo.set(A_s=2.3e-9, n_s=0.9)
        cosmo.compute_transfers()
        cosmo.compute()
        assert "Computing sources" not in class_messages()
        assert_new(cosmo, inputs, non_linear=non_linear, A_s=2.3e-9, n_s=0.9)
        class_messages()


def test_the_spectrum_that_was_given_with_the_transfers_may_be_the_final_one():
    inputs = SPECTRA | {"non_linear": "halofit"}
    cosmo = new(inputs)
    cosmo.compute_transfers()
    cosmo.compute(["background"])
    cosmo.compute()
    assert_new(cosmo, inputs)
