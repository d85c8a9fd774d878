"""Simulated variable stars: classes, shapes, cadences, determinism."""

import numpy as np
import pandas as pd
import pytest

from nightjar.simulate import variables
from nightjar.simulate.randomness import draws
from nightjar.simulate.star import STAR_NORMALS, STAR_UNIFORMS, Star
from nightjar.simulate.stars import STARS
from nightjar.tables import check_objects, check_photometry


def _sample(unlabelled: int, labelled: int, **more) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables = variables.simulate(unlabelled, labelled, 3, **more)
    return tables.objects, pd.concat(list(tables.photometry), ignore_index=True)


@pytest.fixture(scope="module")
def sample() -> tuple[pd.DataFrame, pd.DataFrame]:
    return _sample(120, 120)


def _stars(kind: str, n: int = 50) -> Star:
    random = draws(0, kind, np.arange(n), STAR_UNIFORMS, STAR_NORMALS)
    return STARS[kind][0](random.uniform, random.normal)


def _folded(kind: str, n: int = 50) -> np.ndarray:
    """One cycle of each star from phase zero, (stars, 200)."""
    star = _stars(kind, n)
    phase = np.arange(200) / 200
    time = (phase[None, :] - star.uniform[:, -1:] + 1) * star.period[:, None]
    return STARS[kind][1](star, time)


def test_tables_are_clean(sample) -> None:
    objects, photometry = sample
    clean, nulled = check_objects(objects, "o")
    rows, dropped = check_photometry(photometry, "mag", "p")
    assert not nulled + dropped
    assert len(rows) == len(photometry)
    assert set(clean["object_id"]) == set(rows["object_id"])


def test_surveys_classes_and_bands(sample) -> None:
    objects, photometry = sample
    sets = objects.groupby("survey")["class"].agg(lambda c: set(c.dropna()))
    assert sets["macho"] == set()
    assert sets["alcock"] == {"Cep_0", "Cep_1", "EC", "LPV", "RRab", "RRc"}
    assert sets["atlas"] == {"CB", "DB", "Mira", "Pulse"}
    bands = photometry.merge(objects, on="object_id").groupby("survey")["band"].agg(set)
    assert bands.to_dict() == {"macho": {"R"}, "alcock": {"R"}, "atlas": {"o"}}


def test_rare_classes_have_enough(sample) -> None:
    objects, _ = sample
    counts = objects[objects["survey"] == "alcock"]["class"].value_counts()
    assert counts.min() >= 120 // 12 - 1
    assert counts.idxmax() in ("RRab", "EC")  # the catalogue's largest


def test_lengths(sample) -> None:
    _, photometry = sample
    counts = photometry.groupby("object_id").size()
    assert counts.max() <= 400
    assert counts.quantile(0.05) >= 100


def test_chunks_and_sizes_change_nothing(sample) -> None:
    objects, photometry = _sample(25, 25, chunk=9)
    again = sample[0][sample[0]["object_id"].isin(objects["object_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(objects, again)
    rows = sample[1][sample[1]["object_id"].isin(objects["object_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(photometry, rows, check_exact=True)


def test_atlas_comes_in_fours(sample) -> None:
    _, photometry = sample
    atlas = photometry[photometry["object_id"].str.startswith("SIM-ATLAS")]
    gaps = atlas.groupby("object_id")["time"].diff().dropna() * 1440  # minutes
    quarter = (gaps > 12) & (gaps < 18)
    assert 0.6 < quarter.mean() < 0.8  # three of four gaps, less those of faint or crowded nights


def test_macho_has_seasons(sample) -> None:
    _, photometry = sample
    macho = photometry[photometry["object_id"].str.startswith("SIM-MACHO")]
    day = np.mod(macho["time"] - 48860, 365.25)
    assert (day < 0.75 * 365.25 + 1.5).all()


def test_rrab_rises_fast() -> None:
    # Minimum light to maximum light takes less than a third of the period; 1 - that to fade.
    curve = _folded("RRab")
    rise = np.mod(curve.argmin(axis=1) - curve.argmax(axis=1), 200) / 200
    assert np.median(rise) < 0.33


def test_amplitudes_are_those_drawn() -> None:
    for kind in ("RRc", "Cep_0", "Cep_1"):
        spread = np.ptp(_folded(kind), axis=1)
        np.testing.assert_allclose(spread, _stars(kind).amplitude, rtol=0.02)


def test_rrab_periods_and_amplitudes_anticorrelate() -> None:
    star = _stars("RRab", 300)  # the Bailey diagram
    assert np.corrcoef(star.period, star.amplitude)[0, 1] < -0.5
    assert np.median(star.period) == pytest.approx(0.576, abs=0.02)


def test_cepheids_obey_leavitt() -> None:
    star = _stars("Cep_0", 300)
    slope = np.polyfit(np.log10(star.period), star.mag, 1)[0]
    assert slope == pytest.approx(-2.9, abs=0.2)


def test_eclipse_depth() -> None:
    # Phase 0 is mid-eclipse of the primary: the light lost there is the amplitude in mag.
    star = _stars("DB")
    middle = -star.uniform[:, -1:] * star.period[:, None]
    np.testing.assert_allclose(STARS["DB"][1](star, middle)[:, 0], star.amplitude, atol=1e-9)


def test_detached_binaries_are_flat_and_contact_ones_are_not() -> None:
    detached, close = _folded("DB"), _folded("CB")
    flat = (np.abs(detached - detached.min(axis=1, keepdims=True)) < 1e-6).mean(axis=1)
    assert np.median(flat) > 0.6
    assert (np.abs(close - close.min(axis=1, keepdims=True)) < 1e-6).mean() < 0.05


def test_constant_stars_scatter_by_their_errors() -> None:
    objects, photometry = _sample(60, 0)
    constant = objects[objects["kind"] == "constant"]
    joined = photometry.merge(constant, on="object_id")
    pull = (joined["mag"] - joined["mean_mag"]) / joined["mag_err"]
    # Half a per cent of the points are outliers of 12 sigma; without them the variance is 1.
    inner = pull[(pull.abs() < 4) & (joined["mean_mag"] < 19)]
    assert inner.var() == pytest.approx(1, abs=0.06)
    assert 0.001 < (pull.abs() > 4).mean() < 0.01
