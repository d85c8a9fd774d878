"""Two-sample tests of variable stars: a simulated twin of every real star, at its own visits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kurtosis, skew

from nightjar.errors import InputError
from nightjar.ragged import LightCurve
from nightjar.realism import compare
from nightjar.realism.compare import FEWEST, Measured
from nightjar.realism.observed import Floats, number
from nightjar.realism.report import ClassReport
from nightjar.samples import Sample
from nightjar.simulate import variables
from nightjar.simulate.randomness import draws
from nightjar.simulate.stars import surveys

UNITS = {
    "log_period": "log10 of days, best sine wave",
    "r21": "amplitude of the first overtone over that of the fundamental",
    "r31": "amplitude of the second overtone over that of the fundamental",
    "phi21": "rad, phase of the first overtone",
    "phi31": "rad, phase of the second overtone",
    "skewness": "of magnitudes, positive: faint tail",
    "kurtosis": "of magnitudes, 0 for a normal distribution",
    "amplitude": "mag, 5th to 95th percentile",
    "deviation": "mag, standard deviation",
    "residual": "errors, median deviation from three harmonics",
}
GROUPS = {
    "light_curve": tuple(UNITS)[:9],
    "shape": tuple(UNITS)[:7],
    "amplitude": ("amplitude", "deviation"),
    "scatter": ("residual",),
}
_PERIODS = (0.1, 1000.0)  # days that are searched
_HARMONICS = 3
_POINTS = 400  # at most so many of a star, evenly over its nights


class Star(NamedTuple):
    """A real star and its light curve in one band."""

    object_id: str
    group: str
    curve: LightCurve


def against_twins(
    sample: Sample, match: Mapping[str, str], most: int, min_points: int, seed: int
) -> list[ClassReport]:
    """Compare each real class with simulated twins of a kind.

    A twin has times and errors of its star and the same mean magnitude; period, phase and shape are
    those of the simulated kind, in the band of the simulated survey: real amplitudes in V are
    larger than those in R.  Its noise is the simulated survey's, wrong points and errors that are
    not quite true included: skewness and kurtosis of a real star have those in them.

    Parameters
    ----------
    sample : real stars, in magnitudes
    match : real class -> class of the simulated surveys
    most : at most so many stars of a class
    min_points : in the band that has most
    """
    drawn = variables.simulate(0, 50, seed).objects
    unknown = sorted(set(match.values()) - set(drawn["class"]))
    if unknown:
        known = ", ".join(sorted(set(drawn["class"])))
        raise InputError(f"--match: {', '.join(unknown)}: none that is simulated: {known}")
    return [
        _report(f"{label} as {kind}", gather(sample, label, most, min_points), kind, seed)
        for label, kind in match.items()
    ]


def gather(sample: Sample, label: str, most: int, min_points: int) -> list[Star]:
    """Stars of one class in the order of a hash of their names."""
    wanted = np.asarray(sample.objects["class"] == label, bool)
    names = sample.objects["object_id"].to_numpy(str)
    groups = sample.objects["group"].to_numpy(str)
    rows = sorted(np.flatnonzero(wanted), key=lambda row: number(str(names[row])))
    found: list[Star] = []
    for row in rows:
        curve = _fullest(sample.light_curves[int(row)])
        if len(curve.time) >= min_points and len(found) < most:
            found.append(Star(str(names[row]), str(groups[row]), curve))
    return found


def _fullest(curve: LightCurve) -> LightCurve:
    """The band with most points, thinned to `_POINTS`."""
    mine = np.flatnonzero(curve.band == np.bincount(curve.band, minlength=1).argmax())
    if len(mine) > _POINTS:
        mine = mine[np.linspace(0, len(mine) - 1, _POINTS).astype(int)]
    return LightCurve(*(np.asarray(column)[mine] for column in curve))


def twins(real: list[Star], kind: str, seed: int) -> list[LightCurve]:
    """Light curves of simulated stars of the class ``kind`` at the visits of the real ones."""
    drawn = _of_class(kind, len(real), seed)
    rows = np.array([number(star.object_id) for star in real])
    noise = surveys.deviates(draws(seed, "star-twins", rows, _POINTS, _POINTS))
    noise *= drawn["error_scale"].to_numpy(np.float64)[:, None]
    found = []
    for i, (star, deviate) in enumerate(zip(real, noise, strict=True)):
        curve = star.curve
        perfect = variables.magnitude(drawn.iloc[i : i + 1], curve.time)[0]
        value = perfect + deviate[: len(perfect)] * curve.error
        found.append(curve._replace(value=value + np.mean(curve.value) - np.mean(value)))
    return found


def _of_class(kind: str, count: int, seed: int) -> pd.DataFrame:
    """``count`` simulated stars of a class."""
    size = 64 + 2 * count
    while True:
        objects = variables.simulate(0, size, seed, least_share=0.1).objects
        mine = objects[(objects["class"] == kind).to_numpy(bool)]
        if len(mine) >= count:
            return mine.iloc[:count]
        size *= 2


def _report(label: str, real: list[Star], kind: str, seed: int) -> ClassReport:
    """Judge one class; nothing is scored where it has too few stars."""
    report = ClassReport(label, _measured(real, twins(real, kind, seed)), {}, {}, 0, 0)
    for name, features in GROUPS.items():
        if len(real) >= FEWEST:
            result = compare.judge_curves(report.measured, features, seed, name == "light_curve")
            if result is not None:
                report.tested[name], report.giveaways[name] = result
    return report


def _measured(real: list[Star], simulated: list[LightCurve]) -> Measured:
    sides = ([star.curve for star in real], simulated)
    one, other = (
        pd.DataFrame([measure(curve) for curve in side], columns=list(UNITS)) for side in sides
    )
    groups = [star.group for star in real] * 2
    return compare.measured(*sides, compare.shared(one, other), groups, UNITS)


def measure(curve: LightCurve) -> dict[str, float]:
    """Features of one light curve; `UNITS` says what they are."""
    mag, error = np.asarray(curve.value, float), np.asarray(curve.error, float)
    period = _period(curve.time, mag, error)
    coefficients, residual = _harmonics(curve.time, mag, error, period)
    amplitude, phase = np.abs(coefficients), np.angle(coefficients)
    low, high = np.percentile(mag, [5, 95])
    return {
        "log_period": float(np.log10(period)),
        "r21": float(amplitude[1] / amplitude[0]),
        "r31": float(amplitude[2] / amplitude[0]),
        "phi21": float(np.mod(phase[1] - 2 * phase[0], 2 * np.pi)),
        "phi31": float(np.mod(phase[2] - 3 * phase[0], 2 * np.pi)),
        "skewness": float(skew(mag)),
        "kurtosis": float(kurtosis(mag)),
        "amplitude": float(high - low),
        "deviation": float(np.std(mag)),
        "residual": float(np.median(np.abs(residual) / error)),
    }


def _period(time: Floats, mag: Floats, error: Floats) -> float:
    """Period in days: the best sine wave (Lomb-Scargle), then the best three harmonics near it."""
    from astropy.timeseries import LombScargle

    grid, power = LombScargle(time, mag, error).autopower(
        samples_per_peak=3,
        minimum_frequency=1 / _PERIODS[1],
        maximum_frequency=1 / _PERIODS[0],
    )
    best = grid[np.argmax(power)]
    # A step of the grid is a third of a cycle over the whole light curve, which blurs harmonics.
    near = 1 / (best + np.linspace(-1, 1, 41) * (grid[1] - grid[0]))
    misfit = [np.sum((_harmonics(time, mag, error, p)[1] / error) ** 2) for p in near]
    return float(near[np.argmin(misfit)])


def _harmonics(
    time: Floats, mag: Floats, error: Floats, period: float
) -> tuple[NDArray[np.complex128], Floats]:
    """Complex amplitudes of three harmonics, weighted least squares, and the residuals.

    mag = mean + sum over k of |c_k| cos(k 2 pi t / period + arg c_k).
    """
    angle = 2 * np.pi * (time - time[0]) / period
    order = np.arange(1, _HARMONICS + 1)
    waves = np.concatenate([np.cos(angle[:, None] * order), np.sin(angle[:, None] * order)], axis=1)
    design = np.column_stack([np.ones(len(time)), waves])
    fit = np.linalg.lstsq(design / error[:, None], mag / error, rcond=None)[0]
    found = fit[1 : _HARMONICS + 1] - 1j * fit[_HARMONICS + 1 :]
    return found, mag - design @ fit
