"""The matrix of runs: chains/grid.py for Cobaya's grid tools, and chains/grid.sh that runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cobaya.grid_tools.batchjob import grid_cache_file, readobject
from cobaya.grid_tools.gridconfig import makeGrid
from cobaya.input import update_info
from cobaya.parameterization import is_sampled_param
from cobaya.run import run
from cobaya.yaml import yaml_load_file
from test_run_files import CHAINS, PRIORS

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


def grid_sh(grid, *options, commands=None):
    """Output of chains/grid.sh with the commands of this environment, and those in a folder before them.

    In the folder of the grid's: Cobaya leaves a file with the name of each SLURM job where it is called.
    """
    path = [str(folder) for folder in (commands, Path(sys.executable).parent) if folder]
    return subprocess.run([str(CHAINS / "grid.sh"), *map(str, (grid, *options))], text=True, timeout=1800,
                          cwd=Path(grid).parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=os.environ | {"PATH": os.pathsep.join([*path, os.environ["PATH"]]),
                                             "COBAYA_NOMPI": "1"})


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


def test_dry_run_lists_each_job_with_its_command(tmp_path):
    output = grid_sh(tmp_path / "grid", "--dryrun")
    assert output.returncode == 0, output.stdout
    commands = [line.split() for line in output.stdout.splitlines() if "cobaya-run" in line]
    files = [Path(line[-1]).stem for line in commands]
    assert sorted(files) == sorted([*JOBS, *(f"{name}_minimize" for name in JOBS)])
    for command, name in zip(commands, files, strict=True):
        assert command[-2] == ("-f" if name.endswith("_minimize") else "-r")
    assert not list((tmp_path / "grid").rglob("*.progress"))


def test_options_choose_jobs(tmp_path):
    output = grid_sh(tmp_path / "grid", "--dryrun", "--data", "dr2", "--param", "si")
    files = [Path(line.split()[-1]).stem for line in output.stdout.splitlines() if "cobaya-run" in line]
    assert files == [f"sidr_{theory}_si_planck_desi_dr2{best}"
                     for best in ("", "_minimize") for theory in ("nchi1", "nchi2")]


@pytest.mark.parametrize("cores, runs, mpi, threads", [(2, 1, 2, 1), (16, 4, 4, 1), (64, 15, 4, 1),
                                                       (128, 15, 4, 2)])
def test_cores_are_divided_among_runs_chains_and_threads(tmp_path, cores, runs, mpi, threads):
    commands = write_commands(tmp_path / "bin", nproc=f"echo {cores}", mpirun="", python="")
    output = grid_sh(tmp_path / "grid", "--dryrun", "--name", "sidr_lcdm_planck", commands=commands).stdout
    assert f"{runs} Metropolis runs at once, {mpi} chains each, OMP_NUM_THREADS={threads};" in output
    assert f"mpirun -n {mpi} cobaya-run -r {tmp_path}/grid/input_files/sidr_lcdm_planck.yaml" in output


def test_without_an_mpi_that_works_each_run_has_one_chain(tmp_path):
    commands = write_commands(tmp_path / "bin", nproc="echo 4", mpirun="exit 1", python="")
    output = grid_sh(tmp_path / "grid", "--dryrun", "--name", "sidr_lcdm_planck", commands=commands).stdout
    assert "Without MPI: one chain a run" in output and "mpirun -n" not in output
    assert "4 Metropolis runs at once, 1 chains each, OMP_NUM_THREADS=1;" in output


def test_slurm_job_runs_its_chains_and_then_its_best_fit(tmp_path):
    # A queue that runs what it gets
    commands = write_commands(tmp_path / "bin", sbatch='bash "${@: -1}"; echo 7',
                              mpirun=f'echo "$OMP_NUM_THREADS: $*" >> "{tmp_path}/ran"')
    output = grid_sh(tmp_path / "grid", "--slurm", "--data", "dr1", "--param", "lcdm", commands=commands)
    assert output.returncode == 0, output.stdout
    inputs = tmp_path / "grid" / "input_files"
    assert (tmp_path / "ran").read_text().splitlines() == [
        f"4: -n 4 cobaya-run -r {inputs}/sidr_lcdm_planck_desi_dr1.yaml",
        f"4: -n 4 cobaya-run -f {inputs}/sidr_lcdm_planck_desi_dr1_minimize.yaml",
        f"1: -n 64 cobaya-run -r {inputs}/sidr_lcdm_full_planck_desi_dr1.yaml",
        f"1: -n 64 cobaya-run -f {inputs}/sidr_lcdm_full_planck_desi_dr1_minimize.yaml"]
    script = (tmp_path / "grid" / "scripts" / "sidr_lcdm_planck_desi_dr1.sh").read_text()
    for line in ("--job-name=sidr_lcdm_planck_desi_dr1", "--nodes=1", "--ntasks-per-node=4",
                 "--cpus-per-task=4", "--mem=16000", "--time=48:00:00"):
        assert f"#SBATCH {line}\n" in script
    assert "##" not in script


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


def test_miniature_grid_runs_to_its_tables_and_best_fits(tmp_path):
    settings = tmp_path / "miniature.py"
    settings.write_text(MINIATURE.format(parts=CHAINS / "parts"))
    grid = tmp_path / "grid"
    output = grid_sh(grid, "--settings", settings)
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

    again = grid_sh(grid, "--settings", settings, "--param", "lcdm")   # all is there: nothing is lost
    assert again.returncode == 0, again.stdout
    assert (grid / "minima.txt").read_text().splitlines() == lines
