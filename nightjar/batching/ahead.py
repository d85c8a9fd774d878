"""Batches on a device, each made while the one before is computed with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from nightjar.batching.batch import Batch, Pair

B = TypeVar("B", Batch, Pair)


def ahead(batches: Iterable[B], device: torch.device) -> Iterator[B]:
    """The same batches on ``device``, one of them made in advance by a thread.

    From memory that the operating system does not move, a GPU copies a batch while it computes with
    the one before.  A processor makes and computes in turn: it would only share its time.

    Parameters
    ----------
    batches : nothing else may draw from what they are drawn from
    device : where they go
    """
    if device.type == "cpu":
        yield from (batch.to(device) for batch in batches)
        return
    rest = iter(batches)

    def make() -> B | None:
        batch = next(rest, None)
        return batch if batch is None or device.type != "cuda" else batch.map(Tensor.pin_memory)

    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(make)
        while (batch := coming.result()) is not None:
            coming = thread.submit(make)
            yield batch.to(device)
