"""Two-sample tests: how well a random forest tells simulated supernovae from real ones.

Without --against every real object gets a simulated twin at its own redshift, visits, passbands and
errors, so that only the physics can give it away.  With --against two samples are compared as they
are.  An AUROC of 0.5 means that the forest cannot tell, 1 that it never errs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from nightjar.errors import InputError

if TYPE_CHECKING:
    from nightjar.realism.report import ClassReport

HELP = "tell simulated supernovae from real ones, and by what"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("sample", help="folder of the real sample, as data/raw/supernovae")
    parser.add_argument("--against", help="folder of a simulated sample; default: twins")
    parser.add_argument("--out", default="plots/realism", help="folder for numbers and figures")
    parser.add_argument("--classes", nargs="+", help="default: all that can be simulated")
    parser.add_argument("--objects", type=int, default=500, help="at most so many of each class")
    parser.add_argument("--min-points", type=int, default=8, help="nights that an object must have")
    twins = parser.add_argument_group("twins")
    twins.add_argument("--population", default="observed", help="pretraining or observed (default)")
    twins.add_argument("--engine", choices=("builtin", "templates"), default="builtin")
    twins.add_argument("--templates", help="folder of SED series; default: sncosmo's registry")
    parser.add_argument("--before", help="realism.json of an earlier run, to be drawn beside")
    parser.add_argument("--seed", type=int, default=0, help="of twins and forest")


def run(args: argparse.Namespace) -> None:
    """Measure, tell apart, print a table, write numbers and figures."""
    from nightjar.metrics import write_json
    from nightjar.realism import pictures, report

    before = report.read_scores(args.before) if args.before else None
    reports = _compare(args)
    print(report.text(reports))
    out = Path(args.out)
    write_json(out / "realism.json", report.numbers(reports))
    report.giveaways(reports).to_csv(out / "giveaways.csv", index=False, float_format="%.5g")
    for path in pictures.write(reports, out, args.against is None, before):
        print(path)


def _compare(args: argparse.Namespace) -> list[ClassReport]:
    """Against twins, or against another sample."""
    from nightjar import samples
    from nightjar.realism import report
    from nightjar.realism.twins import Physics
    from nightjar.simulate import light, populations

    real = samples.open(args.sample)
    classes = args.classes or populations.CLASSES
    if args.against is not None:
        other = samples.open(args.against)
        return report.against_sample(real, other, classes, args.objects, args.min_points, args.seed)
    if args.population not in populations.POPULATIONS:
        known = ", ".join(populations.POPULATIONS)
        raise InputError(f"--population: {args.population!r} is none of {known}")
    engine = light.engine(args.engine, args.templates)
    physics = Physics(populations.POPULATIONS[args.population], engine, args.seed)
    return report.against_twins(real, classes, args.objects, args.min_points, physics)
