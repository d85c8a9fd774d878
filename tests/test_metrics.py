import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from nightjar import metrics

labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


# --- classification -----------------------------------------------------------------------------


def test_confusion_rows_are_true_classes():
    counts = metrics.confusion(["a", "a", "b"], ["b", "a", "b"], ["b", "a", "c"])
    # order b, a, c: the b is right; of the two a one went to b
    assert counts.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("classes", [["a"], ["b", "c"]])
def test_confusion_refuses_a_label_that_is_no_class(classes):
    with pytest.raises(ValueError, match="is not among the classes"):
        metrics.confusion(["a", "b"], ["a", "b"], classes)


def test_classification_by_hand():
    # class 0: 2 of 3 found, 2 of 2 predictions right: F1 = 2 * 2 / (3 + 2) = 4/5
    # class 1: 1 of 1 found, 1 of 2 predictions right: F1 = 2 * 1 / (1 + 2) = 2/3
    scores = metrics.classification([0, 0, 0, 1], [0, 0, 1, 1])
    assert scores["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert scores["macro_precision"] == pytest.approx((1 + 1 / 2) / 2)
    assert scores["macro_recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["micro_f1"] == scores["accuracy"] == pytest.approx(3 / 4)


@given(labels)
def test_classification_agrees_with_scikit_learn(pairs):
    true, predicted = np.array(pairs).T
    scores = metrics.classification(true, predicted)
    for name, average in (("macro_f1", "macro"), ("micro_f1", "micro")):
        expected = reference.f1_score(true, predicted, average=average, zero_division=0)
        assert scores[name] == pytest.approx(expected)
    precision = reference.precision_score(true, predicted, average="macro", zero_division=0)
    recall = reference.recall_score(true, predicted, average="macro", zero_division=0)
    assert scores["macro_precision"] == pytest.approx(precision)
    assert scores["macro_recall"] == pytest.approx(recall)


# --- redshift -----------------------------------------------------------------------------------


def test_redshift_by_hand():
    # mean z 0.2; sum of squared deviations 0.01 + 0 + 0.01 = 0.02; errors 0, 0.1, 0 -> sum 0.01
    scores = metrics.redshift([0.1, 0.2, 0.3], [0.1, 0.3, 0.3], outlier=0.05, low=0.15)
    assert scores["r2"] == pytest.approx(1 - 0.01 / 0.02)
    assert scores["l1"] == pytest.approx(0.1 / 3)
    assert scores["l2"] == pytest.approx(math.sqrt(0.01 / 3))
    assert scores["median_error"] == 0
    assert scores["outlier_fraction"] == pytest.approx(1 / 3)  # 0.1 / 1.2 = 0.083 > 0.05
    assert scores["l1_below_015"] == 0
    assert scores["r2_below_015"] is None  # one object has no variance


def test_redshift_without_nearby_objects_is_undefined_there():
    scores = metrics.redshift([0.5, 0.6], [0.5, 0.6], outlier=0.15, low=0.15)
    assert scores["l1_below_015"] is None
    assert scores["r2"] == 1


def test_r2_of_predicting_the_mean_is_zero():
    assert metrics.r2([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) == 0


# --- retrieval ----------------------------------------------------------------------------------


def directions(n):
    angle = np.arange(n) * (np.pi / (2 * n))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_perfect_retrieval():
    scores = metrics.retrieval(directions(20), 3 * directions(20))  # lengths do not matter
    assert scores["auc"] == scores["recall_at_1"] == scores["median_rank"] == 1
    assert scores["reverse_auc"] == 1


def test_reversed_retrieval_has_auc_zero():
    # two objects whose partners are swapped: the partner comes last of 2
    scores = metrics.retrieval(np.eye(2), np.eye(2)[::-1])
    assert scores["auc"] == 0
    assert scores["recall_at_1"] == 0
    assert scores["recall_at_5"] == 1
    assert scores["median_rank"] == 2


def test_collapsed_embeddings_are_at_chance():
    scores = metrics.retrieval(np.ones((11, 3)), np.ones((11, 3)))
    assert scores["auc"] == 0.5
    assert scores["recall_at_5"] == 0
    assert scores["median_rank"] == 6  # mean of 1 .. 11


def test_ranks_by_hand():
    # query at 0 degrees; candidates at 60 (its own), 30 and 90 degrees: the partner is second
    degrees = np.radians([[60.0], [30.0], [90.0]])
    candidates = np.hstack([np.cos(degrees), np.sin(degrees)])
    queries = np.array([[1.0, 0.0]] * 3)
    assert metrics.ranks(queries, candidates).tolist() == [2, 1, 3]


def test_ranks_do_not_depend_on_the_chunk():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 50, 4))
    assert np.array_equal(metrics.ranks(a, b, chunk=7), metrics.ranks(a, b))


def test_the_area_under_the_retrieval_curve_is_the_auc():
    rng = np.random.default_rng(2)
    rank = metrics.ranks(*rng.normal(size=(2, 41, 3)))
    fraction, success = metrics.retrieval_curve([rank], points=4001)
    auc = np.mean((41 - rank) / 40)
    assert np.trapezoid(success, fraction) == pytest.approx(auc, abs=1e-3)
    assert success[-1] == 1


def test_the_curve_of_several_folds_is_that_of_each():
    """A rank counts among the objects of its own fold: 2 of 3 is half of the others, 2 of 5 a
    quarter."""
    one = metrics.retrieval_curve([np.array([1.0, 2.0, 3.0])])
    three = metrics.retrieval_curve([np.array([1.0, 2.0, 3.0])] * 3)
    assert np.array_equal(one[1], three[1])
    fraction, success = metrics.retrieval_curve([np.full(3, 2.0), np.full(5, 2.0)], points=5)
    assert success.tolist() == [0, 5 / 8, 1, 1, 1]
    assert fraction.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_one_pair_has_no_auc():
    scores = metrics.retrieval(np.ones((1, 2)), np.ones((1, 2)))
    assert scores["auc"] is None
    assert scores["recall_at_1"] == 1


def test_candidates_that_are_not_looked_at_do_not_count():
    # the partner is on the diagonal: 0.3 and 0.5; of the first query's rivals 0.9 is left out
    similarity = np.array([[0.3, 0.4, -np.inf], [0.5, 0.5, 0.2]])
    assert metrics.partner_ranks(similarity).tolist() == [2, 1.5]
    assert metrics.partner_ranks(similarity[1:], start=1).tolist() == [1.5]


def test_chance_is_what_random_orders_give():
    """Recall at 1, 5, 10 of 20: 1/20, 5/20, 10/20; ten thousand drawn ranks agree."""
    chance = metrics.retrieval_chance(20)
    assert [chance[f"recall_at_{k}"] for k in (1, 5, 10)] == [0.05, 0.25, 0.5]
    assert chance["auc"] == pytest.approx(0.5)
    assert chance["median_rank"] == 10.5
    rank = np.random.default_rng(0).integers(1, 21, 10_000)
    drawn = metrics.both_ways(rank, rank)
    assert drawn.keys() == chance.keys()
    assert drawn["recall_at_5"] == pytest.approx(0.25, abs=0.02)
    assert metrics.retrieval_chance(3)["recall_at_5"] == 1


# --- folds and files ----------------------------------------------------------------------------


def test_over_folds_by_hand():
    merged = metrics.over_folds([{"a": 1.0, "b": None}, {"a": 3.0, "b": 5.0, "c": None}])
    # deviations -1 and 1: sqrt(2 / (2 - 1)); b has one value, c none
    assert merged == {"a": 2.0, "a_std": pytest.approx(math.sqrt(2)), "b": 5.0}


def test_over_folds_refuses_nan():
    with pytest.raises(ValueError, match="auc: not finite"):
        metrics.over_folds([{"auc": math.nan}])


def test_write_json(tmp_path):
    path = tmp_path / "metrics" / "stage.json"
    values = {"b": {"y": np.float32(0.1), "x": np.int64(3)}, "a": 1 / 3, "z": -0.0, "big": 1234567}
    metrics.write_json(path, values)
    assert path.read_text() == (
        '{\n  "a": 0.333333,\n  "b": {\n    "x": 3,\n    "y": 0.1\n  },\n'
        '  "big": 1234567,\n  "z": 0.0\n}\n'
    )
    assert json.loads(path.read_text())["b"]["x"] == 3
    assert [p.name for p in path.parent.iterdir()] == ["stage.json"]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, None, "1", True, [1.0], {"a": {"b": 1.0}}, np.array([1.0, 2.0])]
)
def test_write_json_refuses(tmp_path, value):
    with pytest.raises(ValueError, match="key"):
        metrics.write_json(tmp_path / "stage.json", {"key": value})
    assert not list(tmp_path.iterdir())
