"""Conversion of whole samples, chunk by chunk, into ragged stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nightjar.params import WindowLightCurves
from nightjar.ragged import LightCurves, LightCurvesWriter
from nightjar.windows.conversions import curves, sequences

POINTS_PER_CHUNK = 2_000_000  # bounds the memory of a conversion: some 200 MB

Conversion = Callable[[LightCurves, WindowLightCurves], tuple[LightCurves, Counter[str]]]


def write_sequences(
    light_curves: LightCurves, directory: Path, settings: WindowLightCurves
) -> Counter[str]:
    """Write :func:`sequences` of a sample as a ragged store, in constant memory; return drops."""
    return _write(sequences, light_curves, directory, settings)


def write_curves(
    light_curves: LightCurves, directory: Path, settings: WindowLightCurves
) -> Counter[str]:
    """Write :func:`curves` of a sample as a ragged store, in constant memory; return drops."""
    return _write(curves, light_curves, directory, settings)


def _write(
    convert: Conversion, light_curves: LightCurves, directory: Path, settings: WindowLightCurves
) -> Counter[str]:
    """Chunk by chunk, in one thread: the disk, not the arithmetic, sets the pace."""
    drops: Counter[str] = Counter()
    with LightCurvesWriter(directory, light_curves.bands, "mag") as writer:
        for chunk in chunks(light_curves, POINTS_PER_CHUNK):
            part, dropped = convert(chunk, settings)
            points = (part.time, part.value, part.error, part.band)
            writer.append(part.object_id.tolist(), np.diff(part.offsets), *points)
            drops += dropped
    return drops


def chunks(light_curves: LightCurves, points: int) -> Iterator[LightCurves]:
    """Consecutive slices of whole objects, each of at most ``points`` points or a single object."""
    start = 0
    while start < len(light_curves):
        end = light_curves.offsets[start] + points
        stop = int(np.searchsorted(light_curves.offsets, end, side="right")) - 1
        stop = max(stop, start + 1)
        yield light_curves.slice(start, stop)
        start = stop
