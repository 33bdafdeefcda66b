"""Theories of `sidr` for Cobaya."""

from .emulator import SIDREmulator
from .sidr import SIDR
from .thermal import ThermalHistory

__all__ = ["SIDR", "SIDREmulator", "ThermalHistory"]
