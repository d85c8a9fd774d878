"""Which passbands of a survey are used, and under which name: one per band group and object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from nightjar.errors import InputError

_MOST = np.iinfo(np.int16).max


class BandGroups:
    """Raw bands and the groups they serve; without groups every band serves itself.

    Parameters
    ----------
    bands : group -> raw bands in order of preference, or None to take all bands as they come
    """

    def __init__(self, bands: Mapping[str, Sequence[str]] | None) -> None:
        self._learns = bands is None
        self._groups = {group: list(members) for group, members in (bands or {}).items()}
        self._names = [name for members in self._groups.values() for name in members]
        if len(set(self._names)) < len(self._names):
            raise InputError(f"bands: a raw band is listed twice in {self._groups}; list it once")

    def codes(self, found: pd.Index) -> np.ndarray:
        """Raw code of each name in ``found``, -1 where it is in no group."""
        if self._learns:
            self._names.extend(found.difference(self._names))
            if len(self._names) > _MOST:
                raise InputError(f"photometry: over {_MOST} different bands; is 'band' a band?")
        return pd.Index(self._names, dtype=object).get_indexer(found.astype(object))

    @property
    def names(self) -> list[str]:
        """Names of the final codes: the groups; without groups the raw names, sorted."""
        return sorted(self._names) if self._learns else list(self._groups)

    @property
    def order(self) -> np.ndarray:
        """Rank of each raw code: as listed; without groups by name, whatever came first."""
        order = np.arange(len(self._names))
        return np.argsort(np.argsort(self._names)) if self._learns and len(order) else order

    def choose(
        self, row: np.ndarray, rank: np.ndarray, objects: int, min_points: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per object and group the first raw band with ``min_points`` points, else the fullest.

        Parameters
        ----------
        row : (n,) object of each point, 0 to ``objects`` - 1
        rank : (n,) raw band of each point, ranked by `order`
        objects : number of objects
        min_points : points that make a band good enough to be preferred

        Returns
        -------
        keep : (n,) bool, points in a chosen band
        code : (n,) int, code of each point into `names`
        used : (objects, groups) rank of the band chosen, -1 where the object has none
        """
        if self._learns:
            return np.ones(len(row), bool), rank, np.empty((objects, 0), np.int64)
        n = len(self._names)
        counts = np.bincount(row * np.int64(n) + rank, minlength=objects * n).reshape(objects, n)
        group_of = np.repeat(np.arange(len(self._groups)), [*map(len, self._groups.values())])
        used = np.full((objects, len(self._groups)), -1)
        for g in range(len(self._groups)):
            members = np.flatnonzero(group_of == g)
            if len(members):
                mine = counts[:, members]
                enough = mine >= max(min_points, 1)
                best = np.where(enough.any(1), enough.argmax(1), mine.argmax(1))
                used[:, g] = np.where(mine.any(1), members[best], -1)
        code = group_of[rank] if n else rank
        return used[row, code] == rank, code, used

    def describe(self, used: np.ndarray) -> dict[str, np.ndarray]:
        """Columns ``band_<group>`` with the raw band used, for groups that list several."""
        texts = np.array([*self._names, None], dtype=object)
        return {
            f"band_{group}": texts[used[:, g]]
            for g, (group, members) in enumerate(self._groups.items())
            if len(members) > 1
        }
