"""Spectra as functions of the parameters: principal components, each a Gaussian process.

What is learned are the C_l divided by their known amplitudes, A_s exp(-2 tau), or A_s for phi phi, and
weighted by the errors that Planck has at each l: a difference of the weighted spectra is nearly one of
chi2. Their principal components are a linear function of the parameters and a Gaussian process with a
length in each direction.
"""

import json
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from tqdm import tqdm

from sidr.emulator.design import Design
from sidr.emulator.spectra import L_MAX, NUMBERS

FOLDER = Path(__file__).parent / "emulators"

#: Smooth functions of the physical densities alone: a polynomial of the second degree is enough
THERMAL = ("z_rec", "z_d", "YHe")
THERMAL_PARAMS = ("omega_b", "omega_cdm", "m_nu_sum")

COMPONENTS = 60
LENGTHS = (0.3, 200.0)      # bounds, in units of the design
#: Farther from the centre, in standard deviations of the design, a spectrum is not trusted
RADIUS = 4.2


class Prediction(NamedTuple):
    """Of one cosmology.

    Attributes
    ----------
    cl : ndarray, shape (4, L_MAX + 1)
        As of `sidr.emulator.spectra.exact`.
    sigma8 : float
    """
    cl: np.ndarray
    sigma8: float


class Emulator:
    """A trained emulator of one model.

    Attributes
    ----------
    about : dict
        Model, settings of CLASS, versions, how it was trained and how good it is.
    design : sidr.emulator.design.Design
        Where it was trained.
    """

    def __init__(self, about, design, arrays):
        self.about, self.design, self._arrays = about, design, arrays
        a = {name: np.asarray(array, float) for name, array in arrays.items()}
        self._basis, self._mean = a["basis"], a["mean"]
        self._linear, self._weights, self._nodes = a["linear"], a["weights"], a["nodes"]
        self._inverse2 = a["lengths"].T**-2 / -2        # shape (d, k)
        self._thermal = a["thermal"]

    def predict(self, point):
        """Spectra and sigma8.

        Parameters
        ----------
        point : ndarray, shape (d,)
            Parameters, in the order of `design.names`.

        Returns
        -------
        Prediction
        """
        z = self.design.whitened(point)[0]
        kernel = np.exp((self._nodes - z)**2 @ self._inverse2)          # shape (n, k)
        components = self._linear[0] + z @ self._linear[1:] + (kernel * self._weights).sum(axis=0)
        scaled = self._mean + components[:-1] @ self._basis
        return Prediction(scaled.reshape(4, -1) * amplitudes(point[None])[0, :, None],
                          components[-1] * np.exp(point[3] / 2))

    def thermal(self, omega_b, omega_cdm, m_nu_sum):
        """z_rec, z_d and Y_He, shape (3,)."""
        return quadratic(np.array([[omega_b, omega_cdm, m_nu_sum]]))[0] @ self._thermal

    def distance(self, point):
        """Distance from the centre of the design in its standard deviations; infinite beyond its edges."""
        z = self.design.whitened(point)[0]
        inside = 0 <= z[6] <= 3 and (np.abs(z[7:]) <= 1 + 1e-9).all()
        return np.sqrt(z[:6] @ z[:6]) if inside else np.inf

    # Files

    def save(self, path):
        """Write an npz file; large arrays in single precision."""
        arrays = {name: np.asarray(array, np.float32 if name in ("basis",) else float)
                  for name, array in self._arrays.items()}
        design = {f"design_{name}": value for name, value in self.design._asdict().items()}
        np.savez_compressed(path, about=json.dumps(self.about), **arrays, **design)

    @classmethod
    def load(cls, path):
        """The emulator of a file.

        Raises
        ------
        ValueError
            If the file is not one of an emulator.
        """
        with np.load(path, allow_pickle=False) as file:
            content = dict(file)
        try:
            about = json.loads(str(content.pop("about")))
            design = Design(str(content.pop("design_model")), tuple(content.pop("design_N_chi").tolist()),
                            *(content.pop(f"design_{name}") for name in Design._fields[2:]))
        except KeyError as error:
            raise ValueError(f"{path} is not an emulator: it has no {error}.") from error
        return cls(about, design, content)


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
    linear = np.column_stack([np.ones(len(z)), z])
    slopes = np.linalg.lstsq(linear, targets, rcond=None)[0]
    rest = targets - linear @ slopes
    lengths, weights = [], []
    for y in tqdm(rest.T, desc="Gaussian processes", disable=not progress):
        process = train(z, y)
        lengths.append(process.kernel_.k1.k2.length_scale)
        weights.append(process.alpha_ * process.kernel_.k1.k1.constant_value * y.std())
    thermal = spectra.numbers[:, [NUMBERS.index(name) for name in THERMAL]]
    densities = spectra.params[:, [design.names.index(name) for name in THERMAL_PARAMS]]
    return Emulator(about, design, {
        "basis": Vt[:components] * error, "mean": mean, "linear": slopes, "nodes": z,
        "lengths": np.array(lengths), "weights": np.array(weights).T,
        "thermal": np.linalg.lstsq(quadratic(densities), thermal, rcond=None)[0]})


def train(z, y):
    """Gaussian process of a component whose linear part is taken away."""
    kernel = (ConstantKernel(10.0, (1e-3, 1e6)) * RBF(np.full(z.shape[1], 5.0), LENGTHS)
              + WhiteKernel(1e-4, (1e-10, 1.0)))
    with warnings.catch_warnings():     # a length at its bound: the component does not depend on it
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianProcessRegressor(kernel).fit(z, y / y.std())


def amplitudes(params):
    """Known factors of TT, TE, EE and phi phi, shape (n, 4): A_s exp(-2 tau) and A_s, in 1e-10."""
    A_s, tau = np.exp(params[:, 3]), params[:, 5]
    return np.column_stack([A_s * np.exp(-2 * tau)] * 3 + [A_s])


def sigma8_over_amplitude(spectra):
    return spectra.numbers[:, NUMBERS.index("sigma8")] / np.exp(spectra.params[:, 3] / 2)


def quadratic(x):
    """Monomials up to the second degree of the columns of x, shape (n, 3) -> (n, 10)."""
    i, j = np.triu_indices(x.shape[1])
    return np.column_stack([np.ones(len(x)), x, x[:, i] * x[:, j]])


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
