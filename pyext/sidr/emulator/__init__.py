"""Cosmologies in milliseconds: what is a few integrals is integrated, the spectra are emulated.

`design` chooses the cosmologies that are learned, `training` computes them with CLASS, `emulator` learns
their spectra, `refinement` adds those that a posterior needs. `Class` answers as CLASS's does, and
`sidr.theory.SIDREmulator` is the theory for Cobaya. docs/emulator.md has what it is good for, and what not.
"""

from sidr.classy import CosmoComputationError, CosmoSevereError, __version__
from sidr.emulator.cosmology import Class

__all__ = ["Class", "CosmoComputationError", "CosmoSevereError", "__version__"]
