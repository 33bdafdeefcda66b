"""The matrix of runs: chains/grid.py for Cobaya's grid tools, and `sidr grid` that runs it."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cobaya.grid_tools.batchjob import grid_cache_file, readobject
from cobaya.grid_tools.gridconfig import makeGrid
from cobaya.input import update_info
from cobaya.parameterization import is_sampled_param
from cobaya.run import run
from cobaya.yaml import yaml_dump_file, yaml_load_file
from conftest import mpi_output
from test_run_files import CHAINS, PRIORS

from sidr.grids import Grid, Site, best_fit, create, local, read_site
from sidr.grids import status as statuses
from sidr.grids.status import of_job

DATA = {"planck": [], "planck_desi_dr1": ["sidr.likelihoods.DESI_DR1"],
        "planck_desi_dr2": ["sidr.likelihoods.DESI_DR2"]}

#: Table S2, and Table S1 for the whole prior; N_chi and N_nu of the paper's runs
COUPLING = {"mi": (-5, -2.5), "si": (-2.5, 0), "full": (-5, 1)}
NUMBERS = {"nchi1": {"N_chi": 0.75, "N_nu": 2.294}, "nchi2": {"N_chi": 1.20, "N_nu": 1.844},
           "lcdm": {"n_chi": 0}}
MODELS = ["lcdm", "lcdm_full", *(f"{theory}_{mode}" for theory in ("nchi1", "nchi2") for mode in COUPLING)]
JOBS = [f"sidr_{model}_{data}" for model in MODELS for data in DATA]

#: Run files and the jobs that they are
RUN_FILES = {"lcdm": "lcdm", "full": "nchi1_full", "mi": "nchi1_mi", "si": "nchi1_si",
             "nchi2_mi": "nchi2_mi", "nchi2_si": "nchi2_si"}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    makeGrid(str(folder), str(CHAINS / "grid.py"))
    return folder


def job(grid, name):
    return yaml_load_file(str(grid / "input_files" / f"{name}.yaml"))


def sidr_grid(step, grid, *options, commands=None, **environ):
    """Output of `sidr grid` with the commands of this environment, and those in a folder before them."""
    path = [str(folder) for folder in (commands, Path(sys.executable).parent) if folder]
    environ = {name: value for name, value in os.environ.items()
               if name not in ("OMP_NUM_THREADS", "COBAYA_NOMPI")} | environ
    return subprocess.run([sys.executable, "-m", "sidr.cli", "grid", step, *map(str, (grid, *options))],
                          text=True, timeout=1800, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environ | {"PATH": os.pathsep.join([*path, os.environ["PATH"]])})


def write_commands(folder, **texts):
    """Put shell commands of these names and texts into a new folder."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def test_grid_has_every_model_mode_and_data_set_and_a_best_fit_of_each(grid):
    files = {path.stem for path in (grid / "input_files").iterdir()}
    assert files == {*JOBS, *(f"{name}_minimize" for name in JOBS)}
    assert len(JOBS) == 24


@pytest.mark.parametrize("name", JOBS)
def test_job_has_the_paper_s_priors_and_the_sampler_that_fits(grid, name):
    info = update_info(job(grid, name))
    _, theory, *mode = name.split("_planck")[0].split("_")
    data = name[name.index("planck"):]
    bounds = {p: (v["prior"]["min"], v["prior"]["max"]) for p, v in info["params"].items()
              if is_sampled_param(v) and p != "A_planck"}
    coupled = mode and theory != "lcdm"
    assert bounds == PRIORS | ({"log10_G_eff": COUPLING[mode[0]]} if coupled else {})
    options = info["theory"]["sidr.theory.SIDR"]
    assert options.items() >= {**NUMBERS[theory], "precision": "planck"}.items()
    assert [like for like in info["likelihood"] if "DESI" in like] == DATA[data]
    assert len(info["likelihood"]) == 4 + len(DATA[data])

    sampler, = info["sampler"]
    if mode == ["full"]:
        assert sampler == "sidr.samplers.Nautilus"
        assert info["sampler"][sampler]["split_at"] == ({"log10_G_eff": -2.5} if coupled else None)
    else:
        assert sampler == "mcmc"
        covmat = np.array(info["sampler"]["mcmc"]["covmat"])
        assert set(info["sampler"]["mcmc"]["covmat_params"]) == {*bounds, "A_planck"}
        assert np.allclose(covmat, covmat.T) and np.linalg.eigvalsh(covmat).min() > 0


