import numpy as np
import pytest

from nightjar import probes
from nightjar.probes import Part


def blobs(rng, n, offset=6.0):
    """Two classes along the first axis, the second axis is noise."""
    label = rng.integers(0, 2, n)
    return Part(rng.normal(size=(n, 2)) + offset * np.outer(label, [1, 0]), label)


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    return blobs(rng, 60), blobs(rng, 20), blobs(rng, 30)


def test_separated_classes_are_found_by_every_probe(parts):
    train, validation, test = parts
    found = probes.classify(train, validation, test.embeddings, [1, 5])
    assert set(found) == {"knn", "svc"}
    for prediction in found.values():
        assert np.array_equal(prediction.test, test.target)
        assert prediction.score == 1  # macro F1 on validation
    assert found["knn"].choice == 1  # the first among equals


def test_labels_may_be_strings(parts):
    train, validation, test = parts
    names = np.array(["SN Ia", "SN II"])
    found = probes.classify(
        train._replace(target=names[train.target]),
        validation._replace(target=names[validation.target]),
        test.embeddings,
        [3],
    )
    assert np.array_equal(found["svc"].test, names[test.target])


def test_neighbours_are_chosen_on_validation():
    # a line of points, labels 0 below 0.5 and 1 above, but for one stray 1 at 0.1: k = 1 is wrong
    # near it, k = 3 right; validation sits on the stray point, the test elsewhere
    x = np.linspace(0, 1, 11)[:, None]
    label = (x[:, 0] > 0.5).astype(int)
    label[1] = 1
    validation = Part(np.array([[0.1], [0.11], [0.9]]), np.array([0, 0, 1]))
    found = probes.classify(Part(x, label), validation, np.array([[0.1], [0.9]]), [1, 3])
    assert found["knn"].choice == 3
    assert found["knn"].test.tolist() == [0, 1]


def test_hinge_loss_of_a_linear_classifier():
    class Line:
        """Decision x: class 1 where it is positive."""

        classes_ = np.array([0, 1])

        @staticmethod
        def decision_function(x):
            return x[:, 0]

    # max(0, 1 - sign x), the same for both decisions: class 0 has x = -2 (loss 0) and 1 (loss 2),
    # mean 1; class 1 has x = 0.5 (loss 0.5); every class weighs alike: (1 + 0.5) / 2
    part = Part(np.array([[-2.0], [1.0], [0.5]]), np.array([0, 0, 1]))
    assert probes.minus_hinge(Line, part) == pytest.approx(-0.75)


def test_a_penalty_is_chosen_by_the_hinge_loss_and_reported_by_macro_f1(parts):
    train, validation, test = parts
    chosen = probes.classify(train, validation, test.embeddings, [1])["svc"]
    losses = [
        probes.minus_hinge(probes._svc(c).fit(train.embeddings, train.target), validation)
        for c in probes.PENALTIES
    ]
    assert chosen.choice == probes.PENALTIES[int(np.argmax(losses))]
    assert chosen.score == 1


def test_more_neighbours_than_objects_become_all_objects():
    train = Part(np.arange(4.0)[:, None], np.array([0.0, 1.0, 2.0, 3.0]))
    found = probes.regress(train, train, np.array([[9.0]]), [100])
    assert found["knn"].choice == 4
    assert found["knn"].test == pytest.approx([1.5])  # the mean of all


def test_a_line_is_regressed():
    # z = 2 x + 1, and a second dimension that is a copy of the first, as in CLIP's subspace
    x = np.linspace(0, 1, 20)
    line = Part(np.stack([x, x], axis=1), 2 * x + 1)
    found = probes.regress(line, line, np.array([[0.5, 0.5], [2.0, 2.0]]), [1])
    assert found["linear"].choice == probes.RIDGES[0]
    assert found["linear"].test == pytest.approx([2.0, 5.0], abs=1e-3)


def test_validation_objects_are_not_fitted():
    # validation says 1 where training says 0: a probe that had seen validation would say 1
    train = Part(np.array([[0.0], [1.0]]), np.array([0, 1]))
    validation = Part(np.array([[0.0]]), np.array([1]))
    found = probes.classify(train, validation, np.array([[0.0]]), [1])
    assert [prediction.test.tolist() for prediction in found.values()] == [[0], [0]]


def test_same_input_same_output(parts):
    train, validation, test = parts
    one, two = (probes.classify(train, validation, test.embeddings, [1, 3]) for _ in range(2))
    assert all(np.array_equal(one[name].test, two[name].test) for name in one)


def test_best_is_the_highest_on_validation():
    def prediction(score):
        return probes.Prediction(np.zeros(1), score, 1)

    assert probes.best({"knn": prediction(0.5), "svc": prediction(0.7)}) == "svc"
    assert probes.best({"knn": prediction(0.7), "svc": prediction(0.7)}) == "knn"


@pytest.mark.parametrize("probe", ["svc", "linear"])
def test_a_row_said_thrice_at_a_third_counts_once(probe):
    """Weights hold in the scaling of the columns, the balance of the classes, and the fit."""
    rng = np.random.default_rng(0)
    times = rng.integers(1, 4, 40)
    row = np.repeat(np.arange(40), times)
    train, validation, test = rng.normal(1.0, 1.0, (3, 40, 2))
    fit, target = probes.regress, train[:, 0] + train[:, 1] ** 2
    if probe == "svc":
        fit, target = probes.classify, (target > np.quantile(target, 0.7)).astype(int)
    chosen = Part(validation, target)
    once = fit(Part(train, target), chosen, test, [1])[probe]
    weighted = Part(train[row], target[row], 1 / times[row])
    again = fit(weighted, chosen, test, [1])[probe]
    assert again.choice == once.choice
    np.testing.assert_allclose(again.test, once.test, rtol=1e-6)
