"""Geometry of eclipses, against numbers derived by hand and integrals done numerically."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightjar.simulate.stars import binaries, eclipses


def _pair(**change) -> dict[str, np.ndarray]:
    """A wide pair of equal stars seen edge-on, too small to be stretched or lit."""
    values = {
        "period": 4.0, "phase": 0.0, "mass_ratio": 1.0, "radius_1": 0.01, "radius_2": 0.01,
        "surface_ratio": 1.0, "inclination": 90.0, "eccentricity": 0.0, "periastron": 0.0,
        "spot": 0.0,
    }  # fmt: skip
    return {name: np.array([value]) for name, value in (values | change).items()}


def _mag(latents: dict[str, np.ndarray], turns: list[float]) -> np.ndarray:
    return binaries.curve(latents, np.array([turns]) * latents["period"][:, None])[0]


@given(st.floats(0, 2.5), st.floats(0.05, 1), st.floats(0.05, 1))
def test_overlap_is_the_area_of_both(distance: float, one: float, other: float) -> None:
    # Strips perpendicular to the line of centres: the shorter of the two chords at each x.
    x = np.linspace(-1.0, 3.6, 20001)
    chords = [np.sqrt(np.maximum(r**2 - (x - c) ** 2, 0)) for r, c in ((one, 0), (other, distance))]
    area = 2 * np.trapezoid(np.minimum(*chords), x)
    found = eclipses.overlap(np.array(distance), np.array(one), np.array(other))
    assert found == pytest.approx(area, abs=2e-4)


@pytest.mark.parametrize("distance", [0.0, 0.2, 0.55, 0.9, 1.2])
def test_hidden_light_of_a_darkened_disc(distance: float) -> None:
    # The brightness 1 - u (1 - mu) summed over a fine grid of the star's disc.
    u, occulter = 0.6, 0.4
    x, y = np.meshgrid(*2 * [np.linspace(-1, 1, 1501)])
    rho2 = x**2 + y**2
    light = np.where(rho2 < 1, 1 - u * (1 - np.sqrt(np.maximum(1 - rho2, 0))), 0)
    behind = (x - distance) ** 2 + y**2 < occulter**2
    found = eclipses.hidden(np.array(distance), np.array(1.0), np.array(occulter), u)
    assert found == pytest.approx(light[behind].sum() / light.sum(), abs=2.5e-3)


def test_total_eclipse_of_equal_stars() -> None:
    # Half of the light is left: 2.5 log10(2) = 0.7526 mag, in both eclipses.
    mag = _mag(_pair(), [0.0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(mag, [0.7526, 0, 0.7526, 0], atol=3e-4)


def test_annular_and_total_eclipse_of_unequal_stars() -> None:
    # Star 2 of radius k r and no light covers k^2 of a uniform disc; the disc's middle is brighter.
    # For I = 1 - u + u mu the light inside k is (1-u) k^2 + (2u/3) (1 - (1-k^2)^1.5) over 1 - u/3.
    k, u = 0.3, binaries.DARKENING
    mag = _mag(_pair(radius_2=0.003, surface_ratio=1e-9), [0.0, 0.5])
    lost = ((1 - u) * k**2 + 2 * u / 3 * (1 - (1 - k**2) ** 1.5)) / (1 - u / 3)
    np.testing.assert_allclose(mag, [-2.5 * np.log10(1 - lost), 0.0], atol=2e-3)
    # A small star as bright per area: its share k^2 / (1 + k^2) is lost when it is behind.
    mag = _mag(_pair(radius_2=0.003), [0.5])
    np.testing.assert_allclose(mag, 2.5 * np.log10(1 + k**2), atol=3e-4)


def test_duration_follows_from_radii_and_inclination() -> None:
    # Contact where sin^2 theta sin^2 i + cos^2 i = (r1 + r2)^2; here i = 85 deg, r1 + r2 = 0.2.
    pair = _pair(radius_1=0.12, radius_2=0.08, inclination=85.0, mass_ratio=1e-6)
    cos_i = np.cos(np.radians(85.0))
    half = np.arcsin(np.sqrt((0.2**2 - cos_i**2) / (1 - cos_i**2))) / (2 * np.pi)
    turns = np.linspace(0.005, 0.1, 2000)
    light = eclipses.overlap(
        np.sqrt(1 - (np.sin(np.radians(85)) * np.cos(2 * np.pi * turns)) ** 2),
        np.array(0.12), np.array(0.08),
    )  # fmt: skip
    assert turns[light > 1e-9].max() == pytest.approx(half, abs=1e-3)
    inside, outside = _mag(pair, [half - 0.004, half + 0.002])
    assert inside - outside > 1e-3


def test_no_eclipse_when_the_orbit_is_seen_from_above() -> None:
    mag = _mag(_pair(inclination=60.0), np.linspace(0, 1, 50).tolist())
    assert np.ptp(mag) < 1e-3


def test_ellipsoidal_variation_as_morris() -> None:
    # Both stars: semi-amplitude 0.15 (15+u)(1+g)/(3-u) q r^3 of the light, twice in a cycle.
    u, g, r = binaries.DARKENING, binaries.GRAVITY, 0.12
    pair = _pair(radius_1=r, radius_2=r, inclination=60.0)
    turns = np.linspace(0, 1, 200, endpoint=False)
    light = 10 ** (-0.4 * _mag(pair, turns.tolist()))
    found = -2 * np.mean(light * np.cos(4 * np.pi * turns))
    expected = 0.15 * (15 + u) * (1 + g) / (3 - u) * r**3 * np.sin(np.radians(60)) ** 2
    # The lit hemispheres add a term of the same period: 2/3 A r^2 (1/2 - 1/pi) sin^2 i / 2.
    lit = binaries.ALBEDO * 2 / 3 * r**2 * (0.5 - 1 / np.pi) * 0.75 / 2
    assert found + lit == pytest.approx(expected, rel=0.1)


def test_kepler() -> None:
    mean, e = np.meshgrid(np.linspace(-3.14, 3.14, 301), np.linspace(0, 0.65, 14))
    anomaly = eclipses.eccentric_anomaly(mean, e)
    np.testing.assert_allclose(anomaly - e * np.sin(anomaly), mean, atol=1e-9)


def test_eccentric_orbit_moves_and_stretches_the_second_eclipse() -> None:
    # Periastron at 0 deg: by symmetry E = -/+ arccos(e), sin E = sqrt(1-e^2) at both conjunctions;
    # the shorter way takes (arccos(e) - e sqrt(1-e^2)) / pi of the period.
    e = 0.3
    pair = _pair(eccentricity=e, periastron=0.0)
    short = (np.arccos(e) - e * np.sqrt(1 - e**2)) / np.pi
    second = binaries.secondary_phase(pair)[0]
    assert min(second, 1 - second) == pytest.approx(short)
    np.testing.assert_allclose(_mag(pair, [0.0, second]), 0.7526, atol=1e-3)
    assert abs(_mag(pair, [0.5])[0]) < 1e-3


def test_roche_lobes_and_axis() -> None:
    # Eggleton 1983: 0.379 for equal masses; the Earth's orbit is 215.03 solar radii.
    assert eclipses.roche_lobe(np.array(1.0)) == pytest.approx(0.379, abs=5e-4)
    assert binaries.axis(np.array(1.0), np.array(365.25)) == pytest.approx(215.03)
    # A star that fills its lobe at equal masses: Roche surface 0.456 by 0.374 long and wide.
    assert eclipses.elongation(np.array(0.379), np.array(1.0)) == pytest.approx(1.21, abs=0.04)


def test_surface_brightness_of_equal_temperatures() -> None:
    assert binaries.surface_ratio(np.array(6e3), np.array(6e3)) == pytest.approx(1)
    # Rayleigh-Jeans: brightness proportional to temperature for hot stars.
    assert binaries.surface_ratio(np.array(8e6), np.array(4e6)) == pytest.approx(0.5, abs=1e-3)
