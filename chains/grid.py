"""The runs behind Tables 1, S3, S4 and Figures 3, S8 of arXiv:2506.08085, for Cobaya's grid tools.

    cobaya-grid-create GRID chains/grid.py       # GRID: a folder to be made
    sidr grid run GRID                           # this, the runs, best fits and tables: docs/runs.md

Each job is made of the blocks in `chains/parts`, as the run files are. Names: sidr_MODEL_DATA.
grid_emulated.py has the same with the emulator.
"""

from pathlib import Path

from sidr.runs.grid import Matrix

base = "sidr"
matrix = Matrix(Path(__file__).parent / "parts")
datasets, models, groups = matrix.datasets, matrix.models, matrix.groups
minimize_defaults = matrix.minimize_defaults
