"""What earlier stages would have left on disk, made by hand for the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nightjar.ragged import LightCurves, LightCurvesWriter

Points = Sequence[tuple[float, float, int]]  # time, value, band


def light_curves(
    directory: Path,
    curves: Sequence[tuple[str, Points]],
    bands: Sequence[str] = ("g", "r"),
    quantity: str = "mag",
) -> LightCurves:
    """Write and open a store of (object id, points), errors 0.1."""
    columns = np.array([p for _, points in curves for p in points], float).reshape(-1, 3).T
    counts = np.array([len(points) for _, points in curves])
    with LightCurvesWriter(directory, bands, quantity) as writer:
        writer.append(
            [name for name, _ in curves],
            counts,
            columns[0],
            columns[1],
            np.full(columns.shape[1], 0.1),
            columns[2],
        )
    return LightCurves.open(directory)


def objects(sample: Path, columns: Mapping[str, Sequence]) -> pd.DataFrame:
    """Write and return an objects table."""
    sample.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(columns)
    frame.to_parquet(sample / "objects.parquet", index=False)
    return frame


def window_settings(windows: Path, **settings: object) -> None:
    """Write the settings beside the folder ``windows``."""
    (windows.parent / "settings.json").write_text(json.dumps(settings))
