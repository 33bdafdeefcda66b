"""From a design to an emulator, and to a better one where a posterior is.

    sidr train nchi1 -o training                                  (design, exact spectra, emulator)
    cobaya-run chains/quickstart.yaml                             (with `emulator: training/nchi1.npz`)
    sidr train nchi1 -o training -r chains/quickstart -a 64       (adds cosmologies of this posterior)
    sidr reweight chains/quickstart                               (how good it is, by exact CLASS)
"""

from pathlib import Path

import numpy as np

from sidr import plots
from sidr.emulator import design
from sidr.emulator.background import Background
from sidr.emulator.emulator import Emulator
from sidr.emulator.fit import fit, worst
from sidr.emulator.training import TrainingSet, save
from sidr.neutrinos import N_TOT, class_inputs

CANDIDATES = 2000   # samples of a posterior, of which the worst are taken
SAMPLED = ("omega_b", "omega_cdm", "H0", "logA", "n_s", "tau_reio", "m_nu_sum")
MODES = -2.5        # log10 G_eff between the modes, which get as many of them each


def train(model, folder, size, processes=None, roots=(), add=0):
    """Train an emulator in a folder; what is there is kept.

    Parameters
    ----------
    model : str
        A design of the package: lcdm, nchi1 or nchi2.
    folder : path-like
        Takes the spectra, in the subfolder `model`, and the emulator, `model`.npz.
    size : int
        Cosmologies of the design.
    processes : int, optional
        All cores if not given.
    roots : sequence of str
        Posteriors that were sampled with the emulator in the folder.
    add : int
        Cosmologies to add from each, where the emulator expects its largest errors.

    Returns
    -------
    path : pathlib.Path
        Of the emulator.
    failed : dict
        Names of the cosmologies that CLASS could not compute, and its messages.
    """
    shape, path = design.load(model), Path(folder) / f"{model}.npz"
    spectra = TrainingSet(Path(folder) / model, model, shape.names)
    failed = spectra.compute("design", shape.points(size), processes)
    for root in roots:
        label = f"posterior{len(list(spectra.folder.glob('posterior*_00000.*')))}"
        points = worst(Emulator.load(path), posterior(root, Emulator.load(path)), add)
        failed |= spectra.compute(label, points, processes)
    fit(spectra.load(), shape, spectra.about).save(path)
    save(spectra.load(), path.with_name(f"{model}_spectra.npz"))
    return path, failed


def posterior(root, emulator, seed=0):
    """Samples of a run as points of an emulator, with as many of both modes.

    Parameters
    ----------
    root : str
        Output of the run.
    emulator : Emulator
    seed : int

    Returns
    -------
    ndarray, shape (n, d)
        Those that are in its region; N_chi is anywhere in the range of the design.
    """
    samples, rng = plots.load(root), np.random.default_rng(seed)
    columns = {name: samples[name] for name in SAMPLED}
    weights = samples.weights / samples.weights.sum()
    chi = emulator.design.N_chi[1] > 0
    if chi:
        columns["log10_G_eff"] = samples["log10_G_eff"]
        strong = columns["log10_G_eff"] > MODES
        for mode in (strong, ~strong):
            weights[mode] /= 2 * weights[mode].sum() or 1
    rows = rng.choice(len(weights), CANDIDATES, p=weights / weights.sum())
    N_chi = rng.uniform(*emulator.design.N_chi, CANDIDATES)
    points = []
    for row, n in zip(rows, N_chi, strict=True):
        p = {name: float(column[row]) for name, column in columns.items()}
        z_rec = emulator.thermal(p["omega_b"], p["omega_cdm"], p["m_nu_sum"])[0]
        neutrinos = class_inputs(N_chi=n, N_nu=N_TOT - n, m_nu_sum=p["m_nu_sum"])
        theta = Background(p["omega_b"], p["omega_cdm"], p.pop("H0"), **neutrinos).theta_s_100(z_rec)
        point = p | {"theta_s_100": theta, "N_chi": n}
        points.append([point[name] for name in emulator.design.names])
    return np.array([point for point in points if emulator.outside_by(np.array(point)) == 0])
