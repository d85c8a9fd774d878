"""The canonical folder of three Parquet tables."""

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
from nightjar.surveys import READERS, canonical
from nightjar.tables import Tables
from tests.surveys import formats


def test_reads_all_three(tmp_path):
    tables = canonical.read(formats.canonical(tmp_path))
    photometry, spectra, drops = formats.drain(tables)
    assert isinstance(tables, Tables)
    assert (tables.quantity, tables.rows) == ("mag", 5)
    assert tables.objects["object_id"].tolist() == ["a", "b"]
    assert photometry[0]["mag"].tolist() == pytest.approx([18.0, 18.1, 17.9, 18.0, 19.0])
    assert spectra[0]["object_id"].tolist() == ["a"]
    assert not drops


def test_spectra_are_optional_and_aliases_accepted(tmp_path):
    formats.canonical(tmp_path)
    (tmp_path / "spectra.parquet").unlink()
    pd.DataFrame(
        {"ID": [1, 2], "MJD": [1.0, 2.0], "FILTER": ["g", "r"], "mag": [1.0, 2], "magerr": [1.0, 0]}
    ).to_parquet(tmp_path / "photometry.parquet")
    photometry, spectra, drops = formats.drain(canonical.read(tmp_path))
    assert photometry[0]["object_id"].tolist() == ["1"]
    assert spectra == []
    assert drops == {"photometry_error_not_positive": 1}


def test_flux_instead_of_mag(tmp_path):
    formats.canonical(tmp_path)
    pd.DataFrame(
        {"object_id": ["a"], "time": [1.0], "band": ["g"], "flux": [-3.0], "flux_err": [1.0]}
    ).to_parquet(tmp_path / "photometry.parquet")
    tables = canonical.read(tmp_path)
    assert tables.quantity == "flux"
    assert formats.drain(tables)[0][0]["flux"].tolist() == [-3.0]


def test_perfect_values_of_a_users_own_simulation_are_read(tmp_path):
    formats.canonical(tmp_path)
    for name in ("photometry", "spectra"):
        frame = pd.read_parquet(tmp_path / f"{name}.parquet")
        column = "mag" if name == "photometry" else "flux"
        frame.assign(**{f"{column}_perfect": frame[column]}).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    assert not canonical.read(tmp_path, noise=False).noise
    photometry, spectra, _ = formats.drain(canonical.read(tmp_path))
    assert photometry[0]["mag_perfect"].tolist() == photometry[0]["mag"].tolist()
    np.testing.assert_array_equal(spectra[0]["flux_perfect"][0], spectra[0]["flux"][0])


@pytest.mark.parametrize(
    ("noise", "kept"), [(True, [18.1, 17.9, 18.0, 19.0]), (False, [1, 3, 4, 5])]
)
def test_only_values_that_are_used_must_be_there(noise, kept, tmp_path):
    """Row 0 has no observed value, row 1 no perfect one; of the spectrum pixels 0, and 1 and 2."""
    formats.canonical(tmp_path)
    path = tmp_path / "photometry.parquet"
    frame = pd.read_parquet(path).assign(mag_perfect=[1.0, np.nan, 3.0, 4.0, 5.0])
    frame.loc[0, "mag"] = np.nan
    frame.to_parquet(path)
    observed, perfect = np.ones(20), np.ones(20)
    observed[0], perfect[1:3] = np.nan, np.nan
    path = tmp_path / "spectra.parquet"
    columns = {"flux": [observed], "flux_perfect": [perfect]}
    pd.read_parquet(path).assign(**columns).to_parquet(path)
    photometry, spectra, drops = formats.drain(canonical.read(tmp_path, noise=noise))
    assert photometry[0]["mag" if noise else "mag_perfect"].tolist() == pytest.approx(kept)
    assert drops["photometry_value_not_finite"] == 1
    assert len(spectra[0]["flux"][0]) == (19 if noise else 18)


def test_first_offending_row_counts_from_the_start_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("nightjar.surveys.parquet.ROWS", 2)
    formats.canonical(tmp_path)
    frame = pd.read_parquet(tmp_path / "photometry.parquet").astype({"mag": str})
    frame.loc[4, "mag"] = "bright"
    frame.to_parquet(tmp_path / "photometry.parquet")
    with pytest.raises(InputError, match=r"photometry\.parquet: column 'mag', row 4: 'bright'"):
        formats.drain(canonical.read(tmp_path))


def test_an_id_kept_as_pandas_index_is_found(tmp_path):
    formats.canonical(tmp_path)
    frame = pd.read_parquet(tmp_path / "objects.parquet").set_index("object_id")
    frame.to_parquet(tmp_path / "objects.parquet")
    assert canonical.read(tmp_path).objects["object_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["objects", "photometry"])
def test_missing_table(tmp_path, name):
    formats.canonical(tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(InputError, match=rf"{name}\.parquet: no such file"):
        canonical.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("objects", "object_id"),
        ("photometry", "band"),
        ("photometry", "mag_err"),
        ("spectra", "wavelength"),
    ],
)
def test_missing_column(tmp_path, name, column):
    formats.canonical(tmp_path)
    path = tmp_path / f"{name}.parquet"
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    with pytest.raises(InputError, match=rf"{name}\.parquet: no column '{column}'"):
        canonical.read(tmp_path)


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        canonical.read(tmp_path / "nowhere")


def test_dictionary_encoded_and_plain_columns_read_alike(tmp_path):
    formats.canonical(tmp_path)
    path = tmp_path / "photometry.parquet"
    plain = formats.drain(canonical.read(tmp_path))[0][0]
    pd.read_parquet(path).astype({"object_id": "category", "band": "category"}).to_parquet(path)
    coded = formats.drain(canonical.read(tmp_path))[0][0]
    for name in plain:
        np.testing.assert_array_equal(plain[name], coded[name])


def test_readers_are_called_like_the_sources_of_the_settings():
    assert set(READERS) == {"tables", "ztf_bts", "snana_hdf5", "astromer"}


def test_photometry_alone(tmp_path):
    """Objects and bands in the order of their first rows; whole numbers become text."""
    path = tmp_path / "photometry.parquet"
    pd.DataFrame(
        {
            "oid": [7, 3, None, 7, 5],
            "mjd": [2.0, 1.0, 1.0, np.nan, 4.0],
            "filter": ["r", "g", "g", "r", None],
            "mag": 18.0,
            "magerr": 0.1,
        }
    ).to_parquet(path)
    tables, bands = canonical.read_photometry(path)
    assert tables.objects["object_id"].tolist() == ["7", "3", "5"]
    assert bands == ["r", "g"]
    photometry, spectra, drops = formats.drain(tables)
    assert photometry[0]["object_id"].tolist() == ["7", "3"]
    assert spectra == []
    assert drops == {
        "photometry_object_id_missing": 1,
        "photometry_time_not_finite": 1,
        "photometry_band_missing": 1,
    }


def test_photometry_without_any_object(tmp_path):
    path = tmp_path / "photometry.parquet"
    columns = {"object_id": [None], "time": [1.0], "band": ["g"], "mag": [1.0], "mag_err": [1.0]}
    pd.DataFrame(columns).to_parquet(path)
    with pytest.raises(InputError, match=r"photometry\.parquet: no row has an object_id"):
        canonical.read_photometry(path)
