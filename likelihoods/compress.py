"""Making a compressed Planck likelihood of Cobaya's own and of exact spectra."""

from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
from cobaya.component import get_component_class
from cobaya.log import LoggedError

from sidr import yaml
from sidr.checkout import commit
from sidr.files import read_npz

from .compression import PARTS, SPECTRA, Compression

L_MAX = 2508
HELD_BACK = 10  # every tenth spectrum is a test
SIGMA_A_PLANCK = 0.0025


def compress(paths, packages_path, directions=40):
    """Compress the Planck likelihoods to what some spectra can reach.

    Parameters
    ----------
    paths : sequence of path-like
        Files of spectra, or folders of them; see `read_spectra`.
    packages_path : path-like
        Where Cobaya has installed the Planck 2018 likelihoods.
    directions : int
        Principal directions of the high-l spectra.

    Returns
    -------
    Compression
        Its metadata say what it was made of, and how well it agrees with Cobaya's likelihoods on every
        tenth spectrum, which had no part in its making.

    Raises
    ------
    OSError, ValueError
        If spectra or likelihoods are missing, or wrong.
    """
    likelihoods = cobaya_likelihoods(packages_path)
    cl = np.concatenate([read_spectra(Path(path)) for path in paths])
    test = np.arange(len(cl)) % HELD_BACK == HELD_BACK - 1
    if not (test.any() and 0 < directions <= (~test).sum()):
        raise ValueError(f"directions = {directions}, with {len(cl)} spectra: give {HELD_BACK} spectra or "
                         "more, every tenth is a test, and no more directions than there are others.")
    D = scaled(cl[~test])
    options = {"plik_lite": {"directions": directions}}
    parts = {name: part.make(likelihoods[name], D, **options.get(name, {})) for name, part in PARTS.items()}
    A = np.random.default_rng(0).normal(1, SIGMA_A_PLANCK, test.sum())
    return Compression(parts, {
        "sidr": version("sidr"), "commit": commit(), "cobaya": version("cobaya"),
        "likelihoods": {name: {"class": part.likelihood, **likelihoods[name].get_install_options()}
                        for name, part in PARTS.items()},
        "spectra": {Path(path).name: about(Path(path)) for path in paths},
        "training": int((~test).sum()), "test": int(test.sum()),
        "agreement": agreement(parts, likelihoods, scaled(cl[test]), A)})


def read_spectra(path):
    """Spectra in a file, or in all .npz files of a folder.

    Parameters
    ----------
    path : Path
        An .npz or HDF5 file has an array `cl` of shape (n, 4, l) or (4, l): lensed C_l of TT, TE and EE
        [muK^2] and of the lensing potential, from l = 0 to 2508 or more.

    Returns
    -------
    ndarray, shape (n, 4, 2509)

    Raises
    ------
    OSError, ValueError
        If there is no file, or no such array in it.
    """
    if path.is_dir():
        files = sorted(path.glob("*.npz"))
        if not files:
            raise ValueError(f"{path} has no .npz files with spectra.")
        return np.concatenate([read_spectra(file) for file in files])
    with (nullcontext(read_npz(path)) if path.suffix == ".npz"
          else h5py.File(path)) as file:
        if "cl" not in file:
            raise ValueError(f"{path} has no array `cl`, only {', '.join(file)}.")
        cl = np.asarray(file["cl"])
    if cl.dtype.kind not in "fiu":
        raise ValueError(f"{path}: `cl` has the type {cl.dtype}, not numbers.")
    if cl.ndim not in (2, 3) or cl.shape[-2] != len(SPECTRA) or cl.shape[-1] <= L_MAX:
        raise ValueError(f"{path}: `cl` has the shape {cl.shape}, not (n, 4, {L_MAX + 1}): TT, TE, EE and "
                         "phi phi from l = 0 on.")
    if not np.isfinite(cl).all():
        raise ValueError(f"{path}: `cl` has entries that are not finite; remove these spectra.")
    return cl.reshape(-1, *cl.shape[-2:])[..., :L_MAX + 1]


def scaled(cl):
    """D_l as in `sidr.likelihoods.compression`, from C_l of shape (..., 4, l)."""
    ell = np.arange(cl.shape[-1])
    factor = ell * (ell + 1) / (2 * np.pi)
    D = dict(zip(SPECTRA, np.moveaxis(cl * factor, -2, 0), strict=True))
    return D | {"pp": D["pp"] * ell * (ell + 1)}


def cobaya_likelihoods(packages_path):
    """Cobaya's likelihoods, by the names of `PARTS`.

    Raises
    ------
    OSError
        If one is not installed.
    """
    try:
        return {name: get_component_class(part.likelihood)(packages_path=str(packages_path))
                for name, part in PARTS.items()}
    except (LoggedError, OSError) as error:
        raise FileNotFoundError(f"{packages_path} does not have the Planck 2018 likelihoods ({error}): "
                                "`cobaya-install chains/planck_desi_si.yaml -p DIR`.") from error


def differences(parts, likelihoods, D, A):
    """Compressed minus Cobaya's -2 ln L, and what the compression says about it.

    Parameters
    ----------
    parts, likelihoods : dict
        By the same names.
    D : dict of ndarray, shape (n, l)
    A : array, shape (n,)
        Calibrations.

    Returns
    -------
    difference, error : dict of ndarray, shape (n,)
        The second one as the parts themselves estimate it.
    """
    difference, error = ({name: np.empty(len(A)) for name in parts} for _ in range(2))
    for i, a in enumerate(A):
        spectra = {x: values[i] for x, values in D.items()}
        for name, part in parts.items():
            chi2, error[name][i] = part.chi2(spectra, a)
            difference[name][i] = chi2 - part.exact_chi2(likelihoods[name], spectra, a)
    return difference, error


def agreement(parts, likelihoods, D, A):
    """Dictionary of what `differences` gives: mean, standard deviation and largest, for each part."""
    difference, _ = differences(parts, likelihoods, D, A)
    return {name: {"mean": values.mean(), "std": values.std(), "largest": np.abs(values).max()}
            for name, values in difference.items()}


def about(path):
    """What a folder of spectra says about itself, or nothing."""
    description = path.with_suffix("") / "about.yaml"
    return yaml.load_file(description) if description.exists() else None
