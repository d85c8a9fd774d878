"""Parts of a network that draw at random, at test time too: dropout and attention.

They take ``samples`` passes at once, as a batch that is repeated sample by sample, and repeat it
themselves where it is not yet repeated: what comes before the first of them is computed once.  With
several samples, a sample is one network for the whole batch: its objects share the draws.  For each
object that is the same distribution, at a fraction of the random numbers, and the objects are
comparable.  With one sample (training), every object has its own draws.
"""

import torch
from torch import Tensor, nn

from nightjar.networks.attention import ALL, MultiHeadAttention, merge_heads, split_heads
from nightjar.networks.dropout import Dropout, kept


def repeat(tensor: Tensor, times: int) -> Tensor:
    """The batch so many times over: (batch, ...) to (times * batch, ...), sample by sample."""
    return tensor if times == 1 else tensor.repeat(times, *[1] * (tensor.ndim - 1))


def shared(samples: int, batch: int) -> tuple[int, int]:
    """Leading axes of the noise: of every sample, or of every object of the only one."""
    return (1, batch) if samples == 1 else (samples, 1)


def apart(tensor: Tensor, samples: int, repeated: bool) -> Tensor:
    """(samples or 1, batch, ...) of a tensor whose batch is repeated, or is not."""
    return tensor.unflatten(0, (samples, -1)) if repeated else tensor.unsqueeze(0)


def gumbel(like: Tensor, *shape: int) -> Tensor:
    """Independent standard Gumbel numbers, -ln(-ln u), of this shape; at least float32."""
    dtype = torch.promote_types(like.dtype, torch.float32)
    uniform = torch.empty(shape, dtype=dtype, device=like.device).uniform_()
    # by two logarithms: on a processor twice as fast as one of an exponential number
    return uniform.clamp_(min=torch.finfo(dtype).tiny).log_().neg_().log_().neg_()


class SampledDropout(Dropout):
    """Dropout that many samples may pass at once (Gal & Ghahramani 2016)."""

    @property
    def draws(self) -> bool:
        """Whether it changes what passes it."""
        return self.training and self.p > 0

    def forward(self, input: Tensor, samples: int = 1, repeated: bool = True) -> Tensor:
        """Drop entries of (samples * batch, ...), or of (batch, ...) where not ``repeated``.

        Returns
        -------
        (samples * batch, ...) where it draws; else the input
        """
        if samples == 1 or not self.draws:
            return super().forward(input)
        mask = kept((samples, 1, *input.shape[1:]), self.p, input)
        return (apart(input, samples, repeated) * mask).flatten(0, 1)


def harden(soft: Tensor) -> Tensor:
    """One-hot of the largest entry of the last axis; its gradient is that of ``soft``.

    The straight-through estimator (Jang, Gu & Poole 2017, section 2.2).
    """
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach()) if soft.requires_grad else hard


class StochasticAttention(MultiHeadAttention):
    """Self-attention whose keys, and whose weights, are drawn; a drop-in, with the same weights.

    Hierarchical stochastic attention (Pei, Wang & Szarvas, AAAI 2022, "Transformer uncertainty
    estimation with hierarchical stochastic attention", section 3), as used on Astromer by
    arXiv:2412.10528.  Per head, every key becomes a random mixture of learned centroids C, then
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

    def forward(
        self,
        sequence: Tensor,
        bias: Tensor,
        samples: int = 1,
        repeated: bool = True,
        read: slice = ALL,
    ) -> Tensor:
        """Attend ``sequence`` to itself, ``samples`` times with independent draws.

        Parameters
        ----------
        sequence : (samples * batch, length, dim), or (batch, length, dim) where not ``repeated``:
            then queries, keys and values are computed once for all samples
        bias : (batch, 1, 1 or length, length), added after the temperature: -1e9 hides a key
            whatever was drawn for it
        read : tokens that attend, and are given back; not where every query has its own bias

        Returns
        -------
        (samples * batch, length or as many as are read, dim), sample by sample
        """
        parts = self.query(sequence[:, read]), self.key(sequence), self.value(sequence)
        query, key, value = (
            apart(split_heads(part, self.heads), samples, repeated) for part in parts
        )  # (samples or 1, batch, heads, length, depth)
        mixture = self._assign(key, samples)  # (samples, batch, heads, length, centroids)
        # Q (P C^T)^T = (Q C) P^T
        logits = (query @ self.centroids / self.tau2) @ mixture.mT
        weights = self._weights(logits, bias)  # (samples, batch, heads, length, length)
        return self.output(merge_heads((weights @ value).flatten(0, 1)))

    def _assign(self, key: Tensor, samples: int) -> Tensor:
        logits = key @ self.centroids  # (samples or 1, batch, heads, length, centroids)
        noise = gumbel(logits, *shared(samples, logits.shape[1]), *logits.shape[2:])
        mixture = ((logits + noise) / self.tau1).softmax(-1)
        return (harden(mixture) if self.hard else mixture).to(logits.dtype)

    def _weights(self, logits: Tensor, bias: Tensor) -> Tensor:
        hidden = logits.add_(bias)
        if not self.second_step:
            return hidden.softmax(-1).to(logits.dtype)
        samples, batch, *rest = logits.shape
        noise = gumbel(logits, *shared(samples, batch), *rest)
        weights = torch.add(hidden, noise, alpha=1 / self.tau2).softmax(-1)
        return (harden(weights) if self.hard else weights).to(logits.dtype)
