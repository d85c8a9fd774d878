"""Counts, pairs, labelled objects and examples of samples small enough to count by hand."""

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
from nightjar.ragged import LightCurves, Spectra
from nightjar.samples import Sample, census


def sample(points: dict[str, str], classes=None, spectra: list[str] | None = None, **columns):
    """A sample: object -> its bands, one letter a point; times run on from 0 over all objects."""
    flat = "".join(points.values())
    curves = LightCurves(
        object_id=np.array(list(points), dtype=np.str_),
        offsets=np.cumsum([0, *map(len, points.values())]),
        time=np.arange(len(flat), dtype=float),
        value=np.zeros(len(flat), np.float32),
        error=np.ones(len(flat), np.float32),
        band=np.array(["gr".index(letter) for letter in flat], np.int16),
        bands=("g", "r"),
    )
    names = pd.Series(classes or [None] * len(points), dtype=object)
    objects = pd.DataFrame({"object_id": list(points), "class": names, **columns})
    return Sample(objects, curves, None if spectra is None else one_pixel_each(spectra))


def one_pixel_each(ids: list[str]) -> Spectra:
    n = len(ids)
    pixels = np.ones(n, np.float32)
    rows = (np.array(ids), np.zeros(n), np.zeros(n, bool), np.arange(n + 1))
    return Spectra(*rows, wavelength=pixels, flux=pixels, flux_err=pixels)


def test_counts():
    """5 points; a has two spectra, c one: 3 spectra of 2 objects; b has no class."""
    of = sample({"a": "gg", "b": "g", "c": "rr"}, ["Ia", None, "Ia"], spectra=["a", "c", "a"])
    assert census.counts(of) == {
        "sample": {"objects": 3, "points": 5, "spectra": 3, "objects_with_spectra": 2},
        "classes": {"Ia": 2, census.UNLABELLED: 1},
    }


def test_counts_without_spectra_and_without_classes():
    counted = census.counts(sample({"a": "", "b": "g"}))
    assert counted["sample"] == {
        "objects": 2, "points": 1, "spectra": 0, "objects_with_spectra": 0,
    }  # fmt: skip
    assert counted["classes"] == {census.UNLABELLED: 2}


@pytest.mark.parametrize(
    ("min_points", "expected"),
    [(1, ["a", "d"]), (2, ["a"])],  # b lacks r, c lacks a spectrum, d has one point of each
)
def test_pairs_have_enough_points_in_every_band_and_a_spectrum(min_points, expected):
    of = sample({"a": "grrg", "b": "ggg", "c": "ggrr", "d": "rg"}, spectra=["d", "b", "a", "a"])
    found = census.pairs(of, min_points)
    assert found.dtype == bool
    assert of.objects["object_id"][found].tolist() == expected


def test_no_pair_says_what_is_missing():
    of = sample({"a": "gggrrr", "b": "gg", "c": "rr"}, spectra=["b", "c"])
    with pytest.raises(InputError, match=r"3 points in each of the bands g, r .* 1 have .* 2 a"):
        census.pairs(of, 3)
    with pytest.raises(InputError, match="1 have the points, 0 a spectrum"):
        census.pairs(sample({"a": "gr"}), 1)


def test_a_survey_without_a_name_is_the_one_survey():
    found = census.labelled(sample({"a": "g", "b": "g"}, ["RRab", None]), [])
    assert found["object_id"].tolist() == ["a"]
    assert found["survey"].tolist() == [census.ONE_SURVEY]


def test_labelled_objects_of_the_named_surveys():
    of = sample(
        dict.fromkeys("abcd", "g"),
        ["RRab", "EB", None, "EB"],
        survey=["macho", "atlas", "atlas", None],
    )

    def ids(*surveys):
        return census.labelled(of, surveys)["object_id"].tolist()

    assert ids() == ["a", "b", "d"]
    assert ids("atlas") == ["b"]
    assert ids("macho", census.ONE_SURVEY) == ["a", "d"]
    assert "survey" in of.objects  # the sample itself is as it was
    assert of.objects["survey"].isna().sum() == 1
    with pytest.raises(InputError, match=r"no survey 'ogle'; there are: atlas, macho, stars"):
        ids("ogle")


@pytest.mark.parametrize("survey", ["macho/lmc", "a\\b", ""])
def test_a_survey_that_is_no_file_name_is_refused_before_any_training(survey):
    with pytest.raises(InputError, match="files are called after it"):
        census.labelled(sample({"a": "g"}, ["EB"], survey=[survey]), [])


def test_no_labelled_object_is_an_error():
    """Else the gather stage would have nothing to split."""
    of = sample({"a": "g", "b": "g"}, [None, "EB"], survey=["macho", "atlas"])
    with pytest.raises(InputError, match=r"no object of the surveys macho has a class"):
        census.labelled(of, ["macho"])
    with pytest.raises(InputError, match="has a class"):
        census.labelled(sample({"a": "g"}), [])


def test_examples_are_of_median_length():
    """Lengths of Ia: 1, 4, 2 (median 2, object c); of II: 3, 5 (upper median 5, object e);
    IIn has no point at all."""
    of = sample(
        {"a": "g", "b": "gggg", "c": "gr", "d": "ggg", "e": "ggggg", "f": "", "g": "rrr"},
        ["Ia", "Ia", "Ia", "II", "II", "IIn", None],
    )
    found = census.examples(of)
    assert {name: curve.time.tolist() for name, curve in found.items()} == {
        "II": [10, 11, 12, 13, 14],
        "Ia": [5, 6],
        census.UNLABELLED: [15, 16, 17],
    }
    assert found["Ia"].band.tolist() == [0, 1]
    assert list(found) == sorted(found)
