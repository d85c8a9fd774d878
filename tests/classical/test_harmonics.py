"""Fourier series by least squares, against signals that are Fourier series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightjar.classical import harmonics

TIME = np.sort(np.random.default_rng(0).uniform(0, 100, 300))
ONES = np.ones(300)


def two_harmonics(time, period=5.0):
    """A_1 = 1, A_2 = 0.4, phi_1 = 0.3, phi_2 = 1.0: R21 = 0.4, phi21 = 1.0 - 2 x 0.3 = 0.4."""
    angle = 2 * np.pi * time / period
    return 15 + np.cos(angle + 0.3) + 0.4 * np.cos(2 * angle + 1.0)


def test_a_known_series_is_found(monkeypatch):
    monkeypatch.setattr(harmonics, "RIDGE", 0.0)
    series = harmonics.fit(TIME, two_harmonics(TIME), ONES, 0.2, 4)
    np.testing.assert_allclose(series.amplitudes()[0], [1, 0.4, 0, 0], atol=1e-10)
    assert series.relative_phases()[0, 0] == pytest.approx(0.4)
    assert series.explained[0] == pytest.approx(1.0)
    # at phase 0 the two cosines are cos(0.3) + 0.4 cos(1.0), up to the mean that was subtracted
    mean = 15 + series.coefficients[0, 0].real - two_harmonics(TIME).mean()
    assert mean == pytest.approx(0.0, abs=0.2)
    assert series.curve(64)[0, 0] == pytest.approx(np.cos(0.3) + 0.4 * np.cos(1.0))


def test_at_twice_the_period_only_even_harmonics_are_left():
    series = harmonics.fit(TIME, two_harmonics(TIME), ONES, 0.1, 8)
    amplitudes = series.amplitudes()[0]
    np.testing.assert_allclose(amplitudes[1:4:2], [1, 0.4], rtol=0.05)  # the ridge takes a little
    assert np.all(amplitudes[[0, 2, 4, 5, 6, 7]] < 0.03)


@given(st.floats(0, 50), st.floats(0.1, 3.0))
def test_amplitude_ratios_and_relative_phases_know_no_zero_point(shift, size):
    mag = two_harmonics(TIME)
    one = harmonics.fit(TIME, mag, ONES, 0.2, 3)
    other = harmonics.fit(TIME + shift, 7 + size * mag, ONES, 0.2, 3)
    np.testing.assert_allclose(other.amplitudes(), size * one.amplitudes(), rtol=1e-6, atol=1e-9)
    turned = np.exp(1j * (other.relative_phases() - one.relative_phases()))
    np.testing.assert_allclose(turned[0, 0], 1.0, atol=1e-6)


def test_frequencies_at_once_are_frequencies_one_by_one_and_the_true_one_is_best():
    frequency = np.array([0.15, 0.2, 0.31])
    at_once = harmonics.fit(TIME, two_harmonics(TIME), ONES, frequency, 2)
    for place, each in enumerate(frequency):
        alone = harmonics.fit(TIME, two_harmonics(TIME), ONES, each, 2)
        np.testing.assert_allclose(at_once.coefficients[place], alone.coefficients[0])
    assert at_once.best().frequency.tolist() == [0.2]
    assert at_once.best().coefficients.shape == (1, 3)


def test_it_is_the_least_squares_solution(monkeypatch):
    """Against NumPy's own, with weights."""
    monkeypatch.setattr(harmonics, "RIDGE", 0.0)
    rng = np.random.default_rng(1)
    mag, weight = rng.normal(size=300), rng.uniform(0.1, 2, 300)
    angle = 2 * np.pi * 0.37 * TIME
    columns = [ONES, np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]
    root = np.sqrt(weight)[:, None]
    expected = np.linalg.lstsq(np.stack(columns, 1) * root, mag * root[:, 0])[0]
    series = harmonics.fit(TIME, mag, 7 * weight, 0.37, 2)
    assert 2 * series.coefficients[0, 1].real == pytest.approx(expected[1])
    assert -2 * series.coefficients[0, 1].imag == pytest.approx(expected[2])
    assert series.amplitudes()[0, 1] == pytest.approx(np.hypot(*expected[3:]))


def test_fewer_points_than_coefficients_stay_finite():
    """10 points, 17 coefficients: the ridge decides."""
    series = harmonics.fit(TIME[:10], two_harmonics(TIME[:10]), ONES[:10], 0.1, 8)
    assert np.isfinite(series.coefficients).all()
    assert series.amplitudes().max() < 2
