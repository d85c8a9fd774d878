"""Maven's public layout: joined by key, two- and three-column spectra, files that lack a column."""

import numpy as np
import pytest

from nightjar import samples
from nightjar.errors import InputError
from nightjar.surveys import ztf_bts
from tests.surveys import formats


def test_objects(tmp_path):
    objects = ztf_bts.read(formats.ztf_bts(tmp_path)).objects.set_index("object_id")
    assert objects["class"].to_dict() == {"ZTF18b": "SN Ia", "ZTF18a": "SN II"}
    assert objects.loc["ZTF18b", "redshift"] == 0.05
    assert np.isnan(objects.loc["ZTF18a", "redshift"])  # "-"
    # E(B-V) = A_V / 3.1: 0.31 -> 0.1, 0.62 -> 0.2
    assert objects["mwebv"].tolist() == pytest.approx([0.1, 0.2])
    # 1h = 15 deg; -10:30:00 = -10.5 deg
    assert objects.loc["ZTF18b", ["ra", "dec"]].tolist() == pytest.approx([15.0, -10.5])
    assert objects["rise"].tolist() == ["5", ">5"]  # not numeric throughout: text
    assert objects["peakmag"].tolist() == [18.1, 18.5]


def test_light_curves_join_by_key_whatever_the_order_of_the_table(tmp_path):
    photometry, _, _ = formats.drain(ztf_bts.read(formats.ztf_bts(tmp_path)))
    first = photometry[0]
    assert first["object_id"].tolist() == ["ZTF18a"] + ["ZTF18b"] * 4
    assert first["band"].tolist() == ["g", "g", "g", "R", "R"]
    assert first["mag"].tolist()[0] == 19.0


def test_three_column_spectrum_with_missing_errors(tmp_path):
    _, spectra, _ = formats.drain(ztf_bts.read(formats.ztf_bts(tmp_path)))
    one = spectra[0].iloc[0]
    assert (one["object_id"], one["flux"].tolist()) == ("ZTF18b", [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(one["flux_err"], np.float32([0.1, np.nan, np.nan]))
    assert np.isnan(one["time"])


def test_two_column_and_further_spectra_of_an_object(tmp_path):
    formats.ztf_bts(tmp_path)
    (tmp_path / "ZTFBTS_spectra" / "ZTF18b_2.csv").write_text("4000,1\n5000,2\n")
    _, spectra, _ = formats.drain(ztf_bts.read(tmp_path))
    assert spectra[0]["object_id"].tolist() == ["ZTF18b", "ZTF18b"]
    assert np.isnan(spectra[0]["flux_err"].iloc[1]).all()


def test_date_of_the_spectrum_from_the_table(tmp_path):
    formats.ztf_bts(tmp_path)
    table = tmp_path / "ZTFBTS" / "ZTFBTS_TransientTable.csv"
    header, b, a, *_ = table.read_text().split("\n")
    table.write_text(f"{header},Spectrum_Date_(MJD)\n{b},58003.5\n{a},\n")
    _, spectra, _ = formats.drain(ztf_bts.read(tmp_path))
    assert spectra[0]["time"].tolist() == [58003.5]


def test_counted_files(tmp_path):
    formats.ztf_bts(tmp_path)
    curves = tmp_path / "ZTFBTS" / "light-curves"
    (curves / "ZTF18a.csv").write_text("time,mag,magerr\n58000.0,18.0,0.1\n")
    (curves / "ZTF99x.csv").write_text("time,mag,magerr,band\n58000.0,18.0,0.1,g\n")
    (tmp_path / "ZTFBTS_spectra" / "ZTF99x.csv").write_text("4000,1\n")
    *_, drops = formats.drain(ztf_bts.read(tmp_path))
    assert drops == {
        "objects_redshift_not_numeric": 1,
        "files_light_curve_column_missing": 1,
        "files_light_curve_not_in_table": 1,
        "files_spectrum_not_in_table": 1,
    }


@pytest.mark.parametrize("place", ["data", "."])
def test_found_in_data_too_and_in_the_folder_itself(tmp_path, place):
    formats.ztf_bts(tmp_path / place)
    assert len(ztf_bts.read(tmp_path).objects) == 2
    assert len(formats.drain(ztf_bts.read(tmp_path / place / "ZTFBTS"))[1]) == 1


def test_decimal_positions(tmp_path):
    formats.ztf_bts(tmp_path)
    table = tmp_path / "ZTFBTS" / "ZTFBTS_TransientTable.csv"
    table.write_text(table.read_text().replace("02:00:00.0", "30.5").replace("+10:00:00.0", "-3"))
    assert ztf_bts.read(tmp_path).objects["ra"].tolist() == pytest.approx([15.0, 30.5])


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("ZTFBTS/ZTFBTS_TransientTable.csv", "", "TransientTable.csv: not CSV"),
        ("ZTFBTS/ZTFBTS_TransientTable.csv", "type\nSN Ia\n", "no column 'object_id'"),
        ("ZTFBTS/ZTFBTS_TransientTable.csv", "ZTFID,RA\na,east\n", "column 'ra', row 2: 'east'"),
        ("ZTFBTS/light-curves/ZTF18b.csv", "", "ZTF18b.csv: not CSV"),
        (
            "ZTFBTS/light-curves/ZTF18b.csv",
            "time,mag,magerr,band\n58000,faint,0.1,g\n",
            "ZTF18b.csv: column 'mag', row 0: 'faint' is not a number",
        ),
        ("ZTFBTS/light-curves/ZTF18b.csv", "time,mag,magerr,band\n58000,18", "not CSV.*Expected 4"),
        ("ZTFBTS/light-curves/ZTF18b.csv", "time,mjd,mag,magerr,band\n1,1,1,1,g\n", "both mean"),
        ("ZTFBTS_spectra/ZTF18b.csv", "4000\n", "1 columns; a spectrum has"),
        ("ZTFBTS_spectra/ZTF18b.csv", "wavelength,flux\n4000,1\n", "'wavelength' is not a number"),
    ],
)
def test_broken_files_are_named(tmp_path, file, text, message):
    formats.ztf_bts(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=message):
        formats.drain(ztf_bts.read(tmp_path))


def test_no_table(tmp_path):
    with pytest.raises(InputError, match=r"no ZTFBTS/ZTFBTS_TransientTable.csv"):
        ztf_bts.read(tmp_path)


def test_as_a_sample(tmp_path):
    tables = ztf_bts.read(formats.ztf_bts(tmp_path / "raw"))
    samples.write(
        tables,
        tmp_path / "s",
        bands={"g": ["g"], "r": ["r", "R"]},
        classes={"Ia": ["SN Ia"], "II": ["SN II"]},
        min_points=1,
        group_radius=1.0,
        progress=False,
    )
    sample = samples.open(tmp_path / "s")
    assert sample.objects["object_id"].tolist() == ["ZTF18b", "ZTF18a"]
    assert sample.light_curves[0].band.tolist() == [0, 1, 0, 1]
    assert sample.objects["band_r"].iloc[0] == "R"
