"""Without chi our CLASS is the stock one, bit for bit; with chi it goes to what stock CLASS knows."""

import numpy as np
import pytest
from conftest import CHI, COSMOLOGY, PRECISE, SPECTRA, compute, difference
from numpy.testing import assert_allclose

from sidr.classy import Class

#: A tiny curvature makes stock CLASS sample multipoles like ours; in flat space its sampling follows
#: the sign of a rounding error (thermodynamics.patch), which is 1e-3 of the spectra.
SAME_SAMPLING = {"Omega_k": 1e-4}

K = np.logspace(-4, 0, 40)  # [1/Mpc]


def matter(cosmo):
    return np.array([cosmo.pk_lin(k, 0.) for k in K])


@pytest.mark.parametrize("inputs", [
    {"N_ur": 2.0308, "N_ncdm": 1, "m_ncdm": 0.06, "non_linear": "halofit"},
    {"gauge": "newtonian", "Omega_k": 0.01, "Omega_Lambda": 0., "modes": "s,t", "r": 0.1},
], ids=["massive neutrino, halofit", "newtonian, curved, tensors, dark energy fluid"])
def test_without_chi_everything_is_stock_class_bit_for_bit(stock, inputs):
    ours, theirs = (compute(SPECTRA | inputs, CosmoClass=C) for C in (Class, stock.Class))
    for spectra in ("lensed_cl", "raw_cl"):
        a, b = (getattr(cosmo, spectra)() for cosmo in (ours, theirs))
        assert a.keys() == b.keys() and all(np.array_equal(a[x], b[x]) for x in a)
    assert np.array_equal(matter(ours), matter(theirs))
    a, b = ours.get_background(), theirs.get_background()
    assert a.keys() == b.keys() and all(np.array_equal(a[x], b[x]) for x in a)


def test_without_coupling_chi_is_ur(stock):
    free = compute(SPECTRA | PRECISE | SAME_SAMPLING | CHI | {"G_eff_sidr": 0})
    ur = compute(SPECTRA | PRECISE | SAME_SAMPLING | {"N_ur": 3.044}, CosmoClass=stock.Class)
    assert max(difference(ur.lensed_cl(), free.lensed_cl()).values()) < 1e-4
    # chi leaves the hierarchy for the fluid a little later than ur does, by choice of the triggers
    assert_allclose(matter(free), matter(ur), rtol=2e-4)


@pytest.mark.parametrize("log10_G_eff, rtol", [(1, 2e-3), (4, 1e-4)])
def test_with_strong_coupling_chi_is_a_perfect_fluid(stock, log10_G_eff, rtol):
    # At log10_G_eff = 1 chi decouples at z = 250, which the fluid of stock CLASS never does: 1e-3.
    coupled = compute(SPECTRA | SAME_SAMPLING | CHI | {"log10_G_eff_sidr": log10_G_eff})
    fluid = compute(SPECTRA | SAME_SAMPLING | {"N_ur": 2.294, "N_idr": 0.75, "idr_nature": "fluid"},
                    CosmoClass=stock.Class)
    assert max(difference(fluid.lensed_cl(), coupled.lensed_cl()).values()) < rtol


@pytest.mark.parametrize("log10_G_eff", [-4.5, -2.5])
def test_weak_coupling_is_that_of_stock_class_idr(stock, log10_G_eff):
    """ETHOS has the same collision term for dark radiation with a trace of interacting matter."""
    chi = compute(SPECTRA | SAME_SAMPLING | CHI | {"log10_G_eff_sidr": log10_G_eff})
    background = chi.get_background()
    omega_idr = (background["(.)rho_sidr"] / background["(.)rho_crit"])[-1] * chi.h()**2
    rate_today = 2.0703e-14 * 10**(2 * log10_G_eff)  # [1/Mpc], K of arXiv:2506.08085 (S48)
    trace = 1e-4 * COSMOLOGY["omega_cdm"]
    idr = compute(SPECTRA | SAME_SAMPLING | {
        "omega_cdm": COSMOLOGY["omega_cdm"] - trace, "omega_idm": trace, "a_idm_dr": 1e-2,
        "n_index_idm_dr": 4, "alpha_idm_dr": 1, "beta_idr": 1, "N_ur": 2.294, "N_idr": 0.75,
        "b_idr": 0.424 * rate_today * 1e28 / omega_idr}, CosmoClass=stock.Class)
    differences = difference(idr.lensed_cl(), chi.lensed_cl())
    # phi phi also feels the trace of interacting matter
    assert max(differences[x] for x in ("tt", "te", "ee")) < 2e-4 and differences["pp"] < 5e-4
