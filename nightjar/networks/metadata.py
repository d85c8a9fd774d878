"""Class and redshift as a modality (Zhang+2024, Appendix A)."""

from typing import Any

import torch
from torch import Tensor, nn

from nightjar.networks.dropout import Dropout


class MetadataEncoder(nn.Module):
    """An embedded class next to the redshift, repeated as often, through a small MLP.

    The published one reads the raw redshift; of 0.02 or 0.04 a fresh layer makes the same.  Here
    it is (ln z - centre) / scale.

    Parameters
    ----------
    classes : number of classes
    output : width of the result
    dim : width of the class embedding, and how often the redshift is repeated (published: 64)
    centre, scale : mean and standard deviation of ln z of the training sample
    dropout : rate, after each hidden layer
    """

    def __init__(
        self,
        classes: int,
        output: int,
        dim: int = 64,
        centre: float = 0.0,
        scale: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "classes": classes,
            "output": output,
            "dim": dim,
            "centre": centre,
            "scale": scale,
            "dropout": dropout,
        }
        self.dim, self.centre, self.scale = dim, centre, scale
        self.class_embedding = nn.Embedding(classes, dim)
        width = 2 * dim
        self.layers = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), Dropout(dropout),
            nn.Linear(width, width), nn.ReLU(), Dropout(dropout),
            nn.Linear(width, output),
        )  # fmt: skip

    def forward(self, label: Tensor, redshift: Tensor) -> Tensor:
        """Encode each object.

        Parameters
        ----------
        label : (batch,) int64, in [0, classes); -1, unknown, is read as 0
        redshift : (batch,) float32; what is not a positive number is read as the mean of ln z

        Returns
        -------
        (batch, output), finite also where the metadata are unknown
        """
        known = redshift.isfinite() & (redshift > 0)
        distance = (torch.where(known, redshift, 1.0).log() - self.centre) / self.scale
        repeated = torch.where(known, distance, 0.0).unsqueeze(-1).expand(-1, self.dim)
        named = self.class_embedding(label.clamp(min=0))  # (batch, dim)
        return self.layers(torch.cat([named, repeated], dim=-1))
