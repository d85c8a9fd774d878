"""The weights computed again are those that the network used."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nightjar.networks.attention import (
    MultiHeadAttention,
    attention_bias,
    merge_heads,
    split_heads,
)
from nightjar.networks.attention_weights import attention_weights, weights_of
from tests.networks import windows

CASES = ("astromer_legacy", "astromer_strict", "astromer_released", "astromer_paper")


def lively(case):
    """A network whose attention is far from even: weights three times as large."""
    network = windows.small(case)
    with torch.no_grad():
        for block in network.blocks:
            block.attention.query.weight.mul_(3)
    return network


def test_weights_by_hand():
    """One head of width 1, scale 1, q k = 1 * (0, ln 3, 5), the last key hidden: (1, 3, 0) / 4."""
    attention = MultiHeadAttention(1, 1, bias_qkv=True, scale="head")
    nn.init.zeros_(attention.query.weight)
    nn.init.ones_(attention.query.bias)
    nn.init.ones_(attention.key.weight)
    nn.init.zeros_(attention.key.bias)
    sequence = torch.tensor([0.0, math.log(3), 5.0]).view(1, 3, 1)
    bias = attention_bias(torch.tensor([[False, False, True]]))
    expected = torch.tensor([0.25, 0.75, 0.0]).expand(1, 1, 3, 3)
    assert_close(weights_of(attention, sequence, bias), expected)


@pytest.mark.parametrize("case", CASES)
def test_rows_sum_to_one_for_every_block_and_head(case):
    network, batch = lively(case), windows.window(12, 7)
    found = attention_weights(network, *batch[:4])
    assert [each.shape for each in found] == [(2, 2, 12, 12)] * 2
    for each in found:
        assert (each >= 0).all()
        assert_close(each.sum(-1), torch.ones(2, 2, 12))
        assert each.std() > 0.01  # else every test here would pass with even weights


@pytest.mark.parametrize("case", CASES[1:])
def test_padded_and_hidden_keys_get_nothing(case):
    network, batch = lively(case), windows.window(12, 7)
    for each in attention_weights(network, *batch[:4]):
        assert (each[1, :, :, 7:] == 0).all()
        assert (each[:, :, :, :7] > 0).all()
    for each in attention_weights(network, *batch):
        hidden = (~batch.valid | batch.masked)[:, None, None, :].expand_as(each)
        assert (each[hidden] == 0).all()


def test_legacy_favours_what_it_should_hide():
    """The published mask adds 1 to the logit, so that equal keys would get e times the weight."""
    network, batch = windows.small("astromer_legacy"), windows.window(12, 7)
    for part in (network.blocks[0].attention.query, network.blocks[0].attention.key):
        nn.init.zeros_(part.weight)
    weights = attention_weights(network, *batch[:4])[0][1]  # (heads, queries, keys)
    assert_close(weights[:, 0, 7] / weights[:, 0, 0], torch.full((2,), math.e))


@torch.no_grad()
@pytest.mark.parametrize("case", CASES)
def test_weights_times_values_are_what_the_attention_gives(case):
    network, batch, seen = lively(case), windows.window(12, 7), []
    for block in network.blocks:
        block.attention.register_forward_hook(lambda module, args, out: seen.append((args[0], out)))
    found = attention_weights(network, *batch)
    assert len(seen) == len(found) == 2
    for block, weights, (sequence, output) in zip(network.blocks, found, seen, strict=True):
        attention = block.attention
        values = split_heads(attention.value(sequence), attention.heads)
        assert_close(attention.output(merge_heads(weights @ values)), output)


def test_the_network_is_left_as_it_was():
    network, batch = windows.small("astromer_paper"), windows.window(12, 7)
    before = network.embed(*batch[:4])
    attention_weights(network, *batch)
    assert not any(block.attention._forward_pre_hooks for block in network.blocks)
    assert torch.equal(network.embed(*batch[:4]), before)
    with pytest.raises(RuntimeError):
        attention_weights(network, batch.value[:, :5], *batch[1:4])
    assert not any(block.attention._forward_pre_hooks for block in network.blocks)
