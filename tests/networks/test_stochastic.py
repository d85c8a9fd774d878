"""Stochastic attention and dropout by hand, with injected noise, and as parts of the classifier."""

import math

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks import AstromerClassifier, stochastic
from nightjar.networks.attention import (
    MultiHeadAttention,
    attend,
    attention_bias,
    merge_heads,
    split_heads,
)
from nightjar.networks.stochastic import SampledDropout, StochasticAttention
from tests.networks.windows import PAPER, Window, pad, window

HSA = {"centroids": 3, "tau1": 0.7, "tau2": 2.0, "hard": False, "second_step": True, "blocks": 2}
SITES = {"embedding": 0.2, "attention": 0.2, "feedforward": 0.2, "head": 0.2}
NO_SITES = dict.fromkeys(SITES, 0.0)


@pytest.fixture
def positional(monkeypatch):
    """Noise that is a function of its place alone: a key's (query's) own, however long the rest."""

    def place(like, *shape):
        axes = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in shape), indexing="ij")
        mixed = sum(
            axis * weight for axis, weight in zip(axes, (7.1, 1.3, 2.9, 0.7, 3.7), strict=True)
        )
        return torch.sin(mixed).to(torch.promote_types(like.dtype, torch.float32))

    monkeypatch.setattr(stochastic, "gumbel", place)


def classifier(**changes):
    settings = {"hidden": [8], "classes": 3, "dropout": NO_SITES, "stochastic": HSA}
    return AstromerClassifier(PAPER, **{**settings, **changes}).eval()


# --- the attention ------------------------------------------------------------------------------


def tiny(**changes) -> StochasticAttention:
    """Width 1, one head, centroids 0 and 1; q = k = v = x, no output projection."""
    settings = {"centroids": 2, "tau1": 1.0, "tau2": 1.0, **changes}
    attention = StochasticAttention(1, 1, **settings)
    for part in (attention.query, attention.key, attention.value, attention.output):
        part.weight.data.fill_(1.0)
        part.bias.data.zero_()
    attention.centroids.data = torch.tensor([[0.0, 1.0]])
    return attention


X = torch.tensor([[[0.0], [math.log(3)]]])
NO_BIAS = torch.zeros(1, 1, 1, 2)


def test_attention_by_hand_without_noise(monkeypatch):
    # K C: (0, 0) for x = 0; (0, ln 3) for x = ln 3.  P: (1/2, 1/2) and (1/4, 3/4).
    # Khat = P C^T: 1/2 and 3/4.  Query 0: logits (0, 0), so A = (1/2, 1/2), output ln(3) / 2.
    # Query ln 3: logits ln 3 (1/2, 3/4), A_2 = 1 / (1 + 3^(-1/4)), output A_2 ln 3.
    monkeypatch.setattr(stochastic, "gumbel", lambda like, *shape: torch.zeros(shape))
    second = math.log(3) / (1 + 3**-0.25)
    expected = torch.tensor([[[math.log(3) / 2], [second]]])
    assert_close(tiny()(X, NO_BIAS), expected)
    assert_close(tiny(second_step=False)(X, NO_BIAS), expected)


def test_attention_by_hand_with_noise(monkeypatch):
    # tau1 = 2, first noise (0, 2 ln 3) for both keys: logits / tau1 are (0, ln 3) for x = 0,
    # P = (1/4, 3/4); (0, 1.5 ln 3) for x = ln 3, P_2 = 3^1.5 / (1 + 3^1.5) =: r.
    # tau2 = 2, second noise (0, 2 ln 2) for query 0: A = (1, 2) / 3.  For query ln 3 the noise is
    # (0, 0): logits ln 3 (3/4, r) / 2, A_2 = 1 / (1 + 3^((3/4 - r) / 2)).
    def injected(like, *shape):
        if shape[-1] == 2 and shape[-2] == 2 and not injected.calls:
            injected.calls = 1
            return torch.tensor([0.0, 2 * math.log(3)]).expand(shape).clone()
        return torch.tensor([[0.0, 2 * math.log(2)], [0.0, 0.0]]).expand(shape).clone()

    injected.calls = 0
    monkeypatch.setattr(stochastic, "gumbel", injected)
    r = 3**1.5 / (1 + 3**1.5)
    one, two = 2 / 3, 1 / (1 + 3 ** ((0.75 - r) / 2))
    expected = math.log(3) * torch.tensor([[[one], [two]]])
    assert_close(tiny(tau1=2.0, tau2=2.0)(X, NO_BIAS), expected)


