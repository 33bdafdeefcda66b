"""N_nu, N_tot and N_bbn over the plane of Sigma m_nu and m_phi, in parallel and resumable."""

from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

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


def plane(n_chi, M_N_over_lambda, lambda_phi_chi=0.003, size=60, file=None, jobs=None):
    """Solve the histories of a grid, degenerate masses.

    Parameters
    ----------
    n_chi, M_N_over_lambda, lambda_phi_chi : float
        See `sidr.thermal.evolve`.
    size : int
        Points in each direction, equally spaced in the logarithm.
    file : path, optional
        Text file that grows by a line as a row of the grid is done; rows that it has are not solved
        again.
    jobs : int, optional
        Processes; as many as there are cores if not given.

    Returns
    -------
    Plane

    Raises
    ------
    ValueError
        If the file is that of another grid.
    """
    m_nu_sum, m_phi = (np.geomspace(*ends, size) for ends in (M_NU_SUM, M_PHI))
    head = (f"# n_chi {n_chi:g}, M_N/lambda {M_N_over_lambda:g} MeV, lambda_phi_chi {lambda_phi_chi:g}, "
            f"{size} x {size}; N_nu, N_tot, N_bbn")
    rows = _read(file, head, size)
    missing = sorted(set(range(size)) - rows.keys())
    with ProcessPoolExecutor(jobs) as pool:
        futures = {pool.submit(_row, m_phi[i], lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi): i
                   for i in missing}
        with tqdm(total=size, initial=len(rows), desc=f"n_chi = {n_chi:g}", unit="row") as progress:
            for future in as_completed(futures):
                i = futures[future]
                rows[i] = future.result()
                if file is not None:
                    with open(file, "a") as output:
                        output.write(f"{i} " + " ".join(f"{x:.6f}" for x in rows[i].ravel()) + "\n")
                progress.update()
    grid = np.array([rows[i] for i in range(size)])
    return Plane(m_nu_sum, m_phi, *np.moveaxis(grid, 1, 0))


def _row(m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, n_chi):
    """N_eff_nu, N_eff and N_bbn at one m_phi, shape (3, n)."""
    histories = [evolve(m_phi, lambda_phi_chi, M_N_over_lambda, m, n_chi, times=2) for m in m_nu_sum]
    return np.array([(h.N_eff_nu, h.N_eff, h.N_bbn) for h in histories]).T


def _read(file, head, size):
    """Rows of the grid that the file has; it is begun with its head if it is not there."""
    if file is None:
        return {}
    if not Path(file).exists():
        Path(file).write_text(head + "\n")
    text = Path(file).read_text()
    first, *lines = text.splitlines() or [""]
    if first != head:
        raise ValueError(f"{file} has the grid `{first}`, not `{head}`: remove it, or take another folder.")
    if not text.endswith("\n"):    # a kill has cut the last line
        lines = lines[:-1]
        Path(file).write_text("\n".join([head, *lines]) + "\n")
    return {int(i): np.array(row, float).reshape(3, size) for i, *row in map(str.split, lines)}
