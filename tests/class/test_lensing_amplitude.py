"""A_lens and A_phiphi: factors on the lensing potential, of which another value costs the lensing alone."""

import numpy as np
import pytest
from conftest import COARSE, COSMOLOGY, assert_identical, compute
from numpy.testing import assert_allclose

from sidr.classy import Class, CosmoSevereError
from sidr.classy.incremental import IncrementalClass

CHEAP = COARSE | {"output": "tCl pCl lCl", "lensing": "yes", "l_max_scalars": 1000, "non_linear": "halofit"}


@pytest.mark.parametrize("A", [0, 0.5, 1.3])
@pytest.mark.parametrize("settings", [{}, {"accurate_lensing": 1, "l_max_scalars": 400},
                                      {"modes": "s,t", "r": 0.1}], ids=["fast", "accurate", "tensors"])
def test_amplitude_is_that_of_class(A, settings):
    ours, upstream = (compute(CHEAP | settings | {name: A}) for name in ("A_lens", "A_L"))
    for spectra in ("lensed_cl", "raw_cl"):
        one, other = getattr(ours, spectra)(), getattr(upstream, spectra)()
        assert one.keys() == other.keys() and "pp" in one
        for name in one:
            scale = np.abs(other[name]).max()
            assert_allclose(one[name], other[name], rtol=1e-6, atol=1e-9 * scale, err_msg=name)


def test_amplitude_of_one_is_no_amplitude():
    bare = compute(CHEAP)
    assert_identical(bare.lensed_cl(), compute(CHEAP | {"A_lens": 1}).lensed_cl())
    assert_identical(bare.lensed_cl(), compute(CHEAP | {"A_phiphi": 1}).lensed_cl())


def test_reconstructed_lensing_alone():
    bare, scaled = compute(CHEAP), compute(CHEAP | {"A_phiphi": 1.2})
    for spectra in ("lensed_cl", "raw_cl"):
        one, other = getattr(scaled, spectra)(), getattr(bare, spectra)()
        assert_identical(one.pop("pp"), 1.2 * other.pop("pp"))
        assert_identical(one, other)
    both = compute(CHEAP | {"A_lens": 0.9, "A_phiphi": 1.2}).lensed_cl()
    lensed = compute(CHEAP | {"A_lens": 0.9}).lensed_cl()
    assert_identical(both["tt"], lensed["tt"])
    assert_allclose(both["pp"], 1.2 * lensed["pp"], rtol=1e-14)


def test_another_amplitude_costs_the_lensing_alone(monkeypatch):
    computed = []
    compute_levels = IncrementalClass._compute_levels

    def spy(self, levels, names):
        computed.append(set(names))
        compute_levels(self, levels, names)

    cosmo = compute(CHEAP | {"A_lens": 0.8})
    monkeypatch.setattr(IncrementalClass, "_compute_levels", spy)
    monkeypatch.setattr(IncrementalClass, "_compute_from_the_start", None)
    for changed in ({"A_lens": 1.1}, {"A_lens": 1.1, "A_phiphi": 2}):
        cosmo.empty()                       # as our theory does
        cosmo.set(COSMOLOGY | CHEAP | changed)
        cosmo.compute()
    assert [names for names in computed if names] == [{"lensing"}]
    scaled = cosmo.raw_cl()["pp"]
    cosmo.set(A_lens=2.2)
    assert_allclose(cosmo.raw_cl()["pp"], 2 * scaled, rtol=1e-14)      # and the spectra know
    monkeypatch.undo()
    fresh = compute(CHEAP | {"A_lens": 2.2, "A_phiphi": 2})
    assert_identical(cosmo.lensed_cl(), fresh.lensed_cl())
    assert_identical(cosmo.raw_cl(), fresh.raw_cl())
    cosmo.empty()
    cosmo.set(COSMOLOGY | CHEAP | {"A_s": 2.2e-9, "A_lens": 0.7})   # with a primordial parameter
    cosmo.compute()
    assert_identical(cosmo.lensed_cl(), compute(CHEAP | {"A_s": 2.2e-9, "A_lens": 0.7}).lensed_cl())
    cosmo.empty()
    cosmo.set(COSMOLOGY | CHEAP)            # and without
    cosmo.compute()
    assert_identical(cosmo.lensed_cl(), compute(CHEAP).lensed_cl())


def test_a_factor_for_each_multipole():
    cosmo, bare = compute(CHEAP), compute(CHEAP)
    factor = np.linspace(0.5, 1.5, 3000)
    cosmo.scale_lensing(factor)
    cosmo.compute()
    ell = np.arange(1001)
    assert_allclose(cosmo.raw_cl(1000)["pp"], factor[:1001] * bare.raw_cl(1000)["pp"], rtol=1e-14)
    # which is interpolated between every 80th multipole here, after the factor
    one, other = cosmo.lensed_cl(1000), bare.lensed_cl(1000)
    assert_allclose(one["pp"][10:], (factor[ell] * other["pp"])[10:], rtol=3e-4)
    assert np.abs(one["tt"][2:] / other["tt"][2:] - 1).max() > 1e-3


@pytest.mark.parametrize("inputs, message", [
    ({"A_lens": -0.1}, "A_lens = -0.1 must be a finite number, 0 or more"),
    ({"A_phiphi": "much"}, "A_phiphi = much must be a finite number, 0 or more"),
    ({"A_lens": np.nan}, "A_lens = nan"),
    ({"A_lens": 1, "output": "tCl", "lensing": "no"}, "A_lens: there is no spectrum of the lensing"),
    ({"A_phiphi": 1, "output": "", "lensing": "no"}, "A_phiphi: there is no spectrum of the lensing"),
    ({"A_lens": 1, "A_L": 1}, "A_lens and A_L scale the lensing potential: give one of them"),
])
def test_amplitude_without_meaning_or_effect_is_refused(inputs, message):
    with pytest.raises(CosmoSevereError, match=message):
        compute(CHEAP | inputs)


def test_height_of_the_spectra_is_a_derived_parameter():
    cosmo = Class()
    cosmo.set(COSMOLOGY | CHEAP)
    derived = cosmo.get_current_derived_parameters(["A_s_exp_m2tau", "A_s"])
    assert derived["A_s_exp_m2tau"] == pytest.approx(2.1 * np.exp(-2 * 0.054), rel=1e-6)
