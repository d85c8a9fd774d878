import math

import pytest
import torch
from torch.testing import assert_close

from nightjar.networks.astromer import Astromer
from nightjar.networks.heads import AstromerClassifier, AttentionClassifier, GammaHead, MLPHead
from tests.networks.windows import PAPER, pad, small, window

LAYERS = torch.tensor([[[0.0, 0.0], [4.0, 8.0]]])


def test_average_by_hand():
    # softmax of (0, ln 3) is (1, 3) / 4
    head = GammaHead(2, 2, [], 3)
    head.gamma.data = torch.tensor([0.0, math.log(3)])
    assert_close(head.average(LAYERS), torch.tensor([[3.0, 6.0]]))


def test_layers_count_equally_at_the_start():
    assert GammaHead(2, 2, [4], 3).average(LAYERS).tolist() == [[2, 4]]


def test_head_is_mlp_norm_linear():
    head, layers = GammaHead(3, 4, [8, 6], 5).eval(), torch.randn(2, 3, 4)
    hidden = head.mlp[0](layers.mean(1)).relu()
    hidden = head.mlp[3](hidden).relu()
    mean, variance = hidden.mean(-1, keepdim=True), hidden.var(-1, correction=0, keepdim=True)
    expected = head.output((hidden - mean) / (variance + 1e-3).sqrt())
    assert_close(head(layers), expected)


def test_published_head_has_the_size_of_its_layers():
    # 7 gammas; 256 -> 1024 -> 512 -> 256; LayerNorm 2 x 256; 256 -> 6
    expected = 7 + 257 * 1024 + 1025 * 512 + 513 * 256 + 512 + 257 * 6
    head = GammaHead(7, 256, [1024, 512, 256], 6)
    assert sum(p.numel() for p in head.parameters()) == expected


def test_classifier_is_the_head_on_the_embedding():
    network, batch = small("classifier"), window(12, 5)
    logits = network(*batch[:4])
    assert logits.shape == (2, 3)
    assert_close(logits, network.head(network.encoder.embed(*batch[:4])))


def test_classifier_takes_pretrained_weights_and_settings_whole():
    encoder = Astromer(**PAPER, dropout=0.4)
    classifier = AstromerClassifier(encoder.settings, [8], 3, dropout=0.1)
    classifier.encoder.load_state_dict(encoder.state_dict())
    assert classifier.encoder.settings["dropout"] == 0.1
    assert classifier.settings["astromer"]["dropout"] == 0.1


@pytest.mark.parametrize("part", ["encoder", "head"])
def test_dropout_has_sites_in_encoder_and_head(part):
    network, batch = AstromerClassifier(PAPER, [8], 3, dropout=0.3).eval(), window(12, 5)
    getattr(network, part).train()
    assert not torch.equal(network(*batch[:4]), network(*batch[:4]))


def test_a_gamma_head_of_one_layer_is_the_plain_head():
    torch.manual_seed(0)
    gamma = GammaHead(1, 4, [8, 6], 5)
    torch.manual_seed(0)
    plain, pooled = MLPHead(4, [8, 6], 5), torch.randn(3, 4)
    assert torch.equal(gamma(pooled[:, None]), plain(pooled))


def test_attention_pools_the_last_block_of_a_frozen_encoder():
    network, batch = AttentionClassifier(PAPER, [8], 3).eval(), window(12, 5)
    last = network.encoder(*batch[:4])
    assert_close(network(*batch[:4]), network.head(network.pool(last, batch.valid)))
    assert_close(network(*pad(batch, 7)[:4]), network(*batch[:4]))


def test_nothing_of_the_encoder_below_attention_pooling_trains():
    encoder = Astromer(**PAPER, dropout=0.4)
    network, batch = AttentionClassifier(encoder.settings, [8], 3, dropout=0.0), window(12, 5)
    network.train()
    assert torch.equal(network(*batch[:4]), network(*batch[:4]))  # it does not drop, either
    network(*batch[:4]).square().sum().backward()
    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None}
    assert moved == {"pool", "head"}
    assert not any(p.requires_grad for p in network.encoder.parameters())
