"""Tables of smooth functions, interpolated by Chebyshev polynomials."""

import numpy as np
from numpy.polynomial import chebyshev


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
