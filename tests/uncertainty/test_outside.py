"""Stars that a classifier was not made for: which, how many, and never one of its own."""

import numpy as np
import pandas as pd
import pytest

from nightjar.stars import open_stars
from nightjar.uncertainty import outside
from tests import stores

# survey X: a1, a2 of class A, b1 of B; survey Y: y1, y2, y3 of A; x1 of Y is a2 under another name
CLASS = {"a1": "A", "a2": "A", "b1": "B", "y1": "A", "y2": "A", "y3": "A", "x1": "A"}


@pytest.fixture
def stars(tmp_path):
    curve = [(50000.0 + t, 15.0 + t, 0) for t in range(6)]
    stores.light_curves(tmp_path / "windows/stars", [(name, curve) for name in CLASS])
    stores.window_settings(tmp_path / "windows/stars", window=5)
    group = [0, 1, 2, 3, 4, 5, 1]
    table = {"object_id": list(CLASS), "class": list(CLASS.values()), "group": group}
    stores.objects(tmp_path / "sample", table)
    return open_stars(tmp_path / "sample", tmp_path / "windows/stars")


def split(**parts: str) -> pd.DataFrame:
    """Splits of one fold; `a1="test"`; stars whose names begin with y or x are of survey Y."""
    survey = ["Y" if name[0] in "xy" else "X" for name in parts]
    return pd.DataFrame({"object_id": list(parts), "survey": survey, "part": list(parts.values())})


def test_scored_stars_of_other_surveys_but_duplicates(stars):
    """y3 trains Astromer, x1 is a2, which is the classifier's own."""
    table = split(a1="test", a2="train", b1="test", y1="test", y2="test", y3="train", x1="test")
    assert outside.outside(stars, table, "X", None, seed=0).tolist() == ["y1", "y2"]


def test_scored_stars_of_the_class_left_out(stars):
    """a2 is of the class, too, but was seen in pre-training."""
    table = split(a1="test", a2="train", b1="test", y1="test")
    assert outside.outside(stars, table, "X", "A", seed=0).tolist() == ["a1", "y1"]


def test_a_single_survey_has_none(stars):
    table = split(a1="test", a2="train", b1="test")
    found = outside.outside(stars, table, "X", None, seed=0)
    assert found.tolist() == []
    assert len(stars.rows_of(found)) == 0


def test_kinds_have_equal_shares(stars, monkeypatch):
    """Of two places one is the class's; the seed chooses which of y1, y2 has the other."""
    monkeypatch.setattr(outside, "COUNT", 2)
    table = split(a1="test", b1="test", y1="test", y2="test")
    chosen = [outside.outside(stars, table, "X", "A", seed).tolist() for seed in range(20)]
    assert {tuple(each) for each in chosen} == {("a1", "y1"), ("a1", "y2")}
    again = outside.outside(stars, table, "X", "A", 3)
    np.testing.assert_array_equal(again, chosen[3])
