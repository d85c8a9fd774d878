"""The pairs of a sample: light curve and spectra of the same objects, joined by object id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar import stored
from nightjar.batching.datasets import PairData, SpectrumData, SupernovaData
from nightjar.errors import InputError
from nightjar.ragged import LightCurves
from nightjar.redshifts import learnable
from nightjar.spectra.store import ProcessedSpectra

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Light curves and spectra of one sample; a row is an object of the light-curve store.

    Attributes
    ----------
    data : the batches' source; training noise follows its ``noise_level``
    objects : one row per light curve, in its order: object_id, class, redshift, ...
    rows : objects with at least one point and one usable spectrum
    single : objects with only one of these
    bands : names of the band groups
    preprocessing : settings of windows and spectra, as plain JSON
    """

    data: PairData
    objects: pd.DataFrame
    rows: Rows
    single: Rows
    bands: tuple[str, ...]
    preprocessing: dict[str, Any]

    @property
    def ids(self) -> NDArray[np.str_]:
        """Object id of each row, (n,)."""
        return self.data.light_curves.light_curves.object_id

    def classes_of(self, object_ids: NDArray[np.str_]) -> list[str]:
        """Names of the classes of the objects, in alphabetical order."""
        return stored.class_names(self.objects.iloc[self.rows_of(object_ids)])

    def labels(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """Code of each row's class among ``classes``, -1 for none of them; (n,)."""
        return stored.class_codes(self.objects, classes)

    @property
    def redshift(self) -> NDArray[np.float64]:
        """Redshift of each row, NaN where unknown; (n,)."""
        return self.objects["redshift"].to_numpy(np.float64)

    def labelled(self, classes: Sequence[str]) -> SupernovaData:
        """The light curves with the codes of their classes."""
        return replace(self.data.light_curves, label=self.labels(classes))

    def with_metadata(self, classes: Sequence[str]) -> PairData:
        """The pairs with class and redshift: what a Maven with metadata is trained on."""
        return replace(self.data, light_curves=self.labelled(classes))

    def outside(self, object_ids: NDArray[np.str_], classes: Sequence[str]) -> Rows:
        """Rows with metadata that belong neither to ``object_ids`` nor to the group of one.

        Parameters
        ----------
        object_ids : such as those of every fold
        classes : an object counts if its class is one of them and its redshift is learnable
        """
        taken = self.objects["object_id"].isin(object_ids)
        taken = self.objects["group"].isin(self.objects["group"][taken])
        known = (self.labels(classes) >= 0) & learnable(self.redshift)
        rows = np.union1d(self.rows, self.single)
        return rows[(known & ~taken.to_numpy())[rows]]

    def spectra_of(self, rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
        """All usable spectra of the objects ``rows``, and to which of them each belongs."""
        of_object = self.data.spectra.object_row
        spectra = np.flatnonzero(np.isin(of_object, rows))
        order = np.argsort(rows)
        return spectra, order[np.searchsorted(rows, of_object[spectra], sorter=order)]

    def light_curve_scale(self, rows: Rows) -> dict[str, float]:
        """``centre`` and ``scale`` of the magnitudes of the training rows, for an encoder."""
        curves = self.data.light_curves.light_curves
        point = np.repeat(np.isin(np.arange(len(curves)), rows), np.diff(curves.offsets))
        return _scale(curves.value[point])

    def spectrum_scale(self, rows: Rows) -> dict[str, float]:
        """The same for the fluxes of their spectra."""
        spectra = self.data.spectra
        used = np.flatnonzero(np.isin(spectra.object_row, rows))
        return _scale(spectra.flux[used][spectra.valid[used]])

    def redshift_scale(self, rows: Rows) -> dict[str, float]:
        """The same for ln z, of those whose redshift is learnable.

        Raises
        ------
        InputError
            None of them has.
        """
        redshift = self.redshift[rows]
        if not learnable(redshift).any():
            raise InputError(
                "objects: none to train on has a redshift: set the pair_weights with metadata to 0"
            )
        return _scale(np.log(redshift[learnable(redshift)]))

    def rows_of(self, object_ids: NDArray[np.str_]) -> Rows:
        """Rows of those of the objects that are pairs, in the order of the store."""
        wanted = self.objects["object_id"].iloc[self.rows].isin(object_ids).to_numpy()
        return self.rows[wanted]


def open_pairs(
    sample: str | Path,
    windows: str | Path,
    spectra: str | Path,
    noise_level: float = 0.0,
    subset: float = 1.0,
    phase_scale: float | None = None,
) -> Pairs:
    """Join what the stages before training left of a sample.

    Parameters
    ----------
    sample : folder of the raw sample (objects, light curves in MJD)
    windows : folder of its sequences
    spectra : folder of its preprocessed spectra
    noise_level : training noise, in reported errors
    subset, phase_scale : of what training draws, see `SupernovaData` and `SpectrumData`

    Raises
    ------
    InputError
        A part is missing or damaged, or no object has both a light curve and a spectrum.
    """
    sequences, processed = LightCurves.open(windows), ProcessedSpectra.open(spectra)
    window = stored.window_settings(windows)
    objects = stored.objects_of(sample, sequences.object_id)
    object_row = pd.Index(sequences.object_id).get_indexer(pd.Index(processed.object_id))
    some_points = np.diff(sequences.offsets) > 0
    some_spectrum = np.isin(np.arange(len(objects)), object_row)
    both = some_points & some_spectrum
    if not both.any():
        raise InputError(f"{sample}: no object has both a light curve and a usable spectrum")
    light_curves = SupernovaData(
        sequences,
        window["points_per_band"],
        redshift=objects["redshift"].to_numpy(np.float32),
        noise_level=noise_level,
        subset=subset,
    )
    raw = LightCurves.open(Path(sample) / "light_curves")
    raw_row = pd.Index(raw.object_id).get_indexer(pd.Index(sequences.object_id))
    peak = peak_times(raw)[raw_row]
    spectrum_data = SpectrumData(
        processed.flux,
        processed.flux_err,
        processed.valid,
        processed.wavelength,
        object_row,
        default=nearest_to_peak(object_row, processed.time, peak),
        phase=processed.time - peak[object_row],
        phase_scale=phase_scale,
        noise_level=noise_level,
    )
    return Pairs(
        PairData(light_curves, spectrum_data),
        objects,
        np.flatnonzero(both),
        np.flatnonzero(some_points != some_spectrum),
        sequences.bands,
        {"light_curves": window, "spectra": processed.settings},
    )


def _scale(values: NDArray[np.floating]) -> dict[str, float]:
    deviation = float(np.std(values, dtype=np.float64))
    return {"centre": float(np.mean(values, dtype=np.float64)), "scale": deviation or 1.0}


def peak_times(light_curves: LightCurves) -> NDArray[np.float64]:
    """Time of the brightest point of every object, MJD (n,); NaN for one without points."""
    sign = 1.0 if light_curves.quantity == "mag" else -1.0
    row = np.repeat(np.arange(len(light_curves)), np.diff(light_curves.offsets))
    order = np.lexsort((sign * light_curves.value, row))  # brightest first within an object
    some = np.diff(light_curves.offsets) > 0
    peak = np.full(len(light_curves), np.nan)
    peak[some] = light_curves.time[order[light_curves.offsets[:-1][some]]]
    return peak


def nearest_to_peak(object_row: Rows, time: NDArray[np.float64], peak: NDArray[np.float64]) -> Rows:
    """The spectrum that stands for each object (n,): nearest to peak; undated ones come last.

    Parameters
    ----------
    object_row : (m,) object of each spectrum, -1 for none of them
    time : (m,) MJD or NaN
    peak : (n,) MJD or NaN

    Returns
    -------
    (n,) row of a spectrum, -1 for an object without one
    """
    distance = np.nan_to_num(np.abs(time - peak[object_row]), nan=np.inf)
    order = np.lexsort((distance, object_row))
    order = order[object_row[order] >= 0]
    row, first = np.unique(object_row[order], return_index=True)
    nearest = np.full(len(peak), -1, dtype=np.int64)
    nearest[row] = order[first]
    return nearest


def means(
    values: NDArray[np.floating], owner: NDArray[np.int64], objects: int
) -> NDArray[np.float64]:
    """Mean of each object's rows.

    Parameters
    ----------
    values : (m, dim)
    owner : (m,) object of each row; every object has one
    objects : their number n

    Returns
    -------
    (n, dim)
    """
    total = np.zeros((objects, values.shape[1]))
    np.add.at(total, owner, values)
    return total / np.bincount(owner, minlength=objects)[:, None]
