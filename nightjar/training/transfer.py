"""Which weights of a pre-trained network train on, and at which rate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from torch import nn

from nightjar.params.models import Transfer


def rates(network: nn.Module, transfer: Transfer, layer_decay: float) -> dict[str, float]:
    """Rates, in units of the learning rate, of the parameters that train; the others are frozen.

    Parameters
    ----------
    network : a `Maven`; an encoder is what has ``blocks``, and its layers stand in their order
    transfer : "all"; "first_block", of each encoder the block next to its input (the second way
        of Zhang+2024); "projection", of each encoder the output layer, and its projection (what
        ``freeze_backbone`` of their public code leaves free); both freeze a metadata encoder, which
        has neither.  The temperature (and bias), which belong to the loss, always train.
    layer_decay : the rate of a layer that lies ``l`` below the top is ``layer_decay**l`` (Clark+
        2020 section 3.4, Bao+2022); 1 = the same rate for all

    Returns
    -------
    Parameter name -> rate in (0, 1]

    Notes
    -----
    Dropout acts on frozen layers as on the others: they give the layers that train the same noise
    as in pre-training.
    """
    below = layers_below_top(network)
    return {name: layer_decay**layer for name, layer in below.items() if _trains(name, transfer)}


def layers_below_top(network: nn.Module) -> dict[str, int]:
    """Parameter name -> number of layers between it and the embedding.

    0 is the top: all that an encoder applies after its blocks, projections and the temperature.
    The last block is 1, the first one ``depth``, all before it ``depth + 1``.  Each encoder counts
    its own blocks; a part without blocks, as the metadata encoder, is at the top.
    """
    below = {name: 0 for name, _ in network.named_parameters()}
    for path, encoder in _encoders(network):
        depth = len(cast(nn.ModuleList, encoder.blocks))
        layer = depth + 1
        for name, _ in encoder.named_parameters():  # in the order of their layers
            if block := re.match(r"blocks\.(\d+)\.", name):
                layer = depth - int(block[1])
            elif layer <= depth:
                layer = 0
            below[f"{path}.{name}"] = layer
    return below


def _encoders(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((path, part) for path, part in network.named_modules() if hasattr(part, "blocks"))


def _trains(name: str, transfer: Transfer) -> bool:
    of_the_loss = "." not in name
    match transfer:
        case "all":
            return True
        case "first_block":
            return of_the_loss or ".blocks.0." in name
        case "projection":
            return of_the_loss or bool(re.match(r"(\w+\.output|\w+_projection)\.", name))
