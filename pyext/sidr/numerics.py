"""Quadrature, and tables of smooth functions by Chebyshev polynomials."""

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev, laguerre, legendre

_leggauss, _laggauss = cache(legendre.leggauss), cache(laguerre.laggauss)


def gauss_legendre(lower, upper, size):
    """Nodes and weights of Gauss and Legendre for an integral from lower to upper.

    Parameters
    ----------
    lower, upper : float
    size : int

    Returns
    -------
    nodes, weights : ndarray, shape (size,)
    """
    u, du = _leggauss(size)
    return (lower + upper) / 2 + (upper - lower) / 2 * u, (upper - lower) / 2 * du


def gauss_laguerre(size):
    """Nodes and weights for an integral from 0 to infinity of a function that falls as exp(-x).

    The weights are for the function itself: exp(x) is in them.

    Parameters
    ----------
    size : int

    Returns
    -------
    nodes, weights : ndarray, shape (size,)
    """
    u, du = _laggauss(size)
    return u.copy(), du * np.exp(u)


def chebyshev_nodes(size, lower=-1.0, upper=1.0):
    """Nodes of the Chebyshev polynomials between lower and upper, from there down, shape (size,)."""
    return (lower + upper) / 2 + (upper - lower) / 2 * np.cos(np.pi * (np.arange(size) + 0.5) / size)


def chebyshev_fit(size):
    """Matrix that multiplies values at the nodes, shape (..., size), to coefficients of the polynomials.

    By the discrete orthogonality of the polynomials at the nodes.
    """
    matrix = 2 / size * chebyshev.chebvander(chebyshev_nodes(size), size - 1)
    matrix[:, 0] /= 2
    return matrix


class OutsideTable(ValueError):
    """A table is asked for what it does not have."""

    def __init__(self, name, x, lower, upper):
        super().__init__(f"{name} = {x:.6g} is outside {lower:.6g} to {upper:.6g}, the range of a table")


class Table:
    """Several smooth functions of one variable, evaluated together; `OutsideTable` outside the interval.

    Parameters
    ----------
    name : str
        What the variable is, for the error.
    function : callable
        Takes the nodes, shape (n,), and returns the functions there, shape (..., n).
    lower, upper : float
        Interval.
    size : int
        Number of nodes.
    """

    def __init__(self, name, function, lower, upper, size):
        self.name = name
        self.lower, self.upper = lower, upper
        self.centre, self.half = (upper + lower) / 2, (upper - lower) / 2
        self.degrees = np.arange(size)
        self.coefficients = np.asarray(function(chebyshev_nodes(size, lower, upper))) @ chebyshev_fit(size)

    def __call__(self, x):
        """The functions at one number x, an array of the leading shape."""
        return self.coefficients @ self.basis(x)

    def basis(self, x):
        """Polynomials at the number x, shape (size,)."""
        u = (x - self.centre) / self.half
        if not abs(u) <= 1 + 1e-12:         # rounding of an end
            raise OutsideTable(self.name, x, self.lower, self.upper)
        return np.cos(self.degrees * np.arccos(min(max(u, -1.0), 1.0)))

    def derivatives(self, order):
        """A `Table` of the functions and their first derivatives, stacked in front."""
        new = object.__new__(Table)
        new.__dict__.update(self.__dict__)
        stack = [self.coefficients]
        for _ in range(order):
            d = chebyshev.chebder(stack[-1], axis=-1) / self.half
            stack.append(np.concatenate([d, np.zeros_like(d[..., :1])], axis=-1))
        new.coefficients = np.stack(stack)
        return new
