"""Features of light curves whose values follow by hand."""

import numpy as np
import pytest

from nightjar.ragged import LightCurve
from nightjar.realism import curves
from nightjar.realism.observed import brightest, nightly
from tests.realism.objects import PEAK, hand_made, observed

NEAR = 0.03  # mag: the process smooths a little


def test_features_by_hand():
    """0.004 x 10^2 = 0.4 before; 0.4 + 0.08 x (5, 20, 50) = 0.8, 2.0, 4.4 after; 8 in 100 d."""
    found = curves.measure(hand_made())
    for band in ("g", "r"):
        assert found[f"{band}_rise"] == pytest.approx(0.4, abs=NEAR)
        assert found[f"{band}_dm15"] == pytest.approx(0.8, abs=NEAR)
        assert found[f"{band}_dm30"] == pytest.approx(2.0, abs=NEAR)
        assert found[f"{band}_dm60"] == pytest.approx(4.4, abs=NEAR)
        assert found[f"{band}_late"] == pytest.approx(8.0, abs=0.05)
    assert found["lag"] == pytest.approx(4.0, abs=0.5)


def test_colours_by_hand():
    """At -10 d: g = 17.4, r = 16.7 + 0.004 x 14^2 = 17.484; from day 14 on 0.3 + 4 x 0.08."""
    found = curves.measure(hand_made())
    assert found["colour-10"] == pytest.approx(17.4 - 17.484, abs=NEAR)
    assert found["colour+15"] == pytest.approx(0.62, abs=NEAR)
    assert found["colour+60"] == pytest.approx(0.62, abs=NEAR)


def test_features_are_of_the_rest_frame():
    still, moving = curves.measure(hand_made()), curves.measure(hand_made(1.5))
    for name in (*curves.GROUPS["shape"], *curves.GROUPS["colour"]):
        assert moving[name] == pytest.approx(still[name], abs=1e-6), name


def test_brightness_is_absolute():
    """Distance modulus of Planck18 at z = 0.1: 38.40 (luminosity distance 479 Mpc)."""
    mag = observed(redshift=0.1)
    peak = curves.measure(mag)["g_peak"]
    assert peak == pytest.approx(17.0 - 38.40, abs=0.08)
    assert np.isnan(curves.measure(observed(redshift=0.005))["g_peak"])


def test_scatter_is_in_units_of_the_errors():
    """White noise as large as the errors: median |N(0, 1)| = 0.674, less where the curve is smooth.

    The process allows for more structure than there is, so it expects larger residuals.
    """
    deviate = np.random.default_rng(0).normal(size=242)
    about = hand_made()
    found = []
    for noise in (0.1, 0.3):
        curve = about.curve._replace(
            value=about.curve.value + noise * deviate, error=np.full(242, 0.1)
        )
        found.append(curves.measure(about._replace(curve=curve)))
    assert 0.5 < found[0]["g_scatter"] < 0.72
    assert found[1]["g_scatter"] == pytest.approx(3 * found[0]["g_scatter"], rel=0.1)
    assert found[0]["outliers"] < 0.02 < found[1]["outliers"]


def test_what_is_not_covered_is_not_known():
    about = hand_made()
    early = about.curve.time < PEAK + 20
    found = curves.measure(about._replace(curve=LightCurve(*(c[early] for c in about.curve))))
    assert np.isfinite(found["g_dm15"])
    assert np.isnan([found["g_dm30"], found["r_late"], found["colour+60"]]).all()


def test_colour_follows_maximum():
    assert curves.colour(hand_made(), np.array([20.0])) == pytest.approx(0.62, abs=NEAR)


def test_a_night_is_the_weighted_mean_of_its_points():
    """Errors 0.1 and 0.2 weigh 4 to 1: (4 x 17 + 17.5) / 5 = 17.1; 1 / sqrt(125) = 0.0894."""
    curve = LightCurve(
        np.array([10.1, 10.3, 10.3, 11.2]),
        np.array([17.0, 17.5, 18.0, 19.0]),
        np.array([0.1, 0.2, 0.1, 0.7]),  # the last error is too large
        np.array([0, 0, 1, 1]),
    )
    found = nightly(curve, np.array([0, 1]))
    np.testing.assert_allclose(found.value, [17.1, 18.0])
    np.testing.assert_allclose(found.error, [1 / np.sqrt(125), 0.1])
    np.testing.assert_allclose(found.time, [(4 * 10.1 + 10.3) / 5, 10.3])
    assert not len(nightly(curve, np.array([-1, -1])).time)


def test_an_outlier_is_not_the_brightest_night():
    curve = observed().curve
    value = curve.value.copy()
    value[-1] = 10.0
    assert brightest(curve._replace(value=value), 0.05) == pytest.approx(PEAK)
