"""Who attends to whom in a trained Astromer: the weights that the fast path never keeps."""

from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from nightjar.networks.astromer import Astromer
from nightjar.networks.attention import MultiHeadAttention, split_heads


def weights_of(attention: MultiHeadAttention, sequence: Tensor, bias: Tensor) -> Tensor:
    """Weights of one attention, softmax(scale * q k^T + bias), (batch, heads, queries, keys).

    Parameters
    ----------
    attention : a deterministic one; that of `StochasticAttention` is drawn anew every time
    sequence : (batch, length, dim), what it attends to
    bias : (batch, 1, 1 or length, length), as in `attention.attend`
    """
    query, key = (
        split_heads(part(sequence), attention.heads) for part in (attention.query, attention.key)
    )  # (batch, heads, length, depth)
    return (attention.scale * query @ key.mT + bias).softmax(-1)


@torch.no_grad()
def attention_weights(network: Astromer, *inputs: Tensor) -> list[Tensor]:
    """Attention weights of every block, each (batch, heads, queries, keys); rows sum to one.

    A pass of the network, of which the input of every attention is kept, from which the weights
    are computed again: what trains and embeds stays free of them.

    Parameters
    ----------
    network : in eval mode, without stochastic attention
    inputs : value, time, band, valid, ..., as `Astromer.layers` takes them
    """
    kept: list[tuple[MultiHeadAttention, tuple[Any, ...]]] = []

    def keep(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        assert isinstance(module, MultiHeadAttention)
        kept.append((module, arguments[:2]))

    with ExitStack() as hooks:
        for block in network.blocks:
            hook = block.get_submodule("attention").register_forward_pre_hook(keep)
            hooks.callback(hook.remove)
        network.layers(*inputs)
    return [weights_of(module, *arguments) for module, arguments in kept]
