r"""Band powers of the lensing potential of the CMB: Planck PR4, ACT DR6, SPT-3G.

.. math:: \chi^2 = (d - B C_L^{\kappa\kappa})^T h C^{-1} (d - B C_L^{\kappa\kappa}), \qquad
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
from .sky import LENSING_MAPS, PLANCK_MAP, SPT_MAP

#: Simulations behind the covariances of ACT and of Planck: defaults of ACTDR6LensLike in act_dr6_lenslike 1.2.1
SIMULATIONS = {"nsims_act": 792, "nsims_planck": 400}

#: Multipoles to which C_L is used: of the windows of ACT and Planck, and of SPT-3G, of the authors' program
L_MAX, L_MAX_SPT = 2999, 3101


class PlanckPR4Lensing(Installed, native):
    r"""
    Planck PR4 lensing, 9 band powers at L = 8 ... 400 \cite{Carron:2022eyg}.

    Cobaya's `planck_2018_lensing.native` with the newer data: the same maps, with more of the data and a better
    estimator.
    """

    install_options = {"download_url": "https://github.com/carronj/planck_PR4_lensing/archive/"
                                       "d0e89baf8f32bec9aab25a4486d31b20ff59f51f.zip",
                       "data_path": "planck_pr4_lensing"}
    bibtex_file = "PlanckPR4Lensing.bibtex"
    _data_file = "pp_consext8_npipe_smicaed_TiPi_jTP_pre30T_kfilt_rdn0cov_PS1.dataset"
    _data_package = "planckpr4lensing"

    def initialize(self):
        """Read the data.

        Raises
        ------
        LoggedError
            If they are not installed.
        """
        self.dataset_file = str(self.found())
        super().initialize()


class CMBLensing(Installed):
    r"""
    Lensing of ACT DR6, alone or with Planck PR4 and SPT-3G (MUSE)
    \cite{ACT:2023kun,ACT:2023dou,ACT:2023ubw,Carron:2022eyg,SPT-3G:2024atg,ACT:2025lensing}.

    `variant` names the maps, as act_dr6_lenslike and act_dr6_spt_lenslike do: act, actplanck, actspt3g,
    actplanckspt3g with _baseline (L < 763) or _extended (L < 1300) for ACT, or spt3g. act_dr6_lenslike has the
    band powers of ACT and Planck; those of SPT-3G, and the covariance with them, are added here.

    With `lens_only` the covariance has the uncertainty of the normalisation from the primary CMB in it. Without,
    the normalisation follows the spectra of each point, which takes the folder `like_corrs` of ACT's release:
    `cobaya-install act_dr6_lenslike.ACTDR6LensLike`; that is for runs with the primary CMB.
    """

    install_options = {"download_url": "https://github.com/qujia7/spt_act_likelihood/archive/"
                                       "8dae7419bef0012b3e1fc239d4d1069571e74825.zip",
                       "data_path": "act_dr6_spt_lenslike"}
    _data_file = "v1.2/muse_likelihood.npz"
    _data_package = "act_dr6_spt_lenslike"

    variant: str
    lens_only: bool

    def initialize(self):
        """Read the data.

        Raises
        ------
        LoggedError
            If an option is wrong, act_dr6_lenslike or data are not installed.
        """
        if self.variant not in LENSING_MAPS:
            raise LoggedError(self.log, "variant = %r must be one of %s.", self.variant, ", ".join(LENSING_MAPS))
        if not isinstance(self.lens_only, bool):
            raise LoggedError(self.log, "lens_only = %r must be true or false.", self.lens_only)
        maps, folder = LENSING_MAPS[self.variant], self.found().parent
        data, covariance = [], None
        if ACT_MAP in maps:
            self.lenslike = program("act_dr6_lenslike", self.log)
            self.act = self.load_act(folder)
            data, covariance = self.act["data_binned_clkk"], self.act["cov"]
        if SPT_MAP in maps:
            muse = read_npz(folder / "muse_likelihood.npz", ["bpwf", "d_kk", "cov_kk"])
            self.spt_windows = np.pad(muse["bpwf"], ((0, 0), (1, 0)))  # their columns start at L = 1
            data = np.append(data, muse["d_kk"])
            covariance = muse["cov_kk"] if maps == (SPT_MAP,) else self.with_spt(folder)
        n = min(SIMULATIONS.values()) if PLANCK_MAP in maps else SIMULATIONS["nsims_act"]
        self.data = np.array(data)
        self.inverse_covariance = np.linalg.inv(covariance) * (n - len(data) - 2) / (n - 1)

    def load_act(self, folder):
        """Dictionary of act_dr6_lenslike's data, from ACT's release or the folder of the other data."""
        name = self.variant.replace("spt3g", "")
        if not self.lens_only:
            folder = self.packages_path and Path(self.packages_path, "data", "ACT_dr6_likelihood", "v1.2")
            if not (folder and (folder / "like_corrs").is_dir()):
                raise LoggedError(self.log, "lens_only = False needs the folder like_corrs of ACT's release, and %s "
                                  "is not there: `cobaya-install act_dr6_lenslike.ACTDR6LensLike -p "
                                  "PACKAGES_PATH`, or lens_only: true.", folder)
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")  # it says what Hartlap's factor is
            return self.lenslike.load_data(name, ddir=str(folder), lens_only=self.lens_only,
                                           like_corrections=not self.lens_only, **SIMULATIONS)

    def with_spt(self, folder):
        """Covariance of the bins of ACT that are used, of Planck and of SPT-3G."""
        name = "actplanckspt3g_analytic_offdiagonal" if "binmat_planck" in self.act else "actspt3g"
        covariance = np.loadtxt(folder / f"covmat_{name}{'' if self.lens_only else '_no_cmbmarg'}.txt")
        all_of_act = self.act["full_data_binned_clkk_act"]
        used = np.isin(all_of_act, self.act["data_binned_clkk"])
        used = np.append(used, np.ones(len(covariance) - len(used), bool))
        return covariance[np.ix_(used, used)]

    def get_requirements(self):
        spectra = ["pp"] if self.lens_only else ["pp", "tt", "te", "ee", "bb"]
        return {"Cl": dict.fromkeys(spectra, L_MAX["extended" if self.reaches_far() else "baseline"])}

    def logp(self, **params_values):
        difference = self.data - self.band_powers(self.provider.get_Cl(ell_factor=False))
        return -0.5 * difference @ self.inverse_covariance @ difference
