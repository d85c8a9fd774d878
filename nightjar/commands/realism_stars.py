"""Two-sample tests of variable stars: how well a random forest tells simulated from real ones.

Every real star gets a simulated twin at its own visits and with its own errors, so that only
period, shape and wrong points can give it away.  An AUROC of 0.5 means that the forest cannot tell,
1 that it never errs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nightjar.errors import InputError

HELP = "tell simulated variable stars from real ones, and by what"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("sample", help="folder of the real sample, as data/raw/variables")
    parser.add_argument(
        "--match", nargs="+", required=True, metavar="REAL=SIMULATED", help="as RRAB=RRab EA=EC"
    )
    parser.add_argument("--out", default="plots/realism_stars", help="folder for the numbers")
    parser.add_argument("--objects", type=int, default=300, help="at most so many of each class")
    parser.add_argument("--min-points", type=int, default=30, help="that a star must have")
    parser.add_argument("--seed", type=int, default=0, help="of twins and forest")


def run(args: argparse.Namespace) -> None:
    """Measure, tell apart, print a table, write the numbers and the figure of scores."""
    from nightjar import figures, samples
    from nightjar.figures import realism as drawn
    from nightjar.metrics import write_json
    from nightjar.realism import pictures, report, stars

    sample = samples.open(args.sample)
    if sample.light_curves.quantity != "mag":
        raise InputError(f"{args.sample}: light curves in flux; the comparison needs magnitudes")
    match = _match(args.match)
    reports = stars.against_twins(sample, match, args.objects, args.min_points, args.seed)
    print(report.text(reports))
    out = Path(args.out)
    write_json(out / "realism.json", report.numbers(reports))
    report.giveaways(reports).to_csv(out / "giveaways.csv", index=False, float_format="%.5g")
    scored = [each for each in reports if each.tested]
    if scored:
        figures.save(drawn.auroc(pictures.scores(scored)), out / "auroc.png")


def _match(words: list[str]) -> dict[str, str]:
    """``REAL=SIMULATED`` as a mapping."""
    found = {}
    for word in words:
        real, equals, simulated = word.partition("=")
        if not (real and equals and simulated):
            raise InputError(f"--match: {word!r}: give REAL=SIMULATED, as RRAB=RRab")
        found[real] = simulated
    return found
