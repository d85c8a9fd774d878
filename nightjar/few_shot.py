"""Classifiers of few labelled stars that read the windows themselves (Donoso-Oliva+2025).

The published comparison, and what it lacks.  None is a head on stored embeddings:

* ``raw_gru``: a GRU over magnitudes and times
* ``base_gru``: a GRU over Astromer's input embedding, which trains along
* ``attention``: the pre-trained network, frozen, and attention pooling of its last block
* ``scratch``: the pre-trained network's architecture with new weights, and a gamma head
* ``tuned``: the same from the pre-trained weights; head, batches and settings are those of
  ``scratch``, so that the two differ in what pre-training gave and in nothing else
"""

from __future__ import annotations

import torch
from torch import nn

from nightjar import weights
from nightjar.networks import AstromerClassifier
from nightjar.networks.gru import EmbeddedGRU, RawGRU
from nightjar.networks.heads import AttentionClassifier
from nightjar.params import TrainStarClassifiers


def classifier(
    method: str,
    settings: TrainStarClassifiers,
    pretrained: weights.Model,
    classes: int,
    seed: int,
) -> nn.Module:
    """A new network of one of the methods above; it takes what `tasks.sequence` gives.

    Parameters
    ----------
    method : its name
    settings : of the stage
    pretrained : the `Astromer` that the methods begin with, or whose settings they share
    classes : number of classes
    seed : of what is new

    Raises
    ------
    ValueError
        There is no such method.
    """
    torch.manual_seed(seed)
    encoder, state = pretrained.metadata.settings, pretrained.network.state_dict()
    head = (settings.hidden, classes, settings.dropout)
    match method:
        case "raw_gru":
            return RawGRU(settings.units, *head)
        case "base_gru":
            return EmbeddedGRU(encoder, settings.units, *head)
        case "attention":
            frozen = AttentionClassifier(encoder, *head)
            frozen.encoder.load_state_dict(state)
            return frozen
        case "scratch":
            return AstromerClassifier(encoder, *head)
        case "tuned":
            network = AstromerClassifier(encoder, *head)
            network.take(state)
            return network
    raise ValueError(f"{method!r} is no method of few-shot classification")
