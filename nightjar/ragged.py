"""Light curves and spectra of many objects as flat arrays with offsets, memory-mapped.

A store is one directory: a plain ``.npy`` file per array and ``meta.json``.  Points of row i are
``[offsets[i], offsets[i + 1])``.  Few large files, whatever the number of objects, and nothing is
read before it is used.  Writers append, so a store larger than memory can be made.

A simulation also keeps what it would have seen without noise, in ``perfect.npy`` beside the
observed ``value.npy`` (light curves) or ``flux.npy`` (spectra).  ``noise`` in ``meta.json`` says
which of the two a store hands out; other stores have neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.lib import format as npy

from nightjar.errors import InputError

FORMAT = 1
_HEADER_BYTES = 128
_CURVE_POINTS = {"time": np.float64, "value": np.float32, "error": np.float32, "band": np.int16}
_SPECTRUM_POINTS = {"wavelength": np.float32, "flux": np.float32, "flux_err": np.float32}
_SPECTRUM_ROWS = {"time": np.float64, "rest": np.bool_}


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
        arrays = _slice(self, start, stop, (), _CURVE_POINTS)
        return replace(self, **arrays)

    @classmethod
    def open(cls, directory: str | Path) -> LightCurves:
        """Memory-map a store.

        Raises
        ------
        InputError
            A file is missing, truncated or of another type, or lengths disagree.
        """
        meta = _meta(Path(directory), "light_curves", ("bands", "quantity"))
        arrays = _arrays(Path(directory), meta, {}, _CURVE_POINTS)
        arrays |= _perfect(Path(directory), meta, "value")
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
        arrays = _slice(self, start, stop, tuple(_SPECTRUM_ROWS), _SPECTRUM_POINTS)
        return replace(self, **arrays)

    @classmethod
    def open(cls, directory: str | Path) -> Spectra:
        """Memory-map a store; raises `InputError` as `LightCurves.open` does."""
        meta = _meta(Path(directory), "spectra", ())
        arrays = _arrays(Path(directory), meta, _SPECTRUM_ROWS, _SPECTRUM_POINTS)
        return cls(**(arrays | _perfect(Path(directory), meta, "flux")))


class ArrayWriter:
    """A one-dimensional ``.npy`` file that grows; its header is written when it is closed."""

    def __init__(self, path: Path, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.count = 0
        self._file = path.open("wb")
        self._file.write(b" " * _HEADER_BYTES)

    def append(self, values: np.ndarray) -> None:
        """Add ``values`` (cast to the file's type) at the end."""
        values = np.ascontiguousarray(values, dtype=self.dtype)
        self._file.write(values.data)
        self.count += len(values)

    def close(self) -> None:
        """Write the header, now that the length is known, and close."""
        fields = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.count,)}
        header = repr(fields).encode()
        body = _HEADER_BYTES - npy.MAGIC_LEN - 2
        self._file.seek(0)
        self._file.write(npy.magic(1, 0) + body.to_bytes(2, "little"))
        self._file.write(header.ljust(body - 1) + b"\n")
        self._file.close()


class _Writer:
    """Appends rows with their points; `close` makes the store valid, an error never does."""

    def __init__(
        self,
        directory: Path,
        rows: Mapping[str, Any],
        points: Mapping[str, Any],
        noise: bool | None,
        **meta: Any,
    ) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        if noise is not None:
            points, meta = {**points, "perfect": np.float32}, {**meta, "noise": noise}
        self._meta = meta
        self._rows = {name: ArrayWriter(directory / f"{name}.npy", rows[name]) for name in rows}
        self._points = {
            name: ArrayWriter(directory / f"{name}.npy", points[name]) for name in points
        }
        self._offsets = ArrayWriter(directory / "offsets.npy", np.int64)
        self._offsets.append(np.zeros(1, np.int64))
        self._ids: list[str] = []
        self._total = 0

    def __len__(self) -> int:
        return len(self._ids)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._close_arrays()  # without ``meta.json`` nobody takes them for a store

    def _append(
        self, object_id: Sequence[str], counts: np.ndarray, arrays: Mapping[str, np.ndarray]
    ) -> None:
        self._ids.extend(object_id)
        self._offsets.append(self._total + np.cumsum(counts, dtype=np.int64))
        self._total += int(np.sum(counts))
        for name, writer in (self._rows | self._points).items():
            writer.append(arrays[name])

    def close(self) -> None:
        """Write ids, headers and ``meta.json``."""
        self._close_arrays()
        np.save(self.directory / "object_id.npy", np.array(self._ids, dtype=np.str_))
        meta = {"format": FORMAT, "objects": len(self), "points": self._total, **self._meta}
        (self.directory / "meta.json").write_text(json.dumps(meta, indent=1, sort_keys=True) + "\n")

    def _close_arrays(self) -> None:
        for writer in (self._rows | self._points | {"offsets": self._offsets}).values():
            writer.close()