@pytest.mark.parametrize("name", RUN_FILES)
def test_run_file_is_a_job_of_the_grid(grid, name):
    one, other = (update_info(info) for info in (yaml_load_file(str(CHAINS / f"planck_desi_{name}.yaml")),
                                                 job(grid, f"sidr_{RUN_FILES[name]}_planck_desi_dr1")))
    for block in ("theory", "likelihood", "params", "sampler"):
        assert one[block] == other[block]


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emulated")
    makeGrid(str(folder), str(CHAINS / "grid_emulated.py"))
    return folder


@pytest.mark.parametrize("name", JOBS)
def test_emulated_grid_has_the_same_jobs_but_for_spectra_and_planck(grid, emulated, name):
    exact, fast = job(grid, name), job(emulated, name)
    assert fast["theory"] == {"sidr.theory.SIDREmulator": exact["theory"]["sidr.theory.SIDR"]}
    planck = {like: None for like in exact["likelihood"] if like.startswith("planck_2018")}
    assert planck | fast["likelihood"] == {"sidr.likelihoods.PlanckCompressed": {"strict": True},
                                           **exact["likelihood"]}
    assert len(fast["likelihood"]) == len(exact["likelihood"]) - 3
    assert fast["params"] == exact["params"]
    if "mcmc" not in exact["sampler"]:
        exact["sampler"]["sidr.samplers.Nautilus"]["n_batch"] = 512
    assert fast["sampler"] == exact["sampler"]


def test_quickstart_is_a_job_of_the_emulated_grid(emulated):
    one, other = (update_info(info) for info in (yaml_load_file(str(CHAINS / "quickstart.yaml")),
                                                 job(emulated, "sidr_nchi1_full_planck_desi_dr2")))
    for block in ("theory", "likelihood", "params", "sampler"):
        assert one[block] == other[block]


@pytest.mark.data
@pytest.mark.parametrize("name", ["sidr_lcdm_planck_desi_dr1", "sidr_nchi2_si_planck_desi_dr2",
                                  "sidr_nchi1_mi_planck", "sidr_lcdm_full_planck", "sidr_nchi2_full_planck",
                                  "sidr_nchi1_si_planck_minimize"])
def test_job_initialises(grid, packages_path, monkeypatch, name):
    monkeypatch.chdir(grid)      # nothing depends on where it is started
    info = job(grid, name)
    if "mcmc" in info["sampler"]:
        info["sampler"]["mcmc"]["measure_speeds"] = False   # these take two cosmologies
    run(info, test=True, output=False)


def test_start_covariances_have_the_errors_of_the_paper():
    # Tables S3 and S4; an upper limit of 68% is about one standard deviation of what a prior cuts at 0
    paper = {
        "nchi1_si_planck": {"H0": 0.85, "n_s": 0.005, "omega_cdm": 0.0014, "m_nu_sum": 0.09},
        "nchi1_mi_planck_desi_dr1": {"H0": 0.45, "n_s": 0.004, "omega_cdm": 0.0009, "m_nu_sum": 0.04},
        "nchi2_si_planck_desi_dr1": {"H0": 0.5, "n_s": 0.0045, "omega_cdm": 0.001, "m_nu_sum": 0.05}}
    for name, errors in paper.items():
        mcmc = yaml_load_file(str(CHAINS / "parts" / "covmats" / f"{name}.yaml"))
        sigma = dict(zip(mcmc["covmat_params"], np.sqrt(np.diag(mcmc["covmat"])), strict=True))
        for parameter, error in errors.items():
            assert sigma[parameter] == pytest.approx(error, rel=0.25), (name, parameter)


