"""Light curves from memory as the tables that every reader gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nightjar.errors import InputError
from nightjar.tables import Tables

COLUMNS = ("time", "mag", "mag_err", "band")
ONE_BAND = "any"  # of light curves that come without a band


def in_memory(
    light_curves: Sequence[ArrayLike | tuple[ArrayLike, ...]], banded: bool
) -> tuple[Tables, list[str]]:
    """Tables of light curves, whose object ids are their places, and the bands found.

    Parameters
    ----------
    light_curves : (points, columns) arrays, or tuples of columns: time in MJD, mag, mag_err, and
        where ``banded`` the name of each point's band

    Raises
    ------
    InputError
        There is no light curve, or one has other columns.
    """
    names = COLUMNS if banded else COLUMNS[:3]
    if not len(light_curves):
        raise InputError("no light curves to embed; give at least one")
    frames = [_frame(i, curve, names) for i, curve in enumerate(light_curves)]
    photometry = pd.concat(frames, ignore_index=True)
    if not banded:
        photometry["band"] = ONE_BAND
    bands = [str(band) for band in photometry["band"].dropna().unique()]
    ids = [str(i) for i in range(len(light_curves))]
    return Tables(pd.DataFrame({"object_id": ids}), [photometry], rows=len(photometry)), bands


def _frame(i: int, curve: ArrayLike | tuple[ArrayLike, ...], names: Sequence[str]) -> pd.DataFrame:
    given = curve if isinstance(curve, tuple) else np.atleast_2d(np.asarray(curve)).T
    columns: list[NDArray] = [np.asarray(column) for column in given]
    shapes = {column.shape for column in columns}
    if len(columns) != len(names) or len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise InputError(
            f"light curve {i}: expected the columns {', '.join(names)}, as an array of the shape "
            f"(points, {len(names)}) or a tuple of {len(names)} arrays of one length"
        )
    frame = pd.DataFrame(dict(zip(names, columns, strict=True)))
    return frame.assign(object_id=str(i))
