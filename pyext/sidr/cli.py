"""The command `sidr`: pictures, tables and reports from the shell."""

import logging
import sys
from argparse import ArgumentParser

from sidr import pools
from sidr.commands import grid, physics, posteriors, training
from sidr.commands.arguments import Parser


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
        with pools.mpi() as first:
            if first:
                args.run(args)
    except expected(args) as error:
        print(f"sidr {args.command}: {sentence(error)}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if args.debug or (error.name or "sidr").partition(".")[0] == "sidr":
            raise
        print(f"sidr {args.command}: the package {error.name} is missing: pip install sidr brings all that "
              "the commands need", file=sys.stderr)
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
    """The parser of the command, with those of its subcommands."""
    top = Parser(prog="sidr", description="Self-interacting dark radiation from neutrinos: pictures, "
                 "tables, reports. Chains come from cobaya-run.")
    commands = top.add_subparsers(dest="command", required=True, parser_class=Parser)
    common = ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error comes from")
    for subject in (grid, posteriors, physics, training):
        subject.add(commands, common)
    return top


if __name__ == "__main__":
    sys.exit(main())
