"""Astromer 1 and 2: transformers over windows of one band, trained by masked reconstruction.

Sources: arXiv:2205.01677 (Astromer 1), arXiv:2502.02717 (Astromer 2) and the authors' code, which
differ; ``NAMED`` says which is which (Donoso-Oliva+2025).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from nightjar.networks.attention import MultiHeadAttention, attention_bias
from nightjar.networks.encodings import AstromerEncoding, ValueEmbedding
from nightjar.networks.pooling import MeanPooling
from nightjar.networks.stochastic import SampledDropout, StochasticAttention, repeat

Skip = Literal["none", "learned", "residual"]
Rates = float | Mapping[str, float]  # dropout: one rate, or one for each site

SITES = ("embedding", "attention", "feedforward")

_SIZES_1 = {"dim": 256, "depth": 2, "heads": 4, "feedforward": 128, "base": 10000.0}
_SIZES_2 = {"dim": 256, "depth": 6, "heads": 4, "feedforward": 512}

# The published sizes.  astromer1: as released, hidden and padded keys favoured, hidden magnitudes
# in sight.  astromer1_strict: the same sizes, nothing hidden in sight, which takes a mask token
# besides the key mask: a hidden point's own magnitude would still steer its own query.
# astromer2_released: learned skips and no token, as in the released weights.  astromer2: the paper.
NAMED: dict[str, dict[str, Any]] = {
    "astromer1": {**_SIZES_1, "skip": "none", "mask": "legacy", "mask_token": False},
    "astromer1_strict": {**_SIZES_1, "skip": "none", "mask": "strict", "mask_token": True},
    "astromer2_released": {
        **_SIZES_2,
        "base": 10000.0,
        "skip": "learned",
        "mask": "strict",
        "mask_token": False,
    },
    "astromer2": {
        **_SIZES_2,
        "base": 1000.0,
        "skip": "residual",
        "mask": "strict",
        "mask_token": True,
    },
}


def keras_init(module: nn.Module) -> None:
    """Keras's defaults, for ``nn.Module.apply``: Glorot uniform weights, zero biases."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _skip(kind: Skip, dim: int) -> nn.Module | None:
    match kind:
        case "none":
            return None
        case "learned":
            return nn.Linear(dim, dim)
        case "residual":
            return nn.Identity()
    raise ValueError(f"skip {kind!r} is not one of none, learned, residual")


def rate_of(dropout: Rates, site: str) -> float:
    """Dropout rate of a site: of ``SITES``, or "head" in a classifier."""
    return dropout[site] if isinstance(dropout, Mapping) else dropout


