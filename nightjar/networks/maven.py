"""Maven: encoders of light curve, spectrum and metadata, aligned (arXiv:2408.16829).

Where it differs from the public code (Zhang+2024): padding enters nothing, each encoder has
its own number of heads, and only the sigmoid objective has a logit bias (it cancels in the
softmax).
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from nightjar.networks.metadata import MetadataEncoder
from nightjar.networks.transformer import MavenEncoder

PAIRS = ("light_curve_spectrum", "light_curve_metadata", "spectrum_metadata")

_MAVEN: dict[str, Any] = {
    "light_curve": {"dim": 64, "depth": 5, "heads": 8, "base": 20583.369, "pooling": "mean"},
    "spectrum": {"dim": 32, "depth": 13, "heads": 2, "base": 17945.142, "pooling": "mean"},
    "output": 32,
    "embedding": 128,
    "bands": 2,
    "logit_scale": 19.546,
}
_BASELINE = {"dim": 32, "depth": 9, "heads": 2, "base": 3371.168, "pooling": "mean"}

# The published sizes: of `Maven` for maven and maven_lite, of `EndToEnd` (which takes besides the
# number of its outputs) for baseline.  Maven's spectrum encoder was pre-trained with 2 heads and,
# by mistake, fine-tuned with 8; the weights fit both.
NAMED: dict[str, dict[str, Any]] = {
    "maven": _MAVEN,
    "maven_lite": {**_MAVEN, "light_curve": {**_MAVEN["light_curve"], "pooling": "attention"}},
    "baseline": {"light_curve": _BASELINE, "output": 32, "embedding": 128, "bands": 2},
}


class Maven(nn.Module):
    """Encoders, each with a projection to the shared, L2-normalised embedding (Zhang+2024).

    Parameters
    ----------
    light_curve, spectrum : of the encoders: dim, depth, heads, base, pooling, centre, scale, norm
    output : width between encoder and projection
    embedding : width of the shared embedding
    bands : number of bands of the light curves
    logit_scale : initial inverse temperature; ``log_scale`` is its learnable logarithm, which
        the losses cap
    dropout : rate
    metadata : of the `MetadataEncoder`: classes, dim, centre, scale; None: no such modality
    objective : "softmax" or "sigmoid", which has a learnable ``bias``, initially -10 (Zhai+2023)
    pair_weights : weight in the loss of each pair of modalities, of `PAIRS`; None: 1 for light
        curve and spectrum.  Part of the settings, so that fine-tuning can go on with them.

    Raises
    ------
    ValueError
        A weight belongs to no pair of modalities that the network has.
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
        metadata: Mapping[str, Any] | None = None,
        objective: Literal["softmax", "sigmoid"] = "softmax",
        pair_weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.pair_weights = dict(pair_weights or {PAIRS[0]: 1.0})
        if not set(self.pair_weights) <= set(PAIRS[:1] if metadata is None else PAIRS):
            raise ValueError(f"pair_weights {self.pair_weights}: the network lacks a modality")
        self.settings: dict[str, Any] = {
            "light_curve": dict(light_curve),
            "spectrum": dict(spectrum),
            "output": output,
            "embedding": embedding,
            "bands": bands,
            "logit_scale": logit_scale,
            "dropout": dropout,
            "metadata": None if metadata is None else dict(metadata),
            "objective": objective,
            "pair_weights": self.pair_weights,
        }
        self.light_curve = MavenEncoder(**light_curve, output=output, bands=bands, dropout=dropout)
        self.spectrum = MavenEncoder(**spectrum, output=output, dropout=dropout)
        self.light_curve_projection = nn.Linear(output, embedding)
        self.spectrum_projection = nn.Linear(output, embedding)
        self.log_scale = nn.Parameter(torch.tensor(math.log(logit_scale)))
        self.bias = nn.Parameter(torch.tensor(-10.0)) if objective == "sigmoid" else None
        self.metadata = (
            None
            if metadata is None
            else MetadataEncoder(**metadata, output=embedding, dropout=dropout)
        )

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

    def embed_metadata(self, label: Tensor, redshift: Tensor) -> Tensor:
        """Embedding of class and redshift, (batch, embedding) of unit length.

        Arguments as in ``MetadataEncoder.forward``.

        Raises
        ------
        ValueError
            The network has no metadata.
        """
        if self.metadata is None:
            raise ValueError("this network was built without metadata")
        return normalize(self.metadata(label, redshift).float(), dim=-1)
