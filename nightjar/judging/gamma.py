"""The published classifier on frozen embeddings: a gamma head, trained on few stars."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import Tensor

from nightjar import training
from nightjar.batching import Batch
from nightjar.batching.datasets import TabularData
from nightjar.judging.astromer import Windows
from nightjar.networks import GammaHead
from nightjar.params import ProbeAstromer
from nightjar.parts import Rows
from nightjar.tasks import ClassifyTask, class_weights


def probabilities(
    settings: ProbeAstromer, windows: Windows, rows: Mapping[str, Rows], fold: int, resume: Path
) -> tuple[NDArray, NDArray]:
    """Train a `GammaHead` on the windows of a fold, alike for every network, and let it predict.

    Parameters
    ----------
    settings : of the training; its seed and the fold's number seed the head
    windows : of the fold
    rows : windows of ``train``, ``validation`` and ``test``
    fold : its number
    resume : checkpoint of the training; its name labels the progress bar

    Returns
    -------
    probabilities (test windows, classes); weights of the layers in the head's mean (layers,)
    """
    torch.manual_seed(settings.seed + fold)
    layers, dim = windows.layers.shape[1:]
    network = GammaHead(layers, dim, settings.hidden, len(windows.classes), settings.dropout)
    # the score is macro F1: a window of a rare class weighs more, as in every other method
    weights = class_weights(windows.label[rows["train"]], len(windows.classes))
    task = ClassifyTask(network, weights, inputs=partial(_columns, shape=(layers, dim)))
    data = TabularData(windows.layers.reshape(len(windows.layers), -1), windows.label)
    training.fit_rows(
        task,
        (data, rows["train"]),
        (data, rows["validation"]),
        settings,
        seed=settings.seed + fold,
        resume=resume,
        label=f"head, {resume.stem}",
    )
    predicted = task.collect(task.predict, [data.batch(rows["test"])])
    return predicted, network.gamma.softmax(0).numpy(force=True)


def _columns(batch: Batch, shape: tuple[int, int]) -> tuple[Tensor]:
    """The embeddings of a batch, (batch, layers, dim), as the head takes them."""
    assert batch.tabular is not None
    return (batch.tabular.unflatten(1, shape),)
