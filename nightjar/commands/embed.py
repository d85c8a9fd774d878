"""Embed every light curve of a photometry table, however large.

Writes a Parquet file with object_id, band (Astromer, which embeds every band by itself), window
(only with --pool none) and embedding, in the order in which the objects first appear.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "turn the light curves of a photometry table into embeddings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The table, the model, the output, and how to pool."""
    parser.add_argument(
        "photometry",
        type=Path,
        help="Parquet: object_id, time (MJD), band, and mag, mag_err or flux, flux_err (nJy)",
    )
    parser.add_argument(
        "--model", type=Path, required=True, help="folder or weights file of the encoder"
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument(
        "--pool",
        choices=("mean", "max", "none"),
        default="mean",
        help="over the windows of a light curve; none keeps every window (Astromer only)",
    )
    parser.add_argument(
        "--layer",
        type=int,
        default=-1,
        help="0: input embedding, 1: first block, ... -1: last block (default; Astromer only)",
    )
    parser.add_argument(
        "--band",
        action="append",
        metavar="NAME=RAW,RAW",
        help="a band of the model and its names in the table, in order of preference, one used per "
        "object; may be repeated. Default: the model's own names (Maven), all bands (Astromer)",
    )
    parser.add_argument(
        "--min-points",
        type=int,
        default=1,
        help="drop objects with fewer; take the first of a band's names with as many (default: 1)",
    )
    parser.add_argument("--batch-size", type=int, default=64, help="default: 64")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    parser.add_argument(
        "--precision",
        choices=("32-true", "bf16-mixed"),
        default="32-true",
        help="bf16-mixed: products in bfloat16, faster where the hardware has it, less exact",
    )


def run(args: argparse.Namespace) -> None:
    """Embed, and say what was written and what was dropped."""
    from nightjar.columns import in_words
    from nightjar.embedding import Encoder  # imports torch
    from nightjar.embedding.prepared import groups_of

    encoder = Encoder.load(
        args.model,
        device=args.device,
        batch_size=args.batch_size,
        pool=args.pool,
        layer=args.layer,
        precision=args.precision,
    )
    done = encoder.embed_file(
        args.photometry, args.out, bands=groups_of(args.band), min_points=args.min_points
    )
    print(f"{args.out}: {done.rows:,} rows; dropped: {in_words(done.drops)}")
    if done.unseen_bands:
        known = ", ".join(encoder.metadata.bands)
        print(
            f"embed: the model was trained on {known}, not on {', '.join(done.unseen_bands)}; "
            "check with a probe that its embeddings transfer",
            file=sys.stderr,
        )
