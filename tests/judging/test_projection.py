import numpy as np
import pytest

from nightjar.judging import projection


def test_clusters_stay_apart_and_the_positions_are_the_same_again():
    """Two clusters of 20 in 60 dimensions, ten deviations apart."""
    rng = np.random.default_rng(0)
    cluster = np.repeat([0, 1], 20)
    embeddings = rng.normal(size=(40, 60)) + 10 * cluster[:, None]
    points = projection.tsne(embeddings)
    assert points.shape == (40, 2)
    centres = [points[cluster == k].mean(axis=0) for k in (0, 1)]
    nearer = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert np.array_equal(nearer, cluster)
    assert np.array_equal(points, projection.tsne(embeddings))


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5])
def test_few_embeddings_have_positions(n):
    points = projection.tsne(np.random.default_rng(0).normal(size=(n, 3)))
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()
