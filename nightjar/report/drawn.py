"""Figures that the report draws from the numbers that training leaves in plots/.

Training stages draw nothing themselves: a figure may then change without training anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nightjar import figures

LOSSES = {  # by how the name of the stage begins; others have just a "loss"
    "pretrain_clip": "contrastive loss",
    "finetune_clip": "contrastive loss",
    "pretrain_astromer": "reconstruction loss / mag",
    "finetune_astromer": "reconstruction loss / mag",
    "train_uncertainty": "cross-entropy / nat",
}


def draw(plots: str | Path) -> Iterator[tuple[str, Figure]]:
    """Every figure with its name, ``<stage>_<what>``, of a folder of plot data."""
    for path in sorted(Path(plots).rglob("learning_curves.csv")):
        stage = _stage(path, plots)
        loss = next((name for start, name in LOSSES.items() if stage.startswith(start)), "loss")
        yield f"{stage}_learning_curves", figures.learning_curves(_losses(path), loss)
    for path in sorted(Path(plots).rglob("reconstruction.npz")):
        with np.load(path) as stored:
            arrays = dict(stored)
        titles = [f"window {number + 1}" for number in range(len(arrays["time"]))]
        figure = figures.reconstruction(**arrays, titles=titles)
        yield f"{_stage(path, plots)}_reconstruction", figure


def _stage(path: Path, plots: str | Path) -> str:
    return "_".join(path.relative_to(plots).parent.parts)  # a matrix has a folder per value


def _losses(path: Path) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    table = pd.read_csv(path)
    return {
        str(model): [
            (fold["training_loss"].to_numpy(), fold["validation_loss"].to_numpy())
            for _, fold in of_model.groupby("fold")
        ]
        for model, of_model in table.groupby("model", sort=False)
    }
