"""Probabilities of an object from those of its windows, which come chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Sums(NamedTuple):
    """Sums over the windows (and bands) of each object, in the order in which objects come."""

    object_id: NDArray[np.str_]  # (n,)
    total: NDArray[np.float64]  # (samples, n, classes)
    windows: NDArray[np.int64]  # (n,)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Means over the windows, as in training, (samples, n, classes)."""
        return self.total / self.windows[:, None]

    @classmethod
    def of(
        cls,
        object_id: NDArray[np.str_],
        values: NDArray[np.float64],
        windows: NDArray[np.int64] | None = None,
    ) -> Sums:
        """Add up what neighbours of the same object have.

        Parameters
        ----------
        object_id : (m,), the rows of an object one after the other
        values : (samples, m, classes)
        windows : (m,) windows behind each row; None: one
        """
        count = np.ones(len(object_id), np.int64) if windows is None else windows
        first = np.flatnonzero(np.append(True, object_id[1:] != object_id[:-1]))
        return cls(
            object_id[first],
            np.add.reduceat(values, first, axis=1),
            np.add.reduceat(count, first),
        )


def whole(parts: Iterable[Sums]) -> Iterator[Sums]:
    """The same sums, none of an object that goes on in the next part.

    Parameters
    ----------
    parts : at least one object each
    """
    held: Sums | None = None
    for part in parts:
        both = part if held is None else _joined(held, part)
        if len(both.object_id) > 1:
            yield _cut(both, slice(None, -1))
        held = _cut(both, slice(-1, None))
    if held is not None:
        yield held


def _joined(one: Sums, other: Sums) -> Sums:
    return Sums.of(
        np.concatenate([one.object_id, other.object_id]),
        np.concatenate([one.total, other.total], axis=1),
        np.concatenate([one.windows, other.windows]),
    )


def _cut(sums: Sums, rows: slice) -> Sums:
    return Sums(sums.object_id[rows], sums.total[:, rows], sums.windows[rows])
