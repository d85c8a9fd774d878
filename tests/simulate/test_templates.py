"""The template engine: against sncosmo, by hand, and where it ends."""

import sys
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy.cosmology import Planck18

from nightjar.errors import InputError
from nightjar.simulate import bands, dust, explosions, light, series, supernovae, templates
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop

sncosmo = pytest.importorskip("sncosmo")

PHASES = np.arange(-20.0, 61.0)
WAVES = np.arange(2500.0, 10001.0, 20.0)
SHORT = np.ones((2, len(WAVES)))  # a flux of two phases
IBC = {"SN Ib/c": 1.0}


def shape(phase: np.ndarray) -> np.ndarray:
    """One at day 0, where the slope 2 / (t + 20) - 1 / 10 vanishes; zero at day -20."""
    return (1 + phase / 20) ** 2 * np.exp(-phase / 10)


def write_series(folder: Path, name: str, kind: str, **changes: Any) -> None:
    """A series that is flat in flux per frequency, so of colour 0 in the AB system."""
    flux = shape(PHASES)[:, None] * (5000.0 / WAVES) ** 2
    arrays = {"phase": PHASES, "wave": WAVES, "flux": flux, "meta": f"{{'type': '{kind}'}}"}
    (folder / "sed").mkdir(exist_ok=True)
    np.savez(folder / "sed" / f"{name}.npz", **{**arrays, **changes})


def write_grid(path: Path, phase: np.ndarray, wave: np.ndarray, value: np.ndarray) -> None:
    rows = (
        (t, w, v)
        for t, line in zip(phase, value, strict=True)
        for w, v in zip(wave, line, strict=True)
    )
    path.write_text("".join(f"{t} {w} {v:.8e}\n" for t, w, v in rows))


