"""Which stars a classifier was not made for."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nightjar.stars import Stars
from nightjar.uncertainty import outside

# a, b, c of survey one; d, e of survey two, d a duplicate of b; every star scored but a
IDS = ["a", "b", "b", "c", "d", "e"]  # b in two bands
OBJECTS = pd.DataFrame(
    {"object_id": IDS, "class": ["A", "B", "B", "C", "B", "A"], "group": [0, 1, 1, 2, 1, 3]}
)
TABLE = pd.DataFrame(
    {
        "object_id": ["a", "b", "c", "d", "e"],
        "survey": ["one", "one", "one", "two", "two"],
        "part": ["train", "test", "test", "test", "test"],
    }
)


@pytest.fixture
def stars():
    return Stars(SimpleNamespace(object_id=np.array(IDS)), OBJECTS, {})


def of(stars, survey, left_out=None):
    return outside.outside(stars, TABLE, survey, left_out, seed=0).tolist()


def test_scored_stars_of_other_surveys_but_no_duplicates(stars):
    assert of(stars, "one") == ["e"]  # d is b
    assert of(stars, "two") == ["c"]  # a trains, b is d


def test_the_class_left_out_belongs_to_it_each_star_once(stars):
    assert of(stars, "one", "B") == ["b", "e"]
    assert of(stars, "one", "A") == ["e"]  # a is not scored: pre-training has seen it


def test_groups_share_the_places(stars, monkeypatch):
    monkeypatch.setattr(outside, "COUNT", 2)
    assert of(stars, "one", "B") == ["b", "e"]
    monkeypatch.setattr(outside, "COUNT", 1)
    assert of(stars, "one") == ["e"]


def test_there_may_be_none(stars):
    alone = TABLE[TABLE["survey"] == "one"]
    found = outside.outside(stars, alone, "one", None, seed=0)
    assert found.shape == (0,)
    assert not np.isin(["a", "b"], found).any()
