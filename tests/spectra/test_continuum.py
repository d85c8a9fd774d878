import numpy as np
import pytest
from scipy.interpolate import BSpline

from nightjar.spectra.continuum import _cubic_basis, divisor, fit
from tests.spectra.helpers import settings

X = np.linspace(0, 1, 1024)
KINDS = [settings(), settings(continuum="polynomial", degree=6)]


def test_basis_is_scipys():
    element = BSpline.basis_element(np.arange(5), extrapolate=False)
    t = (np.arange(10) + 0.5) / 10
    expected = np.stack([element(t + 3 - j) for j in range(4)], axis=1)
    np.testing.assert_allclose(_cubic_basis(10), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("start", "stop"), [(0, 1024), (300, 800), (1000, 1024)])
def test_cubic_is_reproduced(kind, start, stop):
    # A cubic lies in the space of both fits; the spline's penalty on bending moves it a little.
    curve = 1 + X - 2 * X**2 + 0.5 * X**3
    valid = np.zeros((1, 1024), bool)
    valid[0, start:stop] = True
    continuum = fit(np.where(valid, curve, 0.0), valid, kind)
    np.testing.assert_allclose(continuum[valid], curve[start:stop], rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_shift_by_whole_bins(kind):
    rng = np.random.default_rng(5)
    values = np.zeros((2, 1024))
    values[0, 100:700] = values[1, 133:733] = rng.uniform(1, 2, 600)
    continuum = fit(values, values > 0, kind)
    np.testing.assert_allclose(continuum[1, 133:733], continuum[0, 100:700], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bins", [[5], [5, 6], [0, 1023], list(range(900, 904))])
def test_few_bins_stay_finite(kind, bins):
    valid = np.zeros((1, 1024), bool)
    valid[0, bins] = True
    continuum = fit(valid.astype(float), valid, kind)
    np.testing.assert_allclose(continuum[valid], 1.0, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_nonnegative_flux_is_divided_by_its_continuum(kind):
    flux = 1 + 0.5 * np.sin(40 * X)[None]
    continuum = fit(flux, flux > 0, kind)
    np.testing.assert_array_equal(divisor(continuum, flux, flux > 0, kind), continuum)


def test_divisor_of_noise_by_hand():
    # +1, -1, +1, ...: the continuum is zero, the mean absolute flux 1, so the divisor 0.5
    flux = np.where(np.arange(1024) % 2, -1.0, 1.0)[None]
    valid = np.ones((1, 1024), bool)
    continuum = fit(flux, valid, settings())
    np.testing.assert_allclose(divisor(continuum, flux, valid, settings()), 0.5, rtol=1e-6)
