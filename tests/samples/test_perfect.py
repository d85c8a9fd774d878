"""Perfect values of simulations stay beside the observed ones, whatever happens to the rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import samples
from nightjar.errors import InputError
from nightjar.tables import Tables

OPTIONS = {"bands": None, "classes": None, "min_points": 1, "group_radius": 0.0, "progress": False}
NAN = float("nan")


def photometry(points) -> pd.DataFrame:
    """Points (object, band, time, observed, perfect) in flux; row i has the error i + 1."""
    frame = pd.DataFrame(points, columns=["object_id", "band", "time", "flux", "flux_perfect"])
    return frame.assign(flux_err=np.arange(1.0, len(frame) + 1))


def spectra(pixels) -> pd.DataFrame:
    """One spectrum each of (wavelength, observed, perfect); pixel k of all has the error k + 1."""
    names = ["wavelength", "flux", "flux_perfect"]
    lists = [np.array(each, float).reshape(-1, 3).T for each in pixels]
    ends = np.cumsum([len(each) for each in pixels])
    return pd.DataFrame(
        {"object_id": "a", "time": 58000.0}
        | {name: [columns[k] for columns in lists] for k, name in enumerate(names)}
        | {"flux_err": [np.arange(e - len(p), e) + 1.0 for e, p in zip(ends, pixels, strict=True)]}
    )


def write(folder, points, shots=(), noise=True, **options) -> samples.Sample:
    objects = pd.DataFrame({"object_id": ["a", "b", "c"]})
    tables = Tables(objects, points, shots, quantity="flux", noise=noise)
    samples.write(tables, folder / "s", **(OPTIONS | options))
    return samples.open(folder / "s")


value = st.sampled_from([1.0, 2.0, 3.0, NAN, np.inf])
point = st.tuples(st.sampled_from("abcx"), st.sampled_from("gBrz"), st.integers(1, 5), value, value)
pixel = st.tuples(st.sampled_from([-1, 4000, 5000, 6000]), value, value)
NOTHING_UNUSUAL = [("a", "g", 9, 1.0, 2.0), ("a", "g", 8, 3.0, 4.0)]  # so that something is left


def finite(values) -> np.ndarray:
    """As a store keeps the values that are not in use."""
    return np.where(np.isfinite(values), values, np.nan)


@settings(max_examples=60, deadline=None)
@given(points=st.lists(point, max_size=40), cut=st.integers(1, 40), noise=st.booleans())
def test_points_stay_aligned_through_sorting_dropping_and_repeats(
    tmp_path_factory, points, cut, noise
):
    frame = photometry([*NOTHING_UNUSUAL, *points])
    chunks = [part for part in (frame[:cut], frame[cut:]) if len(part)]
    bands = {"g": ["g", "B"], "r": ["r"]}
    folder = tmp_path_factory.mktemp("s")
    curves = write(folder, chunks, noise=noise, bands=bands, min_points=2).light_curves
    came_from = frame.iloc[curves.error.astype(int) - 1]  # the error tells the row
    owner = np.repeat(curves.object_id, np.diff(curves.offsets))
    assert came_from["object_id"].tolist() == owner.tolist()
    np.testing.assert_array_equal(came_from["time"], curves.time)
    observed = np.load(folder / "s" / "light_curves" / "value.npy")
    np.testing.assert_array_equal(observed, finite(came_from["flux"]))
    np.testing.assert_array_equal(curves.perfect, finite(came_from["flux_perfect"]))
    np.testing.assert_array_equal(curves.value, observed if noise else curves.perfect)
    assert np.isfinite(curves.value).all()


@settings(max_examples=60, deadline=None)
@given(lists=st.lists(st.lists(pixel, max_size=6), max_size=4), noise=st.booleans())
def test_pixels_stay_aligned_through_sorting_dropping_and_repeats(tmp_path_factory, lists, noise):
    frame = spectra([[(4000, 1.0, 2.0)], *lists])
    folder = tmp_path_factory.mktemp("s")
    store = write(folder, [], [frame[:2], frame[2:]], noise).spectra
    pixel = store.flux_err.astype(int) - 1
    flat = {name: np.concatenate(frame[name].tolist())[pixel] for name in frame.columns[2:5]}
    np.testing.assert_array_equal(store.wavelength, flat["wavelength"])
    observed = np.load(folder / "s" / "spectra" / "flux.npy")
    np.testing.assert_array_equal(observed, finite(flat["flux"]))
    np.testing.assert_array_equal(store.perfect, finite(flat["flux_perfect"]))
    np.testing.assert_array_equal(store.flux, observed if noise else store.perfect)
    assert np.isfinite(store.flux).all()


def test_spectra_may_lack_what_is_not_in_use(tmp_path):
    shots = spectra([[(4000, 1.0, 2.0)], [(4000, 3.0, 4.0)]])
    shots["flux_perfect"] = [shots["flux_perfect"][0], None]
    store = write(tmp_path, [], [shots]).spectra
    np.testing.assert_array_equal(store.perfect, np.float32([2, np.nan]))


def test_without_noise_a_survey_without_perfect_values_is_refused(tmp_path):
    points = photometry(NOTHING_UNUSUAL).drop(columns="flux_perfect")
    with pytest.raises(InputError, match="photometry: no column 'flux_perfect', which only simul"):
        write(tmp_path, [points], noise=False)
    shots = spectra([[(4000, 1.0, 2.0)]]).drop(columns="flux_perfect")
    with pytest.raises(InputError, match="spectra: no column 'flux_perfect', which only simul"):
        write(tmp_path, [], [shots], noise=False)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_perfect_values_in_some_chunks_only_are_refused(tmp_path, order):
    chunks = [photometry(NOTHING_UNUSUAL), photometry(NOTHING_UNUSUAL).drop(columns="flux_perfect")]
    with pytest.raises(InputError, match="photometry: only some chunks have 'flux_perfect'"):
        write(tmp_path, [chunks[k] for k in order])
