"""Best fits, and chi2 against that of LCDM with massive neutrinos for the same data."""

from math import isfinite, nan
from pathlib import Path
from typing import NamedTuple

from sidr.runs import read_rows
from sidr.runs.scenario import short_name

#: Files of Cobaya's `minimize`, and what they hold
MINIMA = {".bestfit.txt": "best fit", ".minimum.txt": "maximum of the posterior"}

#: The least chi2 of the samples, an upper limit of that of the best fit
SAMPLE = "best sample"


class Fit(NamedTuple):
    """A point with its chi2."""
    kind: str       # one of MINIMA, or SAMPLE
    point: dict     # columns of Cobaya's files: parameters, chi2, chi2__LIKELIHOOD

    @property
    def chi2(self):
        return self.point["chi2"]


class Improvement(NamedTuple):
    """chi2 - chi2 of LCDM, of fits of one kind."""
    fit: Fit
    baseline: Fit
    baseline_name: str

    @property
    def delta_chi2(self):
        return self.fit.chi2 - self.baseline.chi2

    @property
    def parts(self):
        """By likelihood, those that both have; none of samples, which are not at the minimum."""
        if self.fit.kind == SAMPLE:
            return {}
        prefix = "chi2__"
        return {short_name(name.removeprefix(prefix)): value - self.baseline.point[name]
                for name, value in self.fit.point.items()
                if name.startswith(prefix) and "." in name and name in self.baseline.point}


def read_minima(root):
    """What Cobaya's `minimize` has found for a run.

    Parameters
    ----------
    root : Path

    Returns
    -------
    fits : list of Fit
    complaints : list of str
    """
    fits, complaints = [], []
    for extension, kind in MINIMA.items():
        path = Path(f"{root}{extension}")
        if not path.exists():
            continue
        try:
            rows = read_rows(path)
        except OSError as error:
            complaints.append(f"{path} cannot be read ({error.strerror}): no chi2 is taken from it.")
            continue
        if rows.good and isfinite(dict(zip(rows.columns, rows.good[0], strict=False)).get("chi2", nan)):
            fits.append(Fit(kind, dict(zip(rows.columns, rows.good[0], strict=True))))
        else:
            complaints.append(f"{path} cannot be read: no chi2 is taken from it.")
    return fits, complaints


def best_sample(samples):
    """The sample with the least chi2, in a list; an empty one if there is no chi2."""
    names = samples.getParamNames().list()
    if "chi2" not in names:
        return []
    best = samples.samples[samples["chi2"].argmin()]
    return [Fit(SAMPLE, dict(zip(names, map(float, best), strict=True)))]


def improvement(fits, baselines):
    """Compare with LCDM, like with like.

    Parameters
    ----------
    fits : list of Fit
        Of one run.
    baselines : dict of list of Fit
        Those of the LCDM runs of the same data, by name.

    Returns
    -------
    Improvement or None
        None if there is no LCDM run with a fit of a kind that this one has.
    """
    for fit in fits:
        same = [(other, name) for name, others in baselines.items() for other in others
                if other.kind == fit.kind]
        if same:
            baseline, name = min(same, key=lambda pair: pair[0].chi2)
            return Improvement(fit, baseline, name)
    return None
