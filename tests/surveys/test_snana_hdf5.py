"""Maven's simulation: fills, both noise settings, events held together row by row."""

import h5py
import numpy as np
import pytest

from nightjar import samples
from nightjar.errors import InputError
from nightjar.surveys import snana_hdf5
from tests.surveys import formats


@pytest.fixture
def file(tmp_path):
    return formats.snana(tmp_path / "sim.hdf5")


def test_objects(file):
    objects = snana_hdf5.read(file).objects
    assert objects["object_id"].tolist() == ["SN Ia-11", "SN Ia-12", "SN Ib-11", "SN Ib-12"]
    assert objects["class"].tolist() == ["SN Ia", "SN Ia", "SN Ib", "SN Ib"]
    assert objects["redshift"].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.2])
    assert objects["model"].tolist()[0] == "SNIa-SALT2"


@pytest.mark.parametrize(
    ("noise", "flux", "perfect"), [(True, [1, 2], [10, np.nan]), (False, [1], [10])]
)
def test_fills_are_masked_in_both(file, noise, flux, perfect):
    """The fills of the values in use drop a pixel; those of the others leave it unknown."""
    tables = snana_hdf5.read(file, noise=noise)
    photometry, spectra, drops = formats.drain(tables)
    assert tables.noise is noise
    first = photometry[0][photometry[0]["object_id"] == "SN Ia-11"]
    assert first["band"].tolist() == ["g", "r"]
    assert first["mag"].tolist() == [18, 17.5]
    assert first["mag_perfect"].tolist() == [19, 18.5]
    assert first["mag_err"].tolist() == pytest.approx([0.1, 0.1])
    np.testing.assert_array_equal(spectra[0]["flux"].iloc[0], flux)
    np.testing.assert_array_equal(spectra[0]["flux_perfect"].iloc[0], perfect)
    assert spectra[0]["time"].tolist() == [58001.0, 58001.0]
    assert drops == {"photometry_fill_value": 4}  # a filter but no magnitude, once per event


@pytest.mark.parametrize(("noise", "mag", "flux"), [(True, 18, [1, 2]), (False, 19, [10])])
def test_a_sample_hands_out_what_noise_says_and_keeps_both(file, tmp_path, noise, mag, flux):
    options = {"bands": None, "classes": None, "min_points": 1, "group_radius": 0.0}
    samples.write(snana_hdf5.read(file, noise=noise), tmp_path / "s", **options)
    sample = samples.open(tmp_path / "s")
    assert sample.light_curves[0].value.tolist() == [mag, mag - 0.5]
    assert sample.light_curves.perfect[:2].tolist() == [19, 18.5]
    assert np.load(tmp_path / "s" / "light_curves" / "value.npy")[:2].tolist() == [18, 17.5]
    assert sample.spectra[0].flux.tolist() == flux


def test_streamed_in_blocks(file, monkeypatch):
    monkeypatch.setattr(snana_hdf5, "_ROWS", 1)
    photometry, spectra, _ = formats.drain(snana_hdf5.read(file))
    assert [len(chunk) for chunk in photometry] == [2] * 4
    assert [chunk["object_id"].iloc[0] for chunk in spectra] == [
        "SN Ia-11",
        "SN Ia-12",
        "SN Ib-11",
        "SN Ib-12",
    ]


def test_types_merge_by_the_classes_setting(file, tmp_path):
    samples.write(
        snana_hdf5.read(file),
        tmp_path / "s",
        bands={"g": ["g"], "r": ["r"]},
        classes={"Ibc": ["SN Ib", "SN Ic"], "Ia": ["SN Ia"]},
        min_points=1,
        group_radius=0,
        progress=False,
    )
    assert samples.open(tmp_path / "s").objects["class"].tolist() == ["Ia", "Ia", "Ibc", "Ibc"]


