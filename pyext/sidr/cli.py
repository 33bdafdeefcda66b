"""The command `sidr`: pictures, tables and reports from the shell."""

import argparse
import inspect
import os
import sys
from pathlib import Path


def main(argv=None):
    """Run the command; the exit status is 0, or 1 after a plain message."""
    args = parser().parse_args(argv)
    try:
        args.run(args)
    except (OSError, ValueError) as error:
        print(f"sidr {args.command}: {error}", file=sys.stderr)
        return 1
    return 0


def parser():
    top = argparse.ArgumentParser(prog="sidr", description="Self-interacting dark radiation from "
                                  "neutrinos: pictures, tables, reports. Chains come from cobaya-run.")
    commands = top.add_subparsers(dest="command", required=True)

    plot = commands.add_parser("plot", help="triangle plot and limits of one or more chains")
    plot.add_argument("roots", nargs="+", metavar="ROOT", help="`output` of a run, as chains/quickstart")
    plot.add_argument("-o", "--output", metavar="FILE", type=Path,
                      help="picture (.pdf, .png, ...); the limits go beside it as .limits.txt "
                      "(default: ROOT.png of the first chain)")
    plot.add_argument("-p", "--params", nargs="+", metavar="PARAM",
                      help="parameters to show (default: masses, coupling, and what was sampled)")
    plot.add_argument("--burn-in", type=float, default=0.3, metavar="FRACTION",
                      help="of each chain, left out at its start (default: 0.3)")
    plot.set_defaults(run=run_plot)

    exact = commands.add_parser("reweight", help="make a run with an emulator exact")
    exact.add_argument("root", metavar="ROOT", help="`output` of the run; results go to ROOT.post.exact")
    exact.add_argument("-n", "--points", type=int, default=300, metavar="N",
                       help="samples to compute again (default: 300)")
    exact.add_argument("-t", "--theory", metavar="FILE", type=Path,
                       help="YAML file with blocks `theory`, `likelihood`, `params` of the exact model "
                       "(default: sidr.theory.SIDR with the run's options, full Planck likelihoods)")
    exact.add_argument("-j", "--jobs", type=int, metavar="N", help="processes (default: all cores)")
    exact.add_argument("-p", "--packages-path", metavar="DIR", help="where Cobaya's data are")
    exact.add_argument("--burn-in", type=float, default=0.3, metavar="FRACTION",
                       help="of each chain, left out at its start (default: 0.3)")
    exact.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: 0)")
    exact.set_defaults(run=run_reweight)

    report = commands.add_parser("report", help="one page on any set of runs, beside the paper's numbers")
    report.add_argument("roots", nargs="+", metavar="ROOT",
                        help="`output` of a run, finished or not, or a folder with runs")
    report.add_argument("-o", "--output", metavar="DIR", type=Path, default=Path("report"),
                        help="folder for report.html and its pictures (default: report)")
    report.add_argument("--burn-in", type=float, default=0.3, metavar="FRACTION",
                        help="of each chain, left out at its start (default: 0.3)")
    report.add_argument("-w", "--watch", nargs="?", type=int, const=60, metavar="SECONDS",
                        help="write the page again when a run has gone on, looking every so many seconds "
                        "(default: 60), until all have converged")
    report.set_defaults(run=run_report)

    spectra = commands.add_parser("spectra", help="C_l against LCDM for a few couplings")
    spectra.add_argument("-g", "--log10-G-eff", nargs="+", type=float, metavar="G",
                         default=[-4, -3, -2, -1.5, -1], help="log10(G_eff MeV^2), one curve each")
    spectra.add_argument("-n", "--n-chi", type=float, default=1, metavar="N", help="flavours of chi")
    spectra.add_argument("-m", "--m-nu-sum", type=float, default=0.06, metavar="EV",
                         help="sum of the neutrino masses [eV]")
    spectra.add_argument("-a", "--alpha", default="das_ghosh", help="angular coefficients")
    spectra.add_argument("-o", "--output", metavar="FILE", type=Path, default=Path("spectra.png"))
    spectra.set_defaults(run=run_spectra)

    figures = commands.add_parser("figures", help="figures and tables of the papers, computed anew")
    figures.add_argument("names", nargs="+", metavar="FIGURE", help="fig1, fig2, figS1 ... figS7 of "
                         "arXiv:2506.08085; neff: Delta N_eff of a pseudo-Dirac pair; vmodel: Table 1 of "
                         "the V-model")
    figures.add_argument("-o", "--output", metavar="DIR", type=Path, default=Path("."),
                         help="folder; fig2, figS5 and neff go on from there after a kill")
    figures.add_argument("-s", "--size", type=int, default=60, metavar="N",
                         help="points in each direction of fig2 and figS5 (default: 60)")
    figures.add_argument("-j", "--jobs", type=int, metavar="N", help="processes (default: all cores)")
    figures.add_argument("-l", "--limits", metavar="FILE", type=Path,
                         help="limits and modes of the posterior, for fig2 and figS5 "
                         "(default: chains/results/fig2_limits.yaml)")
    figures.set_defaults(run=run_figures)

    train = commands.add_parser("train", help="train an emulator for sidr.theory.SIDREmulator")
    train.add_argument("model", choices=("lcdm", "nchi1", "nchi2"), help="flavours of chi: 0, 1 or 2")
    train.add_argument("-o", "--output", metavar="DIR", type=Path, required=True,
                       help="takes the spectra and the emulator; the same command goes on after a kill")
    train.add_argument("-n", "--number", type=int, default=256, metavar="N",
                       help="cosmologies around the best fits (default: 256)")
    train.add_argument("-r", "--refine", nargs="+", default=(), metavar="ROOT",
                       help="runs with this emulator; cosmologies of their posteriors are added")
    train.add_argument("-a", "--add", type=int, default=64, metavar="N",
                       help="how many, of each of them (default: 64)")
    train.add_argument("-t", "--test", type=int, default=32, metavar="N",
                       help="how many more, of each, to tell the accuracy (default: 32)")
    train.add_argument("-j", "--jobs", type=int, metavar="N", help="processes (default: all cores)")
    train.set_defaults(run=run_train)

    compress = commands.add_parser("compress", help="make the likelihood sidr.likelihoods.PlanckCompressed "
                                   "of spectra, and of Cobaya's own")
    compress.add_argument("spectra", nargs="+", metavar="SPECTRA",
                          help=".npz or HDF5 files, or folders of .npz, with an array `cl` of shape "
                          "(n, 4, 2509): lensed C_l of TT, TE, EE [muK^2] and of phi phi")
    compress.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                          help="for the option `file` of the likelihood (.npz)")
    compress.add_argument("-p", "--packages-path", metavar="DIR",
                          default=os.environ.get("COBAYA_PACKAGES_PATH"),
                          help="Cobaya's data (default: COBAYA_PACKAGES_PATH)")
    compress.add_argument("-d", "--directions", type=int, default=40, metavar="N",
                          help="principal directions of the high-l spectra (default: 40)")
    compress.set_defaults(run=run_compress)
    return top


