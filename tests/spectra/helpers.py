"""Spectra made by hand for the tests."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nightjar.params import PreprocessSpectra
from nightjar.ragged import Spectra

PLAIN = PreprocessSpectra(
    threads=1,
    wavelength_min=3500.0,
    wavelength_max=10000.0,
    bins=1024,
    median_width=1,
    continuum="spline",
    knots=13,
    degree=6,
    apodise=0.0,
    min_pixels=10,
    min_coverage=0.05,
)
STEP = np.log(PLAIN.wavelength_max / PLAIN.wavelength_min) / PLAIN.bins


def settings(**changes: object) -> PreprocessSpectra:
    return PreprocessSpectra(**{**PLAIN.model_dump(), **changes})


def spectra(
    wavelength: Sequence[ArrayLike],
    flux: Sequence[ArrayLike],
    flux_err: Sequence[ArrayLike | None] | None = None,
    rest: bool | Sequence[bool] = False,
) -> Spectra:
    """One spectrum per entry; an error of None is unknown."""
    n = len(wavelength)
    errors = [None] * n if flux_err is None else flux_err
    filled = [
        np.full(len(f), np.nan) if e is None else e for f, e in zip(flux, errors, strict=True)
    ]
    flat = [
        np.concatenate([np.asarray(a, np.float32) for a in part])
        for part in (wavelength, flux, filled)
    ]
    return Spectra(
        object_id=np.array([f"object{i}" for i in range(n)]),
        time=np.full(n, np.nan),
        rest=np.broadcast_to(np.asarray(rest, bool), (n,)),
        offsets=np.concatenate([[0], np.cumsum([len(f) for f in flux])]),
        wavelength=flat[0],
        flux=flat[1],
        flux_err=flat[2],
    )


def mixed(rng: np.random.Generator, n: int) -> Spectra:
    """Noisy spectra of all kinds: lengths, coverage, frames, holes, with and without errors."""
    wavelength, flux, errors = [], [], []
    for i in range(n):
        pixels = int(rng.integers(4, 900))
        low = rng.uniform(2000, 9000)
        wave = np.sort(rng.uniform(low, low + rng.uniform(100, 8000), pixels))
        values = np.exp(-(((wave - 6000) / 3000) ** 2)) + 0.3 * rng.normal(size=pixels)
        known = np.where(rng.random(pixels) < 0.9, rng.uniform(0.1, 0.5, pixels), np.nan)
        values[rng.random(pixels) < 0.01 * (i % 3)] = np.nan
        wavelength.append(wave)
        flux.append(values * 10.0 ** rng.uniform(-17, 3))
        errors.append([None, known, np.full(pixels, 0.3)][i % 3])
    return spectra(wavelength, flux, errors, rest=rng.random(n) < 0.3)
