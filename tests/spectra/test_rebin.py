import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nightjar.spectra import grid, grid_edges
from nightjar.spectra.pixels import blocks, clean
from nightjar.spectra.rebin import rebin
from tests.spectra.helpers import PLAIN, STEP, settings, spectra


def rebinned(chunk, options, redshift=None):
    redshift = np.zeros(len(chunk)) if redshift is None else redshift
    pixels, _ = clean(chunk, redshift)
    (block,) = blocks(pixels, np.arange(len(chunk)), options.median_width // 2)
    result = rebin(block, options)
    back = np.argsort(block.row)
    variance = None if result.variance is None else result.variance[back]
    return result.flux[back], result.valid[back], variance


def eight_bins(**changes):
    """Eight bins whose edges are 1000 * 2^(k / 8): 1000.0, 1090.5, 1189.2, ... 2000.0."""
    return settings(bins=8, wavelength_min=1000.0, wavelength_max=2000.0, knots=4, **changes)


def test_grid_is_logarithmic():
    edges, centres = grid_edges(PLAIN), grid(PLAIN)
    assert edges[0] == pytest.approx(3500)
    assert edges[-1] == pytest.approx(10000)
    np.testing.assert_allclose(np.diff(np.log(centres)), STEP)
    np.testing.assert_allclose(centres, np.sqrt(edges[1:] * edges[:-1]))


def test_three_pixels_by_hand():
    # Pixels at 1020, 1060, 1100: edges 1000, 1040, 1080, 1120; fluxes 1, 2, 4; errors .1, .2, .3.
    # Bin 0 is 1000 .. R = 1000 * 2^(1/8) = 1090.508: overlaps 40, 40, 10.508.
    # Bin 1 is R .. 1189.207, covered from R to 1120, 29.492 of 98.699: too little.
    chunk = spectra([[1020, 1060, 1100]], [[1, 2, 4]], [[0.1, 0.2, 0.3]])
    flux, valid, variance = rebinned(chunk, eight_bins())
    right = 1000 * 2**0.125
    part = right - 1080
    assert valid[0].tolist() == [True] + 7 * [False]
    assert flux[0, 0] == pytest.approx((40 * 1 + 40 * 2 + part * 4) / (right - 1000))
    by_hand = (40 * 0.1) ** 2 + (40 * 0.2) ** 2 + (part * 0.3) ** 2
    assert variance[0, 0] == pytest.approx(by_hand / (right - 1000) ** 2)
    assert not flux[0, 1:].any()


def test_pixel_wider_than_bins_by_hand():
    # Pixels at 1300 and 1700: edges 1100, 1500, 1900.  Bins 2 and 3 lie inside the first pixel:
    # their mean is its flux, their error its error, and the two are fully correlated.
    flux, valid, variance = rebinned(spectra([[1300, 1700]], [[3, 5]], [[0.5, 1]]), eight_bins())
    assert valid[0].tolist() == [False, True, True, True, True, True, True, False]
    np.testing.assert_allclose(flux[0, [1, 2, 3, 5, 6]], [3, 3, 3, 5, 5])
    np.testing.assert_allclose(variance[0, [1, 2, 3, 5, 6]], [0.25, 0.25, 0.25, 1, 1])
    # Bin 4 is 1414.214 .. 1542.211 with the edge at 1500 inside.
    a, b = 1500 - 1000 * 2**0.5, 1000 * 2**0.625 - 1500
    assert flux[0, 4] == pytest.approx((3 * a + 5 * b) / (a + b))
    assert variance[0, 4] == pytest.approx(((0.5 * a) ** 2 + (1 * b) ** 2) / (a + b) ** 2)


@given(st.integers(0, 2**32), st.integers(60, 3000))
@hypothesis_settings(max_examples=40, deadline=None)
def test_flux_is_conserved(seed, count):
    # A spectrum wholly inside the grid: flux times pixel width, summed, is what it was, up to the
    # two outermost bins (partly covered, and dropped where less than half is).
    rng = np.random.default_rng(seed)
    wave = (3700 + np.cumsum(rng.uniform(0.5, 1.5, count)) * 6000 / (1.6 * count)).astype("f4")
    flux = rng.uniform(0.1, 10, count).astype("f4")
    density, valid, _ = rebinned(spectra([wave], [flux]), PLAIN)
    edges = grid_edges(PLAIN)
    inner = np.flatnonzero(valid[0])[1:-1]
    low, high = edges[inner[0]], edges[inner[-1] + 1]
    middle = (wave[1:].astype(float) + wave[:-1]) / 2
    bounds = np.concatenate(
        [[1.5 * wave[0] - 0.5 * wave[1]], middle, [1.5 * wave[-1] - 0.5 * wave[-2]]]
    ).clip(low, high)
    assert np.sum(density[0, inner] * np.diff(edges)[inner]) == pytest.approx(
        np.sum(flux * np.diff(bounds)), rel=1e-6
    )


def test_constant_stays_constant_in_partly_covered_bins():
    wave = np.linspace(4000.0, 9000.0, 777)
    flux, valid, _ = rebinned(spectra([wave], [np.full(777, 2.5)]), PLAIN)
    np.testing.assert_allclose(flux[valid], 2.5, rtol=1e-12)


def test_redshift_shifts_by_whole_bins():
    rng = np.random.default_rng(4)
    wave, flux = np.linspace(4000.0, 6000.0, 500), rng.uniform(1, 2, 500)
    shift = 37
    z = np.exp(shift * STEP) - 1
    flux, valid, variance = rebinned(
        spectra([wave, wave], [flux, flux], [flux, flux], rest=[True, True]),
        PLAIN,
        np.array([0.0, z]),
    )
    np.testing.assert_array_equal(valid[1, shift:], valid[0, :-shift])
    # flux per Angstrom is divided by 1 + z, its variance by (1 + z)^2
    np.testing.assert_allclose(flux[1, shift:] * (1 + z), flux[0, :-shift], rtol=1e-9)
    np.testing.assert_allclose(variance[1, shift:] * (1 + z) ** 2, variance[0, :-shift], rtol=1e-9)


def test_a_hole_is_no_coverage():
    # 5 Angstrom pixels with nothing between 5000 and 5500
    wave = np.concatenate([np.arange(4500.0, 5001, 5), np.arange(5500.0, 6001, 5)])
    flux, valid, _ = rebinned(spectra([wave], [np.full(wave.size, 7.0)]), PLAIN)
    centres = grid(PLAIN)
    assert not valid[0, (centres > 5000) & (centres < 5495)].any()
    assert valid[0, (centres > 4505) & (centres < 4990)].all()
    assert valid[0, (centres > 5510) & (centres < 5990)].all()
    np.testing.assert_allclose(flux[valid], 7.0, rtol=1e-12)


def test_a_missing_error_spoils_only_the_bins_it_reaches():
    wave = np.linspace(4000.0, 9000.0, 1001)  # 5 Angstrom pixels
    error = np.full(1001, 0.1)
    error[[300, 301]] = [np.nan, -1.0]  # 5500 and 5505: covers 5497.5 .. 5507.5
    _, valid, variance = rebinned(spectra([wave], [np.ones(1001)], [error]), PLAIN)
    edges = grid_edges(PLAIN)
    reached = (edges[1:] > 5497.5) & (edges[:-1] < 5507.5)
    np.testing.assert_array_equal(np.isnan(variance[0]), reached)
    assert (variance[0, valid[0] & ~reached] > 0).all()


def test_a_huge_error_leaves_its_neighbours_alone():
    wave = np.linspace(4000.0, 9000.0, 1001)
    error = np.full(1001, 0.1)
    _, _, before = rebinned(spectra([wave], [np.ones(1001)], [error]), PLAIN)
    error[300] = 1e15
    _, _, after = rebinned(spectra([wave], [np.ones(1001)], [error]), PLAIN)
    changed = after != before
    assert changed.sum() in (2, 3)  # one 5 Angstrom pixel over bins of 5.6 Angstrom
