"""Checks of arguments: each returns the value, or says what it is and what it must be."""

from math import inf, isfinite
from numbers import Integral, Real


def number(name, value, unit="", above=None, least=None, most=None):
    """A real number in a range.

    Parameters
    ----------
    name : str
        Its name, for the error.
    value : float
    unit : str
        Its unit, for the error.
    above, least, most : float, optional
        It must be above the first, and from the second to the third; infinite only where `most` is.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is no number (a bool is none), or out of the range.
    """
    right = is_a(Real, value) and (isfinite(value) or most == inf)
    if not (right and inside(value, above, least, most)):
        finite = "" if most is not None else "finite "
        unit = f" of {unit}" if unit else ""
        raise ValueError(f"{name} = {value!r} must be a {finite}number{unit}{allowed(above, least, most)}.")
    return float(value)


def integer(name, value, least=None, most=None):
    """An integer in a range, as `number`; one that is written as a float is none."""
    if not (is_a(Integral, value) and inside(value, None, least, most)):
        raise ValueError(f"{name} = {value!r} must be an integer{allowed(None, least, most)}.")
    return int(value)


def choice(name, value, choices):
    """One of several names.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if not is_a(str, value) or value not in choices:
        *first, last = choices
        raise ValueError(f"{name} = {value!r} must be {', '.join(first)} or {last}.")
    return value


def mass_state(name, value):
    """1, 2 or 3, the mass state that is a pseudo-Dirac pair."""
    if not is_a(Integral, value) or value not in (1, 2, 3):
        raise ValueError(f"{name} = {value!r} must be 1, 2 or 3, the mass state that is a pseudo-Dirac "
                         "pair.")
    return int(value)


def is_a(kind, value):
    """Whether a value is of a type; True and False are no numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def inside(value, above, least, most):
    """Whether a number is in a range."""
    return ((above is None or value > above) and (least is None or value >= least)
            and (most is None or value <= most))


def allowed(above, least, most):
    """The range, for an error."""
    if least is not None and most is not None and most < inf:
        return f" from {least:g} to {most:g}"
    if above is not None:
        return f" above {above:g}"
    return f", {least:g} or more" if least is not None else ""
