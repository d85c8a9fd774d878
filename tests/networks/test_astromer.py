from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from nightjar.losses import masked_rmse
from nightjar.networks.astromer import NAMED, Astromer
from nightjar.networks.block import AstromerBlock
from nightjar.params import AstromerSettings
from tests.networks.windows import pad, per_point, small, window

TOKEN = {**NAMED["astromer2_released"], "mask_token": True}


@pytest.mark.parametrize(
    ("settings", "published"),
    [
        (NAMED["astromer1"], 661_505),
        (NAMED["astromer1_strict"], 661_506),  # and the mask token
        (NAMED["astromer2_released"], 3_953_409),
        (TOKEN, 3_953_410),
        # residuals instead of 6 x 131,584 learned skips: 3,953,410 - 789,504
        (NAMED["astromer2"], 3_163_906),
    ],
)
def test_number_of_parameters(settings, published):
    assert sum(p.numel() for p in Astromer(**settings).parameters()) == published


@pytest.mark.parametrize("name", NAMED)
def test_named_networks_are_valid_settings(name):
    assert AstromerSettings(**NAMED[name]).model_dump() == NAMED[name]


@pytest.mark.parametrize("skip", ["none", "learned", "residual"])
def test_block_is_two_updates_each_skipped_and_normed(skip):
    block, sequence, bias = (
        AstromerBlock(8, 2, 12, skip, "post", 0.0),
        torch.randn(2, 5, 8),
        torch.zeros(1),
    )
    bias = bias.expand(2, 1, 1, 5)
    skips = {"none": torch.zeros_like, "residual": lambda x: x}
    one = skips.get(skip, block.attention_skip)
    two = skips.get(skip, block.feedforward_skip)
    middle = block.attention_norm(one(sequence) + block.attention(sequence, bias))
    inner = torch.tanh(block.feedforward[0](middle))
    expected = block.feedforward_norm(two(middle) + block.feedforward[2](inner))
    assert_close(block(sequence, bias), expected)
    assert block.attention_norm.eps == 1e-6


