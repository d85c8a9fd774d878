"""Weather and visits: shared by all objects of a seed, in season, on open nights."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nightjar.simulate import bands, cadence, supernovae, weather
from nightjar.simulate.cadence import Visits
from nightjar.simulate.randomness import hashed
from nightjar.simulate.survey import SURVEYS

G_R = [bands.named("g"), bands.named("r")]


def plan(ra: list[float], dec: list[float], start: float = 59000.0, seed: int = 3) -> Visits:
    begin = np.full(len(ra), start)
    sky = np.array(ra), np.array(dec)
    return cadence.visits(SURVEYS["observed"], seed, begin, begin + 340, *sky, G_R)


@pytest.fixture(scope="module")
def everywhere() -> Visits:
    grid = np.meshgrid(np.arange(5.0, 360, 20), np.arange(-25.0, 85, 10))
    return plan(*(axis.ravel().tolist() for axis in grid))


def test_hashed_numbers_are_uniform_and_belong_to_their_counters() -> None:
    table = hashed(1, "a", np.arange(300)[:, None], np.arange(200))
    assert table.min() > 0
    assert table.max() < 1
    # 60,000 uniform numbers: mean 1/2 +- 0.0012, variance 1/12, neighbours uncorrelated.
    assert table.mean() == pytest.approx(0.5, abs=0.006)
    assert table.var() == pytest.approx(1 / 12, rel=0.03)
    for one, other in ((table[1:], table[:-1]), (table[:, 1:], table[:, :-1])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02
    assert hashed(1, "a", 17, 5) == table[17, 5]
    assert hashed(1, "b", 17, 5) != table[17, 5]
    assert hashed(2, "a", 17, 5) != table[17, 5]


def test_weather_has_its_closed_share_in_runs_and_winters() -> None:
    clear = np.concatenate([weather.nights(seed, "site").open for seed in range(6)])
    assert clear.mean() == pytest.approx(0.73, abs=0.03)
    # A night after a closed one is closed more often than any night.
    after = ~clear[1:][~clear[:-1]]
    assert after.mean() > 0.45
    winter = np.cos(2 * np.pi * (np.arange(weather.FIRST, weather.LAST) - 59215) / 365.2422) > 0.7
    winters = np.tile(winter, 6)
    assert clear[winters].mean() < clear[~winters].mean() - 0.05


def test_the_weather_is_the_seeds() -> None:
    assert not np.array_equal(weather.nights(0, "site").open, weather.nights(1, "site").open)


def test_neighbours_share_their_visits_and_others_do_not() -> None:
    visits = plan([200.0, 200.3, 140.0], [30.0, 30.2, 30.0])
    np.testing.assert_array_equal(visits.made[0], visits.made[1])
    np.testing.assert_array_equal(visits.time[0], visits.time[1])
    np.testing.assert_allclose(visits.depth[0], visits.depth[1], atol=0.05)
    assert not np.array_equal(visits.made[0], visits.made[2])


def test_visits_do_not_depend_on_who_asks() -> None:
    alone, late = plan([200.0], [30.0]), plan([200.0], [30.0], start=59100.0)
    first = alone.time[alone.made]
    second = late.time[late.made]
    both = np.intersect1d(first, second)
    np.testing.assert_array_equal(both, np.sort(first[first > 59100]))


def test_no_visit_on_a_closed_night(everywhere: Visits) -> None:
    night = np.floor(everywhere.time[everywhere.made]).astype(int)
    assert weather.nights(3, "observed").open[night - weather.FIRST].all()
    assert len(np.unique(night)) > 150


def test_no_visit_out_of_season() -> None:
    # The sun stands at right ascension 0 at MJD 59658.65; 45 days later at 44.4 deg.
    visits = plan([0.0], [0.0], start=59620.0)
    time = visits.time[visits.made]
    assert not (np.abs(time - 59658.65) < 45).any()
    assert len(time) > 20
    # At the pole there is no such gap.
    polar = plan([0.0], [85.0], start=59620.0)
    assert (np.abs(polar.time[polar.made] - 59658.65) < 45).any()


def test_visits_come_every_two_to_three_nights_or_so(everywhere: Visits) -> None:
    gaps = []
    for made, time in zip(everywhere.made, everywhere.time, strict=True):
        of = np.sort(time[made & (everywhere.band == 0)])
        gaps.append(np.diff(of))
    between = np.concatenate(gaps)
    assert 2 < np.median(between) < 4.5
    assert (between < 1.5).mean() < 0.25
    # Fields differ: some are visited twice as often as others.
    counts = [len(gap) for gap in gaps if len(gap) > 5]
    assert np.percentile(counts, 90) > 1.5 * np.percentile(counts, 10)


def test_depths_scatter_about_the_stated_ones(everywhere: Visits) -> None:
    for code, expected in enumerate(SURVEYS["observed"].depth):
        depth = everywhere.depth[:, everywhere.band == code]
        depth = depth[everywhere.made[:, everywhere.band == code]]
        # Moon, clouds and airmass only take away: the median lies below.
        assert expected - 0.6 < np.median(depth) < expected
        assert 0.2 < depth.std() < 0.7


def test_moonlight_by_hand() -> None:
    # New moon at MJD 59581.77: no loss.  Half a month of 29.530588 d later the moon is full, all
    # night up and opposite the sun: at 60 deg from it a sky 1 + 8 times as bright costs
    # 1.25 log10 9 = 1.193 mag of depth.
    new, full = 59581.77, 59581.77 + 29.530588 / 2
    place = np.array([0.0]), np.array([0.0])
    chance, blue = np.array([0.5]), np.array(8.0)
    assert weather.moon_loss(np.array([new]), *place, chance, blue)[0] == pytest.approx(0, abs=1e-6)
    moon = (weather.sun(np.array([full]))[0] + 180) % 360  # deg, on the ecliptic
    sine = 0.398 * np.sin(np.radians(moon))  # of its declination
    # On the equator: cos 60 deg = cos(declination) cos(difference in right ascension).
    away = np.degrees(np.arccos(0.5 / np.sqrt(1 - sine**2)))
    loss = weather.moon_loss(np.array([full]), np.array([moon + away]), place[1], chance, blue)
    assert loss[0] == pytest.approx(1.193, abs=0.001)


def _statistics(photometry: pd.DataFrame) -> dict[str, float]:
    """Medians that tell how a survey observes."""
    ordered = photometry.sort_values(["object_id", "band", "time"])
    gap = ordered.groupby(["object_id", "band"])["time"].diff()
    bright = photometry[photometry["mag"].between(18, 18.5)]
    faint = photometry[photometry["mag"].between(19.5, 20)]
    return {
        "points": photometry.groupby("object_id").size().median(),
        "gap": gap.median(),
        "long": (gap > 6.5).mean(),
        "error": photometry["mag_err"].median(),
        "bright": bright["mag_err"].median(),
        "faint": faint["mag_err"].median(),
    }


@pytest.mark.realdata
def test_the_observed_survey_is_like_ztf(realdata: Path) -> None:
    """Points, gaps and errors of real SNe Ia with at least 4 points in g and r, below 18.5 mag."""
    real = pd.read_parquet(realdata / "ztf_bts_ia" / "photometry.parquet")
    points = real.groupby(["object_id", "band"]).size().unstack(fill_value=0)
    bright = real.groupby("object_id")["mag"].min() < 18.5
    good = points.index[(points[["g", "r"]] >= 4).all(axis=1) & bright[points.index]]
    real = real[real["object_id"].isin(good)]
    tables = supernovae.simulate(
        500,
        3,
        population="observed",
        classes={"SN Ia": 1.0},
        noise=True,
        spectrum_snr=5,
        min_points=4,
        progress=False,
    )
    ours, theirs = _statistics(pd.concat(tables.photometry)), _statistics(real)
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, rel=0.25), name
