"""Types of the arguments of `sidr`, and options that several commands have.

Each type says in one sentence what is wrong, and what would be right.
"""

import argparse
import math
import os
from argparse import ArgumentTypeError
from pathlib import Path

from sidr.pools import Part

#: More processes than so many on each core are taken for a typing error
PER_CORE = 4

#: What matplotlib can write
PICTURES = (".png", ".pdf", ".svg", ".eps", ".ps", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")


def whole(least, most):
    """Type of whole numbers in a range."""
    def convert(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return value
    return convert


def number(least=-math.inf):
    """Type of finite numbers, of `least` or more."""
    def convert(text):
        value = as_float(text)
        if not (math.isfinite(value) and least <= value):
            raise ArgumentTypeError(f"{text!r} is not a finite number"
                                    + f" of {least:g} or more" * math.isfinite(least))
        return value
    return convert


def as_float(text):
    """A text as a number, nan if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def jobs(text):
    """Type of a number of processes."""
    return whole(1, PER_CORE * (os.cpu_count() or 1))(text)


def burn_in(text):
    """Type of what is left out at the start of a chain: a fraction, or from 1 on a number of rows."""
    value = as_float(text)
    if not (0 <= value < 1 or 1 <= value < math.inf and value == int(value)):
        raise ArgumentTypeError(f"{text!r} is neither a fraction from 0 to below 1 nor a whole number of "
                                "rows")
    return value


def picture(text):
    """Type of a picture that can be written."""
    if (path := new_file(text)).suffix.lower() not in PICTURES:
        raise ArgumentTypeError(f"{text!r} does not end in {', '.join(PICTURES)}")
    return path


def new_file(text):
    """Type of a file that can be written, as far as its folder tells."""
    folder = os.path.dirname(text) or "."
    if not os.path.basename(text) or os.path.isdir(text):
        raise ArgumentTypeError(f"{text!r} is not the name of a file")
    if not os.path.isdir(folder):
        raise ArgumentTypeError(f"{text!r}: there is no folder {folder!r}")
    return Path(text)


def old_file(text):
    """Type of a file that is there."""
    if not os.path.isfile(text):
        raise ArgumentTypeError(f"there is no file {text!r}")
    return Path(text)


def old_folder(text):
    """Type of a folder that is there."""
    if not os.path.isdir(text):
        raise ArgumentTypeError(f"there is no folder {text!r}")
    return text


def folder(text):
    """Type of a folder that is there, or can be made."""
    path = Path(text)
    existing = next((parent for parent in (path, *path.parents) if os.path.exists(parent)), None)
    if not text or existing is None or not existing.is_dir():
        raise ArgumentTypeError(f"{text!r} is not the name of a folder" + (
            f": {str(existing)!r} is a file" if text and existing else ""))
    return path


def root(text):
    """Type of the `output` of a run, or of a folder with runs."""
    if not text.strip():
        raise ArgumentTypeError(f"{text!r} is not the `output` of a run, such as chains/quickstart")
    return text


def add_burn_in(command):
    """Add the option --burn-in."""
    command.add_argument("--burn-in", type=burn_in, default=0.3, metavar="FRACTION",
                         help="burn-in: fraction of each chain, or number of its rows (default: 0.3)")


def part(text):
    """Type of a part of an array of jobs, I/N."""
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise ArgumentTypeError(f"{text!r} is not I/N with I from 1 to N, such as 3/16")
    return Part(int(number), int(of))


def say_part(args):
    """Say that a part is done, and what is next."""
    print(f"part {args.task.number} of {args.task.of} is done; when all are, the same command without "
          "--task puts them together")


def add_jobs(command):
    """Add the options --jobs and --task."""
    command.add_argument("-j", "--jobs", type=jobs, metavar="N",
                         help="processes (default: all cores, or one for OMP_NUM_THREADS of them)")
    command.add_argument("--task", type=part, metavar="I/N",
                         help="compute only the I-th of N parts, as a job of an array does; in the end the "
                         "same command without it puts them together")
