"""The commands that draw the physics: spectra of CLASS, figures and tables of papers."""

import inspect
from pathlib import Path

from . import arguments
from .arguments import add_jobs, number, whole


def add(commands, common):
    """Add these commands to the parser of `sidr`."""
    add_spectra(commands, common)
    add_figures(commands, common)


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


def run_spectra(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr import figures

    fig = figures.spectra(args.log10_G_eff, args.n_chi, args.m_nu_sum, args.alpha)
    fig.savefig(args.output, dpi=150)
    print(args.output)


def add_figures(commands, common):
    figures = commands.add_parser("figures", parents=[common],
                                  help="figures and tables of the papers, computed anew")
    figures.add_argument("names", nargs="+", metavar="FIGURE", help="fig1, fig2, figS1 ... figS7 of "
                         "arXiv:2506.08085; neff: Delta N_eff of a pseudo-Dirac pair; vmodel: Table 1 of "
                         "the V-model")
    figures.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, default=Path("."),
                         help="folder; fig2, figS5 and neff are continued from there after a kill")
    figures.add_argument("-s", "--size", type=whole(2, 1000), metavar="N",
                         help="points in each direction of fig2 and figS5 (default: 60)")
    add_jobs(figures)
    figures.add_argument("-l", "--limits", metavar="FILE", type=arguments.old_file,
                         help="limits and modes of a posterior, which fig2 and figS5 draw, such as "
                         "chains/results/fig2_limits.yaml (default: they draw none)")
    figures.set_defaults(run=run_figures)


def run_figures(args):
    import matplotlib
    matplotlib.use("Agg")
    from sidr.figures import FIGURES as known

    if unknown := set(args.names) - known.keys():
        names = ", ".join(name or repr(name) for name in sorted(unknown))
        raise ValueError(f"{names}: no such figure; there are {', '.join(known)}")
    accepted = {name: inspect.signature(known[name]).parameters for name in args.names}
    options = {"size": args.size, "jobs": args.jobs, "limits": args.limits, "part": args.task}
    for option, value in options.items():
        if value is not None and not any(option in names for names in accepted.values()):
            name = "task" if option == "part" else option
            raise ValueError(f"--{name} has no effect on {', '.join(args.names)}")
    if args.task and (whole := [name for name, names in accepted.items() if "part" not in names]):
        raise ValueError(f"--task: {', '.join(whole)} has no parts")
    args.output.mkdir(parents=True, exist_ok=True)
    options["folder"] = args.output
    for name in args.names:
        result = known[name](**{option: value for option, value in options.items()
                                if option in accepted[name] and value is not None})
        if args.task:
            arguments.say_part(args)
        elif isinstance(result, str):
            print(result)
        else:
            result.savefig(args.output / f"{name}.png", dpi=150)
            print(args.output / f"{name}.png")
