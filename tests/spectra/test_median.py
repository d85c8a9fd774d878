import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import median_filter

from nightjar.spectra.median import mean_variance, running_median
from nightjar.spectra.pixels import blocks, clean
from tests.spectra.helpers import spectra


def test_by_hand():
    # windows (5 1 4), (1 4 2), (4 2 9)
    assert running_median(np.array([5.0, 1, 4, 2, 9]), 3).tolist() == [4, 2, 4]


@pytest.mark.parametrize("width", [1, 3, 5, 7, 9, 15, 31])
def test_equals_scipy(width):
    values = np.random.default_rng(1).normal(size=(3, 200)).astype(np.float32)
    half = width // 2
    padded = np.pad(values, ((0, 0), (half, half)), mode="symmetric")
    expected = median_filter(values, size=(1, width), mode="reflect")
    np.testing.assert_array_equal(running_median(padded, width), expected)


@given(
    hnp.arrays(np.float32, st.integers(9, 40), elements=st.integers(-3, 3).map(float)),
    st.sampled_from([3, 5, 7, 9]),
)
def test_equals_numpy_with_ties(values, width):
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    np.testing.assert_array_equal(running_median(values, width), np.median(windows, axis=1))


def test_edges_are_mirrored_within_each_spectrum():
    rng = np.random.default_rng(2)
    flux = [rng.normal(size=n) for n in (12, 30, 9)]
    chunk = spectra([np.arange(len(f)) + 5000.0 for f in flux], flux)
    pixels, _ = clean(chunk, np.zeros(3))
    for block in blocks(pixels, np.arange(3), halo=3):
        smooth = running_median(block.flux, 7)
        for row, length, values in zip(block.row, block.length, smooth, strict=True):
            expected = median_filter(flux[row].astype(np.float32), size=7, mode="reflect")
            np.testing.assert_array_equal(values[1 : length + 1], expected)


@pytest.mark.parametrize("width", [3, 5, 7, 15])
@pytest.mark.parametrize("pixels", [0.1, 0.7, 1.0, 1.5, 3.2, 7.1, 20.0])
def test_mean_variance_agrees_with_monte_carlo(width, pixels):
    # Bins laid anywhere over filtered white noise: their means from the cumulative sum.
    rng = np.random.default_rng(3)
    smooth = running_median(rng.normal(size=200_000), width)
    left = rng.uniform(0, smooth.size - pixels, 50_000)
    total = np.concatenate([[0], np.cumsum(smooth)])
    at = [np.interp(x, np.arange(total.size), total) for x in (left, left + pixels)]
    measured = ((at[1] - at[0]) / pixels).std()
    stated = np.sqrt(mean_variance(np.array([pixels]), width))[0]
    # right to 7 per cent, and where it is wrong rather too large; 2 per cent is this test's noise
    assert 0.97 < stated / measured < 1.09
