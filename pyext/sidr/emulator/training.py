"""Exact spectra of many cosmologies: a folder with a file for each, computed by several processes.

What is in the folder is never computed again: after a kill the same command continues. Each file has its
parameters, so that points of a design and of a posterior are side by side.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from cobaya.yaml import yaml_dump_file
from tqdm import tqdm

from sidr import yaml
from sidr.classy import CosmoComputationError, __version__
from sidr.emulator.spectra import SETTINGS, exact
from sidr.files import read_npz, replacing
from sidr.pools import compute, share

ABOUT = "about.yaml"


class Spectra(NamedTuple):
    """Cosmologies and their spectra.

    Attributes
    ----------
    names : tuple of str
        Of the parameters.
    params : ndarray, shape (n, d)
    cl : ndarray, shape (n, 4, L_MAX + 1)
        As `sidr.emulator.spectra.exact` gives them.
    numbers : ndarray, shape (n, len(NUMBERS))
    """
    names: tuple
    params: np.ndarray
    cl: np.ndarray
    numbers: np.ndarray


class TrainingSet:
    """The folder.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.
    model : str
    names : sequence of str
        Of the parameters.
    alpha : str or list
        Angular coefficients of the collision term.

    Raises
    ------
    ValueError
        If the folder has spectra of another model or of other settings.
    """

    def __init__(self, folder, model, names, alpha="das_ghosh"):
        self.folder = Path(folder)
        self.about = {"model": model, "names": list(names), "alpha": alpha, "class": __version__,
                      "settings": SETTINGS}
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / ABOUT
        if not path.exists():
            with replacing(path) as new:
                yaml_dump_file(new, self.about)
        there = yaml.load_file(path)
        if not isinstance(there, dict):
            raise ValueError(f"{path} does not say what the spectra beside it are: take another folder, or "
                             "remove this one.")
        if differing := [name for name in self.about if there.get(name) != self.about[name]]:
            name = differing[0]
            raise ValueError(f"{self.folder} has spectra of {name} = {there.get(name)}, not of "
                             f"{self.about[name]}: take another folder, or remove this one.")

    def compute(self, label, points, processes=None, part=None):
        """Compute the spectra of those points that are not there yet.

        Parameters
        ----------
        label : str
            Of these points, in the names of the files.
        points : ndarray, shape (n, d)
        processes : int, optional
            As of `sidr.pools.compute`.
        part : sidr.pools.Part, optional
            Compute those of one of several jobs only.

        Returns
        -------
        dict
            Names of the files of the points that CLASS cannot compute, and its messages.
        """
        tasks = [(self.folder / f"{label}_{i:05d}.npz", dict(zip(self.about["names"], row, strict=True)),
                  self.about["alpha"]) for i, row in enumerate(np.asarray(points).tolist())]
        tasks = [task for task in share(tasks, part) if not (task[0].exists() or failure(task[0]).exists())]
        # fresh processes: CLASS's memory is theirs, and a fork would share the threads of this one
        for _ in tqdm(compute(compute_file, tasks, processes, fresh=True), total=len(tasks),
                      unit="cosmology", desc=f"{self.about['model']} {label}", disable=not tasks):
            pass
        return {path.stem: path.read_text() for path in sorted(self.folder.glob(f"{label}_*.failed"))}

    def count(self, label):
        """How many labels there are that begin like this."""
        return len({path.name.split("_")[0] for path in self.folder.glob(f"{label}*_*")})

    def load(self, labels=("",)):
        """Spectra in the folder, as `Spectra`: those of labels that begin in one of some ways."""
        paths = [path for label in labels for path in sorted(self.folder.glob(f"{label}*.npz"))]
        if not paths:
            raise ValueError(f"{self.folder} has no spectra.")
        files = [read_npz(path, ("params", "cl", "numbers"), "remove it, and it is computed again")
                 for path in paths]
        return Spectra(tuple(self.about["names"]), *(np.array([f[name] for f in files])
                                                     for name in ("params", "cl", "numbers")))


def failure(path):
    return path.with_suffix(".failed")


def compute_file(path, point, alpha):
    """Write the spectra of one point, or why there are none; a kill leaves no half of a file."""
    try:
        cl, numbers = exact(point, alpha)
    except CosmoComputationError as error:
        with replacing(failure(path)) as new:
            Path(new).write_text(f"{point}: {error}\n")
        return
    with replacing(path) as new, open(new, "wb") as file:   # to a name, savez would add .npz
        np.savez(file, params=list(point.values()), cl=cl, numbers=numbers)
