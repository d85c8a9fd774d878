"""Multi-head attention with an additive bias: written out, and the two faster forms that train."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from nightjar.networks.attention_cpu import attend_on_cpu
from nightjar.networks.linear import linear

ALL = slice(None)  # tokens
MASKED = -1e9  # large and finite, see `attention_bias`


def attention_bias(masked: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Additive bias that hides keys; built once per forward pass, shared by all blocks and heads.

    A row with every key masked has none hidden: -inf would give NaN, and a low number common to all
    is lost when the fused kernel takes the logarithm of a sum, which makes its gradients as many
    times too large as there are keys.

    Parameters
    ----------
    masked : (batch, length) bool, True where a key must not be attended to
    dtype : of the result

    Returns
    -------
    (batch, 1, 1, length): 0 where visible, -1e9 (or the lowest number of ``dtype``) where masked
    """
    masked = masked & ~masked.all(-1, keepdim=True)
    low = max(MASKED, torch.finfo(dtype).min)
    bias = torch.zeros_like(masked, dtype=dtype).masked_fill(masked, low)
    return bias[:, None, None, :]


def split_heads(sequence: Tensor, heads: int) -> Tensor:
    """(batch, length, dim) to (batch, heads, length, dim / heads), head-major as in Keras."""
    return sequence.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(heads: Tensor) -> Tensor:
    """(batch, heads, length, depth) to (batch, length, heads * depth)."""
    return heads.transpose(1, 2).flatten(-2)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scale: float) -> Tensor:
    """Attention per head, softmax(scale * q k^T + bias) v (Vaswani+2017, equation 1).

    By PyTorch's fused kernel where that is fastest (`_fused_is_fastest`), else by `attend_on_cpu`.
    Written out, which needs memory for all weights, where the latter gives nothing (logits too
    large, a single query or key), where every query has its own bias, and in what PyTorch compiles
    or exports for a processor.

    Parameters
    ----------
    query : (batch, heads, queries, depth)
    key, value : (batch, heads, length, depth)
    bias : (batch, 1, 1 or queries, length), added to the scaled logits
    scale : factor of the logits

    Returns
    -------
    (batch, heads, queries, depth)
    """
    if _fused_is_fastest(query):
        bias = bias.to(query.dtype)
        return scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=scale)
    attended = None
    if bias.shape[-2] == 1 and not torch.compiler.is_compiling():
        attended = attend_on_cpu(query, key, value, bias, scale)
    return written_out(query, key, value, bias, scale) if attended is None else attended


def _fused_is_fastest(query: Tensor) -> bool:
    """On GPUs; on processors in float32, unless oneDNN multiplies it (`hardware.quicken`).

    The kernel multiplies small blocks one at a time: oneDNN then takes five times as long as MKL,
    and in bfloat16 they are always oneDNN's.
    """
    if query.device.type != "cpu":
        return True
    if query.dtype != torch.float32 or torch.compiler.is_compiling():
        return False
    return torch.get_float32_matmul_precision() == "highest"


def written_out(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scale: float) -> Tensor:
    """`attend` as two products, of which the first takes scale and bias in (baddbmm)."""
    batch, heads = query.shape[:2]
    query, key, value = (x.flatten(0, 1) for x in (query, key, value))  # (batch * heads, ., depth)
    bias = bias.expand(-1, heads, -1, -1).flatten(0, 1)  # (batch * heads, 1 or queries, length)
    logits = torch.baddbmm(bias, query, key.mT, alpha=scale)  # (batch * heads, queries, length)
    attended = torch.bmm(logits.softmax(-1), value)  # (batch * heads, queries, depth)
    return attended.unflatten(0, (batch, heads))


class MultiHeadAttention(nn.Module):
    """Self-attention of a sequence.

    Parameters
    ----------
    dim : width of the sequence
    heads : number of heads; divides ``dim``
    bias_qkv : whether queries, keys and values have a bias (Astromer yes, Maven no)
    scale : logits are divided by the square root of a head's width ("head", Astromer) or of the
        full width ("width", Maven)

    Raises
    ------
    ValueError
        ``heads`` does not divide ``dim``.
    """

    def __init__(
        self, dim: int, heads: int, *, bias_qkv: bool, scale: Literal["head", "width"]
    ) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim {dim} is not a multiple of heads {heads}")
        self.heads = heads
        self.scale = (dim // heads if scale == "head" else dim) ** -0.5
        self.query = nn.Linear(dim, dim, bias=bias_qkv)
        self.key = nn.Linear(dim, dim, bias=bias_qkv)
        self.value = nn.Linear(dim, dim, bias=bias_qkv)
        self.output = nn.Linear(dim, dim)

    def forward(self, sequence: Tensor, bias: Tensor) -> Tensor:
        """Attend ``sequence`` (batch, length, dim) to itself; ``bias`` as in ``attend``."""
        query, key, value = self._project(sequence, self.query, self.key, self.value)
        return self._attend(query, key, value, bias)

    def among(self, sequence: Tensor, seen: Tensor, bias: Tensor) -> Tensor:
        """Attend ``sequence`` (batch, queries, dim) to ``seen`` (batch, length, dim)."""
        (query,) = self._project(sequence, self.query)
        key, value = self._project(seen, self.key, self.value)
        return self._attend(query, key, value, bias)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        merged = merge_heads(attend(query, key, value, bias, self.scale))
        return linear(merged, self.output.weight, self.output.bias)

    def _project(self, sequence: Tensor, *parts: nn.Linear) -> list[Tensor]:
        """Of each part (batch, heads, length, depth), by one product in place of several."""
        weight = torch.cat([part.weight for part in parts])
        biases: list[Tensor] = [part.bias for part in parts if part.bias is not None]
        columns = linear(sequence, weight, torch.cat(biases) if biases else None)
        return [split_heads(part, self.heads) for part in columns.chunk(len(parts), dim=-1)]
