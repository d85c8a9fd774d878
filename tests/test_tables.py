"""Names, types and row checks of the canonical tables."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightjar.errors import InputError
from nightjar.tables import (
    canonical_names,
    check_objects,
    check_photometry,
    check_spectra,
    quantity_of,
)


def photometry(**columns) -> pd.DataFrame:
    base = {"object_id": "a", "time": 58000.0, "band": "g", "mag": 18.0, "mag_err": 0.1}
    length = max((len(v) for v in columns.values()), default=1)
    return pd.DataFrame({name: columns.get(name, [value] * length) for name, value in base.items()})


def spectrum(**columns) -> pd.DataFrame:
    base = {
        "object_id": "a",
        "time": 58000.0,
        "wavelength": np.array([4000.0, 5000.0, 6000.0]),
        "flux": np.array([1.0, 2.0, 3.0]),
    } | columns
    return pd.DataFrame({name: pd.Series([value]) for name, value in base.items()})


@pytest.mark.parametrize(
    ("table", "raw", "name"),
    [
        ("photometry", "MJD", "time"),
        ("photometry", "observation_date", "time"),
        ("photometry", "Magerr", "mag_err"),
        ("photometry", "e_mag", "mag_err"),
        ("photometry", "errmag", "mag_err"),
        ("photometry", "err", "mag_err"),
        ("photometry", "mag_error", "mag_err"),
        ("photometry", "sigma", "mag_err"),
        ("photometry", "oid", "object_id"),
        ("photometry", "newID", "object_id"),
        ("photometry", "fid", "band"),
        ("photometry", "Passband", "band"),
        ("photometry", "fluxerr", "flux_err"),
        ("photometry", "flux_error", "flux_err"),
        ("objects", "ZTFID", "object_id"),
        ("objects", "SNID", "object_id"),
        ("objects", "type", "class"),
        ("objects", "Label", "class"),
        ("objects", "z", "redshift"),
        ("objects", "ebv", "mwebv"),
        ("objects", "RA", "ra"),
        ("objects", "Dec", "dec"),
    ],
)
def test_aliases(table, raw, name):
    assert canonical_names([raw, "unrelated"], table, "t") == {raw: name}


def test_fluxcal_and_julian_dates_are_no_aliases():
    assert canonical_names(["fluxcal", "fluxcalerr", "jd", "hjd"], "photometry", "t") == {}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("photometry", ["time", "MJD"]),
        ("photometry", ["mag_err", "err"]),
        ("objects", ["ZTFID", "id"]),  # no object_id: which of the two is it?
        ("objects", ["class", "Class"]),  # a spelling that differs by case only
        ("photometry", ["mag", "mag"]),
    ],
)
def test_two_columns_of_one_meaning_are_refused(table, columns):
    with pytest.raises(InputError, match=rf"file: .*{columns[0]}.*{columns[1]}"):
        canonical_names(columns, table, "file")


def test_alias_beside_the_canonical_object_column_is_metadata():
    columns = ["object_id", "name", "class", "type", "z"]
    names = canonical_names(columns, "objects", "t")
    assert names == {"object_id": "object_id", "class": "class", "z": "redshift"}


def test_mag_and_flux_together_are_refused():
    assert quantity_of(["flux", "flux_err"], "t") == "flux"
    with pytest.raises(InputError, match="both 'mag' and 'flux'"):
        quantity_of(["mag", "flux"], "t")


def test_ids_are_stripped_text_whatever_their_type():
    for raw in ([" 5 ", "7"], [5, 7], [5.0, 7.0]):
        frame, _ = check_objects(pd.DataFrame({"object_id": raw}), "t")
        assert list(frame["object_id"]) == ["5", "7"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"object_id": ["a", " a"]}, "row 1: 'a' is there twice"),
        ({"object_id": ["a", None]}, "row 1: nan is null"),
        ({"object_id": ["a", "  "]}, "row 1: nan is null"),
        ({"object_id": [1.5, 2.0]}, "row 0: 1.5 is no name"),
        ({"object_id": ["a", ["b"]]}, "row 1: \\['b'\\] is no name"),
        ({"object_id": []}, "no objects"),
        ({"x": [1]}, "no column 'object_id'; found x"),
        ({"object_id": ["a", "b"], "ra": [1.0, "x"]}, "column 'ra', row 1: 'x' is not a number"),
    ],
)
def test_unusable_objects(columns, message):
    with pytest.raises(InputError, match=f"file: .*{message}"):
        check_objects(pd.DataFrame(columns), "file")


def test_redshift_placeholders_become_null_and_are_counted():
    raw = ["0.1", "-", ">0.2", None, "-0.01", "inf"]
    frame = pd.DataFrame({"object_id": list("abcdef"), "redshift": raw})
    clean, counts = check_objects(frame, "t")
    np.testing.assert_array_equal(clean["redshift"], [0.1, *[np.nan] * 5])
    assert counts == {
        "objects_redshift_not_numeric": 2,
        "objects_redshift_negative": 1,
        "objects_redshift_not_finite": 1,
    }


def test_impossible_positions_become_null():
    frame = pd.DataFrame({"object_id": ["a", "b"], "ra": [400.0, 10.0], "dec": [0.0, -91.0]})
    clean, counts = check_objects(frame, "t")
    np.testing.assert_array_equal(clean["ra"], [np.nan, 10])
    np.testing.assert_array_equal(clean["dec"], [0, np.nan])
    assert counts == {"objects_ra_not_valid": 1, "objects_dec_not_valid": 1}


def test_check_objects_leaves_its_input_alone_and_is_idempotent():
    frame = pd.DataFrame({"object_id": [1, 2], "redshift": ["-", "0.2"], "class": [" Ia", ""]})
    before = frame.copy()
    once, _ = check_objects(frame, "t")
    twice, counts = check_objects(once, "t")
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(once, twice)
    assert not counts
    assert once["class"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("column", "bad", "reason"),
    [
        ("object_id", None, "object_id_missing"),
        ("object_id", " ", "object_id_missing"),
        ("band", None, "band_missing"),
        ("time", np.nan, "time_not_finite"),
        ("time", -np.inf, "time_not_finite"),
        ("mag", np.nan, "value_not_finite"),
        ("mag", 1e300, "value_not_finite"),  # beyond float32
        ("mag_err", np.nan, "error_missing"),
        ("mag_err", np.inf, "error_not_finite"),
        ("mag_err", 0.0, "error_not_positive"),
        ("mag_err", -0.1, "error_not_positive"),
    ],
)
def test_unusable_rows_are_dropped_and_counted(column, bad, reason):
    good = {"object_id": "a", "band": "g", "time": 1.0, "mag": 1.0, "mag_err": 1.0}[column]
    clean, counts = check_photometry(photometry(**{column: [good, bad, good]}), "mag", "t")
    assert list(clean.index) == [0, 2]
    assert counts == {f"photometry_{reason}": 1}


def test_large_errors_are_kept():
    clean, counts = check_photometry(photometry(mag_err=[99.99]), "mag", "t")
    assert len(clean) == 1
    assert not counts


def test_types_of_clean_photometry():
    clean, _ = check_photometry(photometry(mag=["18.5", 19]), "mag", "t")
    types = [str(clean[name].dtype) for name in ("object_id", "band", "time", "mag", "mag_err")]
    assert types == ["category", "category", "float64", "float32", "float32"]


def test_messages_quote_the_index_as_row():
    frame = photometry(mag=[18.0, "faint"])
    frame.index = [100, 101]
    with pytest.raises(InputError, match=r"p.parquet: column 'mag', row 101: 'faint' is not a num"):
        check_photometry(frame, "mag", "p.parquet")


@pytest.mark.parametrize("bad", [True, pd.Timestamp("2020-01-01"), [1.0], "x"])
def test_what_is_no_number(bad):
    frame = photometry(time=[1.0])
    frame["time"] = pd.Series([bad], dtype=object)
    with pytest.raises(InputError, match=r"column 'time', row 0: .* is not a number"):
        check_photometry(frame, "mag", "t")


def test_julian_dates_are_refused_by_name_and_by_value():
    with pytest.raises(InputError, match=r"store jd - 2400000.5 as 'time'"):
        check_photometry(photometry().rename(columns={"time": "JD"}), "mag", "t")
    with pytest.raises(InputError, match=r"row 1: 2458000.50000 is a Julian date"):
        check_photometry(photometry(time=[58000.0, 2458000.5]), "mag", "t")


def test_missing_flux_says_the_unit():
    with pytest.raises(InputError, match=r"no column 'flux'.*nJy"):
        check_photometry(photometry(), "flux", "t")


number = st.one_of(st.floats(), st.none(), st.just(18.0))


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["a", " a", "", None]),
            number,
            st.sampled_from(["g", "r", None]),
            number,
            number,
        ),
        max_size=20,
    )
)
def test_every_row_is_kept_or_counted_once(rows):
    columns = ["object_id", "time", "band", "mag", "mag_err"]
    frame = pd.DataFrame(rows, columns=columns)
    try:
        clean, counts = check_photometry(frame, "mag", "t")
    except InputError as error:
        assert "Julian" in str(error)  # noqa: PT017
        return
    assert len(clean) + sum(counts.values()) == len(rows)
    again, none = check_photometry(clean, "mag", "t")
    pd.testing.assert_frame_equal(again, clean)
    assert not none


def test_spectrum_out_of_order_is_sorted_and_repeats_dropped():
    wavelength = np.array([6000.0, 4000.0, 5000.0, 4000.0])
    flux = np.array([3.0, 1.0, 2.0, 9.0])
    clean, counts = check_spectra(spectrum(wavelength=wavelength, flux=flux), "t")
    np.testing.assert_array_equal(clean["wavelength"][0], [4000, 5000, 6000])
    np.testing.assert_array_equal(clean["flux"][0], [1, 2, 3])  # the first of the two at 4000
    assert counts == {"spectra_repaired_order": 1, "pixels_wavelength_repeated": 1}


def test_unusable_pixels_go_and_bad_errors_become_nan():
    clean, counts = check_spectra(
        spectrum(
            wavelength=np.array([-1.0, 4000, 5000, 6000, np.nan, 7000]),
            flux=np.array([1.0, np.nan, 2, 3, 4, 5]),
            flux_err=np.array([1.0, 1, 0, 0.5, 1, np.nan]),
        ),
        "t",
    )
    np.testing.assert_array_equal(clean["flux"][0], [2, 3, 5])
    np.testing.assert_array_equal(clean["flux_err"][0], np.float32([np.nan, 0.5, np.nan]))
    assert counts == {
        "pixels_wavelength_not_valid": 2,
        "pixels_flux_not_finite": 1,
        "pixels_error_not_positive": 1,
    }


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"object_id": None}, "object_id_missing"),
        ({"flux": np.ones(2)}, "lengths_disagree"),
        ({"flux_err": np.ones(2)}, "lengths_disagree"),
        ({"wavelength": np.empty(0), "flux": np.empty(0)}, "no_pixels"),
        ({"wavelength": None, "flux": None}, "no_pixels"),
    ],
)
def test_unusable_spectra_are_dropped_and_counted(columns, reason):
    clean, counts = check_spectra(spectrum(**columns), "t")
    assert clean.empty
    assert counts == {f"spectra_{reason}": 1}


def test_spectrum_of_bad_pixels_only_counts_as_without_pixels():
    clean, counts = check_spectra(spectrum(flux=np.full(3, np.nan)), "t")
    assert clean.empty
    assert counts == {"pixels_flux_not_finite": 3, "spectra_no_pixels": 1}


def test_spectrum_without_time_frame_or_error():
    clean, counts = check_spectra(spectrum(time=None), "t")
    assert np.isnan(clean["time"][0])
    assert clean["frame"][0] == "observed"
    assert np.isnan(clean["flux_err"][0]).all()
    assert not counts


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"frame": "lab"}, "column 'frame', row 0: 'lab' is neither"),
        ({"flux": "text"}, "column 'flux', row 0: 'text' is no list of numbers"),
        ({"wavelength": 4000.0}, "column 'wavelength', row 0: '4000.0' is no list"),
        ({"flux": ["a", "b", "c"]}, "column 'flux', row 0: .* is no list"),
        ({"time": "yesterday"}, "column 'time', row 0: 'yesterday' is not a number"),
    ],
)
def test_spectra_of_wrong_type(columns, message):
    with pytest.raises(InputError, match=f"s.parquet: {message}"):
        check_spectra(spectrum(**columns), "s.parquet")


def test_check_spectra_is_idempotent():
    frame = pd.concat([spectrum(), spectrum(object_id="b", frame="rest")], ignore_index=True)
    once, _ = check_spectra(frame, "t")
    twice, counts = check_spectra(once, "t")
    assert not counts
    assert list(twice["frame"]) == ["observed", "rest"]
    for name in ("wavelength", "flux", "flux_err"):
        for a, b in zip(once[name], twice[name], strict=True):
            np.testing.assert_array_equal(a, b)
