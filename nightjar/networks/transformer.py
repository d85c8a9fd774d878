"""Maven's encoder: a transformer over light curves or spectra (arXiv:2408.16829).

Where it differs from the public code (Zhang+2024): padding enters nothing, and values are
normalised.
"""

from typing import Any, Literal

from torch import Tensor, nn

from nightjar.networks import pooling as poolings
from nightjar.networks.attention import MultiHeadAttention, attention_bias
from nightjar.networks.dropout import Dropout
from nightjar.networks.encodings import SinusoidalEncoding, ValueEmbedding
from nightjar.networks.linear import FeedForward

Norm = Literal["post", "pre"]


class MavenBlock(nn.Module):
    """A transformer block, with its LayerNorms after (published) or before each of its two parts.

    post: x = LN(x + MHA(x)), x = LN(x + FF(x)), dropout after each LayerNorm, as published.
    pre: x = x + MHA(LN(x)), x = x + FF(LN(x)), dropout on what is added (Xiong+2020); deep stacks
    train without warm-up, and the last block wants a LayerNorm behind it.

    Parameters
    ----------
    dim, heads : width and number of heads
    dropout : rate
    norm : "post" or "pre"

    Raises
    ------
    ValueError
        ``norm`` is neither.
    """

    def __init__(self, dim: int, heads: int, dropout: float, norm: Norm = "post") -> None:
        super().__init__()
        if norm not in ("post", "pre"):
            raise ValueError(f"norm {norm!r} is not one of post, pre")
        self.norm = norm
        self.attention = MultiHeadAttention(dim, heads, bias_qkv=False, scale="width")
        self.attention_norm = nn.LayerNorm(dim)
        self.feedforward = FeedForward(dim, 4 * dim, "relu")
        self.feedforward_norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, sequence: Tensor, bias: Tensor) -> Tensor:
        """(batch, length, dim) to the same; ``bias`` (batch, 1, 1, length)."""
        if self.norm == "pre":
            update = self.attention(self.attention_norm(sequence), bias)
            sequence = sequence + self.dropout(update)
            update = self.feedforward(self.feedforward_norm(sequence))
            return sequence + self.dropout(update)
        sequence = self.attention_norm(sequence + self.attention(sequence, bias))
        sequence = self.dropout(sequence)
        sequence = self.feedforward_norm(sequence + self.feedforward(sequence))
        return self.dropout(sequence)


class MavenEncoder(nn.Module):
    """Transformer over the points of a light curve or the bins of a spectrum (Zhang+2024).

    Parameters
    ----------
    dim, depth, heads : width, blocks, heads
    base : N of the time (days) or wavelength (Angstrom) encoding
    pooling : "mean", "max" or "attention"
    output : width of the pooled embedding
    bands : number of bands; 1 means that ``band`` is not looked at
    dropout : rate, after the input and in each block
    centre, scale : the value is read as (value - centre) / scale.  Magnitudes near 19 would else
        drown the time encoding; the paper normalises, the public code does not (Zhang+2024)
    norm : "post" (published) or "pre", see `MavenBlock`; "pre" ends with a LayerNorm
    """

    def __init__(
        self,
        dim: int,
        depth: int,
        heads: int,
        base: float,
        pooling: str,
        output: int,
        bands: int = 1,
        dropout: float = 0.0,
        centre: float = 0.0,
        scale: float = 1.0,
        norm: Norm = "post",
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "dim": dim,
            "depth": depth,
            "heads": heads,
            "base": base,
            "pooling": pooling,
            "output": output,
            "bands": bands,
            "dropout": dropout,
            "centre": centre,
            "scale": scale,
            "norm": norm,
        }
        self.centre, self.scale = centre, scale
        self.value_embedding = ValueEmbedding(dim)
        self.time_encoding = SinusoidalEncoding(dim, base)
        self.band_embedding = nn.Embedding(bands, dim) if bands > 1 else None
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(MavenBlock(dim, heads, dropout, norm) for _ in range(depth))
        self.final_norm = nn.LayerNorm(dim) if norm == "pre" else nn.Identity()
        self.pool = poolings.make(pooling, dim)
        self.output = nn.Linear(dim, output)

    def forward(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, masked: Tensor | None = None
    ) -> Tensor:
        """Encode every point.

        Parameters
        ----------
        value : (batch, length) float32, magnitude or preprocessed flux
        time : (batch, length) float32, days since the reference, or wavelength in Angstrom
        band : (batch, length) int64, in [0, bands)
        valid : (batch, length) bool, True = observed
        masked : (batch, length) bool, True = hidden: no one attends to it and its value reads 0

        Returns
        -------
        (batch, length, dim), zero at padding
        """
        hidden = ~valid if masked is None else ~valid | masked  # (batch, length)
        sequence = self._embed_points(value, time, band, valid, hidden)  # (batch, length, dim)
        bias = attention_bias(hidden, sequence.dtype)  # (batch, 1, 1, length)
        for block in self.blocks:
            sequence = block(sequence, bias)
        return self.final_norm(sequence).masked_fill(~valid.unsqueeze(-1), 0.0)

    def embed(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Embedding of the whole sequence, (batch, output); arguments as in ``forward``."""
        return self.output(self.pool(self(value, time, band, valid), valid))

    def _embed_points(
        self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor, hidden: Tensor
    ) -> Tensor:
        # what stands in padding may be anything, NaN included: it is blanked before use
        value = ((value - self.centre) / self.scale).masked_fill(hidden, 0.0)
        sequence = self.value_embedding(value)
        sequence = sequence + self.time_encoding(time.masked_fill(~valid, 0.0))
        if self.band_embedding is not None:
            sequence = sequence + self.band_embedding(band.masked_fill(~valid, 0))
        return self.dropout(sequence)
