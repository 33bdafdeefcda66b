"""How far a run has come, and what it took, from the .progress and .checkpoint files of Cobaya."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cobaya.yaml import yaml_load_file

from sidr.chains import why

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
    failed: int | None         # points without likelihood
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
        thin, slow = thinning(options["blocking"], options.get("oversample_thin"))
        calls = thin * weight
        done = thin * progress["N"] / progress["acceptance_rate"] if len(times) else np.array([])
    else:
        slow, calls, done = None, state.get("calls"), progress.get("N", np.array([]))
    failed = Path(f"{root}.failed")
    effort = Effort(
        sampler=name.split(".")[-1], converged=state.get("converged"),
        Rminus1=last(progress.get("Rminus1"), state.get("Rminus1_last", np.nan)),
        acceptance=last(progress.get("acceptance_rate")), calls=calls,
        slow_calls=None if slow is None or calls is None else slow * calls,
        failed=sum(not line.startswith("#") for line in failed.open()) if failed.exists()
        else 0 if "calls" in state else None,
        seconds=wall_time(*with_start(root, times, done), calls), processes=state.get("mpi_size") or None,
        progress=progress | {"calls": done}, last=times[-1] if len(times) else None)
    return effort, complaints + more


def read_state(path, name):
    """What a .checkpoint file says of the sampler, and complaints."""
    if not path.exists():
        return {}, []
    try:
        state = yaml_load_file(str(path))["sampler"]
        return dict(state.get(name) or next(iter(state.values()))), []
    except Exception as error:  # whatever a broken file makes of the parser
        return {}, [f"{path} cannot be read ({why(error)}): whether the run has converged "
                    "is not known."]


def read_progress(path):
    """Columns of a .progress file, and complaints."""
    if not path.exists():
        return {}, []
    header, *lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    columns, rows, bad = header.lstrip("#").split(), [], 0
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
    return float(gaps[work].sum() / np.diff(done)[work].sum() * calls)
