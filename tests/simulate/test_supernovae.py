"""The simulated survey of supernovae: selection, noise, determinism, tables."""

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
from nightjar.simulate import observing, supernovae
from nightjar.simulate import populations as pop
from nightjar.simulate.randomness import draws, quota
from nightjar.tables import check_objects, check_photometry, check_spectra

EVEN = dict.fromkeys(pop.CLASSES, 0.2)
SPAN = {"SN Ib/c": 110.0, **{k: kind.span for k, kind in pop.KINDS.items()}}


class Sample:
    """A simulated sample, read whole."""

    def __init__(self, objects: int, population: str = "pretraining", **changes) -> None:
        asked = {"classes": EVEN, "noise": True, "spectrum_snr": 5.0, "min_points": 4, **changes}
        tables = supernovae.simulate(objects, 7, population=population, **asked)
        self.objects = tables.objects
        self.photometry = pd.concat(list(tables.photometry), ignore_index=True)
        self.spectra = pd.concat(list(tables.spectra), ignore_index=True)

    def joined(self) -> pd.DataFrame:
        return self.photometry.merge(self.objects, on="object_id")


@pytest.fixture(scope="module")
def pretraining() -> Sample:
    return Sample(200)


@pytest.fixture(scope="module")
def observed() -> Sample:
    return Sample(150, "observed", min_points=5)


@pytest.mark.parametrize("name", ["pretraining", "observed"])
def test_tables_are_clean(name: str, request: pytest.FixtureRequest) -> None:
    sample = request.getfixturevalue(name)
    objects, nulled = check_objects(sample.objects, name)
    photometry, dropped = check_photometry(sample.photometry, "mag", name)
    spectra, lost = check_spectra(sample.spectra, name)
    assert not nulled + dropped + lost
    assert len(photometry) == len(sample.photometry)
    assert len(spectra) == len(objects) == len(sample.objects)
    assert set(photometry["object_id"]) == set(objects["object_id"]) == set(spectra["object_id"])
    assert photometry["time"].dtype == np.float64


def test_identifiers_count_up(pretraining: Sample) -> None:
    assert pretraining.objects["object_id"].iloc[[0, 199]].tolist() == [
        "SIM-PRE-0000000",
        "SIM-PRE-0000199",
    ]


def test_class_shares_are_as_asked() -> None:
    asked = {"SN Ia": 0.72, "SN II": 0.17, "SN Ib/c": 0.05, "SN IIn": 0.04, "SLSN-I": 0.02}
    count = np.bincount(quota(np.arange(10000), np.array(list(asked.values()))))
    np.testing.assert_allclose(count / 10000, list(asked.values()), atol=3e-4)


def test_even_classes(pretraining: Sample) -> None:
    counts = pretraining.objects["class"].value_counts()
    assert set(counts.index) == set(pop.CLASSES)
    assert counts.min() >= 38
    assert counts.max() <= 42


def _bytes(sample: Sample) -> list[bytes]:
    """Every column of the three tables as bytes."""
    frames = (sample.objects, sample.photometry, sample.spectra)
    columns = [frame[name] for frame in frames for name in frame.columns]
    return [
        column.to_numpy().tobytes()
        if column.dtype.kind in "fi"
        else b"".join(np.asarray(cell).tobytes() for cell in column)
        for column in columns
    ]


@pytest.mark.parametrize("population", ["pretraining", "observed"])
def test_chunks_change_nothing(population: str) -> None:
    assert _bytes(Sample(30, population, chunk=30)) == _bytes(Sample(30, population, chunk=7))


def test_more_objects_change_nothing() -> None:
    few, many = Sample(10), Sample(25)
    pd.testing.assert_frame_equal(few.objects, many.objects.iloc[:10])
    same = many.photometry[many.photometry["object_id"].isin(few.objects["object_id"])]
    pd.testing.assert_frame_equal(few.photometry, same.reset_index(drop=True))


def test_populations_and_seeds_differ(pretraining: Sample) -> None:
    first = draws(1, "a", np.arange(3), 4, 4)
    assert not np.array_equal(first.uniform, draws(2, "a", np.arange(3), 4, 4).uniform)
    assert not np.array_equal(first.uniform, draws(1, "b", np.arange(3), 4, 4).uniform)
    assert not np.array_equal(first.uniform, draws(1, "a", np.arange(3), 4, 4, attempt=1).uniform)
    np.testing.assert_array_equal(first.normal[1], draws(1, "a", np.array([1]), 4, 4).normal[0])


