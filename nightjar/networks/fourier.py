"""Least squares of Fourier series to light curves, batched: many stars, several frequencies each.

What `nightjar.classical.harmonics` does for one star in float64, in the form that runs inside a
network.  No gradient passes: a period is found, not learned.
"""

import math

import torch
from torch import Tensor

RIDGE = 1e-3  # times the harmonic squared: a gap in phase leaves the series finite


def waves(phase: Tensor, harmonics: int) -> Tensor:
    """cos(2 pi k phase), k = 1 ... H, then the sines; (..., 2 H), of ``phase`` (...) in cycles."""
    return _series(phase[..., None], harmonics)[..., 1:, 0]


def _series(phase: Tensor, harmonics: int, more: int = 0) -> Tensor:
    """Ones, H cosines, H sines and ``more`` empty rows, (..., 1 + 2 H + more, length).

    By the recurrence of Chebyshev polynomials: one cosine and one sine for all harmonics.  Rows are
    contiguous: they are made, and multiplied with one another, several times as fast as columns.
    """
    *shape, length = phase.shape
    rows = phase.new_empty(*shape, 1 + 2 * harmonics + more, length)
    angle = 2 * math.pi * (phase - phase.floor())
    cosine, sine = angle.cos(), angle.sin()
    twice = 2 * cosine
    rows[..., 0, :], rows[..., 1, :], rows[..., 1 + harmonics, :] = 1.0, cosine, sine
    if harmonics > 1:
        rows[..., 2, :], rows[..., 2 + harmonics, :] = twice * cosine - 1, twice * sine
    for k in range(3, harmonics + 1):
        for row in (k, k + harmonics):
            rows[..., row, :] = twice * rows[..., row - 1, :] - rows[..., row - 2, :]
    return rows


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
    rows = _series(frequency[:, :, None] * time[:, None, :], harmonics, more=1)
    rows[..., -1, :] = value[:, None]
    rows *= (weight / total[:, None]).sqrt()[:, None, None]
    products = rows[..., :-1, :] @ rows.mT  # (batch, candidates, 1 + 2 H, 2 + 2 H)
    right = products[..., -1:]
    order = torch.arange(1, harmonics + 1, device=time.device, dtype=time.dtype)
    ridge = RIDGE * torch.cat([torch.full_like(order[:1], 1e-2), order**2, order**2])
    ridged = products[..., :-1] + torch.diag(ridge)  # never singular
    # `solve` itself would ask a GPU whether any was, and wait for the answer
    coefficients = torch.linalg.solve_ex(ridged, right).result.squeeze(-1)
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
