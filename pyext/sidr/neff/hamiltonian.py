r"""Oscillations in the plasma: vacuum term (15) and matter potential (19), (20) of arXiv:2512.19782.

.. math:: H = \frac{M^2}{2p} - \frac{8\sqrt2\,G_F\,p}{3}
              \left(\frac{\mathcal{E}_\ell}{m_W^2} + \frac{\mathcal{E}_\nu}{m_Z^2}\right)

with p = y/a, a = x/m_e. Neutrinos and antineutrinos are alike: there is no term in their difference.
"""

from math import sqrt

import numpy as np

from sidr.constants import EV, G_F, M_E
from sidr.statistics import gas

from .density import PAIRS, components

M_W = 80377.0       #: mass of the W [MeV], PDG 2022
M_Z = 91187.6       #: mass of the Z [MeV], PDG 2022
M_MU = 105.658      #: mass of the muon [MeV]

#: 1 for the components of S_a rho S_a, (20)
_ACTIVE_ONLY = np.array([1, 1, 1, 0] + [float(b < 3) for _, b in PAIRS] * 2)


class Hamiltonian:
    """Hamiltonians of all momenta.

    Parameters
    ----------
    system : sidr.oscillations.Neutrinos
        Four of them.
    y : ndarray, shape (n,)
        Comoving momenta.
    leptons, neutrinos : float
        Factors of the parts of the matter potential.
    """

    def __init__(self, system, y, leptons=1.0, neutrinos=1.0):
        self.vacuum = components(system.hamiltonian * EV**2) / y[:, None]
        self.y = y[:, None]
        self.leptons, self.neutrinos = leptons, neutrinos

    def __call__(self, x, T, neutrino_energy):
        """H [MeV] as vectors, shape (n, 16).

        Parameters
        ----------
        x : float
            m_e a.
        T : float
            Temperature of the plasma [MeV].
        neutrino_energy : ndarray, shape (16,)
            (1/pi^2) int dy y^3 rho: energy density times a^4 of nu and nu-bar.
        """
        a = x / M_E
        # Over m_W^2 and m_Z^2 [MeV^2]
        energy = self.neutrinos * neutrino_energy * _ACTIVE_ONLY / (a**4 * M_Z**2)
        energy[0] += self.leptons * 4 * gas(T, 1, M_E).rho / M_W**2
        energy[1] += self.leptons * 4 * gas(T, 1, M_MU).rho / M_W**2
        return self.vacuum * a - 8 * sqrt(2) * G_F / 3 * self.y / a * energy     # (19)
