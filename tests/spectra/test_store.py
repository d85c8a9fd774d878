"""Preprocessed spectra on disk: whatever the chunks and processes; damaged files are refused."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nightjar import figures
from nightjar.errors import InputError
from nightjar.spectra import chain, store
from tests.spectra.helpers import mixed, settings, spectra

FEW_BINS = settings(bins=32, knots=4)
FILES = (*store._FLAT, *store._PER_SPECTRUM, "wavelength")
WAVE = np.linspace(3600, 9900, 200)


def objects(ids, redshift=0.05):
    return pd.DataFrame({"object_id": np.unique(ids), "redshift": redshift})


def named(listed, ids, time=None):
    time = listed.time if time is None else np.array(time, float)
    return replace(listed, object_id=np.array(ids), time=time)


@pytest.fixture(scope="module")
def raw():
    """37 noisy spectra of 8 objects, all kinds of them."""
    rng = np.random.default_rng(1)
    ids = [f"o{i}" for i in rng.integers(0, 8, 37)]
    return named(mixed(rng, 37), ids, rng.uniform(58000, 59000, 37))


def written(raw, path, known=FEW_BINS):
    drops = store.write(raw, objects(raw.object_id), path, known)
    return store.ProcessedSpectra.open(path), drops


@pytest.fixture(scope="module")
def whole(raw, tmp_path_factory):
    """In one chunk."""
    path = tmp_path_factory.mktemp("whole") / "spectra"
    return path, *written(raw, path)


def same_bytes(one, other):
    names = [f"{name}.npy" for name in FILES] + ["settings.json"]
    assert sorted(path.name for path in one.iterdir()) == sorted(names)
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_it_holds_what_preprocessing_gives(raw, whole):
    _, processed, drops = whole
    expected, reasons = chain.preprocess(raw, np.full(len(raw), 0.05), FEW_BINS)
    assert 0 < len(processed) < len(raw)  # some are dropped, as meant
    for name in ("flux", "flux_err", "valid", "row"):
        np.testing.assert_array_equal(getattr(processed, name), getattr(expected, name))
    assert drops == reasons
    assert sum(n for why, n in drops.items() if why.startswith("spectra")) == 37 - len(processed)


def test_a_row_says_which_spectrum_it_was(raw, whole):
    _, processed, _ = whole
    np.testing.assert_array_equal(processed.object_id, raw.object_id[processed.row])
    np.testing.assert_array_equal(processed.time, raw.time[processed.row])
    assert (np.diff(processed.row) > 0).all()


def test_nothing_is_read_before_it_is_used(whole):
    _, processed, _ = whole
    assert isinstance(processed.flux, np.memmap)
    assert processed.flux.shape == processed.valid.shape == (len(processed), 32)
    assert len(processed.wavelength) == 32
    assert processed.settings == FEW_BINS.model_dump(exclude={"threads"})


@pytest.mark.parametrize("size", [1, 5, 36, 37])
def test_chunks_do_not_matter(raw, whole, tmp_path, monkeypatch, size):
    monkeypatch.setattr(store, "SPECTRA_PER_CHUNK", size)
    _, drops = written(raw, tmp_path / "s")
    same_bytes(tmp_path / "s", whole[0])
    assert drops == whole[2]


def test_processes_do_not_matter(raw, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SPECTRA_PER_CHUNK", 10)
    written(raw, tmp_path / "s", settings(bins=32, knots=4, threads=2))
    same_bytes(tmp_path / "s", whole[0])


def test_redshifts_are_joined_by_id(tmp_path):
    """A line at 5000 A at rest lies at 5000 (1 + z): 5500 A and 7500 A; x has no object.

    A bin is ln(10000 / 3500) / 512 = 0.2 per cent wide."""
    wave = np.linspace(3000, 9000, 600)
    line = 1 + 5 * np.exp(-(((wave - 5000) / 30) ** 2))
    listed = named(spectra([wave] * 3, [line] * 3, rest=True), ["b", "x", "a"])
    table = pd.DataFrame({"object_id": ["a", "b"], "redshift": [0.5, 0.1]})
    drops = store.write(listed, table, tmp_path / "s", settings(bins=512))
    processed = store.ProcessedSpectra.open(tmp_path / "s")
    assert processed.object_id.tolist() == ["b", "a"]
    assert drops == {"spectra_rest_without_redshift": 1}
    peak = processed.wavelength[processed.flux.argmax(axis=1)]
    np.testing.assert_allclose(peak, [5500, 7500], rtol=0.002)


@pytest.mark.parametrize("count", [0, 3])
def test_none_is_usable(tmp_path, count):
    """Three spectra at 1 to 2 microns, or no spectrum at all: an empty store, and the reasons."""
    infrared = spectra([np.linspace(10100, 20000, 50)] * 3, [np.ones(50)] * 3).slice(0, count)
    processed, drops = written(infrared, tmp_path / "s")
    assert len(processed) == 0
    assert processed.flux.shape == (0, 32)
    assert drops == Counter({"spectra_no_overlap": count} if count else {})
    before, _, flux, _, titles = store.before_and_after(infrared, processed, 4)
    assert (before, len(flux), titles) == ([], 0, [])


@pytest.fixture
def small(tmp_path):
    written(named(spectra([WAVE] * 3, [1 + 0 * WAVE] * 3), list("aab")), tmp_path / "s")
    return tmp_path / "s"


def truncated(path):
    path.write_bytes(path.read_bytes()[:-4])


def killed_while_writing(path):
    path.write_bytes(b" " * 128 + bytes(64))


def shorter(path):
    np.save(path, np.load(path)[:-1])


@pytest.mark.parametrize("damage", ["unlink", truncated, killed_while_writing, shorter])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_array_is_named(small, name, damage):
    path = small / f"{name}.npy"
    path.unlink() if damage == "unlink" else damage(path)
    with pytest.raises(InputError, match="run the stage preprocess_spectra again") as caught:
        store.ProcessedSpectra.open(small)
    # another length of the two that all others must agree with shows in one of these
    assert str(small if damage is shorter else path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_damaged_settings_are_named(small, content):
    (small / "settings.json").write_bytes(content)
    with pytest.raises(InputError, match=r"settings\.json"):
        store.ProcessedSpectra.open(small)


def test_a_store_with_the_arrays_of_another(small, tmp_path):
    """3 spectra of 32 bins beside ids of 2: 96 values do not fit 2 x 32."""
    np.save(small / "object_id.npy", np.array(["a", "b"]))
    with pytest.raises(InputError, match=r"\(3,\), expected \(2,\)|\(96,\), expected \(64,\)"):
        store.ProcessedSpectra.open(small)


# --- before and after ---------------------------------------------------------------------------


def test_before_and_after_show_the_same_spectrum(tmp_path):
    """Undated spectra of one object: the first of them is dropped (no overlap), and object, date
    and position do not tell which of the others is which.  Each has a level of its own."""
    wave = [WAVE + 20000, WAVE, WAVE, WAVE]
    flux = [np.full(200, level) for level in (1.0, 2.0, 3.0, 4.0)]
    raw = named(spectra(wave, flux), list("aaab"))
    processed, _ = written(raw, tmp_path / "s")
    assert processed.row.tolist() == [1, 2, 3]
    before, wavelength, after, valid, titles = store.before_and_after(raw, processed, 3)
    assert [pixels[1][0] for pixels in before] == [2, 3, 4]
    assert titles == ["a", "a", "b"]
    assert after.shape == valid.shape == (3, len(wavelength))


@pytest.mark.parametrize(
    ("count", "levels"), [(1, [0]), (3, [0, 2, 4]), (5, range(5)), (9, range(5))]
)
def test_examples_are_spread_over_the_store(tmp_path, count, levels):
    raw = named(spectra([WAVE] * 5, [np.full(200, 1.0 + i) for i in range(5)]), list("abcde"))
    processed, _ = written(raw, tmp_path / "s")
    shown = store.before_and_after(raw, processed, count)
    assert [pixels[1][0] for pixels in shown[0]] == [1 + level for level in levels]
    assert figures.spectra(*shown).axes
