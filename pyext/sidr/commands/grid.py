"""The command on a matrix of runs: create it, run it here or with SLURM, see how it gets on, finish it."""

import os
from pathlib import Path

import sidr

from . import arguments

#: Settings files of the source
SETTINGS, EMULATED = "chains/grid.py", "chains/grid_emulated.py"


def add(commands, common):
    """Add this command to the parser of `sidr`."""
    grid = commands.add_parser("grid", help="all runs of a matrix, here or with SLURM")
    steps = grid.add_subparsers(dest="step", required=True, parser_class=arguments.Parser)
    for add_one in (add_create, add_run, add_status, add_finish):
        add_one(steps, common)


def add_step(steps, common, name, function, **texts):
    """A step, with the folder that it is about."""
    step = steps.add_parser(name, parents=[common], **texts)
    step.add_argument("grid", metavar="GRID", type=arguments.folder, help="folder of the runs")
    step.set_defaults(run=function)
    return step


def add_settings(step):
    """Add the options that say what the runs are."""
    which = step.add_mutually_exclusive_group()
    which.add_argument("-s", "--settings", metavar="FILE", type=arguments.old_file,
                       help=f"settings file of cobaya-grid-create (default: {SETTINGS})")
    which.add_argument("-e", "--emulated", action="store_true",
                       help=f"{EMULATED}: emulated spectra, compressed Planck")


def add_filters(step):
    """Add the options that choose jobs, as Cobaya's grid tools have them."""
    for name, text in (("name", "jobs of these names (* and ? fit anything)"),
                       ("param", "with one of these in the model: si, nchi1"),
                       ("data", "with one of these data: dr2"),
                       ("group", "of these groups of the settings file"),
                       ("skip-param", "without these in the model"), ("skip-data", "without these data"),
                       ("skip-group", "not of these groups")):
        step.add_argument(f"--{name}", nargs="+", metavar="X", help=text)


def add_create(steps, common):
    add_settings(add_step(steps, common, "create", run_create, help="write the input file of every run"))


def add_run(steps, common):
    step = add_step(steps, common, "run", run_run, help="run what has not converged; the same command goes "
                    "on after a stop")
    add_settings(step)
    step.add_argument("--slurm", action="store_true", help="as jobs of SLURM, none of them twice, and one "
                      "that finishes when all have ended")
    step.add_argument("--site", metavar="FILE", type=arguments.old_file,
                      help="what the cluster wants, as chains/site.yaml")
    step.add_argument("--dryrun", action="store_true",
                      help="print every script, or command, and start nothing")
    add_filters(step)


def add_status(steps, common):
    add_filters(add_step(steps, common, "status", run_status,
                         help="a table of the jobs: state, calls, R-1 or effective samples, time left"))


def add_finish(steps, common):
    add_filters(add_step(steps, common, "finish", run_finish,
                         help="limits, tables, best fits and report of what is there"))


def settings(args):
    """The settings file that is asked for, or None."""
    if args.settings:
        return args.settings
    if not args.emulated and args.step == "run" and os.path.isdir(args.grid / "config"):
        return None
    name = EMULATED if args.emulated else SETTINGS
    beside = Path(sidr.__file__).parents[2] / name      # of a checkout
    return next((path for path in (Path(name), beside) if path.is_file()), Path(name))


def made(args):
    """The grid, with the jobs that are asked for."""
    from sidr.grids.grid import FILTERS, Grid

    return Grid(args.grid, **{name: getattr(args, name) for name in FILTERS if getattr(args, name, None)})


def run_create(args):
    from sidr import grids

    grids.create(args.grid, settings(args))
    print("\n".join(str(job.run) for job in made(args).jobs))


def run_run(args):
    from sidr import grids

    if args.site and not args.slurm:
        raise ValueError("--site is for --slurm")
    site = grids.read_site(args.site) if args.site else grids.Site()
    if file := settings(args):
        grids.create(args.grid, file)
    grid = made(args)
    if args.dryrun:
        print("\n".join(dry(grid, site if args.slurm else None)))
        return
    with grid.locked():
        if args.slurm:
            lines = grids.submit(grid, grids.status(grid, slurm=True), site)
            print("\n".join(lines) or "Nothing to submit: all jobs are in the queue, or have converged.")
            return
        grids.run_here(grids.status(grid), lambda line: print(line, flush=True))
    run_finish(args)


def dry(grid, site):
    """What a run would start, as text."""
    from sidr.grids import local, slurm, status

    statuses = status(grid)
    if site:
        todo = [s for s in statuses if not (s.over or s.active)]
        yield from (f"{grid.scripts / s.job.name}.sh\n{slurm.job_script(grid, s, site)}" for s in todo)
        if todo:
            yield f"{grid.scripts / slurm.FINISH}.sh\n{slurm.finish_script(grid, site, [])}"
        return
    plan = local.plan()
    yield str(plan)
    for chains, _ in local.phases(statuses, plan):
        yield from (str(task) for tasks in chains for task in tasks)


def run_status(args):
    from sidr import grids

    print(grids.table(grids.status(made(args))))


def run_finish(args):
    import matplotlib

    from sidr import grids
    matplotlib.use("Agg")
    lines, missing = grids.finish(made(args))
    print("\n".join(lines))
    print((args.grid / "minima.txt").read_text(), end="")
    if missing:
        print(grids.table(missing))
        raise ValueError(f"not converged, or without best fit: {', '.join(s.job.name for s in missing)}")
