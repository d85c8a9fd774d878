"""Which points of a window are probed, and what the network sees of them (Donoso-Oliva+2025)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nightjar.params import ProbedSettings

Array = NDArray


class Subsets(NamedTuple):
    """(batch, length) bool each: scored, replaced by another value, hidden from attention."""

    probed: Array
    random: Array
    masked: Array


def probed_counts(length: ArrayLike, settings: ProbedSettings) -> tuple[Array, Array, Array]:
    """How many of ``length`` points are probed, and of these same and random (Donoso-Oliva+2025).

    ``trunc(p L)`` are probed; of these ``ceil(s n_probed)`` keep their value, then
    ``ceil(r (n_probed - n_same))`` get another one; the rest is hidden.  The guard keeps products
    such as 0.07 x 100 = 7.000000000000001 from rounding the wrong way.
    """
    guard = 1e-9
    probed = np.floor(settings.probed * np.asarray(length) + guard).astype(np.int64)
    same = np.ceil(settings.same * probed - guard).astype(np.int64)
    random = np.ceil(settings.random * (probed - same) - guard).astype(np.int64)
    return probed, same, random


def subsets(valid: Array, settings: ProbedSettings, keys: Array) -> Subsets:
    """Divide the valid points of each window at random.

    Parameters
    ----------
    valid : (batch, length) bool
    settings : shares of probed, same and random points
    keys : (batch, length) float, independent uniform numbers; their order decides
    """
    probed, same, random = probed_counts(valid.sum(axis=1, keepdims=True), settings)
    rank = np.argsort(np.argsort(np.where(valid, keys, np.inf), axis=1), axis=1)
    seen = same + random
    return Subsets(rank < probed, (rank >= same) & (rank < seen), (rank >= seen) & (rank < probed))


def extent(valid: Array, subset: Subsets) -> tuple[int, int] | None:
    """How much of its windows a network must read to reconstruct the probed points of a batch.

    Parameters
    ----------
    valid : (batch, length) bool
    subset : of these windows

    Returns
    -------
    Most visible points of a window; fewest visible ones that are not probed.  None where a window
    shows no point: there all count alike
    """
    visible = valid & ~subset.masked
    counts = visible.sum(axis=1)
    plain = (visible & ~subset.probed).sum(axis=1)
    return (int(counts.max()), int(plain.min())) if counts.all() else None


def shuffled(value: Array, valid: Array, keys: Array) -> Array:
    """Values of each window in random order: what replaces those of the random points.

    Parameters
    ----------
    value : (batch, length), observed points first, padding last
    valid : (batch, length) bool
    keys : (batch, length) float, independent uniform numbers; their order decides
    """
    return np.take_along_axis(value, np.argsort(np.where(valid, keys, np.inf), axis=1), axis=1)
