"""Jobs of SLURM: a script for each run, those in the queue, and one that finishes when all have ended."""

import getpass
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from sidr.files import replacing

#: States in which a job has its nodes
RUNNING = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT")

#: Name of the job that makes tables and report
FINISH = "finish"

HEAD = """\
#!/bin/bash
#SBATCH --job-name="{name}"
#SBATCH --comment="{folder}"
#SBATCH --nodes={nodes}
#SBATCH --ntasks={processes}
#SBATCH --cpus-per-task={threads}
#SBATCH --mem={memory}
#SBATCH --time={walltime}
#SBATCH --output="{log}"
#SBATCH --open-mode=append
#SBATCH --requeue
"""

#: A run saves what it has at SIGTERM, or has done so shortly before; it then goes on in the job's next turn
TURNS = """\
next_turn() {{
    trap '' USR1
    kill -TERM "$run"; wait "$run"
    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt {again} ]; then
        echo "The wall time is near: the job goes on in another turn."
        scontrol requeue "$SLURM_JOB_ID"
    else
        echo "The wall time is near, and the job has had {turns} turns: start it again with sidr grid run."
    fi
    exit 1
}}
trap next_turn USR1
go() {{ "$@" & run=$!; wait "$run"; }}
"""


class Queued(NamedTuple):
    """A job in the queue."""
    id: str
    running: bool
    left: str       # until its wall time
    reason: str     # why it waits


def queue(folder):
    """Jobs of a grid that are in SLURM's queue, by name; none where there is no SLURM.

    They are known by the folder of the grid, which is their comment.

    Raises
    ------
    ValueError
        If SLURM does not answer.
    """
    if not shutil.which("squeue"):
        return {}
    output = call("squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%A|%j|%T|%L|%r|%k")
    found = {}
    for line in output.splitlines():
        number, name, state, left, reason, comment = line.strip().split("|", 5)
        if comment == str(folder):
            found[name] = Queued(number, state in RUNNING, left, reason)
    return found


def call(*command):
    """What a command of SLURM prints; ValueError with its complaint if it fails."""
    try:
        result = subprocess.run(command, text=True, capture_output=True, errors="replace", timeout=120)
    except FileNotFoundError:
        raise ValueError(f"There is no command {command[0]}: is this machine one of a cluster with "
                         "SLURM?") from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"{command[0]} does not answer.") from None
    if result.returncode:
        complaint = " ".join((result.stderr or result.stdout).split()) or f"status {result.returncode}"
        raise ValueError(f"{command[0]} has refused ({complaint}).")
    return result.stdout


def submit(grid, statuses, site):
    """Submit the jobs that have something to do and are not in the queue, and one that finishes.

    Parameters
    ----------
    grid : Grid
    statuses : list of sidr.grids.status.Status
        Of its jobs.
    site : Site

    Returns
    -------
    list of str
        A line for each job that was submitted.

    Raises
    ------
    ValueError
        If SLURM refuses one; those before it stay in the queue.
    """
    said, missing = [], [s for s in statuses if not (s.over or s.active)]
    for s in missing:
        number = sbatch(grid.scripts / f"{s.job.name}.sh", job_script(grid, s, site))
        said.append(f"{number}  {s.job.name}")
    entries = queue(grid.folder)
    if missing and FINISH in entries:   # of a call before: it would not wait for the new ones
        call("scancel", entries.pop(FINISH).id)
    if entries and FINISH not in entries:
        numbers = sorted(entry.id for entry in entries.values())
        text = finish_script(grid, site, numbers)
        number = sbatch(grid.scripts / f"{FINISH}.sh", text)
        said.append(f"{number}  {FINISH}, when all have ended")
    return said


def sbatch(path, text):
    """Submit a script, which is kept; the number of the job."""
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as new:
        Path(new).write_text(text)
    return call("sbatch", "--parsable", str(path)).strip().partition(";")[0]


def head(grid, name, size, site, *options):
    """The beginning of a script."""
    text = HEAD.format(name=name, folder=grid.folder, walltime=site.walltime,
                       log=grid.scripts / f"{name}.log", **vars(size))
    options = [*options, *(f"--{option}={value}" for option in ("partition", "account")
                           if (value := getattr(site, option))), *site.options]
    text += "".join(f"#SBATCH {option}\n" for option in options)
    return text + f"\n{(site.setup or '').strip()}\n\nexport OMP_NUM_THREADS={size.threads}\n"


def job_script(grid, status, site):
    """Script of a run, from where it is, and its best fit."""
    size = getattr(site, status.job.kind)
    text = head(grid, status.job.name, size, site, f"--signal=B:USR1@{site.notice}")
    text += TURNS.format(again=site.turns - 1, turns=site.turns)
    launcher = shlex.split(site.launcher.format(processes=size.processes)) if size.processes > 1 else []
    run, best_fit = (shlex.join(["go", *launcher, *command])
                     for command in (status.job.run_command, status.job.best_fit_command))
    checkpoint = shlex.quote(f"{status.job.root}.checkpoint")
    return f"{text}\ngrep -qs 'converged: true' {checkpoint} ||\n{run} &&\n{best_fit}\n"


def finish_script(grid, site, numbers):
    """Script of what comes when jobs with these numbers have ended, well or not."""
    after = [f"--dependency=afterany:{':'.join(numbers)}"] if numbers else []
    sidr = str(Path(sys.executable).with_name("sidr"))
    return head(grid, FINISH, site.finish, site, *after) + shlex.join(
        [sidr, "grid", "finish", str(grid.folder)]) + "\n"
