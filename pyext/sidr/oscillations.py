r"""Mixing and mass splittings of the neutrinos, and the Hamiltonian of their oscillations in vacuum.

.. math:: H_0 = \frac{1}{2E}\,U\,\mathrm{diag}(m_1^2, m_2^2, \ldots)\,U^\dagger

in the basis of flavours (e, mu, tau, and s if there is a sterile one). Three systems: the neutrinos of the
standard model, a pseudo-Dirac pair among them, and a sterile neutrino of its own mass and mixing (3+1).
Everything that needs the PMNS matrix or the splittings takes them from here.
"""

from typing import NamedTuple

import numpy as np

from sidr.checks import choice, mass_state, number
from sidr.constants import OSCILLATION_PHASE


class Mixing(NamedTuple):
    """Angles and phase of the PMNS matrix [degrees]."""
    theta12: float
    theta23: float
    theta13: float
    delta: float


class Splittings(NamedTuple):
    """Differences of squared masses [eV^2]; dm2_31 is negative in the inverted ordering."""
    dm2_21: float
    dm2_31: float

    @property
    def m2(self):
        """Squared masses above that of state 1 [eV^2], shape (3,)."""
        return np.array([0.0, *self])


#: Best fits of NuFIT 6.0 (arXiv:2410.05380), with IC19 and without the tables of SK
MIXINGS = {"normal": Mixing(33.68, 48.5, 8.52, 177), "inverted": Mixing(33.68, 48.6, 8.58, 285)}
SPLITTINGS = {"normal": Splittings(7.49e-5, 2.534e-3), "inverted": Splittings(7.49e-5, -2.435e-3)}

#: As arXiv:2506.08085 rounds them: 7.5e-5 eV^2 and, between the outermost states, 2.5e-3 eV^2
ROUNDED_SPLITTINGS = {"normal": Splittings(7.5e-5, 2.5e-3), "inverted": Splittings(7.5e-5, -2.425e-3)}


class Neutrinos(NamedTuple):
    """Neutrinos that mix."""
    U: np.ndarray       # complex, shape (n, n): rows e, mu, tau (, s); columns the mass states
    m2: np.ndarray      # their squared masses above m_1^2, or above another common one [eV^2], shape (n,)

    @property
    def hamiltonian(self):
        """E H_0 = U diag(m^2) U^dagger / 2 [eV^2], Hermitian, shape (n, n)."""
        return (self.U * self.m2) @ self.U.conj().T / 2

    def probability(self, L_over_E):
        r"""Probabilities of oscillation in vacuum.

        .. math:: P(\nu_\alpha \to \nu_\beta) = \left|\sum_i U_{\beta i}\,e^{-i m_i^2 L/2E}\,
                  U_{\alpha i}^*\right|^2

        Parameters
        ----------
        L_over_E : float
            Distance over energy [km/GeV].

        Returns
        -------
        ndarray, shape (n, n)
            Row: flavour at the source; column: at the detector.
        """
        phases = np.exp(-2j * OSCILLATION_PHASE * L_over_E * self.m2)
        return np.abs((self.U * phases) @ self.U.conj().T).T**2


def standard(ordering="normal", delta=None):
    """The three neutrinos of the standard model.

    Parameters
    ----------
    ordering : {"normal", "inverted"}
    delta : float, optional
        CP phase [degrees], 0 for a real PMNS matrix; that of the fit if not given.

    Returns
    -------
    Neutrinos
        n = 3.

    Raises
    ------
    ValueError
        For an unknown ordering.
    """
    mixing = fitted(MIXINGS, ordering)
    if delta is not None:
        mixing = mixing._replace(delta=delta)
    return Neutrinos(pmns(mixing), SPLITTINGS[ordering].m2)


def pseudo_dirac(dm2, j=3, ordering="normal", delta=None):
    r"""Three neutrinos, of which the j-th is a pseudo-Dirac pair with a sterile one.

    .. math:: U = U_4\,R_{j4}(45^\circ), \qquad m_j^2 \mp \tfrac{1}{2}\,\delta m_j^2

    is Eq. (48) of arXiv:2512.19782, diagonalised; the pair mixes maximally.

    Parameters
    ----------
    dm2 : float
        Splitting of the pair [eV^2]; its sign only exchanges the two.
    j : {1, 2, 3}
        The mass state that is a pair.
    ordering, delta
        As in `standard`.

    Returns
    -------
    Neutrinos
        n = 4.

    Raises
    ------
    ValueError
        For a splitting that is not finite, another j, or an unknown ordering.
    """
    mass_state("j", j)
    active = standard(ordering, delta)
    dm2 = number("dm2", dm2, "eV^2")
    # m_j^2 belongs to both: column j has the minus sign, column 4 the plus sign, (1)
    m2 = np.append(active.m2, active.m2[j - 1])
    m2[[j - 1, 3]] += -dm2 / 2, dm2 / 2
    # 4 to j and not j to 4: the off-diagonal element of (48) is -dm2/2
    return Neutrinos(with_sterile(active.U) @ rotation(4, 3, j - 1, 45), m2)


def three_plus_one(dm2_41, theta14=0.0, theta24=0.0, theta34=0.0, ordering="normal", delta=None):
    """Three neutrinos and a sterile one, U = R_34 R_24 R_14 R_23 R_13 R_12.

    Parameters
    ----------
    dm2_41 : float
        m_4^2 - m_1^2 [eV^2].
    theta14, theta24, theta34 : float
        Mixing angles [degrees], without further phases.
    ordering, delta
        As in `standard`.

    Returns
    -------
    Neutrinos
        n = 4.

    Raises
    ------
    ValueError
        For a number that is not finite, or an unknown ordering.
    """
    active = standard(ordering, delta)
    angles = {"theta14": theta14, "theta24": theta24, "theta34": theta34}
    R_14, R_24, R_34 = (rotation(4, i, 3, number(name, angle, "degrees"))
                        for i, (name, angle) in enumerate(angles.items()))
    return Neutrinos(R_34 @ R_24 @ R_14 @ with_sterile(active.U),
                     np.append(active.m2, number("dm2_41", dm2_41, "eV^2")))


def pmns(mixing):
    """PMNS matrix R_23 R_13(delta) R_12, complex, shape (3, 3): rows e, mu, tau; columns 1, 2, 3."""
    return (rotation(3, 1, 2, mixing.theta23) @ rotation(3, 0, 2, mixing.theta13, mixing.delta)
            @ rotation(3, 0, 1, mixing.theta12))


def rotation(n, i, j, angle, phase=0.0):
    """Unitary rotation of states i and j of n: element ij is sin(angle) exp(-i phase) [degrees]."""
    angle, phase = np.radians(angle), np.exp(1j * np.radians(phase))
    matrix = np.eye(n, dtype=complex)
    matrix[[i, j], [i, j]] = np.cos(angle)
    matrix[i, j], matrix[j, i] = np.sin(angle) / phase, -np.sin(angle) * phase
    return matrix


def with_sterile(U):
    """U_4: the PMNS matrix, and a fourth state that does not mix, (51)."""
    U_4 = np.eye(4, dtype=complex)
    U_4[:3, :3] = U
    return U_4


def fitted(table, ordering):
    """The entry of MIXINGS or of splittings for an ordering."""
    return table[choice("ordering", ordering, table)]
