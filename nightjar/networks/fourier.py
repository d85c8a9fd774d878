"""Least squares of Fourier series to light curves, batched: many stars, several frequencies each.

What `nightjar.classical.harmonics` does for one star in float64, in the form that runs inside a
network.  No gradient passes: a period is found, not learned.
"""

import math

import torch
from torch import Tensor

RIDGE = 1e-3  # times the harmonic squared: a gap in phase leaves the series finite


def waves(phase: Tensor, harmonics: int) -> Tensor:
    """cos(2 pi k phase), k = 1 ... H, then the sines; (..., 2 H), of ``phase`` (...) in cycles.

    By the recurrence of Chebyshev polynomials: one cosine and one sine for all harmonics.
    """
    angle = 2 * math.pi * (phase - phase.floor())
    cosine, sine = angle.cos(), angle.sin()
    cosines, sines = [torch.ones_like(angle), cosine], [torch.zeros_like(angle), sine]
    for _ in range(2, harmonics + 1):
        cosines.append(2 * cosine * cosines[-1] - cosines[-2])
        sines.append(2 * cosine * sines[-1] - sines[-2])
    return torch.stack(cosines[1 : harmonics + 1] + sines[1 : harmonics + 1], dim=-1)


def fit(
    time: Tensor, value: Tensor, weight: Tensor, frequency: Tensor, harmonics: int
) -> tuple[Tensor, Tensor]:
    """Fit a series with a constant and so many harmonics at each frequency.

    Parameters
    ----------
    time : (batch, length) float32, days
    value : (batch, length) float32, less its weighted mean; anything finite where the weight is 0
    weight : (batch, length) float32, not negative
    frequency : (batch, candidates) cycles per day
    harmonics : H

    Returns
    -------
    coefficients : (batch, candidates, 1 + 2 H): constant, cosines, sines
    explained : (batch, candidates) share of the weighted variance that the series explains
    """
    total = weight.sum(1).clamp(min=1e-9)  # (batch,)
    phase = frequency[:, :, None] * time[:, None, :]  # (batch, candidates, length)
    basis = torch.cat([torch.ones_like(phase)[..., None], waves(phase, harmonics)], dim=-1)
    weighted = (basis * (weight / total[:, None])[:, None, :, None]).mT
    order = torch.arange(1, harmonics + 1, device=time.device, dtype=time.dtype)
    ridge = RIDGE * torch.cat([torch.full_like(order[:1], 1e-2), order**2, order**2])
    matrix = weighted @ basis + torch.diag(ridge)  # (batch, candidates, 1 + 2 H, 1 + 2 H)
    right = weighted @ value[:, None, :, None]
    coefficients = torch.linalg.solve(matrix, right).squeeze(-1)
    variance = (weight * value.square()).sum(1) / total  # (batch,)
    gained = (coefficients * right.squeeze(-1)).sum(-1)
    return coefficients, gained / variance.clamp(min=1e-9)[:, None]


def faintest(coefficients: Tensor, phases: int = 64) -> Tensor:
    """Phase in cycles, a multiple of 1 / ``phases``, where a series is largest: (...,).

    ``coefficients`` is (..., 1 + 2 H), see `fit`.
    """
    grid = torch.arange(phases, device=coefficients.device, dtype=coefficients.dtype) / phases
    harmonics = coefficients.shape[-1] // 2
    curve = coefficients[..., 1:] @ waves(grid, harmonics).T  # (..., phases)
    return grid[curve.argmax(-1)]
