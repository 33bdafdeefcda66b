r"""Density matrices of four flavours as vectors of 16 real numbers, one for each momentum.

The components are the diagonal (e, mu, tau, s), then the real and the imaginary parts above it. In them
the commutator with a Hamiltonian is a real, antisymmetric superoperator: a matrix of 16 x 16.
"""

import numpy as np

#: Flavours of the off-diagonal elements, in the order of the components
PAIRS = [(a, b) for a in range(4) for b in range(a + 1, 4)]

DIAGONAL = slice(0, 4)
REAL = slice(4, 10)
IMAGINARY = slice(10, 16)

_FIRST, _SECOND = np.array(PAIRS).T


def components(matrices):
    """Vectors, shape (..., 16), of Hermitian matrices, shape (..., 4, 4)."""
    matrices = np.asarray(matrices)
    upper = matrices[..., _FIRST, _SECOND]
    diagonal = np.diagonal(matrices, axis1=-2, axis2=-1).real
    return np.concatenate([diagonal, upper.real, upper.imag], axis=-1)


def matrices(vectors):
    """Hermitian matrices, shape (..., 4, 4), of vectors, shape (..., 16)."""
    result = np.zeros((*vectors.shape[:-1], 4, 4), dtype=complex)
    result[..., range(4), range(4)] = vectors[..., DIAGONAL]
    upper = vectors[..., REAL] + 1j * vectors[..., IMAGINARY]
    result[..., _FIRST, _SECOND] = upper
    result[..., _SECOND, _FIRST] = upper.conj()
    return result


def commutators(hamiltonians):
    """Superoperators rho -> -i [H, rho], shape (..., 16, 16), of H as vectors, shape (..., 16)."""
    shape = hamiltonians.shape[:-1]
    return (hamiltonians.reshape(-1, 16) @ _STRUCTURE).reshape(*shape, 16, 16)


def _structure():
    """Components of -i [H, rho] for each component of H (rows) and of rho, shape (16, 16*16)."""
    basis = matrices(np.eye(16))
    products = np.einsum("mab,lbc->mlac", basis, basis)
    commutator = -1j * (products - np.einsum("lab,mbc->mlac", basis, basis))
    return np.swapaxes(components(commutator), 1, 2).reshape(16, -1)


_STRUCTURE = _structure()
