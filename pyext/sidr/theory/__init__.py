"""Theories of `sidr` for Cobaya."""

from .sidr import SIDR
from .thermal import ThermalHistory

__all__ = ["SIDR", "ThermalHistory"]
