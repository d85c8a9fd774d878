"""Simulated surveys of variable stars: classes, cadences, errors, determinism."""

import numpy as np
import pandas as pd
import pytest

from nightjar.simulate import variables
from nightjar.simulate.stars import surveys
from nightjar.tables import check_objects, check_photometry


def _sample(unlabelled: int, labelled: int, **more) -> tuple[pd.DataFrame, pd.DataFrame]:
    more = {"least_share": 0.1} | more
    tables = variables.simulate(unlabelled, labelled, 3, **more)
    return tables.objects, pd.concat(
        [frame.astype({"object_id": str}) for frame in tables.photometry], ignore_index=True
    )


@pytest.fixture(scope="module")
def sample() -> tuple[pd.DataFrame, pd.DataFrame]:
    return _sample(120, 120)


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


def test_proportions_are_those_of_the_catalogues() -> None:
    # Table 1 of Donoso-Oliva+2025: 7397 of 20894 are RRab, 80218 of 141376 close binaries.
    objects = variables.simulate(1, 2000, 0).objects
    for survey, name, share in (
        ("alcock", "RRab", 7397 / 20894),
        ("alcock", "Cep_1", 683 / 20894),
        ("atlas", "CB", 80218 / 141376),
        ("atlas", "Mira", 7370 / 141376),
    ):
        classes = objects.loc[objects["survey"] == survey, "class"]
        assert (classes == name).mean() == pytest.approx(share, abs=0.003)
    pulse = objects.loc[objects["class"] == "Pulse", "kind"].value_counts(normalize=True)
    assert pulse["RRab"] == pytest.approx(0.55, abs=0.06)


def test_rare_classes_have_their_least_share(sample) -> None:
    # Of 6 classes 3 are below 0.1: the shares add to 1.1-something, so at least 1 / 12 is left.
    objects, _ = sample
    counts = objects[objects["survey"] == "alcock"]["class"].value_counts()
    assert counts.min() >= 120 // 12 - 1
    assert counts.idxmax() == "RRab"


def test_lengths(sample) -> None:
    _, photometry = sample
    counts = photometry.groupby("object_id").size()
    assert counts.max() <= 400
    assert counts.quantile(0.05) >= 100


