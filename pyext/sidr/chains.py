"""Chains on disk: what can be read of them, while a run writes them and when they are broken."""

import math
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cobaya.yaml import yaml_load_file
from getdist import MCSamples, loadMCSamples
from getdist.cobaya_interface import get_sampler_type
from getdist.paramnames import ParamNames
from matplotlib.mathtext import MathTextParser

#: Fewer rows than this are no sample.
FEWEST_ROWS = 10

#: Bad lines that are named; the others are counted.
NAMED = 3

#: What getdist reads beside the samples.
COMPANIONS = (".updated.yaml", ".paramnames", ".ranges")


class Chain(NamedTuple):
    """What the sample files of one run hold."""
    samples: MCSamples | None  # without burn-in; None if there are too few rows
    rows: int                  # that can be read
    weight: float              # sum over all of them, with the burn-in
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
    everything = {path: read_rows(path) for path in chain_files(root)}
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
        for extension in COMPANIONS:
            if (companion := Path(f"{root}{extension}")).exists():
                shutil.copyfile(companion, f"{copy}{extension}")
        complaints += check_names(root, copy, columns) + leave_out_columns(root, columns, good)
        for path, rows in everything.items():
            if rows.good:
                np.savetxt(Path(folder, path.name), rows.good, fmt="%.17g")
        samples = load(copy, ignore_rows) if len(good) >= FEWEST_ROWS else None
    return Chain(samples, len(good), math.fsum(row[0] for row in good), complaints)


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


def check_names(root, copy, columns):
    """Let the names of the columns be those of the header, where the YAML does not know them.

    Returns
    -------
    list of str
        A complaint, or none.
    """
    if Path(f"{copy}.paramnames").exists():
        return []
    updated = Path(f"{copy}.updated.yaml")
    if not updated.exists():
        complaint = f"{root}.updated.yaml is missing"
    else:
        try:
            yaml_load_file(str(updated))
            names = ParamNames(str(updated)).list()
        except Exception as error:  # whatever a broken file makes of the parser
            complaint = f"{root}.updated.yaml cannot be read ({why(error).replace(str(copy), str(root))})"
        else:
            if not columns or names == columns[2:]:
                return []
            complaint = f"{root}.updated.yaml has not the columns of the samples"
        updated.unlink()
    if columns:
        lines = [name + ("*" if name.startswith(("chi2", "minuslogprior")) else "") for name in columns[2:]]
        Path(f"{copy}.paramnames").write_text("\n".join(lines) + "\n")
    return [f"{complaint}: names are those of the samples' header, without ranges and labels."]


def why(error):
    """The first line of an error's message, or its type."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")


def load(root, ignore_rows):
    """getdist's samples, with labels that can be drawn; None if too few are left."""
    samples = loadMCSamples(os.fspath(root), no_cache=True,
                            settings={"ignore_rows": 0 if is_nested(root) else ignore_rows})
    if samples.numrows < FEWEST_ROWS:
        return None
    for parameter in samples.getParamNames().names:
        parameter.label = drawable(parameter.label, parameter.name)
    return samples


def is_nested(root):
    """Whether a run is one of nested sampling, whose samples have no burn-in."""
    updated = Path(f"{root}.updated.yaml")
    return updated.exists() and get_sampler_type(str(updated)) == "nested"


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

