import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nightjar.losses import info_nce
from nightjar.networks import EndToEnd, Maven, MavenEncoder
from nightjar.networks.attention import attention_bias
from nightjar.networks.maven import NAMED
from nightjar.networks.transformer import MavenBlock
from nightjar.params import EncoderSettings
from tests.networks.windows import small, window


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_published_encoders_have_the_published_sizes():
    maven, lite = NAMED["maven"], NAMED["maven_lite"]
    assert count(MavenEncoder(**maven["light_curve"], output=32, bands=2)) == 251_296
    assert count(MavenEncoder(**lite["light_curve"], output=32, bands=2)) == 268_000
    assert count(MavenEncoder(**maven["spectrum"], output=32)) == 165_024


@pytest.mark.parametrize(("name", "published"), [("maven", 424_770), ("maven_lite", 441_474)])
def test_maven_has_the_published_size_less_the_dead_logit_bias(name, published):
    # published: 251,296 (268,000 with attention pooling) + 165,024 + 2 projections of 4,224, logit
    # scale, logit bias. The bias cancels in the softmax, so it never gets a gradient: left out.
    assert count(Maven(**NAMED[name])) == published - 1
    assert count(Maven(**NAMED[name], objective="sigmoid")) == published


def test_the_published_baseline_by_hand():
    # per block of width 32: q, k, v 3 x 1024, output 1056, feed-forward 4224 + 4128, norms 2 x 64;
    # value 64, bands 64, output 32 x 32 + 32; projection 32 x 128 + 128; head 128 x 3 + 3
    blocks = 9 * (3072 + 1056 + 4224 + 4128 + 128)
    expected = blocks + 64 + 64 + 1056 + 4224 + 387
    assert count(EndToEnd(**NAMED["baseline"], outputs=3)) == expected


def test_published_sizes_are_valid_settings():
    for named in NAMED.values():
        for name in named.keys() & {"light_curve", "spectrum"}:
            encoder = {**named[name], "norm": "post"}
            assert EncoderSettings(**encoder).model_dump() == encoder


def test_block_is_torchs_post_norm_layer_with_logits_scaled_by_the_full_width():
    # torch divides by sqrt(depth), Maven by sqrt(dim): queries shrink by sqrt(4 / 16) = 1/2
    ours = MavenBlock(16, 4, 0.0)
    theirs = nn.TransformerEncoderLayer(16, 4, 64, 0.0, batch_first=True)
    attention = ours.attention
    parts = (attention.query.weight / 2, attention.key.weight, attention.value.weight)
    theirs.self_attn.in_proj_weight.data = torch.cat(parts)
    theirs.self_attn.in_proj_bias.data.zero_()
    theirs.self_attn.out_proj.load_state_dict(attention.output.state_dict())
    theirs.linear1.load_state_dict(ours.feedforward[0].state_dict())
    theirs.linear2.load_state_dict(ours.feedforward[2].state_dict())
    sequence, padding = torch.randn(2, 6, 16), torch.arange(6) >= torch.tensor([[6], [4]])
    expected = theirs(sequence, src_key_padding_mask=padding)
    found = ours(sequence, attention_bias(padding))
    assert_close(found[~padding], expected[~padding])


def test_pre_norm_block_is_torchs_with_logits_scaled_by_the_full_width():
    ours = MavenBlock(16, 4, 0.0, "pre")
    theirs = nn.TransformerEncoderLayer(16, 4, 64, 0.0, batch_first=True, norm_first=True)
    attention = ours.attention
    parts = (attention.query.weight / 2, attention.key.weight, attention.value.weight)
    theirs.self_attn.in_proj_weight.data = torch.cat(parts)
    theirs.self_attn.in_proj_bias.data.zero_()
    theirs.self_attn.out_proj.load_state_dict(attention.output.state_dict())
    theirs.linear1.load_state_dict(ours.feedforward[0].state_dict())
    theirs.linear2.load_state_dict(ours.feedforward[2].state_dict())
    sequence, nothing = torch.randn(2, 6, 16), torch.zeros(2, 6, dtype=torch.bool)
    assert_close(ours(sequence, attention_bias(nothing)), theirs(sequence))


