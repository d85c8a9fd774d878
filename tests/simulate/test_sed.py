"""Power sources, photosphere, lines: limits that can be worked out by hand."""

import numpy as np
import pytest

from nightjar.simulate import bands, engines, explosions, lines, sed
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop

DAYS = np.linspace(0.5, 60, 400)


def test_diffusion_of_constant_heating() -> None:
    # E(x) = exp(-x^2) int 2 x' exp(x'^2) dx' = 1 - exp(-x^2).
    x = np.array([0.3, 1.0, 2.5])
    row = engines._decay_table()[0]  # decay rate 0
    found = np.interp(x, np.arange(len(row)) * engines._X_STEP, row)
    np.testing.assert_allclose(found, 1 - np.exp(-(x**2)), atol=1e-3)


def test_arnett_peak_of_a_normal_ia() -> None:
    # 0.6 Msun: the decay alone gives about 0.6 (6.45 exp(-t/8.8) + 1.45 exp(-t/111)) 1e43 =
    # 1.3e43 erg/s at 18 days (Nadyozhin 1994), which is the peak by Arnett's rule.
    light = engines.arnett(DAYS, np.float64(0.6), np.float64(13.3), np.float64(36.0))
    assert 1.0e43 < light.max() < 2.0e43
    assert 14 < DAYS[light.argmax()] < 22


def test_arnett_late_is_cobalt() -> None:
    time = np.float64(150.0)
    light = engines.arnett(time, np.float64(1.0), np.float64(10.0), np.float64(1e4))
    cobalt = engines.SUN_MASS * engines.COBALT_POWER * np.exp(-150 / engines.COBALT_DAYS)
    assert light == pytest.approx(cobalt, rel=0.02)


def test_magnetar_radiates_its_energy_when_it_spins_down_slowly() -> None:
    # Spin-down long against diffusion: L = E / tau (1 + t / tau)^-2 after the rise.
    energy, tau, time = np.float64(1e51), np.float64(300.0), np.float64(100.0)
    expected = 1e51 / (300 * engines.DAY) * (1 + 100 / 300) ** -2
    assert engines.magnetar(time, energy, tau, np.float64(15.0)) == pytest.approx(
        expected, rel=0.03
    )


def test_plateau_drops() -> None:
    one = np.float64(1.0)
    light = engines.plateau(
        np.array([50.0, 90.0, 130.0]), one * 1e42, 1.25 * one, 110 * one, 0 * one, 0 * one
    )
    # s2 = 1.25 mag / 100 d: 0.5 mag in 40 days (and 0.7 % of the fall at 110 d); gone at 130 d.
    assert light[1] / light[0] == pytest.approx(10**-0.2, rel=0.01)
    assert light[2] < 0.01 * light[0]


def test_blackbody_integrates_to_one_and_peaks_at_wien() -> None:
    wavelength = np.geomspace(200, 1e6, 20001)
    light = sed.blackbody(wavelength, np.float64(8000.0))
    area = (0.5 * (light[1:] + light[:-1]) * np.diff(wavelength)).sum()
    assert area == pytest.approx(1, abs=2e-4)
    assert wavelength[light.argmax()] == pytest.approx(2.8978e7 / 8000, rel=1e-3)


@pytest.mark.parametrize("temperature", [5000.0, 9000.0, 20000.0])
@pytest.mark.parametrize("infrared", [-1.0, 1.5])
def test_blanketing_keeps_the_energy(temperature: float, infrared: float) -> None:
    wavelength = np.geomspace(400, 60000, 4001)[None, :]
    shape = lines.Shape((1.2,) * len(lines.NODES), (infrared,) * len(lines.NODES))
    heat = np.array([temperature])
    light = sed.continuum(wavelength, heat, np.ones(1), sed.Clock(heat), shape)[0]
    area = (0.5 * (light[1:] + light[:-1]) * np.diff(wavelength[0])).sum()
    assert area == pytest.approx(1, abs=0.01)


