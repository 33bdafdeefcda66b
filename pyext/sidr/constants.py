"""Constants with their sources, and the radiation that follows from them.

The early universe is in powers of MeV, hbar = c = k_B = 1. CLASS's own values, in SI units, are in
`sidr.emulator.background`, which has to meet its numbers.
"""

from math import pi

# Particle physics

G_F = 1.1663787e-11             #: Fermi's constant [1/MeV^2], PDG 2022
M_E = 0.511                     #: mass of the electron [MeV]
M_N_MINUS_M_P = 1.29333236      #: neutron less proton [MeV], CODATA 2018
TAU_N = 878.4                   #: lifetime of the neutron [s], PDG 2022
M_PL = 1.22091e22               #: Planck mass, not reduced [MeV]
ALPHA_EM = 1 / 137.035999       #: fine-structure constant, CODATA 2018
SIN2_W = 0.23122                #: weak mixing angle at the Z pole, MS-bar, PDG 2022

# Units

EV = 1e-6                       #: eV [MeV]
GEV = 1e3                       #: GeV [MeV]
HBAR = 6.582119569e-22          #: [MeV s], CODATA 2018

#: L Delta m^2/(4 E) of one eV^2 km/GeV: 1/(4 hbar c), CODATA 2018
OSCILLATION_PHASE = 1.26693268

# Radiation

#: N_eff of one unit of rho/rho_gamma, long after the annihilation of e+ e-
N_EFF_UNIT = 8 / 7 * (11 / 4)**(4 / 3)

RHO_GAMMA = pi**2 / 15          #: photons [T^4]
RHO_NU = 7 * pi**2 / 120        #: one flavour, nu and nu-bar, without chemical potential [T^4]

T_CMB = 2.7255                  #: of the CMB today [K], arXiv:0911.1955; CLASS's default


def hubble(rho):
    """H [MeV] of an energy density [MeV^4]."""
    return ((8 * pi / 3) * rho)**0.5 / M_PL
