"""The period of a light curve, found from its visible points."""

import math

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks import fourier, periods, star


def test_waves_by_hand():
    # at an eighth of a cycle: cos 45, cos 90, cos 135 degrees, then the sines
    root = math.sqrt(0.5)
    found = fourier.waves(torch.tensor(2.125), 3)
    assert_close(found, torch.tensor([root, 0, -root, root, 1, root]), rtol=0, atol=1e-6)


def test_a_series_is_fitted_back():
    generator = torch.Generator().manual_seed(0)
    time = 100 * torch.rand(1, 80, generator=generator)
    angle = 2 * math.pi * 0.31 * time
    value = 0.8 * angle.cos() - 0.5 * (2 * angle).sin()
    frequency = torch.tensor([[0.31, 0.173]])
    coefficients, explained = fourier.fit(time, value, torch.ones_like(time), frequency, 2)
    # the ridge, 1e-3 k^2 beside a diagonal of 1/2, takes 0.2 k^2 percent off
    assert_close(coefficients[0, 0], torch.tensor([0, 0.8, 0, 0, -0.5]), rtol=0, atol=0.01)
    assert explained[0, 0] > 0.99
    assert explained[0, 1] < 0.3


def test_points_without_weight_count_nothing():
    time, value = torch.rand(1, 30), torch.randn(1, 30)
    weight = (torch.arange(30) < 20).float()[None]
    other = torch.where(weight > 0, value, 99.0)
    frequency = torch.tensor([[3.0]])
    for one, two in zip(
        fourier.fit(time, value, weight, frequency, 3),
        fourier.fit(time, other, weight, frequency, 3),
        strict=True,
    ):
        assert_close(one, two)


def test_the_faintest_phase_of_a_cosine_a_quarter_late():
    # cos(2 pi (x - 1/4)) = sin(2 pi x): constant, cos, cos 2, sin, sin 2
    assert fourier.faintest(torch.tensor([[5.0, 0, 0, 1, 0]])).item() == 0.25


def observed(period, shape, points=150, span=900.0, seed=0):
    """Nightly visits of a star whose magnitude is ``shape`` of its phase, noise of a tenth."""
    generator = torch.Generator().manual_seed(seed)
    night = torch.randperm(int(span), generator=generator)[:points].sort().values
    time = (night + 0.2 * torch.rand(points, generator=generator))[None] - span / 2
    value = shape(time / period % 1)
    value = (value - value.mean()) / value.std()
    return value + 0.1 * torch.randn(1, points, generator=generator), time


def sawtooth(phase):
    """Of an RR Lyrae star: a fast rise, a slow fall."""
    return torch.where(phase < 0.15, 1 - phase / 0.15, (phase - 0.15) / 0.85)


def eclipses(phase):
    """A deep one and a shallow one, half a period apart."""
    deep, shallow = ((phase - centre).abs() for centre in (0.25, 0.75))
    return (1 - deep / 0.1).clamp(min=0) + 0.5 * (1 - shallow / 0.1).clamp(min=0)


@pytest.mark.parametrize("period", [0.09, 0.3131, 0.567, 4.7, 87.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_period_is_found_to_a_small_part_of_a_cycle(period, seed):
    value, time = observed(period, sawtooth, seed=seed)
    found = periods.find(value, time, torch.ones_like(time, dtype=torch.bool), 0.05)
    assert abs(found.frequency.item() - 1 / period) < 0.1 / 900  # a tenth of a cycle in all
    assert found.explained.shape == (1, 2)
    assert found.explained.min() > 0.8


def test_eclipses_are_whole_at_twice_the_period_and_the_deep_one_is_at_zero():
    value, time = observed(2.3456, eclipses, points=250)
    found = periods.find(value, time, torch.ones_like(time, dtype=torch.bool), 0.05)
    assert abs(found.frequency.item() - 2 / 2.3456) < 0.1 / 900
    single, double = found.explained[0]
    assert double > single + 0.05  # one of half the depth does not fit the same series
    phase = found.phase[0] - found.phase[0].floor()
    near = torch.minimum(phase, 1 - phase) < 0.03
    assert value[0, near].mean() > 2 * value[0, (phase - 0.5).abs() < 0.03].mean()


def test_only_visible_points_count_and_no_companion():
    value, time = observed(0.567, sawtooth)
    seen = torch.rand(time.shape, generator=torch.Generator().manual_seed(1)) < 0.6
    alone = periods.find(value, time, seen, 0.05)
    other = periods.find(torch.where(seen, value, 7.0), time, seen, 0.05)
    assert all(torch.equal(one, two) for one, two in zip(alone, other, strict=True))
    companion = observed(33.0, eclipses, span=400.0)
    both = periods.find(
        torch.cat([companion[0], value]), torch.cat([companion[1], time]),
        torch.cat([seen, seen]), 0.05,
    )  # fmt: skip
    assert_close(both.frequency[1:], alone.frequency)
    assert_close(both.phase[1:], alone.phase, rtol=0, atol=1e-3)


def test_a_later_star_is_the_same_star():
    """Phases count from the faintest one, whenever the window begins."""
    value, time = observed(0.8, sawtooth)
    seen = torch.ones_like(time, dtype=torch.bool)
    one, two = (star.describe(value, time + shift, seen, 0.05) for shift in (0.0, 3.7))
    assert_close(one.summary, two.summary, rtol=0, atol=1e-3)
    apart = (one.phase - two.phase + 0.5) % 1 - 0.5
    assert apart.abs().max() < 1 / 32  # the faintest phase is one of 64


def test_brightness_and_amplitude_are_the_scale_and_nothing_else():
    value, time = observed(0.8, sawtooth)
    seen = torch.ones_like(time, dtype=torch.bool)
    one, two = (star.describe(a * value + b, time, seen, 0.05) for a, b in ((0.1, 0.0), (0.5, 3.0)))
    assert_close(two.scale, 5 * one.scale)
    kept = [0, 1, 2, 4]  # of the summary, all but the standard deviation
    assert_close(one.summary[:, kept], two.summary[:, kept], rtol=0, atol=1e-3)
    assert_close(one.shape(0.1 * value), two.shape(0.5 * value + 3), rtol=0, atol=1e-3)
    assert_close(two.magnitude(two.shape(0.5 * value + 3)), 0.5 * value + 3)


@pytest.mark.parametrize("points", [0, 1, 2, 5])
def test_few_points_and_flat_stars_are_finite(points):
    time = torch.linspace(-50, 50, 5)[None]
    seen = torch.arange(5)[None] < points
    for value in (torch.zeros(1, 5), torch.arange(5.0)[None]):
        found = star.describe(value, time, seen, 0.05)
        assert all(each.isfinite().all() for each in found)
        assert found.scale.min() >= star.LEAST_SCALE


def test_no_gradient_passes_a_period():
    value, time = observed(0.8, sawtooth)
    found = periods.find(
        value.requires_grad_(), time, torch.ones_like(time, dtype=torch.bool), 0.05
    )
    assert not any(each.requires_grad for each in found)
