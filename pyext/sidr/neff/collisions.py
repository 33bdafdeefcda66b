"""What the two models of collisions have in common."""

from typing import NamedTuple

import numpy as np

from sidr.checks import choice

from . import electrons
from .density import PAIRS


class Collisions(NamedTuple):
    """Collision term [MeV] at one time, linearised in the diagonals f of the active flavours."""
    rate: np.ndarray        # of rho, shape (n, 16)
    slope: np.ndarray       # derivatives of that of f by f, shape (3n, 3n), momenta first
    slope_z: np.ndarray     # and by z, shape (n, 3)
    damping: np.ndarray     # of the coherences, in the order of PAIRS, shape (n, 6)
    refill: np.ndarray      # rate of nu_e with e-, e+ alone, shape (n,): what the plasma can still change


class Terms(NamedTuple):
    """What the equations contain: all of it by default, less to see what matters.

    Raises
    ------
    ValueError
        From `checked`, for an unknown name.
    """
    #: Factors of the two parts of the matter potential (19)
    lepton_potential: float = 1.0
    neutrino_potential: float = 1.0
    #: Processes that change the diagonals: annihilation with and scattering on e-, e+; neutrinos among
    #: themselves; or "total" alone, in the model damping: all collisions bring back those of equilibrium
    diagonals: tuple = ("annihilation", "scattering", "neutrinos")
    #: Processes that damp coherences
    coherences: tuple = ("annihilation", "scattering", "neutrinos")
    #: Coherences of two active flavours: "complete" integrals (in the model damping, the decay of a
    #: difference), or decay at "half" the rate of all collisions, only by the difference of their
    #: "amplitudes", or not at all: "none"
    active: str = "complete"

    def checked(self):
        """Itself, sorted, if all names are known."""
        allowed = {"coherences": PROCESSES, "diagonals": (*PROCESSES, "total")}
        for field, names in allowed.items():
            if unknown := set(getattr(self, field)) - set(names):
                raise ValueError(f"{field}: {unknown.pop()!r} must be among {', '.join(names)}.")
        choice("active", self.active, ACTIVE)
        return self._replace(**{field: tuple(sorted(getattr(self, field))) for field in allowed})


PROCESSES = ("annihilation", "scattering", "neutrinos")
ACTIVE = ("complete", "half", "amplitudes", "none")


def coherence_damping(total, left_handed, active, difference=None):
    r"""Damping of the coherences: of active and sterile flavours half the rate of all collisions.

    Parameters
    ----------
    total : ndarray, shape (n, 3)
        Rate of all collisions, gain and loss.
    left_handed : ndarray, shape (n,)
        Rate of scattering on e-, e+ for g_L = 1, g_R = 0: times (g_L^a - g_L^b)^2/2, the difference of the
        amplitudes, it damps coherences of two active flavours.
    active : str
        As in `Terms`.
    difference : ndarray, shape (n, 3), optional
        Rate at which a difference of the diagonals decays, of which a coherence of two active flavours is
        the same in another basis if they have the same interactions.

    Returns
    -------
    ndarray, shape (n, 6)
    """
    def of_two(a, b):
        if active == "none":
            return np.zeros_like(left_handed)
        if active == "half":
            return (total[:, a] + total[:, b]) / 2
        amplitudes = (electrons.G_L[a] - electrons.G_L[b])**2 / 2 * left_handed
        if active == "amplitudes":
            return amplitudes
        return (difference[:, a] + difference[:, b]) / 2 + amplitudes

    return np.stack([total[:, a] / 2 if b == 3 else of_two(a, b) for a, b in PAIRS], axis=-1)
