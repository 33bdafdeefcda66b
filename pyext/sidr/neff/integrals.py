r"""Collision integrals: the model `full`.

The momenta are (i + 1/2) h. Where neutrinos collide with one another the energies of all four lie on them, so
that each collision takes from two momenta and gives to two, and number and energy are conserved to rounding;
the gain by e-, e+ is what the plasma loses. Detailed balance holds for each collision. The diagonals have
the complete integrals with Pauli blocking; the coherences are damped by the rates of the same integrals.
"""

import numpy as np

from sidr.thermal.units import G_F, M_E
from sidr.thermal.weak import COUPLINGS

from . import _kernels, electrons
from .collisions import Collisions, coherence_damping


#: For e, mu, tau
_COUPLINGS = COUPLINGS[[0, 1, 1]]


class Integrals:
    """The collision term.

    Parameters
    ----------
    y, weights : ndarray, shape (n,)
        Comoving momenta (i + 1/2) h, and h.
    """

    def __init__(self, y, weights):
        self.y = y
        self.measure = electrons.PREFACTOR * weights[0] / y[:, None]**2     # of one more integral
        self.h = weights[0]
        self.kernels = _kernels.neutrino_kernels(y.size, weights[0])

    def __call__(self, x, z, f):
        """The `Collisions` of f, shape (n, 3), where the plasma has the temperature z/a and a = x/m_e."""
        scale = G_F**2 * (M_E / x)**5
        n = self.y.size
        gain, loss, exchange, slope = _kernels.among_neutrinos(f, self.kernels, True)
        factor = scale * self.h * self.measure
        gain, loss, exchange = gain * factor, loss * factor, 3 * exchange * factor
        slope *= factor[:, :, None, None]

        kernels = self.on_electrons(x, z) * scale
        left = 1 - f
        plasma = 1 / (np.exp(self.y / z) + 1)
        warming = self.y / z**2 * plasma * (1 - plasma)                 # of f_0 by z
        slope_z = np.empty_like(f)
        pairs = np.empty_like(f)
        for a in range(3):
            entering, leaving, created, destroyed = np.tensordot(kernels, _COUPLINGS[a], axes=(1, 0))
            pairs[:, a] = created @ left[:, a] + destroyed @ f[:, a]
            more, less = entering @ f[:, a] + created @ left[:, a], leaving @ left[:, a] + destroyed @ f[:, a]
            gain[:, a] += more
            loss[:, a] += less
            by_f = left[:, [a]] * (entering - created) + f[:, [a]] * (leaving - destroyed)
            by_f[range(n), range(n)] -= more + less
            slope[:, a, :, a] += by_f
            # In equilibrium a change of f_0 is that of f with the opposite sign
            slope_z[:, a] = -by_f @ warming
        mean = f.mean(axis=1)
        scattering = kernels[0, 0] @ mean + kernels[1, 0] @ (1 - mean)
        damping = coherence_damping(gain + loss, 2 * pairs, scattering, exchange.mean(axis=1))
        return Collisions(left * gain - f * loss, slope.reshape(3 * n, 3 * n), slope_z, damping,
                          refill=2 * pairs[:, 0])

    def on_electrons(self, x, z):
        """Kernels with e-, e+ for what enters, leaves, is created and destroyed, shape (4, 2, n, n)."""
        y = self.y
        # Both directions are of the same integral: f_2 (1 - f_4) = exp((E_4 - E_2)/z) f_4 (1 - f_2)
        down = electrons.scattering(y, y, x, z, half=True)
        up = down * np.tril(np.exp(-np.abs(y[:, None] - y) / z), -1)
        leaving = down + np.swapaxes(up, 1, 2)
        destroyed = electrons.annihilation(y, y, x, z, half=True)
        destroyed = destroyed + np.swapaxes(np.tril(destroyed, -1), 1, 2)
        created = destroyed * np.exp(-(y[:, None] + y) / z)
        return np.stack([np.swapaxes(leaving, 1, 2), leaving, created, destroyed]) * self.measure
