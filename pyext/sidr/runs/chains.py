"""Samples on disk: what can be read of them, while a run writes them and when they are broken."""

import math
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from getdist import MCSamples, loadMCSamples
from getdist.paramnames import ParamNames
from getdist.parampriors import ParamBounds
from matplotlib.mathtext import MathTextParser

from sidr import yaml
from sidr.samplers.evidence import effective_size

from .info import is_nested, problem, read_info

#: Fewer rows than this are no sample.
FEWEST_ROWS = 10

#: Bad lines that are named; the others are counted.
NAMED = 3

#: What getdist reads beside the samples: names, and ranges, either as text or as Cobaya's input.
UPDATED, NAMES, RANGES = ".updated.yaml", ".paramnames", ".ranges"

#: What getdist makes of a file that is not as it should be.
UNREADABLE = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


class Chain(NamedTuple):
    """What the sample files of one run hold."""
    samples: MCSamples | None  # without burn-in; None if there are too few rows
    rows: int                  # that can be read
    weight: float              # sum over all of them, with the burn-in
    info: dict                 # Cobaya's input with all defaults; empty if it cannot be read
    complaints: list           # what cannot be read, one sentence each


class Rows(NamedTuple):
    """The lines of a text file of samples."""
    columns: list     # names, from the header; empty without one
    good: list        # lists of numbers
    bad: list         # descriptions of lines that cannot be read


def chain_files(root):
    """Paths of the sample files of a run, ROOT.1.txt and so on."""
    root = Path(root)
    name = re.compile(re.escape(root.name) + r"[._](\d+)\.txt")
    found = [path for path in root.parent.glob("*.txt") if name.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(name.fullmatch(path.name)[1]))


def read(root, ignore_rows=0.3):
    """Read the chain `root`, leaving out what cannot be read.

    It is a copy of the files at one moment that is read: a run may be writing them.

    Parameters
    ----------
    root : str or Path
        `output` of the run.
    ignore_rows : float
        Burn-in: fraction (or, from 1 on, number) of rows that are left out at the start; none of a
        nested sample.

    Returns
    -------
    Chain
    """
    root, complaints = Path(root), []
    everything = {}
    for path in chain_files(root):
        try:
            everything[path] = read_rows(path)
        except OSError as error:
            complaints.append(f"{path} cannot be read ({error.strerror}): it is left out.")
    width = next((len(rows.good[0]) for rows in everything.values() if rows.good), 0)
    for path, rows in everything.items():
        if rows.good and len(rows.good[0]) != width:
            complaints.append(f"{path} has not {width} columns, as the first file has: it is left out.")
            rows.good.clear()
        else:
            complaints += complain(path, rows)
    good = [row for rows in everything.values() for row in rows.good]
    columns = next((rows.columns for rows in everything.values() if rows.columns), [])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, root.name)
        info, unknown = copy_names(root, copy, columns, width)
        complaints += unknown + leave_out_columns(root, columns, good)
        for path, rows in everything.items():
            if rows.good:
                np.savetxt(Path(folder, path.name), rows.good, fmt="%.17g")
        samples = load(copy, 0 if is_nested(info) else ignore_rows) if len(good) >= FEWEST_ROWS else None
    return Chain(samples, len(good), math.fsum(row[0] for row in good), info, complaints)


def read_rows(path):
    """Sort the lines of a file of samples into good and bad ones.

    Good are those that have as many columns as the header (or, without one, as most of the lines), all of
    them numbers, with a positive weight and a finite posterior. A last line that does not end is bad: its
    last number may be cut.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Rows
    """
    lines = Path(path).read_bytes().decode("utf-8", "replace").split("\n")
    header = next((line for line in lines[:1] if line.startswith("#")), "")
    columns = header[1:].split()
    widths = [len(line.split()) for line in lines if line.strip() and not line.startswith("#")]
    width = len(columns) or (max(set(widths), key=widths.count) if widths else 0)
    good, bad = [], []
    for number, line in enumerate(lines, 1):
        if line.startswith("#") or not line.strip():
            continue
        values = line.split()
        if number == len(lines):
            bad.append(f"line {number} is incomplete (the run may be writing it)")
        elif len(values) != width:
            bad.append(f"line {number} has {len(values)} columns of {width}")
        elif (sample := numbers(values)) is None:
            bad.append(f"line {number} is not numbers, or has no weight or posterior")
        else:
            good.append(sample)
    return Rows(columns, good, bad)


def numbers(values):
    """Texts as numbers; None if they are not, or if a weight and a posterior are not the first of them."""
    try:
        weight, minuslogpost, *_ = row = [float(value) for value in values]
    except ValueError:
        return None
    return row if 0 < weight < math.inf and math.isfinite(minuslogpost) else None


