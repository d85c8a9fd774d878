import pytest
import torch
from torch.testing import assert_close

from nightjar.networks import attention_cpu
from nightjar.networks.attention import attend, attention_bias, written_out
from nightjar.networks.attention_cpu import attend_on_cpu

SIZES = {"narrow": (3, 2, 7, 11, 4), "wide": (2, 2, 5, 9, 64), "two_queries": (3, 2, 2, 6, 1)}


def inputs(batch, heads, queries, length, depth, dtype=torch.float64):
    """Query, key, value, a bias that hides the end of each sequence, and an upstream gradient."""
    torch.manual_seed(0)
    shapes = [(batch, heads, n, depth) for n in (queries, length, length, queries)]
    *given, upstream = (torch.randn(shape, dtype=dtype) for shape in shapes)
    shown = length - torch.arange(batch)
    bias = attention_bias(torch.arange(length) >= shown[:, None], dtype)
    return [each.requires_grad_() for each in given], bias, upstream


def with_gradients(form, given, bias, upstream):
    attended = form(*given, bias, 0.4)
    return [attended, *torch.autograd.grad(attended, given, upstream)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("in_cache", [1, 100, 10**6])  # weights at a time: one head, some, all
def test_it_is_the_written_out_form_with_its_gradients(size, kept, in_cache, monkeypatch):
    monkeypatch.setattr(attention_cpu, "IN_CACHE", in_cache)
    monkeypatch.setattr(attention_cpu, "KEPT", 10**6 if kept else 0)
    given, bias, upstream = inputs(*SIZES[size])
    found = with_gradients(attend_on_cpu, given, bias, upstream)
    assert_close(found, with_gradients(written_out, given, bias, upstream))


@pytest.mark.parametrize("depth", [8, 64])
def test_in_bfloat16_it_errs_little_more_than_the_written_out_form(depth):
    given, bias, upstream = inputs(8, 2, 60, 60, depth)
    upstream = upstream + 3  # and values with a common part: the gradients of logits cancel
    given[2].data += 3
    exact = with_gradients(written_out, given, bias, upstream)
    errors = []
    for form in (attend_on_cpu, written_out):
        single = [each.detach().bfloat16().requires_grad_() for each in given]
        found = with_gradients(form, single, bias.bfloat16(), upstream.bfloat16())
        errors.append(
            torch.stack([(mine - true).std() for mine, true in zip(found, exact, strict=True)])
        )
    assert (errors[0] < 1.5 * errors[1]).all(), errors


@pytest.mark.parametrize("depth", [1, 8, 64])
@pytest.mark.parametrize("length", [1, 2, 3, 40])
@pytest.mark.parametrize("queries", [1, 2, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_stood_in_memory_enters_nothing(dtype, queries, length, depth, monkeypatch):
    def poisoned(make):
        return lambda *given, **settings: make(*given, **settings).fill_(torch.nan)

    given, bias, upstream = inputs(1, 3, queries, length, depth, dtype)
    monkeypatch.setattr(torch.Tensor, "new_empty", poisoned(torch.Tensor.new_empty))
    monkeypatch.setattr(torch, "empty_like", poisoned(torch.empty_like))
    assert all(each.isfinite().all() for each in with_gradients(attend, given, bias, upstream))


def test_it_takes_gradients_of_those_alone_that_want_them():
    given, bias, upstream = inputs(*SIZES["narrow"])
    expected = with_gradients(written_out, given, bias, upstream)[3]
    given = [given[0].detach(), given[1].detach(), given[2]]
    attended = attend_on_cpu(*given, bias, 0.4)
    assert_close(torch.autograd.grad(attended, given[2], upstream)[0], expected)


def test_a_hidden_key_and_its_value_enter_nothing():
    given, bias, upstream = inputs(*SIZES["narrow"])
    attended, _, of_key, of_value = with_gradients(attend_on_cpu, given, bias, upstream)
    assert not of_key[2, :, -2:].any()
    assert not of_value[2, :, -2:].any()
    given[1].data[2, :, -2:] = 50
    given[2].data[2, :, -2:] = -50
    assert_close(attend_on_cpu(*given, bias, 0.4), attended, rtol=0, atol=0)


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_it_gives_nothing_where_powers_overflow_or_vanish(size):
    query, key = torch.full((1, 1, 2, 4), size), torch.ones(1, 1, 3, 4)
    assert attend_on_cpu(query, key, key, torch.zeros(1, 1, 1, 3), 1.0) is None


def test_it_gives_nothing_where_there_is_no_number():
    query = torch.full((1, 1, 2, 4), torch.nan)
    assert attend_on_cpu(query, query, query, torch.zeros(1, 1, 1, 2), 1.0) is None
