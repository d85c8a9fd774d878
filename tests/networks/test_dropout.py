"""Masks of dropout: how often, how large, how independent."""

import pytest
import torch

from nightjar.networks.dropout import Dropout, kept


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("p", [0.001, 0.01, 0.1, 0.5, 0.99])
def test_a_share_p_is_dropped_and_the_rest_makes_up_for_it(p, dtype):
    torch.manual_seed(0)
    mask = kept((1001, 999), p, torch.zeros((), dtype=dtype))
    assert mask.dtype == dtype
    dropped = (mask == 0).double().mean().item()
    assert dropped == pytest.approx(p, abs=4 * (p * (1 - p) / 1e6) ** 0.5)  # 4 sigma, 1e6 entries
    assert set(mask.double().unique().tolist()) == {
        0.0,
        torch.tensor(1, dtype=dtype).div(1 - p).item(),
    }


def test_entries_of_one_draw_are_independent():
    """Four neighbours share 64 random bits: all 16 outcomes are equally frequent at p = 1/2."""
    torch.manual_seed(0)
    four = (kept((250_000, 4), 0.5, torch.zeros(())) > 0).long()
    counts = torch.bincount(four @ torch.tensor([1, 2, 4, 8]), minlength=16)
    assert (counts - 15_625).abs().max() < 5 * 15_625**0.5


def test_rare_entries_are_dropped_independently():
    """Of 40,000 triples as many drop each entry, and as few two of them, as they should."""
    torch.manual_seed(0)
    p, count = 0.015, 40_000
    dropped = torch.stack([kept((3,), p, torch.zeros(())) == 0 for _ in range(count)])
    assert (dropped.sum(0) - count * p).abs().max() < 4 * (count * p) ** 0.5
    two = (dropped.sum(1) == 2).sum() - count * 3 * p**2 * (1 - p)
    assert abs(two) < 4 * (count * 3 * p**2) ** 0.5


def test_rare_entries_lie_anywhere():
    torch.manual_seed(0)
    places = kept((1_000_000,), 0.01, torch.zeros(())).eq(0).nonzero().squeeze(1)
    counts = torch.bincount(places // 100_000, minlength=10)
    assert (counts - 1000).abs().max() < 4 * 1000**0.5
    assert (places.diff() == 1).sum() == pytest.approx(100, abs=40)  # neighbours: one in a hundred


@pytest.mark.parametrize("p", [0.01, 0.3])
def test_the_same_seed_draws_the_same(p):
    torch.manual_seed(3)
    first = kept((700,), p, torch.zeros(()))
    torch.manual_seed(3)
    assert torch.equal(first, kept((700,), p, torch.zeros(())))
    assert not torch.equal(first, kept((700,), p, torch.zeros(())))


def test_it_is_a_factor_in_training_and_nothing_in_use():
    dropout = Dropout(0.25)
    given = torch.randn(50, 40, requires_grad=True)
    dropped = dropout(given)
    dropped.sum().backward()
    assert torch.equal(dropped, given * given.grad)
    assert set(given.grad.unique().tolist()) == {0.0, torch.tensor(1.0).div(0.75).item()}
    assert dropout.eval()(given) is given
    assert Dropout(0.0)(given) is given


def test_nothing_is_left_of_nothing():
    assert kept((0, 3), 0.1, torch.zeros(())).shape == (0, 3)
