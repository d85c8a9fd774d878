"""Which objects are one: at the same place on the sky, or of the same name but for its spelling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree


def groups_of(
    ra: np.ndarray, dec: np.ndarray, radius: float, names: Sequence[str] | None = None
) -> np.ndarray:
    """Group objects whose positions are linked by separations of at most ``radius``.

    Parameters
    ----------
    ra, dec : (n,) deg, NaN where unknown; an object without position is near to none
    radius : arcsec; 0 groups nothing, not even what is at the very same place
    names : (n,) objects of equal ones are grouped, too, wherever they are: one of two catalogues
        may lack the position, or have it wrong; None groups by position alone

    Returns
    -------
    (n,) int64, 0, 1, ... in the order in which the groups first appear
    """
    if radius == 0:
        return np.arange(len(ra))
    known = np.isfinite(ra) & np.isfinite(dec)
    vectors = _unit_vectors(ra[known], dec[known])
    # identical positions first, else n objects at one place would make n^2 / 2 pairs
    places, place = np.unique(vectors, axis=0, return_inverse=True)
    component = np.arange(len(ra)) + len(places)
    component[known] = _linked(places, radius)[place.ravel()]
    if names is not None:
        component = _united(component, np.unique(np.asarray(names), return_inverse=True)[1])
    return _first_seen(component)


def _unit_vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    alpha, delta = np.radians(ra), np.radians(dec)
    return np.column_stack(
        [np.cos(delta) * np.cos(alpha), np.cos(delta) * np.sin(alpha), np.sin(delta)]
    )


def _linked(places: np.ndarray, radius: float) -> np.ndarray:
    """Connected components of distinct unit vectors (n, 3) within ``radius`` arcsec."""
    if not len(places):
        return np.empty(0, np.int64)
    chord = 2 * np.sin(np.radians(radius / 3600) / 2)
    pairs = cKDTree(places).query_pairs(chord, output_type="ndarray")
    links = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(len(places), len(places)))
    return connected_components(links, directed=False)[1]


def _united(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The finest grouping (n,) that keeps together what either of two does."""
    first = one.max(initial=-1) + 1
    size = first + other.max(initial=-1) + 1
    links = coo_array((np.ones(len(one), bool), (one, first + other)), shape=(size, size))
    return connected_components(links, directed=False)[1][one]


def _first_seen(component: np.ndarray) -> np.ndarray:
    """Renumber so that groups count up in the order in which they first appear."""
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)
