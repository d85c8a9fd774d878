"""The star behind a window: its scale, its period and where in it each point lies.

What the papers leave out.  Astromer sees times in days, and a transformer cannot learn a star's
period from them: frequencies of its encoding are fixed, those of stars are known to one part in ten
thousand.  Here the period is measured, from the visible points, and told to the network: as a token
that stands for the star, and as the phase of every point, hidden ones included.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from nightjar.networks import fourier, periods

LEAST_SCALE = 0.01  # mag: below, a window is flat, and its shape noise
CLIP = 6.0  # standard deviations
SUMMARY = 5  # numbers that the token is made of


class Star(NamedTuple):
    """What the visible points of each window tell.

    Attributes
    ----------
    mean, scale : (batch, 1) mag, their mean and standard deviation
    phase : (batch, length) cycles of twice the period, 0 at the faintest phase
    summary : (batch, SUMMARY), see `describe`
    """

    mean: Tensor
    scale: Tensor
    phase: Tensor
    summary: Tensor

    def shape(self, value: Tensor) -> Tensor:
        """Magnitudes (batch, length) in standard deviations from the mean, outliers clipped."""
        return ((value - self.mean) / self.scale).clamp(-CLIP, CLIP)

    def magnitude(self, shape: Tensor) -> Tensor:
        """The inverse of `shape`, within the clip."""
        return shape * self.scale + self.mean


def describe(value: Tensor, time: Tensor, seen: Tensor, shortest_period: float) -> Star:
    """Measure the star; no gradient passes.

    The summary: logarithm of the period's frequency (per day), shares of variance that series at
    the period and at twice the period explain, logarithm of the standard deviation (mag), skewness.
    Number of points and time span are left out: they tell the survey, not the star.

    Parameters
    ----------
    value : (batch, length) mag, less the window's mean
    time : (batch, length) float32, days from the window's mean; finite everywhere
    seen : (batch, length) bool, True = visible: no other magnitude has any influence, and no other
        time has any but on its own phase
    shortest_period : days: shortest period looked for
    """
    with torch.no_grad(), torch.autocast(value.device.type, enabled=False):
        value = value.float().masked_fill(~seen, 0.0)
        weight = seen.float()
        points = weight.sum(1, keepdim=True).clamp(min=1)
        mean = value.sum(1, keepdim=True) / points
        variance = (weight * (value - mean).square()).sum(1, keepdim=True) / points
        scale = variance.sqrt().clamp(min=LEAST_SCALE)
        shape = (value - mean) / scale
        period = periods.find(shape, time, seen, shortest_period)
        skewness = (weight * shape**3).sum(1, keepdim=True) / points
        columns = [
            period.frequency.clamp(min=1e-4).log10()[:, None],
            period.explained,
            scale.log10(),
            skewness.clamp(-5, 5) / 2,
        ]
        return Star(mean, scale, period.phase, torch.cat(columns, dim=1))


class PhaseEncoding(nn.Linear):
    """Where in its star's period a point lies: waves of twice the period, mixed by a Linear.

    Kept in float32 under autocast like the encodings of time.

    Parameters
    ----------
    dim : width of the output
    harmonics : of twice the period; the even ones are those of the period
    """

    def __init__(self, dim: int, harmonics: int) -> None:
        super().__init__(2 * harmonics, dim)
        self.harmonics = harmonics

    def forward(self, phase: Tensor) -> Tensor:
        """Encode ``phase`` (batch, length), in cycles, as (batch, length, dim)."""
        with torch.autocast(phase.device.type, enabled=False):
            return super().forward(fourier.waves(phase, self.harmonics).to(self.weight.dtype))


class StarToken(nn.Sequential):
    """The token of a star, (batch, dim), from its summary (batch, SUMMARY)."""

    def __init__(self, dim: int) -> None:
        super().__init__(nn.Linear(SUMMARY, dim), nn.GELU(), nn.Linear(dim, dim))

    def forward(self, summary: Tensor) -> Tensor:
        """Embed a ``summary``, in float32 under autocast, too."""
        with torch.autocast(summary.device.type, enabled=False):
            return super().forward(summary.to(next(self.parameters()).dtype))


class CurveDecoder(nn.Module):
    """The magnitude at a phase, from a star's embedding alone.

    Trained beside the reconstruction, it makes the embedding hold the whole folded light curve: the
    points' own states are out of its sight.

    Parameters
    ----------
    dim : width of the embedding
    harmonics : as in `PhaseEncoding`
    """

    def __init__(self, dim: int, harmonics: int) -> None:
        super().__init__()
        self.harmonics = harmonics
        self.layers = nn.Sequential(
            nn.Linear(dim + 2 * harmonics, 2 * dim),
            nn.GELU(),
            nn.Linear(2 * dim, dim),
            nn.GELU(),
            nn.Linear(dim, 1),
        )

    def forward(self, embedding: Tensor, phase: Tensor) -> Tensor:
        """(batch, length) of ``embedding`` (batch, dim) and ``phase`` (batch, length)."""
        repeated = embedding.unsqueeze(1).expand(-1, phase.shape[1], -1)
        waves = fourier.waves(phase, self.harmonics).to(repeated.dtype)
        columns = torch.cat([repeated, waves], dim=-1)
        return self.layers(columns).squeeze(-1).float()
