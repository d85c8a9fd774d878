"""Intervals that hold the true value as often as they promise."""

import numpy as np
import pytest
from scipy.stats import norm

from nightjar import intervals

LEVELS = (0.05, 0.16, 0.5, 0.84, 0.95)


def constant(n, *quantiles):
    return np.tile(np.array(quantiles, float), (n, 1))


def test_margins_by_hand():
    """Nineteen objects at 1 ... 19 outside of [-1, 0], and of [-2, 0] as far above: the places are
    ceil(20 x 0.68) = 14 and ceil(20 x 0.9) = 18."""
    quantiles = constant(19, -2, -1, -0.5, 0, 0)
    found = intervals.margins(np.arange(1.0, 20), quantiles, LEVELS)
    assert found.tolist() == [18, 14, 0, 14, 18]


def test_intervals_that_are_too_wide_shrink():
    """All at 0, within [-2, 2] and [-3, 3] by 2 and 3; the median stays where it is."""
    quantiles = constant(19, -3, -2, 0.5, 2, 3)
    margin = intervals.margins(np.zeros(19), quantiles, LEVELS)
    assert margin.tolist() == [-3, -2, 0, -2, -3]
    assert intervals.moved(quantiles[:1], margin).tolist() == [[0, 0, 0.5, 0.5, 0.5]]


def test_quantiles_move_out_by_their_margins():
    found = intervals.moved(constant(1, -3, -2, 0, 2, 4), np.array([1, 0.5, 0, 0.5, 1]))
    assert found.tolist() == [[-4, -2.5, 0, 2.5, 5]]


def test_a_wider_interval_holds_the_narrower():
    """Margins 0 and 3: without the rule, 84 % would be above 95 %."""
    found = intervals.moved(constant(1, -2, -1, 0, 1, 2), np.array([0, 3, 0, 3, 0]))
    assert found.tolist() == [[-4, -4, 0, 4, 4]]


@pytest.mark.parametrize(("objects", "enough"), [(8, False), (9, True), (0, False)])
def test_too_few_objects_promise_nothing(objects, enough):
    """ceil((n + 1) 0.9) is at most n from nine objects on."""
    found = intervals.margins(np.zeros(objects), constant(objects, -2, -1, 0, 1, 2), LEVELS)
    assert (found is not None) == enough


@pytest.mark.parametrize(("low", "coverage"), [(0, 0.9), (1, 0.68)])
def test_coverage_of_many_draws(low, coverage):
    """The mean over calibration samples of 39 lies between the promise and 1 / 40 more, whatever
    the head: this one is narrow, shifted, and knows nothing of the noise, which differs."""
    rng = np.random.default_rng(low)
    held = []
    for _ in range(400):
        true = rng.normal(size=39 + 50) * rng.choice([0.3, 2.0], 89)
        head = 0.3 + 0.4 * norm.ppf(LEVELS) + 0.2 * rng.normal(size=(89, 1))
        margin = intervals.margins(true[:39], head[:39], LEVELS)
        quantiles = intervals.moved(head[39:], margin)
        held.append(intervals.covered(true[39:], quantiles[:, low], quantiles[:, -1 - low]).mean())
    # one sample's coverage scatters by sqrt(p (1 - p) (1 / 41 + 1 / 50)) < 0.1, the mean by 0.005
    assert coverage - 0.015 < np.mean(held) < coverage + 1 / 40 + 0.015
