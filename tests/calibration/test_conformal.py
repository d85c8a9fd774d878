"""Sets that hold the true class as often as they promise."""

import math

import numpy as np
import pytest

from nightjar import calibration
from nightjar.calibration.record import Calibration, read_calibration, write_calibrations
from nightjar.errors import InputError


def test_nonconformity_by_hand():
    found = calibration.nonconformity(np.array([[0.9, 0.1], [0.3, 0.7]]), [0, 0])
    np.testing.assert_allclose(found, [0.1, 0.7])


@pytest.mark.parametrize(
    ("objects", "coverage", "place"),
    [
        (9, 0.9, 9),  # (9 + 1) 0.9 = 9: the largest of nine
        (8, 0.9, None),  # 8.1, rounded up 9, of eight: there is none
        (10, 0.9, 10),  # 9.9
        (19, 0.9, 18),  # 18, though 20 * 0.9 may be 18.000000000000004
        (99, 0.95, 95),
        (4, 0.5, 3),  # 2.5
        (4, 0.05, 1),  # 0.25
        (0, 0.9, None),
    ],
)
def test_the_threshold_is_the_place_th_smallest(objects, coverage, place):
    shuffled = np.random.default_rng(0).permutation(np.arange(1, objects + 1))
    expected = math.inf if place is None else place
    assert calibration.conformal_threshold(shuffled, coverage) == expected


def test_sets_by_hand():
    """Nonconformity 0.1, 0.4, 0.5 | 0.6, 0.6, 0.8 up to the threshold 0.5."""
    sets = calibration.conformal_sets(np.array([[0.9, 0.6, 0.5], [0.4, 0.4, 0.2]]), 0.5)
    assert sets.tolist() == [[True, True, True], [False, False, False]]
    assert calibration.conformal_sets(np.array([[1.0, 0.0]]), math.inf).all()


def test_coverage_of_many_draws():
    """The mean coverage over calibration samples of 19 lies between 0.9 and 0.9 + 1 / 20.

    The classifier is bad: its probabilities are of other classes than the truth's half the time."""
    rng = np.random.default_rng(1)
    held = []
    for _ in range(400):
        probabilities = rng.dirichlet([0.5] * 4, 19 + 50)
        labels = (probabilities.cumsum(axis=1) < rng.random((69, 1))).sum(axis=1)
        labels = np.where(rng.random(69) < 0.5, rng.integers(0, 4, 69), labels)
        known = calibration.nonconformity(probabilities[:19], labels[:19])
        sets = calibration.conformal_sets(
            probabilities[19:], calibration.conformal_threshold(known, 0.9)
        )
        held.append(sets[np.arange(50), labels[19:]].mean())
    # the coverage of one calibration scatters by some 0.07, that of the mean by 0.004
    assert 0.9 - 0.012 < np.mean(held) < 0.95 + 0.012


# --- kept beside the weights ----------------------------------------------------------------------

PROBABILITIES = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
LABELS = np.array([0, 1, 1, 1])  # the third, with smp 0.2, is wrong


def fitted() -> Calibration:
    return Calibration.fit(PROBABILITIES, 1 - PROBABILITIES.max(axis=1), LABELS, ["A", "B"])


def test_a_calibration_answers_any_question():
    """Rising smp 0.1, 0.2, 0.3, 0.4, the second wrong: of 1, 2, 3, 4 kept 0, 1/2, 1/3, 1/4 are
    wrong.  Nonconformity 0.1, 0.3, 0.4, 0.8."""
    known = fitted()
    assert known.kept_up_to(0.0) == pytest.approx(0.1)
    assert known.kept_up_to(0.25) == pytest.approx(0.4)
    assert known.kept_up_to(0.24) == pytest.approx(0.1)
    assert known.set_threshold(0.6) == pytest.approx(0.4)  # 5 x 0.6 = 3
    assert known.set_threshold(0.9) == math.inf
    assert known.temperature == pytest.approx(calibration.fit_temperature(PROBABILITIES, LABELS))


def test_nothing_is_kept_where_the_most_certain_are_wrong():
    known = Calibration.fit(PROBABILITIES, [0.1, 0.2, 0.3, 0.4], [1, 1, 1, 1], ["A", "B"])
    assert known.kept_up_to(0.1) == -math.inf


def test_a_calibration_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "models" / "calibration.json"
    write_calibrations(path, {0: fitted(), 2: fitted()})
    assert read_calibration(path, 2) == fitted()
    with pytest.raises(InputError, match=r"calibration.json: no fold 1, only 0, 2"):
        read_calibration(path, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; run evaluate_uncertainty"),
        ("[1, 2", "damaged"),
        ("[]", "damaged"),
        ('{"format": 2, "folds": {}}', "format: this nightjar reads version 1, not 2"),
        ('{"format": 1, "folds": {"0": {"classes": []}}}', "damaged"),
    ],
)
def test_a_damaged_calibration_is_refused(content, message, tmp_path):
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_calibration(path, 0)
