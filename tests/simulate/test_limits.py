"""Surveys of all depths: a limiting magnitude per object, near and far events."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from nightjar.errors import InputError
from nightjar.simulate import cosmology, rates, supernovae
from nightjar.simulate import populations as pop
from nightjar.simulate.randomness import draws

EVEN = dict.fromkeys(pop.CLASSES, 0.2)
PRETRAINING = pop.POPULATIONS["pretraining"]


def simulated(objects: int, **changes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Objects and photometry."""
    asked = {"classes": EVEN, "noise": True, "spectrum_snr": 5.0, "min_points": 4, **changes}
    tables = supernovae.simulate(objects, 7, population="pretraining", progress=False, **asked)
    return tables.objects, pd.concat(list(tables.photometry), ignore_index=True)


def test_the_nearest_supernovae_by_hand() -> None:
    # -15 mag at 13 mag: modulus 28, 3.981 Mpc; z = 67.66 km/s/Mpc x 3.981 / 299792 = 8.985e-4,
    # and the luminosity distance is longer by (1 + 0.77 z), 7e-4 of it.
    near = cosmology.reach(np.array([-15.0]), 13.0, cosmology.NEAREST)
    assert near[0] == pytest.approx(8.985e-4, rel=2e-3)
    assert cosmology.reach(np.array([-15.0]), 13.0)[0] == 0.002


@pytest.mark.parametrize("history", ["delayed", "star_formation"])
def test_volumes_join_at_the_edge_of_the_tables(history: str) -> None:
    # Nearby N ~ z^3: an eighth lies within half the redshift, on both sides of z = 0.002.
    half, whole = (cosmology.events(np.array([z]), history)[0] for z in (0.0015, 0.003))
    assert half / whole == pytest.approx(1 / 8, rel=0.01)
    near = cosmology.redshift_of(np.array([0.125]), np.array([0.002]), history, 0.0002)
    assert near[0] == pytest.approx(0.001, rel=1e-3)


@pytest.mark.parametrize("kind", ["SN Ia", "SN II"])
def test_a_magnitude_deeper_holds_four_times_as_many(kind: str) -> None:
    # To one limit nearby, N(< m) ~ 10^(0.6 m) whatever the luminosity function: a share of
    # 10^-0.6 = 0.251 is a magnitude brighter than the limit.  5000 events: sd 0.006.
    number = 5000
    random = draws(3, "limits", np.arange(number), pop.LATENT_UNIFORMS, pop.LATENT_NORMALS)
    drawn = pop.draw(kind, PRETRAINING, *random, np.full(number, 14.5))
    seen = drawn["peak_abs_mag"] + (drawn["host_rv"] + 1) * drawn["host_ebv"]
    seen = seen + cosmology.modulus(drawn["redshift"]) - 2.5 * np.log10(1 + drawn["redshift"])
    assert seen.max() == pytest.approx(14.5, abs=0.01)
    assert (seen < 13.5).mean() == pytest.approx(0.251, abs=0.02)


def test_every_event_has_its_own_limit() -> None:
    # The same random numbers, limits 5 mag apart: ten times the distance but for the cosmology.
    random = draws(3, "limits", np.arange(400), pop.LATENT_UNIFORMS, pop.LATENT_NORMALS)
    limit = np.where(np.arange(400) % 2, 12.0, 17.0)
    mixed = pop.draw("SN Ia", PRETRAINING, *random, limit)["redshift"]
    for one in (12.0, 17.0):
        alone = pop.draw("SN Ia", PRETRAINING, *random, np.full(400, one))["redshift"]
        np.testing.assert_array_equal(mixed[limit == one], alone[limit == one])
    assert np.median(mixed[limit == 17]) / np.median(mixed[limit == 12]) == pytest.approx(10, rel=1)


