"""Constants of the early universe, in powers of MeV (hbar = c = k_B = 1), and its expansion."""

from math import pi

G_F = 1.1663787e-11         #: Fermi's constant [1/MeV^2], PDG 2022
M_E = 0.511                 #: mass of the electron [MeV]
M_PL = 1.22091e22           #: Planck mass, not reduced [MeV]
ALPHA_EM = 1 / 137.035999   #: fine-structure constant, CODATA 2018
SIN2_W = 0.23122            #: weak mixing angle at the Z pole, MS-bar, PDG 2022

EV = 1e-6                   #: eV [MeV]
GEV = 1e3                   #: GeV [MeV]

#: N_eff of one unit of rho/rho_gamma, long after the annihilation of e+ e-
N_EFF_UNIT = 8 / 7 * (11 / 4)**(4 / 3)

RHO_GAMMA = pi**2 / 15      #: photons [T^4]
RHO_NU = 7 * pi**2 / 120    #: one flavour, nu and nu-bar, without chemical potential [T^4]


def hubble(rho):
    """H [MeV] of an energy density [MeV^4]."""
    return ((8 * pi / 3) * rho)**0.5 / M_PL
