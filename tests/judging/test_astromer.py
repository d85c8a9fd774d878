"""Windows to stars, and a head beside the probe of the last block."""

import math

import numpy as np
import pandas as pd
import pytest

from nightjar.judging import astromer
from nightjar.judging.astromer import Windows

CLASSES = pd.Series({"s1": "RR", "s2": "EB", "s3": "RR", "s4": "EB", "other": "DSCT", "x": None})


def windows(ids, layers=None):
    layers = np.zeros((len(ids), 2, 3), np.float32) if layers is None else layers
    return Windows.of(np.array(ids), layers, CLASSES)


def test_windows_take_the_label_of_their_star():
    found = windows(["s2", "s1", "s2"])
    assert found.classes == ["EB", "RR"]  # alphabetical; classes without a window do not count
    assert found.label.tolist() == [0, 1, 0]
    assert found.label.dtype == np.int64
    assert found.rows_of(["s2", "s9"]).tolist() == [0, 2]


def test_a_star_of_no_class_is_not_a_class_of_its_own():
    with pytest.raises(KeyError):
        windows(["s1", "unknown"])
    found = windows(["s1", "x"])
    assert found.classes == ["RR"]
    assert found.label.tolist() == [0, -1]


def test_windows_to_stars():
    """s1: mean of (0.9, 0.1) and (0.2, 0.8) is (0.55, 0.45): EB, wrong, though one window of two
    was right; s2: (0.4, 0.6): RR, wrong.  Rows 3 and 4 are not asked for."""
    found = windows(["s2", "s1", "s1", "s3", "s4"])
    true, predicted = found.per_object(
        np.array([0, 1, 2]), np.array([[0.4, 0.6], [0.9, 0.1], [0.2, 0.8]])
    )
    assert true.tolist() == ["RR", "EB"]  # s1, s2
    assert predicted.tolist() == ["EB", "RR"]


def test_means_over_windows_keep_stars_apart():
    found = windows(["s2", "s1", "s2"])
    true, mean = found.averaged(np.arange(3), np.array([[1.0], [5.0], [4.0]]))
    assert true.tolist() == ["RR", "EB"]
    assert mean.tolist() == [[5.0], [2.5]]


@pytest.fixture
def fold():
    """6 stars of each of 2 classes, two windows each; the last block holds the class, the first
    holds noise."""
    rng = np.random.default_rng(0)
    stars = [f"s{i:02d}" for i in range(12)]
    names = pd.Series({star: ("EB", "RR")[i % 2] for i, star in enumerate(stars)})
    ids = np.repeat(stars, 2)
    layers = rng.normal(size=(24, 2, 3)).astype(np.float32)
    layers[:, -1, 0] = np.where(names.loc[ids.tolist()] == "RR", 5, -5) + layers[:, 0, 0] / 10
    found = Windows.of(ids, layers, names)
    parts = {"train": stars[:6], "validation": stars[6:8], "test": stars[8:]}
    return found, {part: found.rows_of(members) for part, members in parts.items()}


def test_perfect_probabilities_and_a_block_that_holds_the_class(fold):
    found, rows = fold
    scores = astromer.scores(found, rows, np.eye(2)[found.label[rows["test"]]])
    assert scores == {
        "astromer2_macro_f1": 1, "astromer2_accuracy": 1,
        "astromer2_window_macro_f1": 1, "astromer2_window_accuracy": 1,
        "last_block_macro_f1": 1, "last_block_accuracy": 1,
        "stars": 4,
    }  # fmt: skip


def test_a_star_may_be_right_where_a_window_is_wrong(fold):
    """Stars EB RR EB RR, 8 windows.  One EB window says RR at 0.6, its twin EB at 0.9: the star's
    mean is 0.65 for EB, so all stars are right and 7 of 8 windows.  Per window F1: EB 2 x 3 /
    (4 + 3) = 6/7, RR 2 x 4 / (4 + 5) = 8/9; mean 55/63."""
    found, rows = fold
    probabilities = np.eye(2)[found.label[rows["test"]]]
    probabilities[:2] = [[0.4, 0.6], [0.9, 0.1]]
    scores = astromer.scores(found, rows, probabilities)
    assert scores["astromer2_accuracy"] == 1
    assert scores["astromer2_window_accuracy"] == pytest.approx(7 / 8)
    assert scores["astromer2_window_macro_f1"] == pytest.approx(55 / 63)


def test_the_probe_sees_the_last_block_alone(fold):
    """The same windows with the blocks exchanged: only noise is left to the probe."""
    found, rows = fold
    probabilities = np.eye(2)[found.label[rows["test"]]]
    turned = Windows(found.object_id, found.layers[:, ::-1], found.label, found.classes)
    scores = astromer.scores(turned, rows, probabilities)
    assert scores["astromer2_accuracy"] == 1
    assert scores["last_block_accuracy"] < 1


def test_the_order_of_the_windows_does_not_matter(fold):
    found, rows = fold
    probabilities = np.random.default_rng(1).dirichlet([1, 1], len(rows["test"]))
    one = astromer.scores(found, rows, probabilities)
    order = np.random.default_rng(2).permutation(len(found.label))
    place = np.argsort(order)
    moved = Windows(found.object_id[order], found.layers[order], found.label[order], found.classes)
    other = astromer.scores(moved, {part: place[r] for part, r in rows.items()}, probabilities)
    assert one == pytest.approx(other)


def test_bars():
    sections = {
        "macho_20": {
            "astromer2_macro_f1": 0.5, "astromer2_macro_f1_std": 0.1, "last_block_macro_f1": 0.4,
            "last_block_macro_f1_std": 0.2, "stars": 9.0,
        },
        "macho_100": {"astromer2_macro_f1": 0.7, "last_block_macro_f1": 0.6},
    }  # fmt: skip
    found = astromer.bars(sections)
    assert found["macho_20"] == {"astromer2": (0.5, 0.1), "last_block": (0.4, 0.2)}
    assert found["macho_100"]["last_block"][0] == 0.6
    assert math.isnan(found["macho_100"]["last_block"][1])  # one fold has no deviation
