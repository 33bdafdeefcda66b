"""Spectra of fast settings, divided by what these settings do to them.

What precision settings do to C_l is small and nearly the same in all cosmologies: measured once, by
computing a few with accurate settings too, it can be taken out again. `sidr.precision.planck` names
such a calibration in the input `cl_calibration`; docs/accuracy.md has what it leaves.

A calibration belongs to its settings. It is a table in the folder `calibrations`, which starts with
them, made by `python benchmarks/precision.py calibrate`.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from sidr.classy._classy import CosmoSevereError
from sidr.classy._text import shown

FOLDER = Path(__file__).parent / "calibrations"
NONE = "none"

#: Spectra that are calibrated: those of `lensed_cl` and of `raw_cl`. TE is between the zeros of TT and EE.
LENSED = ("tt", "te", "ee", "bb", "pp")
RAW = ("tt", "te", "ee", "pp")


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

    def check(self, inputs):
        """Raise CosmoSevereError unless `inputs`, a dictionary, have the settings."""
        for name, value in self.settings.items():
            if not same(inputs.get(name), value):
                raise CosmoSevereError(
                    f"{name} = {shown(inputs.get(name))}, but cl_calibration = {self.name} holds for "
                    f"{name} = {value:g}: leave it so, or give cl_calibration = {NONE}.")

    def save(self):
        """Write the table, from which `load` makes this calibration."""
        columns = [self.lensed[x] for x in LENSED] + [self.raw[x] for x in RAW]
        titles = [f"lensed {x}" for x in LENSED] + [f"unlensed {x}" for x in RAW]
        np.savetxt(FOLDER / f"{self.name}.txt", np.transpose(columns), fmt="%.6f",
                   header="\n".join([json.dumps(self.settings), "from l = 0; " + ", ".join(titles)]))


def same(text, value):
    """Whether a text, or None, is this number."""
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
    """Calibrate `cl`, a dictionary from `lensed_cl` or `raw_cl`, in place and as far as the table goes."""
    if "te" in cl:
        size = min(len(cl["te"]), len(factors["te"]))
        cl["te"][:size] += factors["te"][:size] * np.sqrt(cl["tt"] * cl["ee"])[:size]
    for x in (factors.keys() & cl.keys()) - {"te"}:
        size = min(len(cl[x]), len(factors[x]))
        cl[x][:size] *= factors[x][:size]


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
