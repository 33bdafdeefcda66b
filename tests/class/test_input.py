"""A wrong input is one error that names it; the object works afterwards."""

import numpy as np
import pytest
from conftest import CHI, SPECTRA, compute

from sidr.classy import Class, CosmoSevereError


@pytest.mark.parametrize("name, value, others", [
    ("N_sidr", -0.1, {}),
    ("N_sidr", "nan", {}),
    ("N_sidr", "inf", {}),
    ("N_sidr", "some", {}),
    ("G_eff_sidr", -1, {}),
    ("G_eff_sidr", "nan", {}),
    ("G_eff_sidr", 1e11, {}),
    ("log10_G_eff_sidr", "inf", {}),
    ("log10_G_eff_sidr", "-inf", {}),
    ("log10_G_eff_sidr", 300, {}),
    ("log10_G_eff_sidr", -2, {"G_eff_sidr": 0.01}),
    ("alpha_sidr", "das-ghosh", {}),
    ("alpha_sidr", [], {}),
    ("alpha_sidr", [0.4, -0.4], {}),
    ("alpha_sidr", [0.4, np.nan], {}),
    ("alpha_sidr", [0], {}),
    ("alpha_sidr", [0.4] * 65, {}),
    ("alpha_sidr", "0.4,x", {}),
    ("T_sidr", 0, {}),
    ("T_sidr", "nan", {}),
    ("N_bbn_sidr", -1, {}),
    ("fugacity_ncdm", "0.5,0.5", {"N_ncdm": 1}),
    ("fugacity_ncdm", 0, {"N_ncdm": 1}),
    ("fugacity_ncdm", "nan", {"N_ncdm": 1}),
    ("fugacity_ncdm", 0.5, {"N_ncdm": 1, "ksi_ncdm": 0.1}),
    ("fugacity_ncdm", 0.5, {}),
    ("l_max_sidr", 3, {}),
    ("sidr_rsa_trigger_tau_over_tau_k", 10, {}),
    ("sidr_fluid_trigger_tau_over_tau_k", 31, {}),
    ("ncdm_fluid_trigger_tau_over_tau_k", 32, {}),
    ("modes", "s,t", SPECTRA),
    ("ic", "ad,cdi", SPECTRA),
])
def test_wrong_input_is_an_error_that_names_it(name, value, others):
    cosmo = Class()
    with pytest.raises(CosmoSevereError, match=name):
        cosmo.set(CHI | others | {name: value})
        cosmo.compute(["background"])
    cosmo.empty()
    cosmo.set(CHI)
    cosmo.compute(["background"])
    assert cosmo.N_sidr == 0.75


def test_unknown_input_is_refused_as_upstream_does():
    cosmo = Class()
    cosmo.set(CHI | {"G_eff": 0.1})
    with pytest.raises(CosmoSevereError, match="G_eff"):
        cosmo.compute()


def test_couplings_are_two_spellings_of_one():
    a, b = (compute(CHI | c, "background") for c in ({"G_eff_sidr": 0.01}, {"log10_G_eff_sidr": -2}))
    assert a.rate_sidr(0) == pytest.approx(b.rate_sidr(0), rel=1e-14)


def test_preset_is_the_list_it_stands_for():
    a, b = (compute(CHI | {"G_eff_sidr": 1, "alpha_sidr": alpha}, "background")
            for alpha in ("rta", [0.40, 0.43, 0.46, 0.47, 0.48]))
    assert a.rate_sidr(0) == b.rate_sidr(0)
