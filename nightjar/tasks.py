"""Tasks: a network and its loss, so that the training loop knows nothing of modalities.

``task(batch)`` is a dict of scalars; the loop minimises the sum of those whose key ends in
``_loss``.  ``task.validate(batches)`` is a dict of numbers over a whole pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from nightjar import losses
from nightjar.batching import Batch, Pair
from nightjar.networks import Astromer, Maven


def sequence(batch: Batch) -> tuple[Tensor, ...]:
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


class MavenTask(Task):
    """Alignment of light curve and spectrum (arXiv:2408.16829, section 3).

    The loss of a batch depends on its number of pairs: validate with one batch size.
    """

    def forward(self, pair: Pair) -> dict[str, Tensor]:
        """``contrastive_loss`` of (batch, batch) pairs."""
        network = cast(Maven, self.network)
        light_curve = network.embed_light_curve(*sequence(pair.light_curve))  # (batch, embedding)
        spectrum = network.embed_spectrum(*sequence(pair.spectrum))  # (batch, embedding)
        return {"contrastive_loss": losses.info_nce(light_curve, spectrum, network.log_scale)}

    @torch.inference_mode()
    def embed(self, pairs: Iterable[Pair]) -> tuple[NDArray, NDArray]:
        """Embeddings of the light curves and of the spectra of a pass, both (n, embedding)."""
        network = cast(Maven, self.network)
        found = [
            (
                network.embed_light_curve(*sequence(pair.light_curve)).cpu().numpy(),
                network.embed_spectrum(*sequence(pair.spectrum)).cpu().numpy(),
            )
            for pair in (each.to(self.device) for each in pairs)
        ]
        light_curves, spectra = zip(*found, strict=True)
        return np.concatenate(light_curves), np.concatenate(spectra)


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
        """Mean over time of every layer, (batch, depth + 1, dim), all points visible."""
        return cast(Astromer, self.network).embed(*sequence(batch))

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
        loss = F.cross_entropy(self.logits(batch), batch.label, self.weights)
        return {"cross_entropy_loss": loss}

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
    """Redshift by least squares, in units of the training sample's standard deviation.

    The published baseline fits the raw redshift; its scale, about 0.03, is a tenth of a fresh
    output layer's, so that the first epochs only shrink the output.  In standard units the loss
    is 1 - R2, and lr means what it means for the other tasks.

    Parameters
    ----------
    network : gives (batch, 1)
    mean, scale : of the training redshifts; keep them with the weights, `predict` needs them
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
        """``redshift_loss``, in units of ``scale`` squared."""
        assert batch.redshift is not None
        target = (batch.redshift - self.mean) / self.scale
        return {"redshift_loss": F.mse_loss(self._standard(batch), target)}

    @property
    def scaling(self) -> dict[str, float]:
        """What `predict` needs besides the weights, to be stored with them."""
        return {"redshift_mean": self.mean, "redshift_scale": self.scale}

    def predict(self, batch: Batch) -> Tensor:
        """Redshifts, (batch,)."""
        return self._standard(batch) * self.scale + self.mean

    def _standard(self, batch: Batch) -> Tensor:
        return self.network(*self.inputs(batch)).float().squeeze(-1)


def moments(redshift: ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation (1 where it is 0) of training redshifts, for `RegressTask`."""
    values = np.asarray(redshift, dtype=np.float64)
    return float(values.mean()), float(values.std()) or 1.0


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
