import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import uncertainty


def test_agreeing_members_have_no_epistemic_uncertainty():
    agreeing = np.tile([[[0.7, 0.2, 0.1]]], (5, 1, 1))
    scores = uncertainty.scores(agreeing)
    assert scores["pv"] == pytest.approx(0, abs=1e-30)
    assert scores["bald"] == pytest.approx(0, abs=1e-15)
    assert scores["smp"] == pytest.approx(0.3)
    entropy = -(0.7 * math.log(0.7) + 0.2 * math.log(0.2) + 0.1 * math.log(0.1))
    assert scores["entropy"] == pytest.approx(entropy)
    assert scores["expected_entropy"] == pytest.approx(entropy)


def test_confident_members_that_disagree():
    # mean (1/2, 1/2): entropy ln 2; each member certain: entropy 0
    # variance with ddof 1 of (1, 0) is 1/4 + 1/4 = 1/2 in both classes
    opposed = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    scores = uncertainty.scores(opposed)
    assert scores["bald"] == pytest.approx(math.log(2))
    assert scores["entropy"] == pytest.approx(math.log(2))
    assert scores["expected_entropy"] == 0
    assert scores["pv"] == pytest.approx(0.5)
    assert scores["smp"] == pytest.approx(0.5)


def test_one_sample_is_the_deterministic_case():
    scores = uncertainty.scores(np.array([[[0.9, 0.1], [0.5, 0.5]]]))
    assert scores["smp"] == pytest.approx([0.1, 0.5])
    assert scores["pv"].tolist() == [0, 0]
    assert scores["bald"].tolist() == [0, 0]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(2, 5))
def test_scores_keep_their_bounds(seed, samples, classes):
    drawn = np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), size=(samples, 4))
    scores = uncertainty.scores(drawn)
    assert all(score.shape == (4,) for score in scores.values())
    assert np.all(scores["smp"] <= 1 - 1 / classes + 1e-12)
    assert np.all((scores["bald"] >= 0) & (scores["bald"] <= math.log(classes)))
    assert np.all(scores["entropy"] + 1e-12 >= scores["expected_entropy"])
