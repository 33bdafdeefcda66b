"""Which bounds from laboratories and nucleosynthesis a point of the model keeps.

Section S-II of arXiv:2506.08085. The neutrino's couplings are compared in the flavour basis, with all
terms of |sum_i U_ai^2 lambda_i| added, so that Majorana phases cannot hide one.
"""

from math import inf
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from sidr.constants import GEV, RHO_NU, hubble
from sidr.neutrinos import N_TOT, masses

from . import seesaw
from .equations import relaxation_rate
from .evolution import evolve
from .plasma import plasma


class Constraint(NamedTuple):
    """One bound. `margin` is how many times the value could grow (a floor: shrink) to meet the limit."""
    name: str
    quantity: str
    value: float
    limit: float
    unit: str
    source: str
    floor: bool = False     # the limit is a lower one

    @property
    def margin(self):
        above, below = (self.value, self.limit) if self.floor else (self.limit, self.value)
        return above / below if below > 0 else inf

    @property
    def holds(self):
        return self.margin >= 1


#: Sums of the masses that oscillations need [eV], arXiv:2506.08085 after NuFIT
FLOORS = {"degenerate": 0.059, "normal": 0.059, "inverted": 0.10}

#: Largest extra effective number that nucleosynthesis allows, Fig. 2 of arXiv:2506.08085; there of the
#: expansion, here of helium, which sees the lack of nu_e too. Deuterium is not covered.
DELTA_N_BBN = 0.4

#: Lowest reheating temperature [MeV]
T_BBN = 4.0

#: Limits that do not bind a seesaw at MeV, for comparison. Same-sign dimuons at CMS reach M_N = 650 GeV
#: ... 25 TeV and stay ten orders of magnitude above |V|^2 = m_nu/M_N. Below M_N of 100 MeV, the momentum
#: in a nucleus, light and sterile neutrinos cancel in neutrinoless double beta decay.
REFERENCE_LINES = {"CMS, M_N [MeV]": (6.5e5, 2.5e7), "KamLAND-Zen, m_betabeta [eV]": (0.036, 0.156)}


def constraints(m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi, ordering="degenerate", *,
                M_N=10.0, T_reheating=T_BBN, history=None):
    """Bounds on a point of the model.

    Parameters
    ----------
    m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi, ordering
        See `sidr.thermal.evolve`.
    M_N : float
        Mass of the sterile neutrinos [MeV].
    T_reheating : float
        Reheating temperature [MeV]; the default is the lowest that nucleosynthesis allows.
    history : History, optional
        Of this point, if it has been computed.

    Returns
    -------
    list of Constraint

    Raises
    ------
    ValueError, RuntimeError
        From `evolve`; ValueError for a history that does not cover nucleosynthesis.
    """
    history = history or evolve(m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi, ordering, times=2)
    m = np.array(masses(m_nu_sum, ordering))
    U2 = seesaw.pmns_squared(seesaw.MIXINGS[ordering])
    coupling = U2 @ seesaw.neutrino_coupling(m, M_N_over_lambda)        # of each flavour
    theta2 = seesaw.mixing_angle(m, M_N)**2
    return [
        Constraint("phi beta beta", "lambda_ee", coupling[0], 1e-5, "", "S-II, its Ref. [43]"),
        Constraint("meson decays, e", "lambda_e", coupling[0], 1.9e-6**0.5, "", "arXiv:1511.01811"),
        Constraint("meson decays, mu", "lambda_mu", coupling[1], 1.9e-7**0.5, "", "arXiv:1511.01811"),
        Constraint("SN 1987A", "lambda_aa", coupling.max(), 1e-2, "", "S-II, its Refs. [85, 109, 145]"),
        Constraint("sterile mixing", "|U_e4|^2", U2[0] @ theta2, mixing_limit(M_N), "", "arXiv:1311.5347"),
        Constraint("reheating, BBN", "T_rh", T_reheating, T_BBN, "MeV", "S-II, its Ref. [97]", True),
        Constraint("reheating, sterile", "T_rh", T_reheating, reheating_limit(theta2.max()), "MeV",
                   "S-II, Gamma/H < 1"),
        Constraint("BBN", "Delta N_bbn", max(history.N_bbn - N_TOT, 0), DELTA_N_BBN, "", "Fig. 2; helium"),
        Constraint("KATRIN", "m_beta", np.sqrt(U2[0] @ m**2), 0.45, "eV", "its Ref. [17]"),
        Constraint("oscillations", "Sigma m_nu", m_nu_sum, FLOORS[ordering], "eV", "its Ref. [74]", True),
    ]


def mixing_limit(M_N):
    """|U_e4|^2 of Borexino (arXiv:1311.5347): 10^-3 at 1.5 MeV, 4 10^-6 at 14 MeV, a power law between."""
    if not 1.5 <= M_N <= 14:
        return inf      # no limit is claimed
    slope = np.log(4e-6 / 1e-3) / np.log(14 / 1.5)
    return 1e-3 * (M_N / 1.5)**slope


def reheating_limit(theta2):
    """Temperature [MeV] above which sterile neutrinos, mixing squared theta2, are made: Gamma/H = 1.

    e nu -> e nu_h is e nu -> e nu times theta^2. Capped at the temperature of the W, where the Fermi
    theory ends.
    """
    def excess(lnT):
        T = np.exp(lnT)
        rho = plasma(T).rho + 3 * RHO_NU * T**4
        return np.log(theta2 * relaxation_rate(T) / hubble(rho))

    lower, upper = np.log(2.0), np.log(80 * GEV)
    if theta2 == 0 or excess(upper) < 0:
        return float(np.exp(upper))
    return float(np.exp(brentq(excess, lower, upper)))


def table(rows):
    """Constraints as text, one per line."""
    lines = [("", "", "value", "limit", "margin", "", "source")]
    lines += [(c.name, c.quantity, f"{c.value:.3g}", f"{'>' if c.floor else '<'} {c.limit:.3g} {c.unit}",
               f"{c.margin:.3g}", "holds" if c.holds else "EXCLUDED", c.source) for c in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
                     for line in lines)
