"""Data sets: rows in, one padded batch out.

With a random generator a data set draws anew: subsets of points, one of several spectra, windows,
probed points, noise.  Without one the batch is a pure function of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nightjar import windows
from nightjar.batching import Batch, Pair, collate, drawing
from nightjar.batching.masking import extent, shuffled, subsets
from nightjar.params import ProbedSettings

if TYPE_CHECKING:
    from nightjar.ragged import LightCurves

Array = NDArray


def _take(values: Array | None, rows: Array, dtype: type = np.int64) -> Array | None:
    return None if values is None else np.asarray(values[rows], dtype=dtype)


# --- supernovae -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SupernovaData:
    """Light curves of several bands as sequences (Zhang+2024).

    Parameters
    ----------
    light_curves : `ragged.LightCurves` of the window stage: ``time`` in days since the object's
        first point over all bands, ``band`` the code of its group, ``value`` in mag
    points_per_band : at most so many points of each band; training draws them anew each epoch,
        evaluation takes them evenly spaced from the first on
    label : (n,) int class codes, or None
    redshift : (n,) float, or None
    noise_level : training adds noise of so many reported errors (Zhang+2024), anew each time
    subset : in training each object keeps a share of its points, drawn anew each time from between
        this and 1 (but at least four points); time starts at the first of them.  1 keeps all
    """

    light_curves: LightCurves
    points_per_band: int
    label: Array | None = None
    redshift: Array | None = None
    noise_level: float = 0.0
    subset: float = 1.0

    def __len__(self) -> int:
        return len(self.light_curves)

    def batch(self, rows: Array, rng: np.random.Generator | None = None) -> Batch:
        """The sequences of ``rows``, padded to the longest."""
        curves = self.light_curves
        point, owner = drawing.points(curves.offsets, rows)
        band = owner * len(curves.bands) + curves.band[point]
        keep = drawing.at_most(self.points_per_band, band, rng)
        point, owner = point[keep], owner[keep]
        fewer = rng is not None and self.subset < 1
        if rng is not None and fewer:
            keep = drawing.share(self.subset, owner, len(rows), rng)
            point, owner = point[keep], owner[keep]
        count = np.bincount(owner, minlength=len(rows))
        valid = np.arange(max(count.max(initial=0), 1)) < count[:, None]

        def padded(values: Array) -> Array:
            out = np.zeros(valid.shape, values.dtype)
            out[valid] = values[point]  # both run row by row, in time order
            return out

        error = np.nan_to_num(padded(curves.error), nan=0.0)
        value = drawing.noisy(padded(curves.value), error, self.noise_level, rng)
        time = padded(curves.time)
        if fewer:
            time = np.where(valid, time - time[:, :1], 0)
        return collate(
            value, error, time, padded(curves.band), valid, rows,
            label=_take(self.label, rows), redshift=_take(self.redshift, rows, np.float32),
        )  # fmt: skip


@dataclass(frozen=True)
class SpectrumData:
    """Preprocessed spectra on a common grid (Zhang+2024), several for some objects.

    Parameters
    ----------
    flux, flux_err, valid : (m, bins) float32, float32 (NaN where none is given), bool
    wavelength : (bins,) Angstrom
    object_row : (m,) int, the object that each spectrum belongs to
    default : (n,) int, the spectrum that stands for each object in evaluation, such as the one
        nearest to peak, -1 for one without; None takes the first.  Training draws one of the
        object's spectra.
    phase : (m,) float, days from peak, NaN where unknown; or None
    phase_scale : days; training draws a spectrum in proportion to exp(-|phase| / phase_scale), one
        of unknown phase as if at one phase_scale.  None draws all alike
    noise_level : as in `SupernovaData`, with errors of at most the continuum: where a survey marks
        a pixel by a huge error, noise of that size would drown the spectrum
    """

    flux: Array
    flux_err: Array
    valid: Array
    wavelength: Array
    object_row: Array
    default: Array | None = None
    phase: Array | None = None
    phase_scale: float | None = None
    noise_level: float = 0.0

    @cached_property
    def _by_object(self) -> tuple[Array, Array]:
        """Spectra in the order of their objects, and these objects."""
        order = np.argsort(self.object_row, kind="stable")
        return order, self.object_row[order]

    @cached_property
    def _cumulative(self) -> Array:
        """Sums of the weights before each spectrum in that order, and of all, (m + 1,)."""
        assert self.phase is not None
        assert self.phase_scale is not None
        order, of_object = self._by_object
        distance = np.nan_to_num(np.abs(self.phase[order]) / self.phase_scale, nan=1.0)
        _, first, group = np.unique(of_object, return_index=True, return_inverse=True)
        nearest = np.minimum.reduceat(distance, first)[group]  # else all weights may underflow
        return np.concatenate([[0], np.cumsum(np.exp(nearest - distance))])

    def batch(self, rows: Array, rng: np.random.Generator | None = None) -> Batch:
        """One spectrum of each of ``rows``, without the bins that none of them covers.

        An object without a spectrum is a row without valid bins.
        """
        chosen = self._choose(np.asarray(rows), rng)
        valid = np.asarray(self.valid[chosen]) & (chosen >= 0)[:, None]
        covered = np.flatnonzero(valid.any(axis=0)) if valid.any() else np.array([0])
        valid = valid[:, covered]
        flux, error = self.flux[chosen][:, covered], self.flux_err[chosen][:, covered]
        error = np.where(valid, np.nan_to_num(error, nan=0.0), 0).astype(np.float32)
        error = np.minimum(error, 1.0)
        value = np.where(valid, flux, 0).astype(np.float32)
        value = drawing.noisy(value, error, self.noise_level, rng)
        time = np.where(valid, self.wavelength[covered], 0)
        return collate(value, error, time, np.zeros(valid.shape), valid, rows)

    def one_by_one(self) -> SpectrumData:
        """The same spectra, each standing for itself: row i is spectrum i."""
        return replace(self, object_row=np.arange(len(self.object_row)), default=None)

    def _choose(self, rows: Array, rng: np.random.Generator | None) -> Array:
        """A spectrum of each of ``rows``, -1 where it has none."""
        if rng is None and self.default is not None:
            return self.default[rows]
        order, of_object = self._by_object
        first = np.searchsorted(of_object, rows, side="left")
        count = np.searchsorted(of_object, rows, side="right") - first
        if rng is not None and self.phase_scale is not None:
            first = drawing.weighted(self._cumulative, first, count, rng)
        elif rng is not None:
            first = first + (rng.random(len(rows)) * count).astype(np.int64)
        chosen = np.full(len(rows), -1)
        chosen[count > 0] = order[first[count > 0]]
        return chosen


@dataclass(frozen=True)
class PairData:
    """Light curves and spectra of the same objects; either may be missing."""

    light_curves: SupernovaData
    spectra: SpectrumData

    def batch(self, rows: Array, rng: np.random.Generator | None = None) -> Pair:
        """The pairs of ``rows``."""
        return Pair(self.light_curves.batch(rows, rng), self.spectra.batch(rows, rng))


@dataclass(frozen=True)
class TabularData:
    """Objects as columns: metadata, features, or the embeddings of a frozen network.

    Parameters
    ----------
    columns : (n, columns) float
    label, redshift : (n,) int or float, or None
    """

    columns: Array
    label: Array | None = None
    redshift: Array | None = None

    def batch(self, rows: Array, rng: np.random.Generator | None = None) -> Batch:
        """The columns of ``rows``, with sequences of length 0."""
        nothing = np.empty((len(rows), 0))
        return collate(
            nothing, nothing, nothing, nothing, nothing.astype(bool), rows,
            tabular=_take(self.columns, rows, np.float32), label=_take(self.label, rows),
            redshift=_take(self.redshift, rows, np.float32),
        )  # fmt: skip


# --- windows of single-band light curves ----------------------------------------------------------


@dataclass(frozen=True)
class WindowData:
    """Windows of single-band light curves (Donoso-Oliva+2025).

    Times and magnitudes have the window's mean subtracted in float64: a float32 MJD is good to
    4e-3 day only.  The error stays as reported, since the loss weights need it.

    Parameters
    ----------
    light_curves : `ragged.LightCurves`, ``time`` in MJD (float64), ``value`` in mag
    window : points in a window
    row : (m,) int, the light curve of each window
    start : (m,) int, where each window starts; None draws it uniformly
    probed : which points are scored and what is seen of them; None: no point is scored or hidden
    label : (n,) int class codes of the light curves, or None
    full : pad every window to ``window``, which a network whose mask lets padding take part
        (Astromer 1 as published) needs in order not to depend on its batch
    """

    light_curves: LightCurves
    window: int
    row: Array
    start: Array | None
    probed: ProbedSettings | None = None
    label: Array | None = None
    full: bool = False

    @classmethod
    def drawn(cls, light_curves: LightCurves, window: int, **rest: Any) -> Self:
        """One window per light curve, drawn anew each epoch."""
        return cls(light_curves, window, np.arange(len(light_curves)), None, **rest)

    @classmethod
    def sequential(
        cls, light_curves: LightCurves, window: int, rows: ArrayLike, **rest: Any
    ) -> Self:
        """Every window of the light curves ``rows``, one after the other."""
        rows = np.asarray(rows, dtype=np.int64)
        length = light_curves.offsets[rows + 1] - light_curves.offsets[rows]
        offsets = np.concatenate([[0], np.cumsum(length)])
        curve, start, _ = windows.sequential_windows(offsets, window)
        return cls(light_curves, window, rows[curve], start - offsets[curve], **rest)

    def __len__(self) -> int:
        return len(self.row)

    def lengths(self, rows: Array) -> Array | None:
        """Points of the windows ``rows``, see `batching.training`.

        None where they are padded in full, and where no point is probed: a class may go with a
        length, and a classifier's batches should hold all classes.
        """
        if self.full or self.probed is None:
            return None
        owner, offsets = self.row[rows], self.light_curves.offsets
        return np.minimum(offsets[owner + 1] - offsets[owner], self.window)

    def batch(self, rows: Array, rng: np.random.Generator | None = None) -> Batch:
        """The windows ``rows``; ``Batch.index`` holds their light curves."""
        curves, owner = self.light_curves, self.row[rows]
        begin = curves.offsets[owner]
        length = curves.offsets[owner + 1] - begin
        start = self._starts(rows, length, rng)
        count = np.minimum(length, self.window)
        width = self.window if self.full else max(count.max(initial=0), 1)
        valid = np.arange(width) < count[:, None]
        point = np.where(valid, (begin + start)[:, None] + np.arange(width), 0)
        time, value, _ = windows.normalise(
            curves.time[point], curves.value[point], curves.error[point], valid
        )
        rest: dict[str, Any] = {}
        if self.probed is not None:
            keys, shuffle = self._keys(rng, len(rows), width)
            subset = subsets(valid, self.probed, keys)
            rest = {"masked": subset.masked, "probed": subset.probed, "target": value}
            rest["extent"] = extent(valid, subset)
            value = np.where(subset.random, shuffled(value, valid, shuffle), value)
        return collate(
            value, np.where(valid, curves.error[point], 0), time,
            np.where(valid, curves.band[point], 0), valid, owner,
            label=_take(self.label, owner), **rest,
        )  # fmt: skip

    def _starts(self, rows: Array, length: Array, rng: np.random.Generator | None) -> Array:
        if self.start is not None:
            return self.start[rows]
        if rng is None:
            raise ValueError("windows are drawn: give a generator, or use WindowData.sequential")
        return windows.random_start(rng, length, self.window)

    def _keys(self, rng: np.random.Generator | None, count: int, width: int) -> tuple[Array, Array]:
        """Keys of the probed points and of the replacing values, (count, width) each.

        As many numbers for each window, in one call: how a pass is cut into batches does not
        change the draws of a sequential window.
        """
        if rng is None:
            raise ValueError("probed points are drawn: give a generator or a seed")
        keys = rng.random((count, 2, self.window))
        return keys[:, 0, :width], keys[:, 1, :width]
