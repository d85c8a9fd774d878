"""The naive way: the same networks made of torch's own transformer layers, in float32.

A practitioner would stack ``nn.TransformerEncoderLayer``, which is ``nn.MultiheadAttention`` and a
feed-forward part, in eager float32.  `naive` puts these in the place of nightjar's blocks, with the
same weights, so that both compute the same function (a test holds them equal) and any difference in
time is one of implementation.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)


class TorchBlock(nn.Module):
    """A block of Astromer 2 or (post-norm) Maven as an ``nn.TransformerEncoderLayer``."""

    stochastic = False

    def __init__(self, block: Any) -> None:
        super().__init__()
        attention, (first, activation, second) = block.attention, block.feedforward
        norms = block.attention_norm, block.feedforward_norm
        dim = first.in_features
        self.layer = nn.TransformerEncoderLayer(
            dim, attention.heads, first.out_features, 0.0, activation,
            layer_norm_eps=norms[0].eps, batch_first=True,
        )  # fmt: skip
        theirs = self.layer.self_attn
        # torch divides logits by the square root of a head's width, Maven by that of the full one
        query = attention.scale * (dim // attention.heads) ** 0.5
        parts = (attention.query, query), (attention.key, 1.0), (attention.value, 1.0)
        with torch.no_grad():
            theirs.in_proj_weight.copy_(torch.cat([part.weight * by for part, by in parts]))
            theirs.in_proj_bias.copy_(torch.cat([_bias(part) * by for part, by in parts]))
        pairs = (
            (theirs.out_proj, attention.output),
            (self.layer.linear1, first),
            (self.layer.linear2, second),
            (self.layer.norm1, norms[0]),
            (self.layer.norm2, norms[1]),
        )
        for mine, given in pairs:
            mine.load_state_dict(given.state_dict())

    def forward(self, sequence: Tensor, bias: Tensor, *_: Any, **chosen: Any) -> Tensor:
        """(batch, length, dim) to the same, all of it computed; ``bias`` (batch, 1, 1, length)."""
        result = self.layer(sequence, src_key_padding_mask=bias[:, 0, 0])
        return result[:, chosen.get("read", slice(None))]


def naive(network: N) -> N:
    """A copy of the network whose encoders are made of torch's own layers."""
    changed = copy.deepcopy(network)
    for module in list(changed.modules()):
        if hasattr(module, "blocks"):
            blocks = cast(nn.ModuleList, module.blocks)
            module.blocks = nn.ModuleList(TorchBlock(block) for block in blocks)
    return changed


def _bias(linear: nn.Linear) -> Tensor:
    return torch.zeros(linear.out_features) if linear.bias is None else linear.bias