def test_copied_grid_is_read_without_the_blocks_that_made_it(grid, tmp_path):
    copy = shutil.copytree(grid, tmp_path / "copy")
    os.remove(grid_cache_file(str(copy)))
    chain = copy / "sidr_nchi1_si" / "planck" / "sidr_nchi1_si_planck.1.txt"
    chain.write_text("# weight\n1\n")
    assert [item.name for item in readobject(str(copy)).items()] == ["sidr_nchi1_si_planck"]


def started(output):
    """Input files of the commands in a dry run, and the commands."""
    lines = [line.split() for line in output.splitlines() if line.endswith(".yaml") and "cobaya" not in line
             or "cobaya-run" in line]
    return [Path(line[-1]).stem for line in lines], lines


def test_dry_run_lists_each_job_with_its_command(tmp_path):
    output = sidr_grid("run", tmp_path / "grid", "--dryrun")
    assert output.returncode == 0, output.stdout
    files, commands = started(output.stdout)
    assert sorted(files) == sorted([*JOBS, *(f"{name}_minimize" for name in JOBS)])
    for command, name in zip(commands, files, strict=True):
        assert command[-2] == ("sidr.grids.best_fit" if name.endswith("_minimize") else "-r")
    assert not list((tmp_path / "grid").rglob("*.progress"))


def test_options_choose_jobs(tmp_path):
    output = sidr_grid("run", tmp_path / "grid", "--dryrun", "--data", "dr2", "--param", "si")
    files, _ = started(output.stdout)
    assert files == [f"sidr_{theory}_si_planck_desi_dr2{best}"
                     for theory in ("nchi1", "nchi2") for best in ("", "_minimize")]
    output = sidr_grid("run", tmp_path / "grid", "--dryrun", "--group", "nested", "--skip-data", "dr1",
                       "dr2")
    assert started(output.stdout)[0] == [f"sidr_{theory}_full_planck{best}" for best in ("", "_minimize")
                                         for theory in ("lcdm", "nchi1", "nchi2")]
    output = sidr_grid("run", tmp_path / "grid", "--dryrun", "--param", "mu")
    assert output.returncode == 1 and "has no jobs of that choice" in output.stdout


@pytest.mark.parametrize("cores, runs, chains, threads", [(1, 1, 1, 1), (2, 1, 2, 1), (16, 4, 4, 1),
                                                          (64, 15, 4, 1), (128, 15, 4, 2)])
def test_cores_are_divided_among_runs_chains_and_threads(monkeypatch, cores, runs, chains, threads):
    monkeypatch.setattr(local, "cores", lambda: cores)
    monkeypatch.setattr(local, "mpi_missing", lambda: "")
    assert local.plan()[:4] == (cores, runs, chains, threads)


def test_without_mpi_each_run_has_one_chain_and_says_why(monkeypatch):
    monkeypatch.setattr(local, "cores", lambda: 4)
    monkeypatch.delenv("COBAYA_NOMPI")
    monkeypatch.setattr(local, "mpirun", lambda: None)
    plan = local.plan()
    assert plan[:4] == (4, 4, 1, 1) and "there is no mpirun" in str(plan)


def test_hyper_threads_are_counted_as_cores_by_mpirun_too(monkeypatch):
    monkeypatch.delenv("COBAYA_NOMPI")
    if local.mpi_missing():
        pytest.skip("there is no MPI")
    monkeypatch.setenv("HWLOC_SYNTHETIC", "pack:1 core:1 pu:2")     # a laptop's core, for Open MPI
    local.check_mpirun(2)


def test_mpirun_that_does_not_work_is_told(monkeypatch, tmp_path):
    commands = write_commands(tmp_path / "bin", mpirun="echo There are not enough slots >&2; exit 1")
    monkeypatch.setattr(local, "mpirun", lambda: str(commands / "mpirun"))
    with pytest.raises(ValueError, match="mpirun -n 4 does not work here .There are not enough slots"):
        local.check_mpirun(4)


#: A queue that knows what it was given, in a folder
QUEUE = {"sbatch": """for file; do :; done
number=$(($(ls "$QUEUE" | sort -n | tail -n 1) + 1))
cp "$file" "$QUEUE/$number"
echo $number""", "squeue": """for job in "$QUEUE"/*; do
    [ -f "$job" ] || continue
    name=$(sed -n 's/^#SBATCH --job-name="\\(.*\\)"/\\1/p' "$job")
    comment=$(sed -n 's/^#SBATCH --comment="\\(.*\\)"/\\1/p' "$job")
    echo "${job##*/}|$name|PENDING|1:00|Priority|$comment"
done""", "scancel": 'rm "$QUEUE/$1"'}


