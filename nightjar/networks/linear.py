"""A Linear, its bias and its activation as one product.

A block of Astromer 2 spends a seventh of its time on tanh and on biases, which PyTorch computes in
passes over memory of their own.  On a processor oneDNN multiplies, adds the bias and applies the
activation in one pass; PyTorch reaches it by an operator that its compiler uses, without gradient,
hence the function here.  Elsewhere, and for narrow matrices, PyTorch's own `linear` does the same,
and a test holds the two equal.
"""

from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

Activation = Literal["none", "tanh", "relu"]

NARROWEST = 64  # of a matrix's sides; 32 columns were slower by up to a quarter


def linear(
    sequence: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation = "none"
) -> Tensor:
    """activation(x W^T + b), in autocast's type where that is on.

    Parameters
    ----------
    sequence : (..., inputs)
    weight : (outputs, inputs)
    bias : (outputs,) or None
    activation : "none", "tanh" or "relu"

    Returns
    -------
    (..., outputs)
    """
    device = sequence.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
    if _by_onednn(sequence, weight, dtype):
        bias = None if bias is None else bias.to(dtype)
        return _Linear.apply(sequence.to(dtype), weight.to(dtype), bias, activation)
    product = nn.functional.linear(sequence, weight, bias)
    return product if activation == "none" else getattr(torch, activation)(product)


def _by_onednn(sequence: Tensor, weight: Tensor, dtype: torch.dtype) -> bool:
    return (
        sequence.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and dtype in (torch.float32, torch.bfloat16)
        and torch.backends.mkldnn.is_available()
        and torch.backends.cpu.get_cpu_capability() == "AVX512"  # bfloat16 needs it
        and min(weight.shape) >= NARROWEST
        and sequence.numel() > 0
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, sequence: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation
    ) -> Tensor:
        result = torch.ops.mkldnn._linear_pointwise(sequence, weight, bias, activation, [], "")
        ctx.activation = activation
        ctx.save_for_backward(sequence, weight, None if activation == "none" else result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        sequence, weight, result = ctx.saved_tensors
        gradient = gradients[0]
        if ctx.activation == "tanh":
            gradient = torch.ops.aten.tanh_backward(gradient, result)
        elif ctx.activation == "relu":
            gradient = torch.ops.aten.threshold_backward(gradient, result, 0)
        rows, given = gradient.flatten(0, -2), sequence.flatten(0, -2)  # (rows, .)
        wanted = ctx.needs_input_grad
        return (
            gradient @ weight if wanted[0] else None,
            rows.mT @ given if wanted[1] else None,
            rows.sum(0) if wanted[2] else None,
            None,
        )


class FeedForward(nn.Sequential):
    """Linear, activation and Linear, whose first product comes with its activation.

    Parameters
    ----------
    dim, hidden : width of the sequence, and between the two
    activation : "tanh" or "relu"
    """

    def __init__(self, dim: int, hidden: int, activation: Literal["tanh", "relu"]) -> None:
        between = nn.Tanh() if activation == "tanh" else nn.ReLU()
        super().__init__(nn.Linear(dim, hidden), between, nn.Linear(hidden, dim))
        self.activation: Activation = activation

    def forward(self, sequence: Tensor) -> Tensor:
        """(batch, length, dim) to the same."""
        first, second = cast(nn.Linear, self[0]), cast(nn.Linear, self[2])
        between = linear(sequence, first.weight, first.bias, self.activation)
        return linear(between, second.weight, second.bias)
