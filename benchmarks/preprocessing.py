"""Spectrum preprocessing: spectra per second on one thread, and how well the continuum is found.

Three ways from 1000 pixels to 1024 log-wavelength bins, run in turn in one process:

ours   ``nightjar.spectra.preprocess``, with errors;
scipy  a tidy loop over spectra: ``median_filter``, ``np.interp``, ``LSQUnivariateSpline`` with the
       same knots; neither conserves flux nor carries errors;
dash   a loop over spectra and bins in the manner of DASH (Muthukrishna et al. 2019): scaling to
       0..1, overlap of every pixel with every bin, a smoothing spline sampled at 13 points.

Rates are per second of processor time, so that a second thread or another program on the machine
helps nobody.  Run as ``python -m benchmarks.preprocessing [--out file.json]``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.interpolate import LSQUnivariateSpline, UnivariateSpline
from scipy.ndimage import median_filter

from nightjar.params import PreprocessSpectra
from nightjar.ragged import Spectra
from nightjar.spectra import grid, grid_edges, preprocess
from nightjar.spectra.continuum import fit
from nightjar.spectra.pixels import blocks, clean
from nightjar.spectra.rebin import rebin

SETTINGS = PreprocessSpectra(
    threads=1,
    wavelength_min=3500.0,
    wavelength_max=10000.0,
    bins=1024,
    median_width=7,
    continuum="spline",
    knots=13,
    degree=6,
    apodise=0.05,
    min_pixels=20,
    min_coverage=0.1,
)
EDGES, CENTRES = grid_edges(SETTINGS), grid(SETTINGS)
LOG_CENTRES = np.log(CENTRES)
KNOT_STEP = (LOG_CENTRES[-1] - LOG_CENTRES[0]) / (SETTINGS.knots - 1)
PIXELS = 1000
FEW = 40  # spectra for the slow loop


def simulate(count: int, noise: float, seed: int) -> tuple[Spectra, np.ndarray, np.ndarray]:
    """Spectra with a known continuum: a hot or cool slope, slow waves, lines, noise.

    Returns the spectra, their continuum on the grid (count, bins), and wavelengths (count, pixels).
    """
    rng = np.random.default_rng(seed)
    low, high = rng.uniform(3600, 4200, (count, 1)), rng.uniform(8800, 9800, (count, 1))
    wave = low + (high - low) * np.linspace(0, 1, PIXELS)
    slope, height, phase = (rng.uniform(a, b, (count, 1)) for a, b in ((-3, 1), (0, 0.3), (0, 6)))

    def curve(at: np.ndarray) -> np.ndarray:
        x = np.log(at / 6000)
        return np.exp(slope * x) * (1 + height * np.sin(8 * x + phase))

    flux = curve(wave)
    for _ in range(8):  # absorption and emission side by side, as in an expanding envelope
        centre, width = rng.uniform(4000, 9000, (count, 1)), rng.uniform(10, 60, (count, 1))
        u = (wave - centre) / width
        flux *= 1 - rng.uniform(-0.3, 0.3, (count, 1)) * 2 * u * np.exp(-0.5 * u**2)
    error = noise * curve(wave)
    flux += error * rng.normal(size=flux.shape)
    spectra = Spectra(
        object_id=np.array([str(i) for i in range(count)]),
        time=np.zeros(count),
        rest=np.zeros(count, bool),
        offsets=np.arange(count + 1) * PIXELS,
        wavelength=wave.astype(np.float32).ravel(),
        flux=flux.astype(np.float32).ravel(),
        flux_err=error.astype(np.float32).ravel(),
    )
    return spectra, curve(CENTRES), wave


def taper(covered: np.ndarray) -> np.ndarray:
    """Cosine weights over the ends of the covered bins."""
    first, last = covered[0], covered[-1]
    inside = np.minimum(covered - first, last - covered) + 0.5
    phase = np.minimum(inside / (SETTINGS.apodise * (last - first + 1)), 1)
    return 0.5 - 0.5 * np.cos(np.pi * phase)


def scipy_one(wave: np.ndarray, flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(flux, continuum) on the grid; the continuum is NaN outside the coverage."""
    smooth = median_filter(flux, size=SETTINGS.median_width, mode="reflect")
    covered = np.flatnonzero((wave[0] <= CENTRES) & (wave[-1] >= CENTRES))
    binned = np.interp(CENTRES[covered], wave, smooth)
    x = LOG_CENTRES[covered]
    knots = np.arange(x[0] + KNOT_STEP, x[-1] - KNOT_STEP / 2, KNOT_STEP)
    continuum = LSQUnivariateSpline(x, binned, knots, k=3)(x)
    out, found = np.zeros(SETTINGS.bins), np.full(SETTINGS.bins, np.nan)
    out[covered] = (binned / continuum - 1) * taper(covered)
    found[covered] = continuum
    return out, found


