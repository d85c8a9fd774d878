"""Variable stars: rows by object, duplicates kept apart, windows averaged to objects."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar.errors import InputError
from nightjar.stars import open_stars, per_object
from tests import stores


def points(count, band):
    return [(50000.0 + t, 15.0 + t, band) for t in range(count)]


@pytest.fixture
def folders(tmp_path):
    """Stars a (both bands), b, c, d in an order of their own; a and c are one star of the sky."""
    curves = [("c", points(7, 0)), ("a", points(6, 0)), ("a", points(5, 1)), ("d", points(5, 1))]
    stores.light_curves(tmp_path / "windows/stars", [*curves, ("b", points(9, 0))])
    stores.window_settings(tmp_path / "windows/stars", window=5)
    table = {"object_id": list("abcde"), "class": ["EB", "RR", "EB", None, "RR"]}
    stores.objects(tmp_path / "sample", table | {"group": [0, 1, 0, 2, 3]})
    return tmp_path / "sample", tmp_path / "windows/stars"


@pytest.fixture
def stars(folders):
    return open_stars(*folders)


def test_objects_are_joined_by_id(stars):
    assert stars.objects["object_id"].tolist() == list("caadb")
    assert stars.objects["group"].tolist() == [0, 0, 0, 2, 1]
    assert stars.ids.tolist() == list("caadb")
    assert stars.bands == ("g", "r")


def test_labels_and_classes(stars):
    assert stars.labels(["RR", "EB"]).tolist() == [1, 1, 1, -1, 0]
    assert stars.labels(["RR"]).tolist() == [-1, -1, -1, -1, 0]
    assert stars.classes_of(["b", "a", "d"]) == ["EB", "RR"]
    assert stars.classes_of(["d"]) == []
    assert stars.classes_of(["e"]) == []  # has no light curve


def test_bands_of_light_curves(stars):
    """Rows are c g, a g, a r, d r, b g."""
    assert stars.bands_of(np.array([3, 0])) == ["g", "r"]
    assert stars.bands_of(np.array([1, 4])) == ["g"]
    assert stars.bands_of(np.array([2])) == ["r"]
    assert stars.bands_of(np.array([], dtype=int)) == []


def test_rows_of_objects(stars):
    assert stars.rows_of(["d", "a", "e"]).tolist() == [1, 2, 3]
    assert stars.rows_of(np.array([], dtype=str)).tolist() == []


def test_duplicates_of_scored_stars_are_left_out(stars):
    """a is scored: c, the same star under another name, must not be trained on either."""
    assert stars.rows_outside_groups_of(["a"]).tolist() == [3, 4]
    assert stars.rows_outside_groups_of(["b", "d"]).tolist() == [0, 1, 2]
    assert stars.rows_outside_groups_of([]).tolist() == [0, 1, 2, 3, 4]


def test_rows_of_surveys(stars):
    rows = np.array([3, 0, 4])  # c g, d r, b g: see `test_bands_of_light_curves`
    surveyed = replace(stars, objects=stars.objects.assign(survey=["A", "B", "A", "C", None]))
    assert surveyed.of_surveys(rows, []).tolist() == [3, 0, 4]
    assert surveyed.of_surveys(rows, ["C", "A"]).tolist() == [3, 0]
    with pytest.raises(InputError, match="survey 'B': no star to train on; there are: A, C"):
        surveyed.of_surveys(rows, ["A", "B"])
    with pytest.raises(InputError, match="there are: none"):
        stars.of_surveys(rows, ["A"])


def test_sequential_windows(stars):
    """Rows 4 (b, 9 points) and 2 (a, 5): windows of 5 start at 0 and 9 - 5 = 4, and at 0."""
    data = stars.sequential(np.array([4, 2]), label=stars.labels(["EB", "RR"]))
    assert data.row.tolist() == [4, 4, 2]
    assert data.start.tolist() == [0, 4, 0]
    batch = data.batch(np.array([0, 2]))
    assert batch.label.tolist() == [1, 0]
    assert batch.time[0].tolist() == [-2, -1, 0, 1, 2]  # days about the window's mean


def test_one_drawn_window_per_light_curve(stars):
    batch = stars.drawn().batch(np.arange(5), np.random.default_rng(0))
    assert batch.index.tolist() == [0, 1, 2, 3, 4]
    assert batch.valid.sum(1).tolist() == [5] * 5


def test_no_light_curve_is_left(tmp_path, folders):
    stores.light_curves(tmp_path / "windows/none", [])
    with pytest.raises(InputError, match="no light curve is left"):
        open_stars(folders[0], tmp_path / "windows/none")


def test_a_missing_part(tmp_path, folders):
    sample, windows = folders
    with pytest.raises(InputError, match=r"objects\.parquet"):
        open_stars(tmp_path / "nowhere", windows)
    (windows.parent / "settings.json").unlink()
    with pytest.raises(InputError, match=r"settings\.json"):
        open_stars(sample, windows)
    with pytest.raises(InputError, match=r"meta\.json"):
        open_stars(sample, tmp_path / "nowhere")


# --- windows to objects -------------------------------------------------------------------------


def test_the_mean_over_an_objects_windows():
    """b: ((0.2 + 0.4 + 0.9) / 3, (0.8 + 0.6 + 0.1) / 3) = (0.5, 0.5); a has one window."""
    ids = np.array(["b", "a", "b", "b"])
    windows = np.array([[0.2, 0.8], [0.3, 0.7], [0.4, 0.6], [0.9, 0.1]])
    names, averaged = per_object(ids, windows)
    assert names.tolist() == ["a", "b"]
    np.testing.assert_allclose(averaged, [[0.3, 0.7], [0.5, 0.5]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.randoms())
def test_samples_are_averaged_one_by_one_and_order_does_not_matter(ids, random):
    ids = np.array(ids)
    rng = np.random.default_rng(random.getrandbits(32))
    values = rng.random((3, len(ids), 2))
    names, averaged = per_object(ids, values)
    assert averaged.shape == (3, len(names), 2)
    for sample, of_sample in zip(values, averaged, strict=True):
        np.testing.assert_allclose(of_sample, per_object(ids, sample)[1])
        for name, mean in zip(names, of_sample, strict=True):
            np.testing.assert_allclose(mean, sample[ids == name].mean(axis=0))
    order = rng.permutation(len(ids))
    again = per_object(ids[order], values[:, order])
    assert again[0].tolist() == names.tolist()
    np.testing.assert_allclose(again[1], averaged)
