"""What may be handed to CLASS: names and values, each of which becomes a text.

CLASS's parser reads a number from the beginning of a text and ignores the rest, goes on with a NaN
(and may then crash, or never end), and copies texts into buffers of a fixed size. Here is refused
what it would misread; the range of a value is for CLASS itself.
"""

import json
import re
from math import isfinite
from numbers import Number
from os import PathLike
from pathlib import Path

from sidr.classy import _sidr
from sidr.classy._classy import CosmoSevereError

#: All inputs that CLASS reads: name, kind of value and the function that reads it; class_patch/inputs.py
INPUTS = json.loads((Path(__file__).parent / "inputs.json").read_text())

REAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
WHOLE = re.compile(r"\s*[+-]?\d+(\.0*)?\s*", re.ASCII)  # CLASS would read the 1 of 1e3

#: By the kind of an input: what each entry of its text must be, whether it may be a list, and in words
FORMS = {"number": (REAL, False, "one finite number"), "integer": (WHOLE, False, "one whole number"),
         "numbers": (REAL, True, "finite numbers with commas between them"),
         "integers": (WHOLE, True, "whole numbers with commas between them")}

#: Of which CLASS takes a value of 0 or less, and computes something
POSITIVE = ("H0", "h", "T_cmb")

WAY_OUT = "give a finite number, a text, or a flat list of these, or leave the input out"


def as_text(pars):
    """The inputs of a dictionary, each as CLASS's parser can read it."""
    try:
        pars = dict(pars)
    except (TypeError, ValueError):
        raise CosmoSevereError(f"{shown(pars)} is not a dictionary of inputs.") from None
    return {readable_name(name): readable_value(name, value) for name, value in pars.items()}


def readable_name(name):
    """`name`; CosmoSevereError if it is not a text that CLASS's parser can hold."""
    if not isinstance(name, str):
        raise CosmoSevereError(f"{shown(name)} is not the name of an input: names are texts.")
    if not name.strip():
        raise CosmoSevereError(f"{shown(name)} is not the name of an input: it is empty.")
    refuse_unreadable(f"The name {shown(name)}", name.strip())
    return name


def readable_value(name, value):
    """The value of the input `name` as CLASS's parser wants it: sequences as the text `0.4,0.43`.

    Raises
    ------
    CosmoSevereError
        If it is neither a number, a text nor a flat sequence of these, if a number in it is not
        finite, or if it is a text that CLASS's parser cannot hold.
    """
    if hasattr(value, "tolist"):    # arrays and scalars of numpy and its like
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        value = ",".join(str(scalar(name, entry)) for entry in value)
    else:
        value = scalar(name, value)
    text = str(value).strip()       # as classy does
    for entry in text.split(","):
        refuse_infinite(name, entry)
    refuse_unreadable(f"{name} = {shown(text)}", text)
    refuse_misread(name.strip(), text)
    return value


def scalar(name, value):
    """`value` if it is one text or one number, the latter as int or float; or CosmoSevereError."""
    if value is None or isinstance(value, (str, bool, PathLike)):
        return value
    try:
        number = float(value) if isinstance(value, Number) else None
    except (TypeError, ValueError, OverflowError):      # complex, or beyond the range of a double
        number = None
    if number is None:
        raise CosmoSevereError(f"{name} = {shown(value)} cannot be given to CLASS: {WAY_OUT}.")
    # A fraction as float: of the text 1/3 CLASS would read the 1.
    return value if isinstance(value, int) else number


def refuse_infinite(name, text):
    """CosmoSevereError if `text` is a NaN or an infinite number."""
    try:
        number = float(text)
    except ValueError:
        return
    if not isfinite(number):
        raise CosmoSevereError(f"{name} = {text:.60} is not finite: {WAY_OUT}.")


def refuse_misread(name, text):
    """CosmoSevereError if CLASS would read another number than what `text` says.

    Our own numbers have the same check in input_sidr.c, with their ranges.
    """
    if name not in INPUTS or "sidr" in name:
        return
    kind = INPUTS[name][0]
    if kind == "number or text":
        kind = "number" if re.match(r"\s*[+-.\d]", text) else "text"
    if kind == "text":
        return
    form, is_list, words = FORMS[kind]
    if not all(form.fullmatch(entry) for entry in (text.split(",") if is_list else [text])):
        raise CosmoSevereError(f"{name} = {shown(text)} must be {words}: CLASS would read its "
                               "beginning only.")
    if name in POSITIVE and not float(text) > 0:
        raise CosmoSevereError(f"{name} = {text} must be above 0.")


def refuse_unreadable(what, text):
    """CosmoSevereError about `what` if CLASS's parser cannot hold `text`."""
    if any(ord(character) < 32 for character in text):
        raise CosmoSevereError(f"{what} has a line break, a null or another control character in it, "
                               "which CLASS would misread: remove it.")
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise CosmoSevereError(f"{what} has a character in it that is not of Unicode: "
                               "remove it.") from None
    # classy copies the text into a buffer of this size without looking at its length.
    if length >= _sidr.ARGUMENT_SIZE:
        raise CosmoSevereError(f"{what} has {length} characters, CLASS reads less than "
                               f"{_sidr.ARGUMENT_SIZE}: shorten it, or round the numbers of a list.")


def shown(value):
    """The beginning of repr(value)."""
    try:
        text = repr(value)
    except ValueError:      # an integer of more digits than Python prints
        return f"an {type(value).__name__} of very many digits"
    return text if len(text) <= 60 else f"{text[:60]}..."
