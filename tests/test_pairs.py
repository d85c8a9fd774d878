"""Pairs: joined by id whatever the order of the stores; the spectrum nearest to peak."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar.errors import InputError
from nightjar.pairs import means, nearest_to_peak, open_pairs, peak_times
from nightjar.ragged import Spectra
from nightjar.spectra import store
from tests import stores
from tests.spectra import helpers

PEAKS = {"a": 58100.0, "b": 58200.0, "c": 58300.0, "d": 58400.0}
CLASSES = {"a": "Ia", "b": "II", "c": None, "d": "Ia"}
SETTINGS = helpers.settings(bins=16, knots=4)
# object, days from the object's peak; the code of each spectrum is its place in this list
SPECTRA = [("b", 9.0), ("a", -30.0), ("d", np.nan), ("b", -4.0), ("a", 2.0), ("d", 200.0)]
SPECTRA += [("a", 30.0), ("b", -40.0)]  # any other object's peak would choose another spectrum


def light_curve(name, shift=0.0):
    """Brightest, 17 mag, at the object's peak; band codes 0, 1, 0."""
    peak = PEAKS[name] - shift
    return name, [(peak - 5, 18, 0), (peak, 17, 1), (peak + 5, 19, 0)]


def spectra(listed):
    """Spectra that differ in their slope."""
    wave = np.linspace(3600, 9900, 200)
    raw = helpers.spectra([wave] * len(listed), [1 + 0 * wave for _ in listed])
    ids = np.array([name for name, _ in listed])
    time = np.array([PEAKS.get(name, 0) + days for name, days in listed])
    return Spectra(ids, time, raw.rest, raw.offsets, raw.wavelength, raw.flux, raw.flux_err)


def folders(path, raw="abcd", windows="abcd", listed=SPECTRA, empty=""):
    """The three stores, objects in the orders given; those in ``empty`` have no points left."""
    table = {
        "object_id": list(raw),
        "class": [CLASSES[name] for name in raw],
        "redshift": [PEAKS[name] / 1e6 for name in raw],
    }
    objects = stores.objects(path / "sample", table)
    stores.light_curves(path / "sample/light_curves", [light_curve(name) for name in raw])
    curves = [(n, [] if n in empty else light_curve(n, PEAKS[n] - 5)[1]) for n in windows]
    stores.light_curves(path / "windows/sn", curves)
    stores.window_settings(path / "windows/sn", points_per_band=2)
    store.write(spectra(listed), objects, path / "spectra", SETTINGS)
    return path / "sample", path / "windows/sn", path / "spectra"


def chosen(pairs):
    """Object -> the code of its default spectrum, by the store's own ids."""
    default = pairs.data.spectra.default
    names = pairs.objects["object_id"]
    return {name: int(code) for name, code in zip(names, default, strict=True)}


def test_an_object_has_its_own_class_redshift_and_spectra(tmp_path):
    pairs = open_pairs(*folders(tmp_path))
    assert pairs.objects["object_id"].tolist() == list("abcd")
    assert pairs.rows.tolist() == [0, 1, 3]  # c has no spectrum
    assert pairs.bands == ("g", "r")
    assert pairs.redshift.tolist() == [0.0581, 0.0582, 0.0583, 0.0584]
    assert pairs.labels(["Ia", "II"]).tolist() == [0, 1, -1, 0]
    assert pairs.labels(["II"]).tolist() == [-1, 0, -1, -1]
    assert pairs.data.spectra.object_row.tolist() == [1, 0, 3, 1, 0, 3, 0, 1]


def test_the_spectrum_nearest_to_peak_stands_for_an_object(tmp_path):
    """b: 4 days (3) of 9, 4, 40; a: 2 days (4) of 30, 2, 30; d: 200 days (5) before undated."""
    assert chosen(open_pairs(*folders(tmp_path))) == {"a": 4, "b": 3, "c": -1, "d": 5}


@pytest.mark.parametrize(("raw", "windows"), [("abcd", "dbca"), ("cadb", "abcd"), ("dcba", "bdac")])
def test_the_order_of_the_stores_does_not_matter(tmp_path, raw, windows):
    pairs = open_pairs(*folders(tmp_path, raw, windows))
    assert pairs.objects["object_id"].tolist() == list(windows)
    assert chosen(pairs) == {"a": 4, "b": 3, "c": -1, "d": 5}
    assert [windows[row] for row in pairs.rows] == [name for name in windows if name != "c"]
    for name, redshift in zip(windows, pairs.redshift, strict=True):
        assert redshift == PEAKS[name] / 1e6
    batch = pairs.data.batch(pairs.rows_of(np.array(["d", "a"])))
    both = [name for name in windows if name in "ad"]
    expected = [np.float32(PEAKS[name] / 1e6) for name in both]
    assert batch.light_curve.redshift.tolist() == expected


