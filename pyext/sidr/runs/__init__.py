"""Runs of Cobaya on disk: samples with their weights, input, evidence; split by mode, thinned, checked.

`read` takes what can be read, and says what cannot; `load` is for what needs a whole run, and raises.
"""

from .chains import FEWEST_ROWS, chain_files, independent_samples, read_rows
from .info import is_nested, problem, read_evidence, read_info, why
from .run import EXTENSIONS, Run, files, find, load, load_samples, read
from .scenario import Scenario, scenario

__all__ = ["EXTENSIONS", "FEWEST_ROWS", "Run", "Scenario", "chain_files", "files", "find",
           "independent_samples", "is_nested", "load", "load_samples", "problem", "read", "read_evidence",
           "read_info", "read_rows", "scenario", "why"]
