r"""Couplings of the neutrinos to phi, from the seesaw and the mixing of flavours.

With Casas-Ibarra matrix 1 and one mass M_N of all sterile neutrinos, (3) and (5) of arXiv:2506.08085:

.. math:: \theta_i = \sqrt{m_i/M_N}, \qquad \lambda_{\phi\nu,i} = \lambda_{\phi N}\,\frac{m_i}{M_N}
"""

import numpy as np

from sidr import oscillations
from sidr.constants import EV
from sidr.neutrinos import masses

#: Degenerate masses mix as in the normal ordering
MIXINGS = {**oscillations.MIXINGS, "degenerate": oscillations.MIXINGS["normal"]}


def mixing_angle(m_nu, M_N):
    """Mixing angle of a light neutrino, mass m_nu [eV], with a sterile one, mass M_N [MeV]."""
    return np.sqrt(np.asarray(m_nu) * EV / M_N)                 # (3): the angle, not its square


def neutrino_coupling(m_nu, M_N_over_lambda):
    """lambda_phi_nu of a neutrino, mass m_nu [eV]; M_N/lambda_phi_N in MeV."""
    return np.asarray(m_nu) * EV / M_N_over_lambda              # (5)


def pmns_squared(mixing):
    """|U|^2, shape (3, 3): rows e, mu, tau; columns the mass states 1, 2, 3."""
    return np.abs(oscillations.pmns(mixing))**2


def mass_states(ordering, mixing=None):
    """Shares of nu_e, nu_mu, nu_tau (columns) in the mass states (rows), shape (3, 3): |U|^2.

    Equal masses cannot be told apart: each is a third of every flavour.
    """
    if ordering == "degenerate":
        return np.full((3, 3), 1 / 3)
    return pmns_squared(mixing or MIXINGS[ordering]).T


def pair_couplings(M_N_over_lambda, m_nu_sum, ordering, counting="complete", mixing=None):
    r"""Squared couplings of pairs of flavours to phi.

    .. math:: w_{\alpha\beta} = \sum_i \lambda_{\phi\nu,i}^2 |U_{\alpha i}|^2 |U_{\beta i}|^2

    Parameters
    ----------
    M_N_over_lambda : float
        M_N/lambda_phi_N [MeV].
    m_nu_sum : float
        Sum of the neutrino masses [eV].
    ordering : {"degenerate", "normal", "inverted"}
    counting : {"complete", "printed"}
        All pairs of flavours, or those that S25-S27 print: without e tau for nu_e, mu tau for nu_mu.
    mixing : sidr.oscillations.Mixing, optional
        That of the ordering if not given.

    Returns
    -------
    ndarray, shape (2, 2)
        Row: who loses energy, nu_e or nu_mu and nu_tau together; column: its partner.
    """
    lambda2 = neutrino_coupling(masses(m_nu_sum, ordering), M_N_over_lambda)**2
    U2 = pmns_squared(mixing or MIXINGS[ordering])
    w = (U2 * lambda2) @ U2.T
    if counting == "printed":
        return np.array([[w[0, 0], w[0, 1]], [2 * w[0, 1], 2 * w[1, 1]]])
    e, mu_tau = w[0], w[1] + w[2]
    return np.array([[e[0], e[1] + e[2]], [mu_tau[0], mu_tau[1] + mu_tau[2]]])
