"""Many independent computations by MPI and by parts of an array, and the cores that a process takes."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import mpi_output
from numpy.testing import assert_array_equal

from sidr import cores, pools
from sidr.cli import main
from sidr.emulator.training import TrainingSet
from sidr.files import Rows
from sidr.neff import table
from sidr.thermal.plane import plane

#: Functions of a program, which cannot be those of a test: these disable MPI
FUNCTIONS = """
import json, os, time
from pathlib import Path
from sidr import pools
from sidr.thermal.plane import plane

def square(x):
    if x == 99:
        raise ValueError("ninety-nine")
    return x**2

def together(folder, number, n):
    '''The square of a number, when n processes are here: each has begun with an item.'''
    Path(folder, str(os.getpid())).touch()
    end = time.monotonic() + 60
    while len(os.listdir(folder)) < n and time.monotonic() < end:
        time.sleep(0.01)
    return number**2

if __name__ == "__main__":
"""


def mpi_script(tmp_path, text, n=3):
    """What processes of MPI do with the functions above and a main program."""
    program = tmp_path / "program.py"
    program.write_text(FUNCTIONS + text)
    return mpi_output(program, n=n, env={"OMP_NUM_THREADS": "1"})


@pytest.mark.parametrize("fresh", [False, True], ids=["fork", "spawn"])
def test_processes_end_with_the_one_that_has_started_them(tmp_path, fresh):
    program, here = tmp_path / "program.py", tmp_path / "here"
    here.mkdir()
    items = [(str(here), x, 99) for x in range(4)]
    program.write_text(FUNCTIONS + f"    list(pools.compute(together, {items}, jobs=2, fresh={fresh}))\n")
    with subprocess.Popen([sys.executable, str(program)]) as parent:
        wait_for(lambda: len(os.listdir(here)) == 2)
        parent.kill()
    wait_for(lambda: not any(alive(int(name)) for name in os.listdir(here)))


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid):
    """Whether there is such a process that has not ended."""
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


# MPI

def test_first_process_of_mpi_deals_to_all_and_computes_itself(tmp_path):
    (tmp_path / "here").mkdir()
    output = mpi_script(tmp_path, f"""
    with pools.mpi() as first:
        if first:
            items = [({str(tmp_path / "here")!r}, x, 3) for x in range(30)]
            results = {{x: result for (_, x, _), result in pools.compute(together, items)}}
            print(json.dumps(results))
    print("end")
""")
    assert output.returncode == 0, output.stderr
    assert output.stdout.count("end") == 3
    results = next(line for line in output.stdout.splitlines() if line.startswith("{"))
    assert json.loads(results) == {str(x): x**2 for x in range(30)}
    assert len(os.listdir(tmp_path / "here")) == 3


def test_error_in_a_process_of_mpi_ends_all(tmp_path):
    output = mpi_script(tmp_path, """
    with pools.mpi() as first:
        if first:
            list(pools.compute(square, [(99,)] * 5))
""", n=2)
    assert output.returncode != 0 and "ninety-nine" in output.stderr


@pytest.mark.parametrize("call, says", [
    ("with pools.mpi() as first:\n        first and list(pools.compute(square, [(1,)], 2))",
     "2 processes: under MPI their number is that of mpirun -n"),
    ("list(pools.compute(square, [(1,)]))", "call this within sidr.pools.mpi()")])
def test_what_would_be_computed_twice_or_ignored_under_mpi_is_refused(tmp_path, call, says):
    output = mpi_script(tmp_path, f"    {call}\n", n=2)
    assert output.returncode != 0 and says in output.stderr


def test_plane_by_mpi_is_that_of_one_process_and_every_row_is_on_the_disk(tmp_path):
    output = mpi_script(tmp_path, f"""
    with pools.mpi() as first:
        if first:
            plane(1, 100, size=3, file={str(tmp_path / "plane.txt")!r})
