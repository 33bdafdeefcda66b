r"""Band powers of TT, TE and EE of ACT DR6 and SPT-3G, marginalised over foregrounds.

.. math:: \chi^2 = (d - m)^T C^{-1} (d - m), \qquad m_b = \sum_\ell W_{b\ell} D_\ell / c

candl (arXiv:2401.13433) reads the data and has the model: windows W, aberration, calibrations c.
"""

from .installed import Installed, program

#: Repositories of the data, at the versions that this was tested with
CANDL_DATA = {"download_url": "https://github.com/Lbalkenhol/candl_data/archive/"
                              "cb3378db8aaa2eecfc0c9a1ed3792ab1075d682b.zip", "data_path": "candl_data"}
SPT_CANDL_DATA = {"download_url": "https://github.com/SouthPoleTelescope/spt_candl_data/archive/"
                                  "ef4eeacd5a076578d5a4a15c6155dee1842442a8.zip",
                  "data_path": "spt_candl_data"}


class Bandpowers(Installed):
    """A data set in candl's format; a subclass names it."""

    _is_abstract = True

    def initialize(self):
        """Read the data.

        Raises
        ------
        LoggedError
            If candl is not installed.
        """
        self.candl = program("candl", self.log).Like(str(self.found()), feedback=False)
        # The calibrations have theirs in Name.yaml; that of tau is for runs without low l.
        self.candl.priors = []

    def get_requirements(self):
        return {"Cl": {name.lower(): self.candl.ell_max for name in self.candl.unique_spec_types}}

    def logp(self, **params_values):
        D = self.provider.get_Cl(ell_factor=True)
        cut = slice(self.candl.ell_min, self.candl.ell_max + 1)
        spectra = {name: D[name.lower()][cut] for name in self.candl.unique_spec_types}
        return float(self.candl.log_like(params_values | {"Dl": spectra | {"ell": D["ell"][cut]}}))


class ACTDR6(Bandpowers):
    r"""
    ACT DR6 TT, TE and EE, 135 band powers at l = 576 ... 6325, marginalised over foregrounds
    \cite{ACT:2025maps,ACT:2025spectra,AtacamaCosmologyTelescope:2025nti,Balkenhol:2024sbv}.

    Its calibration refers to Planck: with `sidr.likelihoods.PlanckCut`, A_planck = A_act. It asks for
    spectra to l = 6325, above what `precision: planck` of sidr.theory.SIDR is calibrated for.
    """

    install_options = CANDL_DATA
    _data_file = "ACT_DR6_CMB_only_v0/ACT_DR6_CMB_only.yaml"
    _data_package = "candl_data"


class SPT3GD1(Bandpowers):
    r"""
    SPT-3G D1 TT, TE and EE, 196 band powers at l = 400 ... 4000, marginalised over foregrounds
    \cite{SPT-3G:2025bzu,Balkenhol:2024sbv}.
    """

    install_options = SPT_CANDL_DATA
    _data_file = "SPT3G_D1_TnE_lite.yaml"
    _data_package = "spt_candl_data"


class SPT3G2018(Bandpowers):
    r"""
    SPT-3G 2018 TT, TE and EE, 123 band powers at l = 300 ... 3000, marginalised over foregrounds
    \cite{SPT-3G:2022hvq,Balkenhol:2024lite,Balkenhol:2024sbv}.
    """

    install_options = CANDL_DATA
    _data_file = "SPT3G_2018_TTTEEE_v0/SPT3G_2018_TTTEEE_lite.yaml"
    _data_package = "candl_data"
