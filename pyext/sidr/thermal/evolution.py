r"""The thermal history of plasma, neutrinos and chi, (S19-S27) of arXiv:2506.08085.

The independent variable is ln T_gamma. In terms of the transfers Q per time,

.. math:: \frac{d(\rho_i a^4)}{d\ln a} = \frac{Q_i a^4}{H}, \qquad
          \frac{d\ln T_\gamma}{d\ln a} = -\frac{3(\rho + P)_{\rm plasma} - Q_\gamma/H}{d\rho/d\ln T}

nu_mu and nu_tau have one temperature. The energies rho_i a^4 (and numbers n_i a^3) are the variables
where they can be, so that what one species loses another gains, to rounding.
"""

from functools import cache
from math import exp, log
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from sidr.neutrinos import masses, real

from . import dark, nucleosynthesis, seesaw
from .baths import BATHS, COLDEST, N_NU, NoHistory
from .chebyshev import OutsideTable
from .history import BBN_TIMES, T_BBN, T_TODAY, History, Solution
from .plasma import plasma
from .units import N_EFF_UNIT, RHO_GAMMA, RHO_NU, hubble
from .weak import weak_among_neutrinos, weak_from_plasma

#: Number density of one flavour that decoupled at once, T^3 = 4/11 T_gamma^3 [T_gamma^3]
N_NU_INSTANTANEOUS = 4 / 11 * N_NU

#: Highest T_start [MeV]: above, muons belong to the plasma, which has photons, e- and e+
T_START_MAX = 25.0

#: T_end [MeV] at which N_eff is quoted; nothing changes it any more once phi has gone
T_END = 1e-4

#: Lightest phi [MeV]: at T = m_phi/10 matter is still less than a tenth of the radiation
M_PHI_MIN = 1e-4

#: A history takes about a thousand evaluations of the equations, with potentials three thousand
MAX_EVALUATIONS = 100000


