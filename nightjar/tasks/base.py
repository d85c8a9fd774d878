"""What every task has: a network, scores of a pass, rows of a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nightjar.batching import Batch


def sequence(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What an encoder takes of a batch."""
    return batch.value, batch.time, batch.band, batch.valid


def total_loss(outputs: dict[str, Any]) -> Any:
    """Sum of the entries whose key ends in ``_loss``."""
    return sum(value for key, value in outputs.items() if key.endswith("_loss"))


class Task(nn.Module):
    """A network and its loss.

    Parameters
    ----------
    network : what is trained, saved and loaded
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Any) -> dict[str, Tensor]:
        """Scalars of a batch, the losses among them."""
        raise NotImplementedError

    @torch.no_grad()
    def validate(self, batches: Iterable[Any]) -> dict[str, float]:
        """Means over a pass of what `forward` gives, each batch weighted by its objects."""
        totals: dict[str, Tensor] = {}
        count = 0
        for batch in batches:
            count += batch.size
            for key, value in self(batch).items():
                totals[key] = totals.get(key, torch.zeros_like(value)) + batch.size * value
        return {key: float(value) / count for key, value in totals.items()}

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @torch.inference_mode()
    def collect(self, function: Callable[[Any], Tensor], batches: Iterable[Any]) -> NDArray:
        """Rows of ``function(batch)`` over a pass, in its order: embeddings, predictions."""
        return np.concatenate([function(b.to(self.device)).cpu().numpy() for b in batches])
