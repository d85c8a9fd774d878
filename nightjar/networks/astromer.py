"""Astromer 1 and 2: transformers over windows of one band, trained by masked reconstruction.

Sources: arXiv:2205.01677 (Astromer 1), arXiv:2502.02717 (Astromer 2) and the authors' code, which
differ; ``NAMED`` says which is which (Donoso-Oliva+2025).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from nightjar.networks.attention import attention_bias
from nightjar.networks.block import ALL, AstromerBlock, Norm, Rates, Skip, keras_init, rate_of
from nightjar.networks.encodings import AstromerEncoding, ValueEmbedding
from nightjar.networks.pooling import MeanPooling
from nightjar.networks.reading import Reading, reading
from nightjar.networks.star import CurveDecoder, PhaseEncoding, Star, StarToken, describe
from nightjar.networks.stochastic import SampledDropout, repeat

# what the papers leave out, see `nightjar.networks.star`
_PLAIN: dict[str, Any] = {
    "norm": "post",
    "scaled": False,
    "harmonics": 0,
    "star_token": False,
    "decoder": False,
    "shortest_period": 0.05,
}
_SIZES_1 = {
    "dim": 256,
    "depth": 2,
    "heads": 4,
    "feedforward": 128,
    "base": 10000.0,
    **_PLAIN,
}
_SIZES_2 = {"dim": 256, "depth": 6, "heads": 4, "feedforward": 512, **_PLAIN}

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
    norm : "post" (published) or "pre", see ``AstromerBlock``
    scaled : whether magnitudes are read, and predicted, in standard deviations of the visible ones
    harmonics : of twice the star's own period, which encode where in it each point lies, see
        `nightjar.networks.star`; 0 encodes the time alone
    star_token : whether a token for the star (its period, amplitude, ...) stands before the points;
        it is then the embedding of the window, in place of the mean over the points
    decoder : whether a second reconstruction is made, from that token's last state and the phase
    shortest_period : days: shortest period looked for
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
        norm: Norm = "post",
        scaled: bool = False,
        harmonics: int = 0,
        star_token: bool = False,
        decoder: bool = False,
        shortest_period: float = 0.05,
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
            "norm": norm,
            "scaled": scaled,
            "harmonics": harmonics,
            "star_token": star_token,
            "decoder": decoder,
            "shortest_period": shortest_period,
            "dropout": dict(dropout) if isinstance(dropout, Mapping) else dropout,
            "stochastic": None if stochastic is None else dict(stochastic),
        }
        if decoder and not (star_token and harmonics):
            raise ValueError("decoder needs star_token and harmonics above 0")
        self.mask, self.scaled, self.shortest_period = mask, scaled, shortest_period
        self._any_order = mask == "strict" and stochastic is None  # all the same to every block
        self.describes = scaled or star_token or harmonics > 0
        self.mask_token = nn.Parameter(torch.zeros(())) if mask_token else None
        self.value_embedding = ValueEmbedding(dim)
        self.time_encoding = AstromerEncoding(dim, base)
        self.phase_encoding = PhaseEncoding(dim, harmonics) if harmonics else None
        self.star_token = StarToken(dim) if star_token else None
        self.dropout = SampledDropout(rate_of(dropout, "embedding"))
        attention = [None] * depth if stochastic is None else _last_blocks(depth, **stochastic)
        self.blocks = nn.ModuleList(
            AstromerBlock(dim, heads, feedforward, skip, norm, dropout, each) for each in attention
        )
        self.head = nn.Sequential(nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, 1))
        self.decoder = CurveDecoder(dim, harmonics) if decoder else None
        self.mean = MeanPooling()
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
        """Input embedding and output of every block: depth + 1 tensors (batch, tokens, dim).

        The tokens are the points, and before them the star's where there is one.

        Parameters
        ----------
        value : (batch, length) float32, magnitude less the window's mean
        time : (batch, length) float32, days from the window's mean
        band : not looked at: a window is of one band
        valid : (batch, length) bool, True = observed
        masked : (batch, length) bool, True = hidden
        samples : passes, see `nightjar.networks.stochastic`; from the first noise on, layers are
            (samples * batch, tokens, dim), sample by sample
        """
        return self._layers(value, time, valid, masked, samples)[0]

    def forward(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, masked: Tensor | None = None
    ) -> Tensor:
        """The points at the output of the last block, (batch, length, dim); see ``layers``."""
        return self.points(self.layers(value, time, band, valid, masked)[-1])

    def reconstruct(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, masked: Tensor | None = None
    ) -> Tensor:
        """Magnitude at every time, float32 (batch, length); arguments as in ``layers``."""
        return self.reconstructions(value, time, band, valid, masked)[0]

    def reconstructions(
        self,
        value: Tensor,
        time: Tensor,
        band: Tensor,
        valid: Tensor,
        masked: Tensor | None = None,
        probed: Tensor | None = None,
        extent: tuple[int, int] | None = None,
    ) -> tuple[Tensor, ...]:
        """That of ``reconstruct`` and, with a decoder, the one from the star's embedding alone.

        Parameters
        ----------
        probed : (batch, length) bool, the points that are asked for: what stands at the others
            means nothing; None: all
        extent : of the batch (`Batch.extent`), with which what means nothing is not computed,
            where that can be spared; None: everything is
        """
        plan = None
        if masked is not None and probed is not None and extent and self._any_order:
            plan = reading(valid, masked, probed, extent)
            value, time, valid, masked = map(plan.sorted, (value, time, valid, masked))
        seen, read = self._needed(plan)
        layers, star = self._layers(value, time, valid, masked, seen=seen, read=read)
        last = layers[-1]
        found = [self.head(self.points(last)).squeeze(-1).float()]
        if self.decoder is not None:
            assert star is not None
            found.append(self.decoder(self.head[0](last[:, 0]), star.phase))
        if self.scaled:
            assert star is not None
            found = [star.magnitude(each) for each in found]
        return tuple(found if plan is None else map(plan.restored, found))

    def embed(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, *, samples: int = 1
    ) -> Tensor:
        """Embedding of the window at every layer, (samples * batch, depth + 1, dim), see ``pool``.

        Sample by sample; arguments as in ``layers``.
        """
        layers = self._layers_to_pool(value, time, valid, samples)
        return torch.stack([self._pooled(layer, valid, samples) for layer in layers], dim=1)

    def embed_layer(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, layer: int
    ) -> Tensor:
        """Embedding of the window at one layer, (batch, dim); arguments as in ``layers``.

        ``layer``: 0 is the input embedding, 1 the first block, -1 the last.
        """
        return self.pool(self._layers_to_pool(value, time, valid)[layer], valid)

    def points(self, layer: Tensor) -> Tensor:
        """The points of a layer, (batch, length, dim), without the star's token."""
        return layer if self.star_token is None else layer[:, 1:]

    def pool(self, layer: Tensor, valid: Tensor) -> Tensor:
        """Embedding (batch, dim) of a layer: the star's token, or the mean over observed points."""
        return self.mean(layer, valid) if self.star_token is None else layer[:, 0]

    def _pooled(self, layer: Tensor, valid: Tensor, samples: int) -> Tensor:
        if samples > 1 and len(layer) > len(valid):
            return self.pool(layer, repeat(valid, samples))
        return repeat(self.pool(layer, valid), samples)

    def _layers(
        self,
        value: Tensor,
        time: Tensor,
        valid: Tensor,
        masked: Tensor | None,
        samples: int = 1,
        seen: int | None = None,
        read: slice = ALL,
    ) -> tuple[list[Tensor], Star | None]:
        """Those of ``layers``, ``read`` of the last alone; and the star, where there is one."""
        # what stands in padding may be anything, NaN included
        value, time = (each.masked_fill(~valid, 0.0) for each in (value, time))
        hidden = ~valid if masked is None else ~valid | masked  # (batch, length)
        star = describe(value, time, ~hidden, self.shortest_period) if self.describes else None
        sequence = self._embed_points(star, value, time, masked)  # (batch, length, dim)
        if self.star_token is not None:
            assert star is not None
            sequence = torch.cat([self.star_token(star.summary).unsqueeze(1), sequence], dim=1)
            hidden = nn.functional.pad(hidden, (1, 0), value=False)
        bias = self._bias(hidden, sequence.dtype)
        layers, repeated = [self.dropout(sequence, samples, False)], self.dropout.draws
        for block in cast(Iterable[AstromerBlock], self.blocks):
            part = read if len(layers) == len(self.blocks) else ALL
            layers.append(block(layers[-1], bias, samples, repeated, seen=seen, read=part))
            repeated |= block.stochastic
        return layers, star

    def _layers_to_pool(
        self, value: Tensor, time: Tensor, valid: Tensor, samples: int = 1
    ) -> list[Tensor]:
        """As ``layers``, but of the last the star's token alone, where it is the embedding."""
        read = ALL if self.star_token is None or self.mask == "legacy" else slice(1)
        return self._layers(value, time, valid, None, samples, read=read)[0]

    def _needed(self, plan: Reading | None) -> tuple[int | None, slice]:
        """How many of the first tokens are attended to, and which are read, of the last block."""
        if plan is None:
            return None, ALL
        if self.star_token is None:
            return plan.seen, slice(plan.start, None)
        return plan.seen + 1, ALL  # the star's token comes first, and is read

    def _embed_points(
        self, star: Star | None, value: Tensor, time: Tensor, masked: Tensor | None
    ) -> Tensor:
        if self.scaled:
            assert star is not None
            value = star.shape(value)
        if self.mask_token is not None and masked is not None:
            value = torch.where(masked, self.mask_token, value)
        sequence = self.value_embedding(value) + self.time_encoding(time)
        if self.phase_encoding is not None:
            assert star is not None
            sequence = sequence + self.phase_encoding(star.phase)
        return sequence

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
