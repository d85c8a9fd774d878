"""K-correction, time dilation and dust by hand, with engines whose light is known."""

import numpy as np
import pandas as pd
import pytest

from nightjar.simulate import bands, cosmology, supernovae
from nightjar.simulate.events import Events, fluxes
from nightjar.simulate.populations import Latents
from nightjar.simulate.randomness import Floats

LIGHT = 2.99792458e18  # Angstrom / s


class PowerLaw:
    """L_nu = 1e28 (nu / 5e14 Hz)^alpha erg/s/Hz at all times."""

    names = ()

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def complete(self, kind: str, latents: Latents) -> Latents:
        return latents

    def luminosity_density(
        self,
        kind: str,
        latents: Latents,
        age: Floats,
        wavelength: Floats,
        scales: Floats,
        resolution: Floats,
    ) -> Floats:
        frequency = LIGHT / wavelength
        return 1e28 * (frequency / 5e14) ** self.alpha * LIGHT / wavelength**2


class Flash(PowerLaw):
    """Bright from day 10 to day 20 after the explosion, in its rest frame, and dark else."""

    def complete(self, kind: str, latents: Latents) -> Latents:
        return {**latents, "peak_time": np.full_like(latents["redshift"], 15.0)}

    def luminosity_density(
        self,
        kind: str,
        latents: Latents,
        age: Floats,
        wavelength: Floats,
        scales: Floats,
        resolution: Floats,
    ) -> Floats:
        light = super().luminosity_density(kind, latents, age, wavelength, scales, resolution)
        return light * np.where((age > 10) & (age < 20), 1e2, 1e-30)[:, None]


def magnitudes(alpha: float, redshift: Floats, band: str, **latents: float) -> Floats:
    n = len(redshift)
    given = {"mwebv": 0.0, "host_ebv": 0.0, "host_rv": 3.1, "colour_c": np.nan, "template": -1.0}
    columns = {name: np.full(n, value) for name, value in (given | latents).items()}
    events = Events(
        np.arange(n), np.full(n, "SN Ia"), {"redshift": redshift, **columns}, np.ones((n, 20)),
        PowerLaw(alpha),
    )  # fmt: skip
    code, seen = np.zeros(1, np.int64), np.ones((n, 1), bool)
    flux = fluxes(events, code, np.full((n, 1), 20.0), seen, [bands.named(band)])
    return bands.magnitude(flux[:, 0])


@pytest.mark.parametrize("alpha", [-2.0, -1.0, 0.0, 1.5])
@pytest.mark.parametrize("band", ["g", "r", "V"])
def test_k_correction_of_a_power_law(alpha: float, band: str) -> None:
    # f_nu = (1 + z) L_nu(nu (1 + z)) / (4 pi d_L^2) = (1 + z)^(1 + alpha) L_nu(nu) / (4 pi d_L^2),
    # so beyond the distance modulus m shifts by -2.5 (1 + alpha) log10(1 + z).
    redshift = np.array([0.01, 0.1, 0.5])
    reduced = magnitudes(alpha, redshift, band) - cosmology.modulus(redshift)
    expected = -2.5 * (1 + alpha) * np.log10((1 + redshift) / (1 + redshift[0]))
    np.testing.assert_allclose(reduced - reduced[0], expected, atol=1e-4)


def test_absolute_magnitude_of_a_flat_spectrum() -> None:
    # L_nu = 1e28 erg/s/Hz at 10 pc, 4 pi (3.0857e19 cm)^2 = 1.19650e40 cm^2: f_nu = 8.3577e-13
    # erg/s/cm^2/Hz, m_AB = -2.5 log10 f_nu - 48.6 = 30.195 - 48.6 = -18.405.
    redshift = np.array([0.05])
    absolute = magnitudes(0.0, redshift, "r") - cosmology.modulus(redshift)
    assert absolute[0] + 2.5 * np.log10(1.05) == pytest.approx(-18.405, abs=1e-3)


def test_milky_way_dust_by_hand() -> None:
    # E(B-V) = 0.1 takes A(V) = 0.31 mag in V (CCM89 with R_V = 3.1 defines it at 5495 Angstrom),
    # and 0.1 more in B.
    redshift = np.array([0.02])
    lost = {
        name: (magnitudes(0, redshift, name, mwebv=0.1) - magnitudes(0, redshift, name))[0]
        for name in "BV"
    }
    assert lost["V"] == pytest.approx(0.31, abs=0.01)
    assert lost["B"] - lost["V"] == pytest.approx(0.1, abs=0.01)


def test_host_dust_acts_in_the_rest_frame() -> None:
    # At z = 0.24 the V band (5450 Angstrom) sees 4400 Angstrom of the host: R_V + 1 = 4.1 E(B-V).
    redshift = np.array([0.24])
    dimmed = magnitudes(0, redshift, "V", host_ebv=0.1) - magnitudes(0, redshift, "V")
    assert dimmed[0] == pytest.approx(0.41, abs=0.015)


def test_ten_days_of_light_last_longer_by_the_redshift() -> None:
    tables = supernovae.simulate(
        60,
        1,
        population="pretraining",
        classes={"SN Ia": 1.0},
        noise=True,
        spectrum_snr=5,
        min_points=2,
        engine=Flash(0.0),
        progress=False,
    )
    table = pd.concat(tables.photometry).merge(tables.objects, on="object_id")
    age = table["time"] - table["explosion_time"]
    one = 1 + table["redshift"]
    assert (age > 10 * one).all()
    assert (age < 20 * one).all()
    assert (age / one).max() > 19
    assert (age / one).min() < 11
