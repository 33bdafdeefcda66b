r"""The thermal history of plasma, neutrinos and chi, (S19-S27) of arXiv:2506.08085.

The independent variable is ln T_gamma. In terms of the transfers Q per time,

.. math:: \frac{d(\rho_i a^4)}{d\ln a} = \frac{Q_i a^4}{H}, \qquad
          \frac{d\ln T_\gamma}{d\ln a} = -\frac{3(\rho + P)_{\rm plasma} - Q_\gamma/H}{d\rho/d\ln T}

nu_mu and nu_tau have one temperature. The energies rho_i a^4 (and numbers n_i a^3) are the variables
where they can be, so that what one species loses another gains, to rounding.
"""

from math import exp
from typing import NamedTuple

import numpy as np

from sidr.constants import RHO_NU, hubble

from . import dark, seesaw
from .baths import BATHS, COLDEST
from .plasma import plasma
from .weak import weak_among_neutrinos, weak_from_plasma


class Channel(NamedTuple):
    """A way from neutrinos to chi."""
    exchange: object        # function of the temperatures, see `sidr.thermal.dark`
    name: str               # "s" or "t"
    back: int               # power of z_chi of the inverse: particles that it takes
    created: int            # particles that it creates, per neutrino


class Equations(NamedTuple):
    """The equations of one point, for a solver."""
    bath: object        # see `sidr.thermal.baths`
    couplings: list     # of pairs of flavours, see `seesaw.pair_couplings`
    channels: list      # of `Channel`; none without a conversion
    qed: bool           # electromagnetic corrections of the plasma

    @classmethod
    def of(cls, point, options):
        """Those of an `evolution.Point` with `evolution.Options`."""
        couplings = seesaw.pair_couplings(point.M_N_over_lambda, point.m_nu_sum, options.ordering,
                                          options.counting, options.mixing).tolist()
        bath = BATHS[options.potentials](point.m_phi, point.lambda_phi_chi, point.n_chi, options.T_start)
        return cls(bath, couplings, channels(point, options), options.qed)

    def slopes(self, lnT, y):
        """Derivatives of ln a, of the sources of energy and number, and of the bath, by ln T_gamma."""
        T, a = exp(lnT), exp(y[0]) / self.bath.T_start
        state = self.bath.state(y[3:], a)
        photons = plasma(T, self.qed)
        H = hubble(photons.rho + state.rho)

        nu_e, nu_mu = weak_from_plasma(T, state.T_nu, state.z_nu)
        swap = weak_among_neutrinos(state.T_nu[0], state.T_nu[1], state.z_nu[0], state.z_nu[1])
        # nu_mu stands for two flavours
        Q_nu = nu_e.rho + 2 * swap.rho, 2 * nu_mu.rho - 2 * swap.rho
        R_nu = nu_e.n + 2 * swap.n, 2 * nu_mu.n - 2 * swap.n
        Q_gamma = -nu_e.rho - 2 * nu_mu.rho
        R_created = nu_e.n + 2 * nu_mu.n
        Q_dark = R_dark = 0.0
        for channel in self.channels:
            loss, loss_n = losses(channel, state, self.couplings)
            Q_nu = Q_nu[0] - loss[0], Q_nu[1] - loss[1]
            R_nu = R_nu[0] - loss_n[0], R_nu[1] - loss_n[1]
            created = channel.created * sum(loss_n)
            Q_dark += sum(loss)
            R_dark += sum(loss_n) + created
            R_created += created

        dlna = -photons.drho_dlnT / (3 * (photons.rho + photons.P) - Q_gamma / H)
        work = (photons.rho - 3 * photons.P + state.rho - 3 * state.P) * a**4
        return [dlna, work * dlna, R_created / H * a**3 * dlna,
                *(d * dlna for d in self.bath.slopes(a, state, H, Q_nu, R_nu, Q_dark, R_dark))]


def channels(point, options):
    """The ways from neutrinos to chi."""
    if not (point.n_chi > 0 and point.m_nu_sum > 0):
        return []
    m_phi, T_range = point.m_phi, (0.5 * COLDEST * options.T_end, 1.5 * options.T_start)
    if options.s_channel == "narrow":
        exchange = dark.narrow_resonance(m_phi)
    else:
        width = dark.phi_width(m_phi, point.lambda_phi_chi, point.n_chi)
        exchange = dark.breit_wigner(m_phi, width, *T_range)
    found = [Channel(exchange, "s", back=2, created=0)]
    if options.t_channel != "off":      # 2 nu -> 2 phi, which count as 4 chi
        exchange = (dark.t_channel(m_phi, point.M_N_over_lambda) if options.t_channel == "leading" else
                    dark.t_channel_full(m_phi, point.M_N_over_lambda, options.M_N, *T_range))
        found.append(Channel(exchange, "t", back=4, created=1))
    return found


def losses(channel, state, couplings):
    """Energy and number that (nu_e, nu_mu and nu_tau) lose to chi per time, two pairs."""
    (T_e, T_mu), (z_e, z_mu) = state.T_nu, state.z_nu
    T_x = (T_e * T_mu)**0.5
    exchange = channel.exchange(np.array([T_e, T_x, T_mu, state.T_chi]))
    back = state.z_chi**channel.back
    loss = []
    # T_a K_2(sqrt(s/(T_a T_b))) for the first of the pair; K_1 does not tell who is first
    for (e, x, mu, chi), power in zip(map(np.ndarray.tolist, exchange), (1, 0), strict=True):
        e, x, mu, chi = e * z_e**2, x * z_e * z_mu, mu * z_mu**2, chi * back
        loss.append((couplings[0][0] * (e - chi) + couplings[0][1] * (x * (T_e / T_x)**power - chi),
                     couplings[1][1] * (mu - chi) + couplings[1][0] * (x * (T_mu / T_x)**power - chi)))
    return loss


def relaxation_rate(T):
    """Rate [MeV] at which weak interactions bring the energy of nu_e to the plasma's temperature T."""
    nu_e, _ = weak_from_plasma(T, (0.99 * T, 0.99 * T))
    return nu_e.rho / (RHO_NU * T**4 * (1 - 0.99**4))


def rates(T, states, H, point, equations):
    """Rates over H, those of neutrinos by the channels that the equations have."""
    m_phi, lam, n_chi = point.m_phi, point.lambda_phi_chi, point.n_chi
    T_mu, T_chi, z_mu, z_chi = np.array([(s.T_nu[1], s.T_chi, s.z_nu[1], s.z_chi) for s in states]).T
    weak = np.array([relaxation_rate(t) for t in T])
    of_neutrinos = {"s": 0 * T, "t": 0 * T}
    coupling2 = sum(equations.couplings[1]) / 2       # of nu_mu or nu_tau, averaged
    for channel in equations.channels:
        of_neutrinos[channel.name] = z_mu * dark.rate_of_pairs(channel.exchange, T_mu, coupling2)
    of_dark = z_chi * dark.rate_self(T_chi, m_phi, lam), dark.rate_decay(T_chi, m_phi, lam, n_chi)
    if n_chi == 0:      # nothing of this
        of_dark = 0 * T, 0 * T
    return dark.Rates(*(rate / H for rate in (weak, *of_neutrinos.values(), *of_dark)))
