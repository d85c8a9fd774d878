"""Windows to stars, and a head beside the probe of the last block."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
from nightjar.judging import astromer
from nightjar.judging.astromer import Windows

CLASSES = pd.Series({"s1": "RR", "s2": "EB", "s3": "RR", "s4": "EB", "other": "DSCT", "x": None})


def windows(ids):
    arrays = np.zeros((len(ids), 2, 3), np.float32), np.zeros((len(ids), 3), np.float32)
    return Windows.of(np.array(ids), *arrays, CLASSES)


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
    """6 stars of each of 2 classes, two windows each; the last block's mean and maximum hold the
    class, the first holds noise."""
    rng = np.random.default_rng(0)
    stars = [f"s{i:02d}" for i in range(12)]
    names = pd.Series({star: ("EB", "RR")[i % 2] for i, star in enumerate(stars)})
    ids = np.repeat(stars, 2)
    layers = rng.normal(size=(24, 2, 3)).astype(np.float32)
    layers[:, -1, 0] = np.where(names.loc[ids.tolist()] == "RR", 5, -5) + layers[:, 0, 0] / 10
    found = Windows.of(ids, layers, layers[:, -1] + 1, names)
    parts = {"train": stars[:6], "validation": stars[6:8], "test": stars[8:]}
    return found, {part: found.rows_of(members) for part, members in parts.items()}


def test_perfect_probabilities_and_a_block_that_holds_the_class(fold):
    found, rows = fold
    judged = astromer.judge("nightjar", found, rows, np.eye(2)[found.label[rows["test"]]])
    of = ("gamma", "window", "last_block", "max")
    kinds = ("nightjar", *(f"nightjar_{each}" for each in of))
    every = {f"{kind}_{key}": 1 for kind in kinds for key in ("macro_f1", "accuracy")}
    assert judged.scores == every
    assert judged.predicted.tolist() == judged.true.tolist() == ["EB", "RR", "EB", "RR"]


def test_a_star_may_be_right_where_a_window_is_wrong(fold):
    """Stars EB RR EB RR, 8 windows.  One EB window says RR at 0.6, its twin EB at 0.9: the star's
    mean is 0.65 for EB, so all stars are right and 7 of 8 windows.  Per window F1: EB 2 x 3 /
    (4 + 3) = 6/7, RR 2 x 4 / (4 + 5) = 8/9; mean 55/63."""
    found, rows = fold
    probabilities = np.eye(2)[found.label[rows["test"]]]
    probabilities[:2] = [[0.4, 0.6], [0.9, 0.1]]
    scores = astromer.judge("astromer2", found, rows, probabilities).scores
    assert scores["astromer2_gamma_accuracy"] == 1
    assert scores["astromer2_window_accuracy"] == pytest.approx(7 / 8)
    assert scores["astromer2_window_macro_f1"] == pytest.approx(55 / 63)


@pytest.mark.parametrize(
    ("noise", "blind", "seeing"),
    [("layers", "last_block", "max"), ("maximum", "max", "last_block")],
)
def test_each_probe_sees_its_own_numbers_alone(fold, noise, blind, seeing):
    """Blocks exchanged, or the first block for the maximum: only noise is left to that probe."""
    found, rows = fold
    probabilities = np.eye(2)[found.label[rows["test"]]]
    turned = {"layers": found.layers[:, ::-1], "maximum": found.layers[:, 0]}[noise]
    noisy = replace(found, **{noise: turned})
    scores = astromer.judge("m", noisy, rows, probabilities).scores
    assert scores["m_gamma_accuracy"] == 1
    assert scores[f"m_{blind}_accuracy"] < 1
    assert scores[f"m_{seeing}_accuracy"] == 1


def test_the_order_of_the_windows_does_not_matter(fold):
    found, rows = fold
    probabilities = np.random.default_rng(1).dirichlet([1, 1], len(rows["test"]))
    one = astromer.judge("m", found, rows, probabilities).scores
    order = np.random.default_rng(2).permutation(len(found.label))
    place = np.argsort(order)
    arrays = (getattr(found, name)[order] for name in ("object_id", "layers", "maximum", "label"))
    moved = Windows(*arrays, found.classes)
    rows = {part: place[r] for part, r in rows.items()}
    other = astromer.judge("m", moved, rows, probabilities).scores
    assert one == pytest.approx(other)


def test_the_row_of_a_network_is_the_kernel_on_all_layers(fold):
    """Wrong heads leave it alone; without anything in the layers it gives one class to all."""
    found, rows = fold
    wrong = 1 - np.eye(2)[found.label[rows["test"]]]
    scores = astromer.judge("m", found, rows, wrong).scores
    assert (scores["m_accuracy"], scores["m_gamma_accuracy"]) == (1, 0)
    blind = replace(found, layers=np.ones_like(found.layers))
    assert astromer.judge("m", blind, rows, 1 - wrong).scores["m_accuracy"] == 0.5


def test_windows_of_a_file(fold, tmp_path):
    found, _ = fold
    arrays = {name: getattr(found, name) for name in ("object_id", "layers", "maximum")}
    np.savez(tmp_path / "whole.npz", **arrays)
    names = pd.Series(np.array(found.classes)[found.label], index=found.object_id)
    names = names[~names.index.duplicated()]
    read = Windows.read(tmp_path / "whole.npz", names)
    assert all(np.array_equal(getattr(read, name), value) for name, value in arrays.items())
    assert read.label.tolist() == found.label.tolist()
    np.savez(tmp_path / "old.npz", object_id=found.object_id, layers=found.layers)
    for name in ("old", "nothing"):
        with pytest.raises(InputError, match=rf"{name}\.npz: no embeddings, .*finetune_astromer"):
            Windows.read(tmp_path / f"{name}.npz", names)


# --- other methods beside them ------------------------------------------------------------------


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


def beside(predictions, fold):
    found, rows = fold
    truth = found.truth(rows["test"])
    return astromer.prediction_scores(predictions, "forests", truth, "asas", 20, 0)


def test_forests_are_scored_on_the_stars_of_the_networks(fold, forests):
    """Without a period: EB F1 2 x 1 / (2 + 1) = 2/3, RR 2 x 2 / (2 + 3) = 4/5; mean 11/15."""
    scores = beside(forests, fold)
    assert scores["features_macro_f1"] == scores["features_period_accuracy"] == 1
    assert scores["features_no_period_accuracy"] == 3 / 4
    assert scores["features_no_period_macro_f1"] == pytest.approx(11 / 15)
    assert len(scores) == 6


def test_without_the_package_there_is_no_score_of_features(fold, forests):
    assert beside(forests[:0], fold) == {}


def test_a_scored_star_without_a_prediction_is_named(fold, forests):
    left = forests[forests["object_id"] != "s10"]
    with pytest.raises(InputError, match=r"asas, 20 per class, fold 0: .* star 's10'; run forests"):
        beside(left, fold)


def test_every_method_of_the_table_is_scored(fold, forests):
    more = forests[forests["method"] == "features"].assign(method="raw_gru")
    scores = beside(pd.concat([forests, more]), fold)
    assert scores["raw_gru_macro_f1"] == 1
    assert len(scores) == 8
    with pytest.raises(InputError, match="no prediction of 'raw_gru'"):
        beside(pd.concat([forests, more[more["fold"] == 1]]), fold)


def test_a_method_that_did_not_try_this_task_has_no_score(fold, forests):
    more = forests[forests["method"] == "features"].assign(method="raw_gru", samples_per_class=100)
    assert len(beside(pd.concat([forests, more]), fold)) == 6


def folds(*tests):
    parts = {"train": np.array([]), "validation": np.array([])}
    return {k: parts | {"test": np.array(list(each))} for k, each in enumerate(tests)}


def test_differences_and_their_error():
    """Differences 0.1 and 0.3: mean 0.2, s = sqrt(2) / 10.  The folds share one scored star of
    two: rho = 1/2, ratio 1, SE = sqrt(1/2 + 1) s = sqrt(0.03)."""
    scores = [
        {"features_macro_f1": f, "nightjar_macro_f1": a, "astromer2_macro_f1": 0.5}
        for f, a in ((0.6, 0.5), (0.9, 0.6))
    ]
    found = astromer.differences(scores, folds("ab", "bc"))
    assert list(found) == ["nightjar_minus_astromer2", "features_minus_nightjar"]
    assert found["features_minus_nightjar"]["macro_f1"] == pytest.approx(0.2)
    assert found["features_minus_nightjar"]["macro_f1_se"] == pytest.approx(math.sqrt(0.03))
    assert found["nightjar_minus_astromer2"]["macro_f1"] == pytest.approx(0.05)


def test_folds_of_the_same_stars_have_no_error_and_a_missing_method_no_difference():
    scores = [{"tuned_accuracy": 0.6, "scratch_accuracy": 0.5}] * 2
    found = astromer.differences(scores, folds("ab", "ab"))
    assert found == {"tuned_minus_scratch": {"accuracy": pytest.approx(0.1)}}
    assert astromer.differences([{"nightjar_accuracy": 0.5}] * 2, folds("ab", "cd")) == {}


def test_what_is_drawn_is_per_star():
    section = {
        "astromer2_macro_f1": 0.5, "astromer2_macro_f1_std": 0.1, "astromer2_accuracy": 0.9,
        "astromer2_window_macro_f1": 0.4, "astromer2_max_macro_f1": 0.3, "stars": 9.0,
    }  # fmt: skip
    found = astromer.per_star(section)
    assert list(found) == ["astromer2", "astromer2_max"]
    assert found["astromer2"] == (0.5, 0.1)
    assert math.isnan(found["astromer2_max"][1])  # one fold has no deviation
