"""Finished experiments side by side, the best first: the parameters that differ, the metrics.

Reads ``dvc exp show --json``; failed and waiting experiments are counted.  Choose by a validation
loss, as the default does: to choose by the scored folds of probe_clip flatters the choice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nightjar.errors import InputError

HELP = "list the finished experiments of a search, the best first"
METRIC = "pretrain_clip.training.validation_loss"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--metric",
        nargs="+",
        default=[METRIC],
        metavar="KEY",
        help=f"<file>.<section>.<key> of metrics/<file>.json; the first sorts. Default: {METRIC}",
    )
    parser.add_argument("--out", type=Path, help="summary.md or summary.csv; default: print it")
    parser.add_argument("--figure", type=Path, help="PNG of the first metric by each parameter")
    parser.add_argument(
        "--all-commits", action="store_true", help="experiments of earlier commits, too"
    )


def run(args: argparse.Namespace) -> None:
    """Read, sort, and write or print."""
    from nightjar.experiments import reading, summary

    writers = {".md": summary.as_markdown, ".csv": summary.as_csv}
    write = writers.get(args.out.suffix if args.out else ".md")
    if write is None:
        raise InputError(f"--out {args.out}: give a name that ends in .md or .csv")
    found = summary.summarise(reading.read(reading.show(args.all_commits)), args.metric)
    if args.figure:
        from nightjar.experiments import picture
        from nightjar.figures import save

        save(picture.draw(found), args.figure)
    if not args.out:
        print(write(found), end="")
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(write(found))
    print(f"{args.out}: {len(found.rows)} rows", *found.notes, sep="\n")
