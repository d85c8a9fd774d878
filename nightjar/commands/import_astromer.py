"""Convert the Astromer authors' published weights to a model of nightjar.

Reads a TensorFlow checkpoint or a Keras HDF5 file, in a zip as downloaded or in a folder, without
TensorFlow; nothing in it is executed.  Writes weights.safetensors and MODEL_CARD.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "convert the authors' Astromer weights (TensorFlow, Keras) to a model of nightjar"
NETWORKS = ("astromer1", "astromer1_strict", "astromer2_released")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The download and the folder of the model."""
    parser.add_argument("download", type=Path, help="zip, folder, or .h5 file of the authors")
    parser.add_argument("out", type=Path, help="folder of the model to write")
    parser.add_argument(
        "--network",
        choices=NETWORKS,
        help="default: astromer2_released where the file has learned skips, else astromer1, both "
        "as published; astromer1_strict ignores padded and hidden points",
    )
    parser.add_argument(
        "--base",
        type=float,
        help="base of the time encoding (default: 10000, what the authors' code uses; the weights "
        "macho_1 and macho_1c need 1000)",
    )


def run(args: argparse.Namespace) -> None:
    """Convert, and say what was read."""
    from nightjar.published import download  # imports torch

    model = download.write(args.download, args.out, name=args.network, base=args.base)
    about = model.metadata
    sizes = ", ".join(f"{key} {value}" for key, value in about.settings.items())
    print(f"{args.out}: {about.network}, {about.parameters:,} parameters ({sizes})")
