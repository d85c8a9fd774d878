"""The period of a light curve, found inside a network: batched, from the points that it may see.

A hidden magnitude must not steer a prediction, so the period is searched anew in every forward pass
from the visible points alone.  That takes a fast periodogram: points are laid on a regular grid of
times and transformed by FFT; the best peaks are then tried exactly, by least squares.  No gradient
passes.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from nightjar.networks import fourier

GRID = 2**17  # times of the periodogram's grid: 9 years for a shortest period of 0.05 d
PEAKS = 8  # candidates that are tried
STEPS = 9  # of each refinement
COARSE, FINE = 0.5, 0.15  # how far a candidate is refined, over the time span
SINGLE, DOUBLE = 3, 6  # harmonics of the series at the period, and at twice the period
CLIP = 4.0  # standard deviations: outliers would rule the periodogram
LEAST_SPAN = 1.0  # days


class Period(NamedTuple):
    """What was found of each light curve.

    Attributes
    ----------
    frequency : (batch,) cycles per day, of the period P that one sinusoid fits best
    explained : (batch, 2) shares of variance that series at P and at 2 P explain
    phase : (batch, length) cycles of 2 P, 0 where the fitted series is faintest
    """

    frequency: Tensor
    explained: Tensor
    phase: Tensor


def find(value: Tensor, time: Tensor, seen: Tensor, shortest: float) -> Period:
    """Period of each light curve.

    A sinusoid fits two equal eclipses best at half the orbital period, so a candidate, a peak of
    the periodogram at P, is judged by a series at P and by one at 2 P, and phases count cycles of
    2 P: either shape is whole there.  The one at 2 P alone would take half the period of a sawtooth
    for it: the same shape, with more harmonics.  In windows much longer than the periodogram's
    grid, peaks may be missed.

    Parameters
    ----------
    value : (batch, length) float32, in standard deviations of the visible points from their mean
    time : (batch, length) float32, days from about the middle
    seen : (batch, length) bool, True = visible: no other point has any influence
    shortest : days: shortest period looked for
    """
    with torch.no_grad(), torch.autocast(time.device.type, enabled=False):
        weight = seen.float()
        value = torch.where(seen, value.float().clamp(-CLIP, CLIP), 0.0)
        everywhere, time = time.float(), time.float().masked_fill(~seen, 0.0)
        span = _span(time, seen)
        peaks = _peaks(value, time, span, shortest)  # (batch, PEAKS)
        between = 1 / (GRID * shortest)  # half the step between frequencies of the grid
        reach = (COARSE / span).clamp(min=between)
        peaks = _refined(value, time, weight, peaks, reach, 2)
        half = _best(value, time, weight, peaks) / 2
        half = _refined(value, time, weight, half, FINE / 2 / span, DOUBLE)
        coefficients, double = fourier.fit(time, value, weight, half, DOUBLE)
        _, single = fourier.fit(time, value, weight, 2 * half, SINGLE)
        faintest = fourier.faintest(coefficients.squeeze(1))  # (batch,)
        return Period(
            frequency=2 * half.squeeze(1),
            explained=torch.cat([single, double], dim=1),
            phase=half * everywhere - faintest[:, None],
        )


def _span(time: Tensor, seen: Tensor) -> Tensor:
    last = time.masked_fill(~seen, -torch.inf).amax(1)
    first = time.masked_fill(~seen, torch.inf).amin(1)
    return (last - first).clamp(min=LEAST_SPAN)  # (batch,); nothing seen gives LEAST_SPAN, too


def _peaks(value: Tensor, time: Tensor, span: Tensor, shortest: float) -> Tensor:
    """Frequencies of the highest maxima of the periodogram, (batch, PEAKS)."""
    step = shortest / 2  # days: Nyquist's
    position = time / step
    before = position.floor()
    after = position - before
    grid = value.new_zeros(len(value), GRID)
    # a point's weight goes to the two grid times beside it; beyond the grid's end it begins anew,
    # which leaves the frequencies of the transform as they are
    grid.scatter_add_(1, before.long() % GRID, value * (1 - after))
    grid.scatter_add_(1, (before.long() + 1) % GRID, value * after)
    transform = torch.fft.rfft(grid)
    power = transform.real.square().addcmul_(transform.imag, transform.imag)
    per_place = 1 / (GRID * step)  # cycles per day
    slow = torch.arange(math.ceil(1 / LEAST_SPAN / per_place), device=power.device) * per_place
    power[:, : len(slow)].masked_fill_(slow < (1 / span)[:, None], 0.0)
    near = F.max_pool1d(power[:, None], 7, stride=1, padding=3).squeeze(1)
    _, place = power.mul_(power == near).topk(PEAKS, dim=1)
    return (place * per_place).clamp(min=1e-4)


def _refined(
    value: Tensor, time: Tensor, weight: Tensor, frequency: Tensor, reach: Tensor, harmonics: int
) -> Tensor:
    """Each of ``frequency`` (batch, n), moved by at most ``reach`` (batch,) to the best fit."""
    offsets = torch.linspace(-1, 1, STEPS, device=time.device) * reach[:, None]  # (batch, STEPS)
    tried = (frequency[:, :, None] + offsets[:, None, :]).clamp(min=1e-5)
    _, explained = fourier.fit(time, value, weight, tried.flatten(1), harmonics)
    best = explained.view_as(tried).argmax(2, keepdim=True)
    return tried.gather(2, best).squeeze(2)


def _best(value: Tensor, time: Tensor, weight: Tensor, frequency: Tensor) -> Tensor:
    """The one of ``frequency`` (batch, n), of P, whose two series explain most, (batch, 1)."""
    _, single = fourier.fit(time, value, weight, frequency, SINGLE)
    _, double = fourier.fit(time, value, weight, frequency / 2, DOUBLE)
    return frequency.gather(1, (single + double).argmax(1, keepdim=True))
