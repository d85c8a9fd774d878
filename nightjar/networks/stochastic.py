"""Attention that is drawn at random: what it draws from is where it is unsure.

Hierarchical stochastic attention (Pei, Wang & Szarvas, AAAI 2022, "Transformer uncertainty
estimation with hierarchical stochastic attention"), as used on Astromer by arXiv:2412.10528.
"""

import torch
from torch import Tensor, nn

from nightjar.networks.attention import MultiHeadAttention, merge_heads, split_heads


def repeat(tensor: Tensor, times: int) -> Tensor:
    """The batch so many times over: (batch, ...) to (times * batch, ...), sample by sample."""
    return tensor if times == 1 else tensor.repeat(times, *[1] * (tensor.ndim - 1))


def gumbel(like: Tensor, *shape: int) -> Tensor:
    """Independent standard Gumbel numbers, -ln(-ln u), of this shape; at least float32."""
    dtype = torch.promote_types(like.dtype, torch.float32)
    exponential = torch.empty(shape, dtype=dtype, device=like.device).exponential_()
    return exponential.clamp_(min=torch.finfo(dtype).tiny).log_().neg_()


def harden(soft: Tensor) -> Tensor:
    """One-hot of the largest entry of the last axis; its gradient is that of ``soft``.

    The straight-through estimator (Jang, Gu & Poole 2017, section 2.2).
    """
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach()) if soft.requires_grad else hard


class StochasticAttention(MultiHeadAttention):
    """Self-attention whose keys, and whose weights, are drawn; a drop-in, with the same weights.

    Per head (Pei+2022, section 3): every key becomes a random mixture of learned centroids C, then
    every query attends to a random mixture of the values V::

        P = softmax((K C + g) / tau1)             over the centroids
        A = softmax((Q (P C^T)^T + g') / tau2)    over the keys
        output = A V

    with independent Gumbel g, g'.  It draws at training and at test time alike.  Logits are not
    divided by the square root of the width: tau2 = sqrt(dim / heads) is the deterministic scale.

    Parameters
    ----------
    dim, heads : as in ``MultiHeadAttention``; queries, keys and values have a bias (Astromer)
    centroids : how many; the heads share them
    tau1, tau2 : temperatures of the two draws; towards 0 they pick one centroid, one key
    hard : pick one, with the gradient of the mixture
    second_step : draw the weights too; False draws the keys alone, and g' is 0 and A is soft
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        centroids: int,
        tau1: float,
        tau2: float,
        hard: bool = False,
        second_step: bool = True,
    ) -> None:
        super().__init__(dim, heads, bias_qkv=True, scale="head")
        self.tau1, self.tau2, self.hard, self.second_step = tau1, tau2, hard, second_step
        self.centroids = nn.Parameter(torch.rand(dim // heads, centroids) - 0.5)

    def forward(self, sequence: Tensor, bias: Tensor, samples: int = 1) -> Tensor:
        """Attend ``sequence`` to itself, ``samples`` times with independent draws.

        Parameters
        ----------
        sequence : (batch, length, dim)
        bias : (batch, 1, 1 or length, length), added after the temperature: -1e9 hides a key
            whatever was drawn for it
        samples : draws; queries, keys and values are computed once for all

        Returns
        -------
        (samples * batch, length, dim), sample by sample
        """
        query = split_heads(self.query(sequence), self.heads)  # (batch, heads, length, depth)
        key = split_heads(self.key(sequence), self.heads)
        value = split_heads(self.value(sequence), self.heads)
        mixture = self._assign(key, samples)  # (samples, batch, heads, length, centroids)
        # Q (P C^T)^T = (Q C) P^T, and Q C is the same for all samples
        logits = (query @ self.centroids) @ mixture.mT  # (samples, batch, heads, length, length)
        attended = self._weights(logits, bias) @ value  # (samples, batch, heads, length, depth)
        return self.output(merge_heads(attended.flatten(0, 1)))

    def _assign(self, key: Tensor, samples: int) -> Tensor:
        logits = key @ self.centroids  # (batch, heads, length, centroids)
        mixture = ((logits + gumbel(logits, samples, *logits.shape)) / self.tau1).softmax(-1)
        return (harden(mixture) if self.hard else mixture).to(logits.dtype)

    def _weights(self, logits: Tensor, bias: Tensor) -> Tensor:
        if not self.second_step:
            return (logits / self.tau2 + bias).softmax(-1).to(logits.dtype)
        drawn = gumbel(logits, *logits.shape).add_(logits).div_(self.tau2)
        weights = (drawn + bias).softmax(-1)
        return (harden(weights) if self.hard else weights).to(logits.dtype)
