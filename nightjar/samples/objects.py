"""The objects table of a sample: classes as asked for, groups, and its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nightjar.columns import one_line
from nightjar.errors import InputError
from nightjar.samples.names import designations
from nightjar.samples.positions import groups_of

_COLUMNS = ("object_id", "class", "redshift", "mwebv", "ra", "dec", "group")


def with_classes(
    objects: pd.DataFrame, classes: Mapping[str, Sequence[str]] | None
) -> tuple[pd.DataFrame, Counter[str]]:
    """Raw class names to classes; missing and unlisted ones become null, and are counted."""
    raw = objects["class"] if "class" in objects else pd.Series(None, objects.index, dtype=object)
    if classes is None:
        return objects.assign(**{"class": raw}), Counter()
    names = {member: name for name, members in classes.items() for member in members}
    known = raw.map(names)
    missing = raw.isna()
    drops = Counter(
        objects_class_missing=int(missing.sum()),
        objects_class_not_listed=int((~missing & known.isna()).sum()),
    )
    if "class_raw" not in objects:
        objects = objects.assign(class_raw=raw)
    return objects.assign(**{"class": known.astype(object)}), drops


def with_groups(objects: pd.DataFrame, radius: float) -> pd.DataFrame:
    """All canonical columns, with ``group``; a survey's own ``group`` becomes ``group_raw``."""
    objects = objects.rename(columns={"group": "group_raw"})
    for name in ("redshift", "mwebv", "ra", "dec"):
        if name not in objects:
            objects[name] = np.nan
    objects["group"] = groups_of(
        objects["ra"].to_numpy(),
        objects["dec"].to_numpy(),
        radius,
        designations(objects["object_id"]),
    )
    return objects[[*_COLUMNS, *(name for name in objects if name not in _COLUMNS)]]


def write_parquet(objects: pd.DataFrame, path: Path) -> None:
    """Write the table; `InputError` where a metadata column holds mixed types."""
    try:
        table = pa.Table.from_pandas(objects, preserve_index=False).replace_schema_metadata()
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise InputError(
            f"objects: a metadata column holds mixed types ({one_line(error)})"
        ) from None
    for i, field in enumerate(table.schema):
        if pa.types.is_null(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(i, field.name, table[i].cast(pa.string()))
    pq.write_table(table, path)
