"""Maven: a light-curve and a spectrum encoder whose embeddings are aligned (arXiv:2408.16829).

Where it differs from the public code (Zhang+2024): padding enters nothing, each encoder has
its own number of heads, and there is no logit bias (it cancels in the softmax).
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from nightjar.networks import pooling as poolings
from nightjar.networks.attention import MultiHeadAttention, attention_bias
from nightjar.networks.encodings import SinusoidalEncoding, ValueEmbedding


class MavenBlock(nn.Module):
    """A post-norm transformer block; dropout after each LayerNorm, not on the residual branch.

    Parameters
    ----------
    dim, heads : width and number of heads
    dropout : rate
    """

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(dim, heads, bias_qkv=False, scale="width")
        self.attention_norm = nn.LayerNorm(dim)
        self.feedforward = nn.Sequential(
            nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim)
        )
        self.feedforward_norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, sequence: Tensor, bias: Tensor) -> Tensor:
        """(batch, length, dim) to the same; ``bias`` (batch, 1, 1, length)."""
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
    dropout : rate, after the input and after each LayerNorm
    centre, scale : the value is read as (value - centre) / scale.  Magnitudes near 19 would else
        drown the time encoding; the paper normalises, the public code does not (Zhang+2024)
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
        }
        self.centre, self.scale = centre, scale
        self.value_embedding = ValueEmbedding(dim)
        self.time_encoding = SinusoidalEncoding(dim, base)
        self.band_embedding = nn.Embedding(bands, dim) if bands > 1 else None
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(MavenBlock(dim, heads, dropout) for _ in range(depth))
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
        return sequence.masked_fill(~valid.unsqueeze(-1), 0.0)

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


class Maven(nn.Module):
    """Two encoders, each with a projection to the shared, L2-normalised embedding (Zhang+2024).

    Parameters
    ----------
    light_curve, spectrum : of the encoders: dim, depth, heads, base, pooling, centre, scale
    output : width between encoder and projection
    embedding : width of the shared embedding
    bands : number of bands of the light curves
    logit_scale : initial inverse temperature; ``log_scale`` is its learnable logarithm, which
        ``losses.info_nce`` caps
    dropout : rate
    """

    def __init__(
        self,
        light_curve: Mapping[str, Any],
        spectrum: Mapping[str, Any],
        output: int,
        embedding: int,
        bands: int,
        logit_scale: float,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "light_curve": dict(light_curve),
            "spectrum": dict(spectrum),
            "output": output,
            "embedding": embedding,
            "bands": bands,
            "logit_scale": logit_scale,
            "dropout": dropout,
        }
        self.light_curve = MavenEncoder(**light_curve, output=output, bands=bands, dropout=dropout)
        self.spectrum = MavenEncoder(**spectrum, output=output, dropout=dropout)
        self.light_curve_projection = nn.Linear(output, embedding)
        self.spectrum_projection = nn.Linear(output, embedding)
        self.log_scale = nn.Parameter(torch.tensor(math.log(logit_scale)))

    def embed_light_curve(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Embedding of light curves, (batch, embedding) of unit length.

        Arguments as in ``MavenEncoder.forward``.
        """
        output = self.light_curve.embed(value, time, band, valid)  # (batch, output)
        return normalize(self.light_curve_projection(output).float(), dim=-1)

    def embed_spectrum(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Embedding of spectra, (batch, embedding) of unit length; ``time`` is the wavelength.

        Arguments as in ``MavenEncoder.forward``.
        """
        output = self.spectrum.embed(value, time, band, valid)  # (batch, output)
        return normalize(self.spectrum_projection(output).float(), dim=-1)


class EndToEnd(nn.Module):
    """Maven's baseline: the light-curve encoder trained for a label or redshift (Zhang+2024).

    Parameters
    ----------
    light_curve : of the encoder: dim, depth, heads, base, pooling, centre, scale
    output, embedding : widths of the encoder's output and of the projection
    bands : number of bands
    outputs : number of classes, or 1 for a redshift
    dropout : rate
    """

    def __init__(
        self,
        light_curve: Mapping[str, Any],
        output: int,
        embedding: int,
        bands: int,
        outputs: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "light_curve": dict(light_curve),
            "output": output,
            "embedding": embedding,
            "bands": bands,
            "outputs": outputs,
            "dropout": dropout,
        }
        self.light_curve = MavenEncoder(**light_curve, output=output, bands=bands, dropout=dropout)
        self.light_curve_projection = nn.Linear(output, embedding)
        self.head = nn.Linear(embedding, outputs)

    def embed_light_curve(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Projection of light curves, (batch, embedding), not normalised.

        Arguments as in ``MavenEncoder.forward``.
        """
        return self.light_curve_projection(self.light_curve.embed(value, time, band, valid))

    def forward(self, value: Tensor, time: Tensor, band: Tensor, valid: Tensor) -> Tensor:
        """Logits or redshift, float32 (batch, outputs); arguments as in ``embed_light_curve``."""
        return self.head(self.embed_light_curve(value, time, band, valid)).float()