def test_courses_are_linear_in_log_temperature() -> None:
    # Half-way (in log) between the third and the fourth node, and held beyond the last.
    heat = np.array([np.sqrt(lines.NODES[2] * lines.NODES[3]), 1e5])
    course = tuple(float(i) for i in range(len(lines.NODES)))
    np.testing.assert_allclose(sed.Clock(heat)(course), [2.5, len(lines.NODES) - 1], rtol=1e-9)


def test_rows_do_not_depend_on_their_neighbours() -> None:
    # Lines are only drawn where they reach: leaving pixels out must change nothing.
    rng = np.random.default_rng(3)
    redshift = rng.uniform(0, 0.3, 40)
    wavelength = np.arange(3700.0, 9200.0, 25.0) / (1 + redshift[:, None])
    heat = rng.uniform(3000, 15000, 40)
    state = sed.State(np.ones(40), heat, heat, rng.uniform(3000, 15000, 40))
    table = lines.LINES["SN Ia"]
    scales, one = np.ones((40, len(table))), np.ones(40)
    together = sed.luminosity_density(
        wavelength, state, table, one, lines.SHAPES["SN Ia"], scales, 10 * one
    )
    for i in (0, 17):
        row = slice(i, i + 1)
        alone = sed.luminosity_density(
            wavelength[row],
            sed.State(*(x[row] for x in state)),
            table,
            one[row],
            lines.SHAPES["SN Ia"],
            scales[row],
            10 * one[row],
        )
        np.testing.assert_array_equal(alone[0], together[i])


def test_photosphere_follows_stefan_boltzmann() -> None:
    # L = 4 pi sigma T^4 (0.88 v t)^2 with L = 1e43 erg/s, v = 1e9 cm/s, t = 15 d = 1.296e6 s:
    # R = 1.1405e15 cm, T = (1e43 / (4 pi 5.6704e-5 1.3007e30))^0.25 = 10190 K.
    state = sed.photosphere(
        np.array([15.0]),
        np.array([1e43]),
        np.array([1e4]),
        np.array([1e4]),
        np.array([0.2]),
        15.0,
        np.array([10.0]),
    )
    assert state.temperature[0] == pytest.approx(10190, rel=2e-3)
    assert state.velocity[0] == pytest.approx(1e4)


def test_photosphere_has_a_floor() -> None:
    state = sed.photosphere(
        np.array([100.0]),
        np.array([1e41]),
        np.array([1e4]),
        np.array([1e4]),
        np.array([0.2]),
        15.0,
        np.array([5e3]),
    )
    assert state.temperature[0] == pytest.approx(5000, rel=0.01)


def _profile(line: lines.Line, resolution: float) -> tuple[np.ndarray, np.ndarray]:
    wavelength = np.arange(5000.0, 7500.0, 1.0)[None, :]
    profile = np.ones_like(wavelength)
    clock = sed.Clock(np.array([9000.0]))
    speed, one = np.array([10000.0]), np.ones(1)
    sed.add_line(profile, wavelength, line, speed, clock, one, np.array([resolution]))
    return wavelength[0], profile[0]


def test_trough_lies_at_the_velocity() -> None:
    # 6355 (1 - 10000 / 299792) = 6143 Angstrom.
    wavelength, profile = _profile(lines.Line("Si II", 6355, 0.5, 0.0), 0.0)
    assert wavelength[profile.argmin()] == pytest.approx(6143, abs=1)


def test_resolution_keeps_the_equivalent_width() -> None:
    line = lines.Line("H alpha", 6563, 0.0, 2.0, speed=0.0, width=400.0)
    sharp, blurred = (_profile(line, resolution)[1] - 1 for resolution in (0.0, 25.0))
    assert blurred.sum() == pytest.approx(sharp.sum(), rel=1e-3)
    assert blurred.max() < 0.5 * sharp.max()


def test_bump_is_a_bell_that_ends() -> None:
    u = np.array([0.0, 0.5, 2.9, -4.0])
    np.testing.assert_allclose(sed.bump(u), [1, np.exp(-0.125), 0, 0], atol=0.01)
    assert sed.bump(np.array([2.83]))[0] == 0


