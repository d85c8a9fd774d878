"""Features of variable stars: periods of known signals, short and broken curves, tables."""

import sys

import numpy as np
import pandas as pd
import pytest

from nightjar.classical import few_shot, folding, periods, stars
from nightjar.classical.shapes import Curve
from nightjar.errors import InputError
from tests import stores

lc = pytest.importorskip("light_curve")

RNG = np.random.default_rng(0)
TIME = np.sort(RNG.uniform(55000, 55400, 200))
NOISE = 0.01 * RNG.normal(size=200)


def curve(signal, time=TIME, noise=NOISE):
    """A light curve of a signal of time from 0; noise 0.01 mag."""
    mag = 15 + signal(time - 55000) + noise[: len(time)]
    return Curve(time, mag, np.full(len(time), 0.01))


def sinusoid(time, period=3.7):
    return 0.3 * np.cos(2 * np.pi * time / period)


def eclipses(time, period=2.6, second=0.25):
    """Gaussian eclipses of 0.5 and ``second`` mag, half a period apart."""
    phase = time / period % 1
    first = np.exp(-0.5 * ((phase - 0.25) / 0.04) ** 2)
    return 0.5 * first + second * np.exp(-0.5 * ((phase - 0.75) / 0.04) ** 2)


def numbers(light_curve):
    """Features of one light curve by name."""
    return dict(zip(names(), stars.of_curve(light_curve, 0.1), strict=True))


def names():
    return [*stars._statistics()[1], *stars.PERIOD, *folding.FOURIER]


def folded(light_curve):
    peaks = periods.search(light_curve.time, light_curve.mag, 0.1, stars.PEAKS)
    return folding.fold(light_curve, peaks)


# --- period -------------------------------------------------------------------------------------


def test_the_period_of_a_sinusoid():
    """Known to about 0.1 of P^2 / span = 0.003 d at least; a sinusoid is not doubled."""
    found = folded(curve(sinusoid))
    assert found.period == pytest.approx(3.7, abs=0.003)
    assert not found.doubled
    of = numbers(curve(sinusoid))
    assert of["log_peak_period"] == pytest.approx(np.log10(3.7), abs=0.005)
    # power: 0.3^2 / 2 of variance 0.3^2 / 2 + 0.01^2; the grid loses a little of it
    assert 0.75 < of["peak_power"] <= 1.0
    assert of["peak_signal_to_noise"] > 20
    assert of["amplitude_1"] == pytest.approx(0.3, rel=0.03)
    assert of["r21"] < 0.05
    assert of["folded_range"] == pytest.approx(0.6, rel=0.06)


def test_peaks_are_apart_and_the_highest_comes_first():
    peaks = periods.search(TIME, curve(sinusoid).mag, 0.1, 4)
    assert np.all(np.diff(peaks.power) <= 0)
    gaps = np.abs(peaks.frequency[:, None] - peaks.frequency)[np.triu_indices(4, 1)]
    assert gaps.min() > periods.SEPARATION / np.ptp(TIME)
    assert peaks.frequency.min() >= 1 / np.ptp(TIME)


def test_amplitude_ratio_and_phase_of_a_known_signal():
    """A_2 / A_1 = 0.4; phi_2 - 2 phi_1 = 1.0 - 2 x 0.3 = 0.4."""

    def signal(time):
        angle = 2 * np.pi * time / 0.61
        return 0.3 * np.cos(angle + 0.3) + 0.12 * np.cos(2 * angle + 1.0)

    of = numbers(curve(signal))
    assert of["log_period"] == pytest.approx(np.log10(0.61), abs=1e-3)
    assert of["r21"] == pytest.approx(0.4, abs=0.03)
    assert of["cos_phi21"] == pytest.approx(np.cos(0.4), abs=0.05)
    assert of["sin_phi21"] == pytest.approx(np.sin(0.4), abs=0.05)


def test_the_period_of_two_different_eclipses_is_doubled():
    """A sinusoid fits both at half the period, 1.3 d; the orbit takes 2.6 d."""
    peaks = periods.search(TIME, curve(eclipses).mag, 0.1, 1)
    assert 1 / peaks.frequency[0] == pytest.approx(1.3, rel=0.01)
    found = folded(curve(eclipses))
    assert found.doubled
    assert found.doubling > 0
    assert found.period == pytest.approx(2.6, abs=0.003)
    of = numbers(curve(eclipses))
    assert of["double_odd_share"] > 0.2
    # depths 0.5 and 0.25 of a range of 0.5: a difference of a half
    assert of["minima_difference"] == pytest.approx(0.5, abs=0.12)
    assert of["faint_share_double"] > 0.8  # most of the time near maximum


def test_two_equal_eclipses_cannot_be_told_from_one():
    """Narrow eclipses have a high peak at the next harmonic, 0.65 d, of which 1.3 d is twice."""

    def equal(time):
        return eclipses(time, second=0.5)

    found = folded(curve(equal))
    assert found.period == pytest.approx(1.3, abs=0.003)


# --- what is lacking ----------------------------------------------------------------------------


def test_a_short_curve_has_no_period_and_an_empty_one_nothing():
    of = numbers(curve(sinusoid, TIME[:9]))
    period = {*stars.PERIOD, *folding.FOURIER}
    assert all(np.isnan(value) == (key in period) for key, value in of.items())
    for points in (0, 1):
        assert np.isnan(stars.of_curve(curve(sinusoid, TIME[:points]), 0.1)).all()
    assert np.isfinite(stars.of_curve(curve(sinusoid, TIME[:10]), 0.1)).all()


