"""Embeddings of every layer, per star; the figures of the layers."""

import numpy as np
import pandas as pd
import pytest

from nightjar import figures
from nightjar.judging import layers


def test_windows_are_averaged_to_stars():
    """Star b: windows 0 and 2, layers (0, 10) and (4, 30), mean (2, 20); c is not wanted."""
    found = np.array([[[0.0], [10.0]], [[1.0], [1.0]], [[4.0], [30.0]], [[9.0], [9.0]]])
    ids, means = layers.per_star(np.array(list("babc")), found, ["b", "a", "z"])
    assert ids.tolist() == ["a", "b"]
    assert means.tolist() == [[[1], [2]], [[1], [20]]]  # layer, star, dim


def test_of_too_many_stars_a_choice_that_stays(monkeypatch):
    monkeypatch.setattr(layers, "MOST", 3)
    names = np.array([f"s{i}" for i in range(9)])
    once, again = (layers.per_star(names, np.ones((9, 2, 1)), names)[0] for _ in range(2))
    assert len(once) == 3
    assert once.tolist() == sorted(again.tolist())


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of every figure, by the name of its file."""
    saved = {}
    for name in ("layer_maps", "gammas"):
        monkeypatch.setattr(figures, name, lambda *given: given)
    monkeypatch.setattr(figures, "save", lambda given, path: saved.update({path.name: given}))
    return saved


def table(*rows):
    columns = ("survey", "samples_per_class", "fold", "part", "object_id")
    return pd.DataFrame(rows, columns=columns)


def test_the_survey_with_most_stars_and_the_most_samples_are_mapped(tmp_path, drawn):
    """Survey two has two scored stars, one has one; two's most samples are 20."""
    splits = table(
        ("one", 10, 0, "test", "x"), ("one", 50, 0, "test", "x"),
        ("two", 10, 0, "test", "a"), ("two", 10, 0, "test", "b"),
        ("two", 20, 0, "test", "a"), ("two", 20, 0, "test", "b"), ("two", 20, 1, "test", "a"),
    )  # fmt: skip
    (tmp_path / "astromer2").mkdir()
    np.savez(
        tmp_path / "astromer2/two_20_0.npz",
        object_id=np.array(["b", "a", "c", "b"]),
        layers=np.zeros((4, 3, 2), np.float32),
    )
    classes = pd.Series({"a": "RR", "b": "EB", "c": "RR"})
    layers.maps(tmp_path, tmp_path, ["astromer2"], splits, classes)
    ((name, (points, labels, names)),) = drawn.items()
    assert name == "layers_astromer2_two_20.png"
    assert [each.shape for each in points] == [(2, 2)] * 3
    assert labels.tolist() == ["RR", "EB"]
    assert names == ["EB", "RR"]


def test_gammas_of_every_model(tmp_path, drawn):
    layers.gammas(tmp_path, {"astromer1": {"two, 20 per class": [[0.5, 0.5], [0.3, 0.7]]}})
    ((weights,),) = (drawn["gammas.png"],)
    np.testing.assert_array_equal(
        weights["astromer1"]["two, 20 per class"], [[0.5, 0.5], [0.3, 0.7]]
    )
