"""The constraints of arXiv:2506.08085 (paper.yaml), and ours in the same form beside them."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sidr import yaml
from sidr.modes import COUPLING, MODES
from sidr.plots import decimals

FILE = Path(__file__).with_name("paper.yaml")

#: log10 G_eff and Sigma m_nu where the paper's priors begin: an upper limit is counted from there.
PRIOR_EDGE = {(COUPLING, name): mode.low for name, mode in MODES.items()}

#: Standard deviation of an upper limit estimated from n independent samples, times sqrt(n)/sigma, by level:
#: sqrt(p(1-p)) over the density at the limit, for half a normal distribution
LIMIT_ERROR = {1: 0.96, 2: 1.93}


class Quote(NamedTuple):
    """A number of the paper."""
    table: str           # 1, S3 or S4
    level: int           # 1 or 2 sigma
    text: str            # as printed, but for `scale`: `< 0.1` or `0.3 +0.1 -0.2`
    center: float        # or the limit
    sigma: tuple         # errors above and below; for a limit the distance per sigma from the prior's edge
    is_limit: bool
    rounding: float      # half a unit of the last digit that is printed

    @property
    def source(self):
        return f"Table {self.table}, {self.level}σ"


class Comparison(NamedTuple):
    """A number of the paper and ours."""
    quote: Quote
    ours: str            # in the paper's form
    difference: float    # ours - the paper's, in its sigma
    error: float         # of that: rounding in the paper, and the number of our samples


@cache
def constraints():
    """The paper's numbers.

    Returns
    -------
    dict
        By (data, n_chi, mode), parameter and level: `Quote`.
    """
    quotes = {}
    for block in yaml.load_file(FILE):
        for name, row in block["rows"].items():
            for (n_chi, mode), text in zip(block["columns"], row["values"], strict=True):
                column = quotes.setdefault((block["data"], n_chi, mode), {})
                edge = PRIOR_EDGE.get((name, mode), 0.0)
                # Table 1 is the first, and has more digits of log10 G_eff than S3 and S4
                column.setdefault((name, row["level"]), quote(block["table"], row["level"], text,
                                                              row.get("scale", 1), edge))
    return quotes


@cache
def delta_chi2():
    """The paper's chi2 - chi2 of LCDM with massive neutrinos, by (data, n_chi, mode)."""
    return {(block["data"], *column): value for block in yaml.load_file(FILE)
            for column, value in zip(block["columns"], block.get("delta_chi2", ()), strict=False)}


def quote(table, level, text, scale, edge):
    """Read a number as printed, times `scale`."""
    first, *errors = text.removeprefix("<").split()
    digits = len(first.partition(".")[2])
    rounding = scale * 0.5 * 10.0**-digits
    center = scale * float(first)
    if text.startswith("<"):
        sigma = ((center - edge) / level,) * 2
    else:
        sigma = tuple(scale * abs(float(error)) for error in errors)
    if scale != 1:
        digits -= round(np.log10(scale))
        text = " ".join([f"{center:.{digits}f}", *(f"{scale * float(e):+.{digits}f}" for e in errors)])
    return Quote(table, level, text, center, sigma, not errors, rounding)


def compare(samples, independent, quote, name):
    """Our number in the form of the paper's: a limit where that has one, else mean and errors.

    The difference is in units of the paper's sigma on the side of ours; that of an upper limit is its
    distance from the edge of the prior, over its level.

    Parameters
    ----------
    samples : getdist.MCSamples
    independent : float
        Effective number of samples.
    quote : Quote
    name : str
        Of the parameter.

    Returns
    -------
    Comparison
    """
    par = samples.getMargeStats().parWithName(name, error=True)
    contour = samples.contours[quote.level - 1]
    digits = decimals(par.err)
    if quote.is_limit:
        # the tail above, whether or not getdist finds that the posterior has one tail only
        ours = samples.confidence(name, 1 - contour, upper=True)
        text, error = f"< {ours:.{digits}f}", LIMIT_ERROR[quote.level]
    else:
        ours, error = par.mean, 1.0
        limit = par.limits[quote.level - 1]
        low, high = (limit.lower, limit.upper) if limit.twotail else (
            samples.confidence(name, (1 - contour) / 2, upper=upper) for upper in (False, True))
        text = f"{ours:.{digits}f} {high - ours:+.{digits}f} {low - ours:+.{digits}f}"
    sigma = quote.sigma[0] if ours > quote.center else quote.sigma[1]
    return Comparison(quote, text, (ours - quote.center) / sigma,
                      float(np.hypot(quote.rounding / sigma, error / np.sqrt(independent))))