class LightCurvesWriter(_Writer):
    """Writes a `LightCurves` store, block of objects by block of objects.

    Parameters
    ----------
    directory : must not exist
    bands, quantity : as in `LightCurves`
    noise : None where there are no perfect values; else whether the observed ones are handed out
    """

    def __init__(
        self, directory: Path, bands: Sequence[str], quantity: str, noise: bool | None = None
    ) -> None:
        meta = {"kind": "light_curves", "bands": list(bands), "quantity": quantity}
        super().__init__(directory, {}, _CURVE_POINTS, noise, **meta)

    def append(
        self,
        object_id: Sequence[str],
        counts: np.ndarray,
        time: np.ndarray,
        value: np.ndarray,
        error: np.ndarray,
        band: np.ndarray,
        perfect: np.ndarray | None = None,
    ) -> None:
        """Add objects whose points lie one after another, ``counts[i]`` for object i."""
        points = {"time": time, "value": value, "error": error, "band": band}
        if perfect is not None:
            points["perfect"] = perfect
        self._append(object_id, counts, points)


class SpectraWriter(_Writer):
    """Writes a `Spectra` store, block of spectra by block of spectra; ``noise`` as above."""

    def __init__(self, directory: Path, noise: bool | None = None) -> None:
        super().__init__(directory, _SPECTRUM_ROWS, _SPECTRUM_POINTS, noise, kind="spectra")

    def append(
        self,
        object_id: Sequence[str],
        time: np.ndarray,
        rest: np.ndarray,
        wavelength: Sequence[np.ndarray],
        flux: Sequence[np.ndarray],
        flux_err: Sequence[np.ndarray],
        perfect: Sequence[np.ndarray] | None = None,
    ) -> None:
        """Add spectra: one array of pixels each."""
        if len(object_id):
            pixels = {"wavelength": wavelength, "flux": flux, "flux_err": flux_err}
            if perfect is not None:
                pixels["perfect"] = perfect
            flat = {name: np.concatenate(list(arrays)) for name, arrays in pixels.items()}
            counts = np.array([len(array) for array in flux])
            self._append(object_id, counts, {"time": time, "rest": rest, **flat})


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


def _meta(directory: Path, kind: str, keys: tuple[str, ...]) -> dict[str, Any]:
    path = directory / "meta.json"
    try:
        meta = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: no {kind} store here ({error}); gather the survey again"
        ) from None
    needed = {"kind", "format", "objects", "points", *keys}
    known = isinstance(meta, dict) and needed <= set(meta) and meta["kind"] == kind
    if not known or not all(type(meta[key]) is int for key in ("objects", "points")):
        raise InputError(f"{path}: not the description of a {kind} store")
    if type(meta.get("noise", True)) is not bool:
        raise InputError(f"{path}: 'noise' is {meta['noise']!r}, expected true or false")
    if meta["format"] != FORMAT:
        raise InputError(
            f"{path}: format {meta['format']}, this version reads {FORMAT}; gather again"
        )
    return meta


def _arrays(
    directory: Path, meta: Mapping[str, Any], rows: Mapping[str, Any], points: Mapping[str, Any]
) -> dict[str, Any]:
    n, m = meta["objects"], meta["points"]
    arrays = {"object_id": _map(directory / "object_id.npy", np.str_, n)}
    arrays["offsets"] = offsets = _map(directory / "offsets.npy", np.int64, n + 1)
    for name, dtype in rows.items():
        arrays[name] = _map(directory / f"{name}.npy", dtype, n)
    for name, dtype in points.items():
        arrays[name] = _map(directory / f"{name}.npy", dtype, m)
    if offsets[0] != 0 or offsets[-1] != m or (np.diff(offsets) < 0).any():
        raise InputError(f"{directory / 'offsets.npy'}: offsets do not cover 0 to {m} in order")
    return arrays


def _perfect(directory: Path, meta: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The perfect values where the store has any, and in the place of ``name`` without noise."""
    if "noise" not in meta:
        return {}
    perfect = _map(directory / "perfect.npy", np.float32, meta["points"])
    arrays = {"perfect": perfect, "noise": meta["noise"]}
    return arrays if meta["noise"] else arrays | {name: perfect}


def _map(path: Path, dtype: Any, length: int) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r" if length else None, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise InputError(f"{path}: truncated or no .npy file ({error}); gather again") from None
    fits = np.issubdtype(array.dtype, dtype) and array.shape == (length,)
    if not fits:
        raise InputError(
            f"{path}: {array.dtype} {array.shape}, expected {np.dtype(dtype)} ({length},)"
        )
    return array
