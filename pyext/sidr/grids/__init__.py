"""A matrix of runs from its settings to tables and a report: on this machine, or as jobs of SLURM.

The folder is that of Cobaya's grid tools, which work on it, too. What a run has done is read from its own
files, and what is in the queue from SLURM: nothing else is kept, and the same call after a stop goes on.
"""

from .finish import finish
from .grid import Grid, create
from .local import run_here
from .site import Site, read_site
from .slurm import submit
from .status import status, table

__all__ = ["Grid", "Site", "create", "finish", "read_site", "run_here", "status", "submit", "table"]
