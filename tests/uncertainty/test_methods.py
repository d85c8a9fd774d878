"""What tells the methods apart, and nothing else does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nightjar import params, weights
from nightjar.batching import Batch
from nightjar.errors import InputError
from nightjar.networks import Astromer
from nightjar.networks.stochastic import StochasticAttention
from nightjar.uncertainty import methods, outside
from tests.networks.windows import PAPER, window

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("deterministic", "ensemble", "mc_dropout", "hsa", "ha_mc_dropout")


@pytest.fixture
def settings():
    return params.load(params.TrainUncertainty, ROOT / "params.yaml", "smoke")


@pytest.fixture
def pretrained(tmp_path):
    torch.manual_seed(1)
    path = tmp_path / "weights.safetensors"
    weights.save(path, Astromer(**PAPER), preprocessing={}, sample="")
    return weights.load(path)


@pytest.fixture
def build(settings, pretrained):
    def of(method, seed=3, **changes):
        changed = settings.model_copy(update=changes)
        return methods.classifier(method, changed, pretrained, 4, seed).eval()

    return of


class Windows:
    """A data set of two batches of windows."""

    def __len__(self):
        return 5

    def batch(self, rows, rng=None):
        torch.manual_seed(int(rows[0]))
        value, time, band, valid, _ = window(*[8] * len(rows), length=8)
        index = torch.from_numpy(rows)
        return Batch(
            value=value, error=value, time=time, band=band, valid=valid, index=index, label=index
        )


@pytest.mark.parametrize("method", METHODS)
def test_methods_begin_alike(method, build, pretrained):
    network, plain = build(method), build("deterministic")
    for name, value in pretrained.network.state_dict().items():
        assert torch.equal(network.encoder.state_dict()[name], value)
    for name, value in plain.head.state_dict().items():
        assert torch.equal(network.head.state_dict()[name], value)
    added = set(network.state_dict()) - set(plain.state_dict())
    assert added == (
        {"encoder.blocks.1.attention.centroids"} if method in methods.ATTENTION else set()
    )


@pytest.mark.parametrize("method", METHODS)
def test_networks_of_every_method_come_back_from_their_file(method, build, tmp_path):
    network = build(method)
    weights.save(tmp_path / "w.safetensors", network, preprocessing={}, sample="")
    loaded = weights.load(tmp_path / "w.safetensors").network
    assert loaded.settings == network.settings
    torch.manual_seed(0)
    expected = network(*window(8, 5)[:4], samples=2)
    torch.manual_seed(0)
    assert torch.equal(loaded(*window(8, 5)[:4], samples=2), expected)


def test_the_second_step_is_the_hybrids_to_leave_out(build):
    def draws(method):
        attention = build(method, second_step=False).encoder.blocks[-1].attention
        assert isinstance(attention, StochasticAttention)
        return attention.second_step

    assert draws("hsa")
    assert not draws("ha_mc_dropout")


@pytest.mark.parametrize(("method", "passes"), list(zip(METHODS, (1, 1, 4, 4, 4), strict=True)))
def test_passes_of_every_method(method, passes, build, settings):
    network = build(method)
    found = methods.sample(network, Windows(), method, settings)
    assert found.shape == (passes, 5, 4)
    assert found.sum(axis=-1) == pytest.approx(1)
    assert np.array_equal(found, methods.sample(network, Windows(), method, settings))
    if passes > 1:
        assert found.std(axis=0).min() > 0


def test_members_differ_and_the_first_is_any_methods_network(build, settings):
    seeds = [methods.seed_of(7, fold, member) for fold in range(3) for member in range(3)]
    assert len(set(seeds)) == 9
    assert methods.seed_of(7, 2, 0) == seeds[6]
    assert methods.members("ensemble", settings) == 2
    assert methods.members("hsa", settings) == 1
    one, same, two = (build("ensemble", seed) for seed in (seeds[0], seeds[0], seeds[1]))
    assert torch.equal(one.head.output.weight, same.head.output.weight)
    assert not torch.equal(one.head.output.weight, two.head.output.weight)
    assert methods.folder("ensemble", 2, 1) != methods.folder("ensemble", 2, 0)


def test_classes_without_the_one_left_out():
    assert outside.without(["A", "B", "C"], None) == ["A", "B", "C"]
    assert outside.without(["A", "B", "C"], "B") == ["A", "C"]
    with pytest.raises(InputError, match="no class 'D' among A, B"):
        outside.without(["A", "B"], "D")
    with pytest.raises(InputError, match="a single class"):
        outside.without(["A", "B"], "B")