def test_a_constant_star_has_no_features():
    assert np.isnan(stars.of_curve(Curve(TIME, np.full(200, 15.0), np.full(200, 0.1)), 0.1)).all()


def test_a_night_is_too_short_for_a_period():
    """All points within 0.15 d, shortest period 0.1 d: no peak lies between."""
    night = np.linspace(55000, 55000.05, 50)
    of = numbers(curve(sinusoid, night))
    assert np.isnan(of["log_period"])
    assert np.isfinite(of["standard_deviation"])


@pytest.fixture
def light_curves(tmp_path):
    """Star a in g and, with more points, in r; b with NaN and a repeated time; c short."""
    mag = 15 + sinusoid(TIME - 55000) + NOISE
    points = [(t, m, 1) for t, m in zip(TIME, mag, strict=True)]
    green = [(t, m + 1, 0) for t, m, _ in points[:50]]
    broken = [*points[:40], (TIME[39], 99.0, 1), (TIME[39] + 0.01, np.nan, 1), *points[40:]]
    curves = [("a", green), ("a", points), ("b", broken), ("c", points[:7])]
    return stores.light_curves(tmp_path / "curves", curves)


def of_stars(light_curves, ids, **rest):
    return stars.of_stars(light_curves, ids, period_min=0.1, **rest)


def test_a_table_in_the_order_asked_for_of_the_band_with_most_points(light_curves):
    table = of_stars(light_curves, ["c", "a", "none"])
    assert table.index.tolist() == ["c", "a", "none"]
    assert table.columns.tolist() == names()
    assert table.loc["none"].isna().all()
    assert np.isnan(table.loc["c", "log_period"])
    alone = stars.of_curve(Curve(*(np.asarray(c, float) for c in light_curves[1][:3])), 0.1)
    np.testing.assert_array_equal(table.loc["a"], alone)


def test_points_that_are_no_measurement_are_left_out(light_curves):
    """b is a with a NaN and a second value at one time, of which the first stays."""
    table = of_stars(light_curves, ["a", "b"])
    np.testing.assert_array_equal(table.loc["a"], table.loc["b"])


def test_one_window(light_curves):
    whole, window = (of_stars(light_curves, ["a"], points=points) for points in (None, 7))
    assert np.isfinite(whole.to_numpy()).all()
    np.testing.assert_array_equal(window.loc["a"], of_stars(light_curves, ["c"]).loc["c"])


def test_the_same_features_again_and_in_two_processes(light_curves, monkeypatch):
    monkeypatch.setattr(stars, "CHUNK", 2)
    first = of_stars(light_curves, ["a", "b", "c"])
    for threads in (1, 2):
        again = of_stars(light_curves, ["a", "b", "c"], threads=threads)
        assert first.to_numpy().tobytes() == again.to_numpy().tobytes()


def test_without_the_package_it_is_said_what_to_install(light_curves, monkeypatch):
    monkeypatch.setitem(sys.modules, "light_curve", None)  # importing it fails
    with pytest.raises(InputError, match=r"nightjar\[features\]"):
        of_stars(light_curves, ["a"])


def test_sets_are_nested_and_know_no_apparent_magnitude():
    sets = stars.sets(names())
    assert {*sets["features_no_period"]} < {*sets["features_period"]} < {*sets["features"]}
    assert {*sets["features_period"]} - {*sets["features_no_period"]} == {*stars.PERIOD}
    unwanted = ("mean", "median", "weighted_mean", "observation_count", "duration")
    assert not {*unwanted} & {*sets["features"]}


# --- forests ------------------------------------------------------------------------------------


@pytest.fixture
def few():
    """20 stars of two classes that log_period tells apart; every fifth has no features at all."""
    ids = [f"s{i:02d}" for i in range(20)]
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(20, 3)), ids, ["skew", "peak_power", "log_period"])
    classes = pd.Series(np.where(np.arange(20) % 2, "EA", "RR"), ids)
    table["log_period"] = np.where(classes == "EA", 1.0, -1.0) + table["log_period"] / 10
    table.iloc[::5] = np.nan
    part = {"train": np.array(ids[:12]), "validation": np.array([]), "test": np.array(ids[12:])}
    return table, classes, {("asas", 6): {0: part, 1: part}}


def test_every_scored_star_gets_a_class_from_every_set(few):
    table, classes, tasks = few
    found = few_shot.predictions(table, classes, tasks, trees=20, seed=0)
    assert found.columns.tolist() == few_shot.COLUMNS
    assert found.groupby(["fold", "method"]).size().tolist() == [8] * 6
    assert set(found["class"]) <= {"EA", "RR"}
    full = found[(found["method"] == "features") & found["object_id"].isin(["s13", "s14", "s16"])]
    assert (full["class"] == classes.loc[full["object_id"]].to_numpy()).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_forests_do_not_depend_on_threads(few, seed):
    one, two = (few_shot.predictions(*few, trees=20, seed=seed, threads=t) for t in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_a_survey_of_stars_without_any_feature_is_guessed(few):
    """As of stars with fewer points than anything needs: all the same, and a class all the same."""
    table, classes, tasks = few
    found = few_shot.predictions(table * np.nan, classes, tasks, trees=5, seed=0)
    assert len(found) == 2 * 3 * 8
    assert found.groupby(["fold", "method"])["class"].nunique().tolist() == [1] * 6


def test_a_curve_no_longer_than_the_shortest_period_has_no_peak():
    peaks = periods.search(np.linspace(0, 0.1, 20), RNG.normal(size=20), 0.1, 3)
    assert len(peaks.frequency) == 0
    assert peaks.signal_to_noise == 0.0
