"""Samplers of `sidr` for Cobaya."""

from .nautilus import Nautilus

__all__ = ["Nautilus"]
