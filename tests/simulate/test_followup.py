"""Several spectra of an object: when they are taken, and what they share."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from nightjar import samples
from nightjar.errors import InputError
from nightjar.simulate import explosions, supernovae
from nightjar.simulate import populations as pop
from nightjar.tables import Tables

EVEN = dict.fromkeys(pop.CLASSES, 0.2)
ALL = {
    "spectra": 3,
    "phases": (-15.0, 120.0),
    "magnitude_limit": (13.0, 19.3),
    "follow_up": (20.0, 300.0),
}


def tables(objects: int, population: str = "pretraining", **changes) -> Tables:
    asked = {"classes": EVEN, "noise": True, "spectrum_snr": 5.0, "min_points": 4, **changes}
    return supernovae.simulate(objects, 7, population=population, progress=False, **asked)


def spectra(objects: int, population: str = "pretraining", **changes) -> pd.DataFrame:
    """Spectra with their objects' columns, and ``age`` and ``phase`` in rest-frame days."""
    made = tables(objects, population, **changes)
    table = pd.concat(list(made.spectra), ignore_index=True).merge(made.objects, on="object_id")
    table["age"] = (table["time"] - table["explosion_time"]) / (1 + table["redshift"])
    return table.assign(phase=table["age"] - table["peak_time"])


def _same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


@pytest.mark.parametrize("population", ["pretraining", "observed"])
def test_the_first_spectrum_does_not_depend_on_how_many_follow(population: str) -> None:
    one, three = (spectra(12, population, spectra=n) for n in (1, 3))
    assert three["object_id"].tolist() == [name for name in one["object_id"] for _ in range(3)]
    _same(three.groupby("object_id", sort=False).nth(0), one)
    two = spectra(12, population, spectra=2)
    _same(three.groupby("object_id", sort=False).nth(1), two.groupby("object_id").nth(1))


def test_every_spectrum_has_its_own_time_and_noise() -> None:
    table = spectra(60, spectra=2, phases=(5.0, 5.001))
    # At one time the light is the same; the noise is not, and nothing connects the two: the
    # correlation of 60 x 220 pairs of pixels has a standard deviation of 0.009.
    true, flux, error = (np.stack(table[c]) for c in ("flux_perfect", "flux", "flux_err"))
    np.testing.assert_allclose(true[::2], true[1::2], rtol=1e-3, atol=1e-9)
    pull = (flux - true) / error
    assert abs(np.corrcoef(pull[::2].ravel(), pull[1::2].ravel())[0, 1]) < 0.05
    times = spectra(60, spectra=2, phases=(-10.0, 30.0))["phase"].to_numpy()
    assert abs(np.corrcoef(times[::2], times[1::2])[0, 1]) < 0.45  # sd 0.13


def test_phases_are_uniform() -> None:
    phase = spectra(150, spectra=3, phases=(0.0, 100.0))["phase"]
    assert phase.between(0, 100).all()
    assert kstest(phase / 100, "uniform").pvalue > 1e-3


def test_no_spectrum_before_the_first_day() -> None:
    # A SN II peaks about a week after it explodes: from the first day to peak, evenly.
    table = spectra(60, spectra=2, phases=(-60.0, 0.0), classes={"SN II": 1.0})
    assert table["age"].min() >= 1 - 1e-6
    assert kstest((table["age"] - 1) / (table["peak_time"] - 1), "uniform").pvalue > 1e-3
    # None of it after the explosion: all on the first day.
    early = spectra(5, phases=(-300.0, -200.0))
    np.testing.assert_allclose(early["age"], 1.0, atol=1e-6)


def test_light_that_ends_is_covered_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    # An engine that is dark from 30 days after peak on, as SED series end: of spectra from peak to
    # 120 days three quarters are taken again, evenly over the 30 days that have light.
    made = explosions.luminosity_density

    def short(kind, latents, age, *rest):
        return made(kind, latents, age, *rest) * (age < latents["peak_time"] + 30)[:, None]

    monkeypatch.setattr(explosions, "luminosity_density", short)
    phase = spectra(100, spectra=3, phases=(0.0, 120.0))["phase"]
    assert phase.between(0, 30).all()
    assert kstest(phase / 30, "uniform").pvalue > 1e-3


def test_late_spectra_have_the_stated_noise() -> None:
    table = spectra(40, spectra=2, phases=(100.0, 120.0))
    true, error = (np.stack(table[c]) for c in ("flux_perfect", "flux_err"))
    assert np.isfinite(np.stack(table["flux"])).all()
    assert (true > 0).all()
    np.testing.assert_allclose(np.median(true / error, axis=1), 5, rtol=1e-3)


def _everything(made: Tables) -> list[bytes]:
    frames = [made.objects, *(pd.concat(list(t)) for t in (made.photometry, made.spectra))]
    return [
        b"".join(np.asarray(cell).tobytes() for cell in frame[name])
        for frame in frames
        for name in frame.columns
    ]


def test_chunks_and_processes_change_nothing() -> None:
    whole = _everything(tables(20, chunk=20, **ALL))
    assert whole == _everything(tables(20, chunk=7, threads=2, **ALL))


def test_more_objects_change_nothing() -> None:
    few, many = spectra(5, **ALL), spectra(11, **ALL)
    _same(few, many.iloc[:15])


def test_the_mock_survey_can_take_several_too() -> None:
    table = spectra(10, "observed", spectra=4, phases=(-5.0, 50.0))
    assert table.groupby("object_id").size().tolist() == [4] * 10
    assert table["phase"].between(-5, 50).all()


def test_a_sample_holds_all_of_them(tmp_path) -> None:
    made = tables(6, **ALL)
    asked = {"bands": None, "classes": None, "min_points": 4, "group_radius": 0.0}
    assert not samples.write(made, tmp_path / "sample", progress=False, **asked)
    sample = samples.open(tmp_path / "sample")
    assert sample.objects["magnitude_limit"].between(13, 19.3).all()
    assert len(sample.spectra.object_id) == 18


@pytest.mark.parametrize(
    ("key", "value"), [("spectra", 0), ("phases", (10.0, 10.0)), ("phases", (120.0, -10.0))]
)
def test_what_cannot_be_taken_is_refused(key: str, value: object) -> None:
    with pytest.raises(InputError, match=f"^{key}: "):
        tables(1, **{key: value})
