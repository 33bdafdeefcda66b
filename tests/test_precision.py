"""Named precision settings: accepted by CLASS, and as accurate as they say."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from conftest import CHI, SPECTRA, compute

from sidr import precision

CHEAP = {"output": "tCl", "l_max_scalars": 20, "k_step_sub": 0.3, "k_step_super": 0.02}
PARAMS = {"omega_b": 0.0224, "omega_cdm": 0.12, "H0": 67.5, "log10_G_eff": -2, "m_nu_sum": 0.1}


def theory(**options):
    """Cobaya's SIDR with these options."""
    run = {"theory": {"sidr.theory.SIDR": options}, "likelihood": {"one": None}, "params": PARAMS}
    model = get_model(run)
    return model.theory["sidr.theory.SIDR"]


@pytest.mark.parametrize("name", precision.settings)
def test_class_reads_all_settings(name):
    assert compute(CHI | {"G_eff_sidr": 0.01} | precision.settings[name] | CHEAP | {"delta_l_max": 10})


def test_planck_is_closer_to_the_reference_than_the_default():
    inputs = CHI | SPECTRA | {"N_ur": 0, "N_ncdm": 1, "m_ncdm": 0.02, "deg_ncdm": 2.26, "T_ncdm": 0.716369,
                              "G_eff_sidr": 10**-1.5, "output": "tCl pCl lCl"}
    exact, default, planck = (compute(inputs | settings).lensed_cl(1500) for settings in (
        precision.reference, precision.default, precision.planck))
    for x in ("tt", "ee", "pp"):
        ours, theirs = (rms(cl[x][100:] / exact[x][100:] - 1) for cl in (planck, default))
        assert ours < 2.5e-4 and ours < theirs / 2


def rms(x):
    return np.sqrt(np.mean(x**2))


def test_theory_takes_the_settings_and_extra_args_come_on_top():
    args = theory(precision="planck", extra_args={"l_linstep": 33}).extra_args
    assert args | precision.planck == args | {"l_linstep": precision.planck["l_linstep"]}
    assert args["l_linstep"] == 33
    assert not theory().extra_args.keys() & {"l_linstep", "tol_perturbations_integration"}


@pytest.mark.parametrize("wrong", ["plank", None, ["planck"]])
def test_theory_refuses_other_names(wrong):
    with pytest.raises(LoggedError, match="default, planck, reference"):
        theory(precision=wrong)
