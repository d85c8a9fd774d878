"""The files of a store: what each must hold, memory-mapped or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nightjar.errors import InputError

FORMAT = 1
CURVE_POINTS = {"time": np.float64, "value": np.float32, "error": np.float32, "band": np.int16}
SPECTRUM_POINTS = {"wavelength": np.float32, "flux": np.float32, "flux_err": np.float32}
SPECTRUM_ROWS = {"time": np.float64, "rest": np.bool_}


def description(directory: Path, kind: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """What ``meta.json`` says; `InputError` where it is no such store, or lacks one of ``keys``."""
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


def arrays_of(
    directory: Path, meta: Mapping[str, Any], rows: Mapping[str, Any], points: Mapping[str, Any]
) -> dict[str, Any]:
    """Memory-map ids, offsets and the arrays named (name -> type), of the lengths in ``meta``."""
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


def perfect_of(directory: Path, meta: Mapping[str, Any], name: str) -> dict[str, Any]:
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
