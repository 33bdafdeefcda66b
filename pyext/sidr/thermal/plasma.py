r"""Photons, electrons and positrons in equilibrium, with their electromagnetic interaction.

The pressure P(T) is that of ideal gases plus corrections of finite-temperature QED of the orders
e^2 and e^3 (Bennett et al. 2019, arXiv:1911.04504, without the logarithmic term of order e^2, which
moves N_eff by less than 5e-5). Everything else follows from P:

.. math:: \rho = T \frac{dP}{dT} - P, \qquad \frac{d\rho}{dT} = T\frac{d^2P}{dT^2}
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from sidr.constants import ALPHA_EM, M_E, RHO_GAMMA
from sidr.numerics import Table
from sidr.statistics import DY, Y


class Plasma(NamedTuple):
    """Densities of the plasma at one temperature."""
    rho: float          # [MeV^4]
    P: float            # [MeV^4]
    drho_dlnT: float    # [MeV^4]


#: ln(T/MeV) of the table: below, no electrons are left (1e-16); above, they are massless (1e-8)
_LN_T = (np.log(M_E / 45), np.log(M_E / 2e-4))


def plasma(T, qed=True):
    """Densities of the plasma: photons, electrons and positrons alone, whatever the temperature.

    Parameters
    ----------
    T : float
        Temperature of the photons [MeV].
    qed : bool
        Whether with the electromagnetic interaction.

    Returns
    -------
    Plasma
    """
    lnT = np.log(T)
    if lnT <= _LN_T[0]:
        rho = RHO_GAMMA * T**4
        return Plasma(rho, rho / 3, 4 * rho)
    p, dp, d2p = _pressure(qed)(min(lnT, _LN_T[1]))                    # of P/T^4, with respect to ln T
    return Plasma(float(3 * p + dp) * T**4, float(p) * T**4, float(12 * p + 7 * dp + d2p) * T**4)


@cache
def _pressure(qed):
    """P/T^4 and its derivatives as functions of ln(T/MeV)."""
    return Table("ln(T/MeV)", lambda lnT: [reduced_pressure(M_E / np.exp(x), qed) for x in lnT],
                 *_LN_T, 70).derivatives(2)


def reduced_pressure(x, qed=True):
    """P/T^4 of the plasma, x = m_e/T."""
    e2 = 4 * np.pi * ALPHA_EM
    energy = np.sqrt(Y**2 + x**2)
    f = DY * 2 / (np.exp(energy) + 1)                          # e- and e+, one helicity each
    P = RHO_GAMMA / 3 + np.sum(f * Y**4 / energy) / (3 * np.pi**2)
    if qed:
        I_mass = np.sum(f * Y**2 / energy)
        P -= e2 / (12 * np.pi**2) * I_mass + e2 / (8 * np.pi**4) * I_mass**2          # order e^2
        I_debye = np.sum(f * (Y**2 + energy**2) / energy)
        P += e2**1.5 / (12 * np.pi**4) * I_debye**1.5                       # order e^3
    return P
