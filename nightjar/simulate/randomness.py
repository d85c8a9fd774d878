"""Counter-based random numbers: object i of a seed is the same whatever is drawn beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Draws(NamedTuple):
    """Random numbers of some objects, one row each."""

    uniform: Floats  # (objects, uniforms) in [0, 1)
    normal: Floats  # (objects, normals) mean 0, variance 1


def draws(
    seed: int, stream: str, rows: NDArray[np.int64], uniforms: int, normals: int, attempt: int = 0
) -> Draws:
    """Draw a fixed number of random numbers for each object.

    Philox is keyed by (seed, stream) and its counter starts at (object, attempt), so that no other
    object, chunk or process changes what an object gets (Salmon+2011, "Parallel random numbers: as
    easy as 1, 2, 3").

    Parameters
    ----------
    seed : non-negative integer
    stream : name of the purpose, e.g. ``"pretraining-photometry"``; streams are independent
    rows : (objects,) numbers of the objects
    uniforms, normals : how many numbers of each kind an object gets
    attempt : a further, independent set for the same objects
    """
    name = int.from_bytes(stream.encode(), "little")
    key = np.random.SeedSequence([seed, name]).generate_state(2, np.uint64)
    uniform = np.empty((len(rows), uniforms))
    normal = np.empty((len(rows), normals))
    for i, row in enumerate(rows):
        counter = np.array([0, 0, row, attempt], dtype=np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key, counter=counter))
        generator.random(out=uniform[i])
        generator.standard_normal(out=normal[i])
    return Draws(uniform, normal)


def quota(rows: NDArray[np.int64], fractions: Floats) -> NDArray[np.int64]:
    """Give object number ``rows`` a class so that any run of objects has nearly these fractions.

    The golden-ratio sequence frac(i * 0.618...) is spread evenly over [0, 1): among the first n
    objects every class count is within a few of n * fraction, far closer than independent draws,
    and the class of object i does not depend on n.

    Returns
    -------
    (objects,) int64 index into ``fractions``
    """
    position = np.mod(rows * ((np.sqrt(5) - 1) / 2), 1.0)
    edges = np.cumsum(fractions / fractions.sum())
    return np.minimum(np.searchsorted(edges, position, side="right"), len(fractions) - 1)


def hashed(seed: int, stream: str, *counters: NDArray[np.int64] | int) -> Floats:
    """One uniform number in (0, 1) for each entry of the ``counters``, which broadcast.

    For numbers that belong to a night, a field or a visit rather than to an object: whoever asks
    for the same counters gets the same number.  The counters go through the finaliser of SplitMix64
    (Steele+2014, OOPSLA, figure 16) one after the other.
    """
    name = int.from_bytes(stream.encode(), "little")
    state = np.random.SeedSequence([seed, name]).generate_state(1, np.uint64)
    for counter in counters:
        state = state + np.asarray(counter, dtype=np.int64).astype(np.uint64)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