@pytest.fixture
def cluster(tmp_path):
    """Commands of SLURM, and the folder of their queue."""
    (tmp_path / "queue").mkdir()
    return {"commands": write_commands(tmp_path / "bin", **QUEUE), "QUEUE": str(tmp_path / "queue")}


def test_slurm_has_each_job_once_and_one_that_finishes(tmp_path, cluster):
    queue, grid = Path(cluster["QUEUE"]), tmp_path / "grid"
    output = sidr_grid("run", grid, "--slurm", "--data", "dr1", "--param", "lcdm", **cluster)
    assert output.returncode == 0, output.stdout
    assert [line.split()[1] for line in output.stdout.splitlines()] == [
        "sidr_lcdm_planck_desi_dr1", "sidr_lcdm_full_planck_desi_dr1", "finish,"]
    assert "--dependency=afterany:1:2\n" in (queue / "3").read_text()
    again = sidr_grid("run", grid, "--slurm", "--data", "dr1", "--param", "lcdm", **cluster)
    assert again.returncode == 0 and "Nothing to submit" in again.stdout
    assert len(os.listdir(queue)) == 3
    # more of the matrix: the end is when these have ended, too
    more = sidr_grid("run", grid, "--slurm", "--name", "sidr_nchi1_si_planck", **cluster)
    assert more.returncode == 0, more.stdout
    names = {path.name: "finish" in path.read_text().split("job-name=")[1][:9] for path in queue.iterdir()}
    assert sum(names.values()) == 1 and len(names) == 4
    last = next(queue / name for name, finish in names.items() if finish)
    assert len(re.search("afterany:(.*)", last.read_text())[1].split(":")) == 3
    status = sidr_grid("status", grid, "--data", "dr1", "--param", "lcdm", **cluster).stdout
    assert status.splitlines()[-1] == "2 waiting" and status.count("in the queue: Priority") == 2
    last.unlink()       # by somebody
    again = sidr_grid("run", grid, "--slurm", "--name", "sidr_nchi1_si_planck", **cluster)
    assert "finish, when all have ended" in again.stdout and len(os.listdir(queue)) == 4


def test_script_of_a_job(tmp_path, cluster):
    site = tmp_path / "site.yaml"
    site.write_text("partition: long\naccount: me\nwalltime: 2-00:00:00\noptions: [--qos=high]\n"
                    "setup: module load openmpi\nnested: {processes: 96, nodes: 2}\n"
                    "launcher: srun --mpi=pmix -n {processes}\n")
    grid = tmp_path / "grid"
    output = sidr_grid("run", grid, "--slurm", "--site", site, "--dryrun", "--param", "lcdm",
                       "--data", "dr1", **cluster)
    assert output.returncode == 0 and not os.listdir(cluster["QUEUE"]), output.stdout
    metropolis, nested, finish = output.stdout.split("#!/bin/bash\n")[1:]
    for text in (metropolis, nested, finish):
        for line in ("#SBATCH --partition=long", "#SBATCH --account=me", "#SBATCH --time=2-00:00:00",
                     "#SBATCH --qos=high", "module load openmpi"):
            assert f"{line}\n" in text
    assert "USR1" not in finish     # which would end it
    for line in ("#SBATCH --ntasks=4", "#SBATCH --cpus-per-task=4", "export OMP_NUM_THREADS=4",
                 "#SBATCH --signal=B:USR1@120"):
        assert f"{line}\n" in metropolis
    for line in ("#SBATCH --ntasks=96", "#SBATCH --nodes=2", "#SBATCH --mem=64G"):
        assert f"{line}\n" in nested
    srun = r"go srun --mpi=pmix -n 96 \S*"
    assert re.search(rf"{srun}cobaya-run -r \S*sidr_lcdm_full_planck_desi_dr1.yaml &&\n"
                     rf"{srun}python\S* -m sidr.grids.best_fit \S*_minimize.yaml", nested)
    assert re.search(rf"sidr grid finish {grid}\n", finish)
    emulated = sidr_grid("run", tmp_path / "fast", "--emulated", "--slurm", "--dryrun", "--name",
                         "sidr_lcdm_full_planck", **cluster)
    assert "#SBATCH --ntasks=4\n" in emulated.stdout       # as fast as 64, or faster


