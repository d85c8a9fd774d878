"""Which spectra lie nearest to a light curve: an example of each class, neither best nor worst."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar import metrics

Floats = NDArray[np.floating]
Rows = NDArray[np.int64]


class Found(NamedTuple):
    """What retrieval finds for one light curve, in rows of the scored objects."""

    query: int
    nearest: Rows  # (count,) rows, nearest first
    similarity: Floats  # (n,) cosine of all spectra to the light curve
    rank: float  # of the partner, 1 = nearest

    @property
    def shown(self) -> Rows:
        """The nearest and, where it is not among them, the partner."""
        return self.nearest if self.query in self.nearest else np.append(self.nearest, self.query)


def examples(
    light_curves: Floats,
    spectra: Floats,
    labels: NDArray[np.str_],
    object_id: NDArray[np.str_],
    count: int = 4,
) -> dict[str, Found]:
    """For the light curve of median rank of each class, the ``count`` nearest spectra.

    Ranks of an even number have two in the middle: the better one is taken; among equal ranks the
    order is that of ``object_id``, so that the choice depends on no order of rows.

    Parameters
    ----------
    light_curves, spectra : (n, dim) embeddings of the scored objects
    labels, object_id : (n,)

    Returns
    -------
    dict of class to what is found, classes in alphabetical order
    """
    similarity = metrics.cosine(light_curves, spectra)
    rank = metrics.partner_ranks(similarity)
    order = np.lexsort((object_id, rank))
    found = {}
    for name in np.unique(labels).tolist():
        mine = order[labels[order] == name]
        query = int(mine[(len(mine) - 1) // 2])
        nearest = np.lexsort((object_id, -similarity[query]))[:count]
        found[name] = Found(query, nearest, similarity[query], float(rank[query]))
    return found
