"""Classifiers on top of Astromer (Donoso-Oliva+2025)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nightjar.networks.astromer import Astromer, keras_init


class GammaHead(nn.Module):
    """Weighted mean over an encoder's layers, then an MLP (arXiv:2502.02717, "gamma" weights).

    The weights are softmax(gamma), equal at the start.  The published code also divides by the
    number of layers, a constant that the next Linear absorbs; it is left out.

    Parameters
    ----------
    layers, dim : number and width of the pooled layers
    hidden : widths of the MLP; 1024, 512, 256 as published
    classes : number of classes
    dropout : rate after each ReLU
    """

    def __init__(
        self, layers: int, dim: int, hidden: Sequence[int], classes: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "layers": layers,
            "dim": dim,
            "hidden": list(hidden),
            "classes": classes,
            "dropout": dropout,
        }
        self.gamma = nn.Parameter(torch.zeros(layers))
        parts: list[nn.Module] = []
        for width in hidden:
            parts += [nn.Linear(dim, width), nn.ReLU(), nn.Dropout(dropout)]
            dim = width
        self.mlp = nn.Sequential(*parts)
        self.norm = nn.LayerNorm(dim, eps=1e-3)  # Keras's default epsilon
        self.output = nn.Linear(dim, classes)
        self.apply(keras_init)

    def average(self, layers: Tensor) -> Tensor:
        """Weighted mean of pooled ``layers`` (batch, layers, dim): (batch, dim)."""
        weights = self.gamma.softmax(0)  # (layers,)
        return (weights[:, None] * layers).sum(1)

    def forward(self, layers: Tensor) -> Tensor:
        """Logits, float32 (batch, classes), of pooled ``layers`` (batch, layers, dim)."""
        return self.output(self.norm(self.mlp(self.average(layers)))).float()


class AstromerClassifier(nn.Module):
    """Astromer with a gamma head on the mean over time of every layer.

    Parameters
    ----------
    astromer : settings of the encoder; its dropout is replaced by ``dropout``
    hidden : widths of the head's MLP
    classes : number of classes
    dropout : rate in encoder and head: the sites that MC dropout samples
    """

    def __init__(
        self,
        astromer: Mapping[str, Any],
        hidden: Sequence[int],
        classes: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "astromer": {**astromer, "dropout": dropout},
            "hidden": list(hidden),
            "classes": classes,
            "dropout": dropout,
        }
        self.encoder = Astromer(**self.settings["astromer"])
        self.head = GammaHead(
            len(self.encoder.blocks) + 1, astromer["dim"], hidden, classes, dropout
        )
        self._freeze_unused()

    def forward(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Logits, float32 (batch, classes); arguments as in ``Astromer.layers``."""
        return self.head(self.encoder.embed(value, time, band, valid))

    def _freeze_unused(self) -> None:
        # kept so that pre-trained weights load whole; frozen since data-parallel training refuses
        # trainable parameters that get no gradient
        self.encoder.head.requires_grad_(False)
        if self.encoder.mask_token is not None:
            self.encoder.mask_token.requires_grad_(False)
