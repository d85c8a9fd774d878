"""The public Astromer layout and its MACHO variant."""

import pandas as pd
import pytest

from nightjar import samples
from nightjar.errors import InputError
from nightjar.surveys import astromer
from tests.surveys import formats


def test_metadata(tmp_path):
    tables = astromer.read(formats.astromer(tmp_path / "alcock"))
    objects = tables.objects
    assert objects["object_id"].tolist() == ["0", "1"]
    assert objects["ID"].tolist() == ["1.3441.15", "1.3441.16"]
    assert objects["class"][0] == "RRab"
    assert objects["class"].isna().tolist() == [False, True]  # UNK
    assert objects["survey"].tolist() == ["alcock", "alcock"]
    assert objects["Label"].tolist() == [0, 1]
    assert tables.rows == 5


def test_metadata_under_other_names(tmp_path):
    """A sample's positions find its duplicates, whatever the case of their names."""
    path = formats.astromer(tmp_path) / "metadata.parquet"
    frame = pd.read_parquet(path).drop(columns="Class")
    frame.assign(RA=[10.0, 11.0], DEC=[-70.0, 95.0], z=[0.1, 0.2]).to_parquet(path)
    tables = astromer.read(tmp_path)
    assert tables.objects["ra"].tolist() == [10, 11]
    assert tables.objects["dec"].isna().tolist() == [False, True]
    assert tables.objects["redshift"].tolist() == [0.1, 0.2]
    assert "class" not in tables.objects  # Label is a code, ID no object_id
    assert tables.objects["object_id"].tolist() == ["0", "1"]
    assert tables.drops == {"objects_dec_not_valid": 1}


def test_light_curves_of_all_shards(tmp_path):
    photometry, spectra, drops = formats.drain(astromer.read(formats.astromer(tmp_path)))
    frame = pd.concat(photometry)
    assert frame["object_id"].tolist() == ["0", "0", "0", "1", "1"]
    assert frame["band"].tolist() == ["1"] * 5  # from the metadata
    assert frame["mag"].tolist() == [-5, -4, -3, -5, -4]
    assert (spectra, drops) == ([], {})


def test_macho_variant(tmp_path):
    formats.astromer(tmp_path)
    for shard in (tmp_path / "light_curves").iterdir():
        frame = pd.read_parquet(shard).rename(columns={"mjd": "observation_date", "errmag": "err"})
        frame.assign(Band="R").to_parquet(shard)
    photometry, *_ = formats.drain(astromer.read(tmp_path))
    assert pd.concat(photometry)["band"].tolist() == ["R"] * 5


def test_without_any_band(tmp_path):
    formats.astromer(tmp_path)
    path = tmp_path / "metadata.parquet"
    pd.read_parquet(path).drop(columns=["Band", "Class"]).to_parquet(path)
    photometry, *_ = formats.drain(astromer.read(tmp_path))
    assert set(pd.concat(photometry)["band"]) == {"unknown"}


def test_as_a_sample_joined_by_newid(tmp_path):
    formats.astromer(tmp_path / "alcock")
    path = tmp_path / "alcock" / "metadata.parquet"
    pd.read_parquet(path).iloc[::-1].to_parquet(path)
    options = {"bands": None, "classes": None, "min_points": 1, "group_radius": 0}
    samples.write(astromer.read(tmp_path / "alcock"), tmp_path / "s", progress=False, **options)
    sample = samples.open(tmp_path / "s")
    assert sample.objects["object_id"].tolist() == ["1", "0"]
    assert sample.light_curves[1].time.tolist() == [51000, 51001, 51002]


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("metadata.parquet", "newID"),
        ("light_curves/shard_001.parquet", "newID"),
        ("light_curves/shard_001.parquet", "mag"),
    ],
)
def test_missing_column(tmp_path, file, column):
    path = formats.astromer(tmp_path) / file
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    with pytest.raises(InputError, match=f"{path.name}: no column '{column}'"):
        astromer.read(tmp_path)


def test_missing_files(tmp_path):
    with pytest.raises(InputError, match="no shard"):
        astromer.read(tmp_path)
    (formats.astromer(tmp_path) / "metadata.parquet").unlink()
    with pytest.raises(InputError, match=r"metadata\.parquet: no such file"):
        astromer.read(tmp_path)
