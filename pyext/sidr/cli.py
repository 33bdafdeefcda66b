"""The command `sidr`: pictures, tables and reports from the shell."""

import inspect
import logging
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from sidr import arguments
from sidr.arguments import Parser, number, whole


def main(argv=None):
    """Run the command.

    Returns
    -------
    int
        Exit status: 0; 1 after a sentence on what is wrong; 130 when it has been interrupted. An argument
        that cannot be right ends the program with 2.
    """
    args = parser().parse_args(argv)
    logging.getLogger("sidr").setLevel(logging.DEBUG if args.debug else logging.INFO)
    try:
        args.run(args)
    except expected(args) as error:
        print(f"sidr {args.command}: {sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if args.debug:
            raise
        print(f"sidr {args.command}: interrupted", file=sys.stderr)
        return 130
    return 0


def expected(args):
    """Errors that are about what the user has given; others are faults of the program, with a traceback."""
    from cobaya.log import LoggedError

    from sidr.classy import CosmoComputationError, CosmoSevereError

    return () if args.debug else (OSError, ValueError, RuntimeError, MemoryError, LoggedError,
                                  CosmoComputationError, CosmoSevereError)


def sentence(error):
    """What an error says, on one line."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def parser():
    top = Parser(prog="sidr", description="Self-interacting dark radiation from neutrinos: pictures, "
                 "tables, reports. Chains come from cobaya-run.")
    commands = top.add_subparsers(dest="command", required=True, parser_class=Parser)
    common = ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error comes from")
    for add in (add_plot, add_reweight, add_report, add_spectra, add_figures, add_train, add_compress):
        add(commands, common)
    return top


def add_burn_in(command):
    command.add_argument("--burn-in", type=arguments.burn_in, default=0.3, metavar="FRACTION",
                         help="of each chain, or number of its rows, left out at its start (default: 0.3)")


def add_jobs(command):
    command.add_argument("-j", "--jobs", type=arguments.jobs, metavar="N",
                         help="processes (default: all cores)")


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


def add_reweight(commands, common):
    exact = commands.add_parser("reweight", parents=[common], help="make a run with an emulator exact")
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
                       help="of the draw (default: 0)")
    exact.add_argument("--trust", action="store_true",
                       help="execute code that the input of the run has; without it such a run is refused")
    exact.set_defaults(run=run_reweight)


def add_report(commands, common):
    report = commands.add_parser("report", parents=[common],
                                 help="one page on any set of runs, beside the paper's numbers")
    report.add_argument("roots", nargs="+", metavar="ROOT", type=arguments.root,
                        help="`output` of a run, finished or not, or a folder with runs")
    report.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, default=Path("report"),
                        help="folder for report.html and its pictures (default: report)")
    add_burn_in(report)
    report.add_argument("-w", "--watch", nargs="?", type=whole(1, 86400), const=60, metavar="SECONDS",
                        help="write the page again when a run has gone on, looking every so many seconds "
                        "(default: 60), until all have converged")
    report.set_defaults(run=run_report)


def add_spectra(commands, common):
    spectra = commands.add_parser("spectra", parents=[common], help="C_l against LCDM for a few couplings")
    spectra.add_argument("-g", "--log10-G-eff", nargs="+", type=number(), metavar="G",
                         default=[-4, -3, -2, -1.5, -1], help="log10(G_eff MeV^2), one curve each")
    spectra.add_argument("-n", "--n-chi", type=number(0), default=1, metavar="N", help="flavours of chi")
    spectra.add_argument("-m", "--m-nu-sum", type=number(0), default=0.06, metavar="EV",
                         help="sum of the neutrino masses [eV]")
    spectra.add_argument("-a", "--alpha", default="das_ghosh", help="angular coefficients")
    spectra.add_argument("-o", "--output", metavar="FILE", type=arguments.picture,
                         default=Path("spectra.png"))
    spectra.set_defaults(run=run_spectra)


def add_figures(commands, common):
    figures = commands.add_parser("figures", parents=[common],
                                  help="figures and tables of the papers, computed anew")
    figures.add_argument("names", nargs="+", metavar="FIGURE", help="fig1, fig2, figS1 ... figS7 of "
                         "arXiv:2506.08085; neff: Delta N_eff of a pseudo-Dirac pair; vmodel: Table 1 of "
                         "the V-model")
    figures.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, default=Path("."),
                         help="folder; fig2, figS5 and neff go on from there after a kill")
    figures.add_argument("-s", "--size", type=whole(2, 1000), metavar="N",
                         help="points in each direction of fig2 and figS5 (default: 60)")
    add_jobs(figures)
    figures.add_argument("-l", "--limits", metavar="FILE", type=arguments.old_file,
                         help="limits and modes of a posterior, which fig2 and figS5 draw, such as "
                         "chains/results/fig2_limits.yaml (default: they draw none)")
    figures.set_defaults(run=run_figures)


def add_train(commands, common):
    train = commands.add_parser("train", parents=[common],
                                help="train an emulator for sidr.theory.SIDREmulator")
    train.add_argument("model", choices=("lcdm", "nchi1", "nchi2"), help="flavours of chi: 0, 1 or 2")
    train.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, required=True,
                       help="takes the spectra and the emulator; the same command goes on after a kill")
    train.add_argument("-n", "--number", type=whole(2, 2**16), default=256, metavar="N",
                       help="cosmologies around the best fits (default: 256)")
    train.add_argument("-r", "--refine", nargs="+", type=arguments.root, default=(), metavar="ROOT",
                       help="runs with this emulator; cosmologies of their posteriors are added")
    train.add_argument("-a", "--add", type=whole(0, 2**16), default=64, metavar="N",
                       help="how many, of each of them (default: 64)")
    train.add_argument("-t", "--test", type=whole(0, 2**16), default=32, metavar="N",
                       help="how many more, of each, to tell the accuracy (default: 32)")
    add_jobs(train)
    train.set_defaults(run=run_train)


def add_compress(commands, common):
    compress = commands.add_parser("compress", parents=[common],
                                   help="make the likelihood sidr.likelihoods.PlanckCompressed "
                                   "of spectra, and of Cobaya's own")
    compress.add_argument("spectra", nargs="+", metavar="SPECTRA",
                          help=".npz or HDF5 files, or folders of .npz, with an array `cl` of shape "
                          "(n, 4, 2509): lensed C_l of TT, TE, EE [muK^2] and of phi phi")
    compress.add_argument("-o", "--output", metavar="FILE", type=arguments.new_file, required=True,
                          help="for the option `file` of the likelihood (.npz)")
    compress.add_argument("-p", "--packages-path", metavar="DIR",
                          default=os.environ.get("COBAYA_PACKAGES_PATH"),
                          help="Cobaya's data (default: COBAYA_PACKAGES_PATH)")
    compress.add_argument("-d", "--directions", type=whole(1, 613), default=40, metavar="N",
                          help="principal directions of the high-l spectra (default: 40)")
    compress.set_defaults(run=run_compress)


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


def run_reweight(args):
    from sidr import yaml
    from sidr.reweight import reweight
    from sidr.reweight.summary import text

    override = yaml.load_input(args.theory) if args.theory else None
    result = reweight(args.root, args.points, override, args.burn_in, args.jobs, args.seed,
                      args.packages_path, args.trust)
    print(f"{text(result)}\n\n{args.root}.post.exact.summary.txt; compare with "
          f"`sidr plot {args.root} {args.root}.post.exact`")


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


def run_spectra(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr import figures

    fig = figures.spectra(args.log10_G_eff, args.n_chi, args.m_nu_sum, args.alpha)
    fig.savefig(args.output, dpi=150)
    print(args.output)


def run_figures(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr import vmodel
    from sidr.neff import figures as neff
    from sidr.thermal import figures as thermal

    known = thermal.FIGURES | neff.FIGURES | vmodel.FIGURES
    if unknown := set(args.names) - known.keys():
        names = ", ".join(name or repr(name) for name in sorted(unknown))
        raise ValueError(f"{names}: no such figure; there are {', '.join(known)}")
    accepted = {name: inspect.signature(known[name]).parameters for name in args.names}
    for option in ("size", "jobs", "limits"):
        if getattr(args, option) is not None and not any(option in names for names in accepted.values()):
            raise ValueError(f"--{option} has no effect on {', '.join(args.names)}")
    args.output.mkdir(parents=True, exist_ok=True)
    options = {"folder": args.output, "size": args.size, "jobs": args.jobs, "limits": args.limits}
    for name in args.names:
        result = known[name](**{option: value for option, value in options.items()
                                if option in accepted[name] and value is not None})
        if isinstance(result, str):
            print(result)
        else:
            result.savefig(args.output / f"{name}.png", dpi=150)
            print(args.output / f"{name}.png")


def run_train(args):
    from sidr import runs
    from sidr.emulator.refinement import train

    for root in args.refine:    # before the spectra, which take hours
        runs.load_samples(root)
    emulator, path, failed = train(args.model, args.output, args.number, args.jobs, args.refine, args.add,
                                   args.test)
    for name, message in failed.items():
        print(f"{name}: {message}")
    print(f"{emulator.about['size']} cosmologies")
    for mode, error in emulator.about.get("accuracy", {}).items():
        print(f"{mode}: chi2 emulated minus exact {error['mean']:+.3f} +- {error['rms']:.3f}, of "
              f"{error['points']} cosmologies that it was not trained with")
    print(f"{path}: give it to sidr.theory.SIDREmulator as `emulator`")


def run_compress(args):
    from sidr.likelihoods.compress import compress

    if not args.packages_path:
        raise ValueError("where Cobaya's data are is not known: give --packages-path, or set "
                         "COBAYA_PACKAGES_PATH")
    compression = compress(args.spectra, args.packages_path, args.directions)
    compression.save(args.output)
    made = compression.metadata
    print(f"{made['training']} spectra; -2 ln L of {made['test']} others, compressed minus Cobaya's:")
    print(f"{'':10}{'mean':>10}{'std':>10}{'largest':>10}")
    for name, values in made["agreement"].items():
        print(f"{name:10}{values['mean']:10.4f}{values['std']:10.4f}{values['largest']:10.4f}")
    print(f"\n{args.output}, {args.output.stat().st_size / 1e3:.0f} kB")