def dash_one(wave: np.ndarray, flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(flux, continuum) on the grid in the manner of DASH, bin by bin."""
    bins = SETTINGS.bins
    smooth = median_filter(flux, size=SETTINGS.median_width, mode="reflect").astype(float)
    low, span = smooth.min(), np.ptp(smooth)
    smooth = (smooth - low) / span
    middle = (wave[1:] + wave[:-1]) / 2
    left = np.concatenate([[1.5 * wave[0] - 0.5 * wave[1]], middle])
    right = np.concatenate([middle, [1.5 * wave[-1] - 0.5 * wave[-2]]])
    binned = np.zeros(bins)
    for i in range(bins):
        overlap = np.minimum(right, EDGES[i + 1]) - np.maximum(left, EDGES[i])
        overlap[overlap < 0] = 0
        if overlap.sum() > 0:
            binned[i] = (overlap * smooth).sum() / overlap.sum()
    covered = np.flatnonzero((EDGES[1:] > left[0]) & (EDGES[:-1] < right[-1]))
    centres = CENTRES[covered]
    curve = UnivariateSpline(centres, binned[covered] + 1, k=3)
    points = np.linspace(centres[0], centres[-1], SETTINGS.knots)
    continuum = UnivariateSpline(points, curve(points), k=3)(centres)
    out, found = np.zeros(bins), np.full(bins, np.nan)
    divided = (binned[covered] + 1) / continuum - 1
    out[covered] = divided * taper(covered)
    found[covered] = (continuum - 1) * span + low
    return out, found


def ours_continuum(spectra: Spectra) -> np.ndarray:
    """The continuum that our chain divides by, NaN outside the coverage, (count, bins)."""
    pixels, _ = clean(spectra, np.zeros(len(spectra)))
    found = np.full((len(spectra), SETTINGS.bins), np.nan)
    for block in blocks(pixels, np.arange(len(spectra)), SETTINGS.median_width // 2):
        binned = rebin(block, SETTINGS)
        continuum = fit(binned.flux, binned.valid, SETTINGS)
        found[block.row] = np.where(binned.valid, continuum, np.nan)
    return found


def rms_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Median over spectra of the RMS relative error of the continuum."""
    return float(np.median(np.sqrt(np.nanmean((found / truth - 1) ** 2, axis=1))))


def accuracy(count: int, noise: float) -> dict[str, float]:
    spectra, truth, wave = simulate(count, noise, seed=1)
    flux = spectra.flux.reshape(count, PIXELS)
    loops = {"scipy": scipy_one, "dash": dash_one}
    found = {
        name: np.array([one(w, f)[1] for w, f in zip(wave, flux, strict=True)])
        for name, one in loops.items()
    }
    found["ours"] = ours_continuum(spectra)
    return {name: rms_error(found[name], truth) for name in ("ours", "scipy", "dash")}


def clock(call: Callable[[], object], count: int) -> float:
    start = time.process_time()
    call()
    return count / (time.process_time() - start)


def speed(count: int, repeats: int) -> dict[str, float]:
    """Spectra per second: medians over interleaved repeats, after one unmeasured turn."""
    spectra, _, wave = simulate(count, noise=0.1, seed=0)
    flux = spectra.flux.reshape(count, PIXELS)
    bare = Spectra(**{**vars(spectra), "flux_err": np.full_like(spectra.flux_err, np.nan)})
    redshift = np.zeros(count)
    turns: dict[str, tuple[Callable[[], object], int]] = {
        "ours": (lambda: preprocess(spectra, redshift, SETTINGS), count),
        "ours_without_errors": (lambda: preprocess(bare, redshift, SETTINGS), count),
        "scipy": (lambda: [scipy_one(wave[i], flux[i]) for i in range(count)], count),
        "dash": (lambda: [dash_one(wave[i], flux[i]) for i in range(FEW)], FEW),
    }
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for repeat in range(repeats + 1):
        for name, (call, done) in turns.items():
            rate = clock(call, done)
            if repeat:
                rates[name].append(rate)
    return {name: float(np.median(values)) for name, values in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectra", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    arguments = parser.parse_args()
    rates = speed(arguments.spectra, arguments.repeats)
    print(f"{PIXELS} pixels -> {SETTINGS.bins} bins, per CPU second\n")
    print(f"{'':22}{'spectra/s':>12}{'ours / this':>14}")
    for name, rate in rates.items():
        print(f"{name:22}{rate:12,.0f}{rates['ours'] / rate:14.2f}")
    errors = {f"noise {noise:.0%}": accuracy(200, noise) for noise in (0.0, 0.1, 0.5)}
    print("\nRMS relative error of the continuum, median of 200 spectra with lines, per cent")
    print(f"{'':22}{'ours':>12}{'scipy':>12}{'dash':>12}")
    for case, row in errors.items():
        print(f"{case:22}" + "".join(f"{100 * value:12.2f}" for value in row.values()))
    if arguments.out:
        arguments.out.write_text(json.dumps({"speed": rates, "continuum": errors}, indent=2) + "\n")


if __name__ == "__main__":
    main()
