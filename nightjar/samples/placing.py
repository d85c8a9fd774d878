"""From spooled points to light curves: repeats, other bands and short light curves go."""

from __future__ import annotations

from collections import Counter

import numpy as np

from nightjar.ragged import LightCurvesWriter
from nightjar.samples.bands import BandGroups
from nightjar.samples.incoming import progress_bar
from nightjar.samples.spool import Spool


class Placing:
    """Which points of which objects become light curves.

    Parameters
    ----------
    ids : (n,) object ids
    has_spectrum : (n,) bool; an object with a spectrum stays, however few its points
    bands : chooses one raw band per group and object
    min_points : an object with fewer points and no spectrum goes

    Attributes
    ----------
    kept : (n,) bool, known when `write` is done
    used : (n, groups) as of `BandGroups.choose`, likewise
    """

    def __init__(
        self, ids: np.ndarray, has_spectrum: np.ndarray, bands: BandGroups, min_points: int
    ) -> None:
        self._ids, self._has_spectrum = ids, has_spectrum
        self._bands, self._min_points = bands, min_points
        self.kept = np.zeros(len(ids), bool)
        self.used = np.empty((len(ids), 0), np.int64)

    def write(self, spool: Spool, writer: LightCurvesWriter, progress: bool) -> Counter[str]:
        """Write what is kept, block of objects by block; returns the drops by reason."""
        drops, used = Counter[str](), []
        with progress_bar("placing", int(spool.counts.sum()), progress) as bar:
            for first, stop, points in spool.blocks(self._bands.order):
                bar.update(len(points))
                points["row"] -= first
                repeated = _repeats(points)
                points = points[~repeated]
                keep, points["band"], chosen = self._bands.choose(
                    points["row"], points["band"], stop - first, self._min_points
                )
                used.append(chosen)
                drops["photometry_repeated"] += int(repeated.sum())
                drops["photometry_band_not_used"] += int((~keep).sum())
                drops += self._append(first, stop, points[keep], writer)
        self.used = np.concatenate(used)
        return drops

    def _append(
        self, first: int, stop: int, points: np.ndarray, writer: LightCurvesWriter
    ) -> Counter[str]:
        """Write the objects ``[first, stop)`` that have enough points, or a spectrum."""
        count = np.bincount(points["row"], minlength=stop - first)
        keep = (count >= max(self._min_points, 1)) | self._has_spectrum[first:stop]
        self.kept[first:stop] = keep
        points = points[keep[points["row"]]]
        columns = {name: points[name] for name in points.dtype.names or () if name != "row"}
        writer.append(self._ids[first:stop][keep], count[keep], **columns)
        return Counter(
            objects_too_few_points=int((~keep).sum()),
            photometry_object_too_few_points=int(count[~keep].sum()),
        )


def _repeats(points: np.ndarray) -> np.ndarray:
    """Points that agree with the one before in object, time and band; sorted input."""
    same = np.ones(max(len(points) - 1, 0), bool)
    for name in ("row", "time", "band"):
        same &= points[name][1:] == points[name][:-1]
    return np.append(False, same)[: len(points)]
