"""From the couplings of the particle model to its thermal history."""

from functools import cache, partial
from math import exp, log
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from sidr.checks import choice, integer, number
from sidr.constants import N_EFF_UNIT, RHO_GAMMA, hubble
from sidr.neutrinos import masses
from sidr.numerics import OutsideTable

from . import nucleosynthesis, seesaw
from .baths import BATHS, N_NU, NoHistory
from .equations import Equations, rates
from .history import BBN_TIMES, T_BBN, T_TODAY, History, Solution
from .plasma import plasma

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

#: Options that have a few values
CHOICES = {"t_channel": ("leading", "full", "off"), "s_channel": ("narrow", "breit-wigner"),
           "counting": ("complete", "printed"), "potentials": tuple(BATHS)}


class Point(NamedTuple):
    """A point of the model, see `evolve`."""
    m_phi: float
    lambda_phi_chi: float
    M_N_over_lambda: float
    m_nu_sum: float
    n_chi: float

    def __str__(self):
        return ", ".join(f"{name} = {value:g}" for name, value in self._asdict().items())


class Options(NamedTuple):
    """How a point is solved, see `evolve`."""
    ordering: str
    T_start: float
    T_end: float | None
    t_channel: str
    s_channel: str
    counting: str
    potentials: str
    M_N: float
    mixing: object
    qed: bool
    times: int
    rtol: float


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
    point = Point(m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi)
    options = checked(point, Options(ordering, T_start, T_end, t_channel, s_channel, counting, potentials,
                                     M_N, mixing, qed, times, rtol))
    equations = Equations.of(point, options)
    lnT, ln_early = temperatures(options)
    solution = solve(equations, point, options, np.unique([*lnT, *ln_early])[::-1])
    early = None
    if len(ln_early):
        early = Solution(np.exp(ln_early), at(solution, ln_early), equations.bath, qed)
    history = assemble(np.exp(lnT), at(solution, lnT), equations, point, options, early)
    if not max(history.energy_drift, history.number_drift) < 1e-4:
        raise RuntimeError(f"The thermal history of {point} loses {history.energy_drift:.1e} of its "
                           f"energy and {history.number_drift:.1e} of its number; take a smaller rtol.")
    return history


def checked(point, options):
    """The options with their default of T_end, if they and the point are possible.

    Raises
    ------
    ValueError
        For a value outside its range.
    """
    for name, value in (point._asdict() | {"T_start": options.T_start, "M_N": options.M_N,
                                           "rtol": options.rtol}).items():
        if name in ("m_nu_sum", "n_chi"):
            number(name, value, least=0)
        else:
            number(name, value, above=0)
    integer("times", options.times, least=2)    # the ends
    for name, choices in CHOICES.items():
        choice(name, getattr(options, name), choices)
    return options._replace(T_end=checked_end(options.T_start, options.T_end, point.m_phi, point.n_chi))


def checked_end(T_start, T_end, m_phi, n_chi):
    """T_end, or its default, if the history between the temperatures has all that happens."""
    if T_start > T_START_MAX:
        raise ValueError(f"T_start = {T_start:g} MeV must be {T_START_MAX:g} MeV or less: above, the "
                         "plasma has muons, which are not followed.")
    if n_chi > 0 and not M_PHI_MIN <= m_phi <= T_start:
        raise ValueError(f"m_phi = {m_phi:g} MeV must be from {M_PHI_MIN:g} MeV to T_start = {T_start:g} "
                         "MeV: a lighter phi converts when there is matter, a heavier one before T_start.")
    if T_end is None:
        return min(T_END, m_phi / 10) if n_chi > 0 else T_END
    T_end = number("T_end", T_end, above=0)
    if T_end >= T_start:
        raise ValueError(f"T_end = {T_end:g} MeV must be below T_start = {T_start:g} MeV.")
    if n_chi > 0 and T_end > m_phi / 10 * (1 + 1e-9):
        raise ValueError(f"T_end = {T_end:g} MeV must be m_phi/10 = {m_phi / 10:g} MeV or less: before, "
                         "phi has not gone.")
    return T_end


def temperatures(options):
    """ln T_gamma of a history's entries, and of those for nucleosynthesis, falling.

    None of the latter if the history does not cover it.
    """
    lnT = np.linspace(log(options.T_start), log(options.T_end), options.times)
    covered = options.T_start >= nucleosynthesis.T_START and options.T_end <= T_TODAY
    start = min(options.T_start, 1.02 * nucleosynthesis.T_START)
    return lnT, np.linspace(log(start), log(T_BBN), BBN_TIMES if covered else 0)


def solve(equations, point, options, lnT):
    """The result of scipy's `solve_ivp` at some ln T_gamma, falling.

    Raises
    ------
    NoHistory, RuntimeError
        See `evolve`.
    """
    evaluations = iter(range(MAX_EVALUATIONS))

    def slopes(lnT, y):
        if next(evaluations, None) is None:
            raise NoHistory(f"{MAX_EVALUATIONS} evaluations do not bring it below {exp(lnT):.3g} MeV")
        return equations.slopes(lnT, y)

    span = log(options.T_start), log(options.T_end)
    try:
        solution = solve_ivp(slopes, span, [0.0, 0.0, 0.0, *equations.bath.start()], method="LSODA",
                             rtol=options.rtol, atol=1e-12, t_eval=lnT)
    except (NoHistory, OutsideTable) as error:
        raise NoHistory(f"No thermal history of {point}: {error}.") from None
    if not solution.success:
        raise RuntimeError(f"No thermal history of {point}: {solution.message} at T_gamma = "
                           f"{exp(solution.t[-1]):.3g} MeV.")
    return solution


def at(solution, lnT):
    """The variables of a solution at some of its ln T_gamma, shape (variables, n)."""
    return solution.y[:, np.isin(solution.t, lnT)]


def assemble(T, y, equations, point, options, early):
    """The `History` of a solution y of the equations at T."""
    bath = equations.bath
    a = np.exp(y[0]) / bath.T_start
    states = [bath.state(variables, b) for variables, b in zip(y[3:].T, a, strict=True)]
    photons = [plasma(t, options.qed) for t in T]
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
    standard = partial(standard_model, T_start=options.T_start, potentials=options.potentials,
                       qed=options.qed, rtol=options.rtol)
    return History(
        T, *T_nu, T_chi * (bath.n_chi > 0), *z_nu, z_chi,
        a * bath.T_start, H, rates(T, states, H, point, equations),
        *(float(unit * rho) for rho in (last.rho, last.rho_nu, last.rho_dark)),
        last.n_nu / (3 * N_NU_INSTANTANEOUS * T[-1]**3),
        point.lambda_phi_chi**2 / point.m_phi**2, energy_drift, number_drift,
        seesaw.mass_states(options.ordering, options.mixing), masses(point.m_nu_sum, options.ordering),
        standard, early)


@cache
def standard_model(**settings):
    """The history without chi, with these options of `evolve`; couplings do not matter."""
    return evolve(1.0, 1.0, 1.0, 0.0, 0, times=2, **settings)
