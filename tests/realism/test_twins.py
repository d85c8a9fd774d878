"""Twins have everything of their real object but the physics."""

import numpy as np
import pytest

from nightjar.errors import InputError
from nightjar.realism import twins
from nightjar.realism.troughs import TROUGHS, velocity
from nightjar.simulate import bands, explosions
from nightjar.simulate.populations import POPULATIONS
from tests.realism.objects import PEAK, observed

PHYSICS = twins.Physics(POPULATIONS["observed"], explosions, 0)


def test_a_twin_has_times_bands_errors_and_wavelengths_of_its_object():
    real = observed()
    pair = twins.make([real], "SN Ia", PHYSICS)[0]
    assert pair.unseen == len(real.curve.time) - len(pair.real.curve.time)
    for name in ("time", "error", "band"):
        expected = getattr(pair.real.curve, name)
        np.testing.assert_array_equal(getattr(pair.twin.curve, name), expected)
    assert set(pair.real.curve.time) <= set(real.curve.time)
    assert not np.array_equal(pair.twin.curve.value, pair.real.curve.value)
    np.testing.assert_array_equal(pair.twin.spectrum.wavelength, real.spectrum.wavelength)
    assert pair.twin.spectrum.time == real.spectrum.time
    assert pair.twin._replace(curve=None, spectrum=None) == real._replace(curve=None, spectrum=None)


def test_a_twin_depends_on_name_and_seed_alone():
    objects = [observed("a"), observed("b", 0.1)]
    together = twins.make(objects, "SN II", PHYSICS)
    alone = twins.make(objects[1:], "SN II", PHYSICS)[0]
    np.testing.assert_array_equal(together[1].twin.curve.value, alone.twin.curve.value)
    np.testing.assert_array_equal(together[1].twin.spectrum.flux, alone.twin.spectrum.flux)
    other = twins.make(objects[1:], "SN II", PHYSICS._replace(seed=1))[0]
    assert not np.array_equal(other.twin.curve.value, alone.twin.curve.value)


def test_a_twin_of_a_twin_of_the_same_physics_is_that_twin():
    """Its own date fits a light curve best, so dating finds it again."""
    first = twins.make([observed()], "SN Ib/c", PHYSICS)[0].twin
    second = twins.make([first], "SN Ib/c", PHYSICS)[0]
    same = second.twin.curve.value - second.real.curve.value
    assert np.median(np.abs(same)) < 1e-9


def test_milky_way_dust_is_the_real_objects():
    """E(B-V) = 0.3 dims r by 2.3 to 2.7 x 0.3 mag (CCM89 at 6400 Angstrom: 0.85 x 3.1 = 2.6)."""
    clear, dusty = (
        twins.make([observed(mwebv=each)], "SN Ia", PHYSICS)[0].twin.curve for each in (0.0, 0.3)
    )
    red = clear.band == 1
    assert np.median((dusty.value - clear.value)[red]) == pytest.approx(0.3 * 2.6, abs=0.06)
    unknown = twins.make([observed(mwebv=np.nan)], "SN Ia", PHYSICS)[0].twin.curve
    np.testing.assert_array_equal(unknown.value, clear.value)


def test_johnson_bands_are_vega_magnitudes():
    """R(AB) - R(Vega) = 0.21 (Blanton & Roweis 2007); nothing is added to g and r."""
    assert twins._passband("R") == (bands.named("R"), 0.21)
    assert twins._passband("r") == (bands.named("r"), 0.0)
    with pytest.raises(InputError, match="no passband 'Q'"):
        twins._passband("Q")


def test_noise_is_found_under_lines():
    """5 % white noise on a spectrum with a wide line; an exact spectrum has none."""
    pixel = np.arange(2000.0)
    perfect = 1.0 - 0.5 * np.exp(-0.5 * ((pixel - 1000) / 60) ** 2)
    noisy = perfect * (1 + 0.05 * np.random.default_rng(0).normal(size=2000))
    assert np.median(twins.noise_share(noisy)) == pytest.approx(0.05, rel=0.1)
    assert twins.noise_share(perfect).max() < 1e-3
    assert not twins.noise_share(np.ones(3)).any()


@pytest.mark.parametrize("speed", [9000.0, 11000.0, 13500.0])
def test_the_trough_is_found(speed):
    """A P Cygni profile of Si II on a sloping continuum; the slope moves its minimum little."""
    wavelength = np.arange(5000.0, 7500.0, 4.0)
    centre = 6355 * (1 - speed / 299792.458)
    flux = (wavelength / 6000) ** -2 * (
        1
        - 0.5 * np.exp(-0.5 * ((wavelength - centre) / 45) ** 2)
        + 0.3 * np.exp(-0.5 * ((wavelength - 6355) / 60) ** 2)
    )
    assert velocity(wavelength, flux, TROUGHS["SN Ia"]) == pytest.approx(speed, abs=300)


def test_no_trough_no_velocity():
    wavelength = np.arange(5000.0, 7500.0, 4.0)
    assert np.isnan(velocity(wavelength, np.ones_like(wavelength), TROUGHS["SN Ia"]))
    assert np.isnan(velocity(wavelength[:100], np.ones(100), TROUGHS["SN Ia"]))


def test_phase_is_in_the_rest_frame():
    assert observed(redshift=0.5).phase(PEAK + 30.0) == pytest.approx(20.0)
