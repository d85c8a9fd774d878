"""Classify every star of a photometry table, however large, and say how far to trust it.

Writes a Parquet file with a row per object: class, calibrated probabilities, uncertainty scores,
a conformal set (classes separated by |), and whether to abstain at the error rate asked for.
What validation stars taught (temperature, thresholds) is read from the file that
evaluate_uncertainty wrote.  The promises hold for stars like those: of the same survey, bands and
class fractions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "classify the stars of a photometry table, with an uncertainty"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The table, the model, the output, and what to promise."""
    parser.add_argument(
        "photometry",
        type=Path,
        help="Parquet: object_id, time (MJD), band, and mag, mag_err or flux, flux_err (nJy)",
    )
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        help="models/uncertainty/<method> (its fold 0 is used), or .../folds/<fold> in it",
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument(
        "--calibration",
        type=Path,
        help="file of evaluate_uncertainty (default: models/calibration/<method>.json)",
    )
    parser.add_argument(
        "--error-rate",
        type=float,
        default=0.05,
        help="abstain so that of the validation stars kept at most so many are wrong "
        "(default: 0.05)",
    )
    parser.add_argument(
        "--coverage",
        type=float,
        default=0.9,
        help="chance that a conformal set holds the true class (default: 0.9)",
    )
    parser.add_argument(
        "--band",
        action="append",
        metavar="NAME=RAW,RAW",
        help="a band of the model and its names in the table, in order of preference, one used per "
        "object; may be repeated. Default: the model's own names; other bands are not read",
    )
    parser.add_argument(
        "--min-points",
        type=int,
        default=1,
        help="drop objects with fewer; take the first of a band's names with as many (default: 1)",
    )
    parser.add_argument("--batch-size", type=int, default=64, help="default: 64")
    parser.add_argument("--seed", type=int, default=0, help="of the samples (default: 0)")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")


def run(args: argparse.Namespace) -> None:
    """Classify, and say what was written, abstained from and dropped."""
    from nightjar.classifying import Classifier  # imports torch
    from nightjar.columns import in_words
    from nightjar.embedding.prepared import groups_of

    classifier = Classifier.load(
        args.model,
        args.calibration,
        device=args.device,
        batch_size=args.batch_size,
        seed=args.seed,
    )
    done = classifier.classify_file(
        args.photometry,
        args.out,
        error_rate=args.error_rate,
        coverage=args.coverage,
        bands=groups_of(args.band),
        min_points=args.min_points,
    )
    print(
        f"{args.out}: {done.rows:,} objects, {done.abstained:,} of them to abstain from; "
        f"dropped: {in_words(done.drops)}"
    )
    if done.unread_bands:
        print(f"classify: bands that were not read: {', '.join(done.unread_bands)}")