def test_chunks_sizes_and_processes_change_nothing(sample) -> None:
    objects, photometry = _sample(25, 25, chunk=9, threads=2)
    again = sample[0][sample[0]["object_id"].isin(objects["object_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(objects, again, check_exact=True)
    rows = sample[1][sample[1]["object_id"].isin(objects["object_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(photometry, rows, check_exact=True)


def test_the_perfect_curve_follows_from_the_stored_latents(sample) -> None:
    objects, photometry = sample
    for kind in objects["kind"].unique():
        star = objects[objects["kind"] == kind].iloc[:1]
        points = photometry[photometry["object_id"] == star["object_id"].iloc[0]]
        mag = variables.magnitude(star, points["time"].to_numpy())[0]
        np.testing.assert_allclose(mag, points["mag_perfect"], atol=2e-6)


def test_blending_dilutes(sample) -> None:
    # 1 mag fainter and half the light from neighbours: -2.5 log10(0.5 + 0.5 x 10^-0.4) = 0.388.
    objects, _ = sample
    star = objects[objects["kind"] == "EC"].iloc[:1]
    time = np.linspace(49000, 49100, 5000)
    alone = variables.magnitude(star.assign(blend=0.0), time) - star["mean_mag"].to_numpy()
    blended = variables.magnitude(star.assign(blend=0.5), time) - star["mean_mag"].to_numpy()
    np.testing.assert_allclose(blended, -2.5 * np.log10(0.5 + 0.5 * 10 ** (-0.4 * alone)))


def test_atlas_comes_in_fours_on_every_second_night(sample) -> None:
    _, photometry = sample
    atlas = photometry[photometry["object_id"].str.startswith("SIM-ATLAS")]
    gaps = atlas.groupby("object_id")["time"].diff().dropna()
    close = gaps < 0.1
    assert 0.6 < close.mean() < 0.76  # three of four gaps, less those beside lost points
    assert (gaps[close] * 1440).median() == pytest.approx(15, abs=1)
    assert gaps[~close].min() > 1.5
    night = atlas["time"] // 1
    assert atlas.groupby(["object_id", night]).size().max() == 4


def test_atlas_observes_what_is_up_at_night(sample) -> None:
    objects, photometry = sample
    low = objects[(objects["survey"] == "atlas") & (objects["dec"].abs() < 60)]
    atlas = photometry.merge(low, on="object_id")
    sun = 360.0 * (atlas["time"] - 57467.0) / 365.25  # mean right ascension of the Sun
    away = np.mod(atlas["ra"] - sun + 180.0, 360.0) - 180.0
    assert (away.abs() > 65).all()


def test_macho_has_thin_winters_and_one_visit_a_night(sample) -> None:
    _, photometry = sample
    macho = photometry[photometry["object_id"].str.startswith("SIM-MACHO")]
    phase = np.mod(macho["time"] - 48967.0, 365.25) / 365.25  # 0: the LMC is opposite to the Sun
    assert phase.between(0.375, 0.625).mean() < 0.05
    assert macho.groupby(["object_id", macho["time"] // 1]).size().max() == 1


def test_stars_of_a_field_share_its_visits(sample) -> None:
    objects, photometry = sample
    some = objects[(objects["survey"] == "macho") & (objects["field"] == 0)]["object_id"]
    times = photometry[photometry["object_id"].isin(some)].groupby("object_id")["time"].agg(set)
    assert len(set.union(*times)) <= 400
    assert len(times) > 5


def test_errors_add_in_squares() -> None:
    # At the magnitude where the photon error is quoted: sqrt(0.014^2 + 0.13^2) = 0.1308.
    errors = surveys.SURVEYS[0].errors
    assert surveys.error(errors, np.array(19.5), np.array(1.0)) == pytest.approx(0.13075, abs=1e-5)
    assert surveys.error(errors, np.array(14.0), np.array(1.0)) == pytest.approx(0.0142, abs=2e-4)


def test_noise_is_that_of_the_errors_and_their_scale() -> None:
    objects, photometry = _sample(200, 1)
    joined = photometry.merge(objects, on="object_id")
    joined = joined[(joined["survey"] == "macho") & (joined["mean_mag"] < 18.5)]
    pull = (joined["mag"] - joined["mag_perfect"]) / (joined["mag_err"] * joined["error_scale"])
    # Of all points 0.970 have variance 1, 0.026 have 4, 0.004 have 64; of the points that are left
    # when an eighth is lost, which are never those, 0.9657, 0.0297 and 0.0046.  Cut at 4 sigma the
    # variances are 0.999; 3.10 (a Gaussian cut at 2 of its sigma) in 0.9545 of them; 5.3 (cut at
    # 0.5: nearly flat, 4^2 / 3) in 0.383: (0.965 + 0.0879 + 0.0093) / 0.9958 = 1.066.
    inner = pull[pull.abs() < 4]
    assert (inner**2).mean() == pytest.approx(1.066, abs=0.03)
    # Beyond 4: 0.0297 x 0.0455 + 0.0046 x 0.617 = 0.0042, more of them faint than bright.
    assert (pull.abs() > 4).mean() == pytest.approx(0.0042, abs=0.0015)
    assert (pull > 5).sum() > 3 * (pull < -5).sum()
    assert objects["error_scale"].median() == pytest.approx(np.exp(0.08), abs=0.03)


def test_memory_is_that_of_one_chunk() -> None:
    tables = variables.simulate(10, 10, 0, chunk=5)
    assert iter(tables.photometry) is tables.photometry  # made while read
    assert len(next(iter(tables.photometry))) <= 5 * 400
