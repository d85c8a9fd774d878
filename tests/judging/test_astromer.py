"""Windows to stars, and a head beside the probe of the last block."""

import math

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
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


# --- features beside them -----------------------------------------------------------------------


@pytest.fixture
def forests(fold):
    """Predictions for the scored stars s08 ... s11 (EB RR EB RR): all right with a period, s08
    wrong without; another fold's are wrong throughout; a star without a window counts nowhere."""
    stars = ["s08", "s09", "s10", "s11", "no window"]
    right = ["EB", "RR", "EB", "RR", "EB"]
    of = {"features": right, "features_period": right, "features_no_period": ["RR", *right[1:]]}
    columns = {"survey": "asas", "samples_per_class": 20, "object_id": stars}
    tables = [pd.DataFrame({**columns, "fold": 0, "method": m, "class": c}) for m, c in of.items()]
    other = pd.concat(tables).assign(fold=1, **{"class": "EA"})
    return pd.concat([*tables, other])[::-1]


def test_forests_are_scored_on_the_stars_of_the_networks(fold, forests):
    """Without a period: EB F1 2 x 1 / (2 + 1) = 2/3, RR 2 x 2 / (2 + 3) = 4/5; mean 11/15."""
    scores = astromer.feature_scores(forests, *fold, "asas", 20, 0)
    assert scores["features_macro_f1"] == scores["features_period_accuracy"] == 1
    assert scores["features_no_period_accuracy"] == 3 / 4
    assert scores["features_no_period_macro_f1"] == pytest.approx(11 / 15)
    assert len(scores) == 6


def test_without_the_package_there_is_no_score_of_features(fold, forests):
    assert astromer.feature_scores(forests[:0], *fold, "asas", 20, 0) == {}


def test_a_scored_star_without_a_prediction_is_named(fold, forests):
    left = forests[forests["object_id"] != "s10"]
    with pytest.raises(
        InputError, match=r"asas, 20 per class, fold 0: .* star 's10'; run train_st"
    ):
        astromer.feature_scores(left, *fold, "asas", 20, 0)


def folds(*tests):
    parts = {"train": np.array([]), "validation": np.array([])}
    return {k: parts | {"test": np.array(list(each))} for k, each in enumerate(tests)}


def test_differences_and_their_error():
    """Differences 0.1 and 0.3: mean 0.2, s = sqrt(2) / 10.  The folds share one scored star of
    two: rho = 1/2, ratio 1, SE = sqrt(1/2 + 1) s = sqrt(0.03)."""
    scores = [
        {"features_macro_f1": f, "astromer2_macro_f1": a, "last_block_macro_f1": 0.5}
        for f, a in ((0.6, 0.5), (0.9, 0.6))
    ]
    found = astromer.differences(scores, folds("ab", "bc"))
    assert list(found) == ["features_minus_astromer2", "features_minus_last_block"]
    assert found["features_minus_astromer2"]["macro_f1"] == pytest.approx(0.2)
    assert found["features_minus_astromer2"]["macro_f1_se"] == pytest.approx(math.sqrt(0.03))


def test_folds_of_the_same_stars_have_no_error_and_missing_features_no_difference():
    scores = [{"features_accuracy": 0.6, "astromer2_accuracy": 0.5}] * 2
    found = astromer.differences(scores, folds("ab", "ab"))
    assert found == {"features_minus_astromer2": {"accuracy": pytest.approx(0.1)}}
    assert astromer.differences([{"astromer2_accuracy": 0.5}] * 2, folds("ab", "cd")) == {}


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
    sections["macho_20"] |= {"features_macro_f1": 0.8, "features_no_period_macro_f1": 0.3}
    assert list(astromer.bars(sections)["macho_20"]) == [
        "astromer2", "last_block", "features", "features_no_period",
    ]  # fmt: skip
