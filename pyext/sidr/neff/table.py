"""Effective numbers of pseudo-Dirac pairs from a table, for what needs them a thousand times.

`python -m sidr.neff.table` makes the table that the package has. Between its points the logarithms of
Delta N_eff and Delta N_bbn are cubic in the logarithm of the splitting, without overshoot; below they are
power laws.
"""

import argparse
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from tqdm import tqdm

from sidr.files import Rows
from sidr.neutrinos import N_TOT
from sidr.pools import compute, mpi, share

from .helium import N_bbn
from .solution import solve

#: The table of the package
FILE = Path(__file__).with_name("table.txt")

#: Pairs in the order in which they are solved: mass ordering and state
PAIRS = [(ordering, j) for ordering in ("normal", "inverted") for j in (3, 2, 1)]

#: Between them the table is right to one percent; it needs more where nu_1 rises most steeply, and above
LOG10_DM2 = np.union1d(np.linspace(-9, -3, 13), [-5.75, -5.25, -4.75, -4.25, -3.75])


class Extra(NamedTuple):
    """Effective numbers above those of the standard model."""
    N_eff: float    # today
    N_bbn: float    # of the expansion that would make as much helium, see `helium.N_bbn`


class Interpolation:
    """Effective numbers of a pair against its splitting.

    Parameters
    ----------
    j : {1, 2, 3}
        Mass state that is a pair.
    ordering : {"normal", "inverted"}
    file : path, optional
        Another table.

    Raises
    ------
    ValueError
        If the table has no such pair.
    """

    def __init__(self, j=3, ordering="normal", file=FILE):
        table = read(file)
        if (ordering, j) not in table:
            raise ValueError(f"ordering = {ordering!r}, j = {j!r}: the table {Path(file).name} has "
                             + ", ".join(f"{known} {i}" for known, i in table) + ".")
        points = table[ordering, j]
        self.log10_dm2 = np.array(sorted(points))
        self.ln_extra = PchipInterpolator(self.log10_dm2, np.log([points[x] for x in self.log10_dm2]))

    def __call__(self, log10_dm2):
        """`Extra` of a splitting, |dm2| in eV^2; ValueError above the table."""
        first, last = self.log10_dm2[[0, -1]]
        if not log10_dm2 <= last:
            raise ValueError(f"log10_dm2 = {log10_dm2:g} is above {last:g}, where the table of Delta N_eff "
                             "ends; sidr.neff.solve goes further.")
        below = min(log10_dm2 - first, 0.0)
        ln_extra = self.ln_extra(max(log10_dm2, first)) + below * self.ln_extra(first, 1)
        return Extra(*np.exp(ln_extra).tolist())


@cache
def interpolation(j=3, ordering="normal"):
    """The `Interpolation` of the package's table."""
    return Interpolation(j, ordering)


def ln_flat_prior(log10_dm2, j=3, ordering="normal"):
    """ln of a density of log10_dm2 that is flat in Delta N_eff, for the block `prior` of Cobaya."""
    extra = interpolation(j, ordering)
    return float(np.log(extra(log10_dm2).N_eff * extra.ln_extra(log10_dm2, 1)[0]))


def make(file, pairs=PAIRS, log10_dm2=LOG10_DM2, collisions="full", jobs=None, part=None):
    """Solve the points of a table that it does not have yet.

    Parameters
    ----------
    file : path
        `sidr.files.Rows` that grow as a point is done.
    pairs : sequence of (str, int)
        Orderings and mass states.
    log10_dm2 : sequence of float
        Logarithms of the splittings [eV^2].
    collisions : {"full", "damping"}
        See `sidr.neff.solve`.
    jobs : int, optional
        Processes, as of `sidr.pools.compute`.
    part : sidr.pools.Part, optional
        Solve the points of one of several jobs only.

    Raises
    ------
    ValueError
        If the file has another model of collisions, or is damaged.
    """
    rows = Rows(file, f"# collisions {collisions}; ordering, j, log10(dm2/eV^2), Delta N_eff, Delta N_bbn, "
                "checksum", part)
    known = by_pair(rows.begin())
    points = [(*pair, float(x), collisions) for pair in pairs for x in log10_dm2]
    points = [point for point in share(points, part) if point[2] not in known.get(point[:2], {})]
    for (ordering, j, x, _), extra in tqdm(compute(point, points, jobs), total=len(points), desc="table",
                                           unit="point"):
        rows.append([ordering, j, x, *(f"{number:.6g}" for number in extra)])


def point(ordering, j, log10_dm2, collisions):
    """The `Extra` of a splitting."""
    pair = solve(10**log10_dm2, j, ordering, collisions, estimate_error=False)
    return Extra(pair.DeltaN_eff, N_bbn(pair, standard(collisions)) - N_TOT)


@cache
def standard(collisions):
    """The standard model; the ordering does not matter."""
    return solve(0.0, collisions=collisions, estimate_error=False)


def read(file):
    """Numbers of a table as {(ordering, j): {log10_dm2: Extra}}."""
    return by_pair(Rows(file, None).read())


def by_pair(rows):
    """Numbers of rows as `read` gives them."""
    table = {}
    for ordering, j, x, *numbers in rows:
        table.setdefault((ordering, int(j)), {})[float(x)] = Extra(*map(float, numbers))
    return table


if __name__ == "__main__":
    from sidr.commands.arguments import add_jobs

    parser = argparse.ArgumentParser(prog="python -m sidr.neff.table", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=FILE, help="default: the table of the package")
    parser.add_argument("-c", "--collisions", choices=["full", "damping"], default="full")
    add_jobs(parser)
    args = parser.parse_args()
    with mpi() as first:
        if first:
            make(args.output, collisions=args.collisions, jobs=args.jobs, part=args.task)
