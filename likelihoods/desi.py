r"""Baryon acoustic oscillations measured by DESI: D_V, D_M and D_H over the sound horizon r_d.

.. math::
   D_H = c / H(z), \qquad D_V = (z\, D_M^2 D_H)^{1/3}, \qquad
   \chi^2 = \sum_{\rm tracers} (d - t)^T C^{-1} (d - t)

The tables hold CobayaSampler/bao_data (v2.6, `desi_2024_gaussian_bao_ALL_GCcomb_*.txt` and
`desi_bao_dr2/desi_gaussian_bao_ALL_GCcomb_*.txt`), rounded to four decimals. Tracers are
independent of each other; `r` correlates the two quantities of one tracer.
"""

import numpy as np
from cobaya.likelihoods.base_classes import BAO
from cobaya.log import LoggedError

COLUMNS = [("tracer", "U9"), ("z", float), ("observable", "U10"), ("value", float),
           ("sigma", float), ("r", float)]


class DESI(BAO):
    """One data release; a subclass brings its `_table`, one measurement per line."""

    _is_abstract = True
    install_options = {}  # BAO's would ask for a download

    tracers: list[str]
    _table: str

    def initialize(self):
        """Select the tracers and build the data vector and its covariance.

        Raises
        ------
        LoggedError
            If `tracers` is anything but a list of distinct names of the table.
        """
        table = np.loadtxt(self._table.splitlines(), dtype=COLUMNS)
        allowed = list(dict.fromkeys(table["tracer"].tolist()))
        table = table[np.isin(table["tracer"], self._checked_tracers(allowed))]
        self.data = table[["z", "value", "sigma", "observable"]].tolist()
        self.path = self.get_class_path()  # BAO asks for a folder, and reads nothing there
        super().initialize()
        # BAO has made a diagonal covariance of the column of errors; its logpdf reads invcov.
        self.cov = block_covariance(table["tracer"], table["sigma"], table["r"])
        self.invcov = np.linalg.inv(self.cov)

    def _checked_tracers(self, allowed):
        """The option `tracers`, if every name is in `allowed`, once."""
        tracers = self.tracers
        if (not isinstance(tracers, list) or not tracers
                or any(tracers.count(name) > 1 or name not in allowed for name in tracers)):
            raise LoggedError(self.log, "tracers = %r must be a list of one or more of %s, each "
                              "once; leave the option out for all.", tracers, ", ".join(allowed))
        return tracers


def block_covariance(tracer, sigma, r):
    """Covariance of measurements that are correlated within a tracer only.

    Parameters
    ----------
    tracer : array of str, shape (n,)
    sigma : array, shape (n,)
        Standard deviations, in units of the measurements.
    r : array, shape (n,)
        Correlation with the other measurement of the same tracer, if there is one.

    Returns
    -------
    array, shape (n, n)
    """
    correlation = np.where(tracer[:, None] == tracer, r, 0.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation * np.outer(sigma, sigma)


class DESI_DR1(DESI):
    r"""
    DESI DR1 BAO, Table 1 of arXiv:2404.03002 \cite{DESI:2024mwx,DESI:2024uvr,DESI:2024lzq}.
    """

    _table = """
        BGS        0.295  DV_over_rs   7.9251  0.1507   0
        LRG1       0.510  DM_over_rs  13.6200  0.2519  -0.445
        LRG1       0.510  DH_over_rs  20.9833  0.6107  -0.445
        LRG2       0.706  DM_over_rs  16.8465  0.3193  -0.420
        LRG2       0.706  DH_over_rs  20.0787  0.5954  -0.420
        LRG3+ELG1  0.930  DM_over_rs  21.7084  0.2821  -0.389
        LRG3+ELG1  0.930  DH_over_rs  17.8761  0.3463  -0.389
        ELG2       1.317  DM_over_rs  27.7872  0.6903  -0.444
        ELG2       1.317  DH_over_rs  13.8237  0.4222  -0.444
        QSO        1.491  DV_over_rs  26.0722  0.6687   0
        Lya        2.330  DM_over_rs  39.7084  0.9433  -0.478
        Lya        2.330  DH_over_rs   8.5226  0.1708  -0.478
    """


class DESI_DR2(DESI):
    r"""
    DESI DR2 BAO, Table IV of arXiv:2503.14738 \cite{DESI:2025zpo,DESI:2025zgx}.

    Errors and correlations are those of the published covariance, which are slightly larger than
    the table's.
    """

    _table = """
        BGS        0.295  DV_over_rs   7.9417  0.0761   0
        LRG1       0.510  DM_over_rs  13.5876  0.1684  -0.452
        LRG1       0.510  DH_over_rs  21.8629  0.4289  -0.452
        LRG2       0.706  DM_over_rs  17.3507  0.1799  -0.395
        LRG2       0.706  DH_over_rs  19.4553  0.3339  -0.395
        LRG3+ELG1  0.934  DM_over_rs  21.5756  0.1618  -0.347
        LRG3+ELG1  0.934  DH_over_rs  17.6415  0.2010  -0.347
        ELG2       1.321  DM_over_rs  27.6009  0.3246  -0.398
        ELG2       1.321  DH_over_rs  14.1760  0.2246  -0.398
        QSO        1.484  DM_over_rs  30.5119  0.7636  -0.494
        QSO        1.484  DH_over_rs  12.8170  0.5180  -0.494
        Lya        2.330  DM_over_rs  38.9890  0.5317  -0.431
        Lya        2.330  DH_over_rs   8.6315  0.1011  -0.431
    """
