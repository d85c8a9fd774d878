"""The quantile forest: in order, right, and the same for the same objects."""

import numpy as np
import pytest
from scipy.stats import norm

from nightjar import intervals
from nightjar.probes import Part

LEVELS = np.array(intervals.LEVELS)


def sample(n, seed=0, dim=4):
    """y = x0 + e, the deviation of e is 0.5, or 2 where x1 is above 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dim))
    return Part(x, x[:, 0] + np.where(x[:, 1] > 0, 2.0, 0.5) * rng.normal(size=n))


@pytest.fixture(scope="module")
def fitted():
    return intervals.QuantileForest().fit(sample(60))


def test_quantiles_by_hand():
    """Two groups of fifty, alike within: every tree has two leaves, in which all weigh 1 / 50.

    Half of a target's own weight is below it, so that the targets 1 ... 50 are the quantiles of
    levels 0.01, 0.03 ... 0.99: 0.05 is the third's, 0.5 lies between the 25th and the 26th.
    """
    x = np.repeat([[0.0], [1.0]], 50, axis=0)
    y = np.concatenate([np.arange(1.0, 51), np.arange(101.0, 151)])
    found = intervals.QuantileForest(levels=(0.05, 0.25, 0.5, 0.75, 0.95)).fit(Part(x, y))
    np.testing.assert_allclose(found.weights(x[:1]), [[0.02] * 50 + [0] * 50], atol=1e-15)
    expected = np.array([3, 13, 25.5, 38, 48])
    np.testing.assert_allclose(found.predict(x[[0, -1]]), [expected, 100 + expected])


def test_weights_are_shares(fitted):
    weight = fitted.weights(sample(20, 1).embeddings)
    assert weight.shape == (20, 60)
    assert np.all(weight >= 0)
    np.testing.assert_allclose(weight.sum(axis=1), 1)


def test_distributions_are_wide_where_the_noise_is():
    """Noise alone, of deviation 2 where x0 is above 0, else 0.5.

    The mean over 200 objects of half the 68 % interval was 0.49 to 0.58 and 1.73 to 1.98 for six
    seeds: leaves at the edge mix."""
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(600, 2)), rng.normal(size=(200, 2))
    target = np.where(x[:, 0] > 0, 2.0, 0.5) * rng.normal(size=600)
    found = intervals.QuantileForest().fit(Part(x, target)).predict(new)
    width = (found[:, 8] - found[:, 2]) / (norm.ppf(LEVELS[8]) - norm.ppf(LEVELS[2]))
    assert width[new[:, 0] < 0].mean() == pytest.approx(0.5, abs=0.15)
    assert width[new[:, 0] > 0].mean() == pytest.approx(2.0, abs=0.4)


def test_quantiles_never_cross(fitted):
    far = 100 * sample(50, 3).embeddings
    assert np.all(np.diff(fitted.predict(far)) >= 0)


def test_nothing_is_beyond_the_training_targets(fitted):
    found = fitted.predict(100 * sample(50, 3).embeddings)
    target = sample(60).target
    assert target.min() <= found.min()
    assert found.max() <= target.max()


def test_better_than_the_quantiles_of_the_training_part():
    train, test = sample(300), sample(500, 2)
    marginal = np.tile(np.quantile(train.target, LEVELS), (500, 1))
    found = intervals.QuantileForest().fit(train).predict(test.embeddings)
    score = intervals.pinball(test.target, found, LEVELS)
    assert score < 0.9 * intervals.pinball(test.target, marginal, LEVELS)


def test_the_order_of_objects_does_not_matter(fitted):
    """Neither of those that teach, equal targets among them, nor of those that are predicted."""
    train, x = sample(60), sample(20, 4).embeddings
    order = np.random.default_rng(3).permutation(60)
    for target in (train.target, np.round(train.target)):
        one = intervals.QuantileForest().fit(Part(train.embeddings, target))
        other = intervals.QuantileForest().fit(Part(train.embeddings[order], target[order]))
        np.testing.assert_array_equal(one.predict(x), other.predict(x[::-1])[::-1])


def test_the_same_objects_give_the_same_bytes(fitted):
    x = sample(20, 4).embeddings
    other = intervals.QuantileForest().fit(sample(60))
    assert fitted.predict(x).tobytes() == other.predict(x).tobytes()


def test_rows_of_weight_0_say_nothing():
    """The first thirty, 100 too high."""
    train = sample(60)
    target = train.target + np.where(np.arange(60) < 30, 100.0, 0.0)
    weight = np.where(np.arange(60) < 30, 0.0, 1.0)
    part = Part(train.embeddings, target, weight)
    assert intervals.QuantileForest().fit(part).predict(train.embeddings).max() < 50


def test_no_object_has_no_quantile(fitted):
    assert fitted.predict(np.empty((0, 4))).shape == (0, len(LEVELS))
