"""Scores of a classifier that should know when it is wrong, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar.judging import uncertainty
from nightjar.judging.uncertainty import Fold

# two samples of four objects; means (0.9, 0.1), (0.6, 0.4), (0.2, 0.8), (0.45, 0.55)
SAMPLES = np.array(
    [
        [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.4, 0.6]],
        [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.5, 0.5]],
    ]
)
FOLD = Fold(SAMPLES, np.array([0, 1, 1, 1]))  # predicted 0, 0, 1, 1: the second is wrong


def test_the_prediction_is_that_of_the_mean():
    np.testing.assert_allclose(FOLD.mean[:, 0], [0.9, 0.6, 0.2, 0.45])
    assert FOLD.wrong.tolist() == [False, True, False, False]


def test_scores_by_hand():
    """Accuracy 3/4.  F1: class 0 has 1 hit, 1 true, 2 called: 2/3; class 1 2 hits, 3 true, 2
    called: 4/5; mean 11/15.

    smp = 1 - maximum: 0.1, 0.4, 0.2, 0.45: the wrong one is above two of three right: AUROC 2/3.
    Variance over the samples: 0, 0.08, 0.02, 0.005: the wrong one is above all: AUROC 1.
    Rejecting by smp, those kept are all, then without the last, then without the second too:
    error rates 1/4, 1/3, 0, 0; mean 7/48.
    nll: -ln(0.9 x 0.4 x 0.8 x 0.55) / 4.
    Brier: twice the squares of 0.1, 0.6, 0.2, 0.45: 2 x 0.6125 / 4.
    One bin: confidence (0.9 + 0.6 + 0.8 + 0.55) / 4 = 0.7125, accuracy 0.75: ece 0.0375."""
    found = uncertainty.scores(FOLD, bins=1)
    expected = {
        "accuracy": 0.75,
        "macro_f1": 11 / 15,
        "auroc_smp": 2 / 3,
        "auroc_pv": 1.0,
        "aurc": 7 / 48,
        "nll": -np.log(0.9 * 0.4 * 0.8 * 0.55) / 4,
        "brier": 0.30625,
        "ece": 0.0375,
        "stars": 4,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert {"auroc_bald", "auroc_entropy", "auroc_expected_entropy"} <= set(found)


def test_a_score_that_ranks_nothing_is_left_out():
    """One sample has no variance and no disagreement; what is left are the entropies and smp."""
    found = uncertainty.scores(Fold(SAMPLES[:1], FOLD.label), bins=5)
    named = {key for key in found if key.startswith("auroc")}
    assert named == {"auroc_smp", "auroc_entropy", "auroc_expected_entropy"}


def test_nothing_wrong_has_no_auroc():
    found = uncertainty.scores(Fold(SAMPLES, np.array([0, 0, 1, 1])), bins=5)
    assert found["accuracy"] == 1
    assert found["auroc_smp"] is None
    assert found["aurc"] == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 4))
def test_the_order_of_stars_and_samples_does_not_matter(seed, n, samples):
    rng = np.random.default_rng(seed)
    fold = Fold(rng.dirichlet([1, 1, 1], (samples, n)), rng.integers(0, 3, n))
    order = rng.permutation(n)
    moved = Fold(fold.probabilities[::-1][:, order], fold.label[order])
    one, other = uncertainty.scores(fold, 4), uncertainty.scores(moved, 4)
    assert one.keys() == other.keys()
    assert [one[key] for key in one] == pytest.approx([other[key] for key in one])


def test_folds_together():
    both = uncertainty.together([FOLD, Fold(SAMPLES[:, :1], np.array([1]))])
    assert both.probabilities.shape == (2, 5, 2)
    assert both.wrong.tolist() == [False, True, False, False, True]
