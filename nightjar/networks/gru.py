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
        nn.init.xavier_uniform_(self.gru.weight_ih_l0)
        nn.init.orthogonal_(self.gru.weight_hh_l0)
        nn.init.zeros_(self.gru.bias_ih_l0)
        nn.init.zeros_(self.gru.bias_hh_l0)

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
    gate.  That it learns next to nothing (macro F1 0.2 to 0.4) says little of what recurrent
    networks can do.  Here the time is the logarithm of the days since the point before, which lies
    between -8 and 6 whatever the survey, and from which a GRU can count.

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
        return self.head(self.state(torch.stack([value, log_gaps(time)], dim=-1), valid))


def log_gaps(time: Tensor) -> Tensor:
    """Natural logarithm of the days since the point before, (batch, length); 0 for the first.

    Parameters
    ----------
    time : (batch, length) days, in order; gaps below half a minute count as half a minute
    """
    gaps = (time[:, 1:] - time[:, :-1]).clamp(min=SHORTEST).log()
    return nn.functional.pad(gaps, (1, 0))


SHORTEST = 3e-4  # day, of a gap: what float32 resolves some thousand days from the mean


class EmbeddedGRU(nn.Module):
    """A GRU over Astromer's input embedding, from new weights, and the MLP (``base_gru``).

    Parameters
    ----------
    astromer : settings of the encoder whose embedding of magnitude and time it has, without blocks
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
        self.embedding = Astromer(**{**astromer, "depth": 0, "dropout": dropout})
        self.embedding.head.requires_grad_(False)  # reconstruction has no part in it
        if self.embedding.mask_token is not None:
            self.embedding.mask_token.requires_grad_(False)
        self.state = LastState(astromer["dim"], units)
        self.head = MLPHead(units, hidden, classes, dropout)

    def forward(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Logits, float32 (batch, classes); arguments as in ``Astromer.layers``."""
        return self.head(self.state(self.embedding(value, time, band, valid), valid))
