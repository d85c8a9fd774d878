"""The simulated survey of supernovae: selection, noise, determinism, tables."""

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
from nightjar.simulate import bands, explosions, observing, selection, supernovae
from nightjar.simulate import populations as pop
from nightjar.simulate.randomness import draws, quota
from nightjar.simulate.spectrographs import SEDM, Spectrograph
from nightjar.simulate.survey import SURVEYS
from nightjar.tables import check_objects, check_photometry, check_spectra

EVEN = dict.fromkeys(pop.CLASSES, 0.2)
SPAN = {"SN Ib/c": 110.0, **{k: kind.span for k, kind in pop.KINDS.items()}}


class Sample:
    """A simulated sample, read whole."""

    def __init__(self, objects: int, population: str = "pretraining", **changes) -> None:
        asked = {"classes": EVEN, "noise": True, "spectrum_snr": 5.0, "min_points": 4, **changes}
        tables = supernovae.simulate(objects, 7, population=population, progress=False, **asked)
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


def test_processes_change_nothing() -> None:
    assert _bytes(Sample(40, threads=2, chunk=9)) == _bytes(Sample(40, threads=1, chunk=40))


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
def test_enough_points_in_every_band(
    name: str, points: int, request: pytest.FixtureRequest
) -> None:
    sample = request.getfixturevalue(name)
    counts = sample.photometry.groupby(["object_id", "band"]).size().unstack(fill_value=0)
    assert counts[["g", "r"]].min().min() >= points


def test_detections_stand_five_sigma_above_the_sky(observed: Sample) -> None:
    # The error holds the sky, so a fifth of the limiting flux is less than the error of the flux.
    flux = bands.flux(observed.photometry["mag"].to_numpy(np.float64))
    sigma = observed.photometry["mag_err"] * flux * np.log(10) / 2.5
    assert (flux / sigma).max() > 20
    depth = np.array([20.0])
    limit = bands.flux(20.0)  # 5 sigma of the sky by definition
    assert not observing.detected(np.array([0.999 * limit]), depth)[0]
    assert observing.detected(np.array([1.001 * limit]), depth)[0]


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
    # Deviations over errors have variance 1 in the pre-training sample and, by design, 1 / 2^2 in
    # the observed one.  Points well above the limit, where the cut does not bite.
    for population in ("pretraining", "observed"):
        claimed = SURVEYS[population].claimed
        points = Sample(80, population).photometry
        flux, true = bands.flux(points["mag"]), bands.flux(points["mag_perfect"])
        sigma = points["mag_err"] * flux * np.log(10) / 2.5 / claimed
        pull = ((flux - true) / sigma)[true / sigma > 14]
        assert pull.var() == pytest.approx(1, rel=6 * np.sqrt(2 / len(pull)))


