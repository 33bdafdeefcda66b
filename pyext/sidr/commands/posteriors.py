"""The commands on runs: plot, report, reweight, and what is made of their samples."""

import os
import sys
from pathlib import Path

from . import arguments
from .arguments import add_burn_in, add_jobs, whole


def add(commands, common):
    """Add these commands to the parser of `sidr`."""
    for add_one in (add_plot, add_report, add_reweight, add_best_fits, add_limits, add_minima, add_covmat,
                    add_thin, add_tension):
        add_one(commands, common)


def add_plot(commands, common):
    plot = commands.add_parser("plot", parents=[common],
                               help="triangle plot and limits of one or more chains")
    plot.add_argument("roots", nargs="+", type=arguments.root, metavar="ROOT",
                      help="`output` of a run, as chains/quickstart")
    plot.add_argument("-o", "--output", metavar="FILE", type=arguments.picture,
                      help="picture (.pdf, .png, ...); the limits go beside it as .limits.txt "
                      "(default: ROOT.png of the first chain)")
    plot.add_argument("-p", "--params", nargs="+", metavar="PARAM",
                      help="parameters to show (default: masses, coupling, and what was sampled)")
    add_burn_in(plot)
    plot.set_defaults(run=run_plot)


def run_plot(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr import plots, runs

    roots, params = (list(dict.fromkeys(names)) for names in (args.roots, args.params or ()))
    chains = [runs.load_samples(root, args.burn_in) for root in roots]
    for root, chain in zip(roots, chains, strict=True):
        names = chain.getParamNames().list()
        if unknown := [name for name in params if name not in names]:
            raise ValueError(f"{', '.join(unknown)}: no such parameter in {root}; it has "
                             f"{', '.join(names)}")
    picture = args.output or Path(f"{roots[0]}.png")
    with plots.quiet():
        text = "\n\n".join(f"{root}\n{plots.table(chain, params)}"
                           for root, chain in zip(roots, chains, strict=True))
        print(text)
        plots.triangle(chains, params).savefig(picture, bbox_inches="tight", dpi=150)
    limits = picture.with_suffix(".limits.txt")     # ROOT.txt would be a chain, for getdist
    limits.write_text(text + "\n")
    print(f"\n{picture}, {limits}")


def add_report(commands, common):
    report = commands.add_parser("report", parents=[common],
                                 help="one page on any set of runs, beside the paper's numbers")
    report.add_argument("roots", nargs="+", metavar="ROOT", type=arguments.root,
                        help="`output` of a run, finished or not, or a folder with runs")
    report.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, default=Path("report"),
                        help="folder for report.html and its pictures (default: report)")
    add_burn_in(report)
    report.add_argument("-w", "--watch", nargs="?", type=whole(1, 86400), const=60, metavar="SECONDS",
                        help="update the page when a run has written, looking every so many seconds "
                        "(default: 60), until all have converged")
    report.set_defaults(run=run_report)


def run_report(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr import report

    if args.watch is None:
        runs = report.write(args.roots, args.output, args.burn_in)
        for complaint in (complaint for run in runs for complaint in run.complaints):
            print(f"sidr report: {complaint}", file=sys.stderr)
    else:
        report.watch(args.roots, args.output, args.burn_in, args.watch)
    print(args.output / report.PAGE)


def add_reweight(commands, common):
    exact = commands.add_parser("reweight", parents=[common],
                                help="reweight an emulated run with exact CLASS")
    exact.add_argument("root", type=arguments.root, metavar="ROOT",
                       help="`output` of the run; results go to ROOT.post.exact")
    exact.add_argument("-n", "--points", type=whole(4, 10**6), default=300, metavar="N",
                       help="samples to compute again (default: 300)")
    exact.add_argument("-t", "--theory", metavar="FILE", type=arguments.old_file,
                       help="YAML file with blocks `theory`, `likelihood`, `params` of the exact model "
                       "(default: sidr.theory.SIDR with the run's options, full Planck likelihoods)")
    add_jobs(exact)
    exact.add_argument("-p", "--packages-path", type=arguments.old_folder, metavar="DIR",
                       help="where Cobaya's data are")
    add_burn_in(exact)
    exact.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N",
                       help="seed of the draw (default: 0)")
    exact.add_argument("--trust", action="store_true",
                       help="execute code that the input of the run has; without it such a run is refused")
    exact.set_defaults(run=run_reweight)


def run_reweight(args):
    from sidr import yaml
    from sidr.reweight import reweight
    from sidr.reweight.summary import text

    override = yaml.load_input(args.theory) if args.theory else None
    result = reweight(args.root, args.points, override, args.burn_in, args.jobs, args.seed,
                      args.packages_path, args.trust, args.task)
    if args.task:
        arguments.say_part(args)
        return
    print(f"{text(result)}\n\n{args.root}.post.exact.summary.txt; compare with "
          f"`sidr plot {args.root} {args.root}.post.exact`")


def add_best_fits(commands, common):
    fits = commands.add_parser("best-fits", parents=[common],
                               help="best fits of an emulated run's modes, with their exact chi2")
    fits.add_argument("roots", nargs="+", type=arguments.root, metavar="ROOT",
                      help="`output` of a run with the emulator")
    fits.add_argument("-p", "--packages-path", type=arguments.old_folder, metavar="DIR",
                      default=os.environ.get("COBAYA_PACKAGES_PATH"),
                      help="Cobaya's data (default: COBAYA_PACKAGES_PATH)")
    add_burn_in(fits)
    fits.add_argument("--trust", action="store_true",
                      help="execute code that the input of the run has; without it such a run is refused")
    fits.set_defaults(run=run_best_fits)


