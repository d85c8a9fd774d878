"""The brightest point, by hand and whatever one outlier says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightjar import peaks


def brightest(*curves: list[tuple[float, float, int]]) -> list[float]:
    """Of light curves of points (time, mag, band)."""
    points = [(row, *point) for row, curve in enumerate(curves) for point in curve]
    row, time, mag, band = zip(*points, strict=True) if points else ((), (), (), ())
    return peaks.brightest(
        np.array(row, np.int64),
        np.array(time, np.float64),
        np.array(mag, np.float32),
        np.array(band, np.int16),
        len(curves),
    ).tolist()


def one_band(*mags: float, band: int = 0) -> list[tuple[float, float, int]]:
    """Points on days 0, 1, 2, ..."""
    return [(float(day), mag, band) for day, mag in enumerate(mags)]


@pytest.mark.parametrize(
    ("mags", "day"),
    [
        # they count for 19, 18.5, 17, 17, 18, 19: days 2 and 3 alike, and day 3 is brighter
        ((19.0, 18.5, 17.0, 16.5, 18.0, 19.0), 3),
        ((16.0, 16.5, 17.0, 18.0), 0),  # falls: the first
        ((18.0, 17.0, 16.5, 16.0), 3),  # rises: the last
        ((18.0, 17.5, 17.0, 17.5, 18.0, 18.5, 12.0, 19.0), 2),  # 12 counts for 18.5
        ((12.0, 18.0, 17.5, 17.0, 17.5, 18.0), 3),  # for 18
        ((18.0, 17.0, 17.5, 18.0, 12.0), 1),  # for 18
        ((20.0, 16.0, 16.5, 17.0), 1),  # the first too faint
        ((18.0, 17.0, 16.5, 22.0, 16.6, 17.5), 2),  # a gap: 16.5 counts for 17, 16.6 for 17.5
        ((17.0,), 0),
        ((17.0, 16.0), 1),
        ((17.0, 17.0, 17.0), 0),  # all alike: the earliest
    ],
)
def test_by_hand(mags: tuple[float, ...], day: int) -> None:
    assert brightest(one_band(*mags)) == [day]


def test_the_band_with_most_points_decides() -> None:
    # g has five points and peaks on day 2; r is brighter, on day 20, but has three.
    g = one_band(18.0, 17.5, 17.0, 17.5, 18.0)
    r = [(19.0, 16.0, 1), (20.0, 15.0, 1), (21.0, 16.0, 1)]
    assert brightest([*g, *r]) == [2.0]
    assert brightest([*g[:3], *r]) == [2.0]  # three each: the first band
    assert brightest([*g[:2], *r]) == [20.0]


def test_objects_do_not_touch() -> None:
    # The neighbours of an object's ends are its own: 12 mag belongs to the next one.
    first, second = one_band(18.0, 17.0, 18.0), one_band(12.0, 12.1, 12.2)
    assert brightest(first, second) == [1.0, 0.0]
    found = brightest([], first, [], second, [])
    np.testing.assert_array_equal(found, [np.nan, 1, np.nan, 0, np.nan])
    assert brightest() == []
    assert np.isnan(brightest([])).all()


@given(
    st.integers(5, 40),
    st.integers(0, 10**6),
    st.floats(-8, 8),
    st.floats(3, 10),
)
def test_one_wrong_point_moves_a_smooth_peak_by_a_neighbour_at_most(
    points: int, seed: int, off: float, width: float
) -> None:
    # A parabola that opens downwards in brightness, sampled daily, with any one point wrong.
    rng = np.random.default_rng(seed)
    peak = rng.uniform(2, points - 3) if points > 5 else 2.0
    mag = 17 + ((np.arange(points) - peak) / width) ** 2
    right = brightest(one_band(*mag))[0]
    assert abs(right - peak) <= 1
    mag[rng.integers(points)] += off
    assert abs(brightest(one_band(*mag))[0] - peak) <= 2.5
