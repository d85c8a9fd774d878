"""Two-sample tests: how well a random forest tells simulated supernovae from real ones.

Without --against every real object gets a simulated twin at its own redshift, visits, passbands and
errors, so that only the physics can give it away.  With --against two samples are compared as they
are.  An AUROC of 0.5 means that the forest cannot tell, 1 that it never errs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "tell simulated supernovae from real ones, and by what"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("sample", help="folder of the real sample, as data/raw/supernovae")
    parser.add_argument("--against", help="folder of a simulated sample; default: twins")
    parser.add_argument("--out", default="plots/realism", help="folder for numbers and figures")
    parser.add_argument("--classes", nargs="+", help="default: all that can be simulated")
    parser.add_argument("--objects", type=int, default=500, help="at most so many of each class")
    parser.add_argument("--min-points", type=int, default=8, help="nights that an object must have")
    parser.add_argument("--population", default="observed", help="population of the twins")
    parser.add_argument("--before", help="realism.json of an earlier run, to be drawn beside")
    parser.add_argument("--seed", type=int, default=0, help="of twins and forest")


def run(args: argparse.Namespace) -> None:
    """Measure, tell apart, print a table, write numbers and figures."""
    from nightjar import samples
    from nightjar.metrics import write_json
    from nightjar.realism import pictures, report
    from nightjar.simulate import populations

    before = report.read_scores(args.before) if args.before else None
    real = samples.open(args.sample)
    classes = args.classes or populations.CLASSES
    if args.against is None:
        reports = report.against_twins(
            real, classes, args.objects, args.min_points, args.population, args.seed
        )
    else:
        simulated = samples.open(args.against)
        reports = report.against_sample(
            real, simulated, classes, args.objects, args.min_points, args.seed
        )
    print(report.text(reports))
    out = Path(args.out)
    write_json(out / "realism.json", report.numbers(reports))
    for path in pictures.write(reports, out, args.against is None, before):
        print(path)
    report.giveaways(reports).to_csv(out / "giveaways.csv", index=False, float_format="%.5g")
