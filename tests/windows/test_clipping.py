"""Outliers outside a curve's own percentiles."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import windows
from nightjar.params import WindowLightCurves
from nightjar.windows.clipping import between_percentiles
from tests.windows.test_windows import limits, store

PUBLISHED = (1.0, 99.0)


def inside(values: list[float], low: float, high: float, least: int = 1) -> list[bool]:
    value = np.array(values, dtype=np.float32)
    return between_percentiles(value, np.zeros(len(value), int), (low, high), least).tolist()


@pytest.mark.parametrize(
    ("points", "first", "last"),
    [
        # index round(n - 1) / 100 and round 99 (n - 1) / 100, both dropped: of 200 values
        # 1.99 -> 2 and 197.01 -> 197; of 50 values 0.49 -> 0 and 48.51 -> 49
        (200, 3, 196),
        (50, 1, 48),
        # ties go up: of 51 values 0.5 -> 1 and 49.5 -> 50
        (51, 2, 49),
    ],
)
def test_published_percentiles_by_hand(points: int, first: int, last: int) -> None:
    kept = np.flatnonzero(inside(list(range(points)), *PUBLISHED))
    assert (kept[0], kept[-1], len(kept)) == (first, last, last - first + 1)


def test_the_percentiles_themselves_go_with_all_their_equals() -> None:
    # 25 % of 5 values is index 1, 75 % index 3: only what lies between 2 and 4 stays
    assert inside([4, 3, 5, 1, 2], 25, 75) == [False, True, False, False, False]
    assert inside([2, 2, 3, 4, 4], 25, 75) == [False, False, True, False, False]


def test_a_curve_that_would_be_left_too_short_stays_whole() -> None:
    assert inside([7, 7, 7, 7, 7, 7], *PUBLISHED, least=5) == [True] * 6  # constant
    assert inside([1, 2, 3, 4, 5, 6], *PUBLISHED, least=5) == [True] * 6  # four would be left
    assert inside([1, 2, 3, 4, 5, 6, 7], *PUBLISHED, least=5) == [False, *[True] * 5, False]
    assert inside([], *PUBLISHED) == []


@st.composite
def points(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Values, with ties, of curves in any order; some curves without a point."""
    drawn = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), max_size=80))
    curve, value = np.array(drawn, dtype=np.int64).reshape(-1, 2).T
    return value.astype(np.float32), curve


def by_loop(
    value: np.ndarray, curve: np.ndarray, ends: tuple[float, float], least: int
) -> np.ndarray:
    """The same, curve by curve."""
    kept = np.zeros(len(value), bool)
    for each in np.unique(curve):
        mine = value[curve == each]
        low, high = (sorted(mine)[int((len(mine) - 1) * p / 100 + 0.5)] for p in ends)
        stays = (mine > low) & (mine < high)
        kept[curve == each] = stays if stays.sum() >= least else True
    return kept


@settings(max_examples=50, deadline=None)  # a busy machine is no failure
@given(points(), st.integers(0, 49), st.integers(51, 100), st.integers(1, 6))
def test_curves_are_clipped_each_by_itself(sample, low: int, high: int, least: int) -> None:
    value, curve = sample
    kept = between_percentiles(value, curve, (low, high), least)
    np.testing.assert_array_equal(kept, by_loop(value, curve, (low, high), least))


@settings(max_examples=50, deadline=None)  # a busy machine is no failure
@given(points(), st.integers(-1000, 1000), st.randoms(use_true_random=False))
def test_neither_zero_point_nor_order_matters(sample, shift: int, random) -> None:
    value, curve = sample
    kept = between_percentiles(value, curve, PUBLISHED, 5)
    np.testing.assert_array_equal(between_percentiles(value + shift, curve, PUBLISHED, 5), kept)
    order = np.array(random.sample(range(len(value)), len(value)), dtype=int)
    mixed = between_percentiles(value[order], curve[order], PUBLISHED, 5)
    np.testing.assert_array_equal(mixed, kept[order])


def test_curves_of_each_band_are_clipped_and_counted() -> None:
    # g: 7 points, of which the brightest and the faintest go; r: 6, which would be too few, stays;
    # an error out of range goes first, and dates no percentile
    g = [(float(i), 15.0 + i, 0.1, 0) for i in range(7)]
    r = [(float(i) + 0.5, 12.0 + i, 0.1, 1) for i in range(6)]
    wild = [(9.0, 99.0, 5.0, 0)]
    asked = limits(keep_between_percentiles=PUBLISHED)
    result, drops = windows.curves(store([sorted(g + r) + wild]), asked)
    assert np.diff(result.offsets).tolist() == [5, 6]
    assert result.value.tolist() == [16, 17, 18, 19, 20, 12, 13, 14, 15, 16, 17]
    assert drops == Counter(curve_error_out_of_range=1, curve_outside_percentiles=2)


def test_no_curve_is_lost_by_clipping() -> None:
    rng = np.random.default_rng(0)
    many = [
        [(float(i), round(rng.normal(15), 1), 0.1, i % 2) for i in range(points)]
        for points in rng.integers(0, 40, 50)
    ]
    whole, drops = windows.curves(store(many), limits())
    clipped, counts = windows.curves(store(many), limits(keep_between_percentiles=(10.0, 90.0)))
    assert clipped.object_id.tolist() == whole.object_id.tolist()
    assert counts["curve_outside_percentiles"] == len(whole.time) - len(clipped.time) > 0
    assert counts["curve_empty"] == drops["curve_empty"]


def test_sequences_are_not_clipped() -> None:
    curve = store([[(float(i), 15.0 + i, 0.1, 0) for i in range(9)]])
    result, drops = windows.sequences(curve, limits(keep_between_percentiles=PUBLISHED))
    assert (len(result.time), drops) == (9, {})


@pytest.mark.parametrize("wrong", [[99, 1], [1, 1], [-1, 99], [1, 101], [1]])
def test_percentiles_ascend_from_0_to_100(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="keep_between_percentiles"):
        limits(keep_between_percentiles=wrong)


def test_settings_come_back_from_json() -> None:
    settings = limits(keep_between_percentiles=PUBLISHED)
    assert WindowLightCurves.model_validate_json(settings.model_dump_json()) == settings
