"""Planck's plik_lite without the scales that ACT measures better."""

import numpy as np
from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native
from cobaya.log import LoggedError

from .sky import OnSky

SPECTRA = ("tt", "te", "ee")


class PlanckCut(OnSky, TTTEEE_lite_native):
    r"""
    Planck 2018 plik_lite TTTEEE to l = 1000 in TT and 600 in TE and EE, as in P-ACT
    \cite{Aghanim:2019ame,AtacamaCosmologyTelescope:2025blo}.

    What ACT DR6 does not measure better: 252 of plik_lite's 613 bins, in the covariance marginalised over the
    others. For `sidr.likelihoods.ACTDR6` and with it A_planck = A_act, as its authors combine the two; their
    covariance is neglected.
    """

    l_max: dict

    def init_params(self, ini):
        """Read the data, and keep the bins that end below `l_max` of their spectrum.

        Raises
        ------
        LoggedError
            If `l_max` is anything but a number for each spectrum, or leaves no bin.
        """
        super().init_params(ini)
        cut = self.l_max
        if not isinstance(cut, dict) or set(cut) != set(SPECTRA) or not all(
                isinstance(l, int) and not isinstance(l, bool) for l in cut.values()):
            raise LoggedError(self.log, "l_max = %r: give an integer for each of %s.", cut, ", ".join(SPECTRA))
        # `get_chi_squared` has TT, TE, EE one after the other, each with the bins that it uses.
        keep = [self.blmax[bins] <= cut[x] for x, bins in zip(SPECTRA, self.used_bins, strict=True)]
        self.used_bins = [bins[k] for bins, k in zip(self.used_bins, keep, strict=True)]
        keep = np.concatenate(keep)
        if not keep.any():
            raise LoggedError(self.log, "l_max = %r leaves no bin: they start at l = %d.", cut, self.blmin[0])
        self.used_indices, self.X_data = self.used_indices[keep], self.X_data[keep]
        self.cov = self.cov[np.ix_(keep, keep)]
        self.invcov = np.linalg.inv(self.cov)
        self.lmax = max(self.blmax[bins[-1]] for bins in self.used_bins if len(bins))
