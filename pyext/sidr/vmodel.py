r"""The V-model: massless neutrinos whose oscillations come from a potential, and not from masses.

X. Shen, "Neutrino Oscillations Do Not Necessarily Imply That Neutrinos Possess Mass": exchange with the
cosmic neutrinos gives a neutrino of energy E a potential energy A_ab^2/E, in the basis of flavours, which
is the Hamiltonian that masses would give (B1):

.. math:: A^2 = \frac{1}{2}\,U\,\mathrm{diag}(m_1^2, m_2^2, m_3^2)\,U^\dagger

So U and the splittings are measured as ever, the mean of the diagonal is free, and for cosmology the sum of
masses is 0.
"""

from typing import NamedTuple

import numpy as np

from sidr.oscillations import MIXINGS, standard

FLAVOURS = ("e", "mu", "tau")
PAIRS = ((0, 1), (0, 2), (1, 2))


class Potential(NamedTuple):
    """Matrix elements A_ab^2 of the potential, without its mean."""
    offsets: np.ndarray     # ee, mu mu, tau tau above their mean [eV^2]
    moduli: np.ndarray      # |e mu|, |e tau|, |mu tau| [eV^2]
    phases: np.ndarray      # their phases, in [0, 2 pi)


def potential(ordering="normal"):
    """Matrix elements that reproduce the oscillations, Table 1 of the paper.

    Parameters
    ----------
    ordering : {"normal", "inverted"}

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        For an unknown ordering.
    """
    A2 = standard(ordering).hamiltonian
    diagonal = A2.diagonal().real
    elements = np.array([A2[pair] for pair in PAIRS])
    return Potential(diagonal - diagonal.mean(), abs(elements), np.angle(elements) % (2 * np.pi))


def table():
    """Table 1 of the paper as text, in its units of 1e-4 eV^2."""
    names = [f"{a} {a}" for a in FLAVOURS] + [f"{FLAVOURS[a]} {FLAVOURS[b]}" for a, b in PAIRS]
    lines = ["V-model, A^2 [1e-4 eV^2]: diagonal above its mean, and modulus x exp(i phase)",
             f"{'':8}" + "".join(f"{name:>10}" for name in names[:3])
             + "".join(f"{name:>22}" for name in names[3:])]
    for ordering in MIXINGS:
        A2 = potential(ordering)
        lines.append(f"{ordering:8}" + "".join(f"{1e4 * x:+10.3f}" for x in A2.offsets)
                     + "".join(f"{f'{1e4 * r:.3f} exp({phi:.3f} i)':>22}"
                               for r, phi in zip(A2.moduli, A2.phases, strict=True)))
    return "\n".join(lines)
