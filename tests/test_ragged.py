"""Flat stores on disk: what is written comes back, what is damaged is refused."""

import json

import numpy as np
import pytest

from nightjar.errors import InputError
from nightjar.ragged import (
    ArrayWriter,
    LightCurves,
    LightCurvesWriter,
    Spectra,
    SpectraWriter,
)

TIME = np.array([58000.123456789, 58001.0, 58002.0, 58003.0, 58004.0])


@pytest.fixture
def light_curves(tmp_path):
    """Objects a (2 points), b (none), c (3 points), appended in two blocks."""
    with LightCurvesWriter(tmp_path / "lc", ("g", "r"), "mag") as writer:
        writer.append(["a", "b"], np.array([2, 0]), TIME[:2], TIME[:2] / 1e4, [0.1, 0.2], [0, 1])
        writer.append(["c"], np.array([3]), TIME[2:], [1, 2, 3], [0.3, 0.4, 0.5], [1, 0, 0])
    return tmp_path / "lc"


@pytest.fixture
def spectra(tmp_path):
    lists = [np.array([4000.0, 5000.0]), np.array([6000.0])]
    with SpectraWriter(tmp_path / "sp") as writer:
        writer.append(["a", "a"], [58000.0, np.nan], [False, True], lists, lists, lists)
        writer.append([], [], [], [], [], [])
    return tmp_path / "sp"


def test_light_curves_come_back(light_curves):
    store = LightCurves.open(light_curves)
    assert list(store.object_id) == ["a", "b", "c"]
    assert list(store.offsets) == [0, 2, 2, 5]
    assert (store.bands, store.quantity, len(store)) == (("g", "r"), "mag", 3)
    np.testing.assert_array_equal(store.time, TIME)  # float64: no digit lost
    types = [store.time.dtype, store.value.dtype, store.error.dtype, store.band.dtype]
    assert types == [np.float64, np.float32, np.float32, np.int16]
    assert isinstance(store.time, np.memmap)


def test_rows_are_views(light_curves):
    store = LightCurves.open(light_curves)
    np.testing.assert_array_equal(store[2].value, [1, 2, 3])
    np.testing.assert_array_equal(store[-1].band, [1, 0, 0])
    assert len(store[1].time) == 0
    assert np.shares_memory(store[2].value, store.value)
    assert [len(curve.time) for curve in store] == [2, 0, 3]
    with pytest.raises(IndexError):
        store[3]


def test_slice_rebases_offsets(light_curves):
    part = LightCurves.open(light_curves).slice(1, 3)
    assert list(part.object_id) == ["b", "c"]
    assert list(part.offsets) == [0, 0, 3]
    np.testing.assert_array_equal(part[1].value, [1, 2, 3])
    assert len(LightCurves.open(light_curves).slice(2, 1)) == 0


def test_spectra_come_back(spectra):
    store = Spectra.open(spectra)
    assert list(store.object_id) == ["a", "a"]
    assert list(store.rest) == [False, True]
    one = store[1]
    assert (one.wavelength.tolist(), one.rest, np.isnan(one.time)) == ([6000.0], True, True)
    assert list(store.slice(1, 2).offsets) == [0, 1]


def test_files_are_plain_npy(light_curves):
    values = np.load(light_curves / "value.npy")
    assert values.shape == (5,)
    assert (light_curves / "value.npy").stat().st_size == 128 + 5 * 4


def test_an_error_while_writing_leaves_no_store(tmp_path):
    with pytest.raises(KeyError), LightCurvesWriter(tmp_path / "lc", ("g",), "mag") as writer:
        writer._append(["a"], np.array([1]), {})
    with pytest.raises(InputError, match="no light_curves store here"):
        LightCurves.open(tmp_path / "lc")


def test_empty_store(tmp_path):
    LightCurvesWriter(tmp_path / "lc", (), "flux").close()
    store = LightCurves.open(tmp_path / "lc")
    assert (len(store), len(store.time), len(store.slice(0, 0))) == (0, 0, 0)


def perfect_stores(folder, noise):
    """Objects a (1 point) and b (2), a spectrum of 2 and one of 1 pixel, with perfect values."""
    points = [TIME[:3], [1, 2, 3], [0.1] * 3, [0, 0, 0]]
    with LightCurvesWriter(folder / "lc", ("g",), "mag", noise) as curves:
        curves.append(["a", "b"], np.array([1, 2]), *points, perfect=[10, 20, 30])
    lists = [np.array([1.0, 2.0]), np.array([3.0])]
    with SpectraWriter(folder / "sp", noise) as spectra:
        perfect = [10 * pixels for pixels in lists]
        spectra.append(["a", "b"], [0, 0], [False] * 2, lists, lists, lists, perfect)
    return folder / "lc", folder / "sp"


