"""Training: the principal components of exact spectra, and a Gaussian process for each."""

import warnings

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from tqdm import tqdm

from sidr.emulator.emulator import Emulator, amplitudes, covariances, mean_functions, quadratic
from sidr.emulator.spectra import L_MAX, NUMBERS

#: Principal components; what is beyond 40 is 1e-4 in chi2
COMPONENTS = 40
LENGTHS = (0.3, 300.0)      # bounds, in units of the design
LEARNED = 300               # spectra, at most, that the kernels are learned from; the values are from all

#: Smooth functions of the physical densities alone: a polynomial of the second degree is enough
THERMAL = ("z_rec", "z_d", "YHe")
THERMAL_PARAMS = ("omega_b", "omega_cdm", "m_nu_sum")


def fit(spectra, design, about, components=COMPONENTS, progress=True):
    """Train an emulator.

    Parameters
    ----------
    spectra : sidr.emulator.training.Spectra
    design : sidr.emulator.design.Design
    about : dict
        Of what the spectra are.
    components : int
        Principal components to keep.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Emulator
    """
    scaled = (spectra.cl / amplitudes(spectra.params)[:, :, None]).reshape(len(spectra.cl), -1)
    mean = scaled.mean(axis=0)
    error = planck_errors(np.median(spectra.cl, axis=0)).ravel() / np.repeat(
        np.median(amplitudes(spectra.params), axis=0), L_MAX + 1)
    U, s, Vt = np.linalg.svd((scaled - mean) / error, full_matrices=False)
    targets = np.column_stack([(U * s)[:, :components], sigma8_over_amplitude(spectra)])

    z = design.whitened(spectra.params)
    slopes = np.linalg.lstsq(mean_functions(z), targets, rcond=None)[0]
    rest = targets - mean_functions(z) @ slopes
    learned = np.random.default_rng(0).permutation(len(z))[:LEARNED]
    kernels = np.array([kernel(z[learned], y[learned])
                        for y in tqdm(rest.T, desc="Gaussian processes", disable=not progress)])
    arrays = {"basis": Vt[:components] * error, "mean": mean, "slopes": slopes, "nodes": z,
              "amplitude": kernels[:, 0], "noise": kernels[:, 1], "lengths": kernels[:, 2:]}
    arrays["weights"] = np.array([cho_solve(cho_factor(K), y) for K, y in
                                  zip(covariances(z, arrays), rest.T, strict=True)]).T
    thermal = spectra.numbers[:, [NUMBERS.index(name) for name in THERMAL]]
    densities = spectra.params[:, [design.names.index(name) for name in THERMAL_PARAMS]]
    arrays["thermal"] = np.linalg.lstsq(quadratic(densities), thermal, rcond=None)[0]
    return Emulator(about | {"size": len(z)}, design, arrays)


def kernel(z, y):
    """Variance of a component, of its noise, and lengths, shape (2 + d,), that make the values likely."""
    start = ConstantKernel(10.0, (1e-3, 1e6)) * RBF(np.full(z.shape[1], 5.0), LENGTHS)
    with warnings.catch_warnings():     # a length at its bound: the component does not depend on it
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = GaussianProcessRegressor(start + WhiteKernel(1e-4, (1e-9, 1.0))).fit(z, y / y.std()).kernel_
    return [found.k1.k1.constant_value * y.var(), found.k2.noise_level * y.var(), *found.k1.k2.length_scale]


def expected_error(emulator, points, nodes=None):
    """What the emulator itself expects its error to be, as a chi2.

    Parameters
    ----------
    emulator : Emulator
    points : ndarray, shape (m, d)
    nodes : ndarray, shape (n, d), optional
        Points where it is, or would be, trained, whitened; its own if not given.

    Returns
    -------
    ndarray, shape (m,)
        Sum of the variances of the principal components.
    """
    arrays = emulator.arrays
    nodes = arrays["nodes"] if nodes is None else nodes
    z = emulator.design.whitened(points)
    total = np.zeros(len(z))
    spectra = {name: arrays[name][:-1] for name in ("amplitude", "noise", "lengths")}     # without sigma8
    for a, lengths, K in zip(spectra["amplitude"], spectra["lengths"], covariances(nodes, spectra),
                             strict=True):
        cross = a * np.exp(-0.5 * ((nodes[:, None] - z) / lengths)**2 @ np.ones(z.shape[1]))
        v = solve_triangular(np.linalg.cholesky(K), cross, lower=True)
        total += a - (v**2).sum(axis=0)
    return total


def worst(emulator, points, number, batch=8):
    """Points to train with next: where the expected error is largest, of these and the ones before.

    Parameters
    ----------
    emulator : Emulator
    points : ndarray, shape (m, d)
        Such as the samples of a posterior.
    number : int
        Of points to choose.
    batch : int
        So many are chosen before the error is computed again.

    Returns
    -------
    ndarray, shape (number, d)
    """
    nodes, chosen = emulator.arrays["nodes"], []
    for _ in tqdm(range(0, number, batch), desc="choosing points"):
        order = np.argsort(-expected_error(emulator, points, nodes))[:min(batch, number - len(chosen))]
        chosen.extend(points[order])
        nodes = np.vstack([nodes, emulator.design.whitened(points[order])])
        points = np.delete(points, order, axis=0)
    return np.array(chosen)


def sigma8_over_amplitude(spectra):
    return spectra.numbers[:, NUMBERS.index("sigma8")] / np.exp(spectra.params[:, 3] / 2)


def planck_errors(cl):
    """Errors of C_l that weigh the spectra, about those of Planck, shape (4, L_MAX + 1).

    Cosmic variance in 60% of the sky with the noise of Planck's maps at 143 GHz in temperature and
    polarization (arXiv:1807.06205: 33 and 70 muK arcmin, a beam of 7.3'), and that of the potential.
    """
    ell = np.arange(L_MAX + 1.0)
    tt, te, ee, pp = cl
    arcmin = np.pi / 180 / 60
    beam = np.exp(ell * (ell + 1) * (7.3 * arcmin)**2 / (8 * np.log(2)))
    tt, ee = tt + (33 * arcmin)**2 * beam, ee + (70 * arcmin)**2 * beam
    with np.errstate(divide="ignore"):
        pp = pp + 1.5e-7 * 2 * np.pi / (ell * (ell + 1))**2
        errors = np.array([tt, np.sqrt((tt * ee + te**2) / 2), ee, pp]) * np.sqrt(2 / ((2 * ell + 1) * 0.6))
    errors[:, :2] = 1   # where all C_l are zero
    return errors