def test_events_that_do_not_match_are_named(file):
    with h5py.File(file, "a") as source:
        source["Spectroscopy/SN Ib/SNIb-Templates/TID"][1] = 99
    with pytest.raises(InputError, match="SN Ib/SNIb-Templates, row 1: TID 12 in Photometry, 99"):
        snana_hdf5.read(file)


def test_tids_that_repeat_within_a_type_take_the_model(file):
    with h5py.File(file, "a") as source:
        for top in ("Photometry", "Spectroscopy"):
            source.copy(f"{top}/SN Ia/SNIa-SALT2", f"{top}/SN Ia/SNIa-SALT3")
    objects = snana_hdf5.read(file).objects
    assert objects["object_id"].is_unique
    assert objects["object_id"][0] == "SN Ia-SNIa-SALT2-11"


def test_a_group_without_events_takes_nobody_elses(file):
    whole = [len(frame) for frame in formats.drain(snana_hdf5.read(file))[:2]]
    with h5py.File(file, "a") as source:
        for top in ("Photometry", "Spectroscopy"):
            for name, data in source[f"{top}/SN Ia/SNIa-SALT2"].items():
                source[f"{top}/SN Ia/Empty/{name}"] = data[:0]
    assert [len(frame) for frame in formats.drain(snana_hdf5.read(file))[:2]] == whole


def test_text_tids_and_unknown_filters(file):
    with h5py.File(file, "a") as source:
        for top in ("Photometry", "Spectroscopy"):
            del source[f"{top}/SN Ia/SNIa-SALT2/TID"]
            source[f"{top}/SN Ia/SNIa-SALT2/TID"] = np.array([b"x", b"y"])
        source["Photometry/SN Ia/SNIa-SALT2/filter"][0, 0] = 3
    tables = snana_hdf5.read(file)
    *_, drops = formats.drain(tables)
    assert tables.objects["object_id"][0] == "SN Ia-x"
    assert drops["photometry_filter_unknown"] == 1


def test_folder_with_one_file(file):
    assert len(snana_hdf5.read(file.parent).objects) == 4
    formats.snana(file.parent / "other.h5")
    with pytest.raises(InputError, match=r"give one HDF5 file; found other\.h5, sim\.hdf5"):
        snana_hdf5.read(file.parent)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Photometry", "no group 'Photometry'"),
        ("Spectroscopy/SN Ia", "'SN Ia/SNIa-SALT2' is in one of"),
        ("Photometry/SN Ia/SNIa-SALT2/z", "no data set .*z"),
        ("Photometry/SN Ia/SNIa-SALT2/mag_obs", "no data set .*mag_obs"),
        ("Photometry/SN Ia/SNIa-SALT2/mag_perfect", "no data set .*mag_perfect"),
        ("Spectroscopy/SN Ib/SNIb-Templates/wavelength", "no data set .*wavelength"),
    ],
)
def test_what_is_missing_is_named(file, name, message):
    with h5py.File(file, "a") as source:
        del source[name]
    with pytest.raises(InputError, match=rf"sim\.hdf5: .*{message}"):
        formats.drain(snana_hdf5.read(file))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(2), "1 dimensions, expected 2"),
        (np.ones((2, 3)), r"shape \(2, 3\), not as TID"),
        (np.ones((3, 4)), r"shape \(3, 4\), not as TID"),
        (np.full((2, 4), b"x"), "expected numbers"),
    ],
)
def test_data_set_of_wrong_shape_or_type(file, values, message):
    name = "Photometry/SN Ia/SNIa-SALT2/mag_obs"
    with h5py.File(file, "a") as source:
        del source[name]
        source[name] = values
    with pytest.raises(InputError, match=message):
        formats.drain(snana_hdf5.read(file))


def test_missing_or_no_hdf5(tmp_path):
    (tmp_path / "text.hdf5").write_text("no HDF5")
    for name in ("text.hdf5", "nowhere.hdf5"):
        with pytest.raises(InputError, match=name):
            snana_hdf5.read(tmp_path / name)
