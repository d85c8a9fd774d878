"""Windows, their normalisation, Maven's sequences and Astromer's curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import windows
from nightjar.params import WindowLightCurves
from nightjar.ragged import LightCurves
from nightjar.windows import writing
from nightjar.windows.conversions import MIN_CURVE_POINTS


def limits(error_max: float = 1.0, min_snr: float = 3.0, **ends: Any) -> WindowLightCurves:
    return WindowLightCurves(
        points_per_band=100, window=200, error_max=error_max, min_snr=min_snr, **ends
    )


def store(objects: list[list[tuple]], quantity: str = "mag", bands=("g", "r")) -> LightCurves:
    """Light curves o0, o1, ... of points (time, value, error, band code)."""
    points = [point for rows in objects for point in rows]
    time, value, error, band = zip(*points, strict=True) if points else ((), (), (), ())
    return LightCurves(
        object_id=np.array([f"o{i}" for i in range(len(objects))], dtype=str),
        offsets=np.concatenate([[0], np.cumsum([len(rows) for rows in objects])]).astype(np.int64),
        time=np.array(time, dtype=np.float64),
        value=np.array(value, dtype=np.float32),
        error=np.array(error, dtype=np.float32),
        band=np.array(band, dtype=np.int16),
        bands=bands,
        quantity=quantity,
    )


# --- windows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "starts"),
    [
        (0, []),
        (1, [0]),
        (199, [0]),
        (200, [0]),
        (201, [0, 1]),
        (400, [0, 200]),
        (450, [0, 200, 250]),
    ],
)
def test_sequential_windows_by_hand(length: int, starts: list[int]) -> None:
    # 450 points: ceil(450 / 200) = 3 windows, the last pulled back from 400 to 450 - 200 = 250.
    # 400 points: two windows; the public code's floor(400 / 200) + 1 = 3 would repeat the second.
    _, start, _ = windows.sequential_windows(np.array([0, length]), 200)
    assert start.tolist() == starts


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 700), max_size=8), st.integers(1, 250))
def test_sequential_windows_of_many_curves(lengths: list[int], size: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    curve, start, length = windows.sequential_windows(offsets, size)
    for i, points in enumerate(lengths):
        mine = curve == i
        expected = [max(min(k, points - size), 0) for k in range(0, points, size)]
        assert (start[mine] - offsets[i]).tolist() == expected
        assert (length[mine] == min(points, size)).all()
        covered = {s + k for s, n in zip(start[mine], length[mine], strict=True) for k in range(n)}
        assert covered == set(range(offsets[i], offsets[i + 1]))
    assert (np.diff(curve) >= 0).all()


def test_random_starts_are_uniform_and_stay_inside() -> None:
    rng = np.random.default_rng(1)
    assert windows.random_start(rng, np.array([0, 3, 200]), 200).tolist() == [0, 0, 0]
    starts = windows.random_start(rng, np.full(4000, 203), 200)  # 0, 1, 2, 3 fit
    # 1000 each, standard deviation sqrt(4000 / 4 * 3 / 4) = 27: within 5 of them.
    assert (np.abs(np.bincount(starts, minlength=4) - 1000) < 137).all()
    assert 0 <= windows.random_start(rng, 203, 200) <= 3


# --- normalisation ---------------------------------------------------------------------------


def test_normalise_by_hand() -> None:
    # Times 59000.25 and 59000.75 have mean 59000.5; magnitudes 17, 18: 17.5; errors .1, .3: .2.
    time = np.array([[59000.25, 59000.75, np.nan], [1.0, 2.0, 3.0]])
    value = np.array([[17.0, 18.0, 99.0], [1.0, 1.0, 1.0]], dtype=np.float32)
    error = np.array([[0.1, 0.3, np.inf], [0.5, 0.5, 0.5]], dtype=np.float32)
    valid = np.array([[True, True, False], [False, False, False]])
    time, value, error = windows.normalise(time, value, error, valid)
    np.testing.assert_array_equal(time, [[-0.25, 0.25, 0], [0, 0, 0]])
    np.testing.assert_array_equal(value, [[-0.5, 0.5, 0], [0, 0, 0]])
    np.testing.assert_allclose(error, [[-0.1, 0.1, 0], [0, 0, 0]], atol=1e-7)
    assert {time.dtype, value.dtype, error.dtype} == {np.dtype(np.float32)}


def test_normalise_keeps_a_second_apart() -> None:
    # One second is 1.16e-5 d; float32 near 59000 knows 3.9e-3 d, and would lose it.
    second = 1 / 86400
    time = 59000 + second * np.arange(4.0)[None]
    assert (np.diff(time.astype(np.float32)) == 0).all()
    zeros, valid = np.zeros((1, 4)), np.ones((1, 4), dtype=bool)
    result, _, _ = windows.normalise(time, zeros, zeros, valid)
    np.testing.assert_allclose(result, second * (np.arange(4.0)[None] - 1.5), rtol=1e-5)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 20), st.integers(0, 15), st.floats(-1e4, 1e4), st.integers(0, 2**32 - 1))
def test_padding_and_zero_points_change_nothing(n: int, pad: int, shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.uniform(5e4, 5.1e4, (3, 2, n))
    padded = np.concatenate([columns + shift, rng.uniform(-1e6, 1e6, (3, 2, pad))], axis=2)
    valid = np.broadcast_to(np.arange(n + pad) < n, (2, n + pad))
    plain = windows.normalise(*columns, valid[:, :n])
    for expected, result in zip(plain, windows.normalise(*padded, valid), strict=True):
        np.testing.assert_allclose(result[:, :n], expected, atol=1e-3)
        assert (result[:, n:] == 0).all()
        assert abs(result.mean()) < 1e-2


# --- magnitudes ------------------------------------------------------------------------------


def test_magnitudes_by_hand() -> None:
    # 3631 Jy = 3.631e12 nJy is AB 0: 31.4 - 2.5 * 12.56 = 0.0. 100 times fainter: 5 mag more.
    # An S/N of 10 is an error of 1.0857 / 10 mag.
    flux = np.array([3.631e12, 3.631e10, 300.0, 299.0, -50.0, np.nan, 0.0])
    error = np.array([3.631e11, 3.631e9, 100.0, 100.0, 10.0, 1.0, 0.0])
    mag, mag_err, kept = windows.to_magnitudes(flux, error, min_snr=3.0)
    assert kept.tolist() == [True, True, True, False, False, False, False]
    np.testing.assert_allclose(mag[:2], [0.0, 5.0], atol=1e-3)
    np.testing.assert_allclose(mag_err[:3], [0.10857, 0.10857, 0.36191], atol=1e-5)
    assert np.isnan(mag[~kept]).all()
    assert np.isnan(mag_err[~kept]).all()


# --- sequences -------------------------------------------------------------------------------


def test_sequences_share_one_time_zero() -> None:
    # g rises first, r two days later. The public code would start both bands at 0.
    curve = store([[(59000.5, 18.0, 0.1, 0), (59002.5, 17.5, 0.1, 1), (59003.5, 17.0, 0.1, 0)]])
    result, drops = windows.sequences(curve, limits())
    assert result.time.tolist() == [0.0, 2.0, 3.0]
    assert result.band.tolist() == [0, 1, 0]
    assert not drops


def test_sequences_start_at_the_first_kept_point() -> None:
    # o0 loses its first point, so that day 59001 is its zero; o1 loses all, and stays, empty.
    curves = store(
        [
            [(59000.0, 18.0, 2.0, 0), (59001.0, 17.5, 1.0, 1), (59004.0, 17.0, 0.1, 0)],
            [(59000.0, 18.0, 1.5, 0)],
            [(58000.0, 16.0, 0.2, 1)],
        ]
    )
    result, drops = windows.sequences(curves, limits(error_max=1.0))
    assert result.object_id.tolist() == ["o0", "o1", "o2"]
    assert result.offsets.tolist() == [0, 2, 2, 3]
    assert result.time.tolist() == [0.0, 3.0, 0.0]
    assert result.value.tolist() == [17.5, 17.0, 16.0]
    assert drops == {"sequence_error_too_large": 2, "sequence_empty": 1}


def test_sequences_of_fluxes_are_magnitudes() -> None:
    # 1000 nJy: 31.4 - 7.5 = 23.9 mag, S/N 10. The others: S/N 2, and negative.
    curve = store([[(1.0, 100.0, 50.0, 0), (2.0, 1000.0, 100.0, 0), (3.0, -9.0, 1.0, 1)]], "flux")
    result, drops = windows.sequences(curve, limits(min_snr=3.0))
    assert result.quantity == "mag"
    np.testing.assert_allclose(result.value, [23.9], rtol=1e-6)
    np.testing.assert_allclose(result.error, [0.108574], rtol=1e-5)
    assert result.time.tolist() == [0.0]
    assert drops == {"sequence_snr_too_low": 2}


def test_sequences_near_the_brightest_point() -> None:
    # g is brightest on day 59020: of 59009, 59010, ... 59060, 59061 those from 10 days before to 40
    # days after stay, the ends with them; r, which has fewer points, follows.  Time zero is 59010.
    g = [(59000.0, 19.0), (59009.0, 18.5), (59015.0, 17.5), (59020.0, 17.0), (59030.0, 17.5),
         (59060.0, 19.0), (59061.0, 19.0), (60000.0, 19.5)]  # fmt: skip
    r = [(59010.0, 18.0), (59010.5, 12.0), (59070.0, 18.0)]
    points = sorted([(*p, 0.1, 0) for p in g] + [(*p, 0.1, 1) for p in r])
    result, drops = windows.sequences(store([points, []]), limits(before=10.0, after=40.0))
    assert result.time.tolist() == [0.0, 0.5, 5.0, 10.0, 20.0, 50.0]
    assert result.band.tolist() == [1, 1, 0, 0, 0, 0]
    assert result.offsets.tolist() == [0, 6, 6]
    left = {"sequence_before_window": 2, "sequence_after_window": 3}
    assert drops == left | {"sequence_empty": 1}
    # One end alone.
    early, drops = windows.sequences(store([points]), limits(after=40.0))
    assert (len(early.time), early.time[0], drops) == (8, 0.0, {"sequence_after_window": 3})
    late, drops = windows.sequences(store([points]), limits(before=10.0))
    assert (len(late.time), late.time[-1], drops) == (9, 990.0, {"sequence_before_window": 2})


def test_points_with_large_errors_do_not_date_the_brightest() -> None:
    points = [(float(day), 18.0 - 0.1 * day, 0.1, 0) for day in range(5)]
    wrong = [(float(day), 10.0, 3.0, 0) for day in range(500, 510)]
    result, drops = windows.sequences(store([points + wrong]), limits(before=2.0))
    assert result.time.tolist() == [0.0, 1.0, 2.0]
    assert drops == {"sequence_error_too_large": 10, "sequence_before_window": 2}


def test_curves_keep_what_lies_far_from_the_brightest_point() -> None:
    points = [(100.0 * i, 15.0 + i, 0.1, 0) for i in range(8)]
    near, drops = windows.curves(store([points]), limits(before=1.0, after=1.0))
    assert (len(near.time), drops) == (8, {})


# --- curves ----------------------------------------------------------------------------------


def test_curves_are_single_band() -> None:
    # o0: bands in turn, 5 points in g and 6 in r; o1: 5 in r and 4, too few, in g.
    turns = [(100.0 + i, float(i), 0.1, i % 2) for i in range(10)]
    few = [(200.0 + i, 20.0 + i, 0.1, int(i >= 4)) for i in range(9)]
    curves = store([[*turns, (110.0, 10.0, 0.1, 1)], few])
    result, drops = windows.curves(curves, limits())
    assert result.object_id.tolist() == ["o0", "o0", "o1"]
    assert result.offsets.tolist() == [0, 5, 11, 16]
    assert result.band.tolist() == [0] * 5 + [1] * 11
    assert result.value.tolist() == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9, 10, 24, 25, 26, 27, 28]
    assert result.time[:5].tolist() == [100.0, 102.0, 104.0, 106.0, 108.0]  # MJD, not from zero
    assert drops == {"curve_too_few_points": 4}


def test_curves_leave_errors_outside_the_limits() -> None:
    # Errors 0, 1 and 2 lie outside (0, 1); what is left of g, five points, is still a curve.
    errors = [0.0, 1.0, 2.0, 0.5, 0.5, 0.5, 0.5, 0.999]
    result, drops = windows.curves(
        store([[(float(i), 15.0, error, 0) for i, error in enumerate(errors)]]), limits()
    )
    assert result.time.tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert drops == {"curve_error_out_of_range": 3}


def test_conversions_of_nothing() -> None:
    for curves in (store([]), store([[], []])):
        assert len(windows.sequences(curves, limits())[0]) == len(curves)
        assert len(windows.curves(curves, limits())[0]) == 0


@st.composite
def samples(draw: st.DrawFn) -> LightCurves:
    point = st.tuples(
        st.floats(5e4, 6e4),
        st.floats(10, 20, width=32),
        st.floats(0, 2, width=32),
        st.integers(0, 1),
    )
    return store(
        [sorted(rows) for rows in draw(st.lists(st.lists(point, max_size=14), max_size=6))]
    )


@settings(deadline=None)  # a busy machine is no failure
@given(samples(), st.integers(1, 30))
def test_chunks_do_not_matter(sample: LightCurves, points: int) -> None:
    asked = limits(before=500.0, after=2000.0)
    for convert in (windows.sequences, windows.curves):
        whole, drops = convert(sample, asked)
        parts, counts = [], []
        for chunk in windows.chunks(sample, points):
            part, count = convert(chunk, asked)
            parts.append(part)
            counts.append(count)
        assert sum(map(len, parts)) == len(whole)
        assert sum((count for count in counts), start=type(drops)()) == drops
        for name in ("object_id", "time", "value", "error", "band"):
            joined = [getattr(part, name) for part in parts]
            if joined:
                np.testing.assert_array_equal(np.concatenate(joined), getattr(whole, name))


@settings(deadline=None)  # a busy machine is no failure
@given(samples())
def test_nothing_is_lost_silently(sample: LightCurves) -> None:
    result, drops = windows.sequences(sample, limits(before=500.0, after=2000.0))
    points = ("sequence_error_too_large", "sequence_before_window", "sequence_after_window")
    assert len(result.time) + sum(drops[name] for name in points) == len(sample.time)
    result, drops = windows.curves(sample, limits())
    assert len(result.time) + drops["curve_error_out_of_range"] + drops[
        "curve_too_few_points"
    ] == len(sample.time)
    assert len(set(result.object_id)) + drops["curve_empty"] == len(sample)
    for i in range(len(result)):
        curve = slice(result.offsets[i], result.offsets[i + 1])
        assert (np.diff(result.time[curve]) >= 0).all()
        assert len(set(result.band[curve])) == 1


# --- stores ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "convert"),
    [(windows.write_sequences, windows.sequences), (windows.write_curves, windows.curves)],
)
def test_written_stores_are_the_conversions(tmp_path, monkeypatch, write, convert) -> None:
    rng = np.random.default_rng(0)
    sample = store(
        [
            [(55000 + t, rng.normal(17), rng.uniform(0.01, 1.1), t % 2) for t in range(points)]
            for points in (0, 30, 3, 12, 50, 0)
        ]
    )
    monkeypatch.setattr(writing, "POINTS_PER_CHUNK", 20)
    drops = write(sample, tmp_path / "store", limits())
    result = LightCurves.open(tmp_path / "store")
    expected, expected_drops = convert(sample, limits())
    assert drops == expected_drops
    assert (result.bands, result.quantity) == (expected.bands, "mag")
    for name in ("object_id", "offsets", "time", "value", "error", "band"):
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))


# --- real stars ------------------------------------------------------------------------------


@pytest.mark.realdata
def test_curves_of_real_stars_count_as_catalogued(realdata) -> None:
    # SDSS Stripe 82: five bands. Of each curve all points but those with an error of 1 or more.
    folder = realdata / "variable_stars"
    stars = pd.read_parquet(folder / "objects.parquet").query("survey == 'SDSS-S82'")["object_id"]
    rows = pd.read_parquet(folder / "photometry.parquet", filters=[("object_id", "in", set(stars))])
    rows = rows.astype({"object_id": str, "band": str})
    rows = rows.sort_values(["object_id", "time"], ignore_index=True)
    band = pd.Categorical(rows["band"], categories=list("ugriz"))
    counts = rows.groupby("object_id").size()
    sample = LightCurves(
        object_id=counts.index.to_numpy(dtype=str),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        time=rows["time"].to_numpy(),
        value=rows["mag"].to_numpy(),
        error=rows["mag_err"].to_numpy(),
        band=band.codes.astype(np.int16),
        bands=tuple("ugriz"),
    )
    result, drops = windows.curves(sample, limits())
    kept = rows[(rows["mag_err"] > 0) & (rows["mag_err"] < 1)].groupby(["object_id", "band"]).size()
    kept = kept[kept >= MIN_CURVE_POINTS]
    codes = result.band[result.offsets[:-1]]
    keys = list(zip(result.object_id.tolist(), np.array(result.bands)[codes], strict=True))
    assert np.diff(result.offsets).tolist() == kept[keys].tolist()
    assert len(result) == len(kept) > 2000
    lost = drops["curve_error_out_of_range"] + drops["curve_too_few_points"]
    assert len(rows) == len(result.time) + lost
    # Maven's sequences of the same stars begin at 0 and keep the lags between the bands.
    sequence, _ = windows.sequences(sample, limits())
    fine = rows[rows["mag_err"] <= 1]
    since_first = fine["time"] - fine.groupby("object_id")["time"].transform("min")
    assert len(sequence) == len(stars)
    np.testing.assert_array_equal(sequence.time, since_first)
