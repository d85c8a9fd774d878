"""How far to trust a classifier: sampled probabilities and the scores made of them.

Probabilities have shape (samples, n, classes): T stochastic passes, or the members of an ensemble,
over the same n objects.  Every score is larger where the prediction is less certain.  Definitions:
arXiv:2412.10528 and the papers named below; entropies in nats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from nightjar.errors import InputError

B = TypeVar("B")


# --- scores -------------------------------------------------------------------------------------


def smp(probabilities: np.ndarray) -> np.ndarray:
    """Sampled maximum probability: 1 - max_c of the mean over samples (Shelmanov et al. 2021).

    Parameters
    ----------
    probabilities : (samples, n, classes), the last axis sums to 1

    Returns
    -------
    (n,) between 0 and 1 - 1/classes; with one sample it is 1 - the softmax maximum
    """
    return 1 - probabilities.mean(axis=0).max(axis=-1)


def pv(probabilities: np.ndarray) -> np.ndarray:
    """Probability variance: the samples' variance (ddof = 1), averaged over the classes.

    Vazhentsev et al. (2022); some authors divide by T and not T - 1, which ranks objects alike.

    Parameters
    ----------
    probabilities : (samples, n, classes); with one sample there is no variance and the result is 0

    Returns
    -------
    (n,)
    """
    if len(probabilities) < 2:
        return np.zeros(probabilities.shape[1])
    return probabilities.var(axis=0, ddof=1).mean(axis=-1)


def predictive_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of the mean over samples, (n,) nats: total uncertainty."""
    return _entropy(probabilities.mean(axis=0))


def expected_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Mean over samples of their entropies, (n,) nats: what more training cannot cure."""
    return _entropy(probabilities).mean(axis=0)


def bald(probabilities: np.ndarray) -> np.ndarray:
    """Bayesian active learning by disagreement: predictive minus expected entropy, (n,) nats.

    The mutual information between prediction and weights (Houlsby et al. 2011; Gal et al. 2017):
    0 where the samples agree, at most ln(classes).
    """
    # rounding can leave -1e-17 where the samples agree
    return np.maximum(predictive_entropy(probabilities) - expected_entropy(probabilities), 0)


def scores(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Every score by name, each (n,): ``smp``, ``pv``, ``bald``, ``entropy``, ``expected_entropy``.

    Parameters
    ----------
    probabilities : (samples, n, classes)
    """
    return {
        "smp": smp(probabilities),
        "pv": pv(probabilities),
        "bald": bald(probabilities),
        "entropy": predictive_entropy(probabilities),
        "expected_entropy": expected_entropy(probabilities),
    }


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    # 0 ln 0 = 0
    logs = np.log(probabilities, where=probabilities > 0, out=np.zeros_like(probabilities))
    return -np.sum(probabilities * logs, axis=-1)


# --- samplers -----------------------------------------------------------------------------------


def predict(
    network: nn.Module,
    forward: Callable[[B], Tensor],
    batches: Iterable[B],
    *,
    samples: int,
    dropout: bool,
    seed: int,
) -> np.ndarray:
    """Class probabilities of every object, by one pass or by Monte Carlo dropout.

    With ``dropout`` (Gal & Ghahramani 2016; arXiv:2412.10528) the network stays in evaluation mode
    but for its Dropout modules, and every batch passes ``samples`` times; without, one pass is all
    there is to know and the result has one sample.  The network's modes are restored.

    Parameters
    ----------
    network : the module whose dropout is sampled
    forward : batch -> (batch, classes) logits, computed by ``network``
    batches : read once, in order
    samples : passes with dropout
    dropout : sample, or take the one deterministic pass
    seed : of the dropout masks; same seed, batches and device, same result

    Returns
    -------
    (samples, n, classes) float64, rows sum to 1

    Raises
    ------
    InputError
        ``dropout`` is asked of a network that has none: every pass would be the same.
    """
    if dropout and not any(module.p > 0 for module in _dropouts(network)):
        raise InputError(
            "Monte Carlo dropout needs a network with a dropout rate above 0: "
            "set the stage's `dropout` in params.yaml"
        )
    passes = samples if dropout else 1
    gpus = {p.device for p in network.parameters() if p.device.type == "cuda"}
    # Dropout takes no generator; the fork leaves the global state as it was
    with torch.inference_mode(), torch.random.fork_rng(list(gpus)), _sampling(network, dropout):
        torch.manual_seed(seed)
        sampled = [torch.stack([_softmax(forward(b)) for _ in range(passes)]) for b in batches]
    return torch.cat(sampled, dim=1).numpy()


def _softmax(logits: Tensor) -> Tensor:
    return logits.float().cpu().double().softmax(dim=-1)


def _dropouts(network: nn.Module) -> list[_DropoutNd]:
    return [module for module in network.modules() if isinstance(module, _DropoutNd)]


@contextmanager
def _sampling(network: nn.Module, dropout: bool) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    for layer in _dropouts(network):
        layer.train(dropout)
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
