"""Astromer: reconstruction of probed magnitudes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nightjar import batching, losses
from nightjar.batching import Batch
from nightjar.batching.datasets import WindowData
from nightjar.networks import Astromer
from nightjar.networks.pooling import MaxPooling
from nightjar.tasks.base import Task, of_all_processes, sequence

LOSSES = ("rmse", "weighted_rmse", "scaled_rmse")
RECONSTRUCTIONS = ("reconstruction_loss", "decoded_loss")  # the second with a decoder only


class AstromerTask(Task):
    """Reconstruction of probed magnitudes (Donoso-Oliva+2025).

    Parameters
    ----------
    network : an `Astromer`
    loss : which of the scores of `validate` is minimised: "rmse" (Astromer 1), "weighted_rmse"
        (Astromer 2: errors weigh the points) or "scaled_rmse" (in standard deviations of the
        window, so that each star counts alike, however far it varies)
    """

    def __init__(self, network: Astromer, loss: str = "weighted_rmse") -> None:
        super().__init__(network)
        self.loss = loss
        self._maximum = MaxPooling()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """``reconstruction_loss``; with a decoder, its ``decoded_loss``, which counts as much."""
        found = [self._rmse(batch, each, self.loss) for each in self._reconstructions(batch)]
        return dict(zip(RECONSTRUCTIONS, found, strict=False))

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Scores over all probed points of a pass, however it is cut into batches.

        Of several processes each takes some of the batches, and has the scores of all.

        Errors weigh the points as in Astromer 2's loss (`losses.error_weights`).

        Returns
        -------
        ``reconstruction_loss``, which is ``loss``, and with a decoder ``decoded_loss``, the same of
        its reconstruction: both count, as in training.  Of the first reconstruction alone:
        ``rmse``, ``weighted_rmse``, in mag: the root of the mean over windows of their mean
        (weighted) square, as `losses.masked_rmse`; the weights sum to less than the points where
        errors differ, so that the two are not to be compared; ``scaled_rmse``, the same in standard
        deviations of each window; ``r2``, ``weighted_r2``, ``scaled_r2``: 1 - sum w (x - x')^2 /
        sum w (x - m)^2 over all probed points with the weights w of each, m the weighted mean of
        those of their window

        Notes
        -----
        The public code has the same unweighted R2, of each batch; its epochs are means over batches
        of R2 and of the root.  Those depend on the batch size, these do not.
        """
        parts = of_all_processes(self._sums(batches))
        scores = [_scores(each) for each in torch.stack(parts).sum(0)]
        found = [each[self.loss] for each in scores]
        return dict(zip(RECONSTRUCTIONS, found, strict=False)) | scores[0]

    @torch.no_grad()
    def all_points(self, windows: WindowData, size: int) -> dict[str, float]:
        """Scores of the reconstruction of everything: all points visible, and all scored.

        They tell what passes through the network, not how well it predicts hidden magnitudes.

        Parameters
        ----------
        windows : sequential ones; which of their points are probed does not matter
        size : windows in a batch

        Returns
        -------
        ``all_points_rmse``, ``all_points_weighted_r2``, ...: each score of `validate`
        """
        shown = replace(windows, probed=None)
        batches = batching.evaluation(shown, np.arange(len(shown)), size)()
        sums = self._sums(
            replace(each, probed=each.valid, target=each.value)
            for each in batching.ahead(batches, self.device)
        )
        return {f"all_points_{key}": value for key, value in _scores(sums[0]).items()}

    def embed(self, batch: Batch) -> Tensor:
        """The window's embedding at every layer, then the last block's largest value over time.

        Returns
        -------
        (batch, depth + 2, dim), all points visible
        """
        network = cast(Astromer, self.network)
        layers = network.layers(*sequence(batch))  # depth + 1 of (batch, tokens, dim)
        pooled = [network.pool(layer, batch.valid) for layer in layers]
        maximum = self._maximum(network.points(layers[-1]), batch.valid)
        return torch.stack([*pooled, maximum], dim=1)

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
            "predicted": self._reconstruct(replace(batch, probed=None)).cpu().numpy(),
            "probed": batch.probed.cpu().numpy(),
        }

    def _sums(self, batches: Iterable[Batch]) -> Tensor:
        """Sums over a pass of what `_sums_of_batch` gives, float64 on the CPU.

        (reconstructions, losses, 4).
        """
        count = 1 if cast(Astromer, self.network).decoder is None else 2
        sums = torch.zeros(count, len(LOSSES), 4, dtype=torch.float64)
        for batch in batches:
            for own, prediction in zip(sums, self._reconstructions(batch), strict=True):
                each = [self._sums_of_batch(batch, prediction, loss) for loss in LOSSES]
                own += torch.stack(each).cpu()
        return sums

    def _sums_of_batch(self, batch: Batch, prediction: Tensor, loss: str) -> Tensor:
        """Windows with probed points; the sum of their mean squares; R2's two sums."""
        assert batch.probed is not None
        assert batch.target is not None
        windows = batch.probed.any(1).sum()
        square = windows * self._rmse(batch, prediction, loss) ** 2
        weight = batch.probed * _weight(batch, loss)
        target = torch.where(batch.probed, batch.target, 0.0)
        total = weight.sum(1, keepdim=True).clamp(min=losses.NOISIEST)  # a probed point has more
        mean = (weight * target).sum(1, keepdim=True) / total
        residual = (weight * (target - prediction) ** 2)[batch.probed].sum()
        deviation = (weight * (target - mean) ** 2)[batch.probed].sum()
        return torch.stack([windows, square, residual, deviation])

    def _reconstruct(self, batch: Batch) -> Tensor:
        return self._reconstructions(batch)[0]

    def _reconstructions(self, batch: Batch) -> tuple[Tensor, ...]:
        """Each (batch, length), see `Astromer.reconstructions`."""
        network = cast(Astromer, self.network)
        return network.reconstructions(*sequence(batch), batch.masked, batch.probed, batch.extent)

    def _rmse(self, batch: Batch, prediction: Tensor, loss: str) -> Tensor:
        assert batch.probed is not None
        assert batch.target is not None
        weight = _weight(batch, loss)
        found = losses.mean_squares(prediction, batch.target, batch.probed, weight)
        return losses.root_mean(*map(self.gather, found))


def _scores(sums: Tensor) -> dict[str, float]:
    """RMSE and R2 of the sums over a pass, with the weights of each loss."""
    scores = {}
    for loss, values in zip(LOSSES, sums.tolist(), strict=True):
        windows, square, residual, deviation = values
        scores[loss] = (square / max(windows, 1)) ** 0.5
        scores[loss.replace("rmse", "r2")] = 1 - residual / deviation if deviation > 0 else 0.0
    return scores


def _weight(batch: Batch, loss: str) -> Tensor:
    """Of each point's squared error in this loss, (batch, length)."""
    match loss:
        case "rmse":
            return batch.valid.float()
        case "weighted_rmse":
            return losses.error_weights(batch.error, batch.valid)
        case "scaled_rmse":
            assert batch.target is not None
            return losses.variance_weights(batch.target, batch.valid)
    raise ValueError(f"loss {loss!r} is none of {', '.join(LOSSES)}")