def run_best_fits(args):
    from sidr.reweight.best_fits import best_fits

    for root in args.roots:
        for fit in best_fits(root, args.burn_in, args.packages_path, args.trust):
            values = ", ".join(f"{name} = {value:.5g}" for name, value in fit.point.items())
            print(f"{root} {fit.mode}: chi2 = {fit.emulated:.2f} emulated, {fit.exact:.2f} exact, "
                  f"at {values}", flush=True)


def add_limits(commands, common):
    limits = commands.add_parser("limits", parents=[common],
                                 help="limit on Sigma m_nu by G_eff, and the two modes, for "
                                 "`sidr figures --limits`")
    limits.add_argument("roots", nargs="+", type=arguments.root, metavar="ROOT",
                        help="runs of both modes, one for each n_chi")
    limits.add_argument("-o", "--output", metavar="FILE", type=arguments.new_file, required=True,
                        help="YAML file")
    add_burn_in(limits)
    limits.set_defaults(run=run_limits)


def run_limits(args):
    from sidr.runs.limits import write_limits

    write_limits(args.roots, args.output, args.burn_in)
    print(args.output)


def add_minima(commands, common):
    minima = commands.add_parser("minima", parents=[common],
                                 help="chi2 of the best fits of a grid, and its difference to LCDM")
    minima.add_argument("grid", metavar="GRID", help="folder that cobaya-grid-create has made")
    minima.set_defaults(run=run_minima)


def run_minima(args):
    from sidr.runs.grid import minima, minima_table

    print(minima_table(minima(args.grid)))


def add_covmat(commands, common):
    covmat = commands.add_parser("covmat", parents=[common],
                                 help="covariance of the sampled parameters, for Metropolis to start from")
    covmat.add_argument("roots", nargs="+", type=arguments.root, metavar="ROOT",
                        help="`output` of a run; several of the same posterior are taken together")
    covmat.add_argument("-o", "--output", metavar="FILE", type=arguments.new_file, required=True,
                        help="YAML file with the options `covmat` and `covmat_params` of Cobaya's mcmc")
    covmat.add_argument("-m", "--mode", choices=("MI", "SI"),
                        help="mode of log10_G_eff, in its prior of Table S2; needed where a run has both")
    add_burn_in(covmat)
    covmat.set_defaults(run=run_covmat)


def run_covmat(args):
    from sidr.runs.covariance import covariance, write_covariance

    names, matrix = covariance(args.roots, args.mode, args.burn_in)
    write_covariance(args.output, names, matrix)
    for name, variance in zip(names, matrix.diagonal(), strict=True):
        print(f"{name:14} {variance**0.5:.4g}")
    print(args.output)


def add_thin(commands, common):
    thin = commands.add_parser("thin", parents=[common],
                               help="copies of runs with fewer samples, each of the same weight")
    thin.add_argument("roots", nargs="+", type=arguments.root, metavar="ROOT", help="`output` of a run")
    thin.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, required=True,
                      help="folder of the copies")
    thin.add_argument("-n", "--number", type=whole(1, 10**7), default=1000, metavar="N",
                      help="samples to draw (default: 1000)")
    add_burn_in(thin)
    thin.set_defaults(run=run_thin)


def run_thin(args):
    from sidr.runs.thinning import thin

    for root in args.roots:
        rows = thin(root, args.output, args.number, args.burn_in)
        print(f"{args.output / Path(root).name}: {rows} rows")


def add_tension(commands, common):
    tension = commands.add_parser("tension", parents=[common],
                                  help="how far Sigma m_nu is below what oscillations need")
    tension.add_argument("roots", nargs="*", type=arguments.root, metavar="ROOT",
                         help="`output` of a run with m_nu_sum below 0 too, as chains/negative_mass")
    tension.add_argument("-P", "--profile", nargs="+", type=arguments.old_file, default=(), metavar="FILE",
                         help="text with m_nu_sum [eV] and the best chi2 in two columns")
    tension.add_argument("-o", "--output", metavar="FILE", type=arguments.picture,
                         help="picture (.pdf, .png, ...; default: ROOT.tension.png of the first chain)")
    add_burn_in(tension)
    tension.set_defaults(run=run_tension)


def run_tension(args):
    import matplotlib
    matplotlib.use("Agg")
    import numpy as np

    from sidr import plots, runs, tension

    if not args.roots and not args.profile:
        raise ValueError("give at least one ROOT of a run, or a --profile")
    with plots.quiet():
        chains = {str(root): runs.load_samples(root, args.burn_in) for root in dict.fromkeys(args.roots)}
        measures = {root: tension.measure(chain) for root, chain in chains.items()}
        profiles = {str(path): tension.Profile(*np.loadtxt(path, ndmin=2, usecols=(0, 1)).T)
                    for path in args.profile}
        print(tension.table(measures, profiles))
        if chains:
            picture = args.output or Path(f"{args.roots[0]}.tension.png")
            tension.figure(chains).savefig(picture, dpi=150)
            print(f"\n{picture}")
