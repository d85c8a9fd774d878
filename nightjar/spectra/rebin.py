"""Flux-conserving rebinning of blocks of spectra onto one log-wavelength grid."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightjar.params import PreprocessSpectra
from nightjar.spectra.median import mean_variance, running_median
from nightjar.spectra.pixels import Block, Bools, Floats, Ints

ENOUGH = 0.5  # a bin counts as observed where at least this part of it is covered
# A pixel reaches half-way to its neighbours.  One this many times as wide as the spectrum's mean
# pixel stands beside a hole (between detectors, or cut-out sky lines) and measured no such width.
# Log-spaced pixels from 2000 to 11000 Angstrom differ from their mean by a factor of two.
HOLE = 5.0


@dataclass(frozen=True)
class Rebinned:
    """A block on the grid; ``flux`` and ``variance`` are 0 where not ``valid``."""

    flux: Floats  # (rows, bins) flux density per Angstrom, observer frame
    valid: Bools  # (rows, bins)
    variance: Floats | None  # (rows, bins), NaN where an error is missing; None: none has errors

    def select(self, rows: Bools) -> Rebinned:
        """The chosen rows; itself, not a copy, where these are all."""
        if rows.all():
            return self
        variance = None if self.variance is None else self.variance[rows]
        return Rebinned(self.flux[rows], self.valid[rows], variance)


def grid_edges(settings: PreprocessSpectra) -> Floats:
    """Edges of the bins in Angstrom, (bins + 1,), equal in the logarithm of the wavelength."""
    return _edges(settings.wavelength_min, settings.wavelength_max, settings.bins)


@functools.lru_cache(maxsize=1)  # every block asks for them
def _edges(low: float, high: float, bins: int) -> Floats:
    edges: Floats = np.geomspace(low, high, bins + 1)
    edges.flags.writeable = False
    return edges


def grid(settings: PreprocessSpectra) -> Floats:
    """Centres of the bins in Angstrom, (bins,): geometric means of their edges.

    A redshift of exp(k step) - 1, with step = ln(wavelength_max / wavelength_min) / bins, moves a
    spectrum by k whole bins (Blondin & Tonry 2007, section 2.2).
    """
    edges = grid_edges(settings)
    return np.sqrt(edges[1:] * edges[:-1])


class Overlap:
    """Which part of every pixel of a block lies in which bin of the grid.

    Pixels are steps: the flux density is constant across a pixel.  Of the pixels that touch a bin,
    one is cut by its left edge, one by its right edge (or one by both), and the others lie wholly
    inside.  So a sum over a bin is two looked-up parts and a count of the rest: exact, however
    pixels and bins compare in size.  It is not the difference of two cumulative sums, because the
    common "error 1e10 means ignore" would leave nothing of the digits of every later bin.
    """

    def __init__(self, block: Block, edges: Floats) -> None:
        rows, self._bins = block.edges.shape[0], edges.size - 1
        self.width = np.diff(block.edges, axis=1)  # (rows, pixels) Angstrom
        pixels = self.width.shape[1]
        slots = _bin_numbers(block.edges, edges)  # (rows, pixels + 1), 0 before the grid
        whole = self.width * (slots[:, 1:] == slots[:, :-1])
        slots += np.arange(rows)[:, None] * (edges.size + 1)
        self._slots = slots[:, :-1].ravel()
        per_bin = np.bincount(slots.ravel(), minlength=rows * (edges.size + 1)).reshape(rows, -1)
        cut = np.minimum(np.cumsum(per_bin[:, :-1], axis=1) - 1, pixels - 1)  # (rows, bins + 1)
        np.maximum(cut, 0, out=cut)
        self._cut = cut + np.arange(rows)[:, None] * pixels
        edge = np.clip(edges, block.edges[:, :1], block.edges[:, -1:])
        self.span = np.diff(edge, axis=1)  # (rows, bins) Angstrom between the outer pixel edges
        before = edge - np.take(block.edges[:, :-1], self._cut)  # of the cut pixel
        after = np.take(self.width, self._cut) - before
        same = cut[:, 1:] == cut[:, :-1]
        left = np.where(same, self.span, after[:, :-1])
        right = np.where(same, 0.0, before[:, 1:])
        self._overlaps = [whole, left, right]  # (rows, pixels) and twice (rows, bins), Angstrom

    def sum(self, values: Floats, squared: bool = False) -> Floats:
        """Sum of value * overlap (squared) over every bin, (rows, bins); values (rows, pixels)."""
        parts = [np.square(part) for part in self._overlaps] if squared else self._overlaps
        whole, left, right = parts
        slots = values.shape[0] * (self._bins + 2)
        counts: NDArray[Any] = np.bincount(self._slots, (values * whole).ravel(), slots)
        cut = np.take(values, self._cut)
        total: Floats = cut[:, :-1] * left
        total += cut[:, 1:] * right
        total += counts.reshape(values.shape[0], -1)[:, 1:-1]
        return total


def _bin_numbers(wavelength: Floats, edges: Floats) -> Ints:
    """Number of grid edges below each wavelength: 0 before the grid, bins + 1 beyond it."""
    step = np.log(edges[-1] / edges[0]) / (edges.size - 1)
    number = np.log(wavelength)
    number -= np.log(edges[0])
    number *= 1 / step
    np.ceil(number, out=number)
    return np.clip(number, 0, edges.size, out=number).astype(np.int64)


def rebin(block: Block, settings: PreprocessSpectra) -> Rebinned:
    """Smooth and rebin a block: the flux density of a bin is its integral over its covered width.

    A spectrum of the rest frame is brought to the observer's: wavelengths times 1 + z (done when
    the block was made), flux per Angstrom divided by 1 + z, because the same energy spreads over a
    wider interval; so flux times wavelength interval is the same in both frames.

    Two bins that share a pixel, or pixels that share a median's window, have correlated errors;
    only the variances are kept.
    """
    edges = grid_edges(settings)
    overlap = Overlap(block, edges)
    measured = _measured(block, overlap)
    flux = running_median(block.flux, settings.median_width).astype(np.float64)
    flux /= block.stretch[:, None]
    covered = overlap.span
    if measured is not None:
        flux *= measured
        covered = covered - overlap.sum(1.0 - measured)
    valid = covered >= ENOUGH * np.diff(edges)
    scale = np.divide(1.0, covered, out=np.zeros_like(covered), where=valid)
    density = overlap.sum(flux)
    density *= scale
    return Rebinned(density, valid, _variance(block, overlap, measured, scale, settings))


def _measured(block: Block, overlap: Overlap) -> Floats | None:
    """1 for pixels, 0 for those beside a hole, (rows, pixels); None where there is no hole."""
    mean = (block.edges[:, -1] - block.edges[:, 0]) / block.length
    beside = overlap.width > HOLE * mean[:, None]
    return np.where(beside, 0.0, 1.0) if beside.any() else None


def _variance(
    block: Block,
    overlap: Overlap,
    measured: Floats | None,
    scale: Floats,
    settings: PreprocessSpectra,
) -> Floats | None:
    """Variance of the mean over every bin, (rows, bins); NaN where an error is missing.

    Without a median filter that of a weighted mean, exactly: sum of w^2 sigma^2 with the weights
    w = overlap / covered width.  With it the mean sigma^2 of the bin, times what averaging over
    window and bin leaves of it.
    """
    known = (block.flux_err > 0) & np.isfinite(block.flux_err)
    if not known.any():
        return None
    variance = np.square(np.where(known, block.flux_err, 0.0) / block.stretch[:, None])
    if measured is not None:
        variance *= measured
    if settings.median_width == 1:
        result = overlap.sum(variance, squared=True) * np.square(scale)
    else:
        variance *= mean_variance(_pixels_per_bin(block, overlap, settings), settings.median_width)
        result = np.maximum(overlap.sum(variance), 0.0) * scale
    if not known.all():
        result[overlap.sum(np.where(known, 0.0, 1.0)) > 1e-6 * overlap.span] = np.nan
    return result


def _pixels_per_bin(block: Block, overlap: Overlap, settings: PreprocessSpectra) -> Floats:
    """How many pixels of this width a bin at this wavelength holds, (rows, pixels)."""
    step = np.log(settings.wavelength_max / settings.wavelength_min) / settings.bins
    size = step * block.edges[:, 1:]
    count: Floats = size / np.maximum(overlap.width, 1e-3 * size)  # no width, no weight: any number
    return count
