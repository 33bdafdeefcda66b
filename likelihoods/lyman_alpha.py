r"""The Lyman-alpha forest, compressed to amplitude and slope of the linear power spectrum.

.. math::
   \Delta^2_* = \frac{k^3 P(k)}{2\pi^2}, \qquad n_* = \frac{d\ln P}{d\ln k} \qquad
   \text{at } k_* = 0.009\,\mathrm{s/km}, \; z = 3, \qquad \chi^2 = (x - \mu)^T C^{-1} (x - \mu)

P is that of cold dark matter and baryons; wavenumbers per velocity are k (1 + z)/H(z).
"""

from pathlib import Path

import numpy as np
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError
from cobaya.yaml import yaml_load_file

from .sky import OnSky

Z, K = 3.0, 0.009  # redshift; wavenumber [s/km]

#: ln P is fitted by a parabola in ln k between these multiples of k*, as the authors of the data do. In
#: LCDM its slope at k* is 0.005 above the derivative of P itself, nearly the error of n_star of eBOSS.
RANGE = np.geomspace(0.5, 2, 100)

#: A cubic spline in z wants neighbours of z = 3; largest wavenumber [1/Mpc], for H(3) to 660 km/s/Mpc
REDSHIFTS, K_MAX = [2.6, 2.8, Z, 3.2, 3.4], 3.0

#: With fewer multipoles of massive neutrinos P(k) is wrong where n_star is measured; CLASS's own number
L_MAX_NCDM = 17

MEASUREMENTS = yaml_load_file(str(Path(__file__).with_name("lyman_alpha.yaml")))


class LymanAlpha(OnSky, Likelihood):
    r"""
    One-dimensional power spectrum of the Lyman-alpha forest, as a Gaussian in amplitude and slope of the
    linear power spectrum
    \cite{Chabanier:2018rga,Goldstein:2023gnw,Walther:2024tcj,Palanque-Delabrouille:2015pga,SDSS:2004kjl}.

    `dataset` names one of five analyses: desi_dr1, eboss_dr14_chabanier, eboss_dr14_walther, boss_dr9,
    sdss_dr2. All but the first are of the same quasars, or of some of them. For any theory with P(k) and
    H(z).

    It holds for linear spectra that are nearly a power law around 1/Mpc, as those of LCDM are: chi^2 says
    nothing of a cutoff or of oscillations there.
    """

    dataset: str

    def initialize(self):
        """Find mean and covariance.

        Raises
        ------
        LoggedError
            If `dataset` is unknown.
        """
        if self.dataset not in list(MEASUREMENTS):
            raise LoggedError(self.log, "dataset = %r must be one of %s.", self.dataset,
                              ", ".join(MEASUREMENTS))
        numbers = MEASUREMENTS[self.dataset]
        self.mean, sigma = np.transpose([numbers["Delta2_star"], numbers["n_star"]])
        r = numbers["correlation"]
        self.inverse_covariance = np.linalg.inv(np.outer(sigma, sigma) * [[1, r], [r, 1]])

    def initialize_with_provider(self, provider):
        """Look at the settings of CLASS.

        Raises
        ------
        LoggedError
            If massive neutrinos have too few multipoles, as in `precision: planck` of sidr.theory.SIDR.
        """
        super().initialize_with_provider(provider)
        for name, theory in provider.model.theory.items():
            l_max = (getattr(theory, "extra_args", None) or {}).get("l_max_ncdm", L_MAX_NCDM)
            if int(l_max) < L_MAX_NCDM:
                raise LoggedError(self.log, "l_max_ncdm = %s in %s, as in `precision: planck`: that moves "
                                  "P(k) at 1/Mpc by 2%% and n_star by 0.011. Take %s or more: "
                                  "`precision: default`.", l_max, name, L_MAX_NCDM)

    def get_requirements(self):
        return {"Hubble": {"z": [Z]},
                "Pk_interpolator": {"z": REDSHIFTS, "k_max": K_MAX, "nonlinear": False,
                                    "vars_pairs": [["delta_nonu", "delta_nonu"]]}}

    def get_can_provide_params(self):
        return ["Delta2_star", "n_star"]

    def logp(self, _derived=None, **params_values):
        observables = self.observables()
        if _derived is not None:
            _derived.update(zip(self.get_can_provide_params(), observables.tolist(), strict=True))
        delta = observables - self.mean
        return -0.5 * delta @ self.inverse_covariance @ delta

    def observables(self):
        """The theory's Delta2_star and n_star, shape (2,)."""
        H, = self.provider.get_Hubble(Z, units="km/s/Mpc") * np.ones(1)
        k = K * H / (1 + Z)  # [1/Mpc]
        power = self.provider.get_Pk_interpolator(("delta_nonu", "delta_nonu"), nonlinear=False)
        if k * RANGE[-1] > power.input_kmax:
            raise LoggedError(self.log, "H(z = %g) = %g km/s/Mpc: P(k) is known to k = %g/Mpc only, and "
                              "%g/Mpc is needed.", Z, H, power.input_kmax, k * RANGE[-1])
        return amplitude_and_slope(k, power.P(Z, k * RANGE))


def amplitude_and_slope(k, P):
    """Delta2 and slope n at a wavenumber, shape (2,), from P at `RANGE` times k: shape (100,)."""
    _, n, log_P = np.polyfit(np.log(RANGE), np.log(P), 2)
    return np.array([k**3 * np.exp(log_P) / (2 * np.pi**2), n])
