"""Effective neutrino masses below zero and what may take them away, for Cobaya's grid tools.

    cobaya-grid-create GRID chains/negative_mass_grid.py
    sidr grid run GRID --settings chains/negative_mass_grid.py       # this, the runs, best fits and tables

{LCDM, one or two flavours of chi in each mode} x {Lambda, w0wa} x {A_lens 1, free} x {where the optical
depth is from}, with Planck 2018 and DESI DR2; made of the blocks in `chains/parts`. Names:
sidr_MODEL_LEVERS_TAU.
"""

import itertools
from functools import partial
from pathlib import Path

from sidr.runs.grid import MODES, blocks

parts = partial(blocks, Path(__file__).parent / "parts")

#: Blocks of the likelihood, and of the prior, for the optical depth
TAU = {"simall": (["lowE_simall"], []), "sroll2": (["lowE_sroll2"], []), "notau": ([], []),
       "tau006": ([], ["tau_006_prior"]), "tau009": ([], ["tau_009_prior"])}
DARK_ENERGY = {"": ([], []), "w0wa": (["w0wa_params"], ["w0wa_prior"])}
LENSING = {"": [], "Alens": ["A_lens_params"]}


def metropolis(theory, mode, dark_energy, lensing, tau):
    """One model: the theory's blocks, those of its mode, and those of the levers."""
    params, prior = DARK_ENERGY[dark_energy]
    likelihood, tau_prior = TAU[tau]
    model = "_".join([theory, *mode])
    info = {"tags": [theory, *mode, *filter(None, (dark_energy, lensing)), tau],
            "theory": {"sidr.theory.SIDR": parts("class", theory)},
            "likelihood": parts("planck_no_EE", *likelihood, "desi_dr2"),
            "params": parts("lcdm_params", *(f"{name}_params" for name in mode), "negative_mass_params",
                            "derived_params", *params, *LENSING[lensing]),
            "sampler": {"mcmc": parts("mcmc", f"covmats/{model}_planck_desi_dr2")}}
    if prior or tau_prior:
        info["prior"] = parts(*prior, *tau_prior)
    return info


# What Cobaya reads

base = "sidr"
models = {"_".join(filter(None, (theory, *mode, dark_energy, lensing, tau))):
          metropolis(theory, mode, dark_energy, lensing, tau)
          for theory in MODES for mode in MODES[theory]
          for dark_energy, lensing, tau in itertools.product(DARK_ENERGY, LENSING, TAU)}
datasets = {"desi_dr2": {}}
groups = {"negative_mass": {"datasets": [*datasets], "models": [*models]}}
minimize_defaults = parts("minimize")
