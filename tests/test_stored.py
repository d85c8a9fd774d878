"""What earlier stages left: joined by id, refused where damaged."""

import numpy as np
import pandas as pd
import pytest

from nightjar import stored
from nightjar.errors import InputError
from tests import stores

TABLE = {"object_id": ["a", "b", "c"], "class": ["Ia", None, "II"], "redshift": [0.1, 0.2, 0.3]}


def test_objects_in_the_order_of_the_ids(tmp_path):
    stores.objects(tmp_path, TABLE)
    found = stored.objects_of(tmp_path, np.array(["c", "a", "c"]))
    assert found["object_id"].tolist() == ["c", "a", "c"]
    assert found["redshift"].tolist() == [0.3, 0.1, 0.3]
    assert found.index.tolist() == [0, 1, 2]


def test_an_object_without_a_row_is_named(tmp_path):
    stores.objects(tmp_path, TABLE)
    with pytest.raises(InputError, match=r"objects\.parquet: no object 'x'.*window_light_curves"):
        stored.objects_of(tmp_path, np.array(["a", "x", "y"]))


def test_no_table_or_half_of_one(tmp_path):
    with pytest.raises(InputError, match=r"objects\.parquet: not readable"):
        stored.objects_of(tmp_path, np.array(["a"]))
    stores.objects(tmp_path, TABLE)
    path = tmp_path / "objects.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"objects\.parquet: not readable .*gather the survey"):
        stored.objects_of(tmp_path, np.array(["a"]))


def test_settings_lie_beside_the_windows(tmp_path):
    stores.window_settings(tmp_path / "stars", window=200)
    assert stored.window_settings(tmp_path / "stars") == {"window": 200}


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe"])
def test_no_settings_or_broken_ones(tmp_path, content):
    if content is not None:
        (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(InputError, match=r"settings\.json: not readable .*window_light_curves"):
        stored.window_settings(tmp_path / "stars")


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_classes_as_codes(dtype):
    table = pd.DataFrame({"class": pd.Series(["II", None, "Ia", "SLSN", "II"], dtype=dtype)})
    codes = stored.class_codes(table, ["Ia", "II"])
    assert codes.tolist() == [1, -1, 0, -1, 1]  # SLSN is not asked for, null is none
    assert codes.dtype == np.int64
    assert stored.class_codes(table, ["II", "Ia"]).tolist() == [0, -1, 1, -1, 0]
    assert stored.class_codes(table, []).tolist() == [-1] * 5
    assert stored.class_names(table) == ["II", "Ia", "SLSN"]


def test_a_table_of_unlabelled_objects(tmp_path):
    table = stores.objects(tmp_path, TABLE | {"class": pd.Series([None] * 3, dtype=object)})
    read = stored.objects_of(tmp_path, table["object_id"].to_numpy(str))
    assert stored.class_names(read) == []
    assert stored.class_codes(read, ["Ia"]).tolist() == [-1] * 3
