"""The figure of arXiv:2512.19782, and what follows from it: Delta N_eff and the splitting of a pair."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq
from tqdm import tqdm

from sidr.neff import solve
from sidr.neff.table import interpolation

#: Limits on Delta N_eff at 95%, as the paper draws them
LIMITS = {"ACT, Planck, BAO": (0.17, "r-"), "CMB-S4": (0.06, "k--"), "CMB-HD": (0.027, "k:")}

#: Splittings of the third state whose histories are drawn [eV^2]
DM2 = (1e-8, 1e-7, 1e-6, 2e-6, 1e-5, 1e-4)


def neff(folder=None, collisions="full"):
    """Delta N_eff against x = m_e/T for several splittings, and at the end against the splitting.

    Parameters
    ----------
    folder : path, optional
        Keeps solutions, which are resumed after a kill.
    collisions : {"full", "damping"}
        See `sidr.neff.solve`; of the histories. The right panel has the table of the package.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig, (history, end) = plt.subplots(1, 2, sharey=True, figsize=(11, 4.6), layout="constrained")
    draw_histories(history, folder, collisions)
    history.legend(fontsize="small", title=r"$|\delta m_3^2|$ [eV$^2$]", loc="lower right", ncols=3)
    draw_table(end)
    for ax in (history, end):
        for name, (limit, style) in LIMITS.items():
            ax.axhline(limit, color=style[0], ls=style[1:], lw=1, label=name)
    history.set(xscale="log", xlabel=r"$x = m_e/T$", ylabel=r"$N_\mathrm{eff} - N_\mathrm{eff,SM}$")
    end.set(xscale="log", yscale="log", xlabel=r"$|\delta m_j^2|$ [eV$^2$]", ylim=(1e-4, 2))
    end.legend(fontsize="small", loc="lower right")
    fig.suptitle(f"Pseudo-Dirac neutrinos, normal ordering; histories: {collisions}", fontsize="medium")
    return fig


def draw_histories(ax, folder, collisions):
    """Delta N_eff against x, the third state being a pair."""
    def solution(dm2):
        return solve(dm2, collisions=collisions, estimate_error=False,
                     checkpoint=folder and Path(folder) / f"neff_{collisions}_{dm2:g}.npz")

    standard = solution(0.0)
    for dm2 in tqdm(DM2, desc="neff", unit="splitting"):
        pair = solution(dm2)
        extra = pair.N_eff_x - np.interp(pair.x, standard.x, standard.N_eff_x)
        ax.plot(pair.x / pair.z, extra, label=f"{dm2:.0e}".replace("e-0", "e-"))


def draw_table(ax):
    """Delta N_eff today against the splitting, and where it crosses the limits."""
    for j, style in ((3, "-"), (2, "--"), (1, ":")):
        extra = interpolation(j)
        x = np.linspace(*extra.log10_dm2[[0, -1]], 200)
        ax.plot(10**x, [extra(log10_dm2).N_eff for log10_dm2 in x], "C0" + style, label=f"$j = {j}$")
        for limit, _ in LIMITS.values():
            ax.plot(bound(limit, extra), limit, "C0o", ms=3)


def bound(limit, extra):
    """Splitting [eV^2] at which an `Interpolation` has this Delta N_eff; nan if it has none."""
    ends = extra.log10_dm2[[0, -1]]
    excess = [extra(x).N_eff - limit for x in ends]
    if excess[0] * excess[1] > 0:
        return np.nan
    return 10**brentq(lambda x: extra(x).N_eff - limit, *ends)


#: By their names in the command
FIGURES = {"neff": neff}