def evolve(m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi, ordering="degenerate", *,
           T_start=10.0, T_end=None, t_channel="leading", s_channel="narrow", counting="complete",
           potentials="none", M_N=10.0, mixing=None, qed=True, times=400, rtol=1e-8):
    """Solve the thermal history of one point of the model.

    Parameters
    ----------
    m_phi : float
        Mass of the mediator [MeV], from 1e-4 (later, there is matter) to T_start.
    lambda_phi_chi : float
        Its coupling to chi.
    M_N_over_lambda : float
        Mass of the sterile neutrinos over their coupling to phi, M_N/lambda_phi_N [MeV].
    m_nu_sum : float
        Sum of the neutrino masses [eV].
    n_chi : float
        Flavours of chi; 0 for the standard model, whatever the couplings.
    ordering : {"degenerate", "normal", "inverted"}
        See `sidr.neutrinos.masses`.
    T_start, T_end : float
        Temperatures of the photons at the ends [MeV]. At T_start, 25 or less, neutrinos have that
        temperature and there is no chi: the t-channel depends on it. T_end is m_phi/10 or less, so that phi
        has gone; if not given, 1e-4 or, for a lighter phi, m_phi/10.
    t_channel : {"leading", "full", "off"}
        nu nu -> phi phi by (S32) for heavy sterile neutrinos (without the factor 1 - s/M_N^2, which
        turns negative), in full, or not at all.
    s_channel : {"narrow", "breit-wigner"}
        nu nu -> chi chi in the narrow width or by (S28).
    counting : {"complete", "printed"}
        Pairs of flavours, see `seesaw.pair_couplings`.
    potentials : {"none", "all", "neutrinos", "kinetic"}
        Chemical potentials. "none": temperatures only and no phi in the bath, as S19-S27. "all": for
        nu_e, nu_mu and the dark bath of chi and phi (mu_phi = 2 mu_chi); the s-channel conserves
        n_nu + n_chi + 2 n_phi, as in S1-S17. "neutrinos": chi chi <-> phi phi is in equilibrium and
        keeps mu_chi = 0. "kinetic": as "all", with chi chi <-> phi phi at its rate, between the two.
    M_N : float
        Mass of the sterile neutrinos [MeV]; only with t_channel="full".
    mixing : sidr.oscillations.Mixing, optional
        That of the ordering if not given.
    qed : bool
        Whether with the electromagnetic corrections to the plasma.
    times : int
        Number of entries of the arrays.
    rtol : float
        Relative tolerance of the solver.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        For a value outside its range, and for an ordering that m_nu_sum cannot have.
    NoHistory
        If phi would condense (potentials="all" at couplings so strong that soft neutrinos convert long
        before T = m_phi), or the equations are too stiff to be followed.
    RuntimeError
        If the solver does not reach T_end or loses energy.
    """
    point = {"m_phi": m_phi, "lambda_phi_chi": lambda_phi_chi, "M_N_over_lambda": M_N_over_lambda,
             "m_nu_sum": m_nu_sum, "n_chi": n_chi}
    for name, value in (point | {"T_start": T_start, "M_N": M_N, "rtol": rtol}).items():
        if name in ("m_nu_sum", "n_chi"):
            real(name, value, "a finite number, 0 or more")
        else:
            real(name, value, "a finite number above 0", positive=True)
    if not times >= 2:
        raise ValueError(f"times = {times!r} must be 2 or more: the ends.")
    for name, value, allowed in (("t_channel", t_channel, ("leading", "full", "off")),
                                 ("s_channel", s_channel, ("narrow", "breit-wigner")),
                                 ("counting", counting, ("complete", "printed")),
                                 ("potentials", potentials, tuple(BATHS))):
        if value not in allowed:
            raise ValueError(f"{name} = {value!r} must be one of {', '.join(allowed)}.")
    T_end = _checked_end(T_start, T_end, m_phi, n_chi)

    couplings = seesaw.pair_couplings(M_N_over_lambda, m_nu_sum, ordering, counting, mixing).tolist()
    T_range = (0.5 * COLDEST * T_end, 1.5 * T_start)
    channels = []
    if n_chi > 0 and m_nu_sum > 0:
        width = dark.phi_width(m_phi, lambda_phi_chi, n_chi)
        channels.append(Channel(dark.narrow_resonance(m_phi) if s_channel == "narrow" else
                                dark.breit_wigner(m_phi, width, *T_range), "s", back=2, created=0))
        if t_channel != "off":      # 2 nu -> 2 phi, which count as 4 chi
            channels.append(Channel(
                dark.t_channel(m_phi, M_N_over_lambda) if t_channel == "leading" else
                dark.t_channel_full(m_phi, M_N_over_lambda, M_N, *T_range), "t", back=4, created=1))
    bath = BATHS[potentials](m_phi, lambda_phi_chi, n_chi, T_start)

    evaluations = iter(range(MAX_EVALUATIONS))

    def slopes(lnT, y):
        if next(evaluations, None) is None:
            raise NoHistory(f"{MAX_EVALUATIONS} evaluations do not bring it below {exp(lnT):.3g} MeV")
        return _slopes(lnT, y, bath, couplings, channels, qed)

    described = ", ".join(f"{name} = {value:g}" for name, value in point.items())
    span = log(T_start), log(T_end)
    lnT = np.linspace(*span, times)
    covered = T_start >= nucleosynthesis.T_START and T_end <= T_TODAY
    ln_early = np.linspace(log(min(T_start, 1.02 * nucleosynthesis.T_START)), log(T_BBN),
                           BBN_TIMES if covered else 0)
    try:
        solution = solve_ivp(slopes, span, [0.0, 0.0, 0.0, *bath.start()], method="LSODA", rtol=rtol,
                             atol=1e-12, t_eval=np.unique([*lnT, *ln_early])[::-1])
    except (NoHistory, OutsideTable) as error:
        raise NoHistory(f"No thermal history of {described}: {error}.") from None
    if not solution.success:
        raise RuntimeError(f"No thermal history of {described}: {solution.message} at T_gamma = "
                           f"{exp(solution.t[-1]):.3g} MeV.")
    early = Solution(np.exp(ln_early), solution.y[:, np.isin(solution.t, ln_early)], bath, qed)
    settings = {"T_start": T_start, "potentials": potentials, "qed": qed, "rtol": rtol}
    mass_states = seesaw.mass_states(ordering, mixing), masses(m_nu_sum, ordering)
    history = _history(np.exp(lnT), solution.y[:, np.isin(solution.t, lnT)], bath, point, couplings,
                       channels, mass_states, settings, early if covered else None)
    if not max(history.energy_drift, history.number_drift) < 1e-4:
        raise RuntimeError(f"The thermal history of {described} loses {history.energy_drift:.1e} of its "
                           f"energy and {history.number_drift:.1e} of its number; take a smaller rtol.")
    return history


