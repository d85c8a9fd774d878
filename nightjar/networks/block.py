"""Astromer's transformer block: attention and tanh feed-forward, each with a skip and a LayerNorm.

Sources as in `nightjar.networks.astromer`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from nightjar.networks.attention import ALL, MultiHeadAttention
from nightjar.networks.linear import FeedForward
from nightjar.networks.stochastic import SampledDropout, StochasticAttention, repeat

Skip = Literal["none", "learned", "residual"]
Norm = Literal["post", "pre"]
Rates = float | Mapping[str, float]  # dropout: one rate, or one for each site

SITES = ("embedding", "attention", "feedforward")


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
    """Attention and tanh feed-forward, each with dropout, a skip and a LayerNorm.

    post: x = LN(skip(x) + MHA(x)), x = LN(skip(x) + FF(x)), as published.  pre: x = skip(x) +
    MHA(LN(x)), x = skip(x) + FF(LN(x)) (Xiong+2020): what came in is never normalised away.

    Parameters
    ----------
    dim, heads, feedforward : width, heads, hidden width of the feed-forward part
    skip : "none" (Astromer 1), "learned" (a Linear on the skip, Astromer 2 as released) or
        "residual" (Astromer 2 in the paper)
    norm : "post" or "pre"
    dropout : rate, or the rates after attention and after feed-forward
    stochastic : settings of a ``StochasticAttention`` in place of the deterministic one
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        feedforward: int,
        skip: Skip,
        norm: Norm,
        dropout: Rates,
        stochastic: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if norm not in ("post", "pre"):
            raise ValueError(f"norm {norm!r} is not one of post, pre")
        self.norm = norm
        self.attention = (
            MultiHeadAttention(dim, heads, bias_qkv=True, scale="head")
            if stochastic is None
            else StochasticAttention(dim, heads, **stochastic)
        )
        self.attention_skip = _skip(skip, dim)
        self.attention_norm = nn.LayerNorm(dim, eps=1e-6)
        self.attention_dropout = SampledDropout(rate_of(dropout, "attention"))
        self.feedforward = FeedForward(dim, feedforward, "tanh")
        self.feedforward_skip = _skip(skip, dim)
        self.feedforward_norm = nn.LayerNorm(dim, eps=1e-6)
        self.feedforward_dropout = SampledDropout(rate_of(dropout, "feedforward"))

    @property
    def stochastic(self) -> bool:
        """Whether two passes differ."""
        random = isinstance(self.attention, StochasticAttention)
        return random or self.attention_dropout.draws or self.feedforward_dropout.draws

    def forward(
        self,
        sequence: Tensor,
        bias: Tensor,
        samples: int = 1,
        repeated: bool = True,
        *,
        seen: int | None = None,
        read: slice = ALL,
    ) -> Tensor:
        """(samples * batch, length, dim) to the same; ``bias`` (batch, 1, 1 or length, length).

        Where not ``repeated``, ``sequence`` is (batch, length, dim), and a ``stochastic`` block
        repeats it where its first noise comes in.

        Parameters
        ----------
        seen : attend to the first so many tokens only, see `nightjar.networks.reading`; not with
            stochastic attention
        read : give back these tokens only, (samples * batch, ., dim); neither where every query has
            its own bias
        """
        once, pre = repeated, self.norm == "pre"
        given = self.attention_norm(sequence) if pre else sequence
        if isinstance(self.attention, StochasticAttention):
            update, repeated = self.attention(given, bias, samples, repeated, read), True
        else:
            bias = repeat(bias, samples) if repeated else bias
            if seen is None and read == ALL:
                update = self.attention(given, bias)
            else:
                update = self.attention.among(given[:, read], given[:, :seen], bias[..., :seen])
        sequence = sequence[:, read]
        update = self.attention_dropout(update, samples, repeated)
        repeated |= self.attention_dropout.draws
        times = samples if repeated and not once else 1
        sequence = _add(self.attention_skip, sequence, update, times)
        given = self.feedforward_norm(sequence) if pre else self.attention_norm(sequence)
        update = self.feedforward_dropout(self.feedforward(given), samples, repeated)
        times = samples if self.feedforward_dropout.draws and not repeated else 1
        if pre:
            return _add(self.feedforward_skip, sequence, update, times)
        return self.feedforward_norm(_add(self.feedforward_skip, given, update, times))


def _add(skip: nn.Module | None, sequence: Tensor, update: Tensor, times: int) -> Tensor:
    return update if skip is None else repeat(skip(sequence), times) + update
