"""Spectra of fast settings, divided by what these settings do to them.

What precision settings do to C_l is small and nearly the same in all cosmologies: measured once, by
computing a few with accurate settings too, it can be taken out again. `sidr.precision.planck` names
such a calibration in the input `cl_calibration`; docs/accuracy.md has what it leaves.

A calibration belongs to its settings: every other input that changes the spectra of the same cosmology
is refused, and so are multipoles beyond the table. It is a table in the folder `calibrations`, which
starts with the settings, made by `python benchmarks/precision.py calibrate`.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from sidr.classy._classy import CosmoSevereError
from sidr.classy._text import INPUTS, shown
from sidr.precision import FLUID

FOLDER = Path(__file__).parent / "calibrations"
NONE = "none"

#: Spectra that are calibrated: those of `lensed_cl` and of `raw_cl`. TE is between the zeros of TT and EE.
LENSED = ("tt", "te", "ee", "bb", "pp")
RAW = ("tt", "te", "ee", "pp")

#: Inputs that change the spectra of the same cosmology: CLASS's precision parameters, the old names of
#: these that it still reads, and what it does not count as precision.
NUMERICAL = frozenset(name for name, (kind, where) in INPUTS.items()
                      if where == "precision" and kind != "text") | {
    "k_scalar_min_tau0", "k_scalar_max_tau0_over_l_max", "k_scalar_step_sub", "k_scalar_step_super",
    "k_scalar_step_transition", "k_scalar_k_per_decade_for_pk", "k_scalar_k_per_decade_for_bao",
    "k_scalar_bao_center", "k_scalar_bao_width", "k_step_trans_scalars", "k_step_trans_tensors",
    "k_step_trans", "q_linstep_trans", "q_logstep_trans",
    "ncdm_quadrature_strategy", "ncdm_maximum_q", "ncdm_N_momentum_bins",
    "Quadrature strategy", "Maximum_q", "Number of momentum bins",
    "gauge", "want_lcmb_full_limber"}


class Calibration:
    """What precision settings do to the spectra.

    Attributes
    ----------
    name : str
    settings : dict
        Inputs of CLASS and their values.
    lensed, raw : dict of ndarray, shape (l_max + 1,)
        By which the spectra have to be multiplied, for each multipole from 0 on; for TE, what has to be
        added, in units of sqrt(TT EE).
    """

    def __init__(self, name, settings, lensed, raw):
        self.name, self.settings, self.lensed, self.raw = name, settings, lensed, raw

    @property
    def l_max(self):
        """Highest multipole of the table."""
        return len(self.lensed["tt"]) - 1

    def check(self, inputs):
        """Raise CosmoSevereError unless `inputs`, a dictionary, have these settings and no others."""
        given = {name.strip(): value for name, value in inputs.items()}
        for name, value in self.settings.items():
            if not same(given.get(name), value):
                raise CosmoSevereError(
                    f"{name} = {shown(given.get(name))}, but cl_calibration = {self.name} holds for "
                    f"{name} = {value}: leave it so, or give cl_calibration = {NONE}.")
        others = given.keys() & NUMERICAL - self.settings.keys()
        if {"w0_fld", "wa_fld"} & given.keys():     # how dark energy is integrated does not belong to them
            others -= {name for name, value in FLUID.items() if same(given.get(name), value)}
        for name in sorted(others):
            raise CosmoSevereError(
                f"{name} = {shown(given[name])}, but cl_calibration = {self.name} holds without {name}: "
                f"leave it out, or give cl_calibration = {NONE}.")
        self.check_l_max("l_max_scalars", given.get("l_max_scalars", 0))

    def check_l_max(self, name, l_max):
        """Raise CosmoSevereError if the multipole `l_max`, a number or a text, is above the table's."""
        try:
            above = float(l_max) > self.l_max
        except (TypeError, ValueError):     # for CLASS to say
            return
        if above:
            raise CosmoSevereError(
                f"{name} = {shown(l_max)}, but cl_calibration = {self.name} ends at l = {self.l_max}: "
                f"take no more, or give cl_calibration = {NONE}.")

    def save(self):
        """Write the table, from which `load` makes this calibration."""
        columns = [self.lensed[x] for x in LENSED] + [self.raw[x] for x in RAW]
        titles = [f"lensed {x}" for x in LENSED] + [f"unlensed {x}" for x in RAW]
        np.savetxt(FOLDER / f"{self.name}.txt", np.transpose(columns), fmt="%.6f",
                   header="\n".join([json.dumps(self.settings), "from l = 0; " + ", ".join(titles)]))


def same(text, value):
    """Whether a text, or None, is this number, or this word."""
    if isinstance(value, str):
        return str(text).strip().lower() == value
    try:
        return float(text) == value
    except (TypeError, ValueError):
        return False


def measure(name, settings, fast, exact):
    """The calibration of settings, as the mean over some cosmologies.

    Parameters
    ----------
    name : str
    settings : dict
    fast, exact : list of tuple of dict
        `lensed_cl` and `raw_cl`, from these settings and from accurate ones, of the same cosmologies.

    Returns
    -------
    Calibration
    """
    def mean(which, names):
        pairs = [(a[which], b[which]) for a, b in zip(fast, exact, strict=True)]
        return {x: np.mean([factor(*pair, x) for pair in pairs], axis=0) for x in names}
    return Calibration(name, settings, mean(0, LENSED), mean(1, RAW))


def factor(fast, exact, x):
    """What takes the spectrum `x` from fast to exact, as the tables have it."""
    result = np.full(len(fast["ell"]), 0. if x == "te" else 1.)
    result[2:] = ((exact[x] - fast[x])[2:] / np.sqrt(fast["tt"] * fast["ee"])[2:] if x == "te"
                  else exact[x][2:] / fast[x][2:])
    return result


def apply(factors, cl):
    """Calibrate `cl`, a dictionary from `lensed_cl` or `raw_cl` that the table reaches, in place."""
    size = len(cl["ell"])
    if "te" in cl:
        cl["te"] += factors["te"][:size] * np.sqrt(cl["tt"] * cl["ee"])
    for x in (factors.keys() & cl.keys()) - {"te"}:
        cl[x] *= factors[x][:size]


@cache
def load(name):
    """The calibration of this name; None for "none".

    Raises
    ------
    CosmoSevereError
        If there is no such calibration.
    """
    if name == NONE:
        return None
    names = sorted(path.stem for path in FOLDER.glob("*.txt"))
    if name not in names:
        raise CosmoSevereError(f"cl_calibration = {shown(name)}: give {', '.join([*names, NONE])}.")
    path = FOLDER / f"{name}.txt"
    with path.open() as file:
        settings = json.loads(file.readline().removeprefix("#"))
    columns = np.loadtxt(path).T
    return Calibration(name, settings, dict(zip(LENSED, columns[:len(LENSED)], strict=True)),
                       dict(zip(RAW, columns[len(LENSED):], strict=True)))
