r"""Band powers of the lensing potential of the CMB: Planck PR4, ACT DR6, SPT-3G.

.. math:: \chi^2 = h\, (d - B C_L^{\kappa\kappa})^T C^{-1} (d - B C_L^{\kappa\kappa}), \qquad
          C_L^{\kappa\kappa} = \tfrac14 [L(L+1)]^2 C_L^{\phi\phi}

h is Hartlap's factor (n - p - 2)/(n - 1) for p band powers and the covariance of n simulations.
"""

import warnings
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
from cobaya.likelihoods.planck_2018_lensing import native
from cobaya.log import LoggedError

from sidr.files import read_npz

from .installed import Installed, program
from .sky import ACT_MAP, LENSING_MAPS, PLANCK_MAP, SPT_MAP

#: Simulations behind the covariances of ACT and of Planck: defaults of act_dr6_lenslike 1.2.1
N_ACT, N_PLANCK = 792, 400


class PlanckPR4Lensing(Installed, native):
    r"""
    Planck PR4 lensing, 9 band powers at L = 8 ... 400 \cite{Carron:2022eyg}.

    Cobaya's `planck_2018_lensing.native` with the newer data: the same sky, with more of the data and a
    better estimator.
    """

    install_options = {"download_url": "https://github.com/carronj/planck_PR4_lensing/archive/"
                                       "d0e89baf8f32bec9aab25a4486d31b20ff59f51f.zip",
                       "data_path": "planck_pr4_lensing"}
    _data_file = "pp_consext8_npipe_smicaed_TiPi_jTP_pre30T_kfilt_rdn0cov_PS1.dataset"
    _data_package = "planckpr4lensing"

    def initialize(self):
        """Read the data."""
        self.dataset_file = str(self.found())
        super().initialize()


class CMBLensing(Installed):
    r"""
    Lensing of ACT DR6, alone or with Planck PR4 and SPT-3G (MUSE)
    \cite{ACT:2023kun,ACT:2023dou,Carron:2022eyg,SPT-3G:2024atg,ACT:2025lensing}.

    `variant` names the maps, as act_dr6_lenslike and act_dr6_spt_lenslike do: act, actplanck, actspt3g,
    actplanckspt3g with _baseline (L < 763) or _extended (L < 1300) for ACT, or spt3g. act_dr6_lenslike
    reads the band powers of ACT and Planck; those of SPT-3G, and the covariance with them, are added here.

    The covariance has the uncertainty of the normalisation by the primary CMB in it (`lens_only`). Where
    the normalisation is to follow the spectra of each point, for ACT and Planck,
    `act_dr6_lenslike.ACTDR6LensLike` with `lens_only: false` does so, from the whole of ACT's release.
    """

    install_options = {"download_url": "https://github.com/qujia7/spt_act_likelihood/archive/"
                                       "8dae7419bef0012b3e1fc239d4d1069571e74825.zip",
                       "data_path": "act_dr6_spt_lenslike"}
    _data_file = "v1.2/muse_likelihood.npz"
    _data_package = "act_dr6_spt_lenslike"

    variant: str

    def initialize(self):
        """Read the data.

        Raises
        ------
        LoggedError
            If `variant` is unknown, or act_dr6_lenslike is not installed.
        """
        if self.variant not in list(LENSING_MAPS):
            raise LoggedError(self.log, "variant = %r must be one of %s.", self.variant,
                              ", ".join(LENSING_MAPS))
        maps, file = LENSING_MAPS[self.variant], self.found()
        data, windows, covariance = [], [], None
        if ACT_MAP in maps:
            act = self.load_act(file.parent)
            data = [act["data_binned_clkk"]]
            windows = [act[name] for name in ("binmat_act", "binmat_planck") if name in act]
            covariance = act["cov"]
        if SPT_MAP in maps:
            muse = read_npz(file, ["bpwf", "d_kk", "cov_kk"])
            data.append(muse["d_kk"])
            windows.append(np.pad(muse["bpwf"], ((0, 0), (1, 0))))  # its columns start at L = 1
            covariance = with_spt(act, file.parent) if windows[1:] else muse["cov_kk"]
        self.data, n = np.concatenate(data), N_PLANCK if PLANCK_MAP in maps else N_ACT
        self.windows = stacked(windows)
        self.inverse_covariance = np.linalg.inv(covariance) * (n - len(self.data) - 2) / (n - 1)

    def load_act(self, folder):
        """Dictionary of act_dr6_lenslike's data: band powers of ACT, and of Planck; windows; covariance."""
        lenslike = program("act_dr6_lenslike", self.log)
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")  # it says what Hartlap's factor is
            return lenslike.load_data(self.variant.replace("spt3g", ""), ddir=str(folder), lens_only=True,
                                      like_corrections=False)

    def get_requirements(self):
        return {"Cl": {"pp": self.windows.shape[1] - 1}}

    def logp(self, **params_values):
        Cl = self.provider.get_Cl(ell_factor=False)
        L = np.arange(self.windows.shape[1])
        kappa = (L * (L + 1))**2 / 4 * Cl["pp"][L]
        difference = self.data - self.windows @ kappa
        return -0.5 * difference @ self.inverse_covariance @ difference


def with_spt(act, folder):
    """Covariance of the band powers of ACT that are used, of Planck and of SPT-3G, shape (n, n)."""
    planck = "planckspt3g_analytic_offdiagonal" if "binmat_planck" in act else "spt3g"
    covariance = np.loadtxt(folder / f"covmat_act{planck}.txt")
    all_of_act = act["full_data_binned_clkk_act"]
    used = np.isin(all_of_act, act["data_binned_clkk"])
    used = np.append(used, np.ones(len(covariance) - len(used), bool))
    return covariance[np.ix_(used, used)]


def stacked(windows):
    """Windows of different length, one below the other, to the last multipole that any of them sees."""
    length = max(w.shape[1] for w in windows)
    windows = np.vstack([np.pad(w, ((0, 0), (0, length - w.shape[1]))) for w in windows])
    return windows[:, :np.nonzero(windows.any(axis=0))[0][-1] + 1]
