"""The report: runs of Cobaya's samplers on a posterior that is known, and what the page says of them."""

import numpy as np
import pytest
from cobaya.run import run
from cobaya.theory import Theory

#: Standard deviations and means of a posterior of two modes, each Gaussian; Sigma m_nu is half of one.
MODES = {"MI": {"weight": 0.4, "n_s": (0.967, 0.004), "log10_G_eff": (-4, 0.3), "m_nu_sum": 0.052},
         "SI": {"weight": 0.6, "n_s": (0.957, 0.005), "log10_G_eff": (-1.7, 0.25), "m_nu_sum": 0.057}}

#: ln of what Planck's and DESI's likelihoods are at their best
BEST = -500

PARAMS = {"m_nu_sum": {"prior": [0, 1.5], "ref": 0.03, "proposal": 0.04, "latex": r"\sum m_\nu"},
          "n_s": {"prior": [0.9, 1], "ref": 0.962, "proposal": 0.005, "latex": "n_s"},
          "log10_G_eff": {"prior": [-5, 0], "ref": -3, "proposal": 0.3,
                          "latex": r"\log_{10}(G_\mathrm{eff}\,\mathrm{MeV}^2)"}}

PLANCK = ("planck_2018_lowl.TT", "planck_2018_lowl.EE", "planck_2018_highl_plik.TTTEEE_lite_native",
          "planck_2018_lensing.native")


class Nothing(Theory):
    """Takes the place of sidr.theory.SIDR."""
    n_chi: float = 1

    def get_requirements(self):
        return {"n_s": None}


def log_mode(name, m_nu_sum, n_s, log10_G_eff=None):
    mode = MODES[name]
    chi2 = (m_nu_sum / mode["m_nu_sum"])**2 + ((n_s - mode["n_s"][0]) / mode["n_s"][1])**2
    norm = mode["weight"] / (mode["m_nu_sum"] * mode["n_s"][1])
    if log10_G_eff is not None:
        center, width = mode["log10_G_eff"]
        chi2 += ((log10_G_eff - center) / width)**2
        norm /= width
    return np.log(norm) - chi2 / 2 + BEST


def both(m_nu_sum, n_s, log10_G_eff):
    return np.logaddexp(*(log_mode(name, m_nu_sum, n_s, log10_G_eff) for name in MODES))


def lcdm(m_nu_sum, n_s):
    return log_mode("MI", m_nu_sum, n_s)


def info(root, likelihood, sampler, n_chi=1, **ranges):
    """Input of a run in the clothes of one with Planck and DESI DR1."""
    params = {name: value | {"prior": ranges.get(name, value["prior"])} for name, value in PARAMS.items()
              if n_chi or name != "log10_G_eff"}
    if "log10_G_eff" in ranges:
        params["log10_G_eff"]["ref"] = -4 if ranges["log10_G_eff"][0] == -5 else -1.7
    nothing = dict.fromkeys([*PLANCK[1:], "sidr.likelihoods.DESI_DR1"], {"external": "lambda n_s: 0."})
    return {"theory": {"sidr.theory.SIDR": {"class": "test_report.Nothing", "n_chi": n_chi}},
            "likelihood": {PLANCK[0]: {"external": f"import_module('test_report').{likelihood}"}} | nothing,
            "params": params, "sampler": sampler, "output": str(root)}


def metropolis(seed):
    return {"mcmc": {"seed": seed, "Rminus1_stop": 0.03, "Rminus1_cl_stop": 0.3, "learn_every": "40d"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of both modes, of each, of LCDM with its minimum, and one that has not begun to sample."""
    folder = tmp_path_factory.mktemp("chains")
    make_runs(folder)
    return folder


def make_runs(folder):
    runs = {"mi": info(folder / "mi", "both", metropolis(1), log10_G_eff=[-5, -2.5]),
            "si": info(folder / "si", "both", metropolis(2), log10_G_eff=[-2.5, 0]),
            "lcdm": info(folder / "lcdm", "lcdm", metropolis(3), n_chi=0),
            "full": info(folder / "full", "both", {"sidr.samplers.Nautilus": {
                "n_live": 300, "n_networks": 1, "n_eff": 2000, "processes": 1, "seed": 4,
                "split_at": {"log10_G_eff": -2.5}}})}
    for name, model in runs.items():
        run(model)
        if name in ("si", "lcdm"):
            run(model, minimize=True)
