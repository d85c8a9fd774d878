"""``python -m nightjar <command>``: everything that is no stage of the pipeline."""

from __future__ import annotations

import argparse
import pkgutil
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from nightjar import __doc__ as about
from nightjar import commands
from nightjar.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0, or 2 after a message about bad input, as argparse does for bad usage.

    Parameters
    ----------
    argv : the words after ``python -m nightjar``; None takes those of this process
    """
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except (InputError, OSError) as error:  # OSError: an output that cannot be written, a full disk
        lines = str(error).splitlines()
        print("\n".join(f"{args.command}: error: {line}" for line in lines), file=sys.stderr)
        return 2
    return 0


def _terminated(number: int, frame: object) -> None:
    """A command that is told to end (by a batch system, say) removes its temporary files first."""
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nightjar", description=about)
    subparsers = parser.add_subparsers(dest="command", metavar="<command>", required=True)
    for found in pkgutil.iter_modules(commands.__path__):
        module = import_module(f"{commands.__name__}.{found.name}")
        subparser = subparsers.add_parser(
            found.name.replace("_", "-"),
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main())