@pytest.mark.parametrize(("noise", "factor"), [(True, 1), (False, 10)])
def test_noise_says_whether_observed_or_perfect_values_are_handed_out(tmp_path, noise, factor):
    curves, spectra = perfect_stores(tmp_path, noise)
    store, flux = LightCurves.open(curves), Spectra.open(spectra)
    assert store.noise is flux.noise is noise
    assert store.value.tolist() == flux.flux.tolist() == [factor, 2 * factor, 3 * factor]
    assert store.perfect.tolist() == flux.perfect.tolist() == [10, 20, 30]
    for path, name in ((curves, "value"), (spectra, "flux")):
        assert np.load(path / f"{name}.npy").tolist() == [1, 2, 3]  # both are kept


def test_slices_keep_perfect_values_beside_the_observed(tmp_path):
    curves, spectra = perfect_stores(tmp_path, noise=True)
    part, tail = LightCurves.open(curves).slice(1, 2), Spectra.open(spectra).slice(1, 2)
    assert (part.value.tolist(), part.perfect.tolist(), part.bands) == ([2, 3], [20, 30], ("g",))
    assert (tail.flux.tolist(), tail.perfect.tolist()) == ([3], [30])


def test_a_store_without_perfect_values_says_nothing_of_noise(light_curves):
    """As the stores of earlier versions, which are read as ever."""
    assert "noise" not in json.loads((light_curves / "meta.json").read_text())
    store = LightCurves.open(light_curves)
    assert (store.perfect, store.noise, store.slice(0, 2).perfect) == (None, True, None)


def test_damaged_perfect_values_are_named(tmp_path):
    curves, _ = perfect_stores(tmp_path, noise=True)
    np.save(curves / "perfect.npy", np.float32([1, 2]))
    with pytest.raises(InputError, match=r"perfect\.npy: float32 \(2,\), expected float32 \(3,\)"):
        LightCurves.open(curves)
    (curves / "perfect.npy").unlink()
    with pytest.raises(InputError, match=r"perfect\.npy"):
        LightCurves.open(curves)
    meta = json.loads((curves / "meta.json").read_text())
    (curves / "meta.json").write_text(json.dumps(meta | {"noise": "no"}))
    with pytest.raises(InputError, match=r"meta\.json: 'noise' is 'no', expected true or false"):
        LightCurves.open(curves)


def test_array_writer_casts_and_counts(tmp_path):
    writer = ArrayWriter(tmp_path / "a.npy", np.int16)
    for _ in range(3):
        writer.append(np.arange(4.0))
    writer.close()
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.tile(np.arange(4), 3))


@pytest.mark.parametrize("name", ["time", "value", "error", "band", "offsets", "object_id"])
@pytest.mark.parametrize("keep", [0, 60, -1])
def test_truncated_array_is_named(light_curves, name, keep):
    path = light_curves / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=f"{name}.npy"):
        LightCurves.open(light_curves)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "spectra"}', '{"kind": "light_curves"}']
)
def test_damaged_description(light_curves, text):
    (light_curves / "meta.json").write_text(text)
    with pytest.raises(InputError, match=r"meta\.json"):
        LightCurves.open(light_curves)


@pytest.mark.parametrize(("key", "value"), [("points", 4), ("objects", 2), ("format", 99)])
def test_description_that_disagrees(light_curves, key, value):
    path = light_curves / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(InputError):
        LightCurves.open(light_curves)


def test_wrong_type_of_array(light_curves):
    np.save(light_curves / "value.npy", np.array(["a"] * 5))
    with pytest.raises(InputError, match=r"value\.npy: <U1"):
        LightCurves.open(light_curves)


def test_offsets_out_of_order(light_curves):
    np.save(light_curves / "offsets.npy", np.array([0, 4, 2, 5]))
    with pytest.raises(InputError, match=r"offsets\.npy"):
        LightCurves.open(light_curves)


def test_missing_store(tmp_path):
    with pytest.raises(InputError, match="no spectra store"):
        Spectra.open(tmp_path)