def _rest_photometry(kind: str) -> tuple[ev.Events, np.ndarray, np.ndarray]:
    """Magnitudes in B at 10 pc of events of a kind without dust, (events, times)."""
    name = "SN Ib/c" if kind in ("SN Ib", "SN Ic") else kind
    rows = np.arange(160)
    events = ev.draw(5, pop.POPULATIONS["pretraining"], np.full(160, name), rows, 0)
    events = events.take(events.kind == kind)
    band, time = bands.band(3980, 4920), np.geomspace(2, 90, 40)
    at = np.repeat(np.arange(len(events.rows)), len(time))
    ages = np.tile(time, len(events.rows))
    rest = np.tile(band.wavelength, (len(events.rows), 1))
    factor = np.full_like(rest, 1e15 / (4 * np.pi * 3.0856776e19**2))
    events.latents["redshift"] = np.zeros(len(events.rows))
    light = ev.received(kind, events, at, ages, ev.Sight(rest, factor), 25.0)
    mag = bands.magnitude((light * band.weight).sum(axis=1))
    return events, time, mag.reshape(len(events.rows), -1)


@pytest.mark.parametrize("kind", list(pop.KINDS))
def test_peak_magnitude_is_the_one_drawn(kind: str) -> None:
    events, _, mag = _rest_photometry(kind)
    difference = mag.min(axis=1) - events.latents["peak_abs_mag"]
    assert abs(difference.mean()) < 0.05
    assert difference.std() < 0.1


def test_ia_declines_as_observed() -> None:
    # Phillips 1999: delta m15(B) of normal SN Ia is 0.8 to 1.7 mag, 1.1 on average.
    _, time, mag = _rest_photometry("SN Ia")
    peak = mag.argmin(axis=1)
    late = [np.interp(time[p] + 15, time, m) - m[p] for p, m in zip(peak, mag, strict=True)]
    assert 0.8 < np.mean(late) < 1.4


def test_bright_ia_decline_slower() -> None:
    events, _, _ = _rest_photometry("SN Ia")
    x1, wide = events.latents["stretch_x1"], events.latents["timescale"]
    assert np.corrcoef(x1, wide)[0, 1] > 0.8


def test_engines_are_set_by_the_peak() -> None:
    events, _, _ = _rest_photometry("SLSN-I")
    found = explosions.power("SLSN-I", {k: v[:, None] for k, v in events.latents.items()}, DAYS)
    expected = events.latents["peak_luminosity"]
    rising = events.latents["peak_time"] > 55  # those peak after the grid of times ends
    np.testing.assert_allclose(found.max(axis=1)[~rising], expected[~rising], rtol=0.02)


def test_photometry_is_sncosmos() -> None:
    sncosmo = pytest.importorskip("sncosmo")
    kind, redshift = "SN Ia", 0.05
    events, _, _ = _rest_photometry(kind)
    events = events.take(np.array([0]))
    events.latents["redshift"][:] = redshift
    events.latents["colour_c"][:] = -0.084
    for latent in ("host_ebv", "mwebv"):
        events.latents[latent][:] = 0.0
    phase, wave = np.array([12.0, 20.0, 35.0]), np.arange(3300.0, 8000.0, 2.0)
    rest = ev.Sight(wave[None, :], np.ones((1, len(wave))))
    light = ev.received(kind, events, np.zeros(3, int), phase, rest, 25.0)
    source = sncosmo.TimeSeriesSource(phase, wave, light, time_spline_degree=1)
    model = sncosmo.Model(source)
    area = 1e-15 * ev.sight(events.latents, np.array([5000.0])).factor[0, 0] * (1 + redshift)
    model.set(z=redshift, t0=0.0, amplitude=area)
    for code, name in enumerate(("g", "r")):
        wavelength = np.arange(4000.0, 7400.0, 1.0)
        through = bands.response(wavelength, *bands.HALF_POWER[name])
        inside = through > 0
        band = sncosmo.Bandpass(wavelength[inside], through[inside], name=name)
        # sncosmo divides flux by (1 + z) and stretches time, as the light from Earth does.
        expected = model.bandmag(band, "ab", phase * (1 + redshift))
        visits = np.full(3, code)
        flux = ev.fluxes(events, visits, phase[None, :], np.ones((1, 3), dtype=bool))[0]
        np.testing.assert_allclose(bands.magnitude(flux), expected, atol=1e-3)
