r"""The quantum kinetic equations on comoving momenta, (17), (18) of arXiv:2512.19782.

.. math:: H x\,\frac{\partial\varrho}{\partial x} = -i\,[\mathcal{H}_0 + V, \varrho] + C[\varrho], \qquad
          H x\,\frac{d(\rho_{\rm pl}a^4)}{dx} = H\,(\rho - 3P)_{\rm pl}\,a^4 - \dot E_\nu

with x = m_e a, y = p a, z = T_gamma a. The energy of the plasma is a variable: what neutrinos gain in the
sum over momenta it loses, to rounding, and z follows from it. The independent variable is ln x.
"""

from math import exp, inf

import numpy as np

from sidr.constants import M_E, RHO_GAMMA, RHO_NU, hubble
from sidr.thermal.plasma import plasma

from .density import DIAGONAL, commutators
from .integrator import NoState

#: Plasma and neutrinos are followed in one vector: 16 n components, then energy of the plasma and work
ENERGY, WORK = -2, -1


class Kinetics:
    """The equations.

    Parameters
    ----------
    y, weights : ndarray, shape (n,)
        Comoving momenta and weights of integrals over them.
    hamiltonian : sidr.neff.hamiltonian.Hamiltonian
    collisions
        Function of x, z and rho that returns `sidr.neff.collisions.Collisions`.
    """

    def __init__(self, y, weights, hamiltonian, collisions):
        self.y, self.hamiltonian, self.collisions = y, hamiltonian, collisions
        f = 1 / (np.exp(y) + 1)
        # nu and nu-bar; with the energy of one flavour exact, in spite of the largest momentum
        self.per_energy = RHO_NU * weights * y**3 / (weights * y**3 @ f)
        self.per_number = weights * y**2 / (weights * y**2 @ f)
        self.relevance = 1.0

    def start(self, x):
        """The three active flavours in equilibrium with the plasma, z = 1."""
        rho = np.zeros((self.y.size, 16))
        rho[:, :3] = (1 / (np.exp(self.y) + 1))[:, None]
        return np.append(rho, [plasma(M_E / x).rho * (x / M_E)**4, 0.0])

    def temperature(self, x, energy):
        """z of a plasma with this energy density times a^4; `NoState` if Newton's method finds none."""
        if not 0 < energy < inf:
            raise NoState(f"The plasma has no temperature at m_e a = {x:.6g}: rho a^4 = {energy:.6g}.")
        # from a function of the energy alone: a solution that is resumed after a kill is the same one
        z = (energy / RHO_GAMMA)**0.25
        for _ in range(50):
            here = plasma(z * M_E / x)
            step = (energy * (M_E / x)**4 - here.rho) / here.drho_dlnT
            z *= exp(min(step, 1.0))
            if abs(step) < 1e-13:
                return z
        raise NoState(f"The temperature of the plasma does not converge at m_e a = {x:.6g}, rho a^4 = "
                      f"{energy:.6g}: after 50 steps T a = {z:.6g}, and the last step is {step:.1g} of it.")

    def linearise(self, ln_x, state):
        """See `integrator.integrate`."""
        x = exp(ln_x)
        rho = state[:ENERGY].reshape(-1, 16)
        z = self.temperature(x, state[ENERGY])
        T = z * M_E / x
        neutrinos = self.per_energy @ rho
        H = hubble(state[ENERGY] * (M_E / x)**4 + neutrinos[DIAGONAL].sum() * (M_E / x)**4)
        collisions = self.collisions(x, z, rho)
        refilled = self.per_energy @ (collisions.refill * rho[:, 0])
        self.relevance = min(1.0, refilled / (H * RHO_NU))
        return Linear(self, rho, z, plasma(T), (x / M_E)**4, H, self.hamiltonian(x, T, neutrinos),
                      collisions)

    def norm(self, change):
        """Size of a change relative to one flavour: energy and number of all, energy of the plasma.

        Flavour by flavour too, as far as annihilation can turn it into energy: when oscillations are all
        that is left, their phases, which the momenta cannot resolve for ever, do not matter.
        """
        rho = change[:ENERGY].reshape(-1, 16)[:, DIAGONAL]
        energy, number = self.per_energy @ rho / RHO_NU, self.per_number @ rho
        flavours = self.relevance * max(np.abs(energy).max(), np.abs(number).max())
        return max(abs(energy.sum()), abs(number.sum()), abs(change[ENERGY]) / RHO_NU, flavours)


class Linear:
    """The equations close to one state."""

    def __init__(self, kinetics, rho, z, photons, a4, H, hamiltonians, collisions):
        self.superoperator = commutators(hamiltonians / H)
        drho = (self.superoperator @ rho[:, :, None])[:, :, 0] + collisions.rate / H
        gain = collisions.rate[:, :3] / H
        off = np.arange(4, 16)
        self.superoperator[:, off, off] -= np.tile(collisions.damping / H, 2)
        work = (photons.rho - 3 * photons.P) * a4
        self.weights = np.repeat(kinetics.per_energy, 3)
        self.rate = np.append(drho, [work - self.weights @ gain.ravel(), work])
        self.slope = collisions.slope / H
        self.slope_energy = collisions.slope_z.ravel() / H * z / (photons.drho_dlnT * a4)
        self.work_slope = 1 - 3 * (photons.rho + photons.P) / photons.drho_dlnT

    def solve(self, h, residual):
        """See `integrator.integrate`: momenta are coupled by what collisions change alone."""
        n = self.superoperator.shape[0]
        right = np.concatenate([residual[:ENERGY].reshape(n, 16, 1),
                                np.broadcast_to(np.eye(16, 3), (n, 16, 3))], axis=2)
        solution = np.linalg.solve(np.eye(16) - h * self.superoperator, right)
        free, of_gain = solution[:, :, 0], solution[:, :, 1:]
        # gain = slope (free + h G gain)_diagonal + slope_energy delta_E, delta_E from the gain
        G = of_gain[:, :3]
        through = (self.slope.reshape(-1, n, 3).swapaxes(0, 1) @ G).swapaxes(0, 1).reshape(3 * n, -1)
        stiff = 1 - h * self.work_slope
        matrix = np.eye(3 * n) - h * through + np.outer(self.slope_energy, self.weights) * (h / stiff)
        gain = np.linalg.solve(matrix, self.slope @ free[:, :3].ravel()
                               + self.slope_energy * residual[ENERGY] / stiff)
        drho = free + h * (of_gain @ gain.reshape(n, 3, 1))[:, :, 0]
        delta_E = (residual[ENERGY] - h * self.weights @ gain) / stiff
        return np.append(drho, [delta_E, residual[WORK] + h * self.work_slope * delta_E])
