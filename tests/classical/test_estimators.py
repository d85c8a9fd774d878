"""The estimators: easy cases, choice on validation, and samples that lack something."""

import numpy as np
import pytest

from nightjar.classical import estimators
from nightjar.probes import Part

CLASSIFIERS = (estimators.boosting, estimators.forest, estimators.pca_svc)


def clouds(n, seed=0):
    """Two classes a distance of 4 apart in the first of three numbers."""
    rng = np.random.default_rng(seed)
    labels = np.array(["Ia", "II"])[np.arange(n) % 2]
    values = rng.normal(size=(n, 3))
    values[:, 0] += np.where(labels == "Ia", 4, 0)
    return Part(values, labels)


@pytest.mark.parametrize("classify", CLASSIFIERS)
def test_two_clouds_are_told_apart_and_again(classify):
    train, validation, test = clouds(80), clouds(30, 1), clouds(40, 2)
    first, second = (classify(train, validation, test.embeddings, 0) for _ in range(2))
    assert np.mean(first == test.target) > 0.9
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("classify", CLASSIFIERS)
def test_one_class_and_no_validation(classify):
    train, none = clouds(40), Part(np.empty((0, 3)), np.empty(0, "U2"))
    one = Part(train.embeddings[::2], train.target[::2])
    assert set(classify(one, none, train.embeddings, 0)) == {"Ia"}
    assert len(classify(train, none, train.embeddings, 0)) == 40
    assert len(classify(train, train, train.embeddings[:0], 0)) == 0


@pytest.mark.parametrize("classify", CLASSIFIERS[:2])
def test_features_that_are_missing(classify):
    """One feature is missing here and there, one always: in training only, so it means nothing."""
    train, validation, test = clouds(80), clouds(30, 1), clouds(40, 2)
    train.embeddings[::7, 0] = np.nan
    train.embeddings[:, 2] = np.nan
    assert np.mean(classify(train, validation, test.embeddings, 0) == test.target) > 0.85


def test_redshift_is_learned_as_a_logarithm():
    """Feature = log10 z.  Between 0.01 and 1 the forest errs by a factor, not by a difference."""
    logs = np.linspace(-2, 0, 200)
    train, validation = (
        Part(logs[s, None], 10 ** logs[s]) for s in (slice(0, None, 2), slice(1, None, 4))
    )
    test = np.array([-1.7, -1.0, -0.3])
    found = estimators.log_redshift(train, validation, test[:, None], 0)
    np.testing.assert_allclose(np.log10(found), test, atol=0.03)
    few = Part(logs[:1, None], np.array([0.1]))
    assert np.isnan(estimators.log_redshift(few, few, test[:, None], 0)).all()
