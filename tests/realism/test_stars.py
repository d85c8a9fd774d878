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
