r"""The Planck 2018 likelihoods, each compressed to what the spectra of models can reach.

Over any region that a posterior reaches, the spectra of a model fill a space of few dimensions. A part of
the likelihood is made of Cobaya's own and of many exact spectra (`make`), and gives -2 ln L of other
spectra (`chi2`), with an estimate of its error. The arguments are the same everywhere:

    D : dict of ndarray, from l = 0 on
        l (l+1) C_l / 2 pi [muK^2] of "tt", "te" and "ee", [l (l+1)]^2 C_l / 2 pi of "pp"; for `make` with
        the shape (spectra, l).
    A : float
        The calibration A_planck; its square divides the spectra of the CMB.

The error is that of chi2, on the safe side, and infinite where nothing is known.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from scipy.linalg import solve_triangular

from sidr.files import Damaged, read_npz

CMB = ("tt", "te", "ee")
SPECTRA = (*CMB, "pp")
LOW = slice(2, 30)  # multipoles of the low-l likelihoods
PACKAGED = Path(__file__).parent / "PlanckCompressed.npz"

#: Random directions that measure how much of a spectrum the compression does not see
PROBES = 16


class PlikLite(NamedTuple):
    r"""plik_lite, TT, TE and EE at l >= 30: in the directions in which models differ.

    .. math::
       \chi^2 = |y - y_d|^2, \qquad y = L^{-1} B D_\ell / A^2, \qquad y_d = L^{-1} d, \qquad C = L L^T

    B bins the spectra. The rows of V are the principal directions of the y of the training spectra, and
    one more, that of what they leave of y_d. Then

    .. math:: \chi^2 = |V y - V y_d|^2 + |(1 - V^T V) y|^2

    without a constant, and without a term linear in what V does not see of y: nothing multiplies it with
    the noise of the data. The second term is estimated, and is small inside the training.

    Attributes
    ----------
    edges : ndarray of int, shape (bins + 1,)
        First multipole of each bin; at the end, the multipole after the last bin.
    bins : ndarray of int, shape (3,)
        How many of the bins TT, TE and EE have.
    weights : ndarray
        Of D_l in its bin, from the first multipole on.
    operator : ndarray, shape (m, bandpowers)
        V L^-1.
    data : ndarray, shape (m,)
        V y_d.
    probes : ndarray, shape (PROBES, bandpowers)
        Random directions orthogonal to V, times L^-1; so long that the sum of the squares of what they see
        is |(1 - V^T V) y|^2 to a third, whatever the spectra.
    """
    edges: np.ndarray
    bins: np.ndarray
    weights: np.ndarray
    operator: np.ndarray
    data: np.ndarray
    probes: np.ndarray

    likelihood = "planck_2018_highl_plik.TTTEEE_lite_native"
    l_max = dict.fromkeys(CMB, 2508)

    @classmethod
    def make(cls, likelihood, D, directions=40, seed=30):
        """Compress Cobaya's likelihood to a number of principal directions."""
        bins = np.array([len(used) for used in likelihood.used_bins])
        edges = np.append(likelihood.blmin[:bins.max()], likelihood.blmax[bins.max() - 1] + 1)
        weights = likelihood.weights[edges[0]:edges[-1]]
        L = np.linalg.cholesky(likelihood.cov)
        y = solve_triangular(L, bandpowers(D, edges, bins, weights).T, lower=True).T
        y_data = solve_triangular(L, likelihood.X_data, lower=True)

        V = np.linalg.svd(y, full_matrices=False)[2][:directions]
        rest = y_data - V.T @ (V @ y_data)
        V = np.vstack([V, rest / np.linalg.norm(rest)])

        n = len(y_data)
        random = np.random.default_rng(seed).standard_normal((n, PROBES))
        unseen = np.linalg.qr(random - V.T @ (V @ random))[0].T * np.sqrt((n - len(V)) / PROBES)

        operator, probes = (solve_triangular(L, rows.T, lower=True, trans="T").T.astype("f4")
                            for rows in (V, unseen))
        # the data by the rounded operator, as the models will be
        return cls(edges, bins, weights, operator, operator.astype(float) @ likelihood.X_data, probes)

    @staticmethod
    def exact_chi2(likelihood, D, A):
        """-2 ln L of Cobaya's likelihood."""
        return likelihood.get_chi_squared(0, *(D[x] for x in CMB), A)

    def chi2(self, D, A):
        """-2 ln L, and the second term, of which it is uncertain by a third."""
        binned = bandpowers(D, self.edges, self.bins, self.weights) / A**2
        delta = self.operator @ binned - self.data
        probed = self.probes @ binned
        unseen = probed @ probed
        return delta @ delta + unseen, unseen


