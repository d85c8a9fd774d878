"""One product with bias and activation is PyTorch's `linear` and activation, gradients too."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nightjar.networks import linear as products
from nightjar.networks.linear import FeedForward, linear

ACTIVATIONS = {"none": nn.Identity(), "tanh": nn.Tanh(), "relu": nn.ReLU()}


def made(*shape):  # wide enough for oneDNN
    return torch.randn(shape, requires_grad=True)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_gradients_are_those_of_the_parts(activation, biased):
    sequence, weight, bias = made(3, 5, 64), made(70, 64), made(70) if biased else None
    given = [sequence, weight] + ([bias] if biased else [])
    plain = ACTIVATIONS[activation](nn.functional.linear(sequence, weight, bias))
    upstream = torch.randn(3, 5, 70)
    expected = plain, *torch.autograd.grad(plain, given, upstream)
    found = linear(sequence, weight, bias, activation)
    assert_close((found, *torch.autograd.grad(found, given, upstream)), expected)


def test_without_onednn_it_is_the_same(monkeypatch):
    sequence, weight, bias = made(3, 5, 64), made(70, 64), made(70)
    found = linear(sequence, weight, bias, "tanh")
    monkeypatch.setattr(products, "NARROWEST", 100)
    assert_close(linear(sequence, weight, bias, "tanh"), found)


def test_autocast_rounds_to_bfloat16_and_gradients_keep_their_type():
    sequence, weight, bias = made(3, 5, 64), made(70, 64), made(70)
    with torch.autocast("cpu", torch.bfloat16):
        found = linear(sequence, weight, bias, "tanh")
    assert found.dtype == torch.bfloat16
    # 64 products, both factors rounded by 2^-9 at most: 8 x 2^-8.5 = 0.02 of scatter
    assert_close(found.float(), linear(sequence, weight, bias, "tanh"), rtol=0, atol=0.15)
    found.float().sum().backward()
    assert all(part.grad.dtype == torch.float32 for part in (sequence, weight, bias))


def test_what_is_frozen_gets_no_gradient():
    sequence, weight, bias = made(3, 5, 64), torch.randn(70, 64), torch.randn(70)
    linear(sequence, weight, bias, "relu").sum().backward()
    assert sequence.grad is not None
    assert weight.grad is None
    assert bias.grad is None


def test_float64_and_nothing_at_all_pass():
    weight = torch.randn(6, 8, dtype=torch.float64)
    assert linear(torch.randn(2, 8, dtype=torch.float64), weight, None).dtype == torch.float64
    assert linear(torch.randn(0, 5, 64), torch.randn(70, 64), torch.randn(70)).shape == (0, 5, 70)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_feed_forward_part_is_its_sequence(activation):
    part, sequence = FeedForward(64, 70, activation), torch.randn(3, 5, 64)
    assert list(part.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert_close(part(sequence), nn.Sequential(*part)(sequence))
