"""Theories of `sidr` for Cobaya."""

from .emulator import SIDREmulator
from .pseudo_dirac import PseudoDirac
from .sidr import SIDR
from .thermal import ThermalHistory

__all__ = ["SIDR", "PseudoDirac", "SIDREmulator", "ThermalHistory"]
