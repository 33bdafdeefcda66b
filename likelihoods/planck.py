r"""Planck 2018 inside the package: TT, TE, EE and lensing, compressed to what models can reach.

.. math:: \chi^2 = \chi^2_{\rm plik\,lite} + \chi^2_{\rm lensing} + \chi^2_{{\rm low}\,\ell\,TT}
                 + \chi^2_{{\rm low}\,\ell\,EE}

`sidr.likelihoods.compression` has what each part does, `sidr compress` makes it anew, and
docs/planck_compressed.md says how well it agrees with the real likelihoods.
"""

from collections import Counter

import numpy as np
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError

from . import compression


class PlanckCompressed(Likelihood):
    r"""
    Planck 2018 plik_lite TTTEEE, lensing, low-l TT and low-l EE \cite{Aghanim:2019ame,Aghanim:2018oex},
    compressed to what the spectra of models can reach; nothing to download.

    It is `planck_2018_highl_plik.TTTEEE_lite_native`, `planck_2018_lensing.native`, `planck_2018_lowl.TT`
    and `planck_2018_lowl.EE` in one, with their parameter A_planck, for the spectra of any theory::

        likelihood:
          sidr.likelihoods.PlanckCompressed:
            strict: true

    It was made of spectra of LCDM + Sigma m_nu and of this package's model around the best fits for every
    log10 G_eff, where chi2 is that of the four within 0.02 (standard deviation). With each chi2 comes an
    estimate of its error, from what the compression does not see of the spectra. Where that is more than
    `tolerance`, or the low-l spectra are beyond those that it was made of, a point is outside: the first
    one is warned of; with `strict` all are refused (log-zero) and counted.

    A model with other features in its spectra needs the real likelihoods, unless it is inside; so does
    what needs residuals or some of the multipoles. Parameters that can be derived: chi2_plik_lite,
    chi2_lensing, chi2_lowl_TT, chi2_lowl_EE, and chi2_error, the estimate. Cite Planck: `cobaya-bib`.
    """

    file: str | None
    parts: list[str]
    tolerance: float
    strict: bool

    def initialize(self):
        """Read the compression.

        Raises
        ------
        LoggedError
            If `parts` is anything but a list of distinct names of parts, or `file` is no compression.
        """
        allowed = list(compression.PARTS)
        if (not isinstance(self.parts, list) or not self.parts
                or any(self.parts.count(name) > 1 or name not in allowed for name in self.parts)):
            raise LoggedError(self.log, "parts = %r must be a list of one or more of %s, each once; leave "
                              "the option out for all.", self.parts, ", ".join(allowed))
        try:
            parts, self.metadata = compression.load(self.file or compression.PACKAGED)
        except (OSError, ValueError) as error:
            raise LoggedError(self.log, "file = %r: %s", self.file, error) from error
        self.compressed = {name: parts[name] for name in self.parts}
        self.outside, self.rejected = 0, Counter()

    def get_requirements(self):
        l_max = {}
        for part in self.compressed.values():
            for spectrum, needed in part.l_max.items():
                l_max[spectrum] = max(needed, l_max.get(spectrum, 0))
        return {"Cl": l_max}

    def get_can_provide_params(self):
        return [*(f"chi2_{name}" for name in self.compressed), "chi2_error"]

    def logp(self, _derived=None, **params_values):
        D, A = self.provider.get_Cl(ell_factor=True), params_values["A_planck"]
        results = {name: part.chi2(D, A) for name, part in self.compressed.items()}
        total_error = sum(error for _, error in results.values())
        if _derived is not None:
            _derived.update({f"chi2_{name}": chi2 for name, (chi2, _) in results.items()})
            _derived["chi2_error"] = total_error
        if total_error > self.tolerance:
            self.outside += 1
            if self.strict:
                self.rejected["spectra outside those that the compression of Planck was made of"] += 1
                return -np.inf
            if self.outside == 1:
                self.warn(results)
        return -0.5 * sum(chi2 for chi2, _ in results.values())

    def warn(self, results):
        """Say how wrong the chi2 of a point outside may be."""
        errors = ", ".join((f"{error:.2g}" if np.isfinite(error) else "an unknown amount") + f" in {name}"
                           for name, (_, error) in results.items() if error > 0.01 * self.tolerance)
        self.log.warning(
            "A point is outside the spectra that the compression was made of: chi2 may be wrong by %s "
            "(tolerance = %g). This is said once; such points are kept: strict = true refuses them. If the "
            "posterior has any, use the real likelihoods, or `sidr compress` with spectra from there.",
            errors, self.tolerance)

    def close(self):
        if self.outside:
            self.log.info("%d points were outside the spectra that the compression was made of.",
                          self.outside)