def _checked_end(T_start, T_end, m_phi, n_chi):
    """T_end, or its default, if the history between the temperatures has all that happens."""
    if T_start > T_START_MAX:
        raise ValueError(f"T_start = {T_start:g} MeV must be {T_START_MAX:g} MeV or less: above, the "
                         "plasma has muons, which are not followed.")
    if n_chi > 0 and not M_PHI_MIN <= m_phi <= T_start:
        raise ValueError(f"m_phi = {m_phi:g} MeV must be from {M_PHI_MIN:g} MeV to T_start = {T_start:g} "
                         "MeV: a lighter phi converts when there is matter, a heavier one before T_start.")
    if T_end is None:
        return min(T_END, m_phi / 10) if n_chi > 0 else T_END
    T_end = real("T_end", T_end, "a finite number above 0", positive=True)
    if T_end >= T_start:
        raise ValueError(f"T_end = {T_end:g} MeV must be below T_start = {T_start:g} MeV.")
    if n_chi > 0 and T_end > m_phi / 10 * (1 + 1e-9):
        raise ValueError(f"T_end = {T_end:g} MeV must be m_phi/10 = {m_phi / 10:g} MeV or less: before, "
                         "phi has not gone.")
    return T_end


@cache
def standard_model(**settings):
    """The history without chi, with these options of `evolve`; couplings do not matter."""
    return evolve(1.0, 1.0, 1.0, 0.0, 0, times=2, **settings)


def relaxation_rate(T):
    """Rate [MeV] at which weak interactions bring the energy of nu_e to the plasma's temperature T."""
    nu_e, _ = weak_from_plasma(T, (0.99 * T, 0.99 * T))
    return nu_e.rho / (RHO_NU * T**4 * (1 - 0.99**4))


def _slopes(lnT, y, bath, couplings, channels, qed):
    """Derivatives of ln a, of the sources of energy and number, and of the bath, by ln T_gamma."""
    T, a = exp(lnT), exp(y[0]) / bath.T_start
    state = bath.state(y[3:], a)
    photons = plasma(T, qed)
    H = hubble(photons.rho + state.rho)

    nu_e, nu_mu = weak_from_plasma(T, state.T_nu, state.z_nu)
    swap = weak_among_neutrinos(state.T_nu[0], state.T_nu[1], state.z_nu[0], state.z_nu[1])
    # nu_mu stands for two flavours
    Q_nu = nu_e.rho + 2 * swap.rho, 2 * nu_mu.rho - 2 * swap.rho
    R_nu = nu_e.n + 2 * swap.n, 2 * nu_mu.n - 2 * swap.n
    Q_gamma = -nu_e.rho - 2 * nu_mu.rho
    R_created = nu_e.n + 2 * nu_mu.n
    Q_dark = R_dark = 0.0
    for channel in channels:
        loss, loss_n = losses(channel, state, couplings)
        Q_nu = Q_nu[0] - loss[0], Q_nu[1] - loss[1]
        R_nu = R_nu[0] - loss_n[0], R_nu[1] - loss_n[1]
        created = channel.created * sum(loss_n)
        Q_dark += sum(loss)
        R_dark += sum(loss_n) + created
        R_created += created

    dlna = -photons.drho_dlnT / (3 * (photons.rho + photons.P) - Q_gamma / H)
    work = (photons.rho - 3 * photons.P + state.rho - 3 * state.P) * a**4
    return [dlna, work * dlna, R_created / H * a**3 * dlna,
            *(d * dlna for d in bath.slopes(a, state, H, Q_nu, R_nu, Q_dark, R_dark))]


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