def test_gumbel_numbers_have_their_mean_and_variance():
    drawn = stochastic.gumbel(torch.zeros(1), 200_000)
    assert drawn.mean().item() == pytest.approx(0.5772, abs=4 * 1.283 / 200_000**0.5)
    assert drawn.var().item() == pytest.approx(math.pi**2 / 6, rel=0.02)
    assert drawn.isfinite().all()


def test_noise_in_the_limit_of_no_temperature_picks_a_class_by_its_probability():
    # the Gumbel-max trick: argmax(logits + g) is distributed as softmax(logits)
    probability = torch.tensor([0.1, 0.3, 0.6])
    noise = stochastic.gumbel(probability, 40_000, 3)
    picked = (probability.log() + noise).argmax(-1)
    assert_close(picked.bincount() / 40_000, probability, atol=0.012, rtol=0)


def test_hard_weights_are_one_hot_with_the_gradient_of_the_soft_ones():
    logits = torch.randn(4, 5, requires_grad=True)
    soft = logits.softmax(-1)
    hard = stochastic.harden(soft)
    assert torch.equal(hard.detach(), torch.eye(5)[soft.argmax(-1)])
    values = torch.randn(5)
    straight = torch.autograd.grad((hard * values).sum(), logits, retain_graph=True)[0]
    assert_close(straight, torch.autograd.grad((soft * values).sum(), logits)[0])


@pytest.mark.parametrize("hard", [True, False])
def test_cold_attention_picks_one_value(hard):
    tau = 1.0 if hard else 1e-4
    attention = StochasticAttention(8, 2, centroids=4, tau1=tau, tau2=tau, hard=hard).eval()
    attention.output.weight.data = torch.eye(8)
    attention.output.bias.data.zero_()
    sequence = torch.randn(3, 6, 8)
    attended = attention(sequence, torch.zeros(3, 1, 1, 6)).unflatten(-1, (2, 4))
    value = attention.value(sequence).unflatten(-1, (2, 4))
    distance = (attended[:, :, None] - value[:, None]).abs().amax(-1)  # (3, queries, keys, heads)
    assert distance.amin(2).max() < 1e-4


def test_without_noise_and_with_keys_as_they_are_it_is_plain_attention(monkeypatch):
    # hard choice among centroids that are the keys themselves; tau2 = sqrt(depth) is the scale
    monkeypatch.setattr(stochastic, "gumbel", lambda like, *shape: torch.zeros(shape))
    plain = MultiHeadAttention(4, 1, bias_qkv=True, scale="head")
    drawn = StochasticAttention(4, 1, centroids=3, tau1=1e-5, tau2=2.0)
    drawn.load_state_dict(plain.state_dict(), strict=False)
    sequence, bias = torch.randn(1, 3, 4), torch.zeros(1, 1, 1, 3)
    directions = 10 * torch.eye(4)[:, :3]
    drawn.key.weight.data, drawn.key.bias.data = torch.zeros(4, 4), torch.zeros(4)
    drawn.key.forward = lambda _: directions.T[None]
    drawn.centroids.data = directions
    query, value = (split_heads(part(sequence), 1) for part in (plain.query, plain.value))
    attended = attend(query, directions.T[None, None], value, bias, plain.scale)
    assert_close(drawn(sequence, bias), plain.output(merge_heads(attended)))


