"""From splittings and angles to N_eff."""

from functools import cache
from math import exp, log, nan
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from sidr.checks import choice, integer, number
from sidr.constants import M_E, N_EFF_UNIT, RHO_GAMMA, RHO_NU
from sidr.numerics import gauss_legendre
from sidr.oscillations import pseudo_dirac

from .checkpoint import Checkpoint
from .collisions import Terms
from .damping import Damping
from .density import DIAGONAL, matrices
from .hamiltonian import Hamiltonian
from .integrals import Integrals
from .integrator import Point, integrate
from .kinetics import ENERGY, WORK, Kinetics

#: Largest comoving momentum; what is above has 3e-6 of the energy
Y_MAX = 20.0

#: m_e/x [MeV] at the start, at least, and at the end
T_START, T_END = 10.0, 0.01


ALL_TERMS = Terms()


class Model(NamedTuple):
    """A model of collisions with its defaults."""
    term: type
    quadrature: object      # from the number of nodes to the momenta and their weights
    nodes: int
    rtol: float


def gauss(nodes):
    """Nodes and weights of Gauss and Legendre on (0, Y_MAX)."""
    return gauss_legendre(0, Y_MAX, nodes)


def midpoints(nodes):
    """Equidistant nodes in the middle of intervals of (0, Y_MAX), and their distance as weights."""
    h = Y_MAX / nodes
    return (np.arange(nodes) + 0.5) * h, np.full(nodes, h)


MODELS = {"full": Model(Integrals, midpoints, 40, 3e-5), "damping": Model(Damping, gauss, 40, 3e-5)}


class Result(NamedTuple):
    """What neutrinos leave; histories have one entry per step, from early to late."""
    N_eff: float
    DeltaN_eff: float           # above that of the standard model, solved in the same way
    N_eff_error: float          # change from a coarser solution; nan where there is none
    DeltaN_eff_error: float
    y: np.ndarray               # comoving momenta p a, T_gamma a = 1 at the start, shape (n,)
    spectra: np.ndarray         # diagonals of rho of e, mu, tau, s at the end, shape (4, n)
    density: np.ndarray         # rho at the end, shape (n, 4, 4)
    x: np.ndarray               # m_e a, shape (m,)
    z: np.ndarray               # T_gamma a
    energies: np.ndarray        # of e, mu, tau, s, that of one flavour at the start being 1, shape (4, m)
    N_eff_x: np.ndarray         # energy so far over that of the photons at the end, as N_eff
    energy_drift: float         # violation of energy conservation, relative to the energy


def solve(dm2, j=3, ordering="normal", collisions="full", *, delta=0.0, **settings):
    """N_eff of three neutrinos of which the j-th is a pseudo-Dirac pair.

    Parameters
    ----------
    dm2 : float
        Splitting of the pair [eV^2], of either sign; 0 for the standard model.
    j : {1, 2, 3}
        The mass state that is a pair.
    ordering : {"normal", "inverted"}
    collisions : {"full", "damping"}
        See `solve_neutrinos`.
    delta : float or None
        CP phase [degrees]; None for that of the fit.
    **settings
        Those of `solve_neutrinos`.

    Returns
    -------
    Result

    Raises
    ------
    ValueError, RuntimeError
        As `solve_neutrinos` and `sidr.oscillations.pseudo_dirac`.
    """
    return solve_neutrinos(pseudo_dirac(dm2, j, ordering, delta), collisions, **settings)


def solve_neutrinos(neutrinos, collisions="full", *, nodes=None, rtol=None, T_start=None, T_end=T_END,
                    terms=ALL_TERMS, estimate_error=True, progress=None, checkpoint=None):
    """N_eff of any four neutrinos.

    Parameters
    ----------
    neutrinos : sidr.oscillations.Neutrinos
        Three active ones and a sterile one, as `pseudo_dirac` or `three_plus_one` make them.
    collisions : {"full", "damping"}
        Collision integrals, or a relaxation with rates from them.
    nodes : int, optional
        Momenta; the default of the model if not given.
    rtol : float, optional
        Error of one step in energy and number of the flavours; the default of the model if not given.
    T_start, T_end : float
        m_e/x at the ends [MeV], the temperature of the photons if nothing had heated them. T_start, if not
        given, is 6 times the temperature at which the mixing with the sterile neutrino overcomes the matter
        potential, and at least 10 MeV.
    terms : Terms
        What the equations contain; all by default.
    estimate_error : bool
        Whether to solve again with 2/3 of the nodes and 10 rtol, for the errors.
    progress : bool, optional
        Whether to show how far it is; if not given, on a terminal.
    checkpoint : path, optional
        File for the state, from which an interrupted solution is continued.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        For a value outside its range, or a checkpoint of another solution.
    RuntimeError
        If the integration fails.
    """
    settings = Settings.checked(neutrinos, collisions, nodes, rtol, T_start, T_end, terms)
    result = above_standard(neutrinos, settings, progress, checkpoint)
    if estimate_error:
        coarse = above_standard(neutrinos, settings.coarser(), progress, checkpoint)
        result = result._replace(N_eff_error=abs(coarse.N_eff - result.N_eff),
                                 DeltaN_eff_error=abs(coarse.DeltaN_eff - result.DeltaN_eff))
    return result


