"""Writers that append: a store larger than memory can be made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy

from nightjar.ragged.files import CURVE_POINTS, FORMAT, SPECTRUM_POINTS, SPECTRUM_ROWS

_HEADER_BYTES = 128


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
        super().__init__(directory, {}, CURVE_POINTS, noise, **meta)

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
        super().__init__(directory, SPECTRUM_ROWS, SPECTRUM_POINTS, noise, kind="spectra")

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
