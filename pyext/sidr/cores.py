"""The cores that this process may use, and its share of them where MPI or SLURM has started several.

What limits a process: its affinity (`taskset`, cpusets, the binding of MPI and SLURM) and the quota of
its cgroup (containers). CLASS looks at neither: without `OMP_NUM_THREADS` it takes a thread for every core
of the machine. `settle` gives it the number that is right.

Open MPI binds each process to one core by default, where the threads of CLASS would wait for each other;
`settle` gives it the cores back that `mpirun` has itself. Who has chosen a binding keeps it.
"""

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from threadpoolctl import threadpool_limits

#: Set by `settle`: the number of threads in OMP_NUM_THREADS is ours, not the user's
OURS = "SIDR_NUM_THREADS"

#: By launcher: number of processes, of those on this machine (None: SLURM, which has a list)
LAUNCHERS = {"mpirun of Open MPI": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"),
             "mpiexec": ("PMI_SIZE", "MPI_LOCALNRANKS"),
             "srun": ("SLURM_STEP_NUM_TASKS", None)}

#: What the arguments or the environment of mpirun have where the user has chosen a binding
BINDINGS = (b"bind-to", b"binding_policy", b"cpu-set", b"rankfile", b":pe=")


class Launched(NamedTuple):
    """How this process has been started."""
    by: str | None      # launcher; None alone
    size: int           # processes
    local: int          # those on this machine


def launched(environ=os.environ):
    """`Launched` of this process, as its launcher has written it into the environment."""
    for name, (size, local) in LAUNCHERS.items():
        if environ.get(size, "").isdigit():
            if local is None:
                here = tasks(environ.get("SLURM_STEP_TASKS_PER_NODE", ""))
                node = int(environ.get("SLURM_NODEID") or 0)
                return Launched(name, int(environ[size]), here[node] if node < len(here) else 1)
            return Launched(name, int(environ[size]), int(environ.get(local) or environ[size]))
    return Launched(None, 1, 1)


def tasks(text):
    """SLURM's tasks on each node, such as 4(x2),3, as a list."""
    return [int(number) for number, times in re.findall(r"(\d+)(?:\(x(\d+)\))?", text)
            for _ in range(int(times or 1))]


def affinity(pid=0):
    """Numbers of the cores on which a process may run."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(pid)
    return set(range(os.cpu_count() or 1))


def cores():
    """Number of cores that this process may use."""
    return limited(len(affinity()))


def limited(number):
    """A number of cores, or the quota of the cgroup or what SLURM has given if that is less; 1 at least."""
    given_by_slurm = os.environ.get("SLURM_CPUS_ON_NODE", "")   # which not every cluster enforces
    return max(1, int(min(number, quota(), int(given_by_slurm) if given_by_slurm.isdigit() else number)))


@cache
def quota():
    """Cores of which the cgroups of this process may use the time; infinite without a limit."""
    found = [float("inf")]
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, name = line.split(":", 2)
            if kinds == "":
                top, file = Path("/sys/fs/cgroup"), "cpu.max"
            elif "cpu" in kinds.split(","):
                top, file = Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us"
            else:
                continue
            inner = Path(name.lstrip("/"))
            found += [of_group(top / group / file) for group in (inner, *inner.parents)]
    return min(found)


def of_group(path):
    """Quota of one cgroup, version 2 or 1."""
    with suppress(OSError, ValueError):
        if path.name == "cpu.max":
            time, period = path.read_text().split()
        else:
            time, period = path.read_text(), path.with_name("cpu.cfs_period_us").read_text()
        if time != "max" and int(time) > 0:
            return int(time) / int(period)
    return float("inf")


def given():
    """Threads of each process that the user wants, by OMP_NUM_THREADS; None if that is for us to say."""
    threads = os.environ.get("OMP_NUM_THREADS")
    return int(threads) if threads and threads != os.environ.get(OURS) else None


def fair_share():
    """Threads for this process: its cores, divided by the processes that MPI or SLURM has started on them.

    Those that the launcher has bound apart from each other are not divided again.
    """
    local = launched().local
    return max(1, min(cores(), limited(available()) // local))


def available():
    """Number of the cores that all processes of the launcher on this machine have together."""
    if launched().by == "srun" and os.environ.get("SLURM_CPUS_ON_NODE", "").isdigit():
        return int(os.environ["SLURM_CPUS_ON_NODE"])    # of which the affinity may be this process's part
    with suppress(OSError):
        return len(affinity() | affinity(os.getppid()))
    return len(affinity())


@cache
def settle():
    """Let this process use its share of the cores, once; what the user has chosen stays.

    Raises
    ------
    ValueError
        As of `check_mpi`.
    """
    check_mpi()
    if launched().by == "mpirun of Open MPI" and not binding_chosen():
        with suppress(OSError):
            os.sched_setaffinity(0, affinity(os.getppid()))
    if given() is None and not os.environ.get("SLURM_CPUS_PER_TASK") and fair_share() != os.cpu_count():
        set_threads(fair_share())


def binding_chosen():
    """Whether the user of mpirun, which is our parent, has chosen how processes are bound."""
    try:
        texts = [Path(f"/proc/{os.getppid()}/{name}").read_bytes() for name in ("cmdline", "environ")]
    except OSError:
        return True
    return any(word in text.lower() for text in texts for word in BINDINGS)


def set_threads(threads):
    """Limit the threads of this process, and of those that it will start."""
    os.environ["OMP_NUM_THREADS"] = os.environ[OURS] = str(threads)  # CLASS looks before each computation
    threadpool_limits(threads)


def check_mpi():
    """Raise ValueError if there are several processes that do not know of each other.

    With COBAYA_NOMPI in the environment that is intended.
    """
    if os.environ.get("COBAYA_NOMPI") or (start := launched()).size < 2:
        return
    from cobaya import mpi
    if mpi.more_than_one_process():
        return
    if mpi.is_disabled():
        why = "mpi4py is missing: pip install mpi4py, which builds it for the MPI of this machine"
    else:
        why = f"mpi4py is built for another MPI than that of {start.by}" + (
            ": try srun --mpi=pmix, or mpirun in the job" if start.by == "srun" else "")
    raise ValueError(f"{start.by} has started {start.size} processes that do not know of each other, since "
                     f"{why}. Where each has its own input, set COBAYA_NOMPI=1.")
