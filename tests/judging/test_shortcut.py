"""Retrieval by apparent brightness alone, on objects few enough to rank by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightjar import metrics
from nightjar.judging import shortcut
from nightjar.ragged import LightCurves, Spectra


def light_curves(points, bands=("g", "r")):
    """Of a list of objects, each a list of (band, magnitude)."""
    flat = [point for each in points for point in each]
    return LightCurves(
        object_id=np.array([f"o{k}" for k in range(len(points))]),
        offsets=np.cumsum([0, *map(len, points)]),
        time=np.arange(len(flat), dtype=float),
        value=np.array([mag for _, mag in flat], np.float32),
        error=np.full(len(flat), 0.1, np.float32),
        band=np.array([band for band, _ in flat], np.int16),
        bands=bands,
    )


def test_the_peak_is_in_the_band_that_most_objects_have():
    """r: three objects of four; the brighter g of the first is not looked at."""
    curves = light_curves(
        [[(0, 17.0), (1, 18.0), (1, 17.5)], [(1, 19.0)], [(0, 16.0)], [(1, 20.0), (1, 21.0)], []]
    )
    np.testing.assert_array_equal(
        shortcut.peak_magnitudes(curves), [17.5, 19.0, np.nan, 20.0, np.nan]
    )


def spectra(flux, wavelength, rest=False):
    n, pixels = len(flux), len(wavelength)
    return Spectra(
        object_id=np.array(["o"] * n),
        time=np.full(n, np.nan),
        rest=np.full(n, rest),
        offsets=np.arange(n + 1) * pixels,
        wavelength=np.tile(wavelength, n).astype(np.float32),
        flux=np.concatenate(flux).astype(np.float32),
        flux_err=np.full(n * pixels, np.nan, np.float32),
    )


def test_levels_are_of_the_mean_flux_in_the_range():
    """Mean 100 between 5000 and 7000 A is -5 mag, whatever is outside; a mean of 0 has no level."""
    wavelength = np.arange(4000, 8001, 100.0)
    inside = (wavelength >= 5000) & (wavelength <= 7000)
    flux = [np.where(inside, 100.0, 9e9), np.where(inside, 0.0, 1.0)]
    found = shortcut.flux_levels(spectra(flux, wavelength), np.array([0, 1]), np.full(2, 0.1))
    np.testing.assert_allclose(found, [-5, np.nan])


@pytest.mark.parametrize(("reddest", "known"), [(5990.0, False), (6000.0, True)])
def test_half_of_the_range_must_be_covered(reddest, known):
    wavelength = np.linspace(4000, reddest, 200)
    wavelength = np.append(wavelength[wavelength < 5000], np.linspace(5000, reddest, 50))
    found = shortcut.flux_levels(
        spectra([np.ones(len(wavelength))], wavelength), np.array([0]), np.zeros(1)
    )
    assert np.isfinite(found[0]) == known


def test_a_spectrum_in_the_rest_frame_is_measured_where_it_was_observed():
    """At z = 1 the range is 2500 to 3500 A of the rest frame, where the flux is 10: -2.5 mag."""
    wavelength = np.arange(2000, 8001, 100.0)
    flux = [np.where((wavelength >= 2500) & (wavelength <= 3500), 10.0, 1.0)] * 2
    found = shortcut.flux_levels(
        spectra(flux, wavelength, rest=True), np.array([0, 1]), np.array([1.0, np.nan])
    )
    np.testing.assert_allclose(found, [-2.5, np.nan])


# --- retrieval ----------------------------------------------------------------------------------

ROWS = {"train": np.arange(3), "test": np.arange(3, 7)}


def test_a_calibrated_spectrum_gives_its_light_curve_away():
    """Level = magnitude - 20, a straight line: every partner comes first, both ways."""
    peak = np.array([15.0, 16.0, 19.0, 15.5, 17.0, 18.0, 20.0])
    found = shortcut.judge(peak, peak - 20, ROWS)
    assert found["retrieval_recall_at_1"] == found["retrieval_reverse_recall_at_1"] == 1
    assert found["retrieval_auc"] == found["retrieval_reverse_auc"] == 1


def test_the_line_is_of_the_training_part():
    """Training: level falls as magnitude rises.  In the test part it is the other way round, which
    nobody may learn: candidates are in reversed order."""
    peak = np.array([15.0, 16.0, 17.0, 14.0, 15.5, 16.5, 18.0])
    level = np.where(np.arange(7) < 3, -peak, peak - 32)
    found = shortcut.judge(peak, level, ROWS)
    assert found["retrieval_auc"] < 0.5


def test_levels_that_are_all_alike_are_at_chance():
    """Spectra scaled to a common flux: all candidates tie, ranks are (1 + 4) / 2."""
    peak = np.array([15.0, 16.0, 19.0, 15.5, 17.0, 18.0, 20.0])
    found = shortcut.judge(peak, np.zeros(7), ROWS)
    chance = metrics.retrieval_chance(4)
    for key in ("auc", "median_rank", "reverse_auc", "reverse_median_rank"):
        assert found[f"retrieval_{key}"] == pytest.approx(chance[key])


def test_an_object_without_a_number_is_looked_for_as_one_of_mean_brightness():
    """Training mean 16 at mean level -4.  Object 5 has no level: it stands at 16, exactly where
    light curve 4 is, but its own light curve is at 18.  For that, the order is 18.2 (object 6),
    16 and 16 (objects 4 and 5, tied), 14 (object 3): rank (2 + 3) / 2."""
    peak = np.array([15.0, 16.0, 17.0, 14.0, 16.0, 18.0, 18.2])
    level = np.append(peak[:5] - 20, [np.nan, peak[6] - 20])
    found = shortcut.judge(peak, level, ROWS)
    # light curve 3 first, 4 tied with 5 (1.5), 5 as above (2.5), 6 first
    assert found["retrieval_recall_at_1"] == 0.5
    assert found["retrieval_auc"] == pytest.approx(np.mean((4 - np.array([1, 1.5, 2.5, 1])) / 3))


def test_nothing_to_fit_a_line_to_is_no_score():
    assert shortcut.judge(np.full(7, 18.0), np.full(7, np.nan), ROWS) == {}


# --- among objects of like brightness -----------------------------------------------------------


def test_only_objects_of_like_brightness_are_in_the_way():
    """Peaks 18, 18.4, 18.8, 21, unknown, within 0.5 mag.  Candidates: of 0: 0 and 1; of 1: all
    three; of 2: 1 and 2; 3 and 4 are alone and left out.  Similarities below: 0 finds 2 first, who
    is not alike, then itself, before 1: rank 1 of 2, area 1.  1 finds 0 and 2 first: rank 3 of 3,
    area 0.  2 ties with 1: rank 1.5 of 2, area 0.5.  Mean 0.5; candidates (2 + 3 + 2) / 3."""
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    similarity = np.array(
        [
            [0.5, 0.1, 0.9, 0, 0],
            [0.5, 0.1, 0.3, 0, 0],
            [0.1, 0.2, 0.2, 0, 0],
            [0.9, 0.9, 0.9, 0, 0],
            [0.9, 0.9, 0.9, 0, 0],
        ]
    )
    # light curves along the axes of the spectra, with these cosines; the rest of each unit length
    # goes into directions of its own, which no spectrum has
    rest = np.diag(np.sqrt(2.5 - np.sum(similarity**2, axis=1)))
    light = np.hstack([similarity @ vectors, rest])
    spectrum = np.hstack([vectors, np.zeros((5, 5))])
    peak = np.array([18.0, 18.4, 18.8, 21.0, np.nan])
    found = shortcut.judge_alike(light, spectrum, peak, limit=0.5)
    assert found["retrieval_auc_alike"] == pytest.approx(0.5)
    assert found["retrieval_alike_candidates"] == pytest.approx(7 / 3)
    assert found["retrieval_alike_left_out"] == 2


@given(st.integers(2, 12), st.integers(0, 99))
def test_where_all_are_alike_the_area_is_that_among_all(n, seed):
    light, spectrum = np.random.default_rng(seed).normal(size=(2, n, 3))
    found = shortcut.judge_alike(light, spectrum, np.full(n, 18.0))
    scores = metrics.retrieval(light, spectrum)
    assert found["retrieval_auc_alike"] == pytest.approx(scores["auc"])
    assert found["retrieval_reverse_auc_alike"] == pytest.approx(scores["reverse_auc"])
    assert found["retrieval_alike_candidates"] == n


def test_nobody_is_alike():
    found = shortcut.judge_alike(np.eye(3), np.eye(3), np.array([15.0, 16.0, np.nan]))
    assert found["retrieval_auc_alike"] is None
    assert found["retrieval_alike_left_out"] == 3
