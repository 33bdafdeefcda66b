"""Centres of the designs: the best fit of Planck for given couplings, by Gauss-Newton steps.

    python -m sidr.emulator.centre [lcdm nchi1 nchi2] [-p PACKAGES]

The spectra are compared with plik_lite, binned and whitened; a Gaussian in tau stands for low-l EE. A few
minutes for each model; the tables are those of `sidr.emulator.design`.
"""

import argparse
import os

import numpy as np
from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native
from cobaya.yaml import yaml_dump_file
from tqdm import tqdm

from sidr.emulator.design import COSMOLOGY, FOLDER, M_NU_PIVOT
from sidr.emulator.spectra import L_MAX, exact
from sidr.neutrinos import N_TOT

#: N_chi of n_chi flavours, and as the run files round it, with a margin
N_CHI = {"lcdm": (0, 0), "nchi1": (0.745, 0.766), "nchi2": (1.195, 1.222)}

COUPLINGS = (-5, -3.5, -2.75, -2.25, -2, -1.75, -1.5, -1.25, -1, -0.5, 0, 1)
JACOBIANS = (-5, -1.5, 0)               # couplings where derivatives are taken anew
STEPS = 3                               # Gauss-Newton steps at each coupling
TAU = (0.0544, 0.0073)                  # Planck 2018, arXiv:1807.06209 Table 2
CALIBRATION = 0.0025                    # its error, arXiv:1907.12875
START = (0.02237, 0.1200, 1.0417, 3.045, 0.965, 0.0544)
INTERVALS = np.array([1.5e-4, 1.2e-3, 3e-4, 0.015, 0.004, 0.007])   # for differences
MASS_INTERVAL = 0.1     # [eV]
SIGMA_M_NU = 0.2        # [eV], of the design of LCDM; with chi the same density of fewer neutrinos


class Residuals:
    """What plik_lite and the Gaussian in tau say to a cosmology.

    Parameters
    ----------
    packages_path : str
    N_chi : float
    """

    def __init__(self, packages_path, N_chi):
        like = TTTEEE_lite_native({}, packages_path=packages_path)
        whitening = np.linalg.inv(np.linalg.cholesky(like.cov))
        bins = np.zeros((len(like.X_data), 3, L_MAX + 1))
        ell = np.arange(L_MAX + 1)
        row = 0
        for spectrum, used in enumerate(like.used_bins):
            for i in used:
                at = slice(like.blmin[i], like.blmax[i] + 1)
                bins[row, spectrum, at] = like.weights[at] * (ell * (ell + 1) / (2 * np.pi))[at]
                row += 1
        self.bins = np.tensordot(whitening, bins, 1).reshape(row, -1)
        self.data = whitening @ like.X_data
        self.N_chi = N_chi

    def __call__(self, x, log10_G_eff, m_nu_sum=M_NU_PIVOT):
        """Residuals in standard deviations, shape (n,), at x, of shape (6,)."""
        point = dict(zip(COSMOLOGY, x, strict=True)) | {"m_nu_sum": m_nu_sum}
        if self.N_chi:
            point |= {"N_chi": self.N_chi, "log10_G_eff": log10_G_eff}
        cl, _ = exact(point)
        return np.append(self.bins @ cl[:3].ravel() - self.data, (x[5] - TAU[0]) / TAU[1])

    def jacobian(self, x, log10_G_eff, r):
        """Derivatives of the residuals r by x and by the mass, shape (n, 7)."""
        columns = [(self(x + step, log10_G_eff) - r) / step.sum() for step in np.diag(INTERVALS)]
        heavier = self(x, log10_G_eff, M_NU_PIVOT + MASS_INTERVAL)
        return np.column_stack([*columns, (heavier - r) / MASS_INTERVAL])


def find(model, packages_path):
    """Table of a design, see `sidr.emulator.design.Design`."""
    couplings = COUPLINGS if model != "lcdm" else (np.nan,)
    residuals = Residuals(packages_path, sum(N_CHI[model]) / 2)
    x, centres, J, first = np.array(START), [], None, None
    for g in tqdm(couplings, desc=model):
        for step in range(STEPS):
            r = residuals(x, g)
            if step == 0 and (g in JACOBIANS or J is None):
                J = residuals.jacobian(x, g, r)
                first = J if first is None else first
            x = x - np.linalg.lstsq(J[:, :6], r, rcond=None)[0]
        centres.append(x)
        tqdm.write(f"{model} {g}: chi2 before the last step {r @ r:.1f}, centre {x.round(5)}")
    covariance = np.linalg.inv(first[:, :6].T @ first[:, :6])
    slope = -covariance @ first[:, :6].T @ first[:, 6]
    covariance[3, 3] += (2 * CALIBRATION)**2     # C_l/A_planck^2: logA makes up for it
    return {"N_chi": list(N_CHI[model]), "log10_G_eff": [float(g) for g in couplings],
            "centres": np.array(centres).tolist(), "slope": slope.tolist(),
            "covariance": covariance.tolist(),
            "sigma_m_nu": SIGMA_M_NU * N_TOT / (N_TOT - sum(N_CHI[model]) / 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=list(N_CHI), metavar="MODEL", help=", ".join(N_CHI))
    parser.add_argument("-p", "--packages-path", default=os.environ.get("COBAYA_PACKAGES_PATH"))
    args = parser.parse_args()
    for model in args.models:
        yaml_dump_file(str(FOLDER / f"{model}.yaml"), find(model, args.packages_path),
                       error_if_exists=False)


if __name__ == "__main__":
    main()
