"""What `evolve` returns: a thermal history, and what follows from it for CLASS and for nucleosynthesis."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sidr.constants import N_EFF_UNIT, RHO_GAMMA
from sidr.neutrinos import Masses, NeutrinoSector, Species

from .baths import densities, thermal
from .dark import Rates
from .nucleosynthesis import T_START, Background, Nucleons, matching_radiation
from .plasma import plasma

#: Temperature of the photons [MeV] at which helium has been made: what happens later helium does not see
T_BBN = 0.07

#: Temperature of the photons [MeV] below which no e+ e- are left to heat them
T_TODAY = 0.02

#: Times between the start of nucleosynthesis and T_BBN, equally spaced in ln T_gamma
BBN_TIMES = 160


class Relics(NamedTuple):
    """Neutrinos and chi of today, 1/(exp(p/T)/z + 1), temperatures over that of the photons.

    For CLASS: `T_ncdm` = T_nu and `fugacity_ncdm` = z_nu with `deg_ncdm` = 1 of three species, `N_sidr` =
    N_chi, `T_sidr`.
    """
    T_nu: np.ndarray        # of the mass states 1, 2, 3; shape (3,)
    z_nu: np.ndarray        # their fugacities exp(mu/T), shape (3,)
    T_chi: float            # 0 without chi
    z_chi: float
    N_nu: float             # effective numbers
    N_chi: float

    @property
    def T_sidr(self):
        """Temperature, without a fugacity, at which chi would scatter as often: the rate goes as z T^5."""
        return self.T_chi * self.z_chi**0.2


class Solution(NamedTuple):
    """The variables of the equations while helium is made."""
    T_gamma: np.ndarray     # [MeV], shape (n,), falling to T_BBN
    y: np.ndarray           # shape (variables, n)
    bath: object            # see `sidr.thermal.baths`
    qed: bool


@dataclass(frozen=True, eq=False)
class History:
    """A thermal history; arrays have one entry per time, from early to late.

    Attributes
    ----------
    today : Relics
        T, z of each neutrino and of chi, as CLASS takes them.
    N_bbn : float
        Effective number with which the standard model would make as much helium: expansion, and the nu_e
        that convert neutrons and protons.
    N_expansion : float
        N_eff if nothing had happened any more below T_BBN: that of the expansion rate alone.
    """
    T_gamma: np.ndarray     # [MeV]
    T_nu_e: np.ndarray      # [MeV]
    T_nu_mu: np.ndarray     # nu_mu and nu_tau [MeV]
    T_chi: np.ndarray       # [MeV]; 0 without chi
    z_nu_e: np.ndarray      # exp(mu/T); 1 where chemical potentials are not followed
    z_nu_mu: np.ndarray
    z_chi: np.ndarray
    a: np.ndarray           # scale factor, 1 at the start
    H: np.ndarray           # [MeV]
    rates: Rates            # over H
    N_eff: float            # all but photons at T_end, (8/7)(11/4)^(4/3) rho/rho_gamma
    N_eff_nu: float
    N_eff_chi: float
    n_nu: float             # number density of the neutrinos over that of three which decouple at once
    G_eff: float            # lambda_phi_chi^2/m_phi^2 [MeV^-2]
    energy_drift: float     # violation of energy conservation, over the energy
    number_drift: float     # of the balance of number, over the number; 0 where that is not followed
    flavours: np.ndarray    # shares of nu_e, nu_mu, nu_tau (columns) in the mass states, shape (3, 3)
    masses: Masses          # of the three neutrinos [eV]
    standard: object        # function that gives the history of the standard model, solved alike
    early: Solution | None  # None if the history does not go from 5 to 0.02 MeV

    @cached_property
    def today(self):
        """The `Relics`.

        Oscillations leave mass states. Each has the energy and number of its shares of the flavours, and
        T_nu and z_nu are those of a Fermi-Dirac distribution with both. Where flavours have different
        temperatures z_nu is a bit below 1 even without chemical potentials.

        Raises
        ------
        ValueError
            If the history ends before e+ e- have gone.
        """
        T = self.T_gamma[-1]
        if T > T_TODAY:
            raise ValueError(f"The history ends at {T:g} MeV, before e+ e- have gone: take T_end below "
                             f"{T_TODAY:g} MeV.")
        T_nu = np.array([self.T_nu_e[-1], *[self.T_nu_mu[-1]] * 2]) / T
        z_nu = np.array([self.z_nu_e[-1], *[self.z_nu_mu[-1]] * 2])
        rho, n = np.array([densities(*flavour) for flavour in zip(T_nu, z_nu, strict=True)]).T
        T_nu, z_nu = np.array([thermal(*state) for state in zip(self.flavours @ rho, self.flavours @ n,
                                                                strict=True)]).T
        return Relics(T_nu, z_nu, float(self.T_chi[-1] / T), float(self.z_chi[-1]),
                      self.N_eff_nu, self.N_eff_chi)

    def sector(self):
        """The neutrinos and chi of today, for CLASS.

        Degenerate neutrinos are one species, of the energy and number that the three have together.

        Returns
        -------
        sidr.neutrinos.NeutrinoSector
        """
        today = self.today
        chi = {"N_bbn": self.N_bbn, "T_chi": today.T_sidr if today.N_chi > 0 else None}
        if not any(self.masses):
            return NeutrinoSector(today.N_chi, today.N_nu, **chi)
        if self.masses.m1 == self.masses.m3:
            states = zip(today.T_nu, today.z_nu, strict=True)
            rho, n = np.mean([densities(*state) for state in states], axis=0)
            T, z = thermal(float(rho), float(n))
            return NeutrinoSector(today.N_chi, 0.0, (Species(self.masses.m1, T, 3.0, z),), **chi)
        rows = zip(self.masses, today.T_nu.tolist(), today.z_nu.tolist(), strict=True)
        return NeutrinoSector(today.N_chi, 0.0, tuple(Species(m, T, 1.0, z) for m, T, z in rows), **chi)

    @cached_property
    def N_bbn(self):
        """See the class; solved when it is asked for, with the standard model of the same options.

        Raises
        ------
        ValueError
            If T_start is below 5 MeV, or T_end above 0.02 MeV.
        """
        return matching_radiation(self.nucleons, self.standard().nucleons)

    @cached_property
    def nucleons(self):
        """Neutrons and protons in this history, `sidr.thermal.nucleosynthesis.Nucleons`."""
        T, y, bath, qed = self.covered()
        a = np.exp(y[0]) / bath.T_start
        states = [bath.state(variables, b) for variables, b in zip(y[3:].T, a, strict=True)]
        rho = np.array([plasma(t, qed).rho + s.rho for t, s in zip(T, states, strict=True)])
        T_e, z_e = (np.array([getattr(s, name)[0] for s in states])[:, None] for name in ("T_nu", "z_nu"))
        unit = RHO_GAMMA / N_EFF_UNIT * (self.T_gamma[-1] * self.a[-1] / bath.T_start / a)**4
        return Nucleons(Background(np.log(a), T, rho, unit, lambda p: 1 / (np.exp(p / T_e) / z_e + 1)))

    @cached_property
    def N_expansion(self):
        """See the class; ValueError if the history does not cover nucleosynthesis."""
        T, y, bath, _ = self.covered()
        a = np.exp(y[0, -1]) / bath.T_start
        a_end = self.a[-1] / bath.T_start
        return (N_EFF_UNIT / RHO_GAMMA * bath.state(y[3:, -1], a).rho
                * (a / (a_end * self.T_gamma[-1]))**4)

    def covered(self):
        """The `Solution` while helium is made."""
        if self.early is None:
            raise ValueError(f"The history goes from {self.T_gamma[0]:g} to {self.T_gamma[-1]:g} MeV: for "
                             f"nucleosynthesis take T_start of {T_START:g} MeV or more and T_end of "
                             f"{T_TODAY:g} MeV or less.")
        return self.early
