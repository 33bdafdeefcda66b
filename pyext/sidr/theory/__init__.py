"""Theories of `sidr` for Cobaya."""

from .emulator import SIDREmulator
from .neutrinos import NeutrinoTheory
from .pseudo_dirac import PseudoDirac
from .sidr import SIDR
from .thermal import ThermalHistory

__all__ = ["SIDR", "NeutrinoTheory", "PseudoDirac", "SIDREmulator", "ThermalHistory"]
