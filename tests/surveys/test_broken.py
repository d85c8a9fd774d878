"""Whatever is broken, a reader ends with tables or with an `InputError`, never otherwise."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar.errors import InputError
from nightjar.surveys import READERS
from nightjar.tables import Tables
from tests.surveys import formats

QUICK = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def intact(tmp_path_factory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("intact")
    formats.snana(base / "snana_hdf5" / "sim.hdf5")
    return {
        "tables": formats.canonical(base / "tables"),
        "ztf_bts": formats.ztf_bts(base / "ztf_bts"),
        "snana_hdf5": base / "snana_hdf5",
        "astromer": formats.astromer(base / "astromer"),
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory, intact):
    """A function that copies an intact survey: name -> folder."""

    def fresh(name: str) -> Path:
        return shutil.copytree(intact[name], tmp_path_factory.mktemp("broken") / "survey")

    return fresh


def outcome(name: str, folder: Path) -> Tables | InputError:
    try:
        tables = READERS[name](folder)
        formats.drain(tables)
    except InputError as error:
        return error
    return tables


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.*") if path.is_file())


def test_intact_surveys_are_read(intact):
    for name, folder in intact.items():
        assert isinstance(outcome(name, folder), Tables), outcome(name, folder)


@pytest.mark.parametrize("name", READERS)
@QUICK
@given(data=st.data())
def test_truncated(name, copy, data):
    folder = copy(name)
    path = data.draw(st.sampled_from(files(folder)))
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    result = outcome(name, folder)
    if path.suffix in (".parquet", ".hdf5"):  # half a CSV file can be a valid one
        assert isinstance(result, InputError)
        assert path.name in str(result)


@pytest.mark.parametrize("name", READERS)
@QUICK
@given(data=st.data())
def test_overwritten_bytes(name, copy, data):
    folder = copy(name)
    path = data.draw(st.sampled_from([p for p in files(folder) if p.suffix == ".csv"] or [None]))
    if path is None:  # a flipped bit inside a Parquet or HDF5 page is not detectable
        return
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at : at + 1] = data.draw(st.binary(min_size=1, max_size=4))
    path.write_bytes(whole)
    outcome(name, folder)


values = st.sampled_from(
    [None, np.nan, np.inf, -1.0, 0, 5, 1e300, True, "", "x", "5", b"x", [1.0], ["x"], [[1.0]]]
)


@pytest.mark.parametrize("name", ["tables", "astromer"])
@QUICK
@given(data=st.data())
def test_columns_of_any_type(name, copy, data):
    folder = copy(name)
    path = data.draw(st.sampled_from(files(folder)))
    frame = pd.read_parquet(path)
    column = data.draw(st.sampled_from(list(frame.columns)))
    value = data.draw(values)
    frame[column] = pd.Series([value] * len(frame), dtype=object)
    frame.to_parquet(path)
    outcome(name, folder)


@pytest.mark.parametrize("name", ["tables", "astromer"])
@QUICK
@given(data=st.data())
def test_columns_missing_renamed_or_repeated_and_rows_shuffled(name, copy, data):
    folder = copy(name)
    path = data.draw(st.sampled_from(files(folder)))
    frame = pd.read_parquet(path)
    keep = data.draw(st.lists(st.sampled_from(list(frame.columns)), unique=True))
    frame = frame[keep].rename(
        columns=data.draw(
            st.dictionaries(
                st.sampled_from(list(frame)),
                st.sampled_from(["mjd", "id", "flux", "label", "x"]),
                max_size=1,
            )
        )
        if keep
        else {}
    )
    rows = data.draw(st.permutations(range(len(frame))))
    frame = frame.iloc[rows[: data.draw(st.integers(0, len(rows)))]]
    if frame.columns.is_unique:
        frame.to_parquet(path, index=False)
    outcome(name, folder)


def names_of(file: Path) -> list[str]:
    found: list[str] = []
    with h5py.File(file) as source:
        source.visit(found.append)
    return found


@QUICK
@given(data=st.data())
def test_hdf5_with_other_content(copy, data):
    folder = copy("snana_hdf5")
    name = data.draw(st.sampled_from(names_of(folder / "sim.hdf5")))
    value = data.draw(
        st.sampled_from(
            [
                None,
                1.0,
                "text",
                np.ones(2),
                np.ones((2, 4)),
                np.full((2, 4), b"x"),
                np.full(2, np.nan),
                np.array([b"\xff", b"a"]),
                np.empty((0, 4)),
            ]
        )
    )
    with h5py.File(folder / "sim.hdf5", "a") as source:
        del source[name]
        if value is not None:
            source[name] = value
    outcome("snana_hdf5", folder)


def test_shuffled_rows_of_the_canonical_tables_change_nothing(copy):
    folder = copy("tables")
    before = pd.concat(formats.drain(READERS["tables"](folder))[0])
    path = folder / "photometry.parquet"
    pd.read_parquet(path).sample(frac=1, random_state=1).to_parquet(path, index=False)
    after = pd.concat(formats.drain(READERS["tables"](folder))[0])
    key = ["object_id", "band", "time"]
    text = {"object_id": str, "band": str}
    pd.testing.assert_frame_equal(
        before.astype(text).sort_values(key, ignore_index=True),
        after.astype(text).sort_values(key, ignore_index=True),
    )
