r"""Collisions as a relaxation: the model `damping`.

The diagonals relax towards distributions that conserve what each process conserves:

* annihilation with e-, e+: that of equilibrium with the plasma;
* scattering on e-, e+: the temperature of the plasma, with the number of the neutrinos;
* neutrinos among themselves: the same for all flavours, with their number and energy.

The targets are f_0 + (xi + eta y) f_0 (1 - f_0), xi and eta from conservation, so that the collision term
is linear in the diagonals. Each rate is proportional to the momentum, as for massless particles, and such
that neutrinos slightly colder than the plasma, or one flavour colder than the others, gain the energy that
the integrals of `sidr.thermal.weak` give. Coherences are damped as `collisions.coherence_damping` says.
"""

from functools import cache
from math import log, pi

import numpy as np
from scipy.special import gamma, zeta

from sidr.constants import G_F, M_E
from sidr.numerics import Table
from sidr.thermal import weak

from . import electrons
from .collisions import PROCESSES, Collisions, coherence_damping

#: Of the linear response below: int du u^k f (1 - f) = k int du u^(k-1) f, for k = 3, 4, 5
_MOMENTS = {k: k * gamma(k) * (1 - 2.0**(1 - k)) * zeta(k) for k in (3, 4, 5)}


@cache
def _energy_gain():
    """ln of what one flavour gains by annihilation and by scattering for T_nu = T (1 - epsilon), over
    epsilon, without exp(-2X) and exp(-X), as functions of ln X: shape (2, 2)."""
    r = 0.99

    def logarithms(ln_X):
        values = [weak.integrals(X, r)[[0, 4]] * _SIGNS for X in np.exp(ln_X)]
        return np.log(np.moveaxis(values, 0, -1)) + np.exp(ln_X) * np.array([2, 1])[:, None, None]

    return Table("ln(m_e/T)", logarithms, log(_X_MIN), log(_X_MAX), 30)


_X_MIN, _X_MAX = 0.002, 25.0                # m_e/T; above, no electron is left
_SIGNS = np.array([[1, 1], [1, -1]])        # scattering: the second structure takes away


def relaxation_rates(T):
    """Rates at which the diagonals relax, over u = p/T.

    Parameters
    ----------
    T : float
        Temperature of the plasma [MeV].

    Returns
    -------
    annihilation, scattering : ndarray, shape (3,)
        By flavour [MeV].

    Raises
    ------
    OutsideTable
        Above T of 255 MeV.
    """
    X = M_E / T
    if X > _X_MAX:
        return np.zeros(3), np.zeros(3)
    values = np.exp(_energy_gain()(log(X)) - X * np.array([[2], [1]])) * _SIGNS
    annihilation, scattering = pi**2 * G_F**2 * T**5 * values @ weak.COUPLINGS[[0, 1, 1]].T
    # Energy of one flavour, (1/pi^2) int du u^3 f, with a rate proportional to u and a deviation
    # u f (1 - f), less xi f (1 - f) where the number is conserved
    return (annihilation / _MOMENTS[5],
            scattering / (_MOMENTS[5] - _MOMENTS[4]**2 / _MOMENTS[3]))


@cache
def among_neutrinos():
    """Rate at which flavours relax to one another, over u, for neutrinos of 1 MeV [MeV]."""
    r = 0.99
    one_pair = weak.weak_among_neutrinos(r, 1.0).rho / (1 - r)
    # One flavour colder than two others has 2/3 of the deviation from the mean of all
    return 2 * one_pair * pi**2 / (_MOMENTS[5] * 2 / 3)


class Damping:
    """The collision term.

    Parameters
    ----------
    y, weights : ndarray, shape (n,)
        Comoving momenta and weights of integrals over them.
    terms : sidr.neff.collisions.Terms
    """

    def __init__(self, y, weights, terms):
        self.y, self.weights, self.terms = y, weights, terms
        # Neutrinos keep the comoving temperature 1 but for a percent
        self.common = 1 / (np.exp(y) + 1)
        change = self.common * (1 - self.common)
        self.to_common = self.projection(change, change * y)
        # As on massless electrons, with couplings 1/4: scattering on two other flavours, and on the own,
        # where amplitudes add: 2 (p_1.p_2)^2 + 4 (p_1.p_4)^2, the second a third of the first, is 5/2 of
        # one other
        scatter, annihilate = electrons.equilibrium_rates(0.02, y)[:, 0]
        self.among_all = (scatter * (2 + 5 / 2) + 2 * annihilate) / 4

    def __call__(self, x, z, rho):
        """The `Collisions` of rho, shape (n, 16), with a plasma of temperature z/a, a = x/m_e."""
        u = self.y / z
        annihilation, scattering = (np.outer(u, rates) for rates in relaxation_rates(z * M_E / x))
        neutrinos = among_neutrinos() * (M_E / x)**5 * self.y
        total, damping = self.damping(x, z, annihilation, neutrinos)
        if "total" in self.terms.diagonals:
            annihilation, scattering, neutrinos = total, 0 * total, 0 * neutrinos
        else:
            annihilation, scattering, neutrinos = (
                rate * (name in self.terms.diagonals)
                for name, rate in zip(PROCESSES, (annihilation, scattering, neutrinos), strict=True))

        plasma = 1 / (np.exp(u) + 1)
        change = plasma * (1 - plasma)
        towards = self.projection(change) - np.eye(u.size)
        slope = np.zeros((u.size, 3, u.size, 3))
        for a in range(3):
            slope[:, a, :, a] = (scattering[:, [a]] * towards
                                 - np.diag(annihilation[:, a] + neutrinos))
            for b in range(3):
                slope[:, a, :, b] += neutrinos[:, None] * self.to_common / 3
        slope = slope.reshape(3 * u.size, -1)

        f = rho[:, :3]
        from_plasma, from_common = f - plasma[:, None], f - self.common[:, None]
        common = (self.to_common @ from_common).mean(axis=1, keepdims=True)
        rate = np.zeros_like(rho)
        rate[:, :3] = (scattering * (towards @ from_plasma) - annihilation * from_plasma
                       + neutrinos[:, None] * (common - from_common))
        rate[:, 4:] = -rho[:, 4:] * np.tile(damping, 2)
        warming = (u * change / z)[:, None]                         # of f_0
        slope_z = annihilation * warming - scattering * (towards @ warming)
        return Collisions(rate, slope, slope_z, damping, refill=annihilation[:, 0])

    def damping(self, x, z, annihilation, neutrinos):
        """Rates of all collisions, shape (n, 3), and damping of the coherences, shape (n, 6)."""
        T = z * M_E / x
        scatter, annihilate = electrons.equilibrium_rates(M_E / T, self.y / z) * G_F**2 * T**5
        on = [name in self.terms.coherences for name in PROCESSES]
        total = ((on[0] * annihilate + on[1] * scatter).T @ weak.COUPLINGS[[0, 1, 1]].T
                 + on[2] * self.among_all[:, None] * G_F**2 * (M_E / x)**5)
        difference = on[0] * annihilation + on[2] * neutrinos[:, None]
        return total, coherence_damping(total, on[1] * scatter[0], self.terms.active, difference)

    def projection(self, *changes):
        """Matrix, shape (n, n), of the deviation in the form of `changes` that has the same moments.

        One change: the same number; two: also the same energy; of what collides, at rates as y.
        """
        changes = np.array(changes)
        moments = self.weights * self.y**(3 + np.arange(len(changes)))[:, None]
        return changes.T @ np.linalg.solve(moments @ changes.T, moments)
