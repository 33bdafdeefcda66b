"""The commands that make fast approximations: emulators, and the compressed likelihood."""

import os

from . import arguments
from .arguments import add_jobs, whole


def add(commands, common):
    """Add these commands to the parser of `sidr`."""
    add_train(commands, common)
    add_compress(commands, common)


def add_train(commands, common):
    train = commands.add_parser("train", parents=[common],
                                help="train an emulator for sidr.theory.SIDREmulator")
    train.add_argument("model", choices=("lcdm", "nchi1", "nchi2"), help="flavours of chi: 0, 1 or 2")
    train.add_argument("-o", "--output", metavar="DIR", type=arguments.folder, required=True,
                       help="takes the spectra and the emulator; the same command continues after a kill")
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


def run_train(args):
    from sidr import runs
    from sidr.emulator.refinement import train

    for root in args.refine:    # before the spectra, which take hours
        runs.load_samples(root)
    emulator, path, failed = train(args.model, args.output, args.number, args.jobs, args.refine, args.add,
                                   args.test, args.task)
    for name, message in failed.items():
        print(f"{name}: {message}")
    if args.task:
        arguments.say_part(args)
        return
    print(f"{emulator.about['size']} cosmologies")
    for mode, error in emulator.about.get("accuracy", {}).items():
        print(f"{mode}: chi2 emulated minus exact {error['mean']:+.3f} +- {error['rms']:.3f}, of "
              f"{error['points']} cosmologies that it was not trained with")
    print(f"{path}: give it to sidr.theory.SIDREmulator as `emulator`")


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