""", n=2)
    assert output.returncode == 0, output.stderr
    assert len((tmp_path / "plane.txt").read_text().splitlines()) == 4
    saved = plane(1, 100, size=3, file=tmp_path / "plane.txt")
    assert_array_equal(saved.N_bbn, plane(1, 100, size=3).N_bbn)


# Parts

def test_parts_of_a_plane_make_the_whole(tmp_path):
    file = tmp_path / "plane.txt"
    for number in (2, 1):
        assert plane(1, 100, size=3, file=file, jobs=1, part=pools.Part(number, 2)) is None
    assert not file.exists() and len(pools.parts(file)) == 2
    made = {path: path.read_text() for path in pools.parts(file)}
    plane(1, 100, size=3, file=file, jobs=1, part=pools.Part(1, 2))     # nothing is solved again
    assert {path: path.read_text() for path in pools.parts(file)} == made
    assert_array_equal(plane(1, 100, size=3, file=file, jobs=1).N_eff, plane(1, 100, size=3, jobs=1).N_eff)
    assert not pools.parts(file) and len(file.read_text().splitlines()) == 4


def test_parts_of_a_table_of_quantum_kinetics_make_the_whole(tmp_path, monkeypatch):
    solved = []
    monkeypatch.setattr(table, "point", lambda ordering, j, x, _: solved.append(x) or table.Extra(x, j))
    monkeypatch.setattr(table, "compute", lambda function, items, jobs: (
        (item, function(*item)) for item in items))
    pairs, log10_dm2 = [("normal", 3), ("normal", 1)], [-6.0, -5.0, -4.0]
    for number in (1, 3, 2):
        table.make(tmp_path / "table.txt", pairs, log10_dm2, part=pools.Part(number, 3))
    table.make(tmp_path / "table.txt", pairs, log10_dm2)
    assert sorted(solved) == sorted(log10_dm2 * 2)
    assert table.read(tmp_path / "table.txt") == {
        pair: {x: table.Extra(x, pair[1]) for x in log10_dm2} for pair in pairs}


def test_damaged_part_is_named(tmp_path):
    rows = Rows(tmp_path / "rows.txt", "# head", pools.Part(2, 3))
    rows.begin()
    rows.append([1, 2])
    path, = pools.parts(tmp_path / "rows.txt")
    path.write_text(path.read_text().replace("1 2", "1 3"))
    with pytest.raises(ValueError, match="rows.2-of-3.txt is damaged"):
        Rows(tmp_path / "rows.txt", "# head").begin()


def test_parts_of_a_training_set_are_disjoint_and_complete(tmp_path, monkeypatch):
    names = ("omega_b",)
    monkeypatch.setattr("sidr.emulator.training.exact", lambda point, _: (np.zeros((4, 2)), np.zeros(1)))
    monkeypatch.setattr("sidr.emulator.training.compute", lambda function, items, *_, **__: (
        (item, function(*item)) for item in items))
    sets = [TrainingSet(tmp_path, "lcdm", names) for _ in range(2)]
    points = np.arange(5.0)[:, None]
    for number, spectra in enumerate(sets, 1):
        spectra.compute("design", points, part=pools.Part(number, 2))
    made = [path.name for path in sorted(tmp_path.glob("*.npz"))]
    assert made == [f"design_{i:05d}.npz" for i in range(5)]
    assert_array_equal(sets[0].load().params, points)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "1/3/5"])
def test_part_that_does_not_exist_is_refused(text, capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "lcdm", "-o", "x", "--task", text])
    assert end.value.code == 2 and "is not I/N with I from 1 to N" in capsys.readouterr().err


def test_part_of_what_has_no_parts_is_refused(tmp_path, capsys):
    assert main(["figures", "fig2", "fig1", "-o", str(tmp_path), "--task", "1/2"]) == 1
    assert "--task: fig1 has no parts" in capsys.readouterr().err


# Cores

def in_a_process(code, *, env=None, cpus=None):
    """What a new process prints, whose affinity is that of `taskset`."""
    environ = {name: value for name, value in os.environ.items()
               if not name.startswith(("OMP_", "SLURM_", "SIDR_", "COBAYA_NOMPI"))}
    command = [sys.executable, "-c", code]
    limit = None if cpus is None else lambda: os.sched_setaffinity(0, cpus)
    return subprocess.run(command, env=environ | (env or {}), preexec_fn=limit, text=True, check=True,
                          capture_output=True).stdout.strip()


SETTLED = """
import os
from sidr import cores
cores.settle()
print(os.environ.get("OMP_NUM_THREADS"), cores.given(), cores.cores())
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
def test_threads_follow_the_affinity_and_the_user_comes_first():
    one, two = sorted(os.sched_getaffinity(0))[:2]
    assert in_a_process(SETTLED, cpus={one}) == "1 None 1"
    assert in_a_process(SETTLED, cpus={one}, env={"OMP_NUM_THREADS": "7"}) == "7 7 1"
    expected = "None" if os.cpu_count() == 2 else "2"
    assert in_a_process(SETTLED, cpus={one, two}) == f"{expected} None 2"
    child = "import subprocess, sys; from sidr import cores; cores.settle(); " \
            "subprocess.run([sys.executable, '-c', 'from sidr import cores; print(cores.given())'])"
    assert in_a_process(child, cpus={one}) == "None"        # which is not the user's


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
def test_class_takes_no_more_threads_than_its_affinity():
    code = "import os; from sidr.classy import Class; cosmo = Class(); " \
           "print(len(os.listdir('/proc/self/task')), flush=True); " \
           "cosmo.set(output='tCl,pCl', l_max_scalars=300); cosmo.compute()"
    environ = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    cpu = min(os.sched_getaffinity(0))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environ,
                               preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    before, most = int(process.stdout.readline()), 0
    while process.poll() is None:       # from outside: CLASS does not let other threads of Python run
        with contextlib.suppress(FileNotFoundError):
            most = max(most, len(os.listdir(f"/proc/{process.pid}/task")))
    assert process.returncode == 0 and most - before <= 1


