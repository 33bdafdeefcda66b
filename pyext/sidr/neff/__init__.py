"""N_eff of neutrinos that mix with a sterile one, by quantum kinetics.

`solve` takes the splitting of a pseudo-Dirac pair, `solve_neutrinos` any four neutrinos of
`sidr.oscillations`. Equations (15) to (23) are those of arXiv:2512.19782, see docs/neff.md.
"""

from .collisions import Terms
from .solution import Result, solve, solve_neutrinos

__all__ = ["Result", "Terms", "solve", "solve_neutrinos"]
