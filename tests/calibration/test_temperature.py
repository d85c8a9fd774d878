"""One temperature, fitted by likelihood."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightjar import calibration


def two_classes(confidence, right, wrong):
    """So many objects called class 0 with this confidence, ``right`` of them rightly."""
    probabilities = np.tile([confidence, 1 - confidence], (right + wrong, 1))
    return probabilities, np.repeat([0, 1], [right, wrong])


def test_temperature_of_two_classes_by_hand():
    """All log odds are d = ln(0.9 / 0.1) = ln 9; tempered, the confidence is sigmoid(d / T).  The
    likelihood of 3 right of 4 is greatest where the confidence is 3/4, whose log odds are ln 3:
    d / T = ln 3, T = ln 9 / ln 3 = 2."""
    probabilities, labels = two_classes(0.9, right=3, wrong=1)
    temperature = calibration.fit_temperature(probabilities, labels)
    assert temperature == pytest.approx(2)
    np.testing.assert_allclose(calibration.tempered(probabilities, temperature)[:, 0], 0.75)


def test_too_modest_is_sharpened():
    """sigmoid(d / T) = 9/10 with d = ln 3: T = ln 3 / ln 9 = 1/2."""
    assert calibration.fit_temperature(*two_classes(0.75, 9, 1)) == pytest.approx(0.5)


@pytest.mark.parametrize(("right", "wrong", "end"), [(4, 0, 1 / 20), (2, 2, 20), (1, 3, 20)])
def test_temperatures_have_ends(right, wrong, end):
    """All right: sharper is ever more likely.  No better than chance: softer is, without end."""
    assert calibration.fit_temperature(*two_classes(0.8, right, wrong)) == pytest.approx(end)


def test_the_temperature_that_was_put_in_is_found():
    """20000 objects drawn from softmax(z), claimed as softmax(2.5 z): 2.5 to about 2 %."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 1.5, (20000, 4))
    true = calibration.tempered(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 1)
    labels = (true.cumsum(axis=1) < rng.random((20000, 1))).sum(axis=1)
    claimed = calibration.tempered(true, 1 / 2.5)
    assert calibration.fit_temperature(claimed, labels) == pytest.approx(2.5, rel=0.05)


@given(st.floats(0.1, 10), st.integers(0, 2**32))
def test_the_order_of_the_classes_stays(temperature, seed):
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(5), 4)
    scaled = calibration.tempered(probabilities, temperature)
    np.testing.assert_array_equal(scaled.argsort(axis=1), probabilities.argsort(axis=1))
    np.testing.assert_allclose(scaled.sum(axis=1), 1)


def test_temperature_one_changes_nothing_and_zeros_stay_finite():
    probabilities = np.array([[1.0, 0.0], [0.4, 0.6]])
    np.testing.assert_allclose(calibration.tempered(probabilities, 1), probabilities, atol=1e-11)
    assert math.isfinite(calibration.fit_temperature(probabilities, [1, 1]))
