"""Stiff integration with fast oscillations: a singly diagonally implicit Runge-Kutta method of order 4.

The method of Hairer & Wanner (Solving Ordinary Differential Equations II, Table IV.6.5) is L-stable and
stiffly accurate: what oscillates or decays faster than the step is taken to its average at once, with steps
that only the slow changes limit.
"""

from typing import NamedTuple

import numpy as np

GAMMA = 1 / 4
NODES = np.array([1 / 4, 3 / 4, 11 / 20, 1 / 2, 1])
STAGES = np.array([[1 / 4, 0, 0, 0, 0],
                   [1 / 2, 1 / 4, 0, 0, 0],
                   [17 / 50, -1 / 25, 1 / 4, 0, 0],
                   [371 / 1360, -137 / 2720, 15 / 544, 1 / 4, 0],
                   [25 / 24, -49 / 48, 125 / 16, -85 / 12, 1 / 4]])
#: Weights less those of the embedded method of order 3
ERROR = STAGES[4] - np.array([59 / 48, -17 / 96, 225 / 32, -85 / 12, 0])

_NEWTON = 8             # iterations at most
_SMALLEST = 1e-7        # step below which there is no solution


class NoState(RuntimeError):
    """A system cannot be in this state."""


class Point(NamedTuple):
    """A point of the solution, and the step to try from it."""
    s: float
    y: np.ndarray
    step: float


def integrate(system, start, end, rtol):
    """Follow dy/ds.

    Parameters
    ----------
    system
        Has `linearise(s, y)`, which returns an object with the attribute `rate`, dy/ds of shape (n,), and
        the method `solve(h, residual)`, which solves (1 - h J) delta = residual with J close to the
        Jacobian, or raises `NoState`, so that the step is tried again, smaller; and `norm(delta)`, the size
        of a change relative to the solution.
    start : Point
    end : float
        Last s.
    rtol : float
        Error of one step in that norm.

    Yields
    ------
    Point
        The end of each step.

    Raises
    ------
    RuntimeError
        If the steps become too small.
    """
    s, y, step = start
    while s < end:
        h = min(step, end - s)
        trial = attempt(system, s, y, h, rtol)
        if trial is None:
            step = h / 3
        else:
            new, error = trial
            step = h * min(2.0, max(0.3, 0.9 * (rtol / max(error, 1e-300))**(1 / 4)))
            if error <= rtol:
                s, y = (end if h == end - s else s + h), new
                yield Point(s, y, step)
        if step < _SMALLEST:
            raise RuntimeError(f"the step falls below {_SMALLEST:g} at s = {s:.6g}")


def attempt(system, s, y, h, rtol):
    """y after one step and its error; None if an equation of the step has no solution."""
    slopes = []
    value = y
    for node, row in zip(NODES, STAGES, strict=True):
        base = y + h * sum(a * k for a, k in zip(row, slopes, strict=False))
        for _ in range(_NEWTON):
            try:
                here = system.linearise(s + node * h, value)
            except NoState:
                return None
            delta = here.solve(h * GAMMA, base + h * GAMMA * here.rate - value)
            value = value + delta
            if (size := system.norm(delta)) < 0.1 * rtol:
                break
            if not size < 1e3:
                return None
        else:
            return None
        slopes.append((value - base) / (h * GAMMA))
    # What is stiff is taken out of the error by the matrix of the last stage
    error = here.solve(h * GAMMA, h * sum(e * k for e, k in zip(ERROR, slopes, strict=True)))
    return value, system.norm(error)