@pytest.mark.parametrize("text, says", [
    ("partion: long", "partion: no such name; there are partition, account"),
    ("walltime: 24:00:00", "write it in quotes, as '24:00:00'"),
    ("nested: {cores: 4}", "nested: cores: no such name; there are processes, threads"),
    ("nested: {processes: 0}", "nested: processes = 0 is not a whole number from 1 on"),
    ("nested: {memory: lots}", "nested: memory = 'lots' is not a number with K, M, G or T"),
    ("launcher: mpirun", "it has no {processes}"), ("launcher: 'mpirun {n}'", "launcher = 'mpirun {n}'"),
    ("options: --qos=long", "is not a list of options of sbatch"), ("turns: 0", "turns = 0"),
    ("setup: [a]", "setup = ['a'] is no text"), ("- a", "is not a list of `name: value`")])
def test_wrong_line_of_a_site_is_named(tmp_path, text, says):
    (tmp_path / "site.yaml").write_text(text)
    with pytest.raises(ValueError) as error:
        read_site(tmp_path / "site.yaml")
    assert says in str(error.value) and "site.yaml" in str(error.value)


def test_example_of_a_site_has_every_name_and_the_defaults():
    example = yaml_load_file(str(CHAINS / "site.yaml"))
    assert example.keys() == Site.__dataclass_fields__.keys()
    site = read_site(CHAINS / "site.yaml")
    assert dataclasses.replace(site, setup="") == Site()


def test_rejected_job_is_told_with_a_status(tmp_path, cluster):
    write = cluster["commands"] / "sbatch"
    write.write_text("#!/bin/bash\necho 'sbatch: error: invalid partition specified: long' >&2; exit 1\n")
    output = sidr_grid("run", tmp_path / "grid", "--slurm", "--name", "sidr_lcdm_planck", **cluster)
    assert output.returncode == 1
    assert output.stdout.splitlines() == [
        "sidr grid: sbatch has refused (sbatch: error: invalid partition specified: long)."]


def test_grid_is_started_by_one_at_a_time(tmp_path, cluster):
    grid = tmp_path / "grid"
    create(grid, CHAINS / "grid.py")
    with Grid(grid).locked():
        output = sidr_grid("run", grid, "--slurm", **cluster)
    assert output.returncode == 1 and "Another `sidr grid run` is starting jobs" in output.stdout


def test_what_is_no_grid_is_told(tmp_path):
    for step in ("status", "finish"):
        output = sidr_grid(step, tmp_path)
        assert output.returncode == 1 and "is no grid: make it with `sidr grid create" in output.stdout
    output = sidr_grid("run", tmp_path / "grid", "--site", CHAINS / "site.yaml")
    assert output.returncode == 1 and "--site is for --slurm" in output.stdout


#: A grid whose chi2 is known: 10 at the best fit of LCDM, 3 less with a coupling
MINIATURE = """
from cobaya.yaml import yaml_load_file

H0 = {{"prior": {{"min": 55, "max": 85}}, "ref": 68.2, "proposal": 0.5}}
m_nu_sum = {{"prior": {{"min": 0, "max": 1.5}}, "ref": 0.05, "proposal": 0.03}}
log10_G_eff = {{"prior": {{"min": -2.5, "max": 0}}, "ref": -1.5, "proposal": 0.3}}
chi2 = "10 + ((H0 - 68) / 0.5)**2 + ((m_nu_sum + 0.02) / 0.05)**2 - 0.16"

def model(tags, params, sampler, extra=""):
    likelihood = "lambda " + ", ".join(params) + ": -0.5 * (" + chi2 + extra + ")"
    return dict(tags=tags, params=params, sampler=sampler, likelihood=dict(toy=dict(external=likelihood)))

two = dict(H0=H0, m_nu_sum=m_nu_sum)
three = dict(two, log10_G_eff=log10_G_eff)
extra = " - 3 + ((log10_G_eff + 1.6) / 0.3)**2"
mcmc = {{"mcmc": {{"Rminus1_stop": 0.2, "Rminus1_cl_stop": 1, "seed": 1}}}}
nautilus = {{"sidr.samplers.Nautilus": {{"n_eff": 300, "n_live": 100, "seed": 1, "processes": 1}}}}
base = "sidr"
datasets = {{"planck": {{}}}}
models = {{"a": model(["lcdm"], two, mcmc), "b": model(["nchi1", "si"], three, mcmc, extra),
          "c": model(["nchi1", "full"], three, nautilus, extra)}}
groups = {{"metropolis": {{"datasets": ["planck"], "models": ["a", "b"]}},
          "nested": {{"datasets": ["planck"], "models": ["c"]}}}}
minimize_defaults = yaml_load_file(r"{parts}/minimize.yaml")
"""