class Settings(NamedTuple):
    """What defines a solution beside the neutrinos."""
    collisions: str
    nodes: int
    rtol: float
    T_start: float
    T_end: float
    terms: Terms

    @classmethod
    def checked(cls, neutrinos, collisions, nodes, rtol, T_start, T_end, terms):
        """Those of `solve_neutrinos` with their defaults, if they are possible; else ValueError."""
        choice("collisions", collisions, MODELS)
        if np.shape(neutrinos.U) != (4, 4):
            raise ValueError(f"{len(neutrinos.m2)} neutrinos are given, but the equations are those of "
                             "four; take a splitting of 0 for three.")
        model = MODELS[collisions]
        nodes = integer("nodes", model.nodes if nodes is None else nodes, least=6)
        rtol = model.rtol if rtol is None else rtol
        if T_start is None:
            T_start = max(T_START, 6 * mixing_temperature(neutrinos))
        for name, value in (("rtol", rtol), ("T_start", T_start), ("T_end", T_end)):
            number(name, value, above=0)
        if T_end >= T_start:
            raise ValueError(f"T_end = {T_end:g} MeV must be below T_start = {T_start:g} MeV.")
        terms = terms.checked()
        if "total" in terms.diagonals and collisions == "full":
            raise ValueError("diagonals: 'total' is no collision integral; take collisions='damping'.")
        return cls(collisions, nodes, rtol, T_start, T_end, terms)

    def coarser(self):
        """Settings for an estimate of the error."""
        return self._replace(nodes=max(6, 2 * self.nodes // 3), rtol=10 * self.rtol)


def mixing_temperature(neutrinos):
    """Temperature [MeV] at which active and sterile neutrinos have M^2/2p of the size of V, p = 3T."""
    dm2 = 4 * np.abs(neutrinos.hamiltonian[:3, 3]).max()        # [eV^2], of a pair: its splitting
    return 1.4 * (dm2 / 1e-6)**(1 / 6)


def above_standard(neutrinos, settings, progress, checkpoint):
    """The `Result` without errors."""
    result = evolve(neutrinos, settings, progress, checkpoint)
    if np.any(neutrinos.hamiltonian[:3, 3]):
        standard = standard_model(settings._replace(T_start=T_START), progress)
    else:
        standard = result.N_eff
    return result._replace(DeltaN_eff=result.N_eff - standard)


@cache
def standard_model(settings, progress):
    """N_eff of the standard model: normal ordering, without a CP phase."""
    return evolve(pseudo_dirac(0.0, delta=0.0), settings, progress, None).N_eff


def evolve(neutrinos, settings, progress, checkpoint):
    """Integrate the kinetic equations; a `Result` without errors and DeltaN_eff."""
    model = MODELS[settings.collisions]
    y, weights = model.quadrature(settings.nodes)
    terms = settings.terms
    hamiltonian = Hamiltonian(neutrinos, y, terms.lepton_potential, terms.neutrino_potential)
    kinetics = Kinetics(y, weights, hamiltonian, model.term(y, weights, terms))
    span = log(M_E / settings.T_start), log(M_E / settings.T_end)

    def row(point):
        """x, z and the energies of e, mu, tau, s."""
        x = exp(point.s)
        rho = point.y[:ENERGY].reshape(-1, 16)[:, DIAGONAL]
        return np.array([x, kinetics.temperature(x, point.y[ENERGY]), *(kinetics.per_energy @ rho)])

    description = f"{settings} of {np.round(neutrinos.hamiltonian, 14).tolist()}"
    state = Checkpoint(checkpoint, description)
    start = Point(span[0], kinetics.start(exp(span[0])), 0.02)
    point, history = state.restore() or (start, [row(start)])
    with tqdm(total=100, initial=round(percent(point.s, span)), desc=settings.collisions, unit="%",
              bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}",
              disable=None if progress is None else not progress, leave=False) as bar:
        for point in integrate(kinetics, point, span[1], settings.rtol):    # noqa: B020
            history.append(row(point))
            state.update(point, history)
            bar.update(round(percent(point.s, span)) - bar.n)
    state.remove()

    x, z, *energies = np.array(history).T
    energies = np.array(energies)
    total = start.y[ENERGY] + energies[:, 0].sum()
    drift = point.y[ENERGY] + energies[:, -1].sum() - total - point.y[WORK]
    N_eff = N_EFF_UNIT / RHO_GAMMA * energies.sum(axis=0) / z[-1]**4            # (23)
    rho = point.y[:ENERGY].reshape(-1, 16)
    return Result(N_eff[-1], nan, nan, nan, y, rho[:, DIAGONAL].T, matrices(rho), x, z,
                  energies / RHO_NU, N_eff, abs(drift) / total)


def percent(s, span):
    """How far s is."""
    return 100 * (s - span[0]) / (span[1] - span[0])
