"""Which light curves are kept to train on, by their moments."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from nightjar import windows
from nightjar.errors import InputError
from nightjar.params import KeepCurves
from nightjar.windows import keeping
from tests.windows.test_windows import store


def rules(std=None, skewness=None, kurtosis=None) -> KeepCurves:
    return KeepCurves(std_above=std, skewness_above=skewness, kurtosis_above=kurtosis)


def curves(*values: list[float]):
    """Single-band light curves of magnitudes, one point a day."""
    return store([[(float(i), v, 0.1, 0) for i, v in enumerate(mags)] for mags in values], "mag")


def moments(*values: list[float]) -> keeping.Moments:
    made = curves(*values)
    return keeping.moments(made.value, made.offsets)


ECLIPSE = [15.0] * 19 + [16.0]  # one of 20 points 1 mag fainter
FLARE = [15.0] * 19 + [14.0]
WAVE = [15.0, 16.0] * 10
CONSTANT = [15.3] * 20


def test_moments_by_hand() -> None:
    # one point of n apart by 1: the sum of squares about the mean is (n - 1) / n, so that the
    # variance over n - 1 is 1 / n; G1 is sqrt(n) towards it, G2 is n, its largest value.
    # two values in equal numbers: variance n / 4 / (n - 1); G1 0; g2 = 1 - 3 = -2, hence
    # G2 = 19 / (18 17) (21 (-2) + 6) = -2.2353
    found = moments(ECLIPSE, FLARE, WAVE, CONSTANT)
    np.testing.assert_allclose(found.std, [20**-0.5, 20**-0.5, (5 / 19) ** 0.5, 0], rtol=1e-12)
    np.testing.assert_allclose(found.skewness, [20**0.5, -(20**0.5), 0, 0], atol=1e-12)
    np.testing.assert_allclose(found.kurtosis, [20, 20, -19 * 36 / (18 * 17), 0], rtol=1e-11)


@st.composite
def magnitudes(draw: st.DrawFn) -> list[list[float]]:
    mag = st.integers(-300, 300).map(lambda n: n / 64)  # exact in float32, also when shifted
    return draw(st.lists(st.lists(mag, max_size=12), min_size=1, max_size=6))


@examples(max_examples=40, deadline=None)  # a busy machine is no failure
@given(magnitudes())
def test_moments_are_those_of_pandas(values: list[list[float]]) -> None:
    found = moments(*values)
    for row, mags in enumerate(values):
        mine = [each[row] for each in found]
        if len(mags) < 4 or len(set(mags)) == 1:
            assert mine == [0, 0, 0]
        else:
            series = pd.Series(mags, dtype=float)
            expected = [series.std(), series.skew(), series.kurt()]
            np.testing.assert_allclose(mine, expected, rtol=1e-8, atol=1e-8)


@examples(max_examples=40, deadline=None)  # a busy machine is no failure
@given(magnitudes(), st.integers(-16, 16), st.randoms(use_true_random=False))
def test_neither_zero_point_nor_order_of_points_matters(values, shift: int, random) -> None:
    found = moments(*values)
    for changed in (
        [[mag + shift for mag in mags] for mags in values],
        [random.sample(mags, len(mags)) for mags in values],
    ):
        for one, other in zip(moments(*changed), found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@examples(max_examples=40, deadline=None)  # a busy machine is no failure
@given(magnitudes(), st.sampled_from([0.5, 2.0, 8.0]))
def test_shape_has_no_unit(values, factor: float) -> None:
    found, scaled = moments(*values), moments(*[[factor * mag for mag in m] for m in values])
    np.testing.assert_allclose(scaled.std, factor * found.std, rtol=1e-12)
    np.testing.assert_allclose(scaled.skewness, found.skewness, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scaled.kurtosis, found.kurtosis, rtol=1e-9, atol=1e-9)


def test_a_constant_curve_varies_by_nothing_at_any_magnitude() -> None:
    # the mean of 3000 float32 values of 17.3 is not 17.3 to the last bit
    found = moments([17.3] * 3000, [1e-3] * 7, [-40.1] * 5)
    assert [each.tolist() for each in found] == [[0, 0, 0]] * 3


# --- rules ---------------------------------------------------------------------------------------


def kept(settings: KeepCurves, *values: list[float]) -> tuple[list[int], Counter[str]]:
    rows, drops = windows.keep(curves(*values), np.arange(len(values)), settings)
    return rows.tolist(), drops


def test_no_rule_keeps_all_and_reads_nothing() -> None:
    rows = np.array([2, 0])
    assert windows.keep(None, rows, rules())[0] is rows  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "rows", "drops"),
    [
        (rules(std=0.3), [2], {"std_too_small": 3}),
        (rules(skewness=1), [0, 1], {"skewness_too_small": 2}),  # of either sign
        (rules(kurtosis=10), [0, 1], {"kurtosis_too_small": 2}),
        (rules(kurtosis=2), [0, 1, 2], {"kurtosis_too_small": 1}),  # -2.2 in modulus
        (rules(0.1, 1, 10), [0, 1], {"std_too_small": 1, "skewness_too_small": 1}),
    ],
)
def test_curves_above_every_limit_are_kept(settings, rows, drops) -> None:
    assert kept(settings, ECLIPSE, FLARE, WAVE, CONSTANT) == (rows, drops)


def test_a_limit_is_not_above_itself() -> None:
    # 0 > 0 is no variation; and nothing to train on is an error that names the limits
    with pytest.raises(InputError, match=r"none of 2 light curves exceeds all of std_above 0;"):
        kept(rules(std=0), CONSTANT, CONSTANT)


def test_only_the_rows_asked_for_are_chosen_from_in_their_order() -> None:
    made = curves(ECLIPSE, WAVE, FLARE, ECLIPSE)
    rows, drops = windows.keep(made, np.array([3, 1, 0]), rules(skewness=1))
    assert rows.tolist() == [3, 0]
    assert drops == {"skewness_too_small": 1}


@examples(max_examples=40, deadline=None)  # a busy machine is no failure
@given(magnitudes(), st.floats(0, 2), st.floats(0, 2), st.integers(1, 30))
def test_every_dropped_curve_is_counted_once(values, std: float, skewness: float, points) -> None:
    settings = rules(std, skewness, 0.5)
    found = moments(*values)
    good = (found.std > std) & (abs(found.skewness) > skewness) & (abs(found.kurtosis) > 0.5)
    if not good.any():
        with pytest.raises(InputError, match="keep_curves"):
            kept(settings, *values)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "POINTS_PER_CHUNK", points)  # how it is cut does not matter
        rows, drops = kept(settings, *values)
    assert rows == np.flatnonzero(good).tolist()
    assert drops.total() == len(values) - len(rows)