@pytest.mark.parametrize(("name", "points"), [("pretraining", 4), ("observed", 5)])
def test_selection(name: str, points: int, request: pytest.FixtureRequest) -> None:
    sample = request.getfixturevalue(name)
    counts = sample.photometry.groupby(["object_id", "band"]).size().unstack(fill_value=0)
    assert counts[["g", "r"]].min().min() >= points
    # 5 sigma: mag_err = 1.0857 / S/N is below 0.2171.
    assert sample.photometry["mag_err"].max() < 2.5 / np.log(10) / 5 + 1e-6


def test_observed_sample_is_bright(observed: Sample) -> None:
    assert observed.photometry.groupby("object_id")["mag"].min().max() < 18.5


def test_light_curves_are_dilated(pretraining: Sample) -> None:
    joined = pretraining.joined()
    age = joined["time"] - joined["explosion_time"]
    rest = age / (1 + joined["redshift"])
    span = joined["class"].map(SPAN)
    assert (rest < span).all()
    assert (age > span).any()  # only dilation takes points past it


def test_pretraining_spectra_lie_between_explosion_and_peak(pretraining: Sample) -> None:
    table = pretraining.spectra.merge(pretraining.objects, on="object_id")
    rest = (table["time"] - table["explosion_time"]) / (1 + table["redshift"])
    assert (rest >= 1).all()
    assert (rest <= table["peak_time"] + 1e-6).all()
    share = (rest - 1) / (table["peak_time"] - 1)
    assert share.mean() == pytest.approx(0.5, abs=0.08)  # uniform: sd of the mean is 0.02


def test_noise_has_the_stated_variance() -> None:
    # Deviations over errors have variance 1 in the pre-training sample and, by design, 1.1^2 in
    # the observed one.  Points above 12 sigma, where the 5 sigma cut does not bite.
    for population, expected in (("pretraining", 1.0), ("observed", 1.21)):
        noisy, perfect = (Sample(80, population, noise=n).photometry for n in (True, False))
        pd.testing.assert_frame_equal(noisy[["object_id", "time"]], perfect[["object_id", "time"]])
        flux, true = 10 ** (-0.4 * noisy["mag"]), 10 ** (-0.4 * perfect["mag"])
        sigma = noisy["mag_err"] * flux * np.log(10) / 2.5
        good = (true / sigma > 12).to_numpy()
        pull = ((flux - true) / sigma)[good]
        assert pull.var() == pytest.approx(expected, rel=6 * np.sqrt(2 / good.sum()))


def test_spectra_have_the_stated_noise() -> None:
    noisy, perfect = Sample(60).spectra, Sample(60, noise=False).spectra
    flux, true, error = (np.stack(c) for c in (noisy["flux"], perfect["flux"], noisy["flux_err"]))
    assert ((flux - true) / error).var() == pytest.approx(1, abs=0.06)  # 13,200 pixels: sd 0.012
    np.testing.assert_allclose(np.median(true / error, axis=1), 5, rtol=1e-3)
    assert flux.shape[1] == 220
    assert noisy["wavelength"].iloc[0][[0, -1]].tolist() == [3700.0, 9200.0]


def test_noise_model_adds_up() -> None:
    # A source of no flux has sky only: a fifth of the limiting flux; 20.5 mag is 22909 nJy.
    assert observing.noise(np.array([0.0]), np.array([20.5]), 0.0)[0] == pytest.approx(
        22909 / 5, rel=1e-4
    )


def test_fields_close_near_the_sun() -> None:
    ra = np.array([0.0])
    random = draws(0, "t", np.arange(1), observing.VISIT_UNIFORMS, observing.VISIT_NORMALS)
    plan = observing.visits(np.array([59600.0]), ra, 2, random)
    equinox = np.abs(plan.time - 59658.65) < 50  # the sun stands at right ascension 0
    assert equinox.any()
    assert not plan.open[equinox].any()
    assert plan.open.any()


def test_moonlight_costs_depth() -> None:
    new, full = observing._moonlight(np.array([59581.77, 59581.77 + 29.530588 / 2]))
    assert (new, full) == (pytest.approx(0), pytest.approx(1))


def test_unknown_class_is_refused() -> None:
    with pytest.raises(InputError, match="SN Ixx"):
        Sample(2, classes={"SN Ixx": 1.0})


def test_impossible_selection_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supernovae, "_ATTEMPTS", 2)
    with pytest.raises(InputError, match="min_points"):
        Sample(2, classes={"SN Ia": 1.0}, min_points=109)
