"""Light curves and spectra as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nightjar.ragged.files import (
    CURVE_POINTS,
    SPECTRUM_POINTS,
    SPECTRUM_ROWS,
    arrays_of,
    description,
    perfect_of,
)


class LightCurve(NamedTuple):
    """One object's points: time (n,) MJD, value and error (n,) mag or nJy, band (n,) codes."""

    time: np.ndarray
    value: np.ndarray
    error: np.ndarray
    band: np.ndarray


class Spectrum(NamedTuple):
    """One spectrum: wavelength (n,) Angstrom, flux and flux_err (n,), time MJD or NaN, rest."""

    wavelength: np.ndarray
    flux: np.ndarray
    flux_err: np.ndarray
    time: float
    rest: bool


@dataclass(frozen=True, eq=False)
class LightCurves:
    """Light curves of n objects with m points in all.

    Parameters
    ----------
    object_id : (n,) text
    offsets : (n + 1,) int64
    time : (m,) float64, MJD, increasing within an object
    value, error : (m,) float32, mag or nJy
    band : (m,) int16, code into ``bands``
    bands : names of the bands (or band groups)
    quantity : ``mag`` or ``flux``
    perfect : (m,) float32, ``value`` without noise, NaN where unknown; None but in simulations
    noise : False where ``value`` is ``perfect``; the observed ones then stay on disk
    """

    object_id: np.ndarray
    offsets: np.ndarray
    time: np.ndarray
    value: np.ndarray
    error: np.ndarray
    band: np.ndarray
    bands: tuple[str, ...]
    quantity: str = "mag"
    perfect: np.ndarray | None = None
    noise: bool = True

    def __len__(self) -> int:
        return len(self.object_id)

    def __getitem__(self, i: int) -> LightCurve:
        part = _points_of(self, i)
        return LightCurve(self.time[part], self.value[part], self.error[part], self.band[part])

    def slice(self, start: int, stop: int) -> LightCurves:
        """Rows ``start`` to ``stop`` as views, with offsets that begin at 0."""
        arrays = _slice(self, start, stop, (), CURVE_POINTS)
        return replace(self, **arrays)

    @classmethod
    def open(cls, directory: str | Path) -> LightCurves:
        """Memory-map a store.

        Raises
        ------
        InputError
            A file is missing, truncated or of another type, or lengths disagree.
        """
        meta = description(Path(directory), "light_curves", ("bands", "quantity"))
        arrays = arrays_of(Path(directory), meta, {}, CURVE_POINTS)
        arrays |= perfect_of(Path(directory), meta, "value")
        return cls(**arrays, bands=tuple(meta["bands"]), quantity=meta["quantity"])


@dataclass(frozen=True, eq=False)
class Spectra:
    """n spectra with m pixels in all; an object may have several.

    Parameters
    ----------
    object_id : (n,) text, repeats per object
    time : (n,) float64, MJD or NaN
    rest : (n,) bool, True where wavelengths are in the object's rest frame
    offsets : (n + 1,) int64
    wavelength : (m,) float32, Angstrom, increasing within a spectrum
    flux, flux_err : (m,) float32, any unit; flux_err is NaN where the survey gives none
    perfect, noise : of ``flux``, as in `LightCurves`
    """

    object_id: np.ndarray
    time: np.ndarray
    rest: np.ndarray
    offsets: np.ndarray
    wavelength: np.ndarray
    flux: np.ndarray
    flux_err: np.ndarray
    perfect: np.ndarray | None = None
    noise: bool = True

    def __len__(self) -> int:
        return len(self.object_id)

    def __getitem__(self, i: int) -> Spectrum:
        part = _points_of(self, i)
        pixels = (self.wavelength[part], self.flux[part], self.flux_err[part])
        return Spectrum(*pixels, float(self.time[i]), bool(self.rest[i]))

    def slice(self, start: int, stop: int) -> Spectra:
        """Rows ``start`` to ``stop`` as views, with offsets that begin at 0."""
        arrays = _slice(self, start, stop, tuple(SPECTRUM_ROWS), SPECTRUM_POINTS)
        return replace(self, **arrays)

    @classmethod
    def open(cls, directory: str | Path) -> Spectra:
        """Memory-map a store; raises `InputError` as `LightCurves.open` does."""
        meta = description(Path(directory), "spectra", ())
        arrays = arrays_of(Path(directory), meta, SPECTRUM_ROWS, SPECTRUM_POINTS)
        return cls(**(arrays | perfect_of(Path(directory), meta, "flux")))


def _points_of(store: LightCurves | Spectra, i: int) -> slice:
    if not -len(store) <= i < len(store):
        raise IndexError(f"row {i} of {len(store)}")
    i = int(i) % len(store)
    return slice(int(store.offsets[i]), int(store.offsets[i + 1]))


def _slice(
    store: LightCurves | Spectra, start: int, stop: int, rows: tuple[str, ...], points: Mapping
) -> dict[str, Any]:
    start, stop, _ = slice(start, stop).indices(len(store))
    stop = max(start, stop)
    offsets = store.offsets[start : stop + 1]
    part = slice(int(offsets[0]), int(offsets[-1]))
    arrays = {name: getattr(store, name)[start:stop] for name in ("object_id", *rows)}
    arrays |= {name: getattr(store, name)[part] for name in points}
    if store.perfect is not None:
        arrays["perfect"] = store.perfect[part]
    return arrays | {"offsets": offsets - offsets[0]}