def test_spectra_of_an_object_without_a_light_curve_belong_to_no_one(tmp_path):
    """c is in no store of sequences, but has the first and the last spectrum."""
    listed = [("c", 0.0), *SPECTRA, ("c", 0.0)]
    pairs = open_pairs(*folders(tmp_path, windows="abd", listed=listed))
    assert pairs.data.spectra.object_row.tolist() == [-1, 1, 0, 2, 1, 0, 2, 0, 1, -1]
    assert chosen(pairs) == {"a": 5, "b": 4, "d": 6}
    rng = np.random.default_rng(0)
    for _ in range(5):  # drawn spectra, too, are an object's own
        drawn = pairs.data.spectra._choose(pairs.rows, rng)
        assert pairs.data.spectra.object_row[drawn].tolist() == pairs.rows.tolist()


def test_an_object_whose_points_were_all_dropped_is_no_pair(tmp_path):
    pairs = open_pairs(*folders(tmp_path, empty="a"))
    assert pairs.rows.tolist() == [1, 3]
    assert len(pairs.objects) == 4  # its row stays


def test_rows_and_classes_of_objects(tmp_path):
    pairs = open_pairs(*folders(tmp_path))
    assert pairs.rows_of(np.array(["d", "b", "c", "q"])).tolist() == [1, 3]
    assert pairs.classes_of(np.array(["a", "d"])) == ["Ia"]
    assert pairs.classes_of(np.array(["b", "a", "c"])) == ["II", "Ia"]
    batch = pairs.labelled(["II", "Ia"]).batch(np.array([1, 0]))
    assert batch.label.tolist() == [0, 1]


def test_objects_with_only_a_light_curve_or_only_a_spectrum(tmp_path):
    pairs = open_pairs(*folders(tmp_path, empty="a"))
    assert pairs.rows.tolist() == [1, 3]
    assert pairs.single.tolist() == [0, 2]  # a has spectra, c a light curve
    batch = pairs.data.batch(np.array([0, 1, 2]))
    assert batch.light_curve.valid.any(1).tolist() == [False, True, True]
    assert batch.spectrum.valid.any(1).tolist() == [True, True, False]


def test_objects_outside_the_folds(tmp_path):
    pairs = open_pairs(*folders(tmp_path, empty="a"))
    pairs.objects["group"] = [7, 8, 9, 9]
    pairs.objects["class"] = ["Ia", "II", "Ia", "Ia"]
    outside = partial(pairs.outside, classes=["Ia"])
    assert outside(np.array(["b"])).tolist() == [0, 2, 3]
    assert outside(np.array(["b", "d"])).tolist() == [0]  # c may be d under another name
    assert pairs.outside(np.array(["b"]), []).tolist() == []
    pairs.objects["redshift"] = [0.0, 0.1, np.nan, 0.1]
    assert outside(np.array(["b"])).tolist() == [3]


def test_all_spectra_of_objects(tmp_path):
    pairs = open_pairs(*folders(tmp_path))
    rows = pairs.rows_of(np.array(["d", "b"]))  # b, d
    spectra, owner = pairs.spectra_of(rows)
    assert spectra.tolist() == [0, 2, 3, 5, 7]
    assert owner.tolist() == [0, 1, 0, 1, 0]
    assert pairs.spectra_of(rows[::-1])[1].tolist() == [1, 0, 1, 0, 1]


def test_the_phase_of_every_spectrum(tmp_path):
    phase = open_pairs(*folders(tmp_path)).data.spectra.phase
    np.testing.assert_allclose(phase, [days for _, days in SPECTRA])


def test_redshifts_are_scaled_by_their_logarithm(tmp_path):
    pairs = open_pairs(*folders(tmp_path))
    pairs.objects["redshift"] = [0.01, 0.04, np.nan, -1.0]
    # ln 0.01 and ln 0.04: mean ln 0.02, standard deviation ln 2
    scale = pairs.redshift_scale(np.arange(4))
    assert scale["centre"] == pytest.approx(np.log(0.02))
    assert scale["scale"] == pytest.approx(np.log(2))
    with pytest.raises(InputError, match="none to train on has a redshift"):
        pairs.redshift_scale(np.array([2, 3]))


