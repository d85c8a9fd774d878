"""Astromer's task: reconstruction of probed magnitudes, and of all of them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nightjar import batching, losses, tasks
from nightjar.batching.datasets import WindowData
from nightjar.networks import Astromer
from nightjar.params import ProbedSettings
from nightjar.ragged import LightCurves

PUBLISHED = ProbedSettings(probed=0.5, same=0.2, random=0.2)


def batch(value, probed, target, error=0.1):
    """A batch of full windows, one point a day."""
    value = np.asarray(value, np.float32)
    return batching.collate(
        value, np.broadcast_to(np.asarray(error, np.float32), value.shape).copy(),
        np.arange(value.size).reshape(value.shape), np.zeros(value.shape),
        np.ones(value.shape, bool), np.arange(len(value)),
        probed=np.asarray(probed), target=np.asarray(target, np.float32),
    )  # fmt: skip


def windows(*curves, size=200, **rest):
    """Every window of light curves of (magnitude, error), one point a day."""
    value, error = np.array([point for curve in curves for point in curve], np.float32).T
    store = LightCurves(
        object_id=np.array([f"o{i}" for i in range(len(curves))]),
        offsets=np.concatenate([[0], np.cumsum([len(curve) for curve in curves])]),
        time=np.arange(len(value), dtype=np.float64), value=value, error=error,
        band=np.zeros(len(value), np.int16), bands=("V",),
    )  # fmt: skip
    return WindowData.sequential(store, size, np.arange(len(curves)), **rest)


def noise(*points):
    """Light curves of noise with different errors."""
    rng = np.random.default_rng(0)
    return [np.stack([rng.normal(15, 1, n), rng.uniform(0.01, 0.5, n)], 1) for n in points]


class Echo(nn.Module):
    """Reconstructs what it sees, times ``factor``."""

    decoder = None

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def reconstructions(self, value, time, band, valid, masked=None, probed=None, extent=None):
        return (self.factor * value,)


class EchoOfEcho(Echo):
    """And by its decoder that, times ``factor`` again."""

    decoder = True

    def reconstructions(self, value, time, band, valid, masked=None, probed=None, extent=None):
        return self.factor * value, self.factor**2 * value


def test_the_decoder_counts_in_validation_as_in_training():
    """Half and a quarter of 4, which is true: errors 2 and 3."""
    given = batch([[4.0, 0.0]], [[True, False]], [[4.0, 0.0]])
    task = tasks.AstromerTask(EchoOfEcho(0.5), "rmse")
    scores = task.validate([given])
    assert (scores["reconstruction_loss"], scores["decoded_loss"]) == (2, 3)
    assert scores["rmse"] == 2
    assert tasks.total_loss(scores) == tasks.total_loss(task(given)).item() == 5
    assert task.validate([])["decoded_loss"] == 0
    assert "decoded_loss" not in tasks.AstromerTask(Echo(), "rmse").validate([given])


def test_scores_by_hand():
    # probed residuals: 1 and 3 in window 0, 2 in window 1; equal errors, so that weights are 1.001
    value = [[1.0, 4.0, 9.0], [5.0, 5.0, 5.0]]
    target = [[0.0, 1.0, 0.0], [7.0, 0.0, 0.0]]
    given = batch(value, [[True, True, False], [True, False, False]], target)
    scores = tasks.AstromerTask(Echo()).validate([given])
    # mean over windows of mean squares: (1 + 9)/2 = 5 and 4: 4.5
    assert scores["rmse"] == pytest.approx(math.sqrt(4.5))
    assert scores["weighted_rmse"] == pytest.approx(math.sqrt(1.001 * 4.5))
    # residuals 1 + 9 + 4; about the windows' means 0.5 and 7: 0.25 + 0.25 + 0
    assert scores["r2"] == pytest.approx(1 - 14 / 0.5)
    assert scores["weighted_r2"] == pytest.approx(1 - 14 / 0.5)  # equal weights change nothing


def test_weighted_scores_by_hand():
    # 1 / error is 2 and 1: scaled to the window's 1 and 0, plus 0.001, weights 1.001 and 0.001
    given = batch([[1.0, 4.0]], [[True, True]], [[0.0, 1.0]], error=[[0.5, 1.0]])
    scores = tasks.AstromerTask(Echo()).validate([given])
    square = 1.001 * 1 + 0.001 * 9
    assert scores["weighted_rmse"] == pytest.approx(math.sqrt(square / 2))
    # two points at distance 1 vary about their weighted mean by w w' / (w + w')
    assert scores["weighted_r2"] == pytest.approx(1 - square / (1.001 * 0.001 / 1.002), rel=1e-4)
    assert scores["rmse"] == pytest.approx(math.sqrt(5))
    assert scores["r2"] == pytest.approx(1 - 10 / 0.5)


@pytest.mark.parametrize("same", tasks.astromer.LOSSES)
def test_the_loss_is_one_of_the_scores(same):
    data = windows(*noise(40, 30), probed=PUBLISHED)
    given = data.batch(np.arange(2), np.random.default_rng(1))
    task = tasks.AstromerTask(Echo(0.5), same)
    scores = task.validate([given])
    assert scores["reconstruction_loss"] == scores[same]
    loss = task(given)["reconstruction_loss"].item()
    assert loss == pytest.approx(scores[same], rel=1e-6)


def test_scores_do_not_depend_on_the_batches():
    rng = np.random.default_rng(0)
    value, target, error = rng.uniform(0.1, 1, size=(3, 7, 5))
    probed = rng.random((7, 5)) < 0.4
    probed[3] = False  # a window without probed points counts nowhere
    task = tasks.AstromerTask(Echo())
    whole = task.validate([batch(value, probed, target, error)])
    parts = [slice(0, 4), slice(4, 7)]
    cut = [batch(value[p], probed[p], target[p], error[p]) for p in parts]
    assert task.validate(cut) == pytest.approx(whole)


def test_the_windows_mean_explains_nothing():
    # predicting each window's (weighted) mean of its probed points leaves all their variance
    data = windows(*noise(60, 25, 90), probed=PUBLISHED)
    given = data.batch(np.arange(3), np.random.default_rng(0))
    for weighted, key in ((False, "r2"), (True, "weighted_r2")):
        weight = given.probed.float()
        if weighted:
            weight = weight * losses.error_weights(given.error, given.valid)
        mean = (weight * given.target).sum(1, keepdim=True) / weight.sum(1, keepdim=True)
        given.value = mean.expand_as(given.value)
        scores = tasks.AstromerTask(Echo()).validate([given])
        assert scores[key] == pytest.approx(0, abs=1e-5)


def test_no_scored_point_is_no_nan():
    scores = tasks.AstromerTask(Echo()).validate([batch([[1.0]], [[False]], [[0.0]])])
    assert scores == dict.fromkeys(
        ("reconstruction_loss", *tasks.astromer.LOSSES, "r2", "weighted_r2", "scaled_r2"), 0
    )


# --- everything visible, everything scored -----------------------------------------------------


def test_all_points_by_hand():
    # windows less their means: (-1, 1) and (-1, -1, 2), mean squares 1 and 2; half of each value is
    # missing: residuals are half of them
    data = windows([(14, 0.1), (16, 0.1)], [(10, 0.1), (10, 0.1), (13, 0.1)])
    scores = tasks.AstromerTask(Echo(0.5)).all_points(data, size=1)
    assert scores["all_points_rmse"] == pytest.approx(math.sqrt((1 / 4 + 2 / 4) / 2))
    assert scores["all_points_weighted_rmse"] == pytest.approx(math.sqrt(1.001 * 3 / 8))
    assert scores["all_points_r2"] == pytest.approx(1 - 1 / 4)
    assert scores["all_points_weighted_r2"] == pytest.approx(1 - 1 / 4)
    # half of each standard deviation is missing, whatever that is
    assert scores["all_points_scaled_rmse"] == pytest.approx(0.5)
    assert scores["all_points_scaled_r2"] == pytest.approx(1 - 1 / 4)


def test_all_points_of_an_echo_are_all_right():
    scores = tasks.AstromerTask(Echo()).all_points(windows(*noise(300, 9), probed=PUBLISHED), 2)
    assert scores == {
        "all_points_rmse": 0,
        "all_points_weighted_rmse": 0,
        "all_points_scaled_rmse": 0,
        "all_points_r2": 1,
        "all_points_weighted_r2": 1,
        "all_points_scaled_r2": 1,
    }


@pytest.mark.parametrize("mask", ["strict", "legacy"])
def test_all_points_are_those_of_a_pass_with_everything_visible_and_scored(mask):
    torch.manual_seed(0)
    network = Astromer(
        dim=8, depth=1, heads=2, feedforward=8, base=1e4, skip="none", mask=mask, mask_token=True
    ).eval()
    task, curves, full = tasks.AstromerTask(network), noise(30, 45, 8), mask == "legacy"
    every = ProbedSettings(probed=1.0, same=1.0, random=0.0)
    data = windows(*curves, size=20, probed=every, full=full)
    expected = task.validate([data.batch(np.arange(len(data)), np.random.default_rng(0))])
    for size in (2, 100):
        hidden = windows(*curves, size=20, probed=PUBLISHED, full=full)
        scores = task.all_points(hidden, size)
        assert scores == pytest.approx(
            {f"all_points_{key}": expected[key] for key in expected if key[-5:] != "_loss"}
        )