def complain(path, rows):
    """What to say about the bad lines of a file, in a list."""
    if not rows.bad:
        return [] if rows.good or not path.stat().st_size else [f"{path} has no rows."]
    more = f", and {len(rows.bad) - NAMED} more" if len(rows.bad) > NAMED else ""
    return [f"{path}: {len(rows.bad)} of {len(rows.bad) + len(rows.good)} rows cannot be read and are left "
            f"out: {'; '.join(rows.bad[:NAMED])}{more}."]


def leave_out_columns(root, columns, rows):
    """Make columns in which not all is finite nan altogether: getdist leaves them out.

    To leave out rows would cut the posterior where a derived parameter is not defined.

    Returns
    -------
    list of str
        A complaint for each.
    """
    complaints = []
    for i in range(2, len(rows[0]) if rows else 0):
        if count := sum(not math.isfinite(row[i]) for row in rows):
            for row in rows:
                row[i] = math.nan
            name = columns[i] if columns else f"column {i + 1}"
            complaints.append(f"{root}: {name} is not finite in {count} of {len(rows)} rows; "
                              "it is left out.")
    return complaints


def copy_names(root, copy, columns, width):
    """Write beside a copy of the samples what getdist reads of names, labels and ranges.

    The YAML is written anew: getdist's loader would execute what its tags say. Where it does not know the
    names of the columns, they are those of the header.

    Parameters
    ----------
    root, copy : Path
    columns : list of str
        Of the header; empty without one.
    width : int
        Number of the columns.

    Returns
    -------
    info : dict
        Cobaya's input with all defaults; empty if it cannot be read.
    complaints : list of str
    """
    complaints, info = [], {}
    for extension, reader, number in ((NAMES, ParamNames, width - 2), (RANGES, ParamBounds, None)):
        if Path(f"{root}{extension}").exists():
            complaints += copy_text(root, copy, extension, reader, number)
    updated = f"{root}{UPDATED}"
    try:
        info = read_info(updated)
        Path(f"{copy}{UPDATED}").write_text(yaml.dump(info), encoding="utf-8")
        names = ParamNames(f"{copy}{UPDATED}").list()
        ParamBounds(f"{copy}{UPDATED}")
    except FileNotFoundError:
        complaint = f"{updated} is missing"
    except UNREADABLE as error:
        complaint = f"{updated} cannot be read ({problem(error, updated)})"
    else:
        if names == columns[2:] or not columns and len(names) == width - 2:
            return info, complaints
        complaint = f"{updated} has not the columns of the samples"
    if Path(f"{copy}{NAMES}").exists():
        return info, complaints
    Path(f"{copy}{UPDATED}").unlink(missing_ok=True)
    if columns:
        lines = [name + ("*" if name.startswith(("chi2", "minuslogprior")) else "") for name in columns[2:]]
        Path(f"{copy}{NAMES}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return info, [*complaints, f"{complaint}: names are those of the samples' header, without ranges and "
                               "labels."]


def copy_text(root, copy, extension, reader, number=None):
    """Copy a file that one of getdist's classes reads, if it does and finds so many names.

    Returns
    -------
    list of str
        A complaint, or none.
    """
    path = f"{root}{extension}"
    try:
        shutil.copyfile(path, f"{copy}{extension}")
        names = reader(f"{copy}{extension}").names
        if number is not None and len(names) != number:
            raise ValueError(f"{len(names)} names for {number} columns")
    except UNREADABLE as error:
        Path(f"{copy}{extension}").unlink(missing_ok=True)
        return [f"{path} cannot be read ({problem(error, path)}): it is left out."]
    return []


def load(root, ignore_rows):
    """getdist's samples, with labels that can be drawn; None if too few are left."""
    samples = loadMCSamples(os.fspath(root), no_cache=True, settings={"ignore_rows": ignore_rows})
    if samples.numrows < FEWEST_ROWS:
        return None
    for parameter in samples.getParamNames().names:
        parameter.label = drawable(str(parameter.label), parameter.name)
    return samples


def drawable(label, name):
    r"""A label that matplotlib can draw.

    Without one in the YAML, getdist takes the name, which need not be LaTeX: `a_b` is fine, `m_nu_sum` an
    error, and `m_nu` looks like m_n u.
    """
    try:
        MathTextParser("path").parse(f"${label}$")
    except ValueError:
        label = name
    if label == name and ("_" in name[:-2] or len(name) > 3):
        return r"\mathrm{" + name.replace("_", r"\_") + "}"
    return label


def independent_samples(samples):
    """Effective number of samples, of the sampled parameter that has fewest."""
    if samples.sampler == "nested":  # whose rows have no order: Kish's number
        return effective_size(samples.weights)
    sampled = [i for i, p in enumerate(samples.getParamNames().names) if not p.isDerived]
    return min(map(samples.getEffectiveSamples, sampled))
