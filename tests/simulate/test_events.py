"""Supernovae as seen from Earth: any passband, any pixels, both dusts, whatever makes the light."""

import numpy as np
import pytest

from nightjar.simulate import bands, cosmology, dust
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop
from nightjar.simulate.randomness import Floats
from nightjar.simulate.spectrographs import SEDM

POPULATION = pop.POPULATIONS["pretraining"]
AGES = np.array([6.0, 12.0, 20.0, 35.0])


class Flat:
    """An engine whose light is L_lambda = 1e38 (5000 / lambda)^2 (age / 10) erg/s/Angstrom."""

    def complete(self, kind: str, latents: pop.Latents) -> pop.Latents:
        return {**latents, "peak_time": np.full_like(latents["redshift"], 10.0)}

    def luminosity_density(
        self,
        kind: str,
        latents: pop.Latents,
        age: Floats,
        wavelength: Floats,
        scales: Floats,
        resolution: Floats,
    ) -> Floats:
        return 1e38 * (5000.0 / wavelength) ** 2 * (age / 10)[:, None]


def drawn(kind: str, number: int = 3, **latents: float) -> ev.Events:
    """Events of one kind, some of their latent parameters set."""
    name = "SN Ib/c" if kind in ("SN Ib", "SN Ic") else kind
    rows = np.arange(20 * number)
    events = ev.draw(5, POPULATION, np.full(len(rows), name), rows, 0)
    events = events.take(np.flatnonzero(events.kind == kind)[:number])
    for key, value in latents.items():
        events.latents[key][:] = value
    return events


@pytest.mark.parametrize("kind", list(pop.KINDS))
def test_built_in_light_in_sncosmo_gives_the_same_magnitudes(kind: str) -> None:
    sncosmo = pytest.importorskip("sncosmo")
    z = 0.08
    events = drawn(kind, 1, redshift=z, host_ebv=0.3, host_rv=2.6, mwebv=0.12, colour_c=-0.084)
    wave = np.arange(2600.0, 9000.0, 2.0)
    rest = ev.Sight(wave[None, :], np.ones((1, len(wave))))
    # `received` as the passbands see it: lines widened by 25 Angstrom in the observer frame.
    sed = ev.received(kind, events, np.zeros(4, int), AGES, rest, 25.0)
    source = sncosmo.TimeSeriesSource(AGES, wave, sed, time_spline_degree=1)
    effects = [sncosmo.CCM89Dust(), sncosmo.CCM89Dust()]
    model = sncosmo.Model(source, effects, ["host", "mw"], ["rest", "obs"])
    # sncosmo divides by 1 + z itself.
    area = 4 * np.pi * cosmology.distance(np.array([z]))[0] ** 2
    model.set(z=z, t0=0.0, hostebv=0.3, hostr_v=2.6, mwebv=0.12, amplitude=1 / area)
    names = ("g", "r", "V", "sdss i")
    passbands = [bands.named(name) for name in names]
    for code, name in enumerate(names):
        if name in bands.HALF_POWER:
            fine = np.arange(4000.0, 7400.0, 1.0)
            through = bands.response(fine, *bands.HALF_POWER[name])
        else:
            fine, through = passbands[code].wavelength, passbands[code].transmission
        inside = through > 0
        band = sncosmo.Bandpass(fine[inside], through[inside])
        expected = model.bandmag(band, "ab", AGES * (1 + z))
        visits = np.full(len(AGES), code)
        seen = np.ones((1, len(AGES)), dtype=bool)
        flux = ev.fluxes(events, visits, AGES[None, :], seen, passbands)[0]
        # Passbands known by a few points only differ in what lies between the points.
        exact = 1e-3 if name in bands.HALF_POWER else 4e-3
        np.testing.assert_allclose(bands.magnitude(flux), expected, atol=exact, err_msg=name)


