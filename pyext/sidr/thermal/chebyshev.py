"""Tables of smooth functions, interpolated by Chebyshev polynomials."""

import numpy as np
from numpy.polynomial import chebyshev


class Table:
    """Several smooth functions of one variable, evaluated together.

    Parameters
    ----------
    function : callable
        Takes the nodes, shape (n,), and returns the functions there, shape (..., n).
    lower, upper : float
        Interval; outside, the value at its nearer end.
    size : int
        Number of nodes.
    """

    def __init__(self, function, lower, upper, size):
        self.lower, self.upper = lower, upper
        self.centre, self.half = (upper + lower) / 2, (upper - lower) / 2
        self.degrees = np.arange(size)
        x = np.cos(np.pi * (self.degrees + 0.5) / size)
        values = np.asarray(function(self.centre + self.half * x))
        # Discrete orthogonality of the polynomials at these nodes
        coefficients = values @ chebyshev.chebvander(x, size - 1) * (2 / size)
        coefficients[..., 0] /= 2
        self.coefficients = coefficients

    def __call__(self, x):
        """The functions at one number x, an array of the leading shape."""
        return self.coefficients @ self.basis(x)

    def basis(self, x):
        """Polynomials at the number x, shape (size,)."""
        u = (min(max(x, self.lower), self.upper) - self.centre) / self.half
        return np.cos(self.degrees * np.arccos(u))

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
