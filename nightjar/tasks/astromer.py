"""Astromer: reconstruction of probed magnitudes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from numpy.typing import NDArray
from torch import Tensor

from nightjar import losses
from nightjar.batching import Batch
from nightjar.networks import Astromer
from nightjar.networks.pooling import MaxPooling
from nightjar.tasks.base import Task, sequence


class AstromerTask(Task):
    """Reconstruction of probed magnitudes (Donoso-Oliva+2025).

    Parameters
    ----------
    network : an `Astromer`
    weighted : weigh the squared errors as Astromer 2 does; False is Astromer 1
    """

    def __init__(self, network: Astromer, weighted: bool = True) -> None:
        super().__init__(network)
        self.weighted = weighted
        self._maximum = MaxPooling()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """``reconstruction_loss``, mag: the (weighted) root mean square over probed points."""
        return {"reconstruction_loss": self._rmse(batch, self._reconstruct(batch), self.weighted)}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Scores over all probed points of a pass, however it is cut into batches.

        Returns
        -------
        ``reconstruction_loss`` as in `forward`; ``rmse``, the same without weights, mag; ``r2``
        without weights, about each window's own mean over its probed points
        """
        sums = torch.zeros(5, dtype=torch.float64)
        for batch in batches:
            sums += self._sums(batch).cpu()
        windows, weighted, plain, residual, variance = sums.tolist()
        return {
            "reconstruction_loss": (weighted / max(windows, 1)) ** 0.5,
            "rmse": (plain / max(windows, 1)) ** 0.5,
            "r2": 1 - residual / variance if variance > 0 else 0.0,
        }

    def embed(self, batch: Batch) -> Tensor:
        """Mean over time of every layer, then the last block's largest value over time.

        Returns
        -------
        (batch, depth + 2, dim), all points visible
        """
        network = cast(Astromer, self.network)
        layers = network.layers(*sequence(batch))  # depth + 1 of (batch, length, dim)
        means = [network.pool(layer, batch.valid) for layer in layers]
        return torch.stack([*means, self._maximum(layers[-1], batch.valid)], dim=1)

    @torch.inference_mode()
    def reconstruct(self, batch: Batch) -> dict[str, NDArray]:
        """Windows and their reconstruction, as `figures.reconstruction` takes them."""
        batch = batch.to(self.device)
        assert batch.probed is not None
        assert batch.target is not None
        return {
            "time": torch.where(batch.valid, batch.time, torch.nan).cpu().numpy(),
            "magnitude": batch.target.cpu().numpy(),
            "error": batch.error.cpu().numpy(),
            "predicted": self._reconstruct(batch).cpu().numpy(),
            "probed": batch.probed.cpu().numpy(),
        }

    def _sums(self, batch: Batch) -> Tensor:
        """Windows with probed points; their mean squares, weighted and not; R2's two sums."""
        assert batch.probed is not None
        assert batch.target is not None
        prediction = self._reconstruct(batch)
        windows = batch.probed.any(1).sum()
        squares = [self._rmse(batch, prediction, w) ** 2 for w in (self.weighted, False)]
        target = torch.where(batch.probed, batch.target, 0.0)
        mean = target.sum(1, keepdim=True) / batch.probed.sum(1, keepdim=True).clamp(min=1)
        residual = ((target - prediction) ** 2)[batch.probed].sum()
        variance = ((target - mean) ** 2)[batch.probed].sum()
        return torch.stack([windows, *(windows * square for square in squares), residual, variance])

    def _reconstruct(self, batch: Batch) -> Tensor:
        network = cast(Astromer, self.network)
        return network.reconstruct(
            batch.value, batch.time, batch.band, batch.valid, batch.masked
        )  # (batch, length)

    def _rmse(self, batch: Batch, prediction: Tensor, weighted: bool) -> Tensor:
        assert batch.probed is not None
        assert batch.target is not None
        weight = losses.error_weights(batch.error, batch.valid) if weighted else None
        return losses.masked_rmse(prediction, batch.target, batch.probed, weight)