def test_flux_by_hand() -> None:
    # L_nu = L_lambda lambda^2 / c = 1e38 * 5000^2 / 2.998e18 = 8.339e26 erg/s/Hz at age 10 days.
    # f_nu = (1 + z) L_nu / (4 pi d_L^2), in every band.  At z = 0.1 (Planck18) d_L = 475.8 Mpc =
    # 1.4682e27 cm: 1.1 * 8.339e26 / (4 pi 2.1556e54) = 3.3864e-29 erg/s/cm^2/Hz = 3386.4 nJy.
    events = drawn("SN IIn", 2, redshift=0.1, host_ebv=0.0, mwebv=0.0)._replace(engine=Flat())
    band = np.array([0, 1, 1])
    age = np.array([[10.0, 10.0, 20.0]] * 2)
    seen = np.array([[True, True, True], [True, False, True]])
    flux = ev.fluxes(events, band, age, seen)
    expected = 3386.4 * np.array([[1, 1, 2], [1, 0, 2]])
    np.testing.assert_allclose(flux, expected, rtol=5e-4)


def test_both_dusts_by_hand() -> None:
    # At an observed 6000 Angstrom from z = 0.2 the host dims light of 5000 Angstrom.
    clear = drawn("SN II", 1, redshift=0.2, host_ebv=0.0, mwebv=0.0)
    dusty = drawn("SN II", 1, redshift=0.2, host_ebv=0.2, host_rv=2.0, mwebv=0.1)
    wavelength = np.array([6000.0])
    ratio = ev.sight(dusty.latents, wavelength).factor / ev.sight(clear.latents, wavelength).factor
    host, galaxy = 0.2 * 2.0 * dust.ccm89(5000.0, 2.0), 0.1 * 3.1 * dust.ccm89(6000.0)
    assert ratio[0, 0] == pytest.approx(10 ** (-0.4 * (host + galaxy)))


def test_pixels_of_any_instrument() -> None:
    events = drawn("SN Ic", 2)
    age, host = np.full(2, 20.0), np.zeros(2)
    pixels = np.linspace(5000.0, 7000.0, 101)
    fine = ev.spectra(events, age, host, pixels, SEDM.line_spread)
    coarse = ev.spectra(events, age, host)
    assert fine.shape == (2, 101)
    assert coarse.shape == (2, SEDM.pixels)
    for one, other in zip(fine, coarse, strict=True):
        np.testing.assert_allclose(
            np.interp(SEDM.wavelength[80:120], pixels, one), other[80:120], rtol=0.02
        )


def test_host_light_as_asked() -> None:
    # As much host as supernova at 6000 Angstrom doubles the light there.
    events = drawn("SN Ia", 1, redshift=1e-3)
    age = np.full(1, 20.0)
    alone, beside = (ev.spectra(events, age, np.array([share]))[0] for share in (0.0, 1.0))
    middle = int(np.argmin(np.abs(SEDM.wavelength - 6000)))
    assert beside[middle] / alone[middle] == pytest.approx(2, rel=0.02)


def test_an_engine_of_ones_own() -> None:
    events = ev.draw(1, POPULATION, np.full(4, "SN IIn"), np.arange(4), 0, Flat())
    assert (events.latents["peak_time"] == 10).all()
    assert "nickel_mass" not in events.latents
    assert ev.templates(events).tolist() == ["builtin"] * 4


def test_take_and_concatenate_invert() -> None:
    events = ev.draw(3, POPULATION, np.full(6, "SN Ib/c"), np.arange(6), 0, Flat())
    halves = [events.take(np.arange(2)), events.take(np.arange(2, 6))]
    whole = ev.concatenate(halves)
    assert whole.engine is events.engine
    assert whole.kind.tolist() == events.kind.tolist()
    np.testing.assert_array_equal(whole.rows, events.rows)
    np.testing.assert_array_equal(whole.scales, events.scales)
    for name, values in events.latents.items():
        np.testing.assert_array_equal(whole.latents[name], values)


def test_events_do_not_depend_on_their_company() -> None:
    classes = np.array(["SN Ia", "SN II", "SN Ib/c", "SN IIn", "SLSN-I"])
    together = ev.draw(3, POPULATION, classes, np.arange(5), 0)
    for row, name in enumerate(classes):
        alone = ev.draw(3, POPULATION, np.array([name]), np.array([row]), 0)
        for latent, values in alone.latents.items():
            np.testing.assert_array_equal(values, together.latents[latent][[row]], err_msg=latent)
