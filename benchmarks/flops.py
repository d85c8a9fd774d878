"""FLOPs of the transformers, derived.

A multiplication and an addition are 2 FLOPs; an (a, b) by (b, c) product has 2 a b c.  Counted are
the matrix products of the blocks, of which a block of width d, hidden width f and a sequence of L
points has per point

    queries, keys, values, output      4 x 2 d d         = 8 d^2
    feed-forward, in and out           2 x 2 d f         = 4 d f
    logits q k^T, and weights by v     2 x 2 L d         = 4 L d      (all heads together)

so that n blocks need ``n L (8 d^2 + 4 d f + 4 L d)`` forwards.  Backwards each product y = x W
needs two of the same size, x^T dy and dy W^T: a training step is 3 times the forward pass.
Embeddings, norms, softmax, pooling, heads, loss and optimiser are left out, as is whatever padding
adds: a window of L points counts L, however it was computed.  In pre-training the last block is
read at probed points only, and nobody attends to hidden ones (`nightjar.networks.reading`): those
products count, too, done or not.

Astromer 2 (n = 6, d = 256) at L = 200: f = 1232 (5.4 M parameters) 2.39 GFLOP, in training 7.17;
f = 512 (as released) 1.50 and 4.51.  Maven (f = 4 d): light curve (n = 5, d = 64) at 200 points
0.150 GFLOP, spectrum (n = 13, d = 32) at 220 bins 0.151, at 1024 bins 2.07.
"""

from __future__ import annotations

from collections.abc import Iterable


def forward(lengths: Iterable[int], *, dim: int, depth: int, feedforward: int) -> float:
    """FLOPs of a forward pass over sequences of these lengths."""
    per_point = 8 * dim**2 + 4 * dim * feedforward
    return float(sum(depth * n * (per_point + 4 * n * dim) for n in map(int, lengths)))


def training(lengths: Iterable[int], *, dim: int, depth: int, feedforward: int) -> float:
    """FLOPs of a training step on sequences of these lengths: forward and backward."""
    return 3 * forward(lengths, dim=dim, depth=depth, feedforward=feedforward)