def bandpowers(D, edges, bins, weights):
    """B D_l, shape (..., bandpowers); see `PlikLite`."""
    first, binned = edges[0], []
    for x, n in zip(CMB, bins, strict=True):
        weighted = weights[:edges[n] - first] * D[x][..., first:edges[n]]
        binned.append(np.add.reduceat(weighted, edges[:n] - first, axis=-1))
    return np.concatenate(binned, axis=-1)


class Lensing(NamedTuple):
    r"""The lensing bandpowers with their linear corrections; nothing is left out.

    .. math::
       \chi^2 = |L^{-1} [(B + M_{\phi\phi}) D^{\phi\phi} + M_{\rm CMB} D^{\rm CMB} / A^2 - d]|^2,
       \qquad C = L L^T

    M are the linear corrections of normalisation and N1 bias, for spectra other than the fiducial ones.

    Attributes
    ----------
    phiphi : ndarray, shape (bandpowers, l)
        L^-1 (B + M), from l = 0 on.
    cmb : ndarray, shape (bandpowers, 3, l)
        L^-1 M of TT, TE and EE.
    data : ndarray, shape (bandpowers,)
        L^-1 d; d contains the corrections of the fiducial spectra.
    """
    phiphi: np.ndarray
    cmb: np.ndarray
    data: np.ndarray

    likelihood = "planck_2018_lensing.native"
    l_max = dict.fromkeys(SPECTRA, 2500)

    @classmethod
    def make(cls, likelihood, D):
        """Take over the windows of Cobaya's likelihood."""
        L = np.linalg.cholesky(likelihood.cov)
        windows = {x: np.zeros((len(L), likelihood.pcl_lmax + 1)) for x in SPECTRA}
        for bins in (likelihood.bins, likelihood.linear_correction):
            for pair, window in zip(bins.cols_in.T, bins.binning_matrix, strict=True):
                fields = likelihood.map_cls[tuple(pair)].theory_ij
                x = "".join(likelihood.field_names[i].lower() for i in fields)
                windows[x][:, likelihood.pcl_lmin:] += window
        data = likelihood.bandpowers.ravel() + likelihood.fid_correction.ravel()
        whitened = {x: np.linalg.solve(L, window).astype("f4") for x, window in windows.items()}
        return cls(whitened["pp"], np.stack([whitened[x] for x in CMB], axis=1), np.linalg.solve(L, data))

    @staticmethod
    def exact_chi2(likelihood, D, A):
        """-2 ln L of Cobaya's likelihood."""
        return -2 * likelihood.log_likelihood(D, A_planck=A)

    def chi2(self, D, A):
        """-2 ln L, and 0."""
        n = self.phiphi.shape[1]
        cmb = sum(self.cmb[:, i] @ D[x][:n] for i, x in enumerate(CMB))
        delta = self.phiphi @ D["pp"][:n] + cmb / A**2 - self.data
        return delta @ delta, 0.0


class LowlTT(NamedTuple):
    r"""TT at l < 30 (Commander): a quadratic form in the leading directions of D_l^(-1/3).

    .. math::
       x_\ell = 3 \sqrt{\tfrac{2\ell + 1}{2}} \left[\left(\frac{D_\ell}{A^2 \bar D_\ell}\right)^{-1/3}
       - 1\right], \qquad q = V x, \qquad \chi^2 = c + g^T q + q^T H q

    In this power the likelihood of a variance is closest to a Gaussian; x is in units of cosmic variance.

    Attributes
    ----------
    mean : ndarray, shape (28,)
        Of D_l over the training spectra, from l = 2 on.
    ranges : ndarray, shape (2, 28)
        The D_l that they have reached.
    directions : ndarray, shape (k, 28)
        V, the principal directions of their x.
    constant, gradient, hessian : ndarray, shape (), (k,) and (k, k)
        c, g and H: least squares over the training spectra.
    """
    mean: np.ndarray
    ranges: np.ndarray
    directions: np.ndarray
    constant: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray

    likelihood = "planck_2018_lowl.TT"
    l_max = {"tt": 29}

    @classmethod
    def make(cls, likelihood, D, directions=6):
        """Fit Cobaya's likelihood."""
        tt = D["tt"][:, LOW]
        mean = tt.mean(axis=0)
        x = cosmic_units(tt, mean)
        V = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:directions]
        q = x @ V.T
        i, j = np.triu_indices(directions)
        terms = np.column_stack([np.ones(len(q)), q, q[:, i] * q[:, j]])
        exact = [cls.exact_chi2(likelihood, {"tt": row}, 1) for row in D["tt"]]
        c, *rest = np.linalg.lstsq(terms, exact)[0]
        H = np.zeros((directions, directions))
        H[i, j] = rest[directions:]
        return cls(mean, reached(tt), V, np.array(c), np.array(rest[:directions]), (H + H.T) / 2)

    @staticmethod
    def exact_chi2(likelihood, D, A):
        """-2 ln L of Cobaya's likelihood."""
        return -2 * likelihood.log_likelihood(D["tt"], A)

    def chi2(self, D, A):
        """-2 ln L, and what data that are 1 sigma off give to the part of x that V does not see."""
        tt = D["tt"][LOW] / A**2
        x = cosmic_units(tt, self.mean)
        q = self.directions @ x
        unseen = 2 * np.linalg.norm(x - self.directions.T @ q)
        return (self.constant + self.gradient @ q + q @ self.hessian @ q,
                unseen if inside(tt, self.ranges) else np.inf)


