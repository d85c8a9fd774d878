import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from nightjar import calibration

PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
TRUE = np.array([0, 1, 1, 1])  # the second is wrong


def test_calibration_by_hand():
    # two bins, (0, 1/2] and (1/2, 1]: all four lie in the second, confidence 0.75, accuracy 0.75
    scores = calibration.scores(PROBABILITIES, TRUE, bins=2)
    assert scores["ece"] == pytest.approx(0)
    # five bins: (0.4, 0.6] has 0.6, right; (0.6, 0.8] has 0.8, wrong, and 0.7, right;
    # (0.8, 1] has 0.9, right: (1 * 0.4 + 2 * |0.5 - 0.75| + 1 * 0.1) / 4 = 0.25
    assert calibration.scores(PROBABILITIES, TRUE, bins=5)["ece"] == pytest.approx(0.25)
    assert scores["nll"] == pytest.approx(-np.log([0.9, 0.2, 0.6, 0.7]).mean())
    # per object 2 (1 - p of the true class)^2
    assert scores["brier"] == pytest.approx(2 * np.mean([0.01, 0.64, 0.16, 0.09]))


def test_right_probabilities_of_few_objects_have_a_calibration_error_too():
    # two bins; all four in the second: variance 0.09 + 0.16 + 0.24 + 0.21 = 0.70
    assert calibration.noise(PROBABILITIES, bins=2) == pytest.approx(math.sqrt(1.4 / math.pi) / 4)
    assert calibration.noise(np.array([[1.0, 0.0]]), bins=5) == 0  # certain, and right
    assert calibration.noise(np.empty((0, 2)), bins=5) is None
    rng = np.random.default_rng(0)
    right = rng.dirichlet([0.5, 0.3, 0.2], size=600)
    drawn = [
        calibration.scores(right, (rng.random((600, 1)) > right.cumsum(axis=1)).sum(axis=1), 15)[
            "ece"
        ]
        for _ in range(300)
    ]
    assert calibration.noise(right, 15) == pytest.approx(np.mean(drawn), rel=0.05)


def test_certain_and_wrong_has_finite_nll_and_brier_two():
    scores = calibration.scores(np.array([[1.0, 0.0]]), [1], bins=10)
    assert scores["nll"] == pytest.approx(12 * math.log(10))
    assert scores["brier"] == 2
    assert scores["ece"] == 1


def test_empty_bins_are_marked():
    bins = calibration.reliability(PROBABILITIES, TRUE, bins=10)
    assert bins.objects.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert np.isnan(bins.accuracy[0])


def test_auroc_by_hand():
    # pairs (wrong, right): 3 > 1, 3 > 2, 2 = 2 counts half, 2 > 1: 3.5 of 4
    assert calibration.auroc([True, True, False, False], [3, 2, 2, 1]) == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("wrong", [[True, True], [False, False], []])
def test_auroc_needs_right_and_wrong(wrong):
    assert calibration.auroc(wrong, np.arange(len(wrong))) is None


def test_rejection_by_hand():
    # the wrong one is rejected first: accuracy 2/3, then 1, 1
    rejected, accuracy = calibration.rejection([False, True, False], [0.1, 0.9, 0.2])
    assert rejected == pytest.approx([0, 1 / 3, 2 / 3])
    assert accuracy == pytest.approx([2 / 3, 1, 1])
    assert calibration.aurc([False, True, False], [0.1, 0.9, 0.2]) == pytest.approx(1 / 9)


def test_rejection_of_equal_scores_keeps_the_accuracy():
    _, accuracy = calibration.rejection([True, False, False, True], [1, 1, 1, 1])
    assert accuracy == pytest.approx([0.5] * 4)


@given(st.permutations(range(6)))
def test_aurc_does_not_depend_on_the_order_of_rows(order):
    wrong = np.array([1, 0, 1, 0, 0, 1], bool)[list(order)]
    score = np.array([1, 1, 2, 2, 3, 3])[list(order)]
    assert calibration.aurc(wrong, score) == pytest.approx(
        calibration.aurc([1, 0, 1, 0, 0, 1], [1, 1, 2, 2, 3, 3])
    )


def test_losses_are_what_the_scores_are_means_of():
    single = calibration.losses(PROBABILITIES, TRUE)
    np.testing.assert_allclose(single["nll"], -np.log([0.9, 0.2, 0.6, 0.7]))
    np.testing.assert_allclose(single["brier"], 2 * np.array([0.01, 0.64, 0.16, 0.09]))


def test_auprc_by_hand():
    # called in the order 3 (wrong), 2 (right), 1 (wrong): precision 1 at recall 1/2, 2/3 at 1
    found = calibration.auprc([True, False, True], [3, 2, 1])
    assert found == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert calibration.auprc([True, False, False, True], [1, 1, 1, 1]) == 0.5  # the error rate


@given(st.integers(0, 2**32), st.integers(2, 30))
def test_auprc_is_that_of_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    wrong, score = rng.permutation(n) < rng.integers(1, n), rng.integers(0, 6, n)
    assert calibration.auprc(wrong, score) == pytest.approx(average_precision_score(wrong, score))


@pytest.mark.parametrize("wrong", [[True, True], [False, False], []])
def test_auprc_needs_right_and_wrong(wrong):
    assert calibration.auprc(wrong, np.arange(len(wrong))) is None


def test_score_threshold_by_hand():
    """Rising scores: right, wrong, right and right (equal), wrong; of 1, 2, 4, 5 kept 0, 1/2, 1/4,
    2/5 are wrong.  At most a quarter: the fourth; the third alone is not to be had."""
    wrong, score = [True, False, False, True, False], [2, 1, 3, 4, 3]
    assert calibration.score_threshold(wrong, score, 0.25) == 3
    assert calibration.score_threshold(wrong, score, 0.2) == 1
    assert calibration.score_threshold(wrong, score, 0.4) == 4
    assert calibration.score_threshold([True], [1], 0.5) is None
    assert calibration.score_threshold([], [], 0.5) is None
