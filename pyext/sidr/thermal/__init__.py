"""The thermal history of the particle model: couplings in, N_nu, N_chi and G_eff out.

`equilibrium` is the limit of a complete conversion, `evolve` follows the temperatures (and chemical
potentials) of plasma, neutrinos and chi, `constraints` says which bounds a point keeps.
Inside, everything is in powers of MeV. (S...) are equations of the supplement of arXiv:2506.08085.
"""

from .baths import NoHistory
from .constraints import Constraint, constraints, table
from .equilibrium import Equilibrium, equilibrium
from .evolution import evolve
from .history import History, Relics

__all__ = ["Constraint", "Equilibrium", "History", "NoHistory", "Relics", "constraints", "equilibrium",
           "evolve", "table"]