def test_pre_norm_ends_with_a_norm():
    batch, encoder = window(12, 5), small("encoder_pre")
    points = encoder(*batch[:4])[batch.valid]  # a fresh LayerNorm: mean 0, variance 1
    assert_close(points.mean(-1), torch.zeros(17), atol=1e-5, rtol=0)
    assert_close(points.var(-1, correction=0), torch.ones(17), atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="norm 'before' is not one of post, pre"):
        MavenBlock(8, 2, 0.0, "before")


def test_any_number_of_band_groups():
    encoder = MavenEncoder(**{**small("encoder_mean").settings, "bands": 6})
    batch = window(12)
    every = [encoder.embed(*batch._replace(band=torch.full((1, 12), b))[:4]) for b in range(6)]
    assert len({tuple(each.flatten().tolist()) for each in every}) == 6


def test_input_is_value_plus_time_plus_band():
    encoder = small("encoder_mean")
    encoder.blocks = nn.ModuleList()
    batch = window(12)
    expected = (
        encoder.value_embedding(batch.value)
        + encoder.time_encoding(batch.time)
        + encoder.band_embedding(batch.band)
    )
    assert_close(encoder(*batch[:4]), expected)


def test_padding_is_zero_in_the_sequence():
    batch = window(12, 5)
    assert not small("encoder_mean")(*batch[:4])[~batch.valid].any()


def test_band_matters_with_several_bands_and_not_with_one():
    batch = window(12)
    other = batch._replace(band=1 - batch.band)
    two = small("encoder_mean")
    one = MavenEncoder(**{**two.settings, "bands": 1})
    assert not torch.allclose(two.embed(*batch[:4]), two.embed(*other[:4]))
    assert torch.equal(one.embed(*batch[:4]), one.embed(*other[:4]))


def test_embeddings_of_maven_have_unit_length_even_without_points():
    network, batch = small("maven"), window(12, 5, 0)
    for embed in (network.embed_light_curve, network.embed_spectrum):
        embedding = embed(*batch[:4])
        assert embedding.shape == (3, 8)
        assert_close(embedding.norm(dim=-1), torch.ones(3))


def test_log_scale_is_the_logarithm_of_the_initial_scale():
    assert small("maven").log_scale.item() == pytest.approx(math.log(10))


def test_pair_weights_need_their_modality():
    with pytest.raises(ValueError, match="lacks a modality"):
        small("maven", pair_weights={"spectrum_metadata": 1.0})
    with pytest.raises(ValueError, match="without metadata"):
        small("maven").embed_metadata(torch.tensor([0]), torch.tensor([0.1]))


def test_a_new_modality_changes_no_weight_of_the_others():
    torch.manual_seed(1)
    two = small("maven")
    torch.manual_seed(1)
    three = small("maven", metadata={"classes": 3})
    both = two.state_dict()
    assert all(torch.equal(three.state_dict()[name], both[name]) for name in both)


def test_end_to_end_scores_its_projection():
    network, batch = small("end_to_end"), window(12, 5)
    projection = network.embed_light_curve(*batch[:4])
    assert projection.shape == (2, 8)
    assert_close(network(*batch[:4]), network.head(projection))
    assert isinstance(network, EndToEnd)


def test_maven_learns_to_tell_pairs_apart():
    # 8 pairs that share their mean value: a few steps must beat ln 8, the loss of knowing nothing
    network, batch = small("maven").train(), window(*[12] * 8)
    spectrum = batch._replace(value=torch.arange(8.0)[:, None] + 0.1 * torch.randn(8, 12))
    curve = batch._replace(value=torch.arange(8.0)[:, None] + 0.1 * torch.randn(8, 12))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        embeddings = network.embed_light_curve(*curve[:4]), network.embed_spectrum(*spectrum[:4])
        loss = info_nce(*embeddings, network.log_scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * math.log(8)
