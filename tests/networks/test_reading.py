import pytest
import torch
from torch.testing import assert_close

from nightjar.networks import Astromer, stochastic
from nightjar.networks.reading import reading

SMALL = {"dim": 16, "depth": 2, "heads": 2, "feedforward": 12, "base": 1000.0}
SMALL |= {"skip": "residual", "mask": "strict"}
STAR = {"star_token": True, "shortest_period": 0.5}
DECODER = {**STAR, "scaled": True, "harmonics": 2, "decoder": True}


def test_plain_points_come_first_then_probed_then_hidden_ones_then_padding():
    valid = torch.tensor([[True, True, True, True, False], [True] * 5])
    masked = torch.tensor([[True, False, False, False, False], [False, True, False, False, True]])
    probed = torch.tensor([[True, False, True, False, False], [False, True, False, True, True]])
    found = reading(valid, masked, probed, (3, 2))
    assert found.order.tolist() == [[1, 3, 2, 0, 4], [0, 2, 3, 1, 4]]
    assert (found.seen, found.start) == (3, 2)


def test_what_was_sorted_is_restored():
    valid = torch.ones(1, 4, dtype=torch.bool)
    masked, probed = torch.tensor([[[True, False, False, True]], [[True, False, True, True]]])
    found, points = reading(valid, masked, probed, (2, 1)), torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    assert found.sorted(points).tolist() == [[2, 3, 1, 4]]
    assert found.restored(found.sorted(points)).tolist() == points.tolist()
    assert found.restored(torch.tensor([[3.0, 1.0, 4.0]])).tolist() == [[1, 0, 3, 4]]


EXTENT = (9, 2)  # of this batch: twelve points less three hidden ones; seven less five probed ones


def batch():
    """Value, time, band, valid, masked and probed of three windows, one of them short."""
    torch.manual_seed(1)
    valid = torch.arange(12) < torch.tensor([12, 12, 7])[:, None]
    rank = torch.rand(3, 12).masked_fill(~valid, 2.0).argsort(1).argsort(1)
    value, time = torch.randn(3, 12, dtype=torch.float64), torch.rand(3, 12).sort(1).values * 20
    band = torch.zeros(3, 12, dtype=torch.int64)
    return value, time.double(), band, valid, rank < 3, (rank < 5) & valid


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("star", [{}, STAR, DECODER])
@pytest.mark.parametrize("mask_token", [True, False])
def test_probed_magnitudes_and_all_gradients_are_those_of_the_whole(norm, star, mask_token):
    network = Astromer(**SMALL, norm=norm, mask_token=mask_token, **star).double()
    *given, probed = batch()
    found = []
    for asked in ((), (probed, EXTENT)):
        network.zero_grad()
        made = network.reconstructions(*given, *asked)
        sum((each[probed] ** 2).sum() for each in made).backward()
        gradients = {name: each.grad for name, each in network.named_parameters()}
        found.append(([each[probed] for each in made], gradients))
    assert_close(found[1], found[0], rtol=1e-4, atol=1e-5)  # the star's period is float32


def test_of_the_last_block_only_what_is_probed_is_computed():
    network = Astromer(**SMALL, mask_token=True)
    value, time, band, valid, masked, probed = batch()
    sizes = []
    for block in network.blocks:
        block.register_forward_hook(lambda _, __, given: sizes.append(given.shape[1]))
    network.reconstructions(value.float(), time.float(), band, valid, masked, probed, EXTENT)
    assert sizes == [12, 12 - 2]  # the short window has two points that are not probed


@pytest.mark.parametrize("change", [{"mask": "legacy"}, {"stochastic": {}}])
def test_where_all_tokens_are_needed_all_are_computed(change):
    if "stochastic" in change:
        change = {"stochastic": {"blocks": 1, "centroids": 2, "tau1": 1.0, "tau2": 1.0}}
    network = Astromer(**SMALL | change, mask_token=True)
    value, time, band, valid, masked, probed = batch()
    sizes = []
    network.blocks[-1].register_forward_hook(lambda _, __, given: sizes.append(given.shape[1]))
    network.reconstructions(value.float(), time.float(), band, valid, masked, probed, EXTENT)
    assert sizes == [12]


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("samples", [1, 3])
def test_of_the_last_block_the_star_alone_is_computed_to_embed(norm, samples):
    network = Astromer(**SMALL, norm=norm, mask_token=True, **STAR)
    value, time, band, valid, *_ = batch()
    given, sizes = (value.float(), time.float(), band, valid), []
    whole = network.layers(*given)
    network.blocks[-1].register_forward_hook(lambda _, __, made: sizes.append(made.shape[1]))
    found = network.embed(*given, samples=samples)
    assert sizes == [1]
    expected = torch.stack([network.pool(layer, valid) for layer in whole], dim=1)
    assert_close(found, expected.repeat(samples, 1, 1))


@pytest.mark.parametrize("samples", [1, 2])
def test_stochastic_attention_draws_for_the_star_alone(samples, monkeypatch):
    drawn = []
    whole = stochastic.gumbel
    monkeypatch.setattr(
        stochastic, "gumbel", lambda like, *shape: drawn.append(shape) or whole(like, *shape)
    )
    settings = {"blocks": 1, "centroids": 2, "tau1": 1.0, "tau2": 1.0}
    network = Astromer(**SMALL, mask_token=True, **STAR, stochastic=settings)
    value, time, band, valid, *_ = batch()
    found = network.embed(value.float(), time.float(), band, valid, samples=samples)
    assert found.shape == (3 * samples, 3, 16)
    assert drawn[1][-2:] == (1, 13)  # one query, of the star; 12 points and the star are the keys


def test_stochastic_attention_of_some_is_that_of_all(monkeypatch):
    monkeypatch.setattr(stochastic, "gumbel", lambda like, *shape: like.new_zeros(shape))
    attention = stochastic.StochasticAttention(16, 2, centroids=3, tau1=0.2, tau2=0.3)
    sequence, bias = torch.randn(3, 5, 16), torch.zeros(3, 1, 1, 5)
    found = attention(sequence, bias, read=slice(1, 3))
    assert_close(found, attention(sequence, bias)[:, 1:3])


@pytest.mark.parametrize("star", [{}, STAR])
@pytest.mark.parametrize("layer", [0, 1, -1])
def test_one_layer_is_that_of_all(star, layer):
    network = Astromer(**SMALL, mask_token=True, **star)
    value, time, band, valid, *_ = batch()
    given = value.float(), time.float(), band, valid
    assert_close(network.embed_layer(*given, layer), network.embed(*given)[:, layer])