class AstromerBlock(nn.Module):
    """Attention and tanh feed-forward, each with dropout, a skip and a LayerNorm after it.

    Parameters
    ----------
    dim, heads, feedforward : width, heads, hidden width of the feed-forward part
    skip : "none" (Astromer 1), "learned" (a Linear on the skip, Astromer 2 as released) or
        "residual" (Astromer 2 in the paper)
    dropout : rate, or the rates after attention and after feed-forward
    stochastic : settings of a ``StochasticAttention`` in place of the deterministic one
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        feedforward: int,
        skip: Skip,
        dropout: Rates,
        stochastic: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.attention = (
            MultiHeadAttention(dim, heads, bias_qkv=True, scale="head")
            if stochastic is None
            else StochasticAttention(dim, heads, **stochastic)
        )
        self.attention_skip = _skip(skip, dim)
        self.attention_norm = nn.LayerNorm(dim, eps=1e-6)
        self.attention_dropout = SampledDropout(rate_of(dropout, "attention"))
        self.feedforward = nn.Sequential(
            nn.Linear(dim, feedforward), nn.Tanh(), nn.Linear(feedforward, dim)
        )
        self.feedforward_skip = _skip(skip, dim)
        self.feedforward_norm = nn.LayerNorm(dim, eps=1e-6)
        self.feedforward_dropout = SampledDropout(rate_of(dropout, "feedforward"))

    @property
    def stochastic(self) -> bool:
        """Whether two passes differ."""
        random = isinstance(self.attention, StochasticAttention)
        return random or self.attention_dropout.draws or self.feedforward_dropout.draws

    def forward(
        self, sequence: Tensor, bias: Tensor, samples: int = 1, repeated: bool = True
    ) -> Tensor:
        """(samples * batch, length, dim) to the same; ``bias`` (batch, 1, 1 or length, length).

        Where not ``repeated``, ``sequence`` is (batch, length, dim), and a ``stochastic`` block
        repeats it where its first noise comes in.
        """
        once = repeated
        if isinstance(self.attention, StochasticAttention):
            update, repeated = self.attention(sequence, bias, samples, repeated), True
        else:
            update = self.attention(sequence, repeat(bias, samples) if repeated else bias)
        update = self.attention_dropout(update, samples, repeated)
        repeated |= self.attention_dropout.draws
        times = samples if repeated > once else 1
        sequence = self.attention_norm(_add(self.attention_skip, sequence, update, times))
        update = self.feedforward_dropout(self.feedforward(sequence), samples, repeated)
        times = samples if self.feedforward_dropout.draws > repeated else 1
        return self.feedforward_norm(_add(self.feedforward_skip, sequence, update, times))


def _add(skip: nn.Module | None, sequence: Tensor, update: Tensor, times: int) -> Tensor:
    return update if skip is None else repeat(skip(sequence), times) + update


class Astromer(nn.Module):
    """The encoder and its reconstruction head.

    Parameters
    ----------
    dim, depth, heads, feedforward : width, blocks, heads, hidden width of the feed-forward part
    base : of the time encoding
    skip : "none", "learned" or "residual", see ``AstromerBlock``
    mask : "strict": hidden and padded keys are ignored. "legacy": the published Astromer 1, which
        adds 1 to the logits of every pair with a hidden or padded point, hence favours them; its
        results depend on the padded length
    mask_token : whether a learned number, initially 0, stands in for hidden magnitudes, without
        which a hidden point sees its own magnitude
    dropout : rate after the input embedding, attention and feed-forward; or the rate of each of
        these ``SITES``
    stochastic : None, or settings of ``StochasticAttention`` and ``blocks``, how many blocks have
        it: the last ones
    """

    def __init__(
        self,
        dim: int,
        depth: int,
        heads: int,
        feedforward: int,
        base: float,
        skip: Skip,
        mask: Literal["legacy", "strict"],
        mask_token: bool,
        dropout: Rates = 0.0,
        stochastic: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if mask not in ("legacy", "strict"):
            raise ValueError(f"mask {mask!r} is not one of legacy, strict")
        self.settings: dict[str, Any] = {
            "dim": dim,
            "depth": depth,
            "heads": heads,
            "feedforward": feedforward,
            "base": base,
            "skip": skip,
            "mask": mask,
            "mask_token": mask_token,
            "dropout": dict(dropout) if isinstance(dropout, Mapping) else dropout,
            "stochastic": None if stochastic is None else dict(stochastic),
        }
        self.mask = mask
        self.mask_token = nn.Parameter(torch.zeros(())) if mask_token else None
        self.value_embedding = ValueEmbedding(dim)
        self.time_encoding = AstromerEncoding(dim, base)
        self.dropout = SampledDropout(rate_of(dropout, "embedding"))
        attention = [None] * depth if stochastic is None else _last_blocks(depth, **stochastic)
        self.blocks = nn.ModuleList(
            AstromerBlock(dim, heads, feedforward, skip, dropout, each) for each in attention
        )
        self.head = nn.Sequential(nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, 1))
        self.pool = MeanPooling()
        self.apply(keras_init)

    def layers(
        self,
        value: Tensor,
        time: Tensor,
        band: Tensor,
        valid: Tensor,
        masked: Tensor | None = None,
        *,
        samples: int = 1,
    ) -> list[Tensor]:
        """Input embedding and output of every block: depth + 1 tensors (batch, length, dim).

        Parameters
        ----------
        value : (batch, length) float32, magnitude less the window's mean
        time : (batch, length) float32, days from the window's mean
        band : not looked at: a window is of one band
        valid : (batch, length) bool, True = observed
        masked : (batch, length) bool, True = hidden
        samples : passes, see `nightjar.networks.stochastic`; from the first noise on, layers are
            (samples * batch, length, dim), sample by sample
        """
        hidden = ~valid if masked is None else ~valid | masked  # (batch, length)
        sequence = self._embed_points(value, time, valid, masked)  # (batch, length, dim)
        bias = self._bias(hidden, sequence.dtype)
        layers, repeated = [self.dropout(sequence, samples, False)], self.dropout.draws
        for block in cast(Iterable[AstromerBlock], self.blocks):
            layers.append(block(layers[-1], bias, samples, repeated))
            repeated |= block.stochastic
        return layers

    def forward(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, masked: Tensor | None = None
    ) -> Tensor:
        """Output of the last block, (batch, length, dim); arguments as in ``layers``."""
        return self.layers(value, time, band, valid, masked)[-1]

    def reconstruct(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, masked: Tensor | None = None
    ) -> Tensor:
        """Magnitude at every time, float32 (batch, length); arguments as in ``layers``."""
        sequence = self(value, time, band, valid, masked)  # (batch, length, dim)
        return self.head(sequence).squeeze(-1).float()

    def embed(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, *, samples: int = 1
    ) -> Tensor:
        """Mean over time of every layer, (samples * batch, depth + 1, dim), sample by sample.

        Arguments as in ``layers``.
        """
        layers = self.layers(value, time, band, valid, samples=samples)
        return torch.stack([self._pooled(layer, valid, samples) for layer in layers], dim=1)

    def _pooled(self, layer: Tensor, valid: Tensor, samples: int) -> Tensor:
        if samples > 1 and len(layer) > len(valid):
            return self.pool(layer, repeat(valid, samples))
        return repeat(self.pool(layer, valid), samples)

    def _embed_points(
        self, value: Tensor, time: Tensor, valid: Tensor, masked: Tensor | None
    ) -> Tensor:
        if self.mask_token is not None and masked is not None:
            value = torch.where(masked, self.mask_token, value)
        # what stands in padding may be anything, NaN included: it is blanked before use
        sequence = self.value_embedding(value.masked_fill(~valid, 0.0))
        return sequence + self.time_encoding(time.masked_fill(~valid, 0.0))

    def _bias(self, hidden: Tensor, dtype: torch.dtype) -> Tensor:
        if self.mask == "strict":
            return attention_bias(hidden, dtype)  # (batch, 1, 1, length)
        either = hidden[:, None, :, None] | hidden[:, None, None, :]  # (batch, 1, length, length)
        return either.to(dtype)


def _last_blocks(depth: int, blocks: int, **attention: Any) -> list[dict[str, Any] | None]:
    """Settings of the attention of every block: ``attention`` in the last ``blocks`` ones."""
    if not 1 <= blocks <= depth:
        raise ValueError(f"blocks {blocks} is not among 1 .. {depth}, the network's depth")
    return [None] * (depth - blocks) + [attention] * blocks
