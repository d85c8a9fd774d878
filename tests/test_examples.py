"""The stars that the report shows, and what the network makes of them."""

import numpy as np
import pytest
import torch

from nightjar import examples
from nightjar.networks import Astromer
from nightjar.params import ProbedSettings
from nightjar.stars import open_stars
from nightjar.tasks import AstromerTask
from tests import stores

PROBED = ProbedSettings(probed=0.5, same=0.2, random=0.2)
SETTINGS = {"dim": 8, "depth": 2, "heads": 2, "feedforward": 8, "base": 1000.0, "skip": "residual"}


def curve(amplitude, count=20):
    """Magnitudes between 15 and 15 + amplitude; errors are 0.1 (see `stores`)."""
    return [(50000.0 + t, 15.0 + amplitude * (t % 2), 0) for t in range(count)]


def opened(tmp_path, stars, **columns):
    """Stars: id -> (class, amplitude, points)."""
    curves = [(name, curve(amplitude, count)) for name, (_, amplitude, count) in stars.items()]
    stores.light_curves(tmp_path / "windows/stars", curves)
    stores.window_settings(tmp_path / "windows/stars", window=12)
    table = {"object_id": list(stars), "class": [each[0] for each in stars.values()]}
    stores.objects(tmp_path / "sample", table | {"group": range(len(stars))} | columns)
    return open_stars(tmp_path / "sample", tmp_path / "windows/stars")


def astromer(mask="strict"):
    torch.manual_seed(0)
    network = Astromer(**SETTINGS, mask=mask, mask_token=mask == "strict")
    return AstromerTask(network.eval())


def test_the_middle_star_of_each_class_is_shown(tmp_path):
    """Ranges over error 10, 30, 20 of RR: the third; of EB's two the upper; d is not asked for;
    g, without a class, stands for all of its kind."""
    amplitudes = {"a": ("RR", 1, 20), "b": ("RR", 3, 20), "c": ("RR", 2, 20)}
    others = {"d": ("RR", 2.1, 20), "e": ("EB", 1, 20), "f": ("EB", 2, 20), "g": (None, 2, 20)}
    stars = opened(tmp_path, amplitudes | others)
    rows = examples.choose(stars, list("abcefg"))
    assert stars.ids[rows].tolist() == ["f", "c", "g"]  # by class


def test_of_many_classes_some_are_shown(tmp_path):
    """Six of eleven: every second."""
    stars = opened(tmp_path, {name: (name, 1, 20) for name in "abcdefghijk"})
    rows = examples.choose(stars, list("abcdefghijk"))
    assert stars.ids[rows].tolist() == list("acegik")


@pytest.mark.parametrize("mask", ["strict", "legacy"])
def test_what_the_network_sees(tmp_path, mask):
    """Windows of 12, of which one star fills 8; with 20 points the first 12 are shown."""
    stars = opened(tmp_path, {"a": ("RR", 1, 20), "b": ("EB", 2, 8)}, period=[2.0, None])
    seen = examples.see(astromer(mask), stars, np.array([1, 0]), PROBED)
    assert seen["object_id"].tolist() == ["b", "a"]
    assert seen["name"].tolist() == ["EB", "RR"]
    assert np.array_equal(seen["period"], [np.nan, 2.0], equal_nan=True)
    assert np.isfinite(seen["time"]).sum(axis=1).tolist() == [8, 12]
    np.testing.assert_allclose(seen["time"][1], np.arange(12) - 5.5)
    np.testing.assert_allclose(seen["magnitude"][1], np.arange(12) % 2 - 0.5, atol=1e-6)
    assert seen["probed"].sum(axis=1).tolist() == [4, 6]  # half of the points
    assert seen["attention"].shape == (2, 2, 2, 12)
    padding = seen["attention"][0, :, :, 8:]
    assert (padding > 0).all() if mask == "legacy" else (padding == 0).all()
    # a query shares out 1, so that 8 or 12 queries share out as many even shares
    np.testing.assert_allclose(
        seen["attention"].sum(axis=-1), [[[8] * 2] * 2, [[12] * 2] * 2], 1e-5
    )


def test_with_a_token_of_the_star_its_attention_is_shown(tmp_path):
    """Its row of weights sums to 1, part of which it keeps: 13 tokens, 13 even shares."""
    stars = opened(tmp_path, {"a": ("RR", 1, 20)})
    network = Astromer(**SETTINGS, mask="strict", mask_token=True, star_token=True).eval()
    received = examples.see(AstromerTask(network), stars, np.array([0]), PROBED)["attention"]
    assert received.shape == (1, 2, 2, 12)
    assert (received > 0).all()
    assert (received.sum(axis=-1) < 13).all()
    assert (received.sum(axis=-1) > 6).all()


def test_the_same_windows_again(tmp_path):
    stars = opened(tmp_path, {"a": ("RR", 1, 20)})
    first, second = (examples.see(astromer(), stars, np.array([0]), PROBED) for _ in range(2))
    assert all(
        np.array_equal(first[key], second[key], equal_nan=key in ("period", "time"))
        for key in first
    )
    assert np.isnan(first["period"]).all()  # the table has no such column
