"""The runs behind Tables 1, S3, S4 and Figures 3, S8 of arXiv:2506.08085, for Cobaya's grid tools.

    cobaya-grid-create GRID chains/grid.py       # GRID: a folder to be made
    chains/grid.sh GRID                          # this, the runs, best fits and tables: docs/runs.md

Each job is made of the blocks in `chains/parts`, as the run files are. Names: sidr_MODEL_DATA. With
SIDR_EMULATED in the environment (`chains/grid.sh GRID --emulated`) spectra are emulated, Planck compressed.
"""

import os
from pathlib import Path

from cobaya.yaml import yaml_load

PARTS = Path(__file__).parent / "parts"
EMULATED = "SIDR_EMULATED" in os.environ
THEORY = "sidr.theory.SIDREmulator" if EMULATED else "sidr.theory.SIDR"
PLANCK = "planck_compressed" if EMULATED else "planck"


def parts(*names):
    """The blocks of these names in one, as `!defaults` joins them in a run file."""
    if not PARTS.is_dir():   # in the copy of this file that a grid keeps, where names are all that is asked
        return {}
    return yaml_load(f"!defaults [{', '.join(names)}]", str(PARTS / "grid.yaml"))


def metropolis(theory, mode, data):
    """One mode of log10 G_eff, by Metropolis; all of LCDM, which has no mode."""
    model = "_".join([theory, *mode])
    return {"tags": [theory, *mode],
            "theory": {THEORY: parts("class", theory)},
            "params": parts("lcdm_params", *(f"{name}_params" for name in mode)),
            "sampler": {"mcmc": parts("mcmc", f"covmats/{model}_{data}")}}


def nested(theory, data):
    """The whole prior of Table S1, by nested sampling, with the evidence."""
    sampler = parts("nautilus", *(["nautilus_planck"] if data == "planck" else []),
                    *(["fast"] if EMULATED else []))
    if theory == "lcdm":
        sampler.pop("split_at", None)
    return {"tags": [theory, "full"],
            "theory": {THEORY: parts("class", theory)},
            "params": parts("lcdm_params"),
            "sampler": {"sidr.samplers.Nautilus": sampler}}


DATA = {"planck": [PLANCK],
        "planck_desi_dr1": [PLANCK, "desi_dr1"],
        "planck_desi_dr2": [PLANCK, "desi_dr2"]}
THEORIES = ("lcdm", "nchi1", "nchi2")
MODES = {"lcdm": [[]], "nchi1": [["mi"], ["si"]], "nchi2": [["mi"], ["si"]]}

# What Cobaya reads. A job's sampler belongs to its model and its data: a model for each pair of them

base = "sidr"
datasets = {data: {"likelihood": parts(*names)} for data, names in DATA.items()}
models = {}
groups = {}
for group in ("metropolis", "nested"):
    jobs = {}
    for data in DATA:
        for theory in THEORIES:
            if group == "nested":
                jobs[f"{theory}_full_{data}"] = data, nested(theory, data)
            else:
                for mode in MODES[theory]:
                    jobs["_".join([theory, *mode, data])] = data, metropolis(theory, mode, data)
    models |= {name: model for name, (_, model) in jobs.items()}
    groups[group] = {"datasets": [*DATA], "models": [*jobs],
                     "skip": {name: set(DATA) - {data} for name, (data, _) in jobs.items()}}
minimize_defaults = parts("minimize")
