"""Attention on a processor whose softmax is one pass over memory.

PyTorch's softmax of (200, 200) logits takes longer there than both products of an attention
together.  Here a product gives logits in base 2, mask included; powers of two replace them where
they stand; and the second product, by the values and a column of ones, gives weighted values and
sums of weights at once, which are divided at the end, where there are few numbers::

    [q, 1] [k scale log2(e), bias log2(e)]^T = logits     (queries, length)
    2^logits [v, 1] = [attended total, total]             (queries, depth + 1)

No row's largest logit is taken off, so powers may overflow, or all vanish: `attend_on_cpu` looks at
the totals, and then gives nothing back.  Backwards, with g the gradient over the total, ::

    [g, -g . attended] [v, 1]^T * 2^logits = gradient of the logits

What all values have in common is taken off before, and added in the end: rounded to bfloat16, it
would drown the differences on which the gradients of queries and keys depend.

Some heads at a time, so that a processor finds their weights in its cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

LOG2_E = math.log2(math.e)
LARGEST = 2.0**64  # total of a row; beyond, and below its inverse, powers may have been lost
IN_CACHE = 2**21  # weights at a time, of all threads
KEPT = 2**26  # weights kept for the backward pass; where there are more, it computes them again
NARROW = 48  # depth below which matrices lie in memory column by column: long vectors, not short


def attend_on_cpu(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scale: float
) -> Tensor | None:
    """As `attention.attend`, to rounding; None where logits are too large.

    None, too, of a single query or key: `torch.bmm` then reads what stood in the memory that it is
    told to write to.

    Parameters
    ----------
    query : (batch, heads, queries, depth)
    key, value : (batch, heads, length, depth)
    bias : (batch, 1, 1, length), added to the scaled logits
    scale : factor of the logits

    Returns
    -------
    (batch, heads, queries, depth)
    """
    if min(query.shape[-2], key.shape[-2]) < 2 or not query.numel():
        return None
    attended, total = _Attention.apply(query, key, value, bias, scale)
    low, high = total.aminmax()
    return attended if low > 1 / LARGEST and high < LARGEST else None


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scale: float
    ) -> tuple[Tensor, Tensor]:
        batch, heads, queries, depth = query.shape
        narrow, length = depth < NARROW, key.shape[2]
        left = _empty(query, (batch, heads, queries, depth + 1), narrow)
        right, values = (_empty(key, (batch, heads, length, depth + 1), narrow) for _ in range(2))
        left[..., :depth], left[..., depth:] = query, 1
        right[..., :depth], right[..., depth:] = key, bias.mT * LOG2_E
        right[..., :depth] *= scale * LOG2_E
        shown = bias.to(value.dtype).exp()
        centre = (shown @ value) / shown.sum(-1, keepdim=True)  # (batch, heads, 1, depth)
        values[..., :depth], values[..., depth:] = value, 1
        values[..., :depth] -= centre
        left, right, values = (each.flatten(0, 1) for each in (left, right, values))
        kept = any(ctx.needs_input_grad) and len(left) * queries * length <= KEPT
        at_a_time = _at_a_time(len(left), queries * length)
        powers = _empty(left, (len(left) if kept else at_a_time, queries, length), narrow)
        sums = torch.empty_like(left)
        for part, some in _parts(len(left), at_a_time):
            power = powers[part if kept else some]
            _powers(left[part], right[part], power)
            _multiply(power, values[part], sums[part])
        sums = sums.unflatten(0, (batch, heads))
        total = sums[..., depth:]
        attended = (sums[..., :depth] / total).add_(centre)
        ctx.scale = scale
        ctx.save_for_backward(left, right, values, powers if kept else None, sums)
        ctx.mark_non_differentiable(total)
        return attended, total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        left, right, values, kept, sums = ctx.saved_tensors
        gradient = gradients[0]
        batch, heads, queries, depth = gradient.shape
        narrow, length = depth < NARROW, right.shape[1]
        shares = torch.empty_like(sums)
        shares[..., :depth] = gradient
        shares[..., :depth] /= sums[..., depth:]
        product = (shares[..., :depth] * sums[..., :depth]).sum(-1, keepdim=True)
        torch.div(product.neg_(), sums[..., depth:], out=shares[..., depth:])
        shares = shares.flatten(0, 1)
        at_a_time = _at_a_time(len(left), queries * length)
        logits = _empty(left, (at_a_time, queries, length), narrow)
        powers = torch.empty_like(logits) if kept is None else kept
        inputs = [each[..., :depth] for each in (left, right, shares)]
        of_query, of_key, of_value = (
            _empty(each, (*each.shape[:2], depth), narrow) for each in (left, right, values)
        )
        for part, some in _parts(len(left), at_a_time):
            logit, power = logits[some], powers[some if kept is None else part]
            if kept is None:
                _powers(left[part], right[part], power)
            _multiply(shares[part], values[part].mT, logit).mul_(power)
            _multiply(logit, inputs[1][part], of_query[part])
            _multiply(logit.mT, inputs[0][part], of_key[part])
            _multiply(power.mT, inputs[2][part], of_value[part])
        of_query *= 1 / LOG2_E
        of_key *= ctx.scale
        found = (each.unflatten(0, (batch, heads)) for each in (of_query, of_key, of_value))
        return (*found, None, None)


def _empty(like: Tensor, shape: tuple[int, ...], by_columns: bool) -> Tensor:
    """Matrices (..., rows, columns) whose rows, or columns, lie one after the other in memory."""
    *rest, rows, columns = shape
    return like.new_empty(*rest, columns, rows).mT if by_columns else like.new_empty(shape)


def _at_a_time(heads: int, weights: int) -> int:
    """Heads in a part, each of so many ``weights``: as many in each, since threads share them."""
    most = max(1, IN_CACHE // weights)
    return math.ceil(heads / math.ceil(heads / most))


def _parts(heads: int, at_a_time: int) -> Iterator[tuple[slice, slice]]:
    """Of all heads, and of as many from the first on."""
    for start in range(0, heads, at_a_time):
        stop = min(start + at_a_time, heads)
        yield slice(start, stop), slice(stop - start)


def _powers(left: Tensor, right: Tensor, out: Tensor) -> None:
    """Two to the power of every logit, into ``out``."""
    _multiply(left, right.mT, out).exp2_()


def _multiply(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """``left @ right`` into ``out``, whose rows or columns lie one after the other in memory."""
    if out.is_contiguous():
        torch.bmm(left, right, out=out)
    else:
        torch.bmm(right.mT, left.mT, out=out.mT)
    return out