@pytest.mark.parametrize("second_step", [True, False])
@pytest.mark.parametrize("hard", [True, False])
def test_a_hidden_key_has_no_weight_whatever_was_drawn(hard, second_step):
    settings = {"tau1": 1.0, "tau2": 50.0, "hard": hard, "second_step": second_step}
    attention = StochasticAttention(8, 2, centroids=4, **settings).double()
    hidden = torch.tensor([[False, True, False, True], [True, True, True, False]])
    sequence = torch.randn(2, 4, 8, dtype=torch.float64, requires_grad=True)
    attended = attention(sequence, attention_bias(hidden, torch.float64))
    attended[~hidden].sum().backward()
    assert sequence.grad[~hidden].abs().min() > 0
    assert not sequence.grad[hidden].any()


def test_many_samples_at_once_are_as_many_passes(positional, monkeypatch):
    attention = StochasticAttention(8, 2, centroids=4, tau1=1.0, tau2=2.0)
    sequence, bias = torch.randn(3, 5, 8), torch.zeros(3, 1, 1, 5)
    together = attention(sequence, bias, 4, False)
    assert_close(attention(sequence.repeat(4, 1, 1), bias, 4, True), together)
    place = stochastic.gumbel
    for number, one in enumerate(together.unflatten(0, (4, 3))):
        # the noise of this sample, for every object of the batch
        monkeypatch.setattr(
            stochastic,
            "gumbel",
            lambda like, s, b, *rest, n=number: (
                place(like, 4, 1, *rest)[n : n + 1].expand(1, b, *rest).clone()
            ),
        )
        assert_close(attention(sequence, bias), one)


@pytest.mark.parametrize("hard", [True, False])
def test_gradients_reach_the_centroids(hard):
    network, batch = classifier(stochastic={**HSA, "hard": hard}).train(), window(12, 5)
    network(*batch[:4]).square().sum().backward()
    for block in network.encoder.blocks:
        gradient = block.attention.centroids.grad
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


# --- the classifier -------------------------------------------------------------------------------


def test_padding_and_its_content_change_nothing_given_the_noise(positional):
    network, batch = classifier().double(), window(12, 7, 1)
    before = network(*batch[:4])
    assert_close(network(*pad(batch, 9)[:4]), before, rtol=0, atol=1e-6)
    spoilt = batch._replace(
        value=batch.value.masked_fill(~batch.valid, torch.nan),
        time=batch.time.masked_fill(~batch.valid, 1e9),
    )
    assert torch.equal(network(*spoilt[:4]), before)


def test_order_of_points_changes_nothing_given_the_noise(monkeypatch):
    order, noise = torch.randperm(12), torch.randn(2, 1, 3, 2, 12, 12, dtype=torch.float64)
    assignments = torch.randn(2, 1, 3, 2, 12, 3, dtype=torch.float64)
    sides = {"order": torch.arange(12), "block": 0}

    def moved(like, *shape):
        if shape[-1] == 3:
            return assignments[sides["block"]][..., sides["order"], :]
        found = noise[sides["block"]][..., sides["order"], :][..., sides["order"]]
        sides["block"] += 1
        return found

    monkeypatch.setattr(stochastic, "gumbel", moved)
    network, batch = classifier().double(), window(12, 7, 1)
    before = network(*batch[:4])
    sides.update(order=order, block=0)
    after = network(*Window(*(x[:, order] for x in batch))[:4])
    assert_close(after, before, rtol=0, atol=1e-6)


def test_attention_draws_in_evaluation_and_repeats_with_the_seed():
    network, batch = classifier(), window(12, 5)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(network(*batch[:4], samples=3))
    assert drawn[0].shape == (6, 3)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    samples = drawn[0].unflatten(0, (3, 2))
    assert not torch.equal(samples[0], samples[1])


def test_only_the_last_blocks_are_stochastic():
    network = classifier(stochastic={**HSA, "blocks": 1})
    kinds = [isinstance(block.attention, StochasticAttention) for block in network.encoder.blocks]
    assert kinds == [False, True]
    with pytest.raises(ValueError, match=r"blocks 3 is not among 1 \.\. 2"):
        classifier(stochastic={**HSA, "blocks": 3})


def test_centroids_are_all_that_is_added():
    def count(network):
        return sum(p.numel() for p in network.parameters())

    # per block a matrix of 16 / 2 = 8 rows and 3 columns
    assert count(classifier()) - count(classifier(stochastic=None)) == 2 * 8 * 3