def test_peaks_reach_from_13_mag_to_the_faint_end() -> None:
    objects, photometry = simulated(300, magnitude_limit=(13.0, 19.3))
    peak = photometry.groupby("object_id")["mag"].min()
    low, middle, high = np.percentile(peak, [5, 50, 95])
    # A survey to L has its median event at L - 0.5 mag (half the volume): 12.5 to 18.8, median
    # 15.65 in blue light and some tenths brighter in the band of maximum.
    assert low < 13.2
    assert middle == pytest.approx(15.5, abs=0.6)
    assert 18.2 < high < 19.3
    assert objects["redshift"].min() < 0.002
    assert "magnitude_limit" not in simulated(3)[0]


def test_limits_stay_uniform_however_many_events_fail() -> None:
    # To 21.5 mag most events are lost in the sky (median depths 20.75 and 20.3, four points each).
    objects, _ = simulated(200, magnitude_limit=(18.0, 21.5))
    share = (objects["magnitude_limit"] - 18.0) / 3.5
    assert kstest(share, "uniform").pvalue > 1e-3
    for label, of in objects.groupby("class"):
        assert of["magnitude_limit"].mean() == pytest.approx(19.75, abs=0.65), label  # sd 0.16


def test_a_sample_that_no_camera_reaches_is_refused() -> None:
    with pytest.raises(InputError, match="fainter magnitude_limit"):
        simulated(1, magnitude_limit=(26.0, 27.0), classes={"SN Ia": 1.0})


@pytest.mark.parametrize("key", ["magnitude_limit", "follow_up"])
def test_a_range_must_ascend(key: str) -> None:
    with pytest.raises(InputError, match=rf"{key}: \[19.0, 13.0\]"):
        simulated(1, **{key: (19.0, 13.0)})


def _phases(objects: pd.DataFrame, photometry: pd.DataFrame) -> pd.DataFrame:
    """First and last detection of each object, rest-frame days about peak, and the peak's."""
    time = photometry.groupby("object_id")["time"]
    table = objects.set_index("object_id")
    one, at = 1 + table["redshift"], table["explosion_time"]
    ends = {"first": (time.min() - at) / one, "last": (time.max() - at) / one}
    found = pd.DataFrame(ends).sub(table["peak_time"], axis=0)
    return found.assign(rise=table["peak_time"], label=table["class"])


def test_nothing_is_looked_at_outside_the_follow_up() -> None:
    # Visits begin until a quarter of the rise after peak and end 40 days after it.
    phases = _phases(*simulated(150, magnitude_limit=(13.0, 16.0), follow_up=(40.0, 40.01)))
    assert phases["last"].max() < 40.01
    assert phases["last"].median() > 34  # bright: seen until the last visits, but for the season
    # Unseen half of 1.25 of the rise on average: -0.375 of it, and two or three nights' cadence.
    began = phases["first"] / phases["rise"]
    assert began[phases["rise"] > 12].median() == pytest.approx(-0.25, abs=0.2)


def test_how_long_an_object_is_followed_does_not_tell_its_class() -> None:
    # Log-uniform from 20 to 150 days, median 55, for all; without it a SN Ia ends at about 80 days
    # and a SN IIn at 180.
    asked = {"magnitude_limit": (12.0, 15.0), "min_points": 1}
    last = _phases(*simulated(250, follow_up=(20.0, 150.0), **asked)).groupby("label")["last"]
    assert last.max().max() < 150
    assert last.median().between(32, 75).all()  # 50 of each; sd of the mean of the log is 0.08
    free = _phases(*simulated(250, **asked)).groupby("label")["last"].median()
    assert free["SN IIn"] > 2 * free["SN Ia"]


def test_fractions_of_many_depths_lie_between_those_of_the_ends() -> None:
    mixed = rates.fractions(PRETRAINING, (13.0, 20.5))
    assert sum(mixed.values()) == pytest.approx(1)
    ends = [rates.fractions(PRETRAINING, (m, m + 0.01))["SN Ia"] for m in (13.0, 20.5)]
    assert ends[1] < mixed["SN Ia"] < ends[0]
    assert ends[0] - ends[1] < 0.05


def test_rates_give_the_classes_of_many_depths() -> None:
    counts = simulated(40, magnitude_limit=(13.0, 17.0), classes=None)[0]["class"].value_counts()
    assert counts["SN Ia"] == pytest.approx(40 * 0.72, abs=2)
