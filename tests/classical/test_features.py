"""Features of light curves, with the package and without."""

import sys

import numpy as np
import pytest

from nightjar.classical import features
from nightjar.errors import InputError
from tests import stores


@pytest.fixture
def light_curves(tmp_path):
    """One object in two bands, one in the first band only, one without a point."""
    rng = np.random.default_rng(0)
    days = np.arange(0.0, 60, 3)
    fall = 18 + 0.04 * np.abs(days - 15) + 0.02 * rng.normal(size=len(days))
    both = sorted([(d, m, 0) for d, m in zip(days, fall, strict=True)]
                  + [(d + 1, m + 0.2, 1) for d, m in zip(days, fall, strict=True)])  # fmt: skip
    one = [(d, m, 0) for d, m in zip(days, fall, strict=True)]
    return stores.light_curves(tmp_path / "curves", [("a", both), ("b", one), ("c", [])])


def test_a_row_per_object_and_columns_per_band(light_curves):
    pytest.importorskip("light_curve")
    table = features.of_supernovae(light_curves, np.array([2, 0, 1]))
    assert table.shape[0] == 3
    assert table.iloc[0].isna().all()  # no point, no feature
    assert table.iloc[1].notna().sum() > table.iloc[2].notna().sum()
    assert table.loc[2, "g_peak"] == table.loc[1, "g_peak"]
    assert table.loc[1, "r_amplitude"] == pytest.approx(table.loc[1, "g_amplitude"], abs=1e-5)
    assert np.isnan(table.loc[2, "g-r_peak"])
    assert table.loc[1, "g-r_lag"] == pytest.approx(1.0)


def test_number_and_span_of_the_points_are_no_features(light_curves):
    pytest.importorskip("light_curve")
    columns = features.of_supernovae(light_curves, np.arange(3)).columns
    assert columns.is_unique
    assert not [c for c in columns if "count" in c or "duration" in c or "interval" in c]


def test_the_same_features_again(light_curves):
    pytest.importorskip("light_curve")
    first, second = (features.of_supernovae(light_curves, np.arange(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_without_the_package_it_is_said_what_to_install(light_curves, monkeypatch):
    monkeypatch.setitem(sys.modules, "light_curve", None)  # importing it fails
    with pytest.raises(InputError, match=r"nightjar\[features\]"):
        features.of_supernovae(light_curves, np.arange(3))


def test_fluxes_are_refused(tmp_path):
    curves = stores.light_curves(tmp_path / "flux", [("a", [(0.0, 1.0, 0)])], quantity="flux")
    with pytest.raises(InputError, match="not of fluxes"):
        features.of_supernovae(curves, np.array([0]))
