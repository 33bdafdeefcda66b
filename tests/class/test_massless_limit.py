"""Massless neutrinos are the limit of massive ones, and the momenta that see to it are enough."""

import numpy as np
import pytest
from cobaya.model import get_model
from conftest import CHI, SPECTRA, compute, difference

from sidr import precision
from sidr.classy import Class, CosmoSevereError
from sidr.neutrinos import class_inputs

SPECTRA = SPECTRA | {"output": "tCl pCl lCl"}
PLAIN = precision.planck | {"cl_calibration": "none"}
COUPLED = {"log10_G_eff_sidr": -2.5}
MASSIVE = CHI | COUPLED | {"N_ur": 1, "N_ncdm": 1, "m_ncdm": 0.1}
CHEAP = {"output": "tCl", "l_max_scalars": 300, "k_step_sub": 0.2, "k_step_super": 0.01}


@pytest.mark.parametrize(("neutrinos", "settings"), [
    ({"n_chi": 0}, PLAIN),
    ({"n_chi": 2}, PLAIN),
    ({"n_chi": 1, "phase_space": "fugacity"}, PLAIN),
    ({"n_chi": 1}, {}),
    ({"n_chi": 1}, precision.reference | {"l_max_scalars": 800, "delta_l_max": 200}),
], ids=["planck", "planck, chi", "planck, fugacity", "default, chi", "reference"])
def test_massless_neutrinos_are_the_limit_of_massive_ones(neutrinos, settings):
    """The massless ones are CLASS's ur, without momenta; CLASS by itself is off by 2e-3 in phi phi."""
    chi = COUPLED if neutrinos["n_chi"] else {}
    massless, massive = (compute(SPECTRA | chi | class_inputs(**neutrinos, m_nu_sum=m) | settings)
                         for m in (0, 1e-5))
    assert massless.pars["N_ur"] > 1.8 and massive.pars["N_ur"] == 0
    l_max = settings.get("l_max_scalars", 2500)
    assert max(difference(massless.lensed_cl(), massive.lensed_cl(), l_max).values()) < 1e-4


@pytest.mark.parametrize("n_chi", [0, 2])
def test_planck_does_not_see_a_mass_of_nearly_zero(n_chi):
    """With CLASS's momenta, and a calibration for these, the step was 0.5 and -2."""
    model = get_model({
        "likelihood": {"sidr.likelihoods.PlanckCompressed": None},
        "theory": {"sidr.theory.SIDR": {"n_chi": n_chi, "precision": "planck", "stop_at_error": True}},
        "params": {"omega_b": 0.0224, "omega_cdm": 0.1195, "H0": 68.0, "A_s": 2.1e-9, "n_s": 0.966,
                   "tau_reio": 0.055, "A_planck": 1, "m_nu_sum": {"prior": {"min": 0, "max": 1}}}
        | ({"log10_G_eff": -2.75} if n_chi else {})})
    massless, massive = (model.loglike({"m_nu_sum": m}, return_derived=False) for m in (0, 1e-5))
    assert abs(2 * (massive - massless)) < 0.05


@pytest.mark.parametrize(("m_nu_sum", "limit"), [(0.1, 5e-5), (0.6, 2e-4)])
def test_few_momenta_are_as_good_as_many_of_class(m_nu_sum, limit):
    """Of CLASS's own, 1e-5 takes thirteen; its default is off by 6e-4 in TT and by 2e-3 in phi phi."""
    inputs = SPECTRA | class_inputs(n_chi=0, m_nu_sum=m_nu_sum) | PLAIN
    few, more = (compute(inputs | {"ncdm_momenta_sidr": n}) for n in (4, 5))
    many = compute({name: x for name, x in inputs.items() if name != "ncdm_momenta_sidr"}
                   | {"tol_ncdm_synchronous": 1e-5})
    assert max(difference(many.lensed_cl(), few.lensed_cl()).values()) < limit
    assert max(difference(many.lensed_cl(), more.lensed_cl()).values()) < limit / 2


def test_momenta_are_ours_with_chi_and_those_of_class_where_these_are_asked_for():
    def tt(**inputs):
        return compute(MASSIVE | CHEAP | inputs).raw_cl()["tt"]

    default = tt()
    assert np.array_equal(default, tt(ncdm_momenta_sidr=5))
    assert np.array_equal(tt(ncdm_momenta_sidr=0), tt(tol_ncdm_synchronous=1e-3))
    assert not np.array_equal(default, tt(ncdm_momenta_sidr=0))
    assert not np.array_equal(default, tt(ncdm_quadrature_strategy=3, ncdm_N_momentum_bins=5))


@pytest.mark.parametrize(("inputs", "message"), [
    ({"ncdm_momenta_sidr": 4, "tol_ncdm_synchronous": 1e-4}, "sidr = 4 and tol_ncdm_synchronous both say"),
    ({"ncdm_momenta_sidr": 4, "ncdm_quadrature_strategy": 3}, "and ncdm_quadrature_strategy both say"),
    ({"ncdm_momenta_sidr": 9}, r"ncdm_momenta_sidr = 9 is outside \[-1, 8\]"),
    ({"ncdm_momenta_sidr": 2.5}, "ncdm_momenta_sidr = 2.5 is not one whole number"),
])
def test_momenta_that_contradict_each_other_are_refused(inputs, message):
    cosmo = Class()
    cosmo.set(MASSIVE | CHEAP | inputs)
    with pytest.raises(CosmoSevereError, match=message):
        cosmo.compute()


def test_distribution_that_does_not_fall_is_refused(tmp_path):
    """A file as CLASS reads it: momentum over temperature, and f0."""
    q = np.linspace(0.01, 30, 1000)
    np.savetxt(tmp_path / "f0.dat", np.transpose([q, q**4 * np.exp(-q)]))
    inputs = MASSIVE | CHEAP | {"use_ncdm_psd_files": 1, "ncdm_psd_filenames": str(tmp_path / "f0.dat")}
    assert compute(inputs, "background")
    cosmo = Class()
    cosmo.set(inputs | {"ncdm_momenta_sidr": 5})
    with pytest.raises(CosmoSevereError, match="ncdm_momenta_sidr = 5 is too much for a distribution"):
        cosmo.compute()
