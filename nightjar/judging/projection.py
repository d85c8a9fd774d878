"""Embeddings in two dimensions: t-SNE after PCA (Zhang+2024, Fig. 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

COMPONENTS = 50  # as the paper; CLIP's 128 dimensions hold 33 at most
PERPLEXITY = 30.0
FEWEST = 4  # fewer points have no neighbourhoods to keep


def tsne(embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Positions (n, 2) of embeddings (n, dim); the same embeddings give the same positions.

    Starts from the first two principal components, so that nothing but rounding is random; one
    thread, because sums depend on the number of threads.  Zeros with fewer than four embeddings.
    """
    n = len(embeddings)
    if n < FEWEST:
        return np.zeros((n, 2))
    with threadpool_limits(1):
        components = PCA(min(COMPONENTS, *embeddings.shape), svd_solver="full")
        reduced = components.fit_transform(np.asarray(embeddings, np.float64))
        map_of = TSNE(perplexity=min(PERPLEXITY, (n - 1) / 3), init="pca", random_state=0)
        return np.asarray(map_of.fit_transform(reduced), np.float64)
