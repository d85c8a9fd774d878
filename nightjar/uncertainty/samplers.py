"""Sampled probabilities: many passes of a network as few large ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from nightjar.errors import InputError

B = TypeVar("B")


def predict(
    network: nn.Module,
    forward: Callable[[B, int], Tensor],
    batches: Iterable[B],
    *,
    samples: int = 1,
    dropouts: Collection[nn.Dropout] = (),
    at_once: int = 8,
    seed: int,
) -> np.ndarray:
    """Class probabilities of every object, in ``samples`` passes; in float32.

    The network is in evaluation mode but for ``dropouts``, which are sampled (Gal & Ghahramani
    2016; arXiv:2412.10528); stochastic attention draws in any mode.  Modes are restored.

    Parameters
    ----------
    network : what is sampled
    forward : (batch, samples) -> (samples * batch, classes) logits, sample by sample, computed by
        ``network``
    batches : read once, in order
    samples : passes; 1 where nothing is random
    dropouts : modules of ``network`` that draw
    at_once : at most so many samples of a batch in one pass: a matter of memory
    seed : of all draws; the same seed, batches, ``at_once`` and device give the same result,
        whatever was drawn before

    Returns
    -------
    (samples, n, classes) float64, rows sum to 1

    Raises
    ------
    InputError
        The dropouts are to be sampled but none has a rate above 0: every pass would be the same.
    """
    if dropouts and not any(dropout.p > 0 for dropout in dropouts):
        raise InputError("Monte Carlo dropout needs a dropout rate above 0 at one of its sites")
    devices = {p.device for p in network.parameters() if p.device.type == "cuda"}
    # dropout takes no generator; the fork leaves the global state as it was
    with torch.inference_mode(), torch.random.fork_rng(list(devices)), _sampling(network, dropouts):
        found = [_passes(forward, batch, samples, at_once, seed) for batch in batches]
    return np.concatenate(found, axis=1)


def _passes(
    forward: Callable[[B, int], Tensor], batch: B, samples: int, at_once: int, seed: int
) -> np.ndarray:
    """(samples, batch, classes) of one batch; the draws begin anew with every batch.

    So that an object's probabilities do not depend on which objects were predicted before.
    """
    torch.manual_seed(seed)
    found = []
    for start in range(0, samples, at_once):
        count = min(at_once, samples - start)
        logits = forward(batch, count).float().cpu().double()  # (count * batch, classes)
        found.append(logits.softmax(dim=-1).unflatten(0, (count, -1)))
    return torch.cat(found).numpy()


@contextmanager
def _sampling(network: nn.Module, dropouts: Collection[nn.Dropout]) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    for dropout in dropouts:
        dropout.train()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
