"""Theories of `sidr` for Cobaya."""

from .sidr import SIDR

__all__ = ["SIDR"]
