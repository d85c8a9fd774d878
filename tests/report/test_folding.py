"""The period on which a window is folded."""

import sys

import numpy as np
import pytest

from nightjar.report.folding import period_of

RNG = np.random.default_rng(0)
TIME = np.sort(RNG.uniform(-200, 200, 120))
ERROR = np.full(120, 0.01)


def test_a_saw_tooth_has_its_period():
    """0.6 d: a shape with harmonics 1 / k, whose two halves differ in no way from one at 1.2 d."""
    magnitude = TIME / 0.6 % 1 + 0.01 * RNG.normal(size=120)
    assert period_of(TIME, magnitude, ERROR) == pytest.approx(0.6, rel=1e-3)


def test_padding_and_double_times_do_not_matter():
    magnitude = np.sin(2 * np.pi * TIME / 3.3)
    window = [np.append(each, each[-1:]) for each in (TIME, magnitude, ERROR)]
    window = [
        np.append(each, np.full(20, pad)) for each, pad in zip(window, (np.nan, 0, 0), strict=True)
    ]
    assert period_of(*window) == pytest.approx(3.3, rel=1e-3)


@pytest.mark.parametrize(
    ("time", "magnitude"),
    [(TIME[:9], TIME[:9]), (TIME, np.zeros(120)), (np.full(120, np.nan), TIME)],
)
def test_no_period(time, magnitude):
    assert np.isnan(period_of(time, magnitude, ERROR[: len(time)]))


def test_without_the_package_there_is_no_period(monkeypatch):
    monkeypatch.setitem(sys.modules, "light_curve", None)
    assert np.isnan(period_of(TIME, np.sin(TIME), ERROR))
