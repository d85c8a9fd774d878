"""Supervised tasks: class by cross-entropy, redshift by least squares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from nightjar.batching import Batch
from nightjar.tasks.base import Task, sequence


class ClassifyTask(Task):
    """Classification by cross-entropy.

    Parameters
    ----------
    network : gives logits (batch, classes)
    weights : (classes,) of the classes in the loss, see `class_weights`; None weighs all alike
    inputs : what the network takes of a batch
    """

    weights: Tensor | None

    def __init__(
        self,
        network: nn.Module,
        weights: Tensor | None = None,
        inputs: Callable[[Batch], tuple[Tensor, ...]] = sequence,
    ) -> None:
        super().__init__(network)
        self.register_buffer("weights", weights)
        self.inputs = inputs

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """``cross_entropy_loss``, nat."""
        assert batch.label is not None
        logits, label = self.gather(self.logits(batch)), self.gather(batch.label)
        return {"cross_entropy_loss": F.cross_entropy(logits, label, self.weights)}

    def logits(self, batch: Batch) -> Tensor:
        """What the network says, float32 (batch, classes)."""
        return self.network(*self.inputs(batch)).float()

    @property
    def scaling(self) -> dict[str, float]:
        """Nothing is needed besides the weights."""
        return {}

    def predict(self, batch: Batch) -> Tensor:
        """Probabilities, (batch, classes)."""
        return self.logits(batch).softmax(dim=-1)


class RegressTask(Task):
    """Redshift by least squares of its logarithm, in the training sample's standard deviations.

    The published baseline fits the raw redshift (see `nightjar.redshifts` for why this does not);
    its scale, about 0.03, is besides a tenth of a fresh output layer's, so that the first epochs
    only shrink the output.  In standard units the loss is 1 - R2 of the logarithm, and lr means
    what it means for the other tasks.

    Parameters
    ----------
    network : gives (batch, 1)
    mean, scale : of ln z in training (`redshifts.scale`); keep them with the weights, `predict`
        needs them
    inputs : what the network takes of a batch
    """

    def __init__(
        self,
        network: nn.Module,
        mean: float,
        scale: float,
        inputs: Callable[[Batch], tuple[Tensor, ...]] = sequence,
    ) -> None:
        super().__init__(network)
        self.mean, self.scale = mean, scale
        self.inputs = inputs

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """``redshift_loss``, in units of ``scale`` squared; every redshift must be positive."""
        assert batch.redshift is not None
        target = (batch.redshift.log() - self.mean) / self.scale
        predicted = self._standard(batch)
        return {"redshift_loss": F.mse_loss(self.gather(predicted), self.gather(target))}

    @property
    def scaling(self) -> dict[str, float]:
        """What `predict` needs besides the weights, to be stored with them."""
        return {"log_redshift_mean": self.mean, "log_redshift_scale": self.scale}

    def predict(self, batch: Batch) -> Tensor:
        """Redshifts, (batch,)."""
        return (self._standard(batch) * self.scale + self.mean).exp()

    def _standard(self, batch: Batch) -> Tensor:
        return self.network(*self.inputs(batch)).float().squeeze(-1)


def class_weights(label: ArrayLike, classes: int) -> Tensor:
    """Inverse frequency, of mean 1 over the objects: n / (classes present x n_class).

    Parameters
    ----------
    label : (n,) int in 0 .. classes - 1

    Returns
    -------
    (classes,) float32; 0 for a class without an object
    """
    count = np.bincount(np.asarray(label), minlength=classes)
    weight = count.sum() / np.maximum(count, 1) / (count > 0).sum()
    return torch.from_numpy(np.where(count > 0, weight, 0).astype(np.float32))
