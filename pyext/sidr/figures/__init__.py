"""Figures and tables of the physics and of the papers, for `sidr spectra` and `sidr figures`.

Each is a function that returns a matplotlib figure, or a text. What is computed for them is elsewhere.
"""

from sidr import vmodel

from . import neff, thermal
from .cmb import spectra

#: What `sidr figures` knows; it gives each the options that are among its arguments
FIGURES = thermal.FIGURES | neff.FIGURES | {"vmodel": vmodel.table}

__all__ = ["FIGURES", "spectra"]
