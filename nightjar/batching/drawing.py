"""What a data set draws anew in training: points, spectra, noise; without a generator, nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray
FEWEST = 4  # points that a random share leaves, of at least as many


def points(offsets: Array, rows: Array) -> tuple[Array, Array]:
    """Flat index of every point of ``rows``, and which of the rows it belongs to."""
    start = offsets[rows]
    length = offsets[rows + 1] - start
    owner = np.repeat(np.arange(len(rows)), length)
    before = np.cumsum(length) - length
    return np.arange(len(owner)) + (start - before)[owner], owner


def at_most(count: int, group: Array, rng: np.random.Generator | None) -> Array:
    """Which points to keep, so that no group has more than ``count``; (n,) bool."""
    if rng is None:
        order = np.argsort(group, kind="stable")
    else:
        order = np.lexsort((rng.random(len(group)), group))
    ordered = group[order]
    first = np.searchsorted(ordered, ordered, side="left")
    rank = np.arange(len(group)) - first
    size = np.searchsorted(ordered, ordered, side="right") - first
    if rng is None:
        # r of n is kept where the staircase ceil(r count / n) rises: `count` times, evenly
        chosen = -(-(rank + 1) * count // size) > -(-rank * count // size)
    else:
        chosen = rank < count
    keep = np.empty(len(group), dtype=bool)
    keep[order] = chosen | (size <= count)
    return keep


def share(least: float, owner: Array, rows: int, rng: np.random.Generator) -> Array:
    """Which points to keep, of each row a share drawn from [least, 1]; (n,) bool.

    Parameters
    ----------
    least : in (0, 1]
    owner : (n,) row of each point, in [0, rows)

    Returns
    -------
    (n,) bool; at least `FEWEST` points of each row, or all where it has no more
    """
    size = np.bincount(owner, minlength=rows)
    drawn = np.ceil(rng.uniform(least, 1, rows) * size)
    wanted = np.minimum(np.maximum(drawn, FEWEST), size)
    order = np.lexsort((rng.random(len(owner)), owner))
    first = np.cumsum(size) - size
    keep = np.empty(len(owner), dtype=bool)
    keep[order] = np.arange(len(owner)) - first[owner[order]] < wanted[owner[order]]
    return keep


def weighted(
    cumulative: Array, first: Array, count: Array, rng: np.random.Generator
) -> NDArray[np.int64]:
    """One entry of each range, drawn in proportion to its weight.

    Parameters
    ----------
    cumulative : (m + 1,) sums of the weights before each entry
    first, count : (n,) where each range begins, and its entries

    Returns
    -------
    (n,) int64 in [first, first + count); ``first`` for an empty range
    """
    low, high = cumulative[first], cumulative[first + count]
    drawn = np.searchsorted(cumulative, low + rng.random(len(first)) * (high - low), side="right")
    return np.clip(drawn - 1, first, first + np.maximum(count, 1) - 1)


def noisy(value: Array, error: Array, level: float, rng: np.random.Generator | None) -> Array:
    """``value`` with noise of ``level`` errors, drawn anew at every call; (n, length) float32."""
    if rng is None or level == 0:
        return value
    return value + level * error * rng.standard_normal(value.shape, dtype=np.float32)
