"""Periods of one light curve: the highest peaks of its Lomb-Scargle periodogram.

The periodogram is the `light-curve` package's, by fast Fourier transform (after Press and Rybicki
1989, ApJ 338, 277): it is nearly all of what features of a star cost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.classical.features import package

Floats = NDArray[np.float64]

OVERSAMPLING = 2.5  # grid steps per 1 / time span, about: the grid's size is a power of two
LARGEST_GRID = 2**20  # steps: bounds the memory where one wrong time makes the span absurd
SEPARATION = 2.0  # peaks nearer than this, over the time span, are lobes of one
LOOKED_AT = 100  # highest local maxima among which separate peaks are sought


class Peaks(NamedTuple):
    """Separate peaks of a periodogram, the highest first.

    Attributes
    ----------
    frequency : (k,) cycles per day
    power : (k,) share of the variance that a sinusoid explains, 0 to 1
    signal_to_noise : of the highest, (power - mean) / standard deviation over the grid
    """

    frequency: Floats
    power: Floats
    signal_to_noise: float


def search(time: Floats, mag: Floats, period_min: float, peaks: int) -> Peaks:
    """Find up to ``peaks`` peaks between one cycle per time span and one per ``period_min``.

    Parameters
    ----------
    time : (n,) days, increasing, not all the same
    mag : (n,) mag, not all the same
    period_min : days

    Returns
    -------
    Peaks
        None, k = 0, where no maximum lies in that range, as in a curve shorter than ``period_min``.

    Raises
    ------
    InputError
        The `light-curve` package is not installed.
    """
    span = float(time[-1] - time[0])
    frequency = _grid(span, 1 / period_min)
    power = (
        package()
        .Periodogram(freqs=2 * np.pi * frequency, fast=True, normalization="standard")
        .power(time - time[0], mag)
    )
    deviation = float(power.std())
    within = np.where(frequency >= 1 / span, power, -np.inf)
    top = _separate(within, frequency, SEPARATION / span, peaks)
    noise = (power[top[:1]].sum() - power.mean()) / deviation if len(top) and deviation else 0.0
    return Peaks(frequency[top], power[top], float(noise))


def _grid(span: float, highest: float) -> Floats:
    """0 to ``highest`` in 2^k steps, as the fast algorithm wants it."""
    steps = 2 ** round(np.log2(max(OVERSAMPLING * highest * span, 64.0)))
    return np.linspace(0.0, highest, min(steps, LARGEST_GRID) + 1)


def _separate(power: Floats, frequency: Floats, separation: float, count: int) -> NDArray[np.intp]:
    """The highest local maxima that are at least ``separation`` apart, the highest first."""
    inner = power[1:-1]
    maxima = 1 + np.flatnonzero((inner > power[:-2]) & (inner >= power[2:]))
    maxima = maxima[np.isfinite(power[maxima])]
    if len(maxima) > LOOKED_AT:
        maxima = maxima[np.argpartition(-power[maxima], LOOKED_AT)[:LOOKED_AT]]
    found: list[int] = []
    for one in maxima[np.lexsort((maxima, -power[maxima]))]:
        if all(abs(frequency[one] - frequency[other]) > separation for other in found):
            found.append(int(one))
        if len(found) == count:
            break
    return np.array(found, np.intp)