@pytest.mark.parametrize("environ, expected", [
    ({}, (None, 1, 1)),
    ({"OMPI_COMM_WORLD_SIZE": "6", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"}, ("mpirun of Open MPI", 6, 2)),
    ({"PMI_SIZE": "6", "MPI_LOCALNRANKS": "3"}, ("mpiexec", 6, 3)),
    ({"SLURM_STEP_NUM_TASKS": "7", "SLURM_STEP_TASKS_PER_NODE": "2(x2),3", "SLURM_NODEID": "2"},
     ("srun", 7, 3)),
    # as mpirun starts its daemons
    ({"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_TASKS_PER_NODE": "1(x2)", "SLURM_NODEID": "0",
      "OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_LOCAL_SIZE": "4"}, ("mpirun of Open MPI", 8, 4))])
def test_launchers_are_known_by_what_they_write(environ, expected):
    assert cores.launched(environ) == expected


@pytest.mark.parametrize("content, expected", [("200000 100000\n", 2), ("max 100000\n", np.inf),
                                               ("150000 100000\n", 1.5), ("nonsense\n", np.inf)])
def test_quota_of_a_cgroup(tmp_path, content, expected):
    (tmp_path / "cpu.max").write_text(content)
    assert cores.of_group(tmp_path / "cpu.max") == expected
    (tmp_path / "cpu.cfs_quota_us").write_text(content.split()[0].replace("max", "-1"))
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert cores.of_group(tmp_path / "cpu.cfs_quota_us") == expected


def test_quota_and_slurm_limit_the_cores(monkeypatch):
    monkeypatch.setattr(cores, "affinity", lambda pid=0: set(range(16)))
    assert cores.cores() == 16
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "4")       # a job on a node where nothing is bound
    assert cores.cores() == 4
    monkeypatch.setattr(cores, "quota", lambda: 1.5)
    assert cores.cores() == 1


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
@pytest.mark.parametrize("n", [1, 2])
def test_processes_of_mpirun_share_its_cores_and_are_bound_to_none(n, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    code = "import os; from sidr import cores; cores.settle(); " \
           "print(len(os.sched_getaffinity(0)), os.environ.get('OMP_NUM_THREADS', os.cpu_count()))"
    output = mpi_output("-c", code, n=n, options=())     # Open MPI binds each to a core
    everything = len(os.sched_getaffinity(0))
    assert output.stdout.splitlines() == [f"{everything} {everything // n}"] * n, output.stderr
    output = mpi_output("-c", code, n=n, options=(), env={"PRTE_MCA_hwloc_default_binding_policy": "core"})
    assert output.stdout.splitlines() == ["1 1"] * n, output.stderr


def test_processes_that_do_not_know_of_each_other_are_told_so(tmp_path):
    code = "import sys; sys.modules['mpi4py'] = None; from sidr import cores; cores.check_mpi()"
    output = mpi_output("-c", code)
    assert output.returncode != 0 and "mpi4py is missing" in output.stderr
    environ = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_TASKS_PER_NODE": "4", "SLURM_NODEID": "0"}
    call = "from sidr import cores; cores.check_mpi()"
    environ = {k: v for k, v in os.environ.items() if k != "COBAYA_NOMPI"} | environ
    output = subprocess.run([sys.executable, "-c", call], env=environ, text=True, capture_output=True)
    assert "srun has started 4 processes that do not know of each other" in output.stderr
    output = subprocess.run([sys.executable, "-c", call], env=environ | {"COBAYA_NOMPI": "1"})
    assert output.returncode == 0


def test_processes_of_a_pool_share_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(pools, "cores", lambda: 64)
    (_, threads), *_ = pools.compute(environment, [("OMP_NUM_THREADS",)] * 4, 4)
    assert threads == "16"
    assert "OMP_NUM_THREADS" not in os.environ


def environment(name):
    return os.environ.get(name)
