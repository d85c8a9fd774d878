"""Classifiers on top of Astromer (Donoso-Oliva+2025)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nightjar.networks.astromer import Astromer
from nightjar.networks.block import SITES, Rates, keras_init, rate_of
from nightjar.networks.pooling import POOLING_HEADS, AttentionPooling
from nightjar.networks.stochastic import SampledDropout


class MLPHead(nn.Module):
    """The published head: Linear and ReLU, thrice, LayerNorm, Linear.

    Parameters
    ----------
    dim : width of what it classifies
    hidden : widths of the layers; 1024, 512, 256 as published
    classes : number of classes
    dropout : rate after each ReLU
    """

    def __init__(self, dim: int, hidden: Sequence[int], classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for width in hidden:
            parts += [nn.Linear(dim, width), nn.ReLU(), SampledDropout(dropout)]
            dim = width
        self.mlp = nn.Sequential(*parts)
        self.norm = nn.LayerNorm(dim, eps=1e-3)  # Keras's default epsilon
        self.output = nn.Linear(dim, classes)
        self.apply(keras_init)

    def forward(self, pooled: Tensor, samples: int = 1) -> Tensor:
        """Logits, float32, of ``pooled`` (samples * batch, dim), row by row."""
        for part in self.mlp:
            pooled = part(pooled, samples) if isinstance(part, SampledDropout) else part(pooled)
        return self.output(self.norm(pooled)).float()


class GammaHead(MLPHead):
    """Weighted mean over an encoder's layers, then an MLP (arXiv:2502.02717, "gamma" weights).

    The weights are softmax(gamma), equal at the start.  The published code also divides by the
    number of layers, a constant that the next Linear absorbs; it is left out.

    Parameters
    ----------
    layers, dim : number and width of the pooled layers
    hidden, classes, dropout : see `MLPHead`
    """

    def __init__(
        self, layers: int, dim: int, hidden: Sequence[int], classes: int, dropout: float = 0.0
    ) -> None:
        super().__init__(dim, hidden, classes, dropout)
        self.settings: dict[str, Any] = {
            "layers": layers,
            "dim": dim,
            "hidden": list(hidden),
            "classes": classes,
            "dropout": dropout,
        }
        self.gamma = nn.Parameter(torch.zeros(layers))

    def average(self, layers: Tensor) -> Tensor:
        """Weighted mean of pooled ``layers`` (batch, layers, dim): (batch, dim)."""
        weights = self.gamma.softmax(0)  # (layers,)
        return (weights[:, None] * layers).sum(1)

    def forward(self, layers: Tensor, samples: int = 1) -> Tensor:
        """Logits, float32, of pooled ``layers`` (samples * batch, layers, dim), row by row."""
        return super().forward(self.average(layers), samples)


class AstromerClassifier(nn.Module):
    """Astromer with a gamma head on the mean over time of every layer.

    Parameters
    ----------
    astromer : settings of the encoder; its dropout and attention are replaced by what follows
    hidden : widths of the head's MLP
    classes : number of classes
    dropout : rate in encoder and head; or one for each of the sites embedding, attention,
        feedforward, head
    stochastic : settings of the encoder's stochastic attention, see ``Astromer``; None has none
    """

    def __init__(
        self,
        astromer: Mapping[str, Any],
        hidden: Sequence[int],
        classes: int,
        dropout: Rates = 0.0,
        stochastic: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        sites = {site: rate_of(dropout, site) for site in SITES}
        rate = sites if isinstance(dropout, Mapping) else dropout
        encoder = {**astromer, "dropout": rate, "stochastic": stochastic}
        self.encoder = Astromer(**encoder)
        self.settings: dict[str, Any] = {
            "astromer": self.encoder.settings,
            "hidden": list(hidden),
            "classes": classes,
            "dropout": dict(dropout) if isinstance(dropout, Mapping) else dropout,
            "stochastic": self.encoder.settings["stochastic"],
        }
        layers, head = len(self.encoder.blocks) + 1, rate_of(dropout, "head")
        self.head = GammaHead(layers, astromer["dim"], hidden, classes, head)
        self._freeze_unused()

    def forward(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, *, samples: int = 1
    ) -> Tensor:
        """Logits, float32 (samples * batch, classes), sample by sample.

        Arguments as in ``Astromer.layers``.
        """
        layers = self.encoder.embed(value, time, band, valid, samples=samples)
        return self.head(layers, samples)

    def take(self, pretrained: Mapping[str, Tensor]) -> None:
        """Begin with a pre-trained `Astromer`'s state; centroids, which it lacks, stay new.

        Raises
        ------
        ValueError
            It has other weights than this encoder.
        """
        missing, unknown = self.encoder.load_state_dict(pretrained, strict=False)
        wrong = [name for name in missing if not name.endswith(".centroids")] + unknown
        if wrong:
            raise ValueError(f"these weights do not fit the encoder: {', '.join(wrong[:5])}")

    def dropouts(self, blocks: int) -> list[SampledDropout]:
        """What Monte Carlo dropout samples: sites of a rate above 0 in the last ``blocks`` blocks.

        The head's sites always belong to it, that of the input embedding where all blocks do.
        """
        parts: list[nn.Module] = [*list(self.encoder.blocks)[-blocks:], self.head]
        if blocks >= len(self.encoder.blocks):
            parts.append(self.encoder.dropout)
        within = (module for part in parts for module in part.modules())
        return [each for each in within if isinstance(each, SampledDropout) and each.p > 0]

    def _freeze_unused(self) -> None:
        # kept so that pre-trained weights load whole; frozen since data-parallel training refuses
        # trainable parameters that get no gradient
        self.encoder.head.requires_grad_(False)
        for unused in (self.encoder.mask_token, self.encoder.decoder):
            if unused is not None:
                unused.requires_grad_(False)


class AttentionClassifier(nn.Module):
    """A frozen Astromer, attention pooling over its last block, and the MLP head.

    The published pooling by attention let padding in; this one does not (see `AttentionPooling`).
    The encoder has no dropout: the published one goes on to drop while the head trains.

    Parameters
    ----------
    astromer : settings of the encoder
    hidden, classes : see `MLPHead`
    dropout : rate in the head
    """

    def __init__(
        self,
        astromer: Mapping[str, Any],
        hidden: Sequence[int],
        classes: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = Astromer(**{**astromer, "dropout": 0.0}).requires_grad_(False)
        self.pool = AttentionPooling(astromer["dim"], POOLING_HEADS)
        self.head = MLPHead(astromer["dim"], hidden, classes, dropout)

    def forward(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Logits, float32 (batch, classes); arguments as in ``Astromer.layers``."""
        with torch.no_grad():
            sequence = self.encoder(value, time, band, valid)  # (batch, length, dim)
        return self.head(self.pool(sequence, valid))
