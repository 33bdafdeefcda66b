"""Neutrinos that convert after BBN into self-interacting dark radiation (arXiv:2506.08085).

The conversion leaves fewer neutrinos and a massless species chi that scatters off itself.
`sidr.classy` is CLASS with chi, `sidr.theory` hands it to Cobaya, `sidr.likelihoods` adds data
sets that Cobaya lacks.
"""

from importlib.metadata import version

__version__ = version("sidr")