def test_weights_start_as_in_keras():
    network = Astromer(**NAMED["astromer1"])
    weight = network.blocks[0].attention.query.weight
    limit = (6 / 512) ** 0.5  # Glorot: uniform in +-sqrt(6 / (in + out))
    assert 0.99 * limit < weight.abs().max().item() <= limit
    assert all(not p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def test_layers_are_the_input_and_every_block():
    network, batch = small("astromer_paper"), window(12, 5)
    layers = network.layers(*batch)
    assert len(layers) == 3
    assert all(layer.shape == (2, 12, 16) for layer in layers)
    assert torch.equal(layers[-1], network(*batch))
    assert_close(network.reconstruct(*batch), network.head(layers[-1]).squeeze(-1))


def test_embed_is_the_mean_over_observed_points_of_every_layer():
    network, batch = small("astromer_paper"), window(12, 5)
    layers = network.layers(*batch[:4])
    expected = torch.stack([layer[1, :5].mean(0) for layer in layers])
    assert_close(network.embed(*batch[:4])[1], expected)


def test_mask_token_starts_at_zero_and_stands_in_for_hidden_values():
    network, batch = small("astromer_paper"), window(12)
    assert network.mask_token.item() == 0
    network.mask_token.data.fill_(0.7)
    filled = batch._replace(value=torch.where(batch.masked, 0.7, batch.value))
    assert torch.equal(network.layers(*batch)[0], network.layers(*filled[:4])[0])


def test_released_structure_leaks_a_hidden_value_to_its_own_point_only():
    # no token (public code): the skip carries the magnitude; the key mask keeps it from others
    network, batch = small("astromer_released"), window(12)
    other = batch._replace(value=torch.where(batch.masked, 5.0, batch.value))
    for one, two in zip(*(per_point(network, x, masked=True) for x in (batch, other)), strict=True):
        assert torch.equal(one[~batch.masked], two[~batch.masked])
        assert not torch.allclose(one[batch.masked], two[batch.masked])


def test_legacy_mask_adds_one_where_either_point_is_hidden():
    network = small("astromer_legacy")
    hidden = torch.tensor([[False, True, False]])
    bias = network._bias(hidden, torch.float32)
    assert bias.tolist() == [[[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]]


def test_legacy_mask_depends_on_the_padded_length():
    # as published (Donoso-Oliva+2025): kept for parity, the reason for "strict"
    network, batch = small("astromer_legacy"), window(12)
    short, long = network(*batch[:4]), network(*pad(batch, 50)[:4])[:, :12]
    assert not torch.allclose(short, long, atol=1e-3)


def test_reconstruction_learns_a_window():
    network, batch = small("astromer_paper").train(), window(12, 12)
    time = torch.linspace(0, 6, 12).expand(2, -1)
    batch = batch._replace(time=time, value=torch.sin(time))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    first = None
    for _ in range(80):
        loss = masked_rmse(network.reconstruct(*batch), batch.value, batch.masked)
        first = first or loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2 * first


@pytest.mark.parametrize("wrong", [{"mask": "soft"}, {"skip": "dense"}])
def test_unknown_choices_are_refused(wrong):
    with pytest.raises(ValueError, match="is not one of"):
        Astromer(**{**NAMED["astromer1"], **wrong})


# --- parity with the public Astromer 2 builder (Donoso-Oliva+2025) ---------------------------


def in_order_of_the_builder(network: Astromer) -> list[nn.Module]:
    """Modules in the order in which the public code creates their Keras counterparts."""
    modules: list[nn.Module] = [network.value_embedding]
    for block in network.blocks:
        attention = block.attention
        modules += [attention.query, attention.key, attention.value, attention.output]
        modules += [block.feedforward[0], block.feedforward[2]]
        modules += [block.attention_norm, block.feedforward_norm]
        modules += [block.attention_skip, block.feedforward_skip]
    return [*modules, network.head[1], network.head[0]]


def load_keras(network: Astromer, arrays: list[np.ndarray]) -> None:
    """Kernels are (in, out), hence transposed; scales and biases are as they are."""
    modules = in_order_of_the_builder(network)
    for module, weight, bias in zip(modules, arrays[0::2], arrays[1::2], strict=True):
        module.weight.data.copy_(torch.from_numpy(weight.T))
        module.bias.data.copy_(torch.from_numpy(bias))


@pytest.fixture(scope="module")
def parity(realdata: Path) -> dict[str, Tensor]:
    with np.load(realdata / "astromer_v2" / "parity_random_weights.npz") as file:
        return dict(file)


@pytest.mark.realdata
def test_parity_with_the_public_astromer_2(parity):
    network = Astromer(**NAMED["astromer2_released"]).eval()
    names = [name for name in parity if name.startswith("w::")]
    names.sort(key=lambda name: int(name.rsplit("::", 1)[1]))
    load_keras(network, [parity[name] for name in names])
    value, time, hidden, probed = (
        torch.from_numpy(parity[name][..., 0]) for name in ("mag", "times", "mask_in", "mask_out")
    )
    valid = (hidden == 0) | (probed == 1)  # the rest of the hidden ones is padding
    inputs = value, time, torch.zeros_like(value, dtype=torch.long), valid, (hidden == 1) & valid
    with torch.no_grad():
        layers, reconstruction = network.layers(*inputs), network.reconstruct(*inputs)
    expected = torch.from_numpy(parity["reconstruction"][..., 0])
    assert (reconstruction - expected)[valid].abs().max() < 1e-3
    assert_close(layers[0], torch.from_numpy(parity["input_embedding"]), rtol=0, atol=1e-3)
    for index, layer in enumerate(layers[1:]):
        block = torch.from_numpy(parity[f"block_{index}"])
        assert_close(layer[:2], block, rtol=0, atol=1e-3)