def cosmic_units(tt, mean):
    """x of D_l from l = 2 on; see `LowlTT`."""
    ell = np.arange(LOW.start, LOW.stop)
    return 3 * np.sqrt((2 * ell + 1) / 2) * ((tt / mean) ** (-1 / 3) - 1)


class LowlEE(NamedTuple):
    r"""EE at l < 30 (SimAll): a sum of smooth functions of each D_l.

    .. math::
       \chi^2 = \sum_\ell \sum_n c_{n\ell} T_n(t_\ell), \qquad -1 \le t_\ell \le 1
       \;\text{linear in}\; \sqrt{D_\ell} / A

    Cobaya's likelihood is a table in steps of 1e-4 muK^2, which it reads at the step below D_l: stairs.
    The Chebyshev polynomials run through their middle.

    Attributes
    ----------
    ranges : ndarray, shape (2, 28)
        The D_l that the training spectra have reached, from l = 2 on; beyond, chi2 is that at the end.
    coefficients : ndarray, shape (degree + 1, 28)
        c.
    """
    ranges: np.ndarray
    coefficients: np.ndarray

    likelihood = "planck_2018_lowl.EE"
    l_max = {"ee": 29}

    @classmethod
    def make(cls, likelihood, D, degree=15, samples=2000):
        """Fit the table of Cobaya's likelihood."""
        table, step = likelihood.probEE, likelihood._stepEE
        ranges = np.minimum(reached(D["ee"][:, LOW]), (len(table) - 1) * step)
        low, high = np.sqrt(ranges)
        t = np.linspace(-1, 1, samples)
        ee = ((low + high) / 2 + np.outer(t, high - low) / 2) ** 2
        stairs = np.take_along_axis(table, (ee / step).astype(int), axis=0)
        return cls(ranges, chebyshev.chebfit(t, -2 * stairs, degree))

    @staticmethod
    def exact_chi2(likelihood, D, A):
        """-2 ln L of Cobaya's likelihood."""
        return -2 * likelihood.log_likelihood(D["ee"], A)

    def chi2(self, D, A):
        """-2 ln L, and 0; or infinity outside the range."""
        ee = D["ee"][LOW] / A**2
        low, high = np.sqrt(self.ranges)
        t = (2 * np.sqrt(np.clip(ee, *self.ranges)) - low - high) / (high - low)
        T = np.cos(np.outer(np.arange(len(self.coefficients)), np.arccos(np.clip(t, -1, 1))))
        chi2 = (self.coefficients * T).sum()
        return chi2, 0.0 if inside(ee, self.ranges) else np.inf


PARTS = {"plik_lite": PlikLite, "lensing": Lensing, "lowl_TT": LowlTT, "lowl_EE": LowlEE}


def reached(D, margin=0.05):
    """Lowest and highest value of each column, and a margin relative to them, shape (2, columns)."""
    return np.array([D.min(axis=0) * (1 - margin), D.max(axis=0) * (1 + margin)])


def inside(values, ranges):
    """Whether all values are in their ranges."""
    return np.all((ranges[0] <= values) & (values <= ranges[1]))


class Compression(NamedTuple):
    """The parts of a compressed likelihood, and how they were made.

    Attributes
    ----------
    parts : dict
        Instances of the classes in `PARTS`, by the same names.
    metadata : dict
    """
    parts: dict
    metadata: dict

    def save(self, path):
        """Write the file that `load` reads."""
        arrays = {f"{name}.{field}": array for name, part in self.parts.items()
                  for field, array in part._asdict().items()}
        with open(path, "wb") as file:
            np.savez_compressed(file, metadata=json.dumps(self.metadata), **arrays)


@cache
def load(path=PACKAGED):
    """The compression in a file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Compression

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is something else.
    """
    remedy = "give a file that `sidr compress` has written"
    fields = [f"{name}.{field}" for name, part in PARTS.items() for field in part._fields]
    file = read_npz(path, [*fields, "metadata"], remedy)
    parts = {name: part(*(double(file[f"{name}.{field}"]) for field in part._fields))
             for name, part in PARTS.items()}
    try:
        return Compression(parts, json.loads(str(file["metadata"])))
    except ValueError as error:
        raise Damaged(path, f"its metadata are not JSON: {error}", remedy) from error


def double(array):
    """The array, in double precision if it is in single."""
    return array.astype(float) if array.dtype == np.float32 else array
