"""From a sequence to one vector: pooling that never sees padding.

All take ``sequence`` (batch, length, dim) and ``valid`` (batch, length, True = observed) and return
(batch, dim).  An empty sequence gives zeros: a missing modality must not turn a batch into NaN.
"""

import torch
from torch import Tensor, nn

from nightjar.networks.attention import attend, attention_bias, merge_heads, split_heads

POOLING_HEADS = 2  # of attention pooling, as published (Zhang+2024)


class MeanPooling(nn.Module):
    """Mean over observed points."""

    def forward(self, sequence: Tensor, valid: Tensor) -> Tensor:
        """Pool (batch, length, dim) to (batch, dim)."""
        total = sequence.masked_fill(~valid.unsqueeze(-1), 0.0).sum(1)
        return total / valid.sum(1, keepdim=True).clamp(min=1)


class MaxPooling(nn.Module):
    """Largest value over observed points, per column."""

    def forward(self, sequence: Tensor, valid: Tensor) -> Tensor:
        """Pool (batch, length, dim) to (batch, dim)."""
        highest = sequence.masked_fill(~valid.unsqueeze(-1), -torch.inf).amax(1)
        return highest.masked_fill(~valid.any(1, keepdim=True), 0.0)


class AttentionPooling(nn.Module):
    """Attention of one learned query to the observed points.

    The published one has no key mask, so that its result depends on the padded length (Zhang+2024,
    bug 5); this one has, at the same number of parameters.

    Parameters
    ----------
    dim : width of the sequence
    heads : number of heads; divides ``dim``

    Raises
    ------
    ValueError
        ``heads`` does not divide ``dim``.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim {dim} is not a multiple of heads {heads}")
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.learned = nn.Parameter(torch.rand(dim))
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, sequence: Tensor, valid: Tensor) -> Tensor:
        """Pool (batch, length, dim) to (batch, dim)."""
        sequence = sequence.masked_fill(~valid.unsqueeze(-1), 0.0)  # 0 * NaN would be NaN
        learned = self.learned.expand(len(sequence), 1, -1)  # (batch, 1, dim)
        query = split_heads(self.query(learned), self.heads)  # (batch, heads, 1, depth)
        key = split_heads(self.key(sequence), self.heads)  # (batch, heads, length, depth)
        value = split_heads(self.value(sequence), self.heads)
        bias = attention_bias(~valid, sequence.dtype)
        pooled = self.output(merge_heads(attend(query, key, value, bias, self.scale)))
        return pooled.squeeze(1).masked_fill(~valid.any(1, keepdim=True), 0.0)


def make(name: str, dim: int) -> nn.Module:
    """The pooling called ``name`` ("mean", "max" or "attention") for sequences of width ``dim``.

    Raises
    ------
    ValueError
        No pooling has that name, or an attention pooling's ``dim`` is odd.
    """
    match name:
        case "mean":
            return MeanPooling()
        case "max":
            return MaxPooling()
        case "attention":
            return AttentionPooling(dim, POOLING_HEADS)
    raise ValueError(f"pooling {name!r} is not one of mean, max, attention")
