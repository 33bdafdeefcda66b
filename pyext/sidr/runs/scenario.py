"""Which of the paper's cases a run is: flavours of chi, mode of log10 G_eff, data."""

import re
from typing import NamedTuple

import numpy as np

from sidr import modes
from sidr.modes import COUPLING

#: Parts of what the paper calls Planck, by how the names of Cobaya's likelihoods begin
PLANCK = ("planck_2018_lowl.TT", "planck_2018_lowl.EE", "planck_2018_highl", "planck_2018_lensing")

#: Names of other likelihoods, for titles and legends
NAMES = {"sidr.likelihoods.PlanckCompressed": "Planck",  # the same four, to 0.02 in chi2
         "sidr.likelihoods.DESI_DR1": "DESI DR1", "sidr.likelihoods.DESI_DR2": "DESI DR2",
         "sidr.likelihoods.CMBCompressed": "compressed Planck"}

#: The paper's (N_chi, N_nu) are rounded: n_chi = 0.98 and 1.95.
ROUNDED = 0.05


class Scenario(NamedTuple):
    """What a run samples."""
    n_chi: float | None  # flavours of chi, 0: LCDM; None if there is none of our theories
    mode: str | None     # MI, SI, full: both; None if log10 G_eff is not sampled
    data: str            # such as Planck + DESI DR1

    @property
    def name(self):
        """Title, without the data; a subscript follows `_`."""
        if self.n_chi == 0:
            return "ΛCDM + Σm_ν"
        flavours = "" if self.n_chi is None else f"n_χ = {self.n_chi:g}"
        modes = "MI + SI" if self.mode == "full" else self.mode
        return ", ".join(filter(None, [modes, flavours])) or "other"


def scenario(info):
    """Tell the case from the input of Cobaya.

    Parameters
    ----------
    info : dict
        Input, or the updated one.

    Returns
    -------
    Scenario
    """
    return Scenario(flavours(info.get("theory") or {}), mode(info.get("params") or {}),
                    data(info.get("likelihood") or {}))


def flavours(theory):
    """n_chi of the options of `sidr.theory`; None if it is not there."""
    for name, options in theory.items():
        options = options or {}
        if not name.startswith("sidr.theory."):
            continue
        if is_number(options.get("n_chi")):
            return options["n_chi"]
        if is_number(options.get("N_chi")) and is_number(options.get("N_nu")) and options["N_nu"]:
            n_chi = 3 * options["N_chi"] / options["N_nu"]  # N_nu/N_chi = 3/n_chi
            whole = np.round(n_chi)
            return float(whole if abs(n_chi - whole) <= ROUNDED else n_chi)
    return None


def is_number(value):
    """Whether a value of an input is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not np.isnan(value)


def mode(params):
    """MI, SI or full by the prior of log10 G_eff; None if it is not sampled."""
    coupling = params.get(COUPLING)
    prior = coupling.get("prior") if isinstance(coupling, dict) else None
    if isinstance(prior, dict):
        prior = [prior.get("min", -np.inf), prior.get("max", np.inf)]
    if not isinstance(prior, list) or len(prior) != 2 or not all(map(is_number, prior)):
        return None
    return modes.of_prior(*prior)


def data(likelihood):
    """Names of the data sets."""
    names = list(likelihood)
    planck = [name for name in names if name.startswith(PLANCK)]
    others = [name for name in names if name not in planck]
    whole = all(any(name.startswith(part) for name in planck) for part in PLANCK)
    found = [*(["Planck"] if whole else map(short_name, planck)), *map(short_name, others)]
    return " + ".join(sorted(found, key=lambda name: name != "Planck"))


def short_name(likelihood):
    """Name of a likelihood in titles and legends."""
    return NAMES.get(likelihood) or re.sub(r"^planck_2018_|[._]native$", "", likelihood).replace("_", " ")
