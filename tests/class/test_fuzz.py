"""Whatever is handed to `Class`, it is understood as meant or refused with a reason; never misread.

A refusal names the input and what is allowed, and leaves an object that computes the right number
once it is given right values. (What one wrong value of each kind gives is in test_input.py.)
"""

import random
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from conftest import CHI

from sidr.classy import Class, CosmoComputationError, CosmoSevereError, _sidr
from sidr.classy._text import INPUTS

RIGHT = CHI | {"G_eff_sidr": 0.01}

NUMBERS = {  # with a value that is outside the range
    "N_sidr": 101, "G_eff_sidr": 1.1e10, "log10_G_eff_sidr": 10.1, "T_sidr": 11, "l_max_sidr": 1001,
    "N_bbn_sidr": 101,
    "sidr_tca_trigger_rate_over_aH": -1, "sidr_tca_trigger_rate_over_k": -1,
    "sidr_fluid_trigger_tau_over_tau_k": -1, "sidr_fluid_trigger_rate_over_aH": -1,
    "sidr_rsa_trigger_tau_over_tau_k": -1, "sidr_rsa_trigger_rate_over_aH": -1,
    "sidr_rsa_trigger_tau_over_tau_fs": 0.9,
}

NO_NUMBER = {
    "empty": "", "word": "abc", "preset": "das_ghosh", "None": None, "bool": True, "bytes": b"0.5",
    "nan": np.nan, "inf": np.inf, "-inf": -np.inf, "text nan": "nan", "signed nan": "-nan",
    "text inf": "+inf", "infinity": "-Infinity", "overflow": "1e999", "Decimal nan": Decimal("nan"),
    "huge": 1e308, "-huge": -1e308, "huge integer": 10**400, "unprintable integer": 10**5000,
    "complex": 1 + 2j, "number and more": "5e-1abc", "unfinished": "5e", "Fortran": "5d-1",
    "hexadecimal": "0x5", "underscore": "1_0", "other digits": "٥", "two numbers": "5 6",
    "list": [5, 6], "text list": "5,6", "empty list": [], "nested list": [[5]], "None in list": [None],
    "array with nan": np.array([5, np.nan]), "matrix": np.eye(2), "empty array": np.array([]),
    "dictionary": {5: 6}, "set": {5}, "range": range(5), "object": object(), "type": float,
    "line break": "5\n6", "null": "5\x006", "comment": "5#6", "assignment": "5=6", "format": "%s%n%n",
    "long digits": "5" * 1023, "long": "é" * 511, "too long": "5." + "0" * 1022, "surrogate": "\ud800",
}

LIST_ENTRIES = {  # of alpha_sidr: wrong ones
    "negative": -0.4, "zero": 0, "tiny": 1e-308, "huge": 1e308, "nan": np.nan, "inf": np.inf, "word": "x",
    "preset": "rta", "empty": "", "None": None, "nested": [0.4], "bytes": b"0.4", "number and more": "0.4x",
    "two numbers": "0.4 0.5", "hexadecimal": "0x1", "line break": "0.4\n1", "complex": 1j,
}


def refusal(*inputs):
    """Message of the CosmoSevereError that `inputs` raise; the object is fine afterwards."""
    cosmo = Class()
    with pytest.raises(CosmoSevereError) as refused:
        for some in inputs:
            cosmo.set(some)
        cosmo.compute(["background"])
    cosmo.empty()
    cosmo.set(RIGHT)
    cosmo.compute(["background"])
    assert cosmo.N_sidr == 0.75
    return str(refused.value)


@pytest.mark.parametrize("value", NO_NUMBER.values(), ids=NO_NUMBER)
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_not_a_number_is_refused(name, value):
    message = refusal(CHI, {name: value})
    assert f"{name} = " in message
    assert re.search(r"must be in \[|outside \[|finite number|remove it|shorten it", message)


@pytest.mark.parametrize("name, value", NUMBERS.items())
def test_number_outside_its_range_is_refused_with_the_range(name, value):
    assert re.search(rf"{name} = {value} is outside \[.*, .*\]: \w+", refusal(CHI, {name: value}))


@pytest.mark.parametrize("entry", LIST_ENTRIES.values(), ids=LIST_ENTRIES)
@pytest.mark.parametrize("before", [[], [0.4, 0.43]], ids=["alone", "last"])
def test_alpha_with_a_wrong_entry_is_refused(before, entry):
    if before == [] and entry == "rta":
        pytest.skip("right, if it is alone")
    message = refusal(CHI, {"alpha_sidr": before + [entry]})
    assert "alpha_sidr = " in message and re.search("must be|finite|das_ghosh|remove it", message)


def test_whole_number_is_not_cut_out_of_another_number():
    for value in ("17.9", "1e2", 17.0):
        assert "whole number; it must be in [4, 1000]" in refusal(CHI, {"l_max_sidr": value})


@pytest.mark.parametrize("name, value", list({"G_eff_sidr": 0.1, "N_sidr": 0.3}.items()))
def test_one_number_under_two_names_is_refused(name, value):
    other = {"G_eff_sidr": "log10_G_eff_sidr", "N_sidr": " N_sidr"}[name]
    assert name in refusal(CHI, {name: value, other: -1})


@pytest.mark.parametrize("name", [
    None, 5, b"N_sidr", ("N_sidr",), "", "N_sidr\0", "N_\nsidr", "N_sidr=0.5\nx", "#", "n_sidr", "N_sidr_",
    "x" * 1024, "é" * 511, "\ud800", "%s%n"], ids=ascii)
