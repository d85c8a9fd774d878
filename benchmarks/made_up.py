"""Made-up light curves and spectra of given lengths: speed does not depend on what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.batching.datasets import PairData, SpectrumData, SupernovaData, WindowData
from nightjar.params import ProbedSettings
from nightjar.ragged import LightCurves
from nightjar.simulate import variables

WINDOW = 200
PROBED = ProbedSettings(probed=0.5, same=0.2, random=0.2)
STARS = 300  # simulated stars of each of the two kinds of survey


def lengths(photometry: Path | None, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Points of ``count`` windows, one drawn of each of as many single-band light curves.

    Parameters
    ----------
    photometry : Parquet in the canonical layout; None: of the mock surveys, simulated here
    """
    if photometry is None:
        tables = variables.simulate(STARS, STARS, seed).photometry
        points = pd.concat([part[["object_id", "band"]] for part in tables])
    else:
        points = pd.read_parquet(photometry, columns=["object_id", "band"])
    found = points.groupby(["object_id", "band"], observed=True).size().to_numpy()
    drawn = np.random.default_rng(seed).choice(found[found >= 5], count)
    return np.minimum(drawn, WINDOW)


def light_curves(points: NDArray[np.int64], bands: int = 1, seed: int = 0) -> LightCurves:
    """Noise at random times: curves of so many points, in as many bands in turn."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(points)])
    owner = np.repeat(np.arange(len(points)), points)
    time = rng.uniform(0, 1000, offsets[-1])
    time = time[np.lexsort((time, owner))] + 57_000
    return LightCurves(
        object_id=np.arange(len(points)).astype(str),
        offsets=offsets,
        time=time,
        value=rng.normal(0, 0.3, len(time)).astype(np.float32),
        error=rng.uniform(0.01, 0.1, len(time)).astype(np.float32),
        band=(np.arange(len(time)) % bands).astype(np.int16),
        bands=tuple("gr")[:bands],
    )


def windows(points: NDArray[np.int64], *, full: bool) -> WindowData:
    """A window of each such curve, probed as in pre-training; ``full`` pads them all to 200."""
    return WindowData.drawn(light_curves(points), WINDOW, probed=PROBED, full=full)


def pairs(count: int, bins: int, seed: int = 0) -> PairData:
    """Light curves of 100 points in each of two bands, and spectra of ``bins`` bins."""
    curves = light_curves(np.full(count, WINDOW), bands=2)
    flux = np.random.default_rng(seed).normal(size=(count, bins)).astype(np.float32)
    spectra = SpectrumData(
        flux, np.full_like(flux, 0.1), np.ones(flux.shape, bool), np.linspace(4e3, 9e3, bins),
        np.arange(count),
    )  # fmt: skip
    return PairData(SupernovaData(curves, WINDOW // 2), spectra)
