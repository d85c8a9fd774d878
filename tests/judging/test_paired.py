"""Paired differences over folds, and the error that correlated folds leave."""

import numpy as np
import pytest

from nightjar.judging import paired


def test_mean_and_corrected_error_by_hand():
    # differences 0.1, 0.3, 0.2, 0.2, 0.2: mean 0.2, s^2 = (0.01 + 0.01) / 4 = 0.005;
    # SE^2 = (1/5 + 1/4) * 0.005 = 0.00225, while the naive SE^2 is 0.005 / 5 = 0.001
    one = [{"f1": 0.5 + d} for d in (0.1, 0.3, 0.2, 0.2, 0.2)]
    found = paired.differences(one, [{"f1": 0.5}] * 5, 1 / 4)
    assert found == {"f1": pytest.approx(0.2), "f1_se": pytest.approx(0.00225**0.5)}
    assert found["f1_se"] / 0.001**0.5 == pytest.approx(1.5)


def test_what_a_fold_does_to_both_models_drops_out():
    hard = np.array([0.0, 0.4, 0.1, -0.3, 0.2])
    gain = [0.10, 0.12, 0.11, 0.09, 0.13]
    one = [{"f1": 0.5 + h + g} for h, g in zip(hard, gain, strict=True)]
    other = [{"f1": 0.5 + h} for h in hard]
    assert paired.differences(one, other, 0.25) == pytest.approx(
        paired.differences([{"f1": g} for g in gain], [{"f1": 0.0}] * 5, 0.25)
    )


def test_the_other_way_round_only_the_sign_changes():
    one, other = [{"x": 1.0}, {"x": 4.0}], [{"x": 2.0}, {"x": 1.0}]
    there, back = paired.differences(one, other, 1.0), paired.differences(other, one, 1.0)
    assert there["x"] == -back["x"] == 1.0
    assert there["x_se"] == back["x_se"] > 0


def test_only_folds_where_both_have_the_score_count():
    one = [{"a": 1.0, "b": 1.0, "c": 2.0}, {"a": 2.0, "b": None}]
    other = [{"a": 0.0, "b": 0.5}, {"a": 2.0, "b": 0.5}]
    found = paired.differences(one, other, 1.0)
    assert found.keys() == {"a", "a_se", "b"}  # b: a single fold has no error; c: no fold has both
    assert (found["a"], found["b"]) == (0.5, 0.5)


def test_models_that_agree_differ_by_nothing():
    same = [{"a": 0.3}, {"a": 0.4}]
    assert paired.differences(same, same, 1.0) == {"a": 0.0, "a_se": 0.0}


def test_five_folds_score_a_quarter_of_what_they_do_not():
    fold = {"train": np.arange(7), "validation": np.arange(1), "test": np.arange(2)}
    assert paired.scored_per_trained({0: fold, 1: fold}) == 0.25


def test_draws_of_other_stars_are_independent_and_the_same_stars_tell_no_error():
    def fold(train, test):
        return {
            "train": np.array(list(train)),
            "validation": np.array([]),
            "test": np.array(list(test)),
        }

    apart = {0: fold("ab", "cd"), 1: fold("ef", "gh")}
    assert paired.shared_per_own(apart) == 0.0
    # of training one of four in common, of scored stars one of two: rho = 1/2
    some = {0: fold("abcd", "xy"), 1: fold("aefg", "yz")}
    assert paired.shared_per_own(some) == 1.0
    same = {0: fold("ab", "cd"), 1: fold("ab", "ef")}
    assert paired.shared_per_own(same) is None
    assert paired.differences([{"x": 1.0}, {"x": 2.0}], [{"x": 0.0}] * 2, None) == {"x": 1.5}


def test_sections_are_named_after_both_models():
    scores = {"a": [{"x": 3.0}, {"x": 5.0}], "b": [{"x": 1.0}, {"x": 2.0}]}
    # differences 2 and 3: s^2 = 0.5; SE^2 = (1/2 + 1) * 0.5
    assert paired.sections(scores, [("a", "b")], 1.0) == {
        "a_minus_b": {"x": 2.5, "x_se": pytest.approx(0.75**0.5)}
    }


def test_the_corrected_error_covers_where_the_naive_one_does_not():
    """Folds whose differences correlate by 1/5, as Nadeau and Bengio assume for 5 folds.

    The mean then has the variance (1/5 + 4/5 * 1/5) = 0.36, and s^2 the mean 1 - 1/5 = 0.8; the
    corrected SE^2 is 0.45 * 0.8 = 0.36 on average, the naive one 0.16.
    """
    rng = np.random.default_rng(0)
    common, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 5))
    values = np.sqrt(0.2) * common + np.sqrt(0.8) * own
    errors = np.array([paired.standard_error(list(row), 0.25) for row in values])
    assert np.mean(values.mean(axis=1) ** 2) == pytest.approx(0.36, rel=0.1)
    assert np.mean(errors**2) == pytest.approx(0.36, rel=0.05)
    inside = np.abs(values.mean(axis=1)) < 2.776 * errors  # Student's t, 4 degrees of freedom
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)