def test_pretrained_weights_are_taken_and_centroids_stay_new():
    plain, network = classifier(stochastic=None), classifier()
    centroids = network.encoder.blocks[0].attention.centroids.clone()
    network.take(plain.encoder.state_dict())
    for name, value in plain.encoder.state_dict().items():
        assert torch.equal(network.encoder.state_dict()[name], value)
    assert torch.equal(network.encoder.blocks[0].attention.centroids, centroids)
    assert centroids.abs().max() <= 0.5
    state = plain.encoder.state_dict()
    state.pop("blocks.0.attention.query.weight")
    with pytest.raises(ValueError, match=r"do not fit the encoder: blocks\.0\.attention\.query"):
        network.take(state)


# --- dropout --------------------------------------------------------------------------------------


def test_a_sample_of_dropout_is_one_mask_for_the_batch():
    dropout, ones = SampledDropout(0.25).train(), torch.ones(4, 50, 8)
    dropped = dropout(ones, 3, repeated=False).unflatten(0, (3, 4))
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(dropped[:, :1].expand_as(dropped), dropped)
    assert not torch.equal(dropped[0], dropped[1])
    assert dropout(ones.repeat(3, 1, 1), 3).shape == (12, 50, 8)
    assert not torch.equal(*dropout(ones, 1)[:2])  # one sample: every object has its own


@pytest.mark.parametrize("site", SITES)
def test_a_site_is_sampled_and_the_others_are_not(site):
    network, batch = classifier(dropout={**NO_SITES, site: 0.3}, stochastic=None), window(12, 5)
    found = network.dropouts(2)
    assert len(found) == {"embedding": 1, "head": 1}.get(site, 2)
    quiet = network(*batch[:4], samples=2).unflatten(0, (2, 2))
    assert torch.equal(quiet[0], quiet[1])
    for dropout in found:
        dropout.train()
    layers = network.encoder.layers(*batch[:4], samples=2)
    lengths = {"embedding": [4, 4, 4], "head": [2, 2, 2]}.get(site, [2, 4, 4])
    assert [len(layer) for layer in layers] == lengths  # what precedes the site is computed once
    drawn = network(*batch[:4], samples=2).unflatten(0, (2, 2))
    assert not torch.equal(drawn[0], drawn[1])


def test_sites_of_the_last_blocks_and_the_head():
    network = classifier(dropout=SITES, stochastic=None)
    last = network.encoder.blocks[-1]
    expected = {last.attention_dropout, last.feedforward_dropout, network.head.mlp[2]}
    assert set(network.dropouts(1)) == expected
    assert network.encoder.dropout in network.dropouts(2)
    one = classifier(dropout={**SITES, "attention": 0.0}, stochastic=None)
    assert set(one.dropouts(1)) == {one.encoder.blocks[-1].feedforward_dropout, one.head.mlp[2]}


@pytest.mark.parametrize("stochastic", [None, HSA, {**HSA, "blocks": 1, "second_step": False}])
@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("skip", ["none", "learned", "residual"])
def test_every_mixture_of_sites_runs_at_once_as_repeated(stochastic, blocks, skip):
    """The same masks: a shared prefix and a batch repeated at once make no difference."""
    settings = {**PAPER, "skip": skip}
    network = AstromerClassifier(settings, [8], 3, SITES, stochastic).double().eval()
    for dropout in network.dropouts(blocks):
        dropout.train()
    batch = window(12, 5)
    torch.manual_seed(3)
    logits = network(*batch[:4], samples=4)
    encoder = network.encoder
    sequence = encoder._embed_points(None, *batch[:2], None).repeat(4, 1, 1)
    bias = encoder._bias(~batch.valid, sequence.dtype)
    torch.manual_seed(3)
    layers = [encoder.dropout(sequence, 4)]
    for block in encoder.blocks:
        layers.append(block(layers[-1], bias, 4))
    pooled = torch.stack([encoder.pool(x, batch.valid.repeat(4, 1)) for x in layers], dim=1)
    assert_close(logits, network.head(pooled, 4), rtol=0, atol=1e-6)
