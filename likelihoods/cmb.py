r"""Planck compressed to three numbers: the early universe without late-time effects.

.. math::
   x = (\theta_*, \omega_b, \omega_b + \omega_c), \qquad
   \chi^2 = (x - \mu)^T C^{-1} (x - \mu), \qquad \theta_* = r_s(z_*) / D_M(z_*)

Planck PR4 CamSpec, marginalised over the late ISW effect and lensing: arXiv:2503.14738,
Eqs. (35)-(36), with the digits of DESI's published chains.
"""

import numpy as np
from cobaya.likelihood import Likelihood

MEAN = np.array([0.01041027, 0.02223208, 0.14207901])
COVARIANCE = np.array([[6.6209942e-12, 1.24442058e-10, -1.19287532e-09],
                       [1.24442058e-10, 2.13441666e-08, -9.40008323e-08],
                       [-1.19287532e-09, -9.40008323e-08, 1.48841714e-06]])


class CMBCompressed(Likelihood):
    r"""
    Planck PR4 as a Gaussian in theta*, omega_b and omega_b + omega_c
    \cite{DESI:2025zgx,Rosenberg:2022sdy}.

    It replaces the primary CMB in runs that need the background only, and asks CLASS for no spectra.
    omega_c is CLASS's cold dark matter, without neutrinos.

    It cannot see a self-interaction: G_eff enters none of the three numbers. Worse, chi's coupling
    shifts the phase of the acoustic peaks, and theta* was measured assuming that all neutrinos
    stream freely: where a strong interaction (SI mode) fits the spectra, its theta* is another one,
    and this likelihood is biased. Use Planck's spectra there. The same holds for anything else that
    changes the early universe, such as a free N_eff.
    """

    type = "CMB"

    def initialize(self):
        self.inverse_covariance = np.linalg.inv(COVARIANCE)

    def get_requirements(self):
        return {"theta_s_100": None, "z_rec": None, "H0": None,
                "Omega_b": {"z": [0]}, "Omega_cdm": {"z": [0]}}

    @property
    def input_params_extra(self):
        """Nothing: Cobaya would ask for Omega_b and Omega_cdm as numbers, not as functions of z."""
        return set()

    def logp(self, **params_values):
        delta = self.observables() - MEAN
        return -0.5 * delta @ self.inverse_covariance @ delta

    def observables(self):
        """The theory's theta*, omega_b and omega_b + omega_c, shape (3,)."""
        theta_s_100, z_rec = self.provider.get_param(["theta_s_100", "z_rec"])
        omega_b, omega_cdm = self.omega("b"), self.omega("cdm")
        return np.array([theta_star(theta_s_100 / 100, z_rec), omega_b, omega_b + omega_cdm])

    def omega(self, species):
        """Density Omega h^2 today of "b" or "cdm", however it is parametrised."""
        name = f"Omega_{species}"
        if name in self.provider.params:  # an input: Cobaya has not asked the theory for it
            Omega = self.provider.get_param(name)
        else:
            Omega = getattr(self.provider, f"get_{name}")([0])[0]
        return Omega * (self.provider.get_param("H0") / 100)**2


def theta_star(theta_s, z_rec):
    r"""r_s/D_M where recombination alone has an optical depth of one.

    .. math:: \theta_* = \theta_s \left(1 - 0.6716\,\frac{z_* - z_{\rm rec}}{1090}\right), \qquad
              z_* - z_{\rm rec} = 1.1087 + 0.2\,(z_{\rm rec} - 1088.775)

    CLASS's own `theta_star_100` is not the theta* of the means: it counts the optical depth of
    reionization too, unlike CAMB, and at tau = 0.054 is larger by 0.3%, 12 standard deviations.
    The peak of the visibility function, at z_rec, does not feel reionization. The step from there
    to z* is fitted to stock CLASS 3.4.1 with `reio_parametrization: reio_none`. It is right to 0.04
    standard deviations of theta* for densities within three of theirs, to 0.12 for a sum of
    neutrino masses of 0.9 eV or N_eff off by one.

    Parameters
    ----------
    theta_s : float
        r_s/D_M at z_rec [rad].
    z_rec : float
        Redshift at which the visibility function peaks.

    Returns
    -------
    float
        theta* [rad].
    """
    z_step = 1.1087 + 0.2 * (z_rec - 1088.775)
    return theta_s * (1 - 0.6716 * z_step / 1090)
