"""Template matching finds what it should: redshift, object, and nothing where little overlaps."""

import numpy as np
import pytest

from nightjar.classical.matching import MIN_OVERLAP, Correlations, Templates

BINS, LOW, HIGH = 512, 2500.0, 10000.0
STEP = np.log(HIGH / LOW) / BINS
WAVELENGTH = LOW * np.exp(STEP * (np.arange(BINS) + 0.5))
RNG = np.random.default_rng(1)
# lines of four "classes": centre, width (Angstrom, at rest) and depth
LINES = [
    np.column_stack([RNG.uniform(3500, 7000, 12), RNG.uniform(40, 120, 12), RNG.normal(0, 0.3, 12)])
    for _ in range(4)
]


def spectrum(kind, redshift, noise=0.0, low=3400.0, high=9000.0):
    """Flux / continuum - 1 of one class at a redshift, observed between two wavelengths."""
    centre, width, depth = LINES[kind].T
    rest = WAVELENGTH[:, None] / (1 + redshift)
    flux = (depth * np.exp(-0.5 * ((rest - centre) / width) ** 2)).sum(axis=1)
    flux += noise * np.random.default_rng(kind).normal(size=BINS)
    valid = (low < WAVELENGTH) & (high > WAVELENGTH)
    return np.where(valid, flux, 0).astype(np.float32), valid


def templates(redshifts, redshift_max=0.6):
    flux, valid = zip(*(spectrum(k, z) for k, z in enumerate(redshifts)), strict=True)
    return Templates(np.array(flux), np.array(valid), np.array(redshifts), STEP, redshift_max)


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("redshift", [0.0, 0.0137, 0.21])
def test_a_redshifted_noisy_copy_is_found_at_its_redshift(kind, redshift):
    """Templates are at redshifts of their own; a bin is 0.0027 in ln(1 + z)."""
    known = templates([0.01, 0.0, 0.055, 0.3])
    found = known.correlate(*spectrum(kind, redshift, noise=0.05)).best(0.0, 0.6)
    assert found.score.argmax() == kind
    assert found.redshift[kind] == pytest.approx(redshift, abs=0.0015)


def test_scores_are_correlations_times_the_root_of_the_overlap():
    """By hand, over a few lags.  A spectrum with itself at lag 0: r = 1 and an overlap, from 3400
    to 9000, of ln(9000 / 3400) = 0.973."""
    known = templates([0.0, 0.0, 0.0, 0.0])
    flux, valid = spectrum(2, 0.05, low=4000.0)
    found = known.correlate(flux, valid)
    for kind, lag in ((0, 0), (1, 7), (3, 40)):
        template, seen = spectrum(kind, 0.0)
        pixels = np.flatnonzero(seen[: BINS - lag] & valid[lag:])  # of the template
        one, other = template[pixels].astype(float), flux[pixels + lag].astype(float)
        r = one @ other / np.sqrt((one @ one) * (other @ other))
        expected = r * np.sqrt(len(pixels) * STEP)
        assert found.score[kind, lag] == pytest.approx(expected, abs=1e-5)
    same = known.correlate(*spectrum(1, 0.0)).score[1, 0]
    assert same == pytest.approx(np.sqrt(np.log(9000 / 3400)), abs=2e-3)


def test_neither_brightness_nor_company_changes_a_score():
    flux, valid = spectrum(1, 0.1, noise=0.05)
    known = templates([0.0, 0.02, 0.0, 0.0])
    one = known.correlate(flux, valid).best(0, 0.6)
    brighter = known.correlate(7 * flux, valid).best(0, 0.6)
    np.testing.assert_allclose(brighter.score, one.score, rtol=1e-4)
    alone = Templates(*(a[None] for a in spectrum(1, 0.02)), np.array([0.02]), STEP, 0.6)
    assert alone.correlate(flux, valid).best(0, 0.6).score[0] == pytest.approx(
        one.score[1], rel=1e-4
    )


def test_limits_on_the_redshift_are_kept():
    """The truth, 0.21, is outside of them; one narrower than a step still gives one redshift."""
    found = templates([0.0] * 4).correlate(*spectrum(0, 0.21))
    for lowest, highest in ((0.0, 0.1), (0.3, 0.5), (0.2501, 0.2502), (0.55, 2.0)):
        redshift = found.best(lowest, highest).redshift
        assert (redshift > lowest - 0.007).all()
        assert (redshift < min(highest, 0.6) + 0.007).all()


def test_too_short_an_overlap_is_no_match():
    """3400 to 4000 against 5500 to 9000: they meet at no redshift below 0.375, and then by less
    than MIN_OVERLAP; a template without lines matches nothing, without a warning."""
    assert np.log(4000 / 3400) < MIN_OVERLAP
    blue, red = spectrum(0, 0.0, high=4000.0), spectrum(0, 0.0, low=5500.0)
    flat = np.zeros(BINS, np.float32), np.ones(BINS, bool)
    known = Templates(*map(np.array, zip(blue, flat, strict=True)), np.zeros(2), STEP, 0.6)
    found = known.correlate(*red).best(0, 0.6)
    assert found.score[0] == -np.inf
    assert found.score[1] == 0


def test_between_bins_the_vertex_of_a_parabola():
    """y = 1 - (x - 1.25)^2 at x = 0, 1, 2, 3: maximum between, at 1.25."""
    score = (1 - (np.arange(4.0) - 1.25) ** 2)[None].astype(np.float32)
    found = Correlations(score, np.zeros(1, np.float32), 0.1).best(0.0, 10.0)
    assert found.redshift[0] == pytest.approx(np.expm1(0.125), rel=1e-5)
    rising = np.array([[0.0, 0.2, 0.4, 0.9]], np.float32)  # no vertex at an edge
    edge = Correlations(rising, np.zeros(1, np.float32), 0.1).best(0.0, 10.0)
    assert edge.redshift[0] == pytest.approx(np.expm1(0.3), rel=1e-5)
