"""Photometric points in any order, given back grouped by object, in constant memory.

Points are appended to one file as they come.  When all are there, they are dealt into bucket files,
each holding whole objects and about ``block`` points (an external bucket sort: every byte is read
and written twice, in order), and each bucket is sorted in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

_POINT = [("row", "<i4"), ("band", "<i2"), ("time", "<f8"), ("value", "<f4"), ("error", "<f4")]
BLOCK = 1_000_000  # points held in memory at once: 22 MB, and a few times that while sorting


class Spool:
    """Points of ``objects`` objects on their way through one file in ``directory``.

    Parameters
    ----------
    directory : holds the files while they are needed
    objects : number of objects
    perfect : whether points have a perfect value beside the observed one
    """

    def __init__(self, directory: Path, objects: int, perfect: bool = False) -> None:
        self.perfect = perfect
        self.point = np.dtype([*_POINT, ("perfect", "<f4")] if perfect else _POINT)
        self.counts = np.zeros(objects, np.int64)
        self._directory = directory
        self._path = directory / "points.spool"
        self._path.touch()

    def append(self, row: np.ndarray, band: np.ndarray, *columns: np.ndarray) -> None:
        """Add points: object row, band code, MJD, value, error[, perfect value]; each (n,)."""
        points = np.empty(len(row), self.point)
        for name, column in zip(self.point.names or (), (row, band, *columns), strict=True):
            points[name] = column
        _add(self._path, points)
        if len(row):
            here = np.bincount(row - row.min())  # a chunk often holds a narrow range of objects
            self.counts[row.min() :][: len(here)] += here

    def blocks(self, rank: np.ndarray, block: int = BLOCK) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield ``(first, stop, points)``: all points of the objects ``[first, stop)``.

        Band codes are replaced by their ``rank``.  Points come sorted by object, time and band;
        those that agree in all three keep the order of arrival.  Every object is in exactly one
        block, objects without points too.
        """
        edges = _edges(self.counts, block)
        paths = self._deal(edges, block)
        for first, stop, path in zip(edges[:-1], edges[1:], paths, strict=True):
            points = np.fromfile(path, self.point) if path.exists() else np.empty(0, self.point)
            path.unlink(missing_ok=True)
            points["band"] = rank[points["band"]]
            order = np.lexsort((points["band"], points["time"], points["row"]))
            yield int(first), int(stop), points[order]

    def _deal(self, edges: np.ndarray, block: int) -> list[Path]:
        if len(edges) == 2:  # one bucket: the file as it is
            return [self._path]
        paths = [self._directory / f"bucket_{k}.spool" for k in range(len(edges) - 1)]
        bucket_of = np.repeat(np.arange(len(paths)), np.diff(edges))
        for points in _chunks(self._path, self.point, block):
            bucket = bucket_of[points["row"]]
            order = np.argsort(bucket, kind="stable")
            present, starts = np.unique(bucket[order], return_index=True)
            for k, part in zip(present, np.split(order, starts[1:]), strict=True):
                _add(paths[k], points[part])
        self._path.unlink()
        return paths


def _edges(counts: np.ndarray, block: int) -> np.ndarray:
    """First rows of blocks of whole objects with about ``block`` points each, and the end."""
    total = np.concatenate([[0], np.cumsum(counts)])
    cuts = np.searchsorted(total, np.arange(block, total[-1], block))
    return np.unique([0, *cuts, len(counts)])


def _add(path: Path, points: np.ndarray) -> None:
    with path.open("ab") as file:
        file.write(points.data)


def _chunks(path: Path, point: np.dtype, size: int) -> Iterator[np.ndarray]:
    with path.open("rb") as file:
        while len(points := np.fromfile(file, point, size)):
            yield points
