"""The runs behind Tables 1, S3, S4 of arXiv:2506.08085, for Cobaya's grid tools, and their best fits."""

from pathlib import Path

import numpy as np
from cobaya.grid_tools.batchjob import readobject
from cobaya.yaml import yaml_load

#: Data sets, by the names of their blocks beside Planck
DATA = {"planck": [], "planck_desi_dr1": ["desi_dr1"], "planck_desi_dr2": ["desi_dr2"]}

#: Modes of each model that Metropolis samples by themselves; LCDM has none
MODES = {"lcdm": [[]], "nchi1": [["mi"], ["si"]], "nchi2": [["mi"], ["si"]]}

#: Best fits are compared with it
REFERENCE = "sidr_lcdm"

#: Parameters of a best fit that the table has
SHOWN = ("m_nu_sum", "log10_G_eff", "H0", "n_s", "tau_reio")


def blocks(folder, *names):
    """The blocks of these names in one, as `!defaults` joins them in a run file.

    Parameters
    ----------
    folder : path-like
        With the blocks. Without such a folder they are empty: so the copy of a settings file that a grid
        keeps can be read, where names are all that is asked.
    names : str

    Returns
    -------
    dict
    """
    if not Path(folder).is_dir():
        return {}
    return yaml_load(f"!defaults [{', '.join(names)}]", str(Path(folder, "grid.yaml")))


class Matrix:
    """All models, modes and data sets: what a settings file of `cobaya-grid-create` has.

    Parameters
    ----------
    folder : path-like
        That of `blocks`.
    theory : str
        Class of the theory.
    planck : str
        Block of Planck's likelihoods.
    nested : sequence of str
        Further blocks of nested sampling.

    Attributes
    ----------
    datasets, models, groups, minimize_defaults : dict
        As Cobaya reads them. A job's sampler belongs to its model and its data: a model for each pair.
    """

    def __init__(self, folder, theory="sidr.theory.SIDR", planck="planck", nested=()):
        self._folder, self._theory, self._nested_blocks = Path(folder), theory, nested
        self.datasets = {data: {"likelihood": self._blocks(planck, *names)} for data, names in DATA.items()}
        jobs = {"metropolis": {"_".join([model, *mode, data]): (data, self._metropolis(model, mode, data))
                               for data in DATA for model in MODES for mode in MODES[model]},
                "nested": {f"{model}_full_{data}": (data, self._nested(model, data))
                           for data in DATA for model in MODES}}
        self.models = {name: model for group in jobs.values() for name, (_, model) in group.items()}
        self.groups = {group: {"datasets": [*DATA], "models": [*members],
                               "skip": {name: set(DATA) - {data} for name, (data, _) in members.items()}}
                       for group, members in jobs.items()}
        self.minimize_defaults = self._blocks("minimize")

    def _blocks(self, *names):
        return blocks(self._folder, *names)

    def _metropolis(self, model, mode, data):
        """One mode of log10 G_eff, by Metropolis; all of LCDM, which has no mode."""
        covmat = "_".join([model, *mode, data])
        return {"tags": [model, *mode],
                "theory": {self._theory: self._blocks("class", model)},
                "params": self._blocks("lcdm_params", *(f"{name}_params" for name in mode)),
                "sampler": {"mcmc": self._blocks("mcmc", f"covmats/{covmat}")}}

    def _nested(self, model, data):
        """The whole prior of Table S1, by nested sampling, with the evidence."""
        alone = ["nautilus_planck"] if data == "planck" else []
        sampler = self._blocks("nautilus", *alone, *self._nested_blocks)
        if model == "lcdm":
            sampler.pop("split_at", None)
        return {"tags": [model, "full"],
                "theory": {self._theory: self._blocks("class", model)},
                "params": self._blocks("lcdm_params"),
                "sampler": {"sidr.samplers.Nautilus": sampler}}


def minima(grid):
    """Best fits in a grid's folder, from what the minimisation of each job has left.

    Parameters
    ----------
    grid : path-like

    Returns
    -------
    dict
        From (model, data) to a dictionary of parameters and chi2. chi2 is the sum over the likelihoods,
        without the priors: Cobaya's tables compare posteriors, where the width of the prior of log10 G_eff
        counts too.

    Raises
    ------
    ValueError
        If the folder is no grid, or a file of a best fit is not as Cobaya writes it.
    """
    batch = readobject(str(grid)) if Path(grid).is_dir() else None
    if batch is None:
        raise ValueError(f"{grid} is no grid: make it with cobaya-grid-create {grid} chains/grid.py")
    return {(job.paramtag, job.datatag): best_fit(Path(f"{job.chainRoot}.minimum.txt"))
            for job in batch.items() if job.chainMinimumExists()}


def best_fit(path):
    """Parameters and chi2 of one minimum, as Cobaya writes it: names and one row."""
    try:
        names, values = path.read_text().lstrip("#").strip().split("\n")
        point = dict(zip(names.split(), np.array(values.split(), dtype=float), strict=True))
    except ValueError as error:
        raise ValueError(f"{path} is not a line of names and one of numbers ({error}).") from error
    if "chi2" not in point:
        raise ValueError(f"{path} has no chi2.")
    return point


def minima_table(best):
    """The best fits of `minima` as text, with the difference of chi2 to LCDM with the same data."""
    lines = [f"{'data':16} {'model':16} {'chi2':>8} {'-LCDM':>7}"
             + "".join(f"{name:>12}" for name in SHOWN)]
    for (model, data), fit in sorted(best.items(), key=lambda item: item[0][::-1]):
        reference = best.get((REFERENCE, data))
        difference = f"{fit['chi2'] - reference['chi2']:7.2f}" if reference else " " * 7
        lines.append(f"{data:16} {model:16} {fit['chi2']:8.2f} {difference}" + "".join(
            f"{fit[name]:12.4f}" if name in fit else " " * 12 for name in SHOWN))
    return "\n".join(lines)
