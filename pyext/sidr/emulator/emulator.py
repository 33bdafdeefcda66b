"""Spectra as functions of the parameters: principal components, each a Gaussian process.

What is learned are the C_l divided by their known amplitudes, A_s exp(-2 tau), or A_s for phi phi, and
weighted by the errors that Planck has at each l: a difference of the weighted spectra is nearly one of
chi2. Their principal components are a linear function of the parameters and a Gaussian process with a
length in each direction.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import pdist, squareform

from sidr.emulator.design import Design
from sidr.files import Damaged, read_npz

FOLDER = Path(__file__).parent / "emulators"

#: Farther from the centre, in standard deviations of the design, it has too few cosmologies to learn from
RADIUS = 3.5

#: What an emulator has learned, by its name in a file
ARRAYS = ("basis", "mean", "slopes", "nodes", "amplitude", "noise", "lengths", "weights", "thermal")

#: What to do about a damaged file
REMEDY = "copy it again, or train an emulator with `sidr train`"


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
        self.about, self.design = about, design
        self.arrays = a = {name: np.asarray(array, float) for name, array in arrays.items()}
        self._inverse2 = -0.5 * a["lengths"].T**-2              # shape (d, k)
        self._weights = a["weights"] * a["amplitude"]           # shape (n, k)

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
        a, z = self.arrays, self.design.whitened(point)
        kernel = np.exp((a["nodes"] - z)**2 @ self._inverse2)   # shape (n, k)
        components = (mean_functions(z) @ a["slopes"])[0] + np.einsum("nk,nk->k", kernel, self._weights)
        scaled = a["mean"] + components[:-1] @ a["basis"]
        return Prediction(scaled.reshape(4, -1) * amplitudes(point[None])[0, :, None],
                          components[-1] * np.exp(point[3] / 2))

    def thermal(self, omega_b, omega_cdm, m_nu_sum):
        """z_rec, z_d and Y_He, shape (3,); not finite far outside the region."""
        with np.errstate(over="ignore", invalid="ignore"):
            return quadratic(np.array([[omega_b, omega_cdm, m_nu_sum]]))[0] @ self.arrays["thermal"]

    def outside_by(self, point, spectra=True):
        """How far a point is from the region of training [standard deviations of the design]; 0 inside.

        Without `spectra` only the densities have a region: recombination and helium are polynomials of
        them, and the rest of the background is integrated.
        """
        # Whitened by a Cholesky matrix: the first two are those of omega_b and omega_cdm alone.
        distance = np.linalg.norm(self.design.whitened(point)[0, :6 if spectra else 2])
        by = max(distance - RADIUS, 0.0) + self.design.excess(point)    # a NaN stays one
        return by if np.isfinite(by) else np.inf

    # Files

    def save(self, path):
        """Write an npz file; the basis in single precision."""
        arrays = self.arrays | {"basis": self.arrays["basis"].astype(np.float32)}
        design = {f"design_{name}": value for name, value in self.design._asdict().items()}
        np.savez_compressed(path, about=json.dumps(self.about), **arrays, **design)

    @classmethod
    def load(cls, path):
        """The emulator of a file.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If the file is not one of an emulator, or is damaged.
        """
        file = read_npz(path, [*ARRAYS, "about", *(f"design_{name}" for name in Design._fields)], REMEDY)
        try:
            about = json.loads(str(file.pop("about")))
            design = Design(str(file["design_model"]), tuple(file["design_N_chi"].tolist()),
                            *(file[f"design_{name}"] for name in Design._fields[2:-1]),
                            float(file["design_sigma_m_nu"]))
            check(design, file)
        except (TypeError, ValueError) as error:
            raise Damaged(path, error, REMEDY) from error
        return cls(about, design, {name: file[name] for name in ARRAYS})


def check(design, arrays):
    """Raise ValueError if the arrays of a file are not those of an emulator."""
    d, (n, k) = len(design.names), arrays["weights"].shape
    centres, pixels = len(design.centres), arrays["mean"].size
    shapes = {"basis": (k - 1, pixels), "mean": (pixels,), "slopes": (1 + d, k), "nodes": (n, d),
              "amplitude": (k,), "noise": (k,), "lengths": (k, d), "weights": (n, k), "thermal": (10, 3),
              "design_centres": (centres, 6), "design_log10_G_eff": (centres,), "design_slope": (6,),
              "design_covariance": (6, 6)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has the shape {arrays[name].shape}, not {shape}")
        if not np.isfinite(arrays[name]).all() and not (name == "design_log10_G_eff" and centres == 1):
            raise ValueError(f"{name} is not finite")       # without chi there is no coupling


def mean_functions(z):
    """Linear functions of whitened points, shape (n, 1 + d)."""
    return np.column_stack([np.ones(len(z)), z])


def covariances(z, arrays):
    """Covariance of each component at whitened points with its noise, arrays of shape (n, n)."""
    kernels = (arrays[name] for name in ("amplitude", "noise", "lengths"))
    for amplitude, noise, lengths in zip(*kernels, strict=True):
        distance2 = squareform(pdist(z / lengths, "sqeuclidean"))
        yield amplitude * np.exp(-0.5 * distance2) + noise * np.eye(len(z))


def amplitudes(params):
    """Known factors of TT, TE, EE and phi phi, shape (n, 4): A_s exp(-2 tau) and A_s, in 1e-10."""
    A_s, tau = np.exp(params[:, 3]), params[:, 5]
    return np.column_stack([A_s * np.exp(-2 * tau)] * 3 + [A_s])


def quadratic(x):
    """Monomials up to the second degree of the columns of x, shape (n, 3) -> (n, 10)."""
    i, j = np.triu_indices(x.shape[1])
    return np.column_stack([np.ones(len(x)), x, x[:, i] * x[:, j]])