def test_wrong_name_is_refused(name):
    assert refusal({name: 0.5})


@pytest.mark.parametrize("inputs", [5, "N_sidr", [1, 2], None, object()], ids=str)
def test_what_is_no_dictionary_is_refused(inputs):
    assert "dictionary" in refusal(inputs)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "nan", " -inf ", [0.02, np.nan], "0.02,nan",
                                   np.array([0.02, np.inf]), 1e999, 10**400, [[0.02]], 1j, "1\0", {}])
@pytest.mark.parametrize("name", ["H0", "m_ncdm", "YHe", "tol_background_integration"])
def test_inputs_of_upstream_are_not_misread_either(name, value):
    assert name in refusal(RIGHT, {name: value})


@pytest.mark.parametrize("value", [
    "0.5", " +.5e0 ", "0.5\n", 0.5, Fraction(1, 2), Decimal("0.5"), np.float32(0.5), np.float64(0.5),
    np.array(0.5), [0.5], (0.5,), np.array([0.5])], ids=repr)
def test_every_way_to_write_a_number_means_that_number(value):
    cosmo = Class()
    cosmo.set(N_sidr=value)
    assert cosmo.N_sidr == 0.5


def test_random_text_is_the_number_that_it_says_or_refused():
    # A decimal number by its grammar, without looking at how sidr reads it
    number = re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *", re.ASCII)
    letters = random.Random(3044)
    cosmo = Class()
    understood = 0
    for _ in range(3000):
        text = "".join(letters.choices("0123456789..ee+- ,x#=n\n\0é", k=letters.randint(1, 6)))
        right = number.fullmatch(text.strip()) and 0 <= float(text) <= 100
        cosmo.set(N_sidr=0)
        try:
            cosmo.set(N_sidr=text)
            cosmo.compute(["input"])
        except CosmoSevereError:
            assert not right, text
        else:
            assert right and _sidr.N(cosmo) == float(text), text
            understood += 1
    assert understood > 300


@pytest.mark.parametrize("extreme", [
    {"H0": 1e-100}, {"omega_cdm": 1e308}, {"omega_b": 1e308}, {"T_cmb": 1}, {"A_s": 0}], ids=str)
def test_point_that_is_no_cosmology_is_an_error_not_a_crash(extreme):
    # All but the last were a segmentation fault of stock CLASS: evolver.patch
    cosmo = Class()
    cosmo.set(RIGHT | {"output": "tCl", "l_max_scalars": 50} | extreme)
    with pytest.raises(CosmoComputationError):
        cosmo.compute()
    cosmo.empty()
    cosmo.set(RIGHT)
    assert cosmo.N_sidr == 0.75


@pytest.mark.parametrize("name", ["H0", "h", "T_cmb"])
def test_number_that_must_be_above_0_is_refused_where_class_would_compute_something(name):
    for value in (0, -68):
        assert f"{name} = {value} must be above 0" in refusal(RIGHT, {name: value})


@pytest.mark.parametrize("extreme", [
    {"N_sidr": 100}, {"N_sidr": 1e-300}, {"G_eff_sidr": 1e10}, {"G_eff_sidr": 1e-300}, {"T_sidr": 10},
    {"T_sidr": 1e-3}, {"l_max_sidr": 4}, {"alpha_sidr": [1e3, 1e-3]}, {"alpha_sidr": [1e-3, 1e3]},
    {"G_eff_sidr": 1e10, "T_sidr": 10, "alpha_sidr": 1e3}] + [
    {name: edge} for name in NUMBERS if name.startswith("sidr_") for edge in (1.01, 1e10)], ids=str)
def test_edges_of_the_ranges_give_spectra_or_an_error(extreme):
    cosmo = Class()
    cosmo.set(RIGHT | {"output": "tCl", "l_max_scalars": 50} | extreme)
    try:
        cosmo.compute()
    except (CosmoComputationError, CosmoSevereError) as error:
        # beyond the table of BBN; approximations in a wrong order; too stiff
        assert re.search("N_eff|must follow each other|Step size", str(error))
    else:
        assert np.all(cosmo.raw_cl()["tt"][2:] > 0)
    cosmo.empty()
    cosmo.set(RIGHT)
    assert cosmo.N_sidr == 0.75


@pytest.mark.parametrize("name, value", [
    ("H0", [68, 70]), ("H0", "68,70"), ("omega_b", "0.0223abc"), ("omega_b", "0.0223 # measured"),
    ("omega_cdm", "0,119"), ("h", "0.68 0.7"), ("T_cmb", "2.7255K"), ("100*theta_s", "1.04d0"),
    ("YHe", "0.24x"), ("Omega_k", "1/100"), ("z_pk", "0.5 1"), ("m_ncdm", "0.02,0.03eV"), ("N_ncdm", "1e0"),
    ("N_ncdm", 1.5), ("l_max_g", "2e1"), ("A_s", True), ("tol_background_integration", "1e-6,1e-7")])
def test_number_is_not_cut_out_of_the_beginning_of_a_text(name, value):
    assert f"{name} = " in refusal(RIGHT, {name: value})


def test_list_of_inputs_has_what_class_reads():
    kinds = {"H0": "number", "100*theta_s": "number", "N_ncdm": "integer", "m_ncdm": "numbers",
             "output": "text", "YHe": "number or text", "l_max_g": "integer",
             "tol_background_integration": "number", "N_sidr": "number", "fugacity_ncdm": "numbers",
             "sBBN file": "text"}
    assert {name: INPUTS[name][0] for name in kinds} == kinds
    assert len(INPUTS) > 600
