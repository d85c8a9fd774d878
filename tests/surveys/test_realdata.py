"""Real supernovae and variable stars through the canonical reader; counts from their README."""

import numpy as np
import pandas as pd
import pytest

from nightjar import samples
from nightjar.ragged import Spectra
from nightjar.surveys import canonical

pytestmark = pytest.mark.realdata
BANDS = {"g": ["g", "B", "V"], "r": ["r", "R"]}
CLASSES = {
    "Ia": ["Ia"],
    "Ibc": ["Ib/c", "Ib", "Ic"],
    "II": ["II"],
    "SLSN-I": ["SLSN-I"],
    "IIn": ["IIn"],
}


@pytest.fixture(scope="module")
def supernovae(realdata, tmp_path_factory):
    directory = tmp_path_factory.mktemp("supernovae") / "sample"
    tables = canonical.read(realdata / "supernovae")
    counts = samples.write(
        tables, directory, bands=BANDS, classes=CLASSES, min_points=4, group_radius=5.0,
        progress=False,
    )  # fmt: skip
    return samples.open(directory), counts


@pytest.fixture(scope="module")
def variables(realdata, tmp_path_factory):
    directory = tmp_path_factory.mktemp("variables") / "sample"
    tables = canonical.read(realdata / "variable_stars")
    counts = samples.write(
        tables, directory, bands=None, classes=None, min_points=5, group_radius=30.0, progress=False
    )
    return samples.open(directory), counts


def spectra_of(spectra: Spectra, name: str) -> list:
    return [spectra[i] for i in np.flatnonzero(spectra.object_id == name)]


def test_every_row_is_kept_or_counted(supernovae, realdata):
    sample, counts = supernovae
    table = pd.read_parquet(realdata / "supernovae" / "photometry.parquet")
    spectra = pd.read_parquet(realdata / "supernovae" / "spectra.parquet", columns=["object_id"])
    dropped = {key: n for key, n in counts.items() if key.startswith("photometry_")}
    assert len(sample.light_curves.time) + sum(dropped.values()) == len(table)
    lost = {
        key: n for key, n in counts.items() if key.startswith("spectra_") and "sorted" not in key
    }
    assert len(sample.spectra) + sum(lost.values()) == len(spectra)
    assert counts["photometry_error_missing"] == table["mag_err"].isna().sum()
    assert counts["photometry_error_not_positive"] == (table["mag_err"] <= 0).sum()


def test_pairs_survive_the_band_groups(supernovae, realdata):
    """All 568 pairs of the README stay, with the points that a count by hand finds."""
    sample, _ = supernovae
    objects = sample.objects.set_index("object_id")
    pairs = objects["has_pair"].to_numpy()
    assert pairs.sum() == 568
    assert set(objects.index[pairs]) <= set(sample.spectra.object_id)
    row = np.repeat(np.arange(len(objects)), np.diff(sample.light_curves.offsets))
    points = np.bincount(row * 2 + sample.light_curves.band, minlength=2 * len(objects))
    without = (points.reshape(-1, 2)[pairs] < 4).sum(axis=0)
    table = pd.read_parquet(realdata / "supernovae" / "photometry.parquet").query("mag_err > 0")
    table = table.drop_duplicates(["object_id", "band", "time"])
    count = table.groupby(["object_id", "band"], observed=True).size().unstack(fill_value=0)
    count = count.reindex(objects.index[pairs], fill_value=0)
    expected = [(count[bands].max(axis=1) < 4).sum() for bands in BANDS.values()]
    assert without.tolist() == expected == [42, 65]


def test_one_passband_per_group(supernovae, realdata):
    """SN2005cf has g, B and V: the g points of the sample are those of one of them only."""
    sample, _ = supernovae
    row = sample.objects.index[sample.objects["object_id"] == "SN2005cf"][0]
    used = sample.objects.loc[row, "band_g"]
    curve = sample.light_curves[row]
    table = pd.read_parquet(realdata / "supernovae" / "photometry.parquet")
    table = table[(table["object_id"] == "SN2005cf") & (table["band"] == used)]
    assert set(curve.value[curve.band == 0]) <= set(table["mag"].astype(np.float32))


def test_known_oddities(supernovae):
    sample, counts = supernovae
    for name in ("SN1976B", "SN2005cf"):  # wavelengths that do not increase; a NaN flux
        for spectrum in spectra_of(sample.spectra, name):
            assert (np.diff(spectrum.wavelength) > 0).all()
            assert np.isfinite(spectrum.flux).all()
    objects = sample.objects.set_index("object_id")
    assert np.isnan(objects.loc["SN1993J", "redshift"])  # negative in the table
    assert counts["objects_redshift_negative"] == 3
    assert counts["spectra_rest_without_redshift"] > 0
    assert (objects["redshift"].dropna() >= 0).all()


def test_aliases_share_a_group(supernovae):
    sample, _ = supernovae
    group = sample.objects.set_index("object_id")["group"]
    assert group.nunique() < len(group)
    # the third, under a Unicode hyphen, lies elsewhere on the sky (and at another redshift)
    assert group["SSS120810"] == group["SSS120810:231802-560926"]


def test_variable_stars(variables, realdata):
    sample, counts = variables
    curves = sample.light_curves
    assert len(curves) == 12_987
    assert len(curves.time) + counts["photometry_repeated"] == 5_447_433
    assert set(counts) <= {"photometry_repeated"}
    row = np.repeat(np.arange(len(curves)), np.diff(curves.offsets))
    same = np.diff(row) == 0
    assert (np.diff(curves.time)[same] >= 0).all()
    # the README's table of single-band curves: 14,919 with n_obs points each
    points = np.bincount(row * len(curves.bands) + curves.band)
    table = pd.read_parquet(realdata / "variable_stars" / "curves.parquet")
    assert (points > 0).sum() == len(table) == 14_919
    number = pd.Series(np.arange(len(curves)), index=sample.objects["object_id"])
    at = number[table["object_id"]].to_numpy() * len(curves.bands)
    at = at + pd.Index(curves.bands).get_indexer(table["band"])
    assert np.abs(points[at] - table["n_obs"]).sum() == counts["photometry_repeated"]


def test_duplicate_stars_share_a_group(variables):
    sample, _ = variables
    objects = sample.objects.set_index("object_id")
    twins = objects["dup_of"].dropna()
    assert len(twins) == 180
    assert (
        objects.loc[twins.index, "group"].to_numpy() == objects.loc[twins, "group"].to_numpy()
    ).all()
