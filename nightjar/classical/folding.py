"""A star's period, and its light curve folded there, as numbers for a forest.

A sinusoid fits two equal eclipses best at half the orbital period, so every series is fitted at the
peak's period P and at 2 P, where the odd harmonics are what differs between the two halves.  The
peak that the series at 2 P explains best is taken, not simply the highest one: aliases and
harmonics fit a sinusoid nearly as well, and the true shape worse.  The period is doubled where the
series at 2 P is better by more than its additional parameters would give by chance (BIC, Schwarz
1978).  Two eclipses of the same depth are taken for one, at half the orbital period:
nothing in one band tells them apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nightjar.classical import harmonics
from nightjar.classical.features import MIN_ERROR
from nightjar.classical.periods import Peaks
from nightjar.classical.shapes import Curve

Floats = NDArray[np.float64]

SINGLE, DOUBLE = 4, 8  # harmonics of the series at the period, and at twice the period
COARSE, FINE = 0.5, 0.15  # how far a peak is refined, over the time span
STEPS = 13  # of each refinement
PHASES = 64  # at which the folded curve is drawn
LEAST_LEFT = 1e-6  # share of variance that no series explains: bounds logarithms

FOURIER = (
    "log_period",
    "explained",
    "explained_double",
    "doubling",
    "amplitude_1",
    *(f"r{k}1" for k in range(2, SINGLE + 1)),
    *(f"{wave}_phi{k}1" for k in range(2, SINGLE + 1) for wave in ("cos", "sin")),
    *(f"double_share_{k}" for k in range(1, DOUBLE + 1)),
    "double_odd_share",
    "folded_range",
    "minima_difference",
    "maxima_difference",
    "faint_share_double",
    "faint_share",
    "scatter",
    "string_length",
    "string_length_double",
)


class Folded(NamedTuple):
    """A star's best period with the series fitted there.

    Attributes
    ----------
    period : days, of the highest peak or twice that of the chosen one, see ``doubled``
    doubled : whether twice the peak's period is taken
    doubling : by how much 2 P is better, half the difference of the BICs; above 0 = doubled
    single, double : the series at the peak's period and at twice that
    """

    period: float
    doubled: bool
    doubling: float
    single: harmonics.Series
    double: harmonics.Series


def fold(curve: Curve, peaks: Peaks) -> Folded:
    """Choose the peak, refine it, and decide between its period and twice that.

    Parameters
    ----------
    curve : at least `MIN_POINTS` points
    peaks : at least one
    """
    time = curve.time - curve.time[0]
    weight = _weight(curve)

    def fitted(frequency: ArrayLike, order: int) -> harmonics.Series:
        return harmonics.fit(time, curve.mag, weight, frequency, order)

    near = np.linspace(-1.0, 1.0, STEPS) / time[-1]
    refined = [fitted(f + COARSE * near, 2).best().frequency[0] for f in peaks.frequency]
    half = fitted(np.array(refined) / 2, DOUBLE).best().frequency[0]
    double = fitted(half + FINE / 2 * near, DOUBLE).best()
    single = fitted(2 * double.frequency, SINGLE)
    doubling = _evidence(single.explained[0], double.explained[0], len(time))
    period = 1 / (double if doubling > 0 else single).frequency[0]
    return Folded(float(period), doubling > 0, doubling, single, double)


def _evidence(single: float, double: float, points: int) -> float:
    """Half the difference of the BICs: gain in log likelihood less the price of the parameters."""
    left = [max(1 - explained, LEAST_LEFT) for explained in (single, double)]
    gain = 0.5 * points * np.log(left[0] / left[1])
    return float(gain - 0.5 * 2 * (DOUBLE - SINGLE) * np.log(points))


def shape(curve: Curve, folded: Folded) -> list[float]:
    """The numbers `FOURIER` of a light curve at its period.

    ``r21`` ... are amplitudes over that of the fundamental, ``phi21`` ... as in
    `harmonics.Series.relative_phases`, ``double_share`` amplitudes of the series at twice the
    period over their root sum of squares, ``folded_range`` in mag; for the others see the code.
    """
    single, double = folded.single, folded.double
    amplitude = single.amplitudes()[0]
    phase = single.relative_phases()[0]
    share = double.amplitudes()[0] / np.linalg.norm(double.amplitudes()[0])
    return [
        np.log10(folded.period),
        single.explained[0],
        double.explained[0],
        folded.doubling,
        amplitude[0],
        *(amplitude[1:] / amplitude[0]),
        *np.stack([np.cos(phase), np.sin(phase)], axis=1).ravel(),
        *share,
        np.linalg.norm(share[::2]),
        *_shape(single.curve(PHASES)[0], double.curve(PHASES)[0]),
        _scatter(curve, double),
        *(_string_length(curve, series.frequency[0]) for series in (single, double)),
    ]


def _shape(single: Floats, double: Floats) -> list[float]:
    """Numbers of the folded curves, (PHASES,) mag: range, and the rest as shares of the range.

    The difference of the two minima and of the two maxima, and by how much the faintest phase lies
    below the median: near 0.5 for a sinusoid, near 1 for eclipses.
    """
    size = np.ptp(double)
    halves = np.roll(double, PHASES // 4 - int(np.argmax(double))).reshape(2, -1)
    minima, maxima = halves.max(axis=1), halves.min(axis=1)  # faint is a high magnitude
    return [
        float(size),
        float(minima[0] - minima[1]) / size,
        float(maxima[0] - maxima[1]) / size,
        *(float((each.max() - np.median(each)) / size) for each in (double, single)),
    ]


def _scatter(curve: Curve, series: harmonics.Series) -> float:
    """What the series leaves, over its range."""
    left = np.sqrt(max(1 - series.explained[0], 0.0))
    return float(left * np.std(curve.mag) / np.ptp(series.curve(PHASES)))


def _string_length(curve: Curve, frequency: float) -> float:
    """Mean squared step between neighbours in phase, over the variance (Lafler and Kinman 1965)."""
    order = np.argsort((curve.time - curve.time[0]) * frequency % 1, kind="stable")
    return float(np.mean(np.diff(curve.mag[order]) ** 2) / np.var(curve.mag))


def _weight(curve: Curve) -> Floats:
    """Inverse variances, none much above that of a usual point: errors miss systematics."""
    error = np.maximum(curve.mag_err, MIN_ERROR)
    return 1 / (error**2 + np.median(error) ** 2)
