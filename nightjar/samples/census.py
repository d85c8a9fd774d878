"""What a sample holds: counts, who is a pair, who is labelled, an example of every class."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.errors import InputError
from nightjar.ragged import LightCurve
from nightjar.samples import Sample

UNLABELLED = "unlabelled"
ONE_SURVEY = "stars"  # the name of a survey that gives itself none


def counts(sample: Sample) -> dict[str, dict[str, int]]:
    """Objects, points and spectra, and objects of every class, for a metrics file."""
    spectra = sample.spectra
    names = sample.objects["class"].fillna(UNLABELLED)
    return {
        "sample": {
            "objects": len(sample.objects),
            "points": len(sample.light_curves.time),
            "spectra": 0 if spectra is None else len(spectra),
            "objects_with_spectra": 0 if spectra is None else len(np.unique(spectra.object_id)),
        },
        "classes": {str(name): int(count) for name, count in names.value_counts().items()},
    }


def pairs(sample: Sample, min_points: int) -> NDArray[np.bool_]:
    """Objects with ``min_points`` points in every band and at least one spectrum, (n,).

    Raises
    ------
    InputError
        There is no such object.
    """
    curves = sample.light_curves
    bands = max(len(curves.bands), 1)
    row = np.repeat(np.arange(len(curves)), np.diff(curves.offsets))
    points = np.bincount(row * bands + curves.band, minlength=len(curves) * bands)
    enough = (points.reshape(len(curves), bands) >= min_points).all(axis=1)
    spectra = () if sample.spectra is None else sample.spectra.object_id
    found = enough & sample.objects["object_id"].isin(np.unique(spectra)).to_numpy()
    if not found.any():
        raise InputError(
            f"no object has {min_points} points in each of the bands {', '.join(curves.bands)} and "
            f"a spectrum: {int(enough.sum())} have the points, {len(np.unique(spectra))} a "
            "spectrum; check gather_supernovae.bands and min_points in params.yaml"
        )
    return found


def labelled(sample: Sample, surveys: Sequence[str]) -> pd.DataFrame:
    """Objects with a class, with the column ``survey``; all surveys if none is named.

    Raises
    ------
    InputError
        A named survey is not in the sample, none of the objects has a class, or the name of a
        survey cannot be part of a file's name.
    """
    objects = sample.objects
    if "survey" not in objects:
        objects = objects.assign(survey=ONE_SURVEY)
    objects = objects.assign(survey=objects["survey"].fillna(ONE_SURVEY).astype(str))
    known = sorted(objects["survey"].unique())
    for survey in surveys:
        if survey not in known:
            raise InputError(
                f"gather_variables.surveys: no survey {survey!r}; there are: {', '.join(known)}"
            )
    wanted = objects["survey"].isin(surveys or known)
    found = objects[objects["class"].notna() & wanted]
    if found.empty:
        raise InputError(
            f"no object of the surveys {', '.join(surveys or known)} has a class; "
            "check gather_variables.classes in params.yaml"
        )
    for survey in found["survey"].unique():
        if not re.fullmatch(r"[^/\\\0]+", survey):
            raise InputError(
                f"objects: survey {survey!r}: files are called after it; rename it without slashes"
            )
    return found


def examples(sample: Sample) -> dict[str, LightCurve]:
    """Per class, the light curve whose number of points is the median of its class."""
    length = np.diff(sample.light_curves.offsets)
    names = sample.objects["class"].fillna(UNLABELLED).to_numpy(str)
    found = {}
    for name in sorted(set(names)):
        rows = np.flatnonzero((names == name) & (length > 0))
        if len(rows):
            middle = rows[np.argsort(length[rows], kind="stable")[len(rows) // 2]]
            found[name] = sample.light_curves[middle]
    return found
