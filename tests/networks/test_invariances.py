"""What must hold for every network of the registry, whatever its weights.

In float64 where sums change their order, so that 1e-6 cannot be rounding (outputs are float32).
"""

import json

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks import NETWORKS
from tests.networks.windows import (
    HIDES,
    PADDING_PROOF,
    SMALL,
    Window,
    pad,
    per_point,
    results,
    small,
    whole,
    window,
)

every = pytest.mark.parametrize("case", SMALL)


def test_every_encoder_of_the_registry_is_covered():
    assert {name for name, _ in SMALL.values()} == set(NETWORKS) - {"GammaHead"}


@pytest.mark.parametrize("case", PADDING_PROOF)
def test_padded_length_changes_nothing(case):
    network, batch = small(case).double(), window(12, 7, 1)
    for short, long in zip(
        per_point(network, batch), per_point(network, pad(batch, 9)), strict=True
    ):
        assert_close(long[:, :12], short, rtol=0, atol=1e-6)
    for short, long in zip(whole(network, batch), whole(network, pad(batch, 9)), strict=True):
        assert_close(long, short, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", PADDING_PROOF)
def test_a_window_does_not_depend_on_its_batch(case):
    network, batch = small(case).double(), window(12, 7, 1)
    alone = Window(*(x[1:2, :7] for x in batch))
    for together, single in zip(per_point(network, batch), per_point(network, alone), strict=True):
        assert_close(together[1:2, :7], single, rtol=0, atol=1e-6)
    for together, single in zip(whole(network, batch), whole(network, alone), strict=True):
        assert_close(together[1:2], single, rtol=0, atol=1e-6)


@every
@pytest.mark.parametrize("content", [7.5, torch.nan, torch.inf])
def test_content_of_padding_changes_nothing(case, content):
    network, batch = small(case), window(12, 7, 1)
    other = batch._replace(
        value=batch.value.masked_fill(~batch.valid, content),
        time=batch.time.masked_fill(~batch.valid, content),
        band=batch.band.masked_fill(~batch.valid, -5),
    )
    for before, after in zip(results(network, batch), results(network, other), strict=True):
        assert_close(after, before, rtol=0, atol=0)


@every
def test_order_of_points_and_padding_changes_nothing(case):
    network, batch = small(case).double(), window(12, 7, 1)
    order = torch.randperm(12)
    shuffled = Window(*(x[:, order] for x in batch))
    for before, after in zip(per_point(network, batch), per_point(network, shuffled), strict=True):
        assert_close(after, before[:, order], rtol=0, atol=1e-6)
    for before, after in zip(whole(network, batch), whole(network, shuffled), strict=True):
        assert_close(after, before, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", HIDES)
def test_a_hidden_value_changes_nothing(case):
    network, batch = small(case), window(12, 7, 2)
    other = batch._replace(value=torch.where(batch.masked, 50.0, batch.value))
    before, after = (per_point(network, x, masked=True) for x in (batch, other))
    for one, two in zip(before, after, strict=True):
        assert_close(two, one, rtol=0, atol=0)


@pytest.mark.parametrize("case", HIDES)
def test_a_visible_value_does_change_the_reconstruction_of_hidden_ones(case):
    network, batch = small(case), window(12)
    moved = (
        batch.value + torch.arange(12) % 2
    )  # not all by as much: some networks take the mean off
    other = batch._replace(value=torch.where(batch.masked, batch.value, moved))
    hidden = batch.masked
    assert not torch.allclose(network(*batch)[hidden], network(*other)[hidden])


@every
def test_fully_padded_rows_are_finite_with_finite_gradients(case):
    network, batch = small(case), window(12, 0, 3)
    found = results(network, batch)
    sum(x.sum() for x in found).backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert gradients
    assert all(x.isfinite().all() for x in found + gradients)


@every
def test_bf16_autocast_is_close_to_float32(case):
    # 8 bits of mantissa: each rounding is 0.2-0.4 %, blocks add up to about 1 %
    network, batch = small(case), window(12, 7, 2)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        halves = results(network, batch)
    with torch.no_grad():
        singles = results(network, batch)
    for half, single in zip(halves, singles, strict=True):
        assert (half - single).norm() < 0.03 * single.norm()


@every
def test_settings_rebuild_the_network(case):
    network, batch = small(case, dropout=0.1), window(12, 7)
    settings = json.loads(json.dumps(network.settings))
    rebuilt = NETWORKS[type(network).__name__](**settings).eval()
    rebuilt.load_state_dict(network.state_dict())
    assert rebuilt.settings == network.settings
    for one, two in zip(results(network, batch), results(rebuilt, batch), strict=True):
        assert_close(two, one, rtol=0, atol=0)


@every
def test_dropout_acts_in_training_only(case):
    network, batch = small(case, dropout=0.3), window(12, 7)
    quiet = [results(network, batch)[0] for _ in range(2)]
    network.train()
    noisy = [results(network, batch)[0] for _ in range(2)]
    assert torch.equal(*quiet)
    assert not torch.equal(*noisy)


@every
def test_every_trainable_parameter_is_used(case):
    # otherwise data-parallel training stops at the second step
    network, batch = small(case), window(12, 7)
    found = whole(network, batch) + per_point(network, batch, masked=True)
    total = sum(x.square().sum() for x in found)
    if hasattr(network, "log_scale"):  # used by the loss
        total = total + network.log_scale
    total.backward()
    trainable = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trainable == {name for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("case", ["encoder_attention", "astromer_paper", "classifier"])
def test_networks_export_for_any_batch_and_length(case):
    # no branch of `forward` depends on data: what ONNX and torch.compile need
    network, count = small(case), 4 if case == "classifier" else 5
    axes = {
        0: torch.export.Dim("batch", min=2, max=64),
        1: torch.export.Dim("length", min=2, max=64),
    }
    exported = torch.export.export(
        network, tuple(window(12, 7)[:count]), dynamic_shapes=tuple([axes] * count)
    ).module()
    other = window(5, 0, 20, length=20)[:count]
    assert_close(exported(*other), network(*other), rtol=0, atol=1e-6)
