import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nightjar.errors import InputError
from nightjar.ragged import Spectra
from nightjar.spectra import grid, pixels, preprocess
from nightjar.spectra.pixels import blocks, clean
from nightjar.spectra.rebin import rebin
from tests.spectra.helpers import PLAIN, STEP, mixed, settings, spectra

WAVE = np.linspace(3600.0, 9900.0, 1000)
FULL = {"median_width": 7, "apodise": 0.05}


def one(wave, flux, error=None, **changes):
    processed, drops = preprocess(spectra([wave], [flux], [error]), [0.0], settings(**changes))
    assert not drops
    return processed.flux[0], processed.flux_err[0], processed.valid[0]


@pytest.mark.parametrize("slope", [-4, -2, 0, 1.5, 4])
@pytest.mark.parametrize("kind", [{}, {"continuum": "polynomial", "degree": 9}])
def test_power_law_divides_to_flat(slope, kind):
    # Pixels are steps of d = 1.5 Angstrom: off by slope * d / 2 / 3600 = 8e-4 at most.  The
    # spline's penalty adds 1e-3 at the ends for a slope of 4, with the fourth power of the slope.
    wave = np.arange(3600.0, 9900.0, 1.5)
    flux, _, valid = one(wave, (wave / 5000) ** slope, **kind)
    assert np.abs(flux[valid]).max() < abs(slope) * 1.5 / 2 / 3600 + 2e-4 + 1e-3 * (slope / 4) ** 4
    assert np.abs(flux[valid][100:-100]).max() < 1e-3


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("centre", [4700, 6200, 8000])
def test_gaussian_line_keeps_its_equivalent_width(sign, centre):
    # Depth 0.2 and 4 Angstrom rms: W = 0.2 * 4 * sqrt(2 pi) = 2.0 Angstrom.  The continuum follows
    # the line a little: its own area, W, goes into a bump about a knot interval wide (0.15 in ln
    # wavelength: 930 Angstrom at 6200), so within +- 20 Angstrom 40 / 930 = 4 per cent is lost.
    # Measured against the local pseudo-continuum, as astronomers do, the width is right to 1 per
    # cent.
    line = sign * 0.2 * np.exp(-0.5 * ((WAVE - centre) / 4) ** 2)
    flux, _, _ = one(WAVE, 3 * (WAVE / 5000) ** -1.5 * (1 + line), knots=8)
    away = np.abs(grid(PLAIN) - centre)
    inside, beside = away < 20, (away > 25) & (away < 50)
    dip = flux[beside].mean()
    width = np.sum(((flux - dip) / (1 + dip) * grid(PLAIN))[inside]) * STEP
    by_hand = sign * 0.2 * 4 * np.sqrt(2 * np.pi)
    assert width == pytest.approx(by_hand, rel=0.01)
    raw = np.sum((flux * grid(PLAIN))[inside]) * STEP
    assert raw == pytest.approx(by_hand, rel=0.1)


def test_redshift_shifts_by_whole_bins():
    rng = np.random.default_rng(6)
    wave = np.linspace(4000.0, 6000.0, 500)
    flux, error = rng.uniform(1, 2, 500), np.full(500, 0.1)
    chunk = spectra([wave, wave], [flux, flux], [error, error], rest=True)
    shift = 50
    out, _ = preprocess(chunk, [0.0, np.exp(shift * STEP) - 1], settings(**FULL))
    np.testing.assert_array_equal(out.valid[1, shift:], out.valid[0, :-shift])
    np.testing.assert_allclose(out.flux[1, shift:], out.flux[0, :-shift], atol=1e-6)
    covered = out.valid[0, :-shift]
    np.testing.assert_allclose(
        out.flux_err[1, shift:][covered], out.flux_err[0, :-shift][covered], rtol=1e-5
    )


@pytest.mark.parametrize("scale", [1e-30, 1e-16, 1e3, 1e30])
def test_unit_of_flux_does_not_matter(scale):
    flux = 1 + 0.1 * np.random.default_rng(7).normal(size=1000)
    reference = one(WAVE, flux, np.full(1000, 0.1), **FULL)
    scaled = one(WAVE, flux * scale, np.full(1000, 0.1 * scale), **FULL)
    np.testing.assert_allclose(scaled[0], reference[0], atol=1e-6)
    np.testing.assert_allclose(scaled[1], reference[1], rtol=1e-6)
    np.testing.assert_array_equal(scaled[2], reference[2])


