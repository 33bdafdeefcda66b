r"""Collision integrals: the model `full`.

The momenta are (i + 1/2) h. Where neutrinos collide with one another the energies of all four lie on them:
each collision takes from two momenta and gives to two, and number and energy are conserved to rounding.
What neutrinos gain from e-, e+ the plasma loses. Detailed balance holds for each collision.

Density matrices enter as matrices in flavour space, Pauli blocking included, with the real parts of the
coherences of active flavours; those of active and sterile flavours decay by half the rates of gain and loss
(again matrices). The imaginary parts, which oscillations keep small, only decay.
"""

from typing import NamedTuple

import numpy as np

from sidr.constants import G_F, M_E
from sidr.thermal.weak import COUPLINGS

from . import _kernels, electrons
from .collisions import Collisions, coherence_damping
from .density import REAL, components, matrices

#: For e, mu, tau
_COUPLINGS = COUPLINGS[[0, 1, 1]]


class Integrals:
    """The collision term.

    Parameters
    ----------
    y, weights : ndarray, shape (n,)
        Comoving momenta (i + 1/2) h, and h.
    terms : sidr.neff.collisions.Terms
    """

    def __init__(self, y, weights, terms):
        self.y, self.terms = y, terms
        self.measure = electrons.PREFACTOR * weights[0] / y[:, None]**2     # of one more integral
        self.h = weights[0]
        self.kernels = _kernels.neutrino_kernels(y.size, weights[0])

    def __call__(self, x, z, rho):
        """The `Collisions` of rho, shape (n, 16), with a plasma of temperature z/a, a = x/m_e."""
        scale = G_F**2 * (M_E / x)**5
        f = np.ascontiguousarray(rho[:, :3])
        kernels = self.on_electrons(x, z) * scale
        parts = {"neutrinos": self.among_neutrinos(f, scale),
                 "scattering": _with_electrons(f, *kernels[:2], f, 1 - f, 1),
                 "annihilation": _with_electrons(f, *kernels[2:], 1 - f, f, -1)}
        gain, loss, slope = _sum(parts, self.terms.diagonals)
        plasma = 1 / (np.exp(self.y / z) + 1)
        warming = self.y / z**2 * plasma * (1 - plasma)                     # of f_0 by z
        # In equilibrium a change of f_0 is that of f with the opposite sign, and neutrinos do not see it
        on_electrons = [name for name in self.terms.diagonals if name != "neutrinos"]
        slope_z = -_sum(parts, on_electrons)[2].sum(axis=3) @ warming
        damping = self.damping(f, kernels, parts)

        rate = np.zeros_like(rho)
        rate[:, 4:] = -rho[:, 4:] * np.tile(damping, 2)
        if self.terms.active == "complete":
            matrices = self.matrices(rho, kernels, scale)
            rate[:, :4] = _commute(rho, *_sum(matrices, self.terms.diagonals))[:, :4]
            rate[:, REAL] = _commute(rho, *_sum(matrices, self.terms.coherences))[:, REAL]
        else:
            rate[:, :3] = (1 - f) * gain - f * loss
        refill = 2 * (parts["annihilation"].gain + parts["annihilation"].loss)[:, 0]
        return Collisions(rate, slope.reshape(f.size, f.size), slope_z, damping, refill)

    def damping(self, f, kernels, parts):
        """Damping of the coherences without what comes back to them, shape (n, 6)."""
        gain, loss, _ = _sum(parts, self.terms.coherences)
        mean = f.mean(axis=1)
        left_handed = kernels[0, 0] @ mean + kernels[1, 0] @ (1 - mean)
        if "scattering" not in self.terms.coherences:
            left_handed = 0 * left_handed
        active = "half" if self.terms.active == "complete" else self.terms.active
        return coherence_damping(gain + loss, left_handed, active)

    def matrices(self, rho, kernels, scale):
        """Gain and loss of each process as matrices of the active flavours, shape (n, 3, 3)."""
        real = np.ascontiguousarray(matrices(rho)[:, :3, :3].real)
        left = np.eye(3) - real
        factor = (scale * self.h * self.measure)[..., None]
        products = np.array([np.outer(electrons.G_L, electrons.G_L) + electrons.G_R**2,
                             np.add.outer(electrons.G_L, electrons.G_L) / 2 * electrons.G_R])

        def with_electrons(kernel, density):
            return np.einsum("sij,sab,jab->iab", kernel, products, density, optimize=True) / 2

        entering, leaving, created, destroyed = kernels
        return {"neutrinos": [factor * part for part in
                              _kernels.among_coherent_neutrinos(real, self.kernels)],
                "scattering": [with_electrons(entering, real), with_electrons(leaving, left)],
                "annihilation": [with_electrons(created, left), with_electrons(destroyed, real)]}

    def among_neutrinos(self, f, scale):
        """The `Part` of collisions among neutrinos, of the diagonals alone."""
        gain, loss, slope = _kernels.among_neutrinos(f, self.kernels)
        factor = scale * self.h * self.measure
        return Part(gain * factor, loss * factor, slope * factor[:, :, None, None])

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


class Part(NamedTuple):
    """One process: C = (1 - f) gain - f loss."""
    gain: np.ndarray        # shape (n, 3)
    loss: np.ndarray
    slope: np.ndarray       # dC/df, shape (n, 3, n, 3)


def _with_electrons(f, to_gain, to_loss, sources, sinks, sign):
    """The `Part` of a process with e-, e+.

    Parameters
    ----------
    f : ndarray, shape (n, 3)
    to_gain, to_loss : ndarray, shape (2, n, n)
        Kernels for the two structures.
    sources, sinks : ndarray, shape (n, 3)
        What the gain and the loss are proportional to, f or 1 - f.
    sign : {1, -1}
        Of the derivative of the sources by f.
    """
    n = f.shape[0]
    gain, loss, slope = np.empty_like(f), np.empty_like(f), np.zeros((n, 3, n, 3))
    for a in range(3):
        into, out = np.tensordot(_COUPLINGS[a], [to_gain, to_loss], axes=(0, 1))
        gain[:, a], loss[:, a] = into @ sources[:, a], out @ sinks[:, a]
        slope[:, a, :, a] = sign * ((1 - f[:, [a]]) * into + f[:, [a]] * out)
        slope[range(n), a, range(n), a] -= gain[:, a] + loss[:, a]
    return Part(gain, loss, slope)


def _sum(parts, names):
    """Sums, one by one, of what the processes of these names have."""
    first = next(iter(parts.values()))
    return [sum((parts[name][i] for name in names), np.zeros_like(first[i])) for i in range(len(first))]


def _commute(rho, X, Y):
    """Components of X (1 - rho) + h.c. - Y rho - h.c.; no gain or loss of the sterile flavour."""
    density = matrices(rho).real
    gain, loss = np.zeros_like(density), np.zeros_like(density)
    gain[:, :3, :3], loss[:, :3, :3] = X, Y
    half = gain @ (np.eye(4) - density) - loss @ density
    return components(half + np.swapaxes(half, 1, 2))
