"""The runs of grid.py with emulated spectra and compressed Planck: an hour on two cores for all of them.

    sidr grid run GRID --emulated
"""

from pathlib import Path

from sidr.runs.grid import Matrix

base = "sidr"
matrix = Matrix(Path(__file__).parent / "parts", "sidr.theory.SIDREmulator", "planck_compressed", ["fast"])
datasets, models, groups = matrix.datasets, matrix.models, matrix.groups
minimize_defaults = matrix.minimize_defaults
