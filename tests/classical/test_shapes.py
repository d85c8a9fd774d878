"""Peak, decline, colour and width of light curves drawn by hand."""

import numpy as np
import pytest

from nightjar.classical import shapes

DECLINE = dict(zip(shapes.BAND_NAMES, range(len(shapes.BAND_NAMES)), strict=True))


def triangle(peak=18.0, at=100.0, rise=0.1, fall=0.05, step=5.0):
    """Magnitudes that rise by 0.1 mag a day for 30 days and fall by 0.05 for 80."""
    time = np.arange(at - 30, at + 80 + step, step)
    mag = peak + np.where(time < at, rise * (at - time), fall * (time - at))
    return shapes.Curve(time, mag, np.full(len(time), 0.02))


def number(curve, name):
    return shapes.of_band(curve)[DECLINE[name]]


def test_a_triangle():
    """Half the flux is 2.5 log10(2) = 0.7526 mag below the peak: 7.526 d before it at 0.1 mag a
    day, 15.051 d after it at 0.05.  Decline in 15 days: 15 x 0.05 = 0.75."""
    curve = triangle()
    assert number(curve, "peak") == 18.0
    assert number(curve, "decline_-10") == pytest.approx(1.0)
    assert number(curve, "decline_+15") == pytest.approx(0.75)
    assert number(curve, "decline_+60") == pytest.approx(3.0)
    assert number(curve, "rise_from_half") == pytest.approx(7.52575, abs=1e-4)
    assert number(curve, "fall_to_half") == pytest.approx(15.05150, abs=1e-4)
    assert number(curve, "width_at_half") == pytest.approx(22.57725, abs=1e-4)


def test_what_is_not_observed_is_nan():
    """From 20 days after the peak on, one point in 25 days: too wide a gap to interpolate in."""
    curve = triangle()
    few = shapes.Curve(*(column[[*range(6, 11), 15]] for column in curve))  # days 0 ... 20, 45
    assert few.time[-1] - few.time[-2] == 25
    assert np.isnan(number(few, "decline_-10"))
    assert np.isnan(number(few, "rise_from_half"))
    assert np.isnan(number(few, "width_at_half"))
    assert np.isnan(number(few, "decline_+30"))
    assert number(few, "decline_+15") == pytest.approx(0.75)
    assert np.isnan(shapes.of_band(shapes.Curve(*np.empty((3, 0))))).all()


def test_the_time_of_half_the_flux_is_interpolated_over_any_gap():
    """18 at day 0 and 20 at day 100: half the flux, 0.7526 mag below, after 37.63 days."""
    curve = shapes.Curve(np.array([0.0, 100.0]), np.array([18.0, 20.0]), np.full(2, 0.02))
    assert number(curve, "fall_to_half") == pytest.approx(37.6287, abs=1e-3)
    assert np.isnan(number(curve, "decline_+30"))


def test_colours_and_lag():
    """The first band peaks 5 days earlier and 0.3 mag brighter; 15 days after the second's peak
    it has fallen for 20 days, by 1.0, the second by 0.75: colour 17.7 + 1.0 - 18 - 0.75 = -0.05."""
    names = shapes.colour_names(("g", "r"))
    found = dict(zip(names, shapes.colours([triangle(17.7, 95.0), triangle()]), strict=True))
    assert found["g-r_peak"] == pytest.approx(-0.3)
    assert found["g-r_lag"] == pytest.approx(5.0)
    assert found["g-r_+0"] == pytest.approx(17.7 + 0.25 - 18.0)
    assert found["g-r_+15"] == pytest.approx(-0.05)


def test_magnitudes_and_times_may_be_shifted():
    """A light curve a thousand days later and a magnitude fainter has the same shape."""
    here, there = triangle(), triangle(19.0, 1100.0)
    np.testing.assert_allclose(
        shapes.of_band(there)[1:], shapes.of_band(here)[1:], rtol=1e-9, atol=1e-9
    )


def test_curves_are_of_one_band_and_of_the_days_around_the_peak():
    """The brightest point of all is at day 200 in band 0; day 100 and 400 are too far from it.
    Of the two points of band 0 at day 210 the first counts."""
    time = np.array([100.0, 200, 205, 210, 210, 400])
    mag = np.array([20.0, 18, 19, 18.5, 17.9 + 0.2, 21])
    band = np.array([0, 0, 1, 0, 0, 1])
    first, second, none = shapes.curves(time, mag, np.full(6, 0.1), band, bands=3)
    assert first.time.tolist() == [200, 210]
    assert first.mag.tolist() == [18.0, 18.5]
    assert second.time.tolist() == [205]
    assert not len(none.time)
    assert not any(len(curve.time) for curve in shapes.curves(*np.empty((4, 0)), bands=2))
