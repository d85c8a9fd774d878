"""What the stages before training left of a sample, joined by object id, never by order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from nightjar.errors import InputError


def table(path: str | Path) -> pd.DataFrame:
    """The objects or the splits of a sample.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not readable ({error}); gather the survey again") from None


def objects_of(sample: str | Path, object_id: NDArray) -> pd.DataFrame:
    """The objects table of a sample, one row per entry of ``object_id``, in its order.

    Parameters
    ----------
    sample : folder of the raw sample
    object_id : (n,) text; may repeat

    Raises
    ------
    InputError
        The table is missing or damaged, or has no such object.
    """
    path = Path(sample) / "objects.parquet"
    objects = table(path)
    row = pd.Index(objects["object_id"]).get_indexer(pd.Index(object_id))
    if (row < 0).any():
        raise InputError(
            f"{path}: no object {str(object_id[row.argmin()])!r}, of which there is a light curve; "
            "run the stage window_light_curves again"
        )
    return objects.iloc[row].reset_index(drop=True)


def window_settings(windows: str | Path) -> dict[str, Any]:
    """Settings of the window stage, which lie beside the folder ``windows``.

    Raises
    ------
    InputError
        They are missing or damaged.
    """
    path = Path(windows).parent / "settings.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: not readable ({error}); run the stage window_light_curves again"
        ) from None


def class_codes(objects: pd.DataFrame, classes: Sequence[str]) -> NDArray:
    """Code of each object's class among ``classes``, -1 for none of them; (n,) int64."""
    return pd.Index(list(classes)).get_indexer(pd.Index(objects["class"]))


def class_names(objects: pd.DataFrame) -> list[str]:
    """Names of the classes of the objects, in alphabetical order."""
    return sorted(objects["class"].dropna().unique())
