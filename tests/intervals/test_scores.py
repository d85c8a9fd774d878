"""Scores of predicted quantiles, by hand and against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from nightjar import intervals

LEVELS = intervals.LEVELS
PROBIT = norm.ppf(LEVELS)


def gaussian(mean, sigma):
    """Quantiles (n, levels)."""
    return np.asarray(mean)[:, None] + np.asarray(sigma)[:, None] * PROBIT


# --- pinball ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "level", "loss"),
    [
        (3.0, 0.9, 1.8),  # 2 above the quantile: 0.9 x 2
        (0.0, 0.9, 0.1),  # 1 below it: (0.9 - 1) x -1
        (0.0, 0.5, 0.5),
        (1.0, 0.1, 0.0),
    ],
)
def test_pinball_by_hand(true, level, loss):
    assert intervals.pinball([true], np.array([[1.0]]), [level]) == pytest.approx(loss)


def test_pinball_is_a_mean_over_objects_and_levels():
    """Quantiles 0 and 1 at levels 0.25 and 0.75.  True 2: 0.25 x 2 and 0.75 x 1; true 0: 0 and
    (0.75 - 1) x -1.  Sum 0.5 + 0.75 + 0 + 0.25 = 1.5, over four."""
    found = intervals.pinball([2.0, 0.0], np.array([[0.0, 1.0]] * 2), [0.25, 0.75])
    assert found == pytest.approx(1.5 / 4)


def test_no_other_quantile_has_less_pinball_loss():
    values = np.random.default_rng(0).exponential(size=2001)
    at = np.linspace(0, 4, 81)
    losses = [intervals.pinball(values, np.full((2001, 1), q), [0.8]) for q in at]
    assert at[np.argmin(losses)] == pytest.approx(np.quantile(values, 0.8), abs=0.05)


# --- CRPS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [-0.3, 0.0, 1.0, 2.5])
def test_crps_of_a_gaussian(true):
    """Closed form sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), z = (true - mean) / sigma
    (Gneiting & Raftery 2007, eq. 21)."""
    mean, sigma = 0.4, 0.7
    z = (true - mean) / sigma
    closed = sigma * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    found = intervals.crps([true], gaussian([mean], [sigma]), LEVELS)
    assert found == pytest.approx(closed, rel=2e-3)


def test_crps_of_certainty_is_the_absolute_error():
    found = intervals.crps([3.0], np.full((1, len(LEVELS)), 1.0), LEVELS)
    assert found == pytest.approx(2.0)


# --- probability integral transform ---------------------------------------------------------------


def test_pit_of_a_gaussian_is_its_distribution_function_in_the_tails_too():
    true = np.array([-4.0, -1.2, 0.0, 0.3, 5.0])
    found = intervals.pit(true, gaussian(np.full(5, 0.5), np.full(5, 1.5)), LEVELS)
    np.testing.assert_allclose(found, norm.cdf((true - 0.5) / 1.5), rtol=1e-9)


def test_pit_at_a_quantile_is_its_level():
    quantiles = np.sort(np.random.default_rng(1).normal(size=(1, len(LEVELS))))
    found = [intervals.pit(quantiles[:, k], quantiles, LEVELS)[0] for k in range(len(LEVELS))]
    np.testing.assert_allclose(found, LEVELS, rtol=1e-9)


def test_pit_of_equal_quantiles():
    """A distribution of no width: below or above."""
    quantiles = np.zeros((2, len(LEVELS)))
    np.testing.assert_allclose(intervals.pit([-1.0, 1.0], quantiles, LEVELS), [0, 1])


@pytest.mark.parametrize(
    ("pits", "distance"),
    [
        ([0.5], 0.5),  # the step from 0 to 1 at 0.5
        ([0.25, 0.75], 0.25),
        ([0.0, 0.0, 0.0, 0.0], 1.0),
        ([0.1, 0.2, 0.9], 2 / 3 - 0.2),  # two of three are up to 0.2
    ],
)
def test_distance_from_uniform_by_hand(pits, distance):
    assert intervals.pit_distance(pits) == pytest.approx(distance)


def test_right_distributions_are_uniform_and_narrow_ones_are_not():
    """5 % of samples of 2,000 are farther than 1.36 / sqrt(2000) = 0.030.

    With a third of the deviation, 2 (1 - Phi(1.645 / 3)) = 0.58 are outside the 90 % interval."""
    true = np.random.default_rng(2).normal(size=2000)
    right, narrow = (gaussian(np.zeros(2000), np.full(2000, sigma)) for sigma in (1.0, 1 / 3))
    assert intervals.pit_distance(intervals.pit(true, right, LEVELS)) < 0.03
    heaped = intervals.pit(true, narrow, LEVELS)
    assert np.mean((heaped < 0.05) | (heaped > 0.95)) == pytest.approx(0.58, abs=0.04)


def test_no_object_has_no_distance():
    assert intervals.pit_distance([]) is None


def test_bounds_are_in_the_interval():
    assert intervals.covered([1, 2, 3, 4], [2] * 4, [3] * 4).tolist() == [False, True, True, False]


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=5),
    st.floats(-10, 10),
    st.floats(0.1, 10),
)
def test_scores_move_and_scale_with_the_value(true, shift, scale):
    """Pinball and CRPS have the unit of the value, PIT has none."""
    true = np.array(true)
    quantiles = gaussian(np.zeros(len(true)), np.ones(len(true)))
    other = true * scale + shift, quantiles * scale + shift
    for score in (intervals.pinball, intervals.crps):
        assert score(*other, LEVELS) == pytest.approx(scale * score(true, quantiles, LEVELS))
    np.testing.assert_allclose(
        intervals.pit(*other, LEVELS), intervals.pit(true, quantiles, LEVELS), atol=1e-9
    )
