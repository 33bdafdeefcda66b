r"""A measured effective number of neutrinos, as a Gaussian.

.. math:: \chi^2 = \frac{(N_{\rm eff} - \bar N)^2}{\sigma^2}
"""

from math import inf
from numbers import Real

from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError

#: Mean and standard deviation of N_eff in LCDM + N_eff; the forecasts are centred on the standard model
MEASUREMENTS = {
    "planck_2018": (2.99, 0.17),    # arXiv:1807.06209 (67b): TTTEEE, lowE, lensing, BAO
    "act_dr6": (2.86, 0.13),        # arXiv:2503.14454: ACT DR6, Planck, lensing, DESI DR1
    "cmb_bbn": (2.990, 0.070),      # arXiv:2603.13226: CMB, DESI, and the helium and deuterium abundances
    # Y_p = 0.2458(13) of arXiv:2601.22238 against 0.2467 of standard nucleosynthesis there, with
    # dY_p/dN = 0.0134 of CLASS's table: for N_bbn
    "helium": (2.977, 0.097),
    "cmb_s4": (3.044, 0.030),       # forecast, arXiv:1610.02743: 0.06 at 95%
    "cmb_hd": (3.044, 0.0135),      # forecast, arXiv:1906.10134: 0.027 at 95%
}


class Neff(Likelihood):
    r"""
    Gaussian in the effective number of neutrinos
    \cite{Planck:2018vyg,AtacamaCosmologyTelescope:2025nti,Goldstein:2026neff,Aver:2026lbt}.

    It replaces data of the CMB where nothing but N_eff changes. N_eff is that of today's radiation, and was
    measured for species that stream freely and have standard helium: it cannot see chi. Not to be
    combined with the data that it was made of, such as Planck's and DESI's. Helium measures N_bbn.
    """

    measurement: str | list
    parameter: str

    def initialize(self):
        """Find mean and standard deviation.

        Raises
        ------
        LoggedError
            If `measurement` is neither a name of `MEASUREMENTS` nor two numbers, the second above 0.
        """
        numbers = self.measurement
        if isinstance(numbers, str):
            numbers = MEASUREMENTS.get(numbers)
        if not is_gaussian(numbers):
            raise LoggedError(self.log, "measurement = %r must be one of %s, or [mean, standard deviation] "
                              "with the latter above 0.", self.measurement, ", ".join(MEASUREMENTS))
        self.mean, self.sigma = numbers

    def get_requirements(self):
        return [self.parameter]

    def logp(self, **params_values):
        return -0.5 * ((self.provider.get_param(self.parameter) - self.mean) / self.sigma)**2


def is_gaussian(numbers):
    """Whether these are a finite mean and a finite standard deviation above 0."""
    return (isinstance(numbers, (list, tuple)) and len(numbers) == 2
            and all(isinstance(x, Real) and not isinstance(x, bool) and -inf < x < inf for x in numbers)
            and numbers[1] > 0)