@pytest.fixture
def miniature(tmp_path):
    settings = tmp_path / "miniature.py"
    settings.write_text(MINIATURE.format(parts=CHAINS / "parts"))
    return settings


def test_miniature_grid_runs_to_its_tables_and_best_fits(tmp_path, miniature):
    grid = tmp_path / "grid"
    output = sidr_grid("run", grid, "--settings", miniature)
    assert output.returncode == 0, output.stdout

    lines = (grid / "minima.txt").read_text().splitlines()
    rows = {line.split()[1]: [float(x) for x in line.split()[2:]] for line in lines[1:]}
    # chi2, its difference to LCDM, Sigma m_nu: the prior of log10 G_eff has no part in it
    assert rows["sidr_lcdm"][:3] == pytest.approx([10, 0, 0], abs=0.02)
    for name in ("sidr_nchi1_si", "sidr_nchi1_full"):
        chi2, difference, m_nu_sum, log10_G_eff, *_ = rows[name]
        assert [chi2, difference, m_nu_sum] == pytest.approx([7, -3, 0], abs=0.03)
        assert log10_G_eff == pytest.approx(-1.6, abs=0.03)
    table = (grid / "tables.tex").read_text()
    assert all(name.replace("_", r"{\textunderscore}") in table for name in
               ("sidr_lcdm_planck", "sidr_nchi1_si_planck", "sidr_nchi1_full_planck"))
    assert "sidr_nchi1_full_planck" in (grid / "report" / "report.html").read_text()
    status = {s.job.name: s for s in statuses(Grid(grid))}
    assert {s.state for s in status.values()} == {"converged"}
    assert status["sidr_lcdm_planck"].Rminus1 < 0.2 and status["sidr_lcdm_planck"].calls > 100
    assert status["sidr_nchi1_full_planck"].ESS > 300

    again = sidr_grid("run", grid, "--param", "lcdm")   # all is there: nothing is lost, and nothing run
    assert again.returncode == 0 and not started(again.stdout)[0], again.stdout
    assert (grid / "minima.txt").read_text().splitlines()[1].split()[1] == "sidr_lcdm"


def test_job_that_fails_is_told_with_the_last_line_of_its_log(tmp_path, miniature):
    miniature.write_text(miniature.read_text().replace("three, mcmc, extra)", "three, mcmc, ' + nothing')"))
    grid = tmp_path / "grid"
    output = sidr_grid("run", grid, "--settings", miniature, "--skip-group", "nested")
    assert output.returncode == 1
    assert output.stdout.splitlines()[-1] == (
        "sidr grid: not converged, or without best fit: sidr_nchi1_si_planck")
    assert "sidr_nchi1_si_planck has failed with status 1" in output.stdout
    failed, = (s for s in statuses(Grid(grid)) if s.state == "failed")
    assert failed.job.name == "sidr_nchi1_si_planck" and "nothing" in failed.said
    assert (grid / "minima.txt").read_text().splitlines()[1].split()[1] == "sidr_lcdm"