@pytest.mark.parametrize("width", [1, 5])
def test_errors_agree_with_monte_carlo(width):
    # Error 5 to 10 per cent along the spectrum, 600 realisations: a bin's scatter is known to
    # 3 per cent, its mean over hundreds of bins far better.  Without the median filter the error
    # is right to 3 per cent (the continuum's share); with it to 10.
    rng = np.random.default_rng(8)
    truth = (WAVE / 5000) ** -1.0
    error = truth * np.linspace(0.05, 0.1, 1000)
    noisy = [truth + error * rng.normal(size=1000) for _ in range(600)]
    options = settings(median_width=width, apodise=0.05)
    out, _ = preprocess(spectra([WAVE] * 600, noisy, [error] * 600), np.zeros(600), options)
    covered = out.valid[0]
    ratio = out.flux.std(axis=0)[covered] / out.flux_err.mean(axis=0)[covered]
    tolerance = 0.03 if width == 1 else 0.10
    for part in np.array_split(ratio[60:-60], 4):  # bins of 0.6, ... to 1.5 pixels
        assert np.median(part) == pytest.approx(1.0, abs=tolerance)


def test_taper_by_hand():
    # Coverage of 100 bins, 10 per cent: bin k of the first ten is weighted with
    # 1/2 - 1/2 cos(pi (k + 1/2) / 10).  An alternating flux 1 +- 0.5 has continuum 1.
    edges = PLAIN.wavelength_min * np.exp(STEP * np.arange(200, 301))
    wave = (edges[1:] + edges[:-1]) / 2
    flux = 1 + 0.5 * (-1.0) ** np.arange(100)
    plain, _, valid = one(wave, flux)
    tapered, _, _ = one(wave, flux, apodise=0.1)
    np.testing.assert_array_equal(np.flatnonzero(valid), np.arange(200, 300))
    weight = 0.5 - 0.5 * np.cos(np.pi * (np.arange(10) + 0.5) / 10)
    np.testing.assert_allclose(tapered[200:210] / plain[200:210], weight, rtol=1e-5)
    np.testing.assert_allclose(tapered[290:300] / plain[290:300], weight[::-1], rtol=1e-5)
    np.testing.assert_array_equal(tapered[210:290], plain[210:290])
    assert not tapered[:200].any()
    assert not tapered[300:].any()


def test_drops_are_counted_and_the_rest_keeps_its_order():
    good = 1 + 0.1 * np.sin(WAVE / 50)
    cases = [
        (WAVE, good, False, 0.1, None),
        (WAVE[:3], good[:3], False, 0.1, "spectra_too_few_pixels"),
        (WAVE + 20000, good, False, 0.1, "spectra_no_overlap"),
        (np.linspace(5000, 5100, 30), good[:30], False, 0.1, "spectra_too_little_coverage"),
        (WAVE, 0 * good, False, 0.1, "spectra_flux_zero"),
        (WAVE, -good, False, 0.1, "spectra_continuum_not_positive"),
        (WAVE, good, True, np.nan, "spectra_rest_without_redshift"),
        (WAVE, good, True, -1.5, "spectra_rest_without_redshift"),
        (WAVE, good, False, np.nan, None),  # observer frame: needs no redshift
        (WAVE, good, True, 0.1, None),
    ]
    wave, flux, rest, redshift, reasons = zip(*cases, strict=True)
    out, drops = preprocess(spectra(wave, flux, rest=rest), redshift, PLAIN)
    assert out.row.tolist() == [i for i, reason in enumerate(reasons) if reason is None]
    assert drops == {reason: reasons.count(reason) for reason in set(reasons) if reason is not None}
    np.testing.assert_array_equal(out.flux[0], out.flux[1])
    assert out.flux.shape == out.flux_err.shape == out.valid.shape == (3, PLAIN.bins)
    assert out.flux.dtype == out.flux_err.dtype == np.float32


def test_nothing_left_is_not_an_error_here():
    out, drops = preprocess(spectra([WAVE[:3]], [WAVE[:3]]), [0.0], PLAIN)
    assert out.flux.shape == (0, PLAIN.bins)
    assert drops == {"spectra_too_few_pixels": 1}
    empty = spectra([WAVE], [WAVE]).slice(0, 0)
    assert preprocess(empty, [], PLAIN)[0].flux.shape == (0, PLAIN.bins)


def test_pixels_that_are_not_finite_are_dropped_and_counted():
    flux = 1 + 0.1 * np.sin(WAVE / 50)
    bad = flux.copy()
    bad[[100, 500]] = [np.nan, np.inf]
    out, drops = preprocess(spectra([WAVE, WAVE], [flux, bad]), [0.0, 0.0], settings(**FULL))
    assert drops == {"pixels_not_finite": 2}
    np.testing.assert_allclose(out.flux[1], out.flux[0], atol=0.02)
    np.testing.assert_array_equal(out.valid[1], out.valid[0])


def test_order_of_pixels_does_not_matter():
    rng = np.random.default_rng(9)
    flux, order = rng.uniform(1, 2, 1000), rng.permutation(1000)
    chunk = spectra([WAVE, WAVE[order], WAVE], [flux, flux[order], flux])
    out, drops = preprocess(chunk, np.zeros(3), settings(**FULL))
    assert not drops
    np.testing.assert_array_equal(out.flux, np.repeat(out.flux[:1], 3, axis=0))


def test_wrong_redshift_shape():
    with pytest.raises(InputError, match="redshift"):
        preprocess(spectra([WAVE], [WAVE]), [0.1, 0.2], PLAIN)