class Channel(NamedTuple):
    """A way from neutrinos to chi."""
    exchange: object        # function of the temperatures, see `sidr.thermal.dark`
    name: str               # "s" or "t"
    back: int               # power of z_chi of the inverse: particles that it takes
    created: int            # particles that it creates, per neutrino


def _history(T, y, bath, point, couplings, channels, mass_states, settings, early):
    """The `History` of a solution y of the equations at T."""
    a = np.exp(y[0]) / bath.T_start
    states = [bath.state(variables, b) for variables, b in zip(y[3:].T, a, strict=True)]
    photons = [plasma(t, settings["qed"]) for t in T]
    H = hubble(np.array([p.rho + s.rho for p, s in zip(photons, states, strict=True)]))
    T_nu, z_nu = np.array([s.T_nu for s in states]).T, np.array([s.z_nu for s in states]).T

    first, last = states[0], states[-1]
    energy = [(p.rho + s.rho) * b**4 for p, s, b in
              ((photons[0], first, a[0]), (photons[-1], last, a[-1]))]
    energy_drift = abs(energy[1] - energy[0] - y[1, -1]) / energy[0]
    number_drift = 0.0
    if bath.conserves_number:
        number = [(s.n_nu + s.n_dark) * b**3 for s, b in ((first, a[0]), (last, a[-1]))]
        number_drift = abs(number[1] - number[0] - y[2, -1]) / number[0]

    unit = N_EFF_UNIT / (RHO_GAMMA * T[-1]**4)
    T_chi, z_chi = (np.array([getattr(s, name) for s in states]) for name in ("T_chi", "z_chi"))
    return History(
        T, *T_nu, T_chi * (bath.n_chi > 0), *z_nu, z_chi,
        a * bath.T_start, H, _rates(T, states, H, point, couplings, channels),
        *(float(unit * rho) for rho in (last.rho, last.rho_nu, last.rho_dark)),
        last.n_nu / (3 * N_NU_INSTANTANEOUS * T[-1]**3),
        point["lambda_phi_chi"]**2 / point["m_phi"]**2, energy_drift, number_drift,
        *mass_states, settings, early)


def _rates(T, states, H, point, couplings, channels):
    """Rates over H, those of neutrinos by the channels that the equations have."""
    m_phi, lam, n_chi = point["m_phi"], point["lambda_phi_chi"], point["n_chi"]
    T_mu, T_chi, z_mu, z_chi = np.array([(s.T_nu[1], s.T_chi, s.z_nu[1], s.z_chi) for s in states]).T
    weak = np.array([relaxation_rate(t) for t in T])
    of_neutrinos = {"s": 0 * T, "t": 0 * T}
    coupling2 = sum(couplings[1]) / 2       # of nu_mu or nu_tau, averaged
    for channel in channels:
        of_neutrinos[channel.name] = z_mu * dark.rate_of_pairs(channel.exchange, T_mu, coupling2)
    of_dark = z_chi * dark.rate_self(T_chi, m_phi, lam), dark.rate_decay(T_chi, m_phi, lam, n_chi)
    if n_chi == 0:      # nothing of this
        of_dark = 0 * T, 0 * T
    return dark.Rates(*(rate / H for rate in (weak, *of_neutrinos.values(), *of_dark)))
