"""N_nu, N_tot and N_bbn over the plane of Sigma m_nu and m_phi, in parallel and resumable."""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from sidr.files import Damaged, Rows
from sidr.pools import compute, share

from .evolution import evolve

#: Ends of the plane: Sigma m_nu [eV], m_phi [MeV]
M_NU_SUM, M_PHI = (0.01, 2.0), (3e-3, 3.0)


class Plane(NamedTuple):
    """Histories on a grid."""
    m_nu_sum: np.ndarray    # [eV], shape (n,)
    m_phi: np.ndarray       # [MeV], shape (n,)
    N_eff_nu: np.ndarray    # shape (n, n): m_phi, m_nu_sum
    N_eff: np.ndarray
    N_bbn: np.ndarray       # what helium sees


def plane(n_chi, M_N_over_lambda, lambda_phi_chi=0.003, size=60, file=None, jobs=None, part=None):
    """Solve the histories of a grid, degenerate masses.

    Parameters
    ----------
    n_chi, M_N_over_lambda, lambda_phi_chi : float
        See `sidr.thermal.evolve`.
    size : int
        Points in each direction, equally spaced in the logarithm.
    file : path, optional
        `sidr.files.Rows` that grow as a row of the grid is done; those that it has are not solved again.
    jobs : int, optional
        Processes, as of `sidr.pools.compute`.
    part : sidr.pools.Part, optional
        Solve the rows of one of several jobs only, for the file.

    Returns
    -------
    Plane or None
        None of a part.

    Raises
    ------
    ValueError
        If the file is that of another grid, or damaged, or if there is none for a part.
    """
    m_nu_sum, m_phi = (np.geomspace(*ends, size) for ends in (M_NU_SUM, M_PHI))
    head = (f"# n_chi {n_chi:g}, M_N/lambda {M_N_over_lambda:g} MeV, lambda_phi_chi {lambda_phi_chi:g}, "
            f"{size} x {size}; N_nu, N_tot, N_bbn")
    if part and file is None:
        raise ValueError("A part of a plane needs a file, where the whole finds it.")
    kept = Rows(file, head, part) if file is not None else None
    rows = _known(kept, size) if kept else {}
    wanted = share(range(size), part)
    missing = [i for i in wanted if i not in rows]
    tasks = [(i, m_phi[i], lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi) for i in missing]
    with tqdm(total=len(wanted), initial=len(wanted) - len(missing), desc=f"n_chi = {n_chi:g}",
              unit="row") as progress:
        for (i, *_), row in compute(_row, tasks, jobs):
            rows[i] = row
            if kept:
                kept.append([i, *row.ravel().tolist()])
            progress.update()
    if part:
        return None
    grid = np.array([rows[i] for i in range(size)])
    return Plane(m_nu_sum, m_phi, *np.moveaxis(grid, 1, 0))


def _row(_, m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi):
    """N_eff_nu, N_eff and N_bbn at one m_phi, shape (3, n)."""
    histories = [evolve(m_phi, lambda_phi_chi, M_N_over_lambda, m, n_chi, times=2) for m in m_nu_sum]
    return np.array([(h.N_eff_nu, h.N_eff, h.N_bbn) for h in histories]).T


def _known(kept, size):
    """Rows of the grid that the file has."""
    rows = {}
    for number, (i, *words) in enumerate(kept.begin(), 2):
        try:
            i, row = int(i), np.array(words, float).reshape(3, size)
            if i not in range(size) or not np.isfinite(row).all():
                raise ValueError("a number is out of range")
        except ValueError as error:
            raise Damaged(kept.path, f"line {number} is no row of {size} x {size}: {error}",
                          "remove this line, and it is computed again") from error
        rows[i] = row
    return rows