@pytest.mark.parametrize("continuum", ["spline", "polynomial"])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_bytes_do_not_depend_on_the_chunks(continuum, size, monkeypatch):
    chunk = mixed(np.random.default_rng(10), 150)
    redshift = np.random.default_rng(11).uniform(0, 0.5, 150)
    options = settings(continuum=continuum, **FULL)
    whole, all_drops = preprocess(chunk, redshift, options)
    monkeypatch.setattr(pixels, "BLOCK_SPECTRA", 13)
    parts = [
        preprocess(chunk.slice(i, i + size), redshift[i : i + size], options)
        for i in range(0, 150, size)
    ]
    for name in ("flux", "flux_err", "valid"):
        joined = np.concatenate([getattr(part, name) for part, _ in parts])
        assert joined.tobytes() == getattr(whole, name).tobytes()
    rows = [part.row + i * size for i, (part, _) in enumerate(parts)]
    np.testing.assert_array_equal(np.concatenate(rows), whole.row)
    assert sum((drops for _, drops in parts), start=type(all_drops)()) == all_drops
    assert len(whole.row) > 100


@given(st.integers(0, 2**32), st.sampled_from(["spline", "polynomial"]), st.sampled_from([1, 3, 7]))
@hypothesis_settings(max_examples=25, deadline=None)
def test_finite_where_valid_and_valid_where_covered(seed, continuum, width):
    chunk = mixed(np.random.default_rng(seed), 12)
    options = settings(continuum=continuum, median_width=width, apodise=0.1)
    out, _ = preprocess(chunk, np.full(12, 0.1), options)
    assert np.isfinite(out.flux).all()
    assert not out.flux[~out.valid].any()
    assert not np.isinf(out.flux_err).any()
    centres = grid(options)
    for row, valid in zip(out.row, out.valid, strict=True):
        wave = chunk[row].wavelength[np.isfinite(chunk[row].flux)] * (1.1 if chunk.rest[row] else 1)
        beyond = max(wave[1] - wave[0], wave[-1] - wave[-2]) + 0.001 * wave[-1]
        assert centres[valid].min() > wave[0] - beyond
        assert centres[valid].max() < wave[-1] + beyond


@pytest.mark.parametrize(
    ("wave", "flux", "error"),
    [
        (np.r_[1.0, WAVE[1:]], 1 + WAVE, None),  # a first pixel that would reach below zero
        (np.full(1000, 5000.0), 1 + WAVE, None),  # no width at all
        (np.repeat(WAVE[::2], 2), 1 + WAVE, 1 + WAVE),  # every wavelength twice
        (WAVE / 1e4, 1 + WAVE, None),  # micrometres
        (WAVE * 1e30, 1 + WAVE, None),
        (WAVE, np.full(1000, 3e38), np.full(1000, 3e38)),
        (WAVE, np.full(1000, 1e-45), np.full(1000, 3e38)),
        (WAVE, np.where(WAVE < 3610, 1e30, 1.0), np.full(1000, 0.1)),
    ],
)
def test_odd_numbers_stay_finite(wave, flux, error):
    out, drops = preprocess(spectra([wave], [flux], [error]), [0.0], settings(**FULL))
    assert len(out.row) + sum(drops.values()) == 1
    assert np.isfinite(out.flux).all()
    assert not np.isinf(out.flux_err).any()


@pytest.mark.realdata
def test_real_spectra(realdata):
    chunk, redshift = _real_sample(realdata / "supernovae", 500)
    out, drops = preprocess(chunk, redshift, settings(**FULL))
    dropped = sum(n for reason, n in drops.items() if reason != "pixels_not_finite")
    assert len(out.row) + dropped == len(chunk)
    assert len(out.row) > 0.95 * len(chunk)
    assert np.isfinite(out.flux).all()
    assert not np.isinf(out.flux_err).any()
    assert np.percentile(np.abs(out.flux).max(axis=1), 99) < 20  # nothing explodes


def _real_sample(folder, count) -> tuple[Spectra, np.ndarray]:
    pd = pytest.importorskip("pandas")
    table = pd.read_parquet(folder / "spectra.parquet").sample(count, random_state=0)
    objects = pd.read_parquet(folder / "objects.parquet").set_index("object_id")
    columns = [table[name].tolist() for name in ("wavelength", "flux", "flux_err")]
    chunk = spectra(*columns, rest=table["frame"].to_numpy() == "rest")
    return chunk, objects["redshift"].reindex(table["object_id"]).to_numpy(float)


def test_block_of_one_long_spectrum():
    long = np.linspace(3600.0, 9900.0, 70_000)  # more pixels than BLOCK_PIXELS
    chunk, _ = clean(spectra([long, WAVE], [long, WAVE]), np.zeros(2))
    sizes = [block.row.size for block in blocks(chunk, np.arange(2), 0)]
    assert sizes == [1, 1]
    assert all(rebin(b, PLAIN).valid.any() for b in blocks(chunk, np.arange(2), 0))
