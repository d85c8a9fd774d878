import math

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.testing import assert_close

from nightjar.networks.attention import (
    MultiHeadAttention,
    attend,
    attention_bias,
    merge_heads,
    split_heads,
    written_out,
)

MASKED = torch.tensor([[False, False, True, False, True], [False] * 5, [True] * 5])


def test_attend_by_hand():
    # logits 2 * (0, ln(3) / 2) = (0, ln 3), weights (1, 3) / 4, values 0 and 4: result 3
    query = torch.ones(1, 1, 1, 1)
    key = torch.tensor([0.0, math.log(3) / 2]).view(1, 1, 2, 1)
    value = torch.tensor([0.0, 4.0]).view(1, 1, 2, 1)
    assert attend(query, key, value, torch.zeros(1, 1, 1, 2), 2.0).item() == pytest.approx(3)


def test_bias_is_zero_where_visible_and_low_where_masked():
    bias = attention_bias(torch.tensor([[False, True]]))
    assert bias.shape == (1, 1, 1, 2)
    assert bias.flatten().tolist() == [0, -1e9]


def test_with_every_key_masked_none_is():
    assert attention_bias(MASKED)[2].flatten().tolist() == [0] * 5


def test_bias_is_finite_in_half_precision():
    assert attention_bias(MASKED, torch.float16).isfinite().all()


@pytest.fixture(params=["highest", "medium"])
def products(request):
    """Of float32: by MKL and by oneDNN."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(request.param)
    yield request.param
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_float32_by_mkl_is_attended_to_by_the_fused_kernel(products, dtype, monkeypatch):
    calls = []

    def recorded(query, key, value, **options):
        calls.append(query.dtype)
        return scaled_dot_product_attention(query, key, value, **options)

    monkeypatch.setattr(f"{attend.__module__}.scaled_dot_product_attention", recorded)
    given = torch.randn(3, 1, 2, 5, 4, dtype=dtype)
    attend(*given, torch.zeros(1, 1, 1, 5), 0.3)
    fused = dtype == torch.float32 and products == "highest"
    assert calls == ([torch.float32] if fused else [])


@pytest.mark.parametrize("per_query", [False, True])
def test_attend_is_the_written_out_form_with_its_gradients(per_query, products):
    given = torch.randn(3, 3, 2, 5, 4, requires_grad=True)
    bias = torch.randn(3, 1, 5, 5) if per_query else attention_bias(MASKED)
    upstream = torch.randn(3, 2, 5, 4)
    found = []
    for form in (written_out, attend):
        attended = form(*given, bias, 0.3)
        found.append((attended, *torch.autograd.grad(attended, given, upstream)))
    assert_close(found[1], found[0])


@pytest.mark.parametrize("logit", [200.0, -200.0])
def test_logits_beyond_powers_of_two_are_attended_to_as_well(logit, products):
    query, key = torch.full((1, 1, 1, 1), logit), torch.tensor([1.0, 1 - math.log(3) / logit])
    value = torch.tensor([0.0, 4.0]).view(1, 1, 2, 1)
    attended = attend(query, key.view(1, 1, 2, 1), value, torch.zeros(1, 1, 1, 2), 1.0)
    assert attended.item() == pytest.approx(1.0, rel=1e-4)  # weights (3, 1) / 4


def test_of_no_sequences_there_is_nothing():
    empty = torch.empty(0, 2, 3, 4)
    assert attend(empty, empty, empty, torch.zeros(0, 1, 1, 3), 1.0).shape == (0, 2, 3, 4)


def test_attention_among_others_is_self_attention_with_the_rest_hidden():
    attention = MultiHeadAttention(8, 2, bias_qkv=True, scale="head")
    sequence, bias = torch.randn(2, 5, 8), torch.zeros(2, 1, 1, 5)
    hidden = bias.index_fill(-1, torch.tensor([3, 4]), -1e9)
    found = attention.among(sequence[:, 1:], sequence[:, :3], bias[..., :3])
    assert_close(found, attention(sequence, hidden)[:, 1:])


@pytest.mark.parametrize(("scale", "width"), [("head", 4), ("width", 8)])
def test_multi_head_attention_scales_by_the_named_width(scale, width):
    attention = MultiHeadAttention(8, 2, bias_qkv=True, scale=scale)
    sequence, bias = torch.randn(3, 5, 8), attention_bias(MASKED)
    parts = (attention.query, attention.key, attention.value)
    query, key, value = (split_heads(part(sequence), 2) for part in parts)
    heads = scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=width**-0.5)
    assert_close(attention(sequence, bias), attention.output(merge_heads(heads)))


def test_heads_are_cut_from_the_last_axis_head_major():
    sequence = torch.arange(4.0).view(1, 1, 4)
    assert split_heads(sequence, 2).flatten(1).tolist() == [[0, 1, 2, 3]]
    assert split_heads(sequence, 2)[0, 1, 0].tolist() == [2, 3]
    assert_close(merge_heads(split_heads(sequence, 2)), sequence)


def test_a_row_with_every_key_masked_is_finite_with_finite_gradient():
    attention = MultiHeadAttention(8, 2, bias_qkv=False, scale="width")
    sequence = torch.randn(3, 5, 8, requires_grad=True)
    attended = attention(sequence, attention_bias(MASKED))
    attended.sum().backward()
    assert attended.isfinite().all()
    assert sequence.grad.isfinite().all()


def test_bias_of_qkv_is_optional():
    assert MultiHeadAttention(8, 2, bias_qkv=False, scale="head").query.bias is None


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="dim 8 is not a multiple of heads 3"):
        MultiHeadAttention(8, 3, bias_qkv=False, scale="head")