def test_run_that_has_just_begun_is_gone_on_with(tmp_path, miniature):
    # before its first test of convergence, where Cobaya's own grid tools see nothing to continue
    grid = tmp_path / "grid"
    create(grid, miniature)
    job, = Grid(grid, name=["sidr_lcdm_planck"]).jobs
    run = subprocess.Popen(job.run_command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                           env=os.environ | {"COBAYA_NOMPI": "1"})
    while not Path(f"{job.root}.input.yaml").exists():
        assert run.poll() is None
        time.sleep(0.05)
    assert of_job(job).active
    run.kill()
    run.wait()
    status = of_job(job)
    assert not (status.active or status.over) and status.state == "failed"


def test_sigterm_ends_all_runs_and_the_same_command_goes_on(tmp_path, miniature):
    slow = "three, nautilus, extra + \" + 0 * (__import__('time').sleep(0.004) or 0)\")"
    miniature.write_text(miniature.read_text().replace("three, nautilus, extra)", slow))
    grid = tmp_path / "grid"
    command = [sys.executable, "-m", "sidr.cli", "grid", "run", grid, "-s", miniature, "--group", "nested"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    progress = grid / "sidr_nchi1_full" / "planck" / "sidr_nchi1_full_planck.progress"
    while not progress.exists():
        assert process.poll() is None
        time.sleep(0.1)
    process.terminate()
    assert "SIGTERM has stopped the runs; the same command goes on" in process.communicate(timeout=60)[1]
    assert process.returncode == 1
    status, = statuses(Grid(grid, group=["nested"]))
    assert status.state == "failed" and "SIGTERM has stopped the run. The checkpoint" in status.said
    done = len(progress.read_text().splitlines())
    output = sidr_grid("run", grid, "--group", "nested")
    assert output.returncode == 0 and len(progress.read_text().splitlines()) > done, output.stdout


def test_best_fit_starts_from_samples_on_every_process(tmp_path):
    rng = np.random.default_rng(1)
    root, sigma = tmp_path / "run", np.array([0.01, 2.0])
    x = 0.3 + sigma * rng.normal(size=(400, 2))
    chi2 = (((x - 0.3) / sigma)**2).sum(axis=1)
    np.savetxt(f"{root}.1.txt", np.column_stack([np.ones(400), chi2 / 2, x]),
               header="weight minuslogpost a b")
    params = {name: {"prior": {"min": -50, "max": 50}, "ref": 40} for name in "ab"}
    info = {"likelihood": {"one": None}, "params": params, "output": str(root),
            "sampler": {"minimize": {"best_of": 2}}}
    nested = {"sidr.samplers.Nautilus": {"sampler_type": "nested"}}
    yaml_dump_file(f"{root}.updated.yaml", info | {"sampler": nested})
    for rank in range(3):
        made = best_fit.with_starts(info, rank)
        reference = {name: made["params"][name]["ref"] for name in "ab"}
        place = [reference[name]["loc"] for name in "ab"]
        assert place == pytest.approx(x[np.argsort(chi2)[rank]], rel=1e-6)
        assert reference["a"]["scale"] == pytest.approx(0.2 * 0.01, rel=0.2)
        assert made["sampler"]["minimize"]["best_of"] == 2
    assert best_fit.with_starts(info | {"output": str(tmp_path / "none")}) == info | {
        "output": str(tmp_path / "none")}


def test_best_fit_of_a_nested_run_by_mpi(tmp_path, miniature):
    grid = tmp_path / "grid"
    create(grid, miniature)
    job, = Grid(grid, name=["sidr_nchi1_full_planck"]).jobs
    subprocess.run(job.run_command, check=True, capture_output=True, env=os.environ | {"COBAYA_NOMPI": "1"})
    output = mpi_output(*job.best_fit_command[1:])
    assert output.returncode == 0, output.stdout + output.stderr
    points = [{name: float(x) for name, x in re.findall(r"'(\w+)': (?:np.float64\()?([-.\de]+)", text)}
              for text in re.findall(r"\{'H0'.*\}", output.stdout)]
    assert len(points) == 4     # all near a best fit that the prior has far from its middle
    assert all(abs(p["H0"] - 68) < 1 and p["m_nu_sum"] < 0.2 and abs(p["log10_G_eff"] + 1.6) < 0.8
               for p in points)
