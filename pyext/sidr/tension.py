r"""How far below the masses that oscillations need the data want Sigma m_nu.

    from sidr import runs, tension
    chain = runs.load_samples("chains/negative_mass")
    print(tension.measure(chain))

A run with `m_nu_sum` below 0 (docs/negative_mass.md) gives its posterior: mean, 95% interval, and the part
of it below the minimum of each mass ordering, P. As n sigma, :math:`P = \Phi(n)`: of a Gaussian posterior
the distance from its mean to the minimum. A `Profile`, the best chi2 at each sum, also at those from 0 on
alone, has a parabola, Delta chi2 and the limit of Feldman and Cousins (physics/9711021).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from sidr.checks import number

#: Least Sigma m_nu [eV] of the mass orderings, from NuFIT 5.3's splittings, as arXiv:2503.14744 has them
MINIMA = {"normal": 0.0588, "inverted": 0.0989}

#: The parameter
NAME = "m_nu_sum"

#: Against which the figure draws it, where they are sampled or derived
LEVERS = ("tau_reio", "A_lens", "Omega_m", "w0")

#: Where fewer independent samples than this are above a minimum, the tail is fitted
FEW = 50

#: Part of the posterior that makes its tail
TAIL = 0.15

#: Independent samples without which there is nothing to say
FEWEST = 20

REPEATS = 200


class Probability(NamedTuple):
    """Part of a posterior below a sum of masses."""
    below: float        # of 1
    n_sigma: float      # the same, P = Phi(n)
    error: float        # of n_sigma, from the number of samples
    fitted: bool        # whether from a fit to the tail


class Measure(NamedTuple):
    """Posterior of Sigma m_nu [eV]."""
    mean: float
    sigma: float
    interval: tuple         # equal-tailed, 95%
    n_independent: float
    probabilities: dict     # `Probability` by mass ordering


def measure(samples, weights=None):
    """Posterior of the sum of masses, and how much of it is below the minima of the mass orderings.

    Parameters
    ----------
    samples : getdist.MCSamples or array_like, shape (n,)
        With the parameter `m_nu_sum`, or its values [eV]. The values have to be independent: of a Markov
        chain give the MCSamples, of which the correlation length is taken into account.
    weights : array_like, shape (n,), optional
        Of the values.

    Returns
    -------
    Measure

    Raises
    ------
    ValueError
        If the parameter is not there, or there are fewer than 20 independent samples.
    """
    values, weights, n_independent = independent(samples, weights)
    if n_independent < FEWEST:
        raise ValueError(f"{n_independent:.0f} independent samples of {NAME} are too few: go on with the "
                         f"run, to {FEWEST} and more.")
    mean = np.average(values, weights=weights)
    sigma = np.sqrt(np.average((values - mean)**2, weights=weights))
    probabilities = {name: below(minimum, values, weights, n_independent)
                     for name, minimum in MINIMA.items()}
    return Measure(mean, sigma, tuple(quantiles(values, weights, [0.025, 0.975])), n_independent,
                   probabilities)


def independent(samples, weights):
    """Values, weights of sum 1, and the effective number of independent samples."""
    n_correlated = np.inf
    if hasattr(samples, "getParams"):
        if NAME not in samples.getParamNames().list():
            raise ValueError(f"{NAME} is not a parameter of this run, which has "
                             f"{', '.join(samples.getParamNames().list())}.")
        n_correlated = samples.getEffectiveSamples(samples.paramNames.numberOfName(NAME))
        samples, weights = samples[NAME], samples.weights
    values = np.asarray(samples, dtype=float)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    if values.shape != weights.shape or not np.isfinite(values).all() or not (weights >= 0).all():
        raise ValueError("Each finite value needs a weight, 0 or more.")
    weights = weights / weights.sum()
    return values, weights, min(1 / (weights**2).sum(), n_correlated)   # Kish's number


def quantiles(values, weights, probabilities):
    """Those of weighted samples."""
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return np.interp(probabilities, cumulated - weights[order] / 2, values[order])


def below(minimum, values, weights, n_independent):
    """The `Probability` that the sum of masses is below a minimum.

    By counting where both sides have `FEW` independent samples; if one has fewer, by a fit to the tail on
    that side. The error is that of `n_independent` draws.
    """
    inside = np.clip(weights[values < minimum].sum(), 0, 1)
    few = n_independent * min(inside, 1 - inside) < FEW
    if not few:
        n = norm.ppf(inside)
        return Probability(inside, n, np.sqrt(inside * (1 - inside) / n_independent) / norm.pdf(n), False)
    side = 1 if inside > 0.5 else -1
    fitted = side * tail_sigma(side * minimum, side * values, weights)
    rng = np.random.default_rng(0)
    size = max(int(n_independent), FEWEST)
    draws = [tail_sigma(side * minimum, side * rng.choice(values, size, p=weights), np.full(size, 1 / size))
             for _ in range(REPEATS)]
    return Probability(norm.cdf(fitted), fitted, np.std(draws), True)


def tail_sigma(x, values, weights):
    r"""n of P(< x) = Phi(n), from the upper tail of weighted samples.

    The quantiles of a posterior that is nearly Gaussian in its tail are nearly on a line in n. The tail is
    fitted, by its likelihood, with that of a Gaussian beyond a threshold u:

    .. math:: p(y \mid y > u) = \frac{\phi((y - \mu)/s)/s}{1 - \Phi((u - \mu)/s)},
              \qquad 1 - \Phi((u - \mu)/s) = P(> u)

    With P(> u) counted, mu and s are one unknown.
    """
    u, = quantiles(values, weights, [1 - TAIL])
    n_u = norm.ppf(1 - TAIL)
    above = values > u
    excess, weight = values[above] - u, weights[above] / weights[above].sum()

    def minus_loglike(log_s):
        s = np.exp(log_s)
        return -(weight @ (norm.logpdf(n_u + excess / s) - log_s))

    start = np.log((weight @ excess) / ((norm.pdf(n_u) / TAIL) - n_u))      # of a Gaussian, from the mean
    s = np.exp(minimize(minus_loglike, start, method="Nelder-Mead").x[0])
    return n_u + (x - u) / s


class Profile:
    """Best chi2 for each of a few sums of masses.

    Parameters
    ----------
    m_nu_sum : array_like, shape (n,)
        [eV], three or more.
    chi2 : array_like, shape (n,)

    Attributes
    ----------
    vertex, sigma : float
        Of the parabola chi2 = chi2_min + (m - vertex)^2/sigma^2 through the points [eV]. The vertex may be
        below 0, also if no point is.
    chi2_min : float

    Raises
    ------
    ValueError
        If there are fewer than three points, or if they have no minimum.
    """

    def __init__(self, m_nu_sum, chi2):
        m, chi2 = (np.asarray(x, dtype=float) for x in (m_nu_sum, chi2))
        if m.shape != chi2.shape or len(np.unique(m)) < 3 or not np.isfinite([m, chi2]).all():
            raise ValueError("A profile needs finite chi2 at three or more different sums of masses.")
        curvature, slope, constant = np.polyfit(m, chi2, 2)
        if not curvature > 0:
            raise ValueError("The profile has no minimum: the coefficient of m_nu_sum^2 is "
                             f"{curvature:g}/eV^2.")
        self.vertex, self.sigma = -slope / (2 * curvature), curvature**-0.5
        self.chi2_min = constant - curvature * self.vertex**2

    def delta_chi2(self, m_nu_sum):
        """chi2 at a sum of masses [eV] above that of the best one, which may be below 0."""
        return ((m_nu_sum - self.vertex) / self.sigma)**2

    def upper_limit(self, level=0.95):
        """Limit of Feldman and Cousins on a sum of masses that is 0 or more [eV]."""
        return self.sigma * feldman_cousins(self.vertex / self.sigma, level)


def feldman_cousins(x0, level=0.95):
    """Upper end of the confidence interval of a mean mu >= 0 of a Gaussian of width 1.

    Values x are taken into the interval of mu in the order of R = P(x|mu)/P(x|max(0, x)), eq. (4.2) of
    physics/9711021.

    Parameters
    ----------
    x0 : float
        Measured.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    float
    """
    x0 = number("x0", x0)
    if not 0 < number("level", level) < 1:
        raise ValueError(f"level = {level!r} must be between 0 and 1.")

    def excess(mu):
        """Probability of the interval of mu that begins at x0, above the level."""
        best = max(x0, 0.0)
        log_R = (x0 - best)**2 / 2 - (x0 - mu)**2 / 2       # eq. (4.3)
        end = np.sqrt(-2 * log_R)       # above mu, where the best mean is x itself
        return norm.cdf(end) - norm.cdf(x0 - mu) - level

    low = max(x0, 0.0)
    return brentq(excess, low + 1e-12, low + 10, xtol=1e-12)


def table(measures, profiles=()):
    """Text with one row for each run.

    Parameters
    ----------
    measures : dict of Measure
        By the name of the run.
    profiles : dict of Profile
        By name as well.

    Returns
    -------
    str
    """
    rows = [("run", "Sigma m_nu [eV]", "95%", *(f"< {m:g} eV ({name})" for name, m in MINIMA.items()))]
    for name, m in measures.items():
        low, high = m.interval
        rows.append((name, f"{m.mean:.3f} +- {m.sigma:.3f}", f"[{low:.3f}, {high:.3f}]",
                     *(probability_text(p) for p in m.probabilities.values())))
    lines = [aligned(rows)] if measures else []
    if any(p.fitted for m in measures.values() for p in m.probabilities.values()):
        lines[0] += f"\n* few samples are beyond: from a fit to the outer {TAIL:.0%} of them"
    if profiles:
        rows = [("profile", "vertex [eV]", "sigma [eV]", "Feldman-Cousins 95%",
                 *(f"Delta chi2 at {m:g} eV" for m in MINIMA.values()))]
        rows += [(name, f"{p.vertex:.4f}", f"{p.sigma:.4f}", f"< {p.upper_limit():.4f} eV",
                  *(f"{p.delta_chi2(m):.2f}" for m in MINIMA.values())) for name, p in profiles.items()]
        lines.append(aligned(rows))
    return "\n\n".join(lines)


def probability_text(p):
    """`P = 99.1%: 2.37 +- 0.05 sigma`, with a star where the tail is fitted."""
    return f"P = {100 * p.below:.4g}%: {p.n_sigma:.2f} +- {p.error:.2f} sigma{'*' if p.fitted else ''}"


def aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
                     for row in rows)


def figure(chains):
    """Posteriors of Sigma m_nu on one axis with both minima, and against what it depends on.

    Parameters
    ----------
    chains : dict of getdist.MCSamples
        By the name of the run.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    found = [name for name in LEVERS
             if any(name in chain.getParamNames().list() for chain in chains.values())]
    fig, axes = plt.subplots(1, 1 + len(found), figsize=(3.4 * (1 + len(found)), 3.2), squeeze=False,
                             layout="constrained")
    for i, (name, chain) in enumerate(chains.items()):
        color = f"C{i}"
        density = chain.get1DDensity(NAME)
        axes[0, 0].plot(density.x, density.P / np.trapezoid(density.P, density.x), color=color, label=name)
        for ax, lever in zip(axes[0, 1:], found, strict=True):
            if lever not in chain.getParamNames().list():
                continue
            contours = chain.get2DDensity(NAME, lever)
            levels = sorted(contours.getContourLevels([0.95, 0.68]))
            ax.contour(contours.x, contours.y, contours.P, levels, colors=color, linewidths=[1, 1.6])
            ax.set_ylabel(f"${chain.parLabel(lever)}$")
    for ax in axes[0]:
        for minimum, style in zip(MINIMA.values(), ("--", ":"), strict=True):
            ax.axvline(minimum, color="0.4", ls=style, lw=1)
        ax.set_xlabel(r"$\sum m_\nu$ [eV]")
    axes[0, 0].set(ylabel="posterior density [1/eV]", ylim=(0, None))
    axes[0, 0].legend(fontsize="small", frameon=False, loc="upper right")
    return fig
