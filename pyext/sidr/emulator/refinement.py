"""From a design to an emulator, and to a better one where a posterior is.

    sidr train nchi1 -o training                                  (design, exact spectra, emulator)
    cobaya-run chains/quickstart.yaml                             (with `emulator: training/nchi1.npz`)
    sidr train nchi1 -o training -r chains/quickstart             (adds cosmologies of this posterior)
    sidr reweight chains/quickstart                               (how good it is, by exact CLASS)
"""

from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from sidr import runs
from sidr.checkout import commit
from sidr.emulator import design
from sidr.emulator.background import Background
from sidr.emulator.emulator import Emulator
from sidr.emulator.fit import fit, worst
from sidr.emulator.training import TrainingSet
from sidr.files import checksum
from sidr.likelihoods import compression
from sidr.likelihoods.compress import SIGMA_A_PLANCK, scaled
from sidr.modes import COUPLING, MODES
from sidr.neutrinos import N_TOT, sector

CANDIDATES = 2000   # samples of a posterior, of which the worst are taken
SAMPLED = ("omega_b", "omega_cdm", "H0", "logA", "n_s", "tau_reio", "m_nu_sum")


def train(model, folder, size, processes=None, roots=(), add=0, test=0, part=None):
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
        As of `sidr.pools.compute`.
    roots : sequence of str
        Posteriors that were sampled with the emulator in the folder.
    add : int
        Cosmologies to add from each, where the emulator expects its largest errors.
    test : int
        Cosmologies to draw from each, for its accuracy; it is not trained with them.
    part : sidr.pools.Part, optional
        Compute the cosmologies of one of several jobs only, and train nothing.

    Returns
    -------
    emulator : Emulator
        None of a part.
    path : pathlib.Path
        Of its file.
    failed : dict
        Names of the cosmologies that CLASS could not compute, and its messages.
    """
    shape, path = design.load(model), Path(folder) / f"{model}.npz"
    spectra = TrainingSet(Path(folder) / model, model, shape.names)
    failed = spectra.compute("design", shape.points(size), processes, part)
    for root in roots:
        emulator = Emulator.load(path)
        # the same after a kill, and for all parts; another one when the emulator has learnt more
        label = f"{emulator.about['size']}-{checksum(str(root).encode())}"
        samples = posterior(root, emulator)
        added = worst(emulator, samples[test:], add)
        failed |= spectra.compute(f"test{label}", samples[:test], processes, part)
        failed |= spectra.compute(f"posterior{label}", added, processes, part)
    if part:
        return None, path, failed
    emulator = fit(spectra.load(("design", "posterior")), shape, spectra.about | {"commit": commit()})
    if spectra.count("test"):
        emulator.about["accuracy"] = accuracy(emulator, spectra.load(("test",)))
    emulator.save(path)
    return emulator, path, failed


def accuracy(emulator, spectra):
    """Errors of the compressed Planck's chi2 in the two modes.

    Parameters
    ----------
    emulator : Emulator
    spectra : sidr.emulator.training.Spectra
        Exact ones that it was not trained with.

    Returns
    -------
    dict
        By mode, a dictionary: number of `points`, `mean` and `rms` of chi2 emulated minus exact.
    """
    errors = chi2_errors(emulator, spectra)
    names = list(emulator.design.names)
    if COUPLING in names:
        coupling = spectra.params[:, names.index(COUPLING)]
        inside = {name: mode.holds(coupling) for name, mode in MODES.items()}
    else:
        inside = {"LCDM": np.full(len(errors), True)}
    return {name: {"points": int(rows.sum()), "mean": round(float(errors[rows].mean()), 4),
                   "rms": round(float(errors[rows].std()), 4)}
            for name, rows in inside.items() if rows.any()}


def chi2_errors(emulator, spectra):
    """Emulated minus exact chi2 of the compressed Planck, shape (n,), for `spectra` as `accuracy` has them.

    At the calibration A_planck that the exact spectra like best: a sample of a posterior is near that, and
    elsewhere chi2 is steep.
    """
    parts, _ = compression.load(compression.PACKAGED)

    def chi2(A, D):
        return sum(part.chi2(D, A)[0] for part in parts.values()) + ((A - 1) / SIGMA_A_PLANCK)**2

    errors = []
    for p, exact in zip(spectra.params, spectra.cl, strict=True):
        emulated, exact = (scaled(cl) for cl in (emulator.predict(p).cl, exact))
        A = minimize_scalar(chi2, bounds=(0.95, 1.05), args=(exact,), method="bounded").x
        errors.append(chi2(A, emulated) - chi2(A, exact))
    return np.array(errors)


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
    samples, rng = runs.load_samples(root), np.random.default_rng(seed)
    columns = {name: samples[name] for name in SAMPLED}
    weights = samples.weights / samples.weights.sum()
    chi = emulator.design.N_chi[1] > 0
    if chi:
        columns[COUPLING] = samples[COUPLING]
        for mode in MODES.values():
            inside = mode.holds(samples[COUPLING])
            weights[inside] /= 2 * weights[inside].sum() or 1
    rows = rng.choice(len(weights), CANDIDATES, p=weights / weights.sum())
    N_chi = rng.uniform(*emulator.design.N_chi, CANDIDATES)
    points = []
    for row, n in zip(rows, N_chi, strict=True):
        p = {name: float(column[row]) for name, column in columns.items()}
        z_rec = emulator.thermal(p["omega_b"], p["omega_cdm"], p["m_nu_sum"])[0]
        neutrinos = sector(N_chi=n, N_nu=N_TOT - n, m_nu_sum=p["m_nu_sum"])
        theta = Background(p["omega_b"], p["omega_cdm"], p.pop("H0"), neutrinos).theta_s_100(z_rec)
        point = p | {"theta_s_100": theta, "N_chi": n}
        points.append([point[name] for name in emulator.design.names])
    return np.array([point for point in points if emulator.outside_by(np.array(point)) == 0])
