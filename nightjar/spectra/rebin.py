"""Flux-conserving rebinning of blocks of spectra onto one log-wavelength grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightjar.params import PreprocessSpectra
from nightjar.spectra.median import running_median, variance_factor
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
    return np.geomspace(settings.wavelength_min, settings.wavelength_max, settings.bins + 1)


def grid(settings: PreprocessSpectra) -> Floats:
    """Centres of the bins in Angstrom, (bins,): geometric means of their edges.

    A redshift of exp(k step) - 1, with step = ln(wavelength_max / wavelength_min) / bins, moves a
    spectrum by k whole bins (Blondin & Tonry 2007, section 2.2).
    """
    edges = grid_edges(settings)
    return np.sqrt(edges[1:] * edges[:-1])


class Overlap:
    """Where the edges of the grid fall among the pixels of every spectrum of a block.

    Pixels are steps: the flux density is constant across a pixel.  The integral of a step function
    up to any wavelength is then piecewise linear, and the mean over a bin is a difference of two
    such integrals: exact, however pixels and bins compare in size.
    """

    def __init__(self, block: Block, edges: Floats) -> None:
        pixel_edges = block.edges
        rows, count = pixel_edges.shape
        self._left = pixel_edges[:, :-1]
        self.width = np.diff(pixel_edges, axis=1)  # (rows, pixels) Angstrom
        self.bin = _bin_numbers(pixel_edges, edges)  # (rows, pixels + 1), 0 before the grid
        slots = self.bin + np.arange(rows)[:, None] * (edges.size + 1)
        per_bin = np.bincount(slots.ravel(), minlength=rows * (edges.size + 1))
        below = np.cumsum(per_bin.reshape(rows, -1)[:, :-1], axis=1)  # pixel edges <= grid edge
        pixel = np.clip(below - 1, 0, count - 2)
        self._slots = slots[:, :-1]
        self._at = pixel + np.arange(rows)[:, None] * (count - 1)  # (rows, bins + 1), flat
        self._edge = np.clip(edges, pixel_edges[:, :1], pixel_edges[:, -1:])
        self.span = np.diff(self._edge, axis=1)  # (rows, bins) Angstrom between the outer pixels

    def at_edges(self, values: Floats) -> Floats:
        """Values (rows, pixels) of the pixels in which the grid's edges lie, (rows, bins + 1)."""
        taken: Floats = np.take(values, self._at)
        return taken

    def integral(self, density: Floats) -> Floats:
        """Integral over every bin, (rows, bins), of a density given per pixel, (rows, pixels)."""
        total = np.zeros_like(density)
        np.cumsum(density[:, :-1] * self.width[:, :-1], axis=1, out=total[:, 1:])
        total -= density * self._left
        upto = self.at_edges(total)
        upto += self.at_edges(density) * self._edge
        return np.diff(upto, axis=1)

    def squares(self, variance: Floats) -> Floats:
        """Sum over the pixels of a bin of variance * overlap^2, (rows, bins), Angstrom^2.

        Three kinds of pixel: wholly inside a bin, cut by its left edge, cut by its right edge (or
        by both).  Summed per bin, not as a difference of cumulative sums: the common "error 1e10
        means ignore" would leave nothing of the digits of every later bin.
        """
        rows, bins = self.span.shape
        whole = variance * np.square(self.width)
        whole *= self.bin[:, 1:] == self.bin[:, :-1]
        inside = np.bincount(
            self._slots.ravel(), weights=whole.ravel(), minlength=rows * (bins + 2)
        ).reshape(rows, -1)[:, 1:-1]
        after = self._edge - self.at_edges(self._left)  # from the pixel's left edge to ours
        before = self.at_edges(self.width) - after
        same = self._at[:, 1:] == self._at[:, :-1]
        at = self.at_edges(variance)
        left = np.where(same, self.span, before[:, :-1])
        right = np.where(same, 0.0, after[:, 1:])
        return inside + at[:, :-1] * np.square(left) + at[:, 1:] * np.square(right)


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

    The variance of a bin is that of a weighted mean of its pixels, sum w^2 sigma^2 with weights
    w = overlap / covered width, times what the median filter leaves of it.  Two bins that share a
    pixel have correlated errors; only the diagonal is kept.
    """
    overlap = Overlap(block, grid_edges(settings))
    measured = _measured(block, overlap)
    flux = running_median(block.flux, settings.median_width).astype(np.float64)
    flux /= block.stretch[:, None]
    covered = overlap.span
    if measured is not None:
        flux *= measured
        covered = covered - overlap.integral(1.0 - measured)
    widths = np.diff(grid_edges(settings))
    valid = covered >= ENOUGH * widths
    scale = np.divide(1.0, covered, out=np.zeros_like(covered), where=valid)
    density = overlap.integral(flux)
    density *= scale
    variance = _variance(block, overlap, measured, settings)
    if variance is not None:
        variance *= np.square(scale)
    return Rebinned(density, valid, variance)


def _measured(block: Block, overlap: Overlap) -> Floats | None:
    """1 for pixels, 0 for those beside a hole, (rows, pixels); None where there is no hole."""
    mean = (block.edges[:, -1] - block.edges[:, 0]) / block.length
    beside = overlap.width > HOLE * mean[:, None]
    return np.where(beside, 0.0, 1.0) if beside.any() else None


def _variance(
    block: Block, overlap: Overlap, measured: Floats | None, settings: PreprocessSpectra
) -> Floats | None:
    """Variance of the integral over every bin, (rows, bins); NaN where an error is missing."""
    known = (block.flux_err > 0) & np.isfinite(block.flux_err)
    if not known.any():
        return None
    variance = np.square(np.where(known, block.flux_err, 0.0) / block.stretch[:, None])
    if settings.median_width > 1:
        variance *= variance_factor(
            _pixels_per_bin(block, overlap, settings), settings.median_width
        )
    if measured is not None:
        variance *= measured
    squares = overlap.squares(variance)
    if not known.all():
        squares[overlap.integral(np.where(known, 0.0, 1.0)) > 0] = np.nan
    return squares


def _pixels_per_bin(block: Block, overlap: Overlap, settings: PreprocessSpectra) -> Floats:
    """How many pixels of this width a bin at this wavelength holds, (rows, pixels)."""
    step = np.log(settings.wavelength_max / settings.wavelength_min) / settings.bins
    tiny = 1e-6 * block.edges[:, 1:]  # pixels of no width carry no weight: any number will do
    count: Floats = step * block.edges[:, 1:] / np.maximum(overlap.width, tiny)
    return count
