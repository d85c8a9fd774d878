"""The methods of uncertainty-aware Astromer (arXiv:2411.01363, 2412.10528): networks and passes.

All begin with the same pre-trained weights and, fold by fold, with the same head, so that what
tells them apart is the method:

* ``deterministic``: one network, one pass
* ``ensemble``: the passes are members, which differ in their seed (Lakshminarayanan et al. 2017)
* ``mc_dropout``: dropout is sampled at test time, too (Gal & Ghahramani 2016)
* ``hsa``: hierarchical stochastic attention (Pei et al. 2022)
* ``ha_mc_dropout``: both
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nightjar import batching, weights
from nightjar.batching import Batch
from nightjar.batching.datasets import WindowData
from nightjar.networks import AstromerClassifier
from nightjar.networks.block import keras_init
from nightjar.params import TrainUncertainty
from nightjar.uncertainty.samplers import predict

DROPOUT = ("mc_dropout", "ha_mc_dropout")
ATTENTION = ("hsa", "ha_mc_dropout")


def members(method: str, settings: TrainUncertainty) -> int:
    """Networks to train per fold."""
    return settings.members if method == "ensemble" else 1


def seed_of(seed: int, fold: int, member: int) -> int:
    """Seed of a member's head, draws and dropout; the first member's is that of any method."""
    return int(np.random.SeedSequence([seed, fold, member]).generate_state(1)[0])


def folder(method: str, fold: int, member: int) -> Path:
    """Where a network is kept; members of an ensemble have a folder each."""
    of_fold = Path("models/uncertainty") / method / "folds" / str(fold)
    return of_fold / str(member) if method == "ensemble" else of_fold


def notes(method: str, survey: str, settings: TrainUncertainty) -> dict[str, str]:
    """What the weights file says besides; enough to sample the network as it was sampled here."""
    return {
        "method": method,
        "survey": survey,
        "samples_per_class": str(settings.samples_per_class),
        "left_out": settings.left_out or "",
        "samples": str(settings.samples if method in DROPOUT + ATTENTION else 1),
        "blocks": str(settings.blocks),
    }


def classifier(
    method: str,
    settings: TrainUncertainty,
    pretrained: weights.Model,
    classes: int,
    seed: int,
) -> AstromerClassifier:
    """A new classifier on a pre-trained encoder.

    Parameters
    ----------
    method : one of the above
    settings : of the stage
    pretrained : the `Astromer` to begin with
    classes : number of classes
    seed : of what is new: head and centroids
    """
    encoder = pretrained.metadata.settings
    dropout = settings.mc_dropout.model_dump() if method in DROPOUT else settings.dropout
    torch.manual_seed(seed)
    network = AstromerClassifier(
        encoder, settings.hidden, classes, dropout, _attention(method, settings, encoder["depth"])
    )
    torch.manual_seed(seed)  # anew: how many numbers the centroids took differs between methods
    network.head.apply(keras_init)
    network.take(pretrained.network.state_dict())
    return network


def sample(
    network: AstromerClassifier, windows: WindowData, method: str, settings: TrainUncertainty
) -> NDArray[np.float64]:
    """Probabilities of every window by a trained network of this method.

    Returns
    -------
    (samples, windows, classes)
    """
    device = next(network.parameters()).device
    batches = batching.evaluation(windows, np.arange(len(windows)), settings.batch_size)
    random = method in DROPOUT + ATTENTION
    return predict(
        network,
        _forward(network),
        batching.ahead(batches(), device),
        samples=settings.samples if random else 1,
        dropouts=network.dropouts(settings.blocks) if method in DROPOUT else (),
        at_once=settings.at_once,
        seed=settings.seed,
    )


def _forward(network: AstromerClassifier) -> Callable[[Batch, int], Tensor]:
    return lambda batch, samples: network(
        batch.value, batch.time, batch.band, batch.valid, samples=samples
    )


def _attention(method: str, settings: TrainUncertainty, depth: int) -> dict[str, Any] | None:
    if method not in ATTENTION:
        return None
    second = settings.second_step if method == "ha_mc_dropout" else True
    blocks = min(settings.blocks, depth)
    return {**settings.hsa.model_dump(), "second_step": second, "blocks": blocks}
