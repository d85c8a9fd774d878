"""What every task has: a network, scores of a pass, rows of a pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

from nightjar import batching, losses
from nightjar.batching import Batch

T = TypeVar("T")


def sequence(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What an encoder takes of a batch."""
    return batch.value, batch.time, batch.band, batch.valid


def of_all_processes(part: T) -> list[T]:
    """What each process gives, in order of rank: the same list on all of them."""
    parts = [part] * losses.processes()
    if len(parts) > 1:
        distributed.all_gather_object(parts, part)
    return parts


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
        """Scalars of a batch, the losses among them.

        In training on several processes ``batch`` is this one's share, and the scalars are those
        of the whole batch, the same on every process.
        """
        raise NotImplementedError

    def gather(self, rows: Tensor) -> Tensor:
        """What of each row enters the loss, of the shares of all processes (`losses.gather`).

        In evaluation, where every process has batches of its own, ``rows`` themselves.
        """
        return losses.gather(rows) if self.training else rows

    @torch.no_grad()
    def validate(self, batches: Iterable[Any]) -> dict[str, float]:
        """Means over a pass of what `forward` gives, each batch weighted by its objects.

        Of several processes each takes some of the batches, and has the means over all.
        """
        totals: dict[str, Tensor] = {}
        count = 0
        for batch in batches:
            count += batch.size
            for key, value in self(batch).items():
                totals[key] = totals.get(key, torch.zeros_like(value)) + batch.size * value
        found = {key: float(value) for key, value in totals.items()}
        sums: Counter[str] = Counter()
        for part in of_all_processes({"": count, **found}):  # one without a batch has no keys
            sums.update(part)
        count = sums.pop("")
        return {key: value / count for key, value in sums.items()}

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @torch.inference_mode()
    def collect(self, function: Callable[[Any], Tensor], batches: Iterable[Any]) -> NDArray:
        """Rows of ``function(batch)`` over a pass, in its order: embeddings, predictions."""
        ready = batching.ahead(batches, self.device)
        return np.concatenate([function(batch).cpu().numpy() for batch in ready])
