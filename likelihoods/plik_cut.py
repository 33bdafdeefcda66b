"""Planck's plik_lite without the scales that ACT measures better."""

import numpy as np
from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native

from .sky import OnSky

#: Highest multipole of the bins that are kept, in the order of plik_lite's bins: those of P-ACT
CUT = {"tt": 1000, "te": 600, "ee": 600}


class PlanckCut(OnSky, TTTEEE_lite_native):
    r"""
    Planck 2018 plik_lite TTTEEE to l = 1000 in TT and 600 in TE and EE, as in P-ACT
    \cite{Aghanim:2019ame,AtacamaCosmologyTelescope:2025nti}.

    What ACT DR6 does not measure better: 252 of plik_lite's 613 bins, in the covariance marginalised over
    the others. For `sidr.likelihoods.ACTDR6` and with it A_planck = A_act, as its authors combine the two;
    their covariance is neglected.
    """

    def init_params(self, ini):
        """Read the data, and keep the bins that end at or below `CUT` of their spectrum."""
        super().init_params(ini)
        keep = [self.blmax[bins] <= l_max for l_max, bins in zip(CUT.values(), self.used_bins, strict=True)]
        self.used_bins = [bins[k] for bins, k in zip(self.used_bins, keep, strict=True)]
        keep = np.concatenate(keep)
        self.used_indices, self.X_data = self.used_indices[keep], self.X_data[keep]
        self.cov = self.cov[np.ix_(keep, keep)]
        self.invcov = np.linalg.inv(self.cov)
        self.lmax = int(max(self.blmax[bins[-1]] for bins in self.used_bins if len(bins)))
