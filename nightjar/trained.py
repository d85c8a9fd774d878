"""What a training leaves behind: best and last weights, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from nightjar import weights
from nightjar.training import Fitted

Curves = list[tuple[np.ndarray, np.ndarray]]


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
    """Epochs trained, the best of them (from 1), and every number of that epoch."""
    losses = [epoch["validation_loss"] for epoch in fitted.history]
    best = int(np.argmin(losses))
    numbers = {key: value for key, value in fitted.history[best].items() if key != "lr"}
    return {"epochs": len(losses), "best_epoch": best + 1, **numbers}


def curves(*trainings: Fitted) -> Curves:
    """Training and validation loss of each training, as `figures.learning_curves` takes them."""
    return [
        (
            np.array([epoch["training_loss"] for epoch in fitted.history]),
            np.array([epoch["validation_loss"] for epoch in fitted.history]),
        )
        for fitted in trainings
    ]
