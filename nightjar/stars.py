"""Variable stars as Astromer takes them: single-band curves, their classes, their windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nightjar import stored
from nightjar.batching.datasets import WindowData
from nightjar.errors import InputError
from nightjar.ragged import LightCurves

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stars:
    """Single-band light curves; a row is one object in one band.

    Attributes
    ----------
    light_curves : the store
    objects : one row per light curve, in its order: object_id (repeats per band), class, group, ...
    preprocessing : settings of the windows, as plain JSON
    """

    light_curves: LightCurves
    objects: pd.DataFrame
    preprocessing: dict[str, Any]

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""
        return self.light_curves.bands

    def bands_of(self, rows: Rows) -> list[str]:
        """Names of the bands that the light curves ``rows`` have, in the order of `bands`."""
        offsets, band = self.light_curves.offsets, self.light_curves.band
        filled = rows[offsets[rows] < offsets[rows + 1]]
        return [self.bands[code] for code in np.unique(band[offsets[filled]])]

    @property
    def ids(self) -> NDArray[np.str_]:
        """Object id of every row."""
        return self.light_curves.object_id

    def rows_of(self, object_ids: ArrayLike) -> Rows:
        """Rows of the objects, in the order of the store."""
        return np.flatnonzero(self.objects["object_id"].isin(np.asarray(object_ids)))

    def rows_outside_groups_of(self, object_ids: ArrayLike) -> Rows:
        """Rows of every object that is none of these, and no duplicate of one of them."""
        groups = self.objects["group"].iloc[self.rows_of(object_ids)].unique()
        return np.flatnonzero(~self.objects["group"].isin(groups))

    def of_surveys(self, rows: Rows, surveys: Sequence[str]) -> Rows:
        """Those of ``rows`` whose objects are of one of the ``surveys``; all if none is named.

        Raises
        ------
        InputError
            A named survey has none of them.
        """
        if not surveys:
            return rows
        survey = self.objects.get("survey", pd.Series("", self.objects.index)).iloc[rows]
        for name in surveys:
            if not (survey == name).any():
                known = ", ".join(sorted(survey.dropna().unique())) or "none"
                raise InputError(f"survey {name!r}: no star to train on; there are: {known}")
        return rows[survey.isin(surveys)]

    def drawn(self, **rest: Any) -> WindowData:
        """One window per light curve, drawn anew each epoch; row by row as the store."""
        return WindowData.drawn(self.light_curves, self._window, **rest)

    def sequential(self, rows: Rows, **rest: Any) -> WindowData:
        """Every window of the light curves ``rows``."""
        return WindowData.sequential(self.light_curves, self._window, rows, **rest)

    def labels(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """Code of each row's class among ``classes``, -1 for none of them; (rows,)."""
        return stored.class_codes(self.objects, classes)

    def classes_of(self, object_ids: ArrayLike) -> list[str]:
        """Names of the classes of the objects, in alphabetical order."""
        return stored.class_names(self.objects.iloc[self.rows_of(object_ids)])

    @property
    def _window(self) -> int:
        return int(self.preprocessing["window"])


def open_stars(sample: str | Path, windows: str | Path) -> Stars:
    """Join the curves of the window stage with the sample's objects.

    Parameters
    ----------
    sample : folder of the raw sample
    windows : folder of its single-band curves

    Raises
    ------
    InputError
        A part is missing or damaged, or no curve is left.
    """
    curves = LightCurves.open(windows)
    if not len(curves):
        raise InputError(f"{windows}: no light curve is left; see metrics/window_light_curves.json")
    objects = stored.objects_of(sample, curves.object_id)
    return Stars(curves, objects, stored.window_settings(windows))


def per_object(
    object_id: NDArray[np.str_], probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.str_], NDArray[np.floating]]:
    """Average the probabilities of an object's windows (and bands).

    Parameters
    ----------
    object_id : (windows,)
    probabilities : (..., windows, classes)

    Returns
    -------
    ids (n,) sorted, probabilities (..., n, classes)
    """
    ids, place = np.unique(object_id, return_inverse=True)
    totals = np.zeros((*probabilities.shape[:-2], len(ids), probabilities.shape[-1]))
    np.add.at(np.moveaxis(totals, -2, 0), place, np.moveaxis(probabilities, -2, 0))
    return ids, totals / np.bincount(place)[:, None]
