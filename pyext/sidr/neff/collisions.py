"""What the two models of collisions have in common."""

from typing import NamedTuple

import numpy as np

from . import electrons
from .density import PAIRS


class Collisions(NamedTuple):
    """Collision term [MeV] at one time, linearised in the diagonals f of the active flavours."""
    rate: np.ndarray        # of f, shape (n, 3)
    slope: np.ndarray       # its derivatives by f, shape (3n, 3n), momenta first
    slope_z: np.ndarray     # and by z, shape (n, 3)
    damping: np.ndarray     # of the coherences, in the order of PAIRS, shape (n, 6)
    refill: np.ndarray      # rate of nu_e with e-, e+ alone, shape (n,): what the plasma can still change


def coherence_damping(total, difference, scattering, neutrinos):
    r"""Damping of the coherences.

    Between an active flavour and the sterile one: half the rate of all collisions. Between two active
    flavours: as their difference decays, which for the same interactions is a coherence in another basis.
    What distinguishes them adds: the difference of the amplitudes of scattering, (g_L^a - g_L^b)^2/2.

    Parameters
    ----------
    total : ndarray, shape (n, 3)
        Rate of all collisions, gain and loss.
    difference : ndarray, shape (n, 3)
        Rate at which a difference of the diagonals decays, by annihilation with e-, e+.
    scattering : ndarray, shape (n,)
        Rate of scattering on e-, e+ for g_L = 1, g_R = 0.
    neutrinos : ndarray, shape (n,)
        Rate at which a difference decays by collisions among neutrinos.

    Returns
    -------
    ndarray, shape (n, 6)
    """
    columns = []
    for a, b in PAIRS:
        if b == 3:
            columns.append(total[:, a] / 2)
        else:
            amplitudes = (electrons.G_L[a] - electrons.G_L[b])**2 / 2
            columns.append((difference[:, a] + difference[:, b]) / 2 + amplitudes * scattering + neutrinos)
    return np.stack(columns, axis=-1)
