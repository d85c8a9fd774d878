"""Maven's baseline: one encoder, trained for the answer itself (arXiv:2408.16829)."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from nightjar.networks.transformer import MavenEncoder


class EndToEnd(nn.Module):
    """Maven's baseline: the light-curve encoder trained for a class or ln z (Zhang+2024).

    Parameters
    ----------
    light_curve : of the encoder: dim, depth, heads, base, pooling, centre, scale, norm
    output, embedding : widths of the encoder's output and of the projection
    bands : number of bands
    outputs : number of classes, or 1 for a redshift's logarithm
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
        """Logits or standardised ln z, float32 (batch, outputs), as of ``embed_light_curve``."""
        return self.head(self.embed_light_curve(value, time, band, valid)).float()
