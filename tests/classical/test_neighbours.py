"""Votes, features and redshifts of match scores, by hand."""

import numpy as np

from nightjar.classical import neighbours

NO = -np.inf


def test_the_nearest_come_in_order():
    score = np.array([[0.1, 0.9, 0.5, NO], [NO, 0.2, NO, 0.3]])
    assert neighbours.nearest(score, 3)[0].tolist() == [1, 2, 0]
    assert neighbours.nearest(score, 2)[1].tolist() == [3, 1]
    assert neighbours.nearest(score, 9).shape == (2, 4)
    assert neighbours.nearest(score[:, :0], 2).shape == (2, 0)


def test_votes_then_scores_then_the_commonest():
    """Row 0: A .9, B .8, B .7; k = 1 says A, k = 3 says B.  Row 1, k = 2: A .1 against B .6, one
    vote each.  Row 2: two matches only, both A.  Row 3: no match, B is the commonest."""
    labels = np.array(["A", "B", "B", "A", "B"])
    score = np.full((4, 5), NO)
    score[0] = 0.9, 0.8, 0.7, 0.1, 0.1
    score[1, [0, 4]] = 0.1, 0.6
    score[2, [0, 3]] = 0.2, 0.1
    assert neighbours.vote(score, labels, 1).tolist() == ["A", "B", "A", "B"]
    assert neighbours.vote(score, labels, 2)[1] == "B"
    assert neighbours.vote(score, labels, 3).tolist() == ["B", "B", "A", "B"]
    flipped = neighbours.vote(np.array([[-0.9, -0.1]]), np.array(["A", "B"]), 2)
    assert flipped.tolist() == ["B"]  # negative scores are ordered likewise


def test_features_of_scores_are_relative_to_the_best_class():
    """Class A: .9 and .5, mean .7; B: .6; C has no template.  Best .9, best mean .7."""
    score = np.array([[0.9, 0.5, 0.6], [NO, NO, NO]])
    found = neighbours.class_features(score, np.array(["A", "A", "B"]), ["A", "B", "C"])
    assert found.shape == (2, 7)
    np.testing.assert_allclose(found[0], [0, -0.3, np.nan, 0, -0.1, np.nan, 0.9])
    assert np.isnan(found[1]).all()


def test_redshift_is_the_median_of_the_matches():
    score = np.array([[0.9, 0.8, 0.7], [0.9, 0.8, NO], [NO, NO, NO]])
    redshift = np.array([[0.1, 0.5, 0.2], [0.1, 0.3, -np.inf], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(
        neighbours.median_redshift(score, redshift), [0.2, 0.2, np.nan], atol=1e-12
    )
