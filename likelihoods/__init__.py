r"""Likelihoods for Cobaya: DESI's acoustic scale, the CMB, the Lyman-alpha forest, N_eff.

The numbers of the first are inside the package: nothing to download, no `packages_path`. Paste, for
neutrino masses from distances alone (no spectra are computed, some tenths of a second per point)::

    theory:
      classy:
        extra_args: {N_ur: 0, N_ncdm: 1, deg_ncdm: 3, T_ncdm: 0.716369}
    likelihood:
      sidr.likelihoods.DESI_DR2:
      sidr.likelihoods.CMBCompressed:
    params:
      omega_b: {prior: {min: 0.020, max: 0.025}, ref: 0.0222, proposal: 1e-4, latex: '\omega_b'}
      omega_cdm: {prior: {min: 0.10, max: 0.14}, ref: 0.12, proposal: 1e-3, latex: '\omega_c'}
      H0: {prior: {min: 50, max: 90}, ref: 68, proposal: 0.5, latex: H_0}
      m_ncdm: {prior: {min: 0, max: 0.3}, ref: 0.02, proposal: 0.02, latex: 'm_\nu'}
    sampler: {mcmc: }

Some of DESI's tracers only (DESI_DR1 takes the same option)::

    likelihood:
      sidr.likelihoods.DESI_DR2: {tracers: [BGS, LRG1, LRG2]}

`DESI_DR1`, `DESI_DR2`
    Distances over the sound horizon at the drag epoch; Cobaya's `bao.desi_2024_bao_all` and
    `bao.desi_dr2.desi_bao_all` without their download.
`CMBCompressed`
    theta*, omega_b and omega_b + omega_c from Planck PR4. It constrains the background only: read its
    docstring before using it with self-interacting radiation.
`PlanckCompressed`
    Planck 2018 spectra and lensing, compressed to what the spectra of this package's models can reach:
    Cobaya's `planck_2018_highl_plik.TTTEEE_lite_native`, `planck_2018_lensing.native`,
    `planck_2018_lowl.TT` and `planck_2018_lowl.EE` without their download.
`Neff`
    A measured effective number of neutrinos, where a model changes nothing else.
`LymanAlpha`
    Amplitude and slope of the linear power spectrum at 1/Mpc, from five analyses of the Lyman-alpha forest.

These read data of `cobaya-install`, with programs of the extra `cmb` (docs/data.md has how to install them,
and which of them go together; others are refused):

`ACTDR6`, `SPT3GD1`, `SPT3G2018`
    TT, TE and EE marginalised over foregrounds.
`PlanckCut`
    plik_lite below the scales that ACT measures better.
`PlanckPR4Lensing`, `CMBLensing`
    Lensing of Planck PR4, and of ACT DR6 with it and with SPT-3G.
"""

from .bandpowers import ACTDR6, SPT3G2018, SPT3GD1
from .cmb import CMBCompressed
from .desi import DESI_DR1, DESI_DR2
from .lensing import CMBLensing, PlanckPR4Lensing
from .lyman_alpha import LymanAlpha
from .neff import Neff
from .planck import PlanckCompressed
from .plik_cut import PlanckCut

__all__ = ["DESI_DR1", "DESI_DR2", "CMBCompressed", "Neff", "PlanckCompressed", "LymanAlpha",
           "ACTDR6", "SPT3GD1", "SPT3G2018", "PlanckCut", "PlanckPR4Lensing", "CMBLensing"]
