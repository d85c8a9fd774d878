"""What a training leaves behind: best and last weights, and its numbers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from nightjar import weights
from nightjar.training import Fitted


def save(
    folder: str | Path,
    network: nn.Module,
    fitted: Fitted,
    *,
    preprocessing: Mapping[str, Any],
    classes: Sequence[str] = (),
    bands: Sequence[str] = (),
    sample: str,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write ``weights.safetensors`` (the best epoch) and ``last.safetensors`` to a folder.

    Parameters
    ----------
    folder : of the model
    network : what was trained
    fitted : its training
    preprocessing, classes, bands, sample, notes : see `weights.save`
    """
    for name, state in (("weights", fitted.best), ("last", fitted.last)):
        weights.save(
            Path(folder) / f"{name}.safetensors",
            network,
            state=state,
            preprocessing=preprocessing,
            classes=classes,
            bands=bands,
            sample=sample,
            metrics=summary(fitted),
            notes=notes,
        )


def summary(fitted: Fitted) -> dict[str, float]:
    """Epochs trained, the best of them (from 1), and every number of that epoch; 0 has no other."""
    if not fitted.history:
        return {"epochs": 0}
    losses = [epoch["validation_loss"] for epoch in fitted.history]
    best = int(np.argmin(losses))
    numbers = {key: value for key, value in fitted.history[best].items() if key != "lr"}
    return {"epochs": len(losses), "best_epoch": best + 1, **numbers}


def write_curves(
    path: str | Path, runs: Mapping[str, Sequence[Fitted]], scores: Sequence[str] = ()
) -> None:
    """Write the losses of every epoch as CSV, from which the report draws learning curves.

    Parameters
    ----------
    path : of the file: model, fold, epoch (from 1), training_loss, validation_loss
    runs : model -> its trainings, one per fold
    scores : further columns, numbers of an epoch such as ``validation_rmse``
    """
    columns = ("training_loss", "validation_loss", *scores)
    rows = [
        (name, fold, number, *(epoch[column] for column in columns))
        for name, fits in runs.items()
        for fold, fitted in enumerate(fits)
        for number, epoch in enumerate(fitted.history, start=1)
    ]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("model", "fold", "epoch", *columns))
        writer.writerows(rows)
