"""A matrix of runs on a real SLURM: wall times, a lost node, the same command twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import slurm_here
from test_grid import MINIATURE
from test_run_files import CHAINS

WHY = "no SLURM can be started here: it needs root, and apt-get install slurm-wlm munge"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(slurm_here.missing()), reason=WHY)]

#: As small as the jobs are; after 80 seconds of three minutes they have to stop
SITE = """
walltime: '3:00'
notice: 100
setup: export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
metropolis: {processes: 2, threads: 1, memory: 400M}
nested: {processes: 1, threads: 1, memory: 400M}
finish: {threads: 1, memory: 400M}
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A cluster of two nodes."""
    cluster = slurm_here.Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def files(tmp_path):
    """Settings of a grid whose nested run takes two minutes, and a site."""
    text = MINIATURE.format(parts=CHAINS / "parts")
    slow = "three, nautilus, extra + \" + 0 * (__import__('time').sleep(0.05) or 0)\")"
    settings, site = tmp_path / "miniature.py", tmp_path / "site.yaml"
    settings.write_text(text.replace("three, nautilus, extra)", slow))
    site.write_text(SITE)
    return settings, site


def grid(slurm, step, *arguments):
    """`sidr grid` as a user of the cluster calls it."""
    environ = {name: value for name, value in slurm.environ.items()
               if name not in ("COBAYA_NOMPI", "OMP_NUM_THREADS")}
    output = subprocess.run([sys.executable, "-m", "sidr.cli", "grid", step, *map(str, arguments)],
                            text=True, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=120)
    print("$ sidr grid", step, *arguments, f"\n{output.stdout}")
    return output


def queue(slurm, form="%i %j %T %N"):
    """The lines of the queue."""
    output = subprocess.run(["squeue", "--noheader", f"--format={form}"], env=slurm.environ, text=True,
                            capture_output=True, check=True)
    return output.stdout.splitlines()


def test_matrix_runs_to_its_report_through_wall_times(slurm, files, tmp_path):
    settings, site = files
    folder = tmp_path / "grid"
    output = grid(slurm, "run", folder, "--settings", settings, "--slurm", "--site", site)
    assert output.returncode == 0 and len(output.stdout.splitlines()) == 4
    before = queue(slurm, "%i %j")
    assert len(before) == 4
    again = grid(slurm, "run", folder, "--slurm", "--site", site)
    assert again.returncode == 0 and "Nothing to submit" in again.stdout and queue(slurm, "%i %j") == before
    log = folder / "scripts" / "sidr_nchi1_full_planck.log"
    slurm_here.wait(lambda: log.exists() and "goes on in another turn" in log.read_text(),
                    "the wall time of a job", 300)
    status = grid(slurm, "status", folder)
    assert status.returncode == 0 and "sidr_nchi1_full_planck  waiting" in status.stdout
    slurm_here.wait(lambda: not queue(slurm), "the end of all jobs", 600)
    assert "Resuming" in log.read_text()
    told = (folder / "scripts" / "finish.log").read_text()
    assert "report.html" in told and "not converged" not in told
    assert (folder / "report" / "report.html").exists()
    assert len((folder / "minima.txt").read_text().splitlines()) == 4
    assert grid(slurm, "status", folder).stdout.splitlines()[-1] == "3 converged"
    assert "Nothing to submit" in grid(slurm, "run", folder, "--slurm", "--site", site).stdout
    assert not queue(slurm)


def test_refused_job_is_told(slurm, files, tmp_path):
    settings, site = files
    site.write_text(SITE + "partition: none\n")
    output = grid(slurm, "run", tmp_path / "grid", "--settings", settings, "--slurm", "--site", site)
    assert output.returncode == 1 and "sbatch has refused" in output.stdout
    assert "invalid partition" in output.stdout and not queue(slurm)


def test_run_whose_node_is_lost_goes_on_elsewhere(slurm, files, tmp_path):
    settings, site = files
    site.write_text(SITE.replace("'3:00'", "'10:00'"))
    folder = tmp_path / "grid"
    grid(slurm, "run", folder, "--settings", settings, "--slurm", "--site", site, "--group", "nested")
    progress = folder / "sidr_nchi1_full" / "planck" / "sidr_nchi1_full_planck.progress"
    slurm_here.wait(lambda: progress.exists() and len(progress.read_text().splitlines()) > 5, "calls", 120)
    node, = (line.split()[3] for line in queue(slurm) if "RUNNING" in line)
    slurm.node(node, up=False)
    slurm_here.wait(lambda: any("PENDING" in line and "nchi1" in line for line in queue(slurm)),
                    "SLURM to miss the node", 120)
    calls = len(progress.read_text().splitlines())
    slurm_here.wait(lambda: not queue(slurm), "the end of all jobs", 400)
    assert grid(slurm, "status", folder, "--group", "nested").stdout.splitlines()[-1] == "1 converged"
    log = (folder / "scripts" / "sidr_nchi1_full_planck.log").read_text()
    assert "Resuming" in log and len(progress.read_text().splitlines()) > calls > 5
    slurm.node(node, up=True)


def test_processes_of_srun_that_do_not_know_of_each_other_are_told_so(slurm, tmp_path):
    code = "from sidr import cores; print(cores.launched()); cores.check_mpi()"
    environ = {name: value for name, value in slurm.environ.items() if name != "COBAYA_NOMPI"}
    output = subprocess.run(["srun", "--ntasks=2", "--mem=400M", "--mpi=none", sys.executable, "-c", code],
                            env=environ, text=True, capture_output=True, cwd=tmp_path)
    assert output.stdout.splitlines() == ["Launched(by='srun', size=2, local=2)"] * 2, output.stderr
    assert output.returncode
    assert "srun has started 2 processes that do not know of each other" in output.stderr


def test_share_of_a_process_of_srun_is_what_it_has_asked_for(slurm):
    code = "import os; from sidr import cores; print(cores.fair_share(), cores.available())"
    for tasks, share in ((1, 2), (2, 1)):
        output = subprocess.run(["srun", f"--ntasks={tasks}", f"--cpus-per-task={share}", "--nodes=1",
                                 "--mem=400M", "--mpi=none", sys.executable, "-c", code],
                                env=slurm.environ, text=True, capture_output=True)
        assert output.stdout.splitlines() == [f"{share} 2"] * tasks, output.stderr


def test_task_of_an_array_computes_its_part(slurm, tmp_path):
    script = tmp_path / "array.sh"
    script.write_text(f"""#!/bin/bash
#SBATCH --array=1-2 --mem=400M --output={tmp_path}/%a.log --chdir={tmp_path}
{Path(sys.executable).with_name("sidr")} figures fig2 -s 2 -o {tmp_path} \
    --task $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT
""")
    subprocess.run(["sbatch", "--wait", script], env=slurm.environ, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.glob("fig2*-of-2.txt")) == [
        f"fig2_nchi{n_chi}.{part}-of-2.txt" for n_chi in (1, 2) for part in (1, 2)]
    assert "part 2 of 2 is done" in (tmp_path / "2.log").read_text()
    subprocess.run([sys.executable, "-m", "sidr.cli", "figures", "fig2", "-s", "2", "-o", tmp_path],
                   check=True, env=os.environ | {"COBAYA_NOMPI": "1"}, capture_output=True)
    assert (tmp_path / "fig2.png").exists() and not list(tmp_path.glob("*-of-2.txt"))
