"""The objects of the folds as a practitioner takes them: features and preprocessed spectra."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.classical import features
from nightjar.errors import InputError
from nightjar.pairs import Pairs, means

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sample:
    """The q objects of the folds.

    Attributes
    ----------
    objects : (q rows) object_id, class, redshift, group
    features : (q, f) of the light curves; None without the package that makes them
    flux : (n, bins) preprocessed spectra
    owner : (n,) row of the object of each of them
    default : (q,) the one of them that stands for the object
    """

    objects: pd.DataFrame
    features: NDArray[np.float64] | None
    flux: NDArray[np.float32]
    owner: Ints
    default: Ints

    @property
    def labels(self) -> NDArray[np.str_]:
        """Class of each object, (q,)."""
        return self.objects["class"].to_numpy(str)

    @property
    def mean_flux(self) -> NDArray[np.float64]:
        """Mean of each object's preprocessed spectra, (q, bins)."""
        return means(self.flux, self.owner, len(self.objects))

    @property
    def redshift(self) -> NDArray[np.float64]:
        """Redshift of each object, (q,), NaN where unknown."""
        return self.objects["redshift"].to_numpy(np.float64)


def of_pairs(pairs: Pairs, rows: Ints) -> Sample:
    """The pairs ``rows`` (q,), ascending; says so where features cannot be had."""
    spectra = pairs.data.spectra
    mine = np.flatnonzero(np.isin(spectra.object_row, rows))
    default = pairs.data.spectra.default
    assert default is not None  # `pairs.open_pairs` sets it
    return Sample(
        pairs.objects.iloc[rows].reset_index(drop=True),
        _features(pairs, rows),
        spectra.flux[mine],
        np.searchsorted(rows, spectra.object_row[mine]),
        np.searchsorted(mine, default[rows]),
    )


def _features(pairs: Pairs, rows: Ints) -> NDArray[np.float64] | None:
    try:
        features.package()
    except InputError as error:
        print(f"left out: {error}")
        return None
    light_curves = pairs.data.light_curves.light_curves
    return features.of_supernovae(light_curves, rows).to_numpy()
