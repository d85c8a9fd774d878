"""Recurrent baselines: a GRU over the points of a window (Donoso-Oliva+2025, ablation of 2025).

Both are trained from new weights on the labelled windows alone; what pre-training gives must show
against them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nightjar.networks.astromer import Astromer
from nightjar.networks.heads import MLPHead

UNIT = 1000.0  # days, of the times that a GRU reads


class LastState(nn.Module):
    """A GRU over a sequence; its state at the last observed point.

    The state depends on nothing that follows, so that padding cannot reach it.  It runs in float32
    under autocast, too: hundreds of steps would add up bfloat16's rounding, and that of times.
    Weights begin as in Keras, which the published code uses.

    Parameters
    ----------
    columns : width of the sequence
    units : width of the state; 256 as published
    """

    def __init__(self, columns: int, units: int) -> None:
        super().__init__()
        self.gru = nn.GRU(columns, units, batch_first=True)
        for name, parameter in self.gru.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(parameter)
            else:
                nn.init.xavier_uniform_(parameter)

    def forward(self, sequence: Tensor, valid: Tensor) -> Tensor:
        """State (batch, units) of ``sequence`` (batch, length, columns).

        ``valid`` is (batch, length) bool, True = observed; the observed points come first, and
        every row has one.
        """
        # what stands in padding may be anything: a NaN there would spoil the gradients
        sequence = sequence.masked_fill(~valid.unsqueeze(-1), 0.0)
        with torch.autocast(sequence.device.type, enabled=False):
            states, _ = self.gru(sequence.float())  # (batch, length, units)
        last = valid.sum(1) - 1
        return states[torch.arange(len(states), device=states.device), last]


class RawGRU(nn.Module):
    """A GRU over [magnitude, time] of the points, and the published MLP (``raw_gru``).

    The published one reads the time in days from the window's mean: hundreds, which saturate every
    gate, so that it learns next to nothing (macro F1 0.2 to 0.4), which says little of recurrent
    networks.  Here the unit is 1000 days, in which the window of a survey spans about 1.

    Parameters
    ----------
    units : width of the state; 256 as published
    hidden : widths of the MLP; 1024, 512, 256 as published
    classes : number of classes
    dropout : rate in the MLP
    """

    def __init__(
        self, units: int, hidden: Sequence[int], classes: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.state = LastState(2, units)
        self.head = MLPHead(units, hidden, classes, dropout)

    def forward(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Logits, float32 (batch, classes); arguments as in ``Astromer.layers``."""
        return self.head(self.state(torch.stack([value, time / UNIT], dim=-1), valid))


class EmbeddedGRU(nn.Module):
    """A GRU over Astromer's input embedding, from new weights, and the MLP (``base_gru``).

    The embedding is that of the encoder named: of magnitude and time as published, and of the phase
    as well where the encoder is told it (``harmonics``).

    Parameters
    ----------
    astromer : settings of the encoder whose embedding of the points it has, without blocks
    units, hidden, classes : as in `RawGRU`
    dropout : rate after the embedding and in the MLP
    """

    def __init__(
        self,
        astromer: Mapping[str, Any],
        units: int,
        hidden: Sequence[int],
        classes: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        points = {"depth": 0, "dropout": dropout, "star_token": False, "decoder": False}
        self.embedding = Astromer(**{**astromer, **points})
        self.embedding.head.requires_grad_(False)  # reconstruction has no part in it
        if self.embedding.mask_token is not None:
            self.embedding.mask_token.requires_grad_(False)
        self.state = LastState(astromer["dim"], units)
        self.head = MLPHead(units, hidden, classes, dropout)

    def forward(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Logits, float32 (batch, classes); arguments as in ``Astromer.layers``."""
        return self.head(self.state(self.embedding(value, time, band, valid), valid))
