"""The two modes of log10 G_eff of arXiv:2506.08085: moderately (MI) and strongly interacting (SI)."""

from typing import NamedTuple

import numpy as np

#: The parameter that has the modes: log10(G_eff MeV^2)
COUPLING = "log10_G_eff"

#: Between them; a coupling of exactly this is in SI
SPLIT = -2.5


class Mode(NamedTuple):
    """One mode."""
    name: str
    low: float       # prior of log10_G_eff, Table S2
    high: float
    colors: tuple    # in pictures, for n_chi = 1 and for other n_chi

    def holds(self, coupling):
        """On which couplings the mode is, as far as `SPLIT` tells: bool, or an array of them."""
        return (np.asarray(coupling) >= SPLIT) == (self.low >= SPLIT)

    def contains(self, coupling):
        """Which couplings are in its prior, ends included: bool, or an array of them."""
        return (self.low <= np.asarray(coupling)) & (np.asarray(coupling) <= self.high)


MI = Mode("MI", -5.0, SPLIT, ("#1c64a8", "#6cb2e6"))
SI = Mode("SI", SPLIT, 0.0, ("#c0322b", "#f0914a"))

MODES = {mode.name: mode for mode in (MI, SI)}

#: Colours of posteriors of both modes, of none, and of LCDM
FULL_COLORS, OTHER_COLORS, LCDM_COLOR = ("#4a3d8f", "#9b8bd6"), ("#3f7d58", "#8dbf9b"), "#6b6b6b"


def of_prior(low, high):
    """Name of the mode in which a prior of log10_G_eff is, or `full` for both."""
    return "MI" if high <= SPLIT else "SI" if low >= SPLIT else "full"


def color(name, n_chi):
    """Colour of a mode.

    Parameters
    ----------
    name : str or None
        MI, SI, full; None for a run without modes.
    n_chi : float or None
        Flavours of chi, 0 for LCDM; None if not known.

    Returns
    -------
    str
    """
    if n_chi == 0:
        return LCDM_COLOR
    colors = MODES[name].colors if name in MODES else FULL_COLORS if name == "full" else OTHER_COLORS
    return colors[n_chi not in (None, 1)]
