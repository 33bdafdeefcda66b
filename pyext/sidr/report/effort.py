"""How far a run has come, and what it took, from the .progress and .checkpoint files of Cobaya."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sidr import yaml
from sidr.runs import problem, why
from sidr.runs.scenario import is_number

#: A gap between two lines of progress that is longer than so many times the median one, and than so many
#: seconds, is a pause: the run was stopped, and went on later.
PAUSE = (20, 600)


class Effort(NamedTuple):
    """State of a run; None or nan for what is not known."""
    sampler: str
    converged: bool | None
    Rminus1: float
    acceptance: float
    calls: float | None        # proposals of a chain, points of a nested sampler
    slow_calls: float | None   # those of a chain that change a parameter of its slowest block
    failed: int | None         # points with zero likelihood
    seconds: float | None      # wall time, without pauses
    processes: int | None      # chains that ran side by side
    progress: dict             # columns of the .progress file
    last: datetime | None      # line of progress


def read_effort(root, info, weight):
    """Read it.

    Parameters
    ----------
    root : Path
    info : dict
        Updated input of the run.
    weight : float
        Sum of the weights of its rows.

    Returns
    -------
    effort : Effort
    complaints : list of str
    """
    name, options = next(iter((info.get("sampler") or {"": {}}).items()))
    state, complaints = read_state(Path(f"{root}.checkpoint"), name)
    progress, more = read_progress(Path(f"{root}.progress"))
    times = progress.get("timestamp", [])
    if "blocking" in (options or {}):
        try:
            thin, slow = thinning(options["blocking"], options.get("oversample_thin"))
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            more.append(f"{root}: the blocks of its sampler cannot be read ({why(error)}).")
            thin, slow = np.nan, np.nan
        calls = thin * weight
        accepted = progress.get("acceptance_rate", np.nan)
        done = thin * progress["N"] / accepted if len(times) else np.array([])
    else:
        slow, calls, done = None, state.get("calls"), progress.get("N", np.array([]))
    failed, unread = count_failed(Path(f"{root}.failed"), "calls" in state)
    effort = Effort(
        sampler=name.split(".")[-1], converged=state.get("converged"),
        Rminus1=last(progress.get("Rminus1"), state.get("Rminus1_last", np.nan)),
        acceptance=last(progress.get("acceptance_rate")), calls=calls,
        slow_calls=None if slow is None or calls is None else slow * calls,
        failed=failed, seconds=wall_time(*with_start(root, times, done), calls),
        processes=state.get("mpi_size") or None,
        progress=progress | {"calls": done}, last=times[-1] if len(times) else None)
    return effort, complaints + more + unread


def count_failed(path, nested):
    """Number of the points of a nested sampler that have zero likelihood, and complaints.

    None if it is not known: a chain of Metropolis has no such file.
    """
    if not path.exists():
        return 0 if nested else None, []
    try:
        return sum(not line.startswith(b"#") for line in path.read_bytes().splitlines()), []
    except OSError as error:
        return None, [f"{path} cannot be read ({error.strerror}): how many points have zero likelihood "
                      "is not known."]


def read_state(path, name):
    """What a .checkpoint file says of the sampler, and complaints."""
    if not path.exists():
        return {}, []
    try:
        state = yaml.load_file(path)["sampler"]
        state = dict(state.get(name) or next(iter(state.values())))
    except (OSError, ValueError, TypeError, AttributeError, LookupError, StopIteration) as error:
        return {}, [f"{path} cannot be read ({problem(error, path)}): whether the run has converged "
                    "is not known."]
    wrong = [key for key in ("Rminus1_last", "calls", "mpi_size", "converged")
             if state.get(key) is not None
             and not (isinstance(state[key], bool) if key == "converged" else is_number(state[key]))]
    return ({key: value for key, value in state.items() if key not in wrong and value is not None},
            [f"{path}: {key} is {state[key]!r}: it is left out." for key in wrong])


def read_progress(path):
    """Columns of a .progress file, and complaints."""
    if not path.exists():
        return {}, []
    try:
        header, *lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    except OSError as error:
        return {}, [f"{path} cannot be read ({error.strerror})."]
    columns, rows, bad = header.lstrip("#").split(), [], 0
    if not {"N", "timestamp"} <= set(columns) or len(set(columns)) < len(columns):
        return {}, [f"{path} cannot be read (its first line does not have the columns N and timestamp)."]
    for line in filter(str.strip, lines):
        try:
            rows.append([datetime.fromisoformat(value) if name == "timestamp" else float(value)
                         for name, value in zip(columns, line.split(), strict=True)])
        except ValueError:
            bad += 1
    table = {name: list(values) if name == "timestamp" else np.array(values)
             for name, values in zip(columns, zip(*rows, strict=True), strict=False)}
    return table, [f"{path}: {bad} of {bad + len(rows)} lines cannot be read."] * bool(bad)


def last(column, otherwise=np.nan):
    """The last number of a column that is one."""
    finite = [value for value in (column if column is not None else ()) if np.isfinite(value)]
    return finite[-1] if finite else otherwise


def thinning(blocking, thin):
    """Proposals for each unit of weight, and the part of them that change the slowest block.

    A cycle of Cobaya's Metropolis proposes n_i f_i times in block i, of n_i parameters and oversampling
    f_i; with oversample_thin it keeps one in sum_i n_i f_i / sum_i n_i.
    """
    n = [len(block) * factor for factor, block in blocking]
    d = sum(len(block) for _, block in blocking)
    return max(1, round(sum(n) / d)) if thin else 1, n[0] / sum(n)


def with_start(root, times, done):
    """Times of progress and what was done until then, with the time at which the input was written.

    Not where that is later: of a copy, or of a run that has been resumed.
    """
    path = Path(f"{root}.input.yaml")
    start = datetime.fromtimestamp(path.stat().st_mtime) if path.exists() else None
    if not times or start is None or start >= times[0]:
        return times, done
    return [start, *times], np.array([0, *done])


def wall_time(times, done, calls):
    """Seconds for `calls`, from the rate between the first and the last of the times."""
    if len(times) < 2 or not calls or not done[-1] > done[0]:
        return None
    gaps = np.array([(b - a).total_seconds() for a, b in zip(times, times[1:], strict=False)])
    work = gaps <= max(PAUSE[0] * np.median(gaps), PAUSE[1])
    seconds = gaps[work].sum() / np.diff(done)[work].sum() * calls
    return float(seconds) if np.isfinite(seconds) else None