def test_noise_chooses_what_is_handed_out() -> None:
    observed, perfect = (
        supernovae.simulate(
            3, 7, population="pretraining", classes=EVEN, noise=noise, spectrum_snr=5, min_points=4
        )
        for noise in (True, False)
    )
    assert observed.noise
    assert not perfect.noise
    for one, other in zip(observed.photometry, perfect.photometry, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert perfect.rows == len(one)


def test_perfect_magnitude_of_nothing_is_finite() -> None:
    assert observing.perfect_magnitude(np.array([0.0, 1e-30])) == pytest.approx(39.0)
    assert observing.perfect_magnitude(bands.flux(np.array([20.0])))[0] == pytest.approx(20.0)


def test_spectra_have_the_stated_noise() -> None:
    spectra = Sample(60).spectra
    flux, true, error = (np.stack(spectra[c]) for c in ("flux", "flux_perfect", "flux_err"))
    assert ((flux - true) / error).var() == pytest.approx(1, abs=0.06)  # 13,200 pixels: sd 0.012
    np.testing.assert_allclose(np.median(true / error, axis=1), 5, rtol=1e-3)
    assert flux.shape[1] == 220
    assert spectra["wavelength"].iloc[0][[0, -1]].tolist() == [3700.0, 9200.0]


def test_noise_model_adds_up() -> None:
    survey = SURVEYS["observed"]
    g = np.array([4780.0])
    # A source of no flux has sky only: a fifth of the limiting flux; 20.5 mag is 22909 nJy.
    sky = observing.noise(survey, np.array([0.0]), np.array([20.5]), g)[0]
    assert sky == pytest.approx(22909 / 5, rel=1e-4)
    # A bright source has the calibration floor: 1.0857 sigma / flux in mag.
    true = bands.flux(np.array([8.0]))
    share = observing.noise(survey, true, np.array([20.5]), g) / true * 1.0857
    assert share[0] == pytest.approx(survey.floor, rel=0.01)
    # In between the photons: at the electron's magnitude less 10, in a visit of median depth, 10^4
    # electrons, so sigma / flux = 0.01; sky and floor come on top.
    bright = survey.electron[0] - 10
    true, depth = bands.flux(np.array([bright])), np.array([survey.depth[0]])
    share = observing.noise(survey, true, depth, g)[0] / true[0]
    sky = 10 ** (-0.4 * (survey.depth[0] - bright)) / 5
    assert share == pytest.approx(np.sqrt(0.01**2 + sky**2 + (survey.floor / 1.0857) ** 2))


def test_host_light_fills_the_dips() -> None:
    # Mean host light as bright as the supernova at 6000 Angstrom, against none: more flux.
    alone, mixed = (Sample(20, "observed", host_light=x) for x in (0.0, 1.0))
    pd.testing.assert_frame_equal(alone.photometry, mixed.photometry)
    middle = [np.stack(s.spectra["flux_perfect"])[:, 92] for s in (alone, mixed)]
    assert (middle[1] >= middle[0]).all()
    # Exponential of mean one, cut at 8; 20 draws have a standard error of 0.22.
    assert (middle[1] / middle[0] - 1).mean() == pytest.approx(1, abs=0.9)


def test_a_finer_spectrograph() -> None:
    spectra = Sample(5, spectrograph=Spectrograph(3500.0, 9500.0, 1000.0, 1500)).spectra
    assert len(spectra["flux"].iloc[0]) == 1500
    assert spectra["wavelength"].iloc[0][[0, -1]].tolist() == [3500.0, 9500.0]
    np.testing.assert_allclose(
        np.median(np.stack(spectra["flux_perfect"]) / np.stack(spectra["flux_err"]), axis=1),
        5,
        rtol=1e-3,
    )


def test_line_spread_by_hand() -> None:
    # At (3700 + 9200) / 2 = 6450 Angstrom R = 100 is a width of 64.5 Angstrom; 2.3548 to sigma.
    assert SEDM.line_spread == pytest.approx(64.5 / 2.3548, rel=1e-4)


def test_other_passbands(tmp_path) -> None:
    # A box from 4500 to 5500 Angstrom, from a file.
    (tmp_path / "box.dat").write_text("# A, T\n4499 0\n4500 1\n5500 1\n5501 0\n")
    asked = {"passbands": {"V": None, "box": str(tmp_path / "box.dat")}}
    assert set(Sample(4, **asked).photometry["band"]) == {"V", "box"}


def test_unknown_passband_is_refused() -> None:
    with pytest.raises(InputError, match="passbands"):
        Sample(2, passbands={})
    with pytest.raises(InputError, match="'w'"):
        Sample(2, passbands={"w": None})


def test_no_objects_are_refused() -> None:
    with pytest.raises(InputError, match="objects: 0"):
        Sample(0)


def test_a_spectrum_waits_for_light(monkeypatch: pytest.MonkeyPatch) -> None:
    # An engine that is dark until two days before maximum: whatever would be taken earlier is
    # taken at maximum, and no flux or error is NaN.
    made = explosions.luminosity_density

    def late(kind, latents, age, *rest):
        return made(kind, latents, age, *rest) * (age > latents["peak_time"] - 2)[:, None]

    monkeypatch.setattr(explosions, "luminosity_density", late)
    sample = Sample(20)
    table = sample.spectra.merge(sample.objects, on="object_id")
    age = (table["time"] - table["explosion_time"]) / (1 + table["redshift"])
    assert np.isfinite(np.stack(table["flux"])).all()
    assert (np.stack(table["flux_err"]) > 0).all()
    assert (age > table["peak_time"] - 2).all()


def test_unknown_class_is_refused() -> None:
    with pytest.raises(InputError, match="SN Ixx"):
        Sample(2, classes={"SN Ixx": 1.0})


def test_impossible_selection_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_ATTEMPTS", 2)
    with pytest.raises(InputError, match="min_points: SN Ia hardly"):
        Sample(2, classes={"SN Ia": 1.0}, min_points=109)
