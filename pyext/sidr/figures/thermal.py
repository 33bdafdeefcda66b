"""The figures of arXiv:2506.08085 that show the thermal history, each redrawn by one function.

Each returns a matplotlib figure. The planes of Figs. 2 and S5 are kept in a folder, and continued
from there.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sidr import yaml
from sidr.neutrinos import N_TOT
from sidr.oscillations import ROUNDED_SPLITTINGS
from sidr.thermal import equilibrium, evolve
from sidr.thermal.constraints import DELTA_N_BBN, FLOORS
from sidr.thermal.plane import M_PHI, plane
from sidr.thermal.sterile import sterile_rates

#: Fig. 1: m_phi [MeV], lambda_phi_chi, M_N/lambda_phi_N [MeV], Sigma m_nu [eV], n_chi
BENCHMARK = (0.01, 0.003, 100, 0.065, 1)

T_GAMMA = r"$T_\gamma$ [MeV]"


def fig1():
    """Rates and temperatures of the benchmark."""
    history = evolve(*BENCHMARK)
    fig, (rates, temperatures) = plt.subplots(2, 1, sharex=True, figsize=(6, 7.5), layout="constrained")
    labels = {"weak": r"$\nu_e e$ (weak)", "nu_nu_to_chi_chi": r"$\nu\nu\to\chi\chi$",
              "nu_nu_to_phi_phi": r"$\nu\nu\to\phi\phi$", "chi_chi_to_chi_chi": r"$\chi\chi\to\chi\chi$",
              "phi_to_chi_chi": r"$\phi\to\chi\chi$"}
    for name, label in labels.items():
        rate = getattr(history.rates, name)
        rates.plot(history.T_gamma, np.where(rate > 0, rate, np.nan), label=label)
    rates.axhline(1, color="k", lw=0.8)
    rates.set(yscale="log", ylim=(1e-8, 1e16), ylabel=r"$\Gamma/H$")
    rates.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    draw_temperatures(temperatures, history)
    fig.suptitle(rf"$m_\phi = {BENCHMARK[0]:g}$ MeV, $\sum m_\nu = {BENCHMARK[3]:g}$ eV, $n_\chi = 1$, "
                 rf"$G_\mathrm{{eff}} = {history.G_eff:.2g}$ MeV$^{{-2}}$")
    return fig


def fig2(folder=None, size=60, jobs=None, limits=None, part=None):
    """N_nu over Sigma m_nu and m_phi, for one and two flavours of chi."""
    return planes(100, "fig2", folder, size, jobs, limits, part)


def figS1():
    """N_eff of equilibrium against the number of flavours of chi."""
    n = np.linspace(0, 10, 101)
    results = [equilibrium(x) for x in n]
    fig, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
    ax.plot(n, [e.N_eff for e in results], label=r"$N_\mathrm{eff}$")
    ax.plot(n, [e.N_eff_nu for e in results], label=r"$N_\mathrm{eff}^\nu$")
    ax.plot(n, 9 / (3 + n), "k:", lw=1, label=r"$9/(3+n_\chi)$")
    ax.set(xlabel=r"$n_\chi$", xlim=(0, 10), ylim=(0, 3.3))
    ax.legend()
    return fig


def figS2(m_nu=0.065 / 3, M_N=10.0, M_N_over_lambda=100.0):
    """Production of sterile neutrinos."""
    T = np.geomspace(0.5, 3e4, 300)
    rates = sterile_rates(T, m_nu, M_N, M_N / M_N_over_lambda)
    fig, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    labels = (r"$e\nu_l\to e\nu_l$", r"$e\nu_l\to e\nu_h$", r"$\nu_l\nu_l\to\nu_l\nu_h$",
              r"$ee\to\nu_l\nu_h$", r"$\nu_l\nu_l\to\nu_h\nu_h$ ($Z$, $\phi$)")
    for rate, label, style in zip(rates, labels, ("k", "C2", "C0--", "m", "C1"), strict=True):
        ax.loglog(T, rate, style, label=label)
    ax.axhline(1, color="gray", lw=0.8)
    ax.set(xlabel=T_GAMMA, ylabel=r"$\Gamma/H$", ylim=(1e-12, 1e12), xlim=T[[0, -1]],
           title=rf"$M_N = {M_N:g}$ MeV, $\lambda_{{\phi N}} = {M_N / M_N_over_lambda:g}$")
    ax.legend(fontsize="small")
    return fig


def figS3():
    """Temperatures for several masses of the mediator."""
    points = [(m_phi, *BENCHMARK[1:]) for m_phi in (0.01, 0.1, 1.0)]
    return rows([evolve(*p) for p in points], [rf"$m_\phi = {p[0]:g}$ MeV" for p in points])


def figS4():
    """Temperatures for several sums of masses, m_phi = 1 MeV."""
    points = [(1.0, 0.003, 100, m, 1) for m in (0.01, 0.03, 0.1, 0.65)]
    return rows([evolve(*p) for p in points], [rf"$\sum m_\nu = {p[3]:g}$ eV" for p in points])


def figS5(folder=None, size=60, jobs=None, limits=None, part=None):
    """As `fig2`, with ten times weaker couplings of the neutrinos."""
    return planes(1000, "figS5", folder, size, jobs, limits, part)


def figS6(lightest=1e-3):
    """Temperatures in the normal ordering, for several masses of the mediator."""
    m_nu_sum = np.sqrt(lightest**2 + ROUNDED_SPLITTINGS["normal"].m2).sum()
    points = [(m_phi, 0.003, 100, m_nu_sum, 1, "normal") for m_phi in (0.01, 0.1, 1.0)]
    return rows([evolve(*p) for p in points], [rf"$m_\phi = {p[0]:g}$ MeV" for p in points])


def figS7():
    """Temperatures with forty flavours of chi, in the two modes of G_eff."""
    modes = {"MI": 1e-4, "SI": 2.2e-2}
    histories = [evolve(0.003 / G_eff**0.5, 0.003, 100, 0.09, 40) for G_eff in modes.values()]
    return rows(histories, [rf"{name}: $G_\mathrm{{eff}} = {G_eff:g}$ MeV$^{{-2}}$"
                            for name, G_eff in modes.items()])


def draw_temperatures(ax, history):
    """T/T_gamma of the neutrinos and chi, and what remains of them."""
    for T, label, style in ((history.T_nu_e, r"$\nu_e$", "C0-"),
                            (history.T_nu_mu, r"$\nu_{\mu,\tau}$", "C1--"),
                            (history.T_chi, r"$\chi$", "C3-")):
        ax.plot(history.T_gamma, T / history.T_gamma, style, label=label)
    ax.axhline((4 / 11)**(1 / 3), color="k", lw=0.6, ls=":")
    ax.set(xscale="log", xlim=history.T_gamma[[0, -1]], ylim=(0, 1.05), xlabel=T_GAMMA,
           ylabel=r"$T/T_\gamma$")
    ax.text(0.97, 0.06, rf"$N_\mathrm{{eff}}^\nu = {history.N_eff_nu:.3f}$, "
            rf"$N_\mathrm{{eff}}^\mathrm{{tot}} = {history.N_eff:.3f}$", transform=ax.transAxes, ha="right")
    ax.legend(fontsize="small", loc="upper right")


def rows(histories, titles):
    """A panel of temperatures for each history."""
    fig, axes = plt.subplots(len(histories), 1, sharex=True, figsize=(6, 2.6 * len(histories)),
                             layout="constrained")
    for ax, history, title in zip(axes, histories, titles, strict=True):
        draw_temperatures(ax, history)
        ax.set_title(title, fontsize="medium")
        ax.label_outer()
    return fig


def planes(M_N_over_lambda, name, folder, size, jobs, limits, part=None):
    """Contours of N_nu for n_chi = 1 and 2, with what excludes and prefers regions; of a part only rows."""
    known = read_limits(limits) if limits is not None else {}
    grids = {}
    for n_chi in (1, 2):
        file = folder and Path(folder) / f"{name}_nchi{n_chi}.txt"
        grids[n_chi] = plane(n_chi, M_N_over_lambda, BENCHMARK[1], size, file, jobs, part)
    if part:
        return None
    fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained", sharey=True)
    for ax, (n_chi, grid) in zip(axes, grids.items(), strict=True):
        levels = np.linspace(9 / (3 + n_chi), 3.1, 11)
        filled = ax.contourf(grid.m_nu_sum, grid.m_phi, grid.N_eff_nu, levels, cmap="viridis_r",
                             extend="both")
        fig.colorbar(filled, ax=ax, label=r"$N_\mathrm{eff}^\nu$", format="%.2f")
        helium, expansion = (N - N_TOT for N in (grid.N_bbn, grid.N_eff))
        ax.contourf(grid.m_nu_sum, grid.m_phi, helium, [DELTA_N_BBN, 99], colors="none", hatches=["///"])
        ax.contour(grid.m_nu_sum, grid.m_phi, helium, [DELTA_N_BBN], colors="gray")
        # As the paper has it
        ax.contour(grid.m_nu_sum, grid.m_phi, expansion, [DELTA_N_BBN], colors="gray", linestyles=":")
        ax.axvline(FLOORS["normal"], color="k", ls="--", lw=1)
        ax.axvline(3 * 0.45, color="k", ls="-.", lw=1)
        draw_posterior(ax, known.get(n_chi))
        if n_chi == BENCHMARK[4] and M_N_over_lambda == BENCHMARK[2]:
            ax.plot(BENCHMARK[3], BENCHMARK[0], "r*", ms=12)
        ax.set(xscale="log", yscale="log", xlabel=r"$\sum m_\nu$ [eV]", title=rf"$n_\chi = {n_chi}$",
               ylim=M_PHI)
        G_eff = ax.secondary_yaxis("right", functions=(  # matplotlib tries G = 0 first
            lambda m: (BENCHMARK[1] / m)**2, lambda G: BENCHMARK[1] / np.maximum(G, 1e-300)**0.5))
        G_eff.set_ylabel(r"$G_\mathrm{eff}$ [MeV$^{-2}$]")
    axes[0].set_ylabel(r"$m_\phi$ [MeV]")
    unknown = " and ".join(str(n_chi) for n_chi in (1, 2) if n_chi not in known)
    note = rf"; no posterior for $n_\chi =$ {unknown}" if unknown else ""
    fig.suptitle(rf"$\lambda_{{\phi\chi}} = {BENCHMARK[1]:g}$, "
                 rf"$M_N/\lambda_{{\phi N}} = {M_N_over_lambda:g}$ MeV{note}", fontsize="medium")
    return fig


def read_limits(path):
    """Limits and modes of a posterior, from a file that `sidr limits` writes.

    Parameters
    ----------
    path : path-like
        YAML file, by n_chi, 1 or 2: `limit`, a list of [log10_G_eff, m_nu_sum], the upper limit on the sum
        [eV] at 95%, and `modes`, a range [log10_G_eff, log10_G_eff] at 68% by name.

    Returns
    -------
    dict
        By n_chi: `limit`, array of shape (2, n) with rising couplings, and `modes`.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is another one.
    """
    found = {}
    content = yaml.load_file(path)
    if not isinstance(content, dict) or not content.keys() <= {1, 2} or not content:
        raise ValueError(f"{path} has not the limits for n_chi = 1, 2 or both of them.")
    for n_chi, block in content.items():
        try:
            limit, modes = np.array(block["limit"], float), block["modes"] or {}
            bands = np.array(list(modes.values()), float).reshape(len(modes), 2)
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            raise ValueError(f"{path}, n_chi = {n_chi}: `limit` or `modes` is wrong ({error}).") from error
        if limit.ndim != 2 or limit.shape[1] != 2 or len(limit) < 2 or (np.diff(limit[:, 0]) <= 0).any():
            raise ValueError(f"{path}, n_chi = {n_chi}: `limit` is not two or more pairs of log10 G_eff, "
                             "rising, and of a sum of masses.")
        if not (np.isfinite(limit).all() and np.isfinite(bands).all()):
            raise ValueError(f"{path}, n_chi = {n_chi} has numbers that are not finite.")
        found[n_chi] = {"limit": limit.T, "modes": modes}
    return found


def draw_posterior(ax, known):
    """2-sigma limit on Sigma m_nu against G_eff, and 1-sigma bands of the modes, of `read_limits`."""
    if known is None:
        return
    points = known["limit"]
    log10_G_eff = np.linspace(points[0].min(), points[0].max(), 400)
    m_nu_sum = np.interp(log10_G_eff, *points)
    m_phi = BENCHMARK[1] / 10**(log10_G_eff / 2)        # (6)
    ax.plot(m_nu_sum, m_phi, color="magenta", lw=1.5)
    for low, high in known["modes"].values():
        inside = (log10_G_eff >= low) & (log10_G_eff <= high) & (m_nu_sum > FLOORS["normal"])
        ax.fill_betweenx(m_phi, FLOORS["normal"], m_nu_sum, where=inside, color="r", alpha=0.5, lw=0)


#: By their numbers in the paper
FIGURES = {"fig1": fig1, "fig2": fig2, "figS1": figS1, "figS2": figS2, "figS3": figS3, "figS4": figS4,
           "figS5": figS5, "figS6": figS6, "figS7": figS7}