def test_metadata_are_class_and_redshift(tmp_path):
    batch = open_pairs(*folders(tmp_path)).with_metadata(["II"]).batch(np.array([1, 0]))
    assert batch.light_curve.label.tolist() == [0, -1]
    assert batch.light_curve.redshift.tolist() == [np.float32(0.0582), np.float32(0.0581)]


def test_what_training_draws_is_for_both_modalities(tmp_path):
    data = open_pairs(*folders(tmp_path), subset=0.5, phase_scale=7.0).data
    assert (data.light_curves.subset, data.spectra.phase_scale) == (0.5, 7.0)


def test_the_models_file_will_know_the_preprocessing(tmp_path):
    about = open_pairs(*folders(tmp_path)).preprocessing
    assert about["light_curves"] == {"points_per_band": 2}
    assert about["spectra"]["bins"] == 16
    assert "threads" not in about["spectra"]


def test_noise_is_for_both_modalities(tmp_path):
    data = open_pairs(*folders(tmp_path), 0.5).data
    assert (data.light_curves.noise_level, data.spectra.noise_level) == (0.5, 0.5)


def test_no_pair_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no object has both a light curve and a usable spectrum"):
        open_pairs(*folders(tmp_path, listed=[("b", 0.0)], empty="b"))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("sample/objects.parquet", "gather the survey"),
        ("sample/light_curves/meta.json", "gather the survey"),
        ("windows/settings.json", "window_light_curves"),
        ("windows/sn/time.npy", "time"),
        ("spectra/flux.npy", "preprocess_spectra"),
    ],
)
def test_a_missing_part_is_named(tmp_path, part, message):
    where = folders(tmp_path)
    (tmp_path / part).unlink()
    with pytest.raises(InputError, match=message) as caught:
        open_pairs(*where)
    assert str(tmp_path / part) in str(caught.value)


# --- peaks --------------------------------------------------------------------------------------


def test_peaks_of_magnitudes_and_of_fluxes(tmp_path):
    """Times 1 2 3 with values 5 4 6: brightest at 2 in magnitudes, at 3 in flux; b has none;
    of the equals of c the first."""
    curves = [
        ("a", [(1, 5, 0), (2, 4, 1), (3, 6, 0)]),
        ("b", []),
        ("c", [(7, 1, 0), (8, 1, 0)]),
        ("d", []),
    ]
    mag = peak_times(stores.light_curves(tmp_path / "mag", curves))
    flux = peak_times(stores.light_curves(tmp_path / "flux", curves, quantity="flux"))
    np.testing.assert_array_equal(mag, [2, np.nan, 7, np.nan])
    np.testing.assert_array_equal(flux, [3, np.nan, 7, np.nan])


def test_negative_fluxes_are_faint(tmp_path):
    curves = [("a", [(1, -50, 0), (2, -3, 0), (3, -9, 0)])]
    assert peak_times(stores.light_curves(tmp_path / "s", curves, quantity="flux")) == [2]


def test_undated_spectra_come_last():
    """Object 1: undated (0), 50 days off (2); object 0: undated both (1, 3), the first;
    object 2 has no peak: the first of its spectra (4); object 3 has no spectrum."""
    found = nearest_to_peak(
        np.array([1, 0, 1, 0, 2, 2]),
        np.array([np.nan, np.nan, 150.0, np.nan, 7.0, 1.0]),
        np.array([10.0, 100.0, np.nan, 5.0]),
    )
    assert found.tolist() == [1, 2, 4, -1]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_nearest_to_peak_against_a_loop(data):
    n = data.draw(st.integers(1, 4))
    some_day = st.sampled_from([0.0, 1.0, 2.0, 5.0, np.nan])
    peak = np.array(data.draw(st.lists(some_day, min_size=n, max_size=n)))
    listed = data.draw(st.lists(st.tuples(st.integers(-1, n - 1), some_day), max_size=8))
    row = np.array([r for r, _ in listed], dtype=np.int64)
    time = np.array([t for _, t in listed])
    expected = np.full(n, -1)
    for r in range(n):
        best = np.inf
        for i in np.flatnonzero(row == r):
            distance = abs(time[i] - peak[r])
            distance = 1e9 if np.isnan(distance) else distance
            if distance < best:
                best, expected[r] = distance, i
    assert nearest_to_peak(row, time, peak).tolist() == expected.tolist()


def test_means_of_each_objects_rows():
    values = np.array([[1.0, 2.0], [5.0, 5.0], [3.0, 4.0]])
    assert means(values, np.array([0, 1, 0]), 2).tolist() == [[2.0, 3.0], [5.0, 5.0]]