def run_plot(args):
    from sidr import plots

    chains = [plots.load(root, args.burn_in) for root in args.roots]
    unknown = set(args.params or ()) - set(chains[0].getParamNames().list())
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: no such parameter in {args.roots[0]}; it has "
                         f"{', '.join(chains[0].getParamNames().list())}")
    text = "\n\n".join(f"{root}\n{plots.table(chain, args.params)}"
                       for root, chain in zip(args.roots, chains, strict=True))
    print(text)
    picture = args.output or Path(f"{args.roots[0]}.png")
    plots.triangle(chains, args.params).savefig(picture, bbox_inches="tight", dpi=150)
    limits = picture.with_suffix(".limits.txt")     # ROOT.txt would be a chain, for getdist
    limits.write_text(text + "\n")
    print(f"\n{picture}, {limits}")


def run_reweight(args):
    from cobaya.yaml import InputSyntaxError, yaml_load_file

    from sidr.reweight import reweight
    from sidr.reweight.summary import text

    try:
        override = yaml_load_file(str(args.theory)) if args.theory else None
    except InputSyntaxError as error:
        raise ValueError(str(error)) from error
    result = reweight(args.root, args.points, override, args.burn_in, args.jobs, args.seed,
                      args.packages_path)
    print(f"{text(result)}\n\n{args.root}.post.exact.summary.txt; compare with "
          f"`sidr plot {args.root} {args.root}.post.exact`")


def run_report(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr import report

    if args.burn_in < 0:
        raise ValueError(f"--burn-in {args.burn_in:g}: a fraction below 1, or a number of rows.")
    if args.watch is None:
        runs = report.write(args.roots, args.output, args.burn_in)
        for complaint in (complaint for run in runs for complaint in run.complaints):
            print(f"sidr report: {complaint}", file=sys.stderr)
    elif args.watch < 1:
        raise ValueError(f"--watch {args.watch}: a number of seconds, 1 or more.")
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
        raise ValueError(f"{', '.join(sorted(unknown))}: no such figure; there are {', '.join(known)}")
    if args.size < 2:
        raise ValueError(f"--size {args.size}: a plane has 2 points or more in each direction")
    args.output.mkdir(parents=True, exist_ok=True)
    options = {"folder": args.output, "size": args.size, "jobs": args.jobs, "limits": args.limits}
    for name in args.names:
        figure = known[name]
        accepted = inspect.signature(figure).parameters
        result = figure(**{option: value for option, value in options.items()
                           if option in accepted and value is not None})
        if isinstance(result, str):
            print(result)
        else:
            result.savefig(args.output / f"{name}.png", dpi=150)
            print(args.output / f"{name}.png")


def run_train(args):
    from sidr.emulator.refinement import train

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
