"""Twins of variable stars and the features that they are told by."""

import numpy as np
import pytest

from nightjar.ragged import LightCurve
from nightjar.realism import stars
from nightjar.realism.stars import Star

PERIOD = 0.61234  # days


def curve(noise: float = 0.0) -> LightCurve:
    """mag = 15 + 0.4 cos(p) + 0.1 cos(2 p + 1) + 0.02 cos(3 p + 2) on 300 nights of 400 days."""
    random = np.random.default_rng(1)
    time = 52000.0 + np.sort(random.uniform(0, 400, 300))
    phase = 2 * np.pi * (time - 52000.0) / PERIOD
    mag = 15 + 0.4 * np.cos(phase) + 0.1 * np.cos(2 * phase + 1) + 0.02 * np.cos(3 * phase + 2)
    error = np.full(300, 0.01)
    return LightCurve(time, mag + noise * random.normal(size=300), error, np.zeros(300, int))


def test_features_by_hand():
    """R21 = 0.1 / 0.4, R31 = 0.02 / 0.4; phi21 = 1 - 2 x 0, phi31 = 2 - 3 x 0."""
    found = stars.measure(curve())
    assert found["log_period"] == pytest.approx(np.log10(PERIOD), abs=1e-4)
    assert found["r21"] == pytest.approx(0.25, abs=0.01)
    assert found["r31"] == pytest.approx(0.05, abs=0.01)
    assert found["phi21"] == pytest.approx(1.0, abs=0.1)
    assert found["phi31"] == pytest.approx(2.0, abs=0.3)
    assert found["deviation"] == pytest.approx(np.sqrt((0.4**2 + 0.1**2 + 0.02**2) / 2), abs=0.01)


def test_residuals_are_in_errors():
    """Noise of twice the error: 2 x 0.674."""
    assert stars.measure(curve(0.02))["residual"] == pytest.approx(1.35, abs=0.25)


def test_twins_have_the_wrong_points_of_the_simulated_surveys():
    """0.4 % of the points have 8 times the noise: two thirds of those are off by 4 errors or more.

    Without them any real star would be told by skewness and kurtosis.
    """
    exact = curve()._replace(error=np.full(300, 1e-6))
    noisy, clean = (
        stars.twins([Star(f"{i}", f"{i}", each) for i in range(40)], "RRab", 0)
        for each in (curve(), exact)
    )
    off = np.array([(a.value - b.value) / a.error for a, b in zip(noisy, clean, strict=True)])
    off -= np.median(off, axis=1, keepdims=True)  # the means are those of the star
    assert np.mean(np.abs(off) > 4.5) == pytest.approx(0.003, abs=0.0015)
    assert np.mean(off[np.abs(off) > 8] > 0) > 0.6  # most are too faint
    assert np.median(np.abs(off)) == pytest.approx(0.6745 * 1.08, abs=0.05)  # errors 8 % too small


def test_a_twin_has_visits_errors_and_mean_of_its_star():
    real = [Star("a", "a", curve()), Star("b", "b", LightCurve(*(c[:50] for c in curve())))]
    twins = stars.twins(real, "RRab", 0)
    for star, twin in zip(real, twins, strict=True):
        np.testing.assert_array_equal(twin.time, star.curve.time)
        np.testing.assert_array_equal(twin.error, star.curve.error)
        assert np.mean(twin.value) == pytest.approx(np.mean(star.curve.value))
        assert np.std(twin.value) > 0.02
    again = stars.twins(real, "RRab", 0)
    np.testing.assert_array_equal(again[1].value, twins[1].value)
    assert not np.allclose(stars.twins(real, "RRab", 1)[1].value, twins[1].value)