def write_salt(folder: Path) -> None:
    """A SALT2 model with bumps in wavelength, a second component and a colour law."""
    phase, wave = np.arange(-20.0, 51.0), np.arange(2000.0, 9210.0, 10.0)
    rise = np.where(phase < 0, np.cos(np.pi * phase / 40) ** 2, np.exp(-(phase**2) / 1000))
    lines = 1 + 0.3 * np.sin(wave / 70.0)
    mean = rise[:, None] * lines * (5000 / wave) ** 2
    stretch = 0.1 * (np.abs(phase) / 20)[:, None] * mean
    folder.mkdir()
    write_grid(folder / "salt2_template_0.dat", phase, wave, mean)
    write_grid(folder / "salt2_template_1.dat", phase, wave, stretch)
    few = np.array([-20.0, 0.0, 50.0]), np.array([2000.0, 5000.0, 9200.0])
    for name in ("relative_variance_0", "relative_variance_1", "relative_covariance_01"):
        write_grid(folder / f"salt2_lc_{name}.dat", *few, np.full((3, 3), 1e-4))
    write_grid(folder / "salt2_lc_dispersion_scaling.dat", *few, np.ones((3, 3)))
    (folder / "salt2_color_dispersion.dat").write_text("2000 0.02\n9200 0.02\n")
    (folder / "salt2_color_correction.dat").write_text(
        "4\n-0.504294\n0.787691\n-0.461715\n0.0815619\nSalt2ExtinctionLaw.version 1\n"
        "Salt2ExtinctionLaw.min_lambda 2800\nSalt2ExtinctionLaw.max_lambda 7000\n"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("templates")
    for name, kind in (("one", "Ib"), ("two", "Ic"), ("three", "IIP (a remark)")):
        write_series(path, name, kind)
    write_salt(path / "salt2-toy")
    return path


@pytest.fixture(scope="module")
def engine(folder: Path) -> templates.Templates:
    found = light.engine("templates", folder)
    assert isinstance(found, templates.Templates)
    return found


def latents(number: int, **changes: np.ndarray | float) -> pop.Latents:
    """Latent parameters of ``number`` events at z = 0.05 without dust, of the first series."""
    values = {
        **{"redshift": 0.05, "peak_abs_mag": -19.0, "host_ebv": 0.0, "host_rv": 3.1, "mwebv": 0.0},
        **{"stretch_x1": np.nan, "colour_c": np.nan, "template": 0.0, **changes},
    }
    return {name: np.full(number, value) for name, value in values.items()}


def events(engine: light.Engine, kind: str, latent: pop.Latents) -> ev.Events:
    number = len(latent["redshift"])
    scales = np.ones((number, pop.LINES_MAX))
    return ev.Events(np.arange(number), np.full(number, kind), latent, scales, engine)


# --- against sncosmo -----------------------------------------------------------------------------


def magnitude_in_b(source: Any, phase: np.ndarray) -> float:
    """Brightest AB magnitude of a source in B at any of these phases."""
    band = bands.named("B")
    through = sncosmo.Bandpass(band.wavelength, band.transmission)
    zero = sncosmo.get_magsystem("ab").zpbandflux(through)
    flux = sncosmo.Model(source).bandflux(through, phase)
    return float(-2.5 * np.log10(flux.max() / zero))


def sncosmo_magnitudes(
    source: Any, begin: float, one: dict[str, float], age: np.ndarray, band: str, top: float
) -> np.ndarray:
    """Magnitudes through ZTF's ``band``; ``top`` is the source's magnitude in B at maximum."""
    effects = [sncosmo.CCM89Dust(), sncosmo.CCM89Dust()]
    model = sncosmo.Model(source, effects, ["host", "mw"], ["rest", "obs"])
    z = one["redshift"]
    names = {"hostebv": "host_ebv", "hostr_v": "host_rv", "mwebv": "mwebv"}
    model.set(z=z, t0=0.0, **{ours: one[theirs] for ours, theirs in names.items()})
    modulus = Planck18.distmod(z).value
    factor = 10 ** (-0.4 * (one["peak_abs_mag"] + modulus - top))
    model.set(**{source.param_names[0]: factor * source.parameters[0]})
    wave = np.arange(4000.0, 7400.0, 1.0)
    through = bands.response(wave, *bands.HALF_POWER[band])
    inside = through > 0
    passband = sncosmo.Bandpass(wave[inside], through[inside])
    return model.bandmag(passband, "ab", (begin + age) * (1 + z))


def our_magnitudes(kind: str, of: ev.Events, age: np.ndarray, band: str) -> np.ndarray:
    code = np.full(len(age), "gr".index(band))
    ages = np.tile(age, (len(of.rows), 1))
    return bands.magnitude(ev.fluxes(of, code, ages, np.ones(ages.shape, dtype=bool)))


def check_salt(engine: templates.Templates, found: list[series.Series]) -> None:
    """Every SALT model, through sncosmo's own Model, dust and integration, to 1 mmag."""
    rng = np.random.default_rng(3)
    age = np.array([7.0, 11.3, 17.9, 24.25, 40.0, 55.5])
    compared = 0
    for code, one in enumerate(found):
        if not one.salt:
            continue
        begin = series.explosion(one)
        drawn = latents(
            6,
            template=float(code),
            redshift=np.array([0.004, 0.02, 0.05, 0.09, 0.2, 0.5]),
            stretch_x1=rng.uniform(-2, 2, 6),
            colour_c=rng.uniform(-0.25, 0.3, 6),
            host_ebv=rng.uniform(0, 0.5, 6),
            host_rv=rng.uniform(1.7, 3.5, 6),
            mwebv=rng.uniform(0, 0.2, 6),
        )
        for band in "gr":
            ours = our_magnitudes("SN Ia", events(engine, "SN Ia", drawn), age, band)
            for row, mags in enumerate(ours):
                event = {name: float(values[row]) for name, values in drawn.items()}
                source = one.source
                source.set(x0=1.0, x1=event["stretch_x1"], c=event["colour_c"])
                top = magnitude_in_b(source, np.zeros(1))
                theirs = sncosmo_magnitudes(source, begin, event, age, band, top)
                # SALT goes below zero in places; we take no light there, sncosmo negative light.
                low, high = bands.HALF_POWER[band]
                rest = np.arange(low - 45, high + 45, 5.0) / (1 + event["redshift"])
                bright = (source._flux(begin + age, rest) >= 0).all(axis=1)
                compared += int(bright.sum())
                worst = np.abs(mags - theirs)[bright].max()
                assert worst < 1e-3, f"{one.name} {band} {event}"
    assert compared > 100 or len(found) < 10


def check_time_series(engine: templates.Templates, found: list[series.Series]) -> None:
    """Every other series between its first and last phase, to 1 mmag."""
    for code, one in enumerate(found):
        if one.salt:
            continue
        begin = series.explosion(one)
        first = max(one.first - begin, 8.0)
        age = np.linspace(first, one.last - begin, 7)[:-1] + 0.123
        drawn = latents(1, template=float(code), mwebv=0.08, redshift=0.06)
        event = {name: float(values[0]) for name, values in drawn.items()}
        top = magnitude_in_b(one.source, np.linspace(one.first, one.last, 3000))
        for band in "gr":
            ours = our_magnitudes(one.kind, events(engine, one.kind, drawn), age, band)[0]
            theirs = sncosmo_magnitudes(one.source, begin, event, age, band, top)
            np.testing.assert_allclose(ours, theirs, atol=1e-3, err_msg=one.name)


def test_photometry_is_sncosmos(engine: templates.Templates, folder: Path) -> None:
    found = series.read(folder)
    check_salt(engine, found)
    check_time_series(engine, found)


@pytest.mark.realdata
def test_photometry_of_real_series_is_sncosmos(realdata: Path) -> None:
    found = series.read(realdata / "templates")
    engine = templates.tabulate(found)
    assert [one.name for one in found if one.salt] == ["salt2-4", "salt3-dovekie"]
    check_salt(engine, found)
    check_time_series(engine, found)


# --- by hand -------------------------------------------------------------------------------------


def simulated(engine: light.Engine, number: int = 24, **changes: Any) -> tuple[pd.DataFrame, ...]:
    """Objects, photometry joined to them, and spectra of a small survey."""
    asked = {
        **{"population": "pretraining", "classes": IBC, "noise": False, "spectrum_snr": 5.0},
        **{"min_points": 4, "progress": False, "engine": engine, **changes},
    }
    tables = supernovae.simulate(number, 11, **asked)
    photometry = pd.concat(list(tables.photometry), ignore_index=True)
    return tables.objects, photometry, pd.concat(list(tables.spectra), ignore_index=True)


def test_distance_dilation_and_dust_through_the_whole_chain(engine: templates.Templates) -> None:
    # Light flat in frequency has one magnitude in all bands: M = peak_abs_mag - 2.5 log10 shape.
    # From z, f_nu = (1 + z) L_nu / (4 pi d_L^2): m = M + mu - 2.5 log10(1 + z), at the phase
    # (t - explosion) / (1 + z) - 19.75 days: the series explodes where it passes 0.003; at day
    # -19.75 it has (0.25 / 20)^2 exp(1.975) = 0.0011, a quarter of a day later 0.0044.
    objects, photometry, _ = simulated(engine)
    assert objects["template"].isin(["one", "two"]).all()
    rows = photometry.merge(objects, on="object_id")
    one = 1 + rows["redshift"].to_numpy()
    phase = (rows["time"] - rows["explosion_time"]).to_numpy() / one - 19.75
    expected = rows["peak_abs_mag"] - 2.5 * np.log10(shape(phase) * one)
    expected += Planck18.distmod(rows["redshift"].to_numpy()).value
    for name in "gr":
        wave = np.arange(4000.0, 7400.0)
        photons = bands.response(wave, *bands.HALF_POWER[name]) / wave
        for index in rows.index[rows["band"] == name]:
            passed = dust.transmission(wave, rows["mwebv"][index])
            expected[index] -= 2.5 * np.log10((photons * passed).sum() / photons.sum())
    inside = (phase > -15) & (phase < 59)
    assert inside.sum() > 300
    np.testing.assert_allclose(rows["mag_perfect"][inside], expected[inside], atol=2e-3)


def test_extinction_of_a_reddened_series_is_in_its_magnitude(engine: templates.Templates) -> None:
    population, rows = pop.POPULATIONS["pretraining"], np.arange(60)
    ours = ev.draw(4, population, np.full(60, "SN Ib/c"), rows, 0, engine)
    plain = ev.draw(4, population, np.full(60, "SN Ib/c"), rows, 0)
    assert (ours.latents["host_ebv"] == 0).all()
    # A_B = (R_V + 1) E(B-V).
    dimming = (plain.latents["host_rv"] + 1) * plain.latents["host_ebv"]
    dimmer = ours.latents["peak_abs_mag"] - plain.latents["peak_abs_mag"]
    np.testing.assert_allclose(dimmer, dimming, atol=1e-9)
    salt = ev.draw(4, population, np.full(60, "SN Ia"), rows, 0, engine)
    assert (salt.latents["host_ebv"] > 0).all()


def test_light_after_the_series(engine: templates.Templates, folder: Path) -> None:
    one = series.read(folder)[1]
    # From day 45 to 60: 15 / 10 - 2 ln(80 / 65) e-folds, 1.0847, so 0.07231 a day; it goes on for
    # 40 days and then there is nothing.
    rate = series.decline(one)
    assert rate == pytest.approx(1.0847 / 15, rel=1e-3)
    age = np.array([60, 80, 99.9, 100.1]) - series.explosion(one)
    light = series.ages(one, age, np.array([5000.0]))[:, 0]
    assert light[1] / light[0] == pytest.approx(np.exp(-20 * rate))
    assert light[2] > 0
    assert light[3] == 0


def test_a_series_that_starts_late_is_led_back_to_zero(tmp_path: Path) -> None:
    phase = np.arange(-6.0, 30.0)
    rise = np.where(phase < 0, (1 + phase / 10) ** 2, np.exp(-phase / 20))
    flux = rise[:, None] * np.ones(len(WAVES))
    write_series(tmp_path, "late", "Ib", phase=phase, flux=flux)
    one = series.read(tmp_path)[0]
    # f = (t + 10)^2 / 100 at day -6 and a quarter of a day later: 0.16 and 0.180625, so that
    # t - t0 = 2 f / f' = 3.88; half of that time after t0 there is a fourth of the light.
    assert series.explosion(one) == pytest.approx(-9.88, abs=0.05)
    age = np.array([0.0, 0.5, 1.0]) * (-6 - series.explosion(one))
    light = series.ages(one, age, np.array([5000.0]))[:, 0]
    np.testing.assert_allclose(light / light[2], [0, 0.25, 1])


def test_a_series_that_starts_at_its_maximum_rises_in_a_week(tmp_path: Path) -> None:
    phase = np.arange(-7.0, 30.0)
    flux = np.exp(-phase / 50)[:, None] * np.ones(len(WAVES))
    write_series(tmp_path, "late", "II", phase=phase, flux=flux)
    assert series.explosion(series.read(tmp_path)[0]) == -7 - 7.5


# --- what is chosen ------------------------------------------------------------------------------


def test_series_only_where_they_cover_what_is_observed(engine: templates.Templates) -> None:
    # The time series begin at 2500 Angstrom: 3700 / 2500 - 1 = 0.48.  SALT: 3700 / 2000 - 1.
    redshift = np.array([0.01, 0.47, 0.49])
    chosen = engine.choose("SN Ib", redshift, np.zeros(3))
    assert [engine.names[i] if i >= 0 else None for i in chosen] == ["one", "one", None]
    assert (engine.choose("SN Ia", redshift, np.zeros(3)) >= 0).all()
    assert (engine.choose("SLSN-I", redshift, np.zeros(3)) < 0).all()
    # A spectrograph to 10500 Angstrom sees beyond the 10000 of the series, unless z > 0.05.
    wide = light.observing(engine, 4000.0, 10500.0)
    assert isinstance(wide, templates.Templates)
    assert (wide.choose("SN Ib", np.array([0.0, 0.06]), np.zeros(2)) >= 0).tolist() == [False, True]
    with pytest.raises(InputError, match="see 1500 to 9000 Angstrom, more than any of the 4"):
        light.observing(engine, 1500.0, 9000.0)


def test_every_series_has_its_share(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_series(tmp_path, name, "Ic")
    engine = templates.tabulate(series.read(tmp_path))
    uniform = (np.arange(300) + 0.5) / 300
    chosen = engine.choose("SN Ic", np.full(300, 0.03), uniform)
    assert np.bincount(chosen).tolist() == [100, 100, 100]


def test_classes_without_series_are_the_built_in_ones(engine: templates.Templates) -> None:
    classes = {"SLSN-I": 0.5, "SN IIn": 0.5}
    ours = simulated(engine, 8, classes=classes)
    plain = simulated(explosions, 8, classes=classes)
    assert (ours[0]["template"] == "builtin").all()
    for one, other in zip(ours, plain, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_same_columns_from_both_engines(engine: templates.Templates) -> None:
    even = dict.fromkeys(pop.CLASSES, 0.2)
    ours, plain = (simulated(which, 30, classes=even) for which in (engine, explosions))
    for one, other in zip(ours, plain, strict=True):
        assert one.columns.tolist() == other.columns.tolist()
        assert one.dtypes.tolist() == other.dtypes.tolist()
    made = ours[0]["template"] != "builtin"
    assert (made == ours[0]["class"].isin(["SN Ia", "SN II", "SN Ib/c"])).all()
    assert ours[0].loc[made, ["nickel_mass", "velocity", "floor_temperature"]].isna().all(axis=None)
    assert ours[0]["peak_time"].notna().all()
    assert (plain[0]["template"] == "builtin").all()


def test_objects_do_not_depend_on_the_chunk(engine: templates.Templates) -> None:
    even = dict.fromkeys(pop.CLASSES, 0.2)
    whole = simulated(engine, 25, classes=even, chunk=25)
    parts = simulated(engine, 20, classes=even, chunk=7)
    for one, other in zip(whole, parts, strict=True):
        first = one[one["object_id"].isin(other["object_id"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(first, other)


# --- bad input -----------------------------------------------------------------------------------


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        light.engine("templates", tmp_path / "nowhere")


def test_nothing_in_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no sed/\*\.npz and no salt2\* or salt3\*"):
        light.engine("templates", tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "Iax"}, r"x\.npz: unknown series of type 'Iax'; known: II, IIP"),
        ({"kind": "Ib", "flux": np.ones((3, 4))}, r"x\.npz: flux is not finite numbers of shape"),
        ({"kind": "Ib", "phase": PHASES[::-1]}, r"x\.npz: phase and wave must increase"),
        ({"kind": "Ib", "meta": "nothing"}, r"x\.npz: not a SED series"),
        ({"kind": "Ib", "phase": PHASES[:2], "flux": SHORT}, r"x\.npz: a series has 4 or more"),
        ({"kind": "Ib", "flux": np.zeros((81, 376))}, r"x\.npz: a series has .* and light"),
        ({"kind": "Ib", "wave": WAVES + 2500}, r"x\.npz: covers 5000 to 12500 .* 3600 to 5600"),
    ],
)
def test_bad_series(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_series(tmp_path, "x", **changes)
    with pytest.raises(InputError, match=message):
        light.engine("templates", tmp_path)


@pytest.mark.parametrize("content", [b"PK nothing", b"PK\x03\x04 cut short", b""])
def test_not_an_array_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "sed").mkdir()
    (tmp_path / "sed" / "x.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.npz: not a SED series"):
        light.engine("templates", tmp_path)


def test_incomplete_salt(tmp_path: Path) -> None:
    write_salt(tmp_path / "salt2-part")
    (tmp_path / "salt2-part" / "salt2_template_1.dat").unlink()
    with pytest.raises(InputError, match=r"salt2-part: lacks salt2_template_1\.dat"):
        light.engine("templates", tmp_path)


def test_unreadable_salt(tmp_path: Path) -> None:
    write_salt(tmp_path / "salt2-bad")
    (tmp_path / "salt2-bad" / "salt2_template_0.dat").unlink()
    (tmp_path / "salt2-bad" / "salt2_template_0.dat.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"salt2_template_0\.dat\.gz: not readable"):
        light.engine("templates", tmp_path)


def test_broken_salt(tmp_path: Path) -> None:
    write_salt(tmp_path / "salt2-bad")
    (tmp_path / "salt2-bad" / "salt2_template_0.dat").write_text("one two three\n")
    with pytest.raises(InputError, match="salt2-bad: not a SALT2 model"):
        light.engine("templates", tmp_path)


def test_without_sncosmo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sncosmo", None)
    with pytest.raises(InputError, match=r"pip install 'nightjar\[templates\]'"):
        light.engine("templates", folder)
    assert light.engine("builtin", folder) is explosions


def test_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_source(name: str) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(sncosmo, "get_source", get_source)
    with pytest.raises(InputError, match=r"salt3.*give a folder of series as templates"):
        light.engine("templates", None)


def test_the_registry_has_the_classes_that_it_should() -> None:
    kinds = {series._kind(label, name) for name, label in series.registered()}
    assert kinds == {"SN Ia", "SN II", "SN Ib", "SN Ic", "SN IIn"}
    names = [name for name, _ in series.registered()]
    assert all(name.endswith("-corr") for name in names[1:])
    assert "v19-1987a-corr" not in names
