"""Distances, dust, passbands: hand-derived and published numbers."""

import numpy as np
import pytest

from nightjar.simulate import bands, cosmology, dust


def test_distance_modulus_nearby() -> None:
    # Planck18: H0 = 67.66, Om = 0.3097, q0 = 1.5 Om - 1 = -0.536.  To second order
    # d_L = (c z / H0) (1 + (1 - q0) z / 2) = 44.309 Mpc * 1.00768 = 44.65 Mpc at z = 0.01,
    # so 5 log10(44.65e6 / 10) = 33.249.
    assert cosmology.modulus(np.array([0.01]))[0] == pytest.approx(33.249, abs=0.002)


def test_distance_modulus_is_astropys() -> None:
    from astropy.cosmology import Planck18

    redshift = np.array([0.0031, 0.0277, 0.11, 0.43, 1.2])
    expected = Planck18.distmod(redshift).value
    np.testing.assert_allclose(cosmology.modulus(redshift), expected, atol=1e-5)
    centimetres = Planck18.luminosity_distance(redshift).to_value("cm")
    np.testing.assert_allclose(cosmology.distance(redshift), centimetres, rtol=1e-5)


def test_reach_inverts_the_distance_modulus() -> None:
    redshift = np.array([0.02, 0.2])
    apparent = -19.0 + cosmology.modulus(redshift) - 2.5 * np.log10(1 + redshift)
    for z, m in zip(redshift, apparent, strict=True):
        assert cosmology.reach(np.array([-19.0]), m)[0] == pytest.approx(z, rel=1e-4)


def test_nearby_events_grow_with_the_cube_of_distance() -> None:
    near, far = cosmology.events(np.array([0.01, 0.02]), "star_formation")
    # Volume x8; the rate (1 + z)^2.7 / (1 + z) and curvature change it by a few per cent.
    assert far / near == pytest.approx(8, rel=0.05)
    half = cosmology.redshift_of(np.array([0.125]), np.array([0.02]), "star_formation")[0]
    assert half == pytest.approx(0.01, rel=0.05)


# Table 3 of Cardelli, Clayton & Mathis 1989, R_V = 3.1: x in 1/micron, A(x) / A(V).
@pytest.mark.parametrize(
    ("x", "expected"),
    [(2.78, 1.569), (0.63, 0.190), (1.82, 1.0), (1.43, 0.751), (1.11, 0.479), (0.80, 0.282)],
)
def test_ccm89_published(x: float, expected: float) -> None:
    assert dust.ccm89(np.array([1e4 / x]))[0] == pytest.approx(expected, abs=0.003)


def test_ccm89_defines_the_colour_excess() -> None:
    # At B (y = 0.45) both polynomials of equation 3 sum to 1.000, so A(B) / A(V) = 1 + 1 / 3.1 and
    # A(B) - A(V) = E(B-V) as it must.
    assert dust.ccm89(np.array([1e4 / 2.27]))[0] == pytest.approx(1 + 1 / 3.1, abs=1e-3)


def test_ccm89_joins_smoothly() -> None:
    for x in (1.1, 3.3, 5.9):  # borders of infrared, optical and ultraviolet
        sides = dust.ccm89(1e4 / np.array([x - 1e-6, x + 1e-6]))
        assert sides[0] == pytest.approx(sides[1], rel=0.01)


def test_transmission_of_one_magnitude() -> None:
    # E(B-V) = 1 / 3.1 is A(V) = 1 mag at x = 1.82: 10^-0.4 of the light passes.
    passed = dust.transmission(np.array([1e4 / 1.82]), np.array([1 / 3.1]))
    assert passed[0] == pytest.approx(10**-0.4, rel=1e-6)


@pytest.mark.parametrize("name", ["g", "r"])
def test_flat_ab_spectrum_has_its_magnitude(name: str) -> None:
    # f_nu = 3631 Jy 10^(-0.4 20) at all wavelengths is 20 mag in every band, so colour 0.
    band = bands.ZTF[name]
    f_nu = 3631e-23 * 10 ** (-0.4 * 20)
    f_lambda = f_nu * bands.LIGHT / band.wavelength**2 / 1e-15
    assert bands.magnitude((f_lambda * band.weight).sum()) == pytest.approx(20, abs=1e-4)


def test_half_power() -> None:
    np.testing.assert_allclose(
        bands.response(np.array([4143.0, 5463.0, 4800.0, 4000.0]), 4143, 5463), [0.5, 0.5, 1, 0]
    )


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["g", "r"])
def test_half_power_of_the_real_filters(name: str, realdata) -> None:
    file = realdata / "templates" / "filters" / f"Palomar_ZTF.{name}_AB.dat"
    wavelength, through = np.loadtxt(file).T
    inside = wavelength[through > through.max() / 2]
    np.testing.assert_allclose(inside[[0, -1]], bands.HALF_POWER[name], atol=1.5)


def test_flux_and_magnitude_invert() -> None:
    mag = np.array([14.0, 20.5])
    np.testing.assert_allclose(bands.magnitude(bands.flux(mag)), mag)
    assert bands.flux(31.4) == pytest.approx(1.0)  # nJy
