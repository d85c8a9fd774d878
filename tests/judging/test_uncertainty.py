"""Scores of a classifier that should know when it is wrong, by hand."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from nightjar.errors import InputError
from nightjar.judging import predictions, uncertainty
from nightjar.judging.predictions import Fold, Predicted

# two samples of four objects; means (0.9, 0.1), (0.6, 0.4), (0.2, 0.8), (0.45, 0.55)
SAMPLES = np.array(
    [
        [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.4, 0.6]],
        [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.5, 0.5]],
    ]
)
NAMES = np.array(["w", "x", "y", "z"])
SCORED = Predicted(NAMES, SAMPLES, np.array([0, 1, 1, 1]))  # predicted 0, 0, 1, 1: x is wrong
# log odds ln 9 throughout, three right of four: temperature 2 (tests/calibration)
CONFIDENT = np.tile([0.9, 0.1], (1, 4, 1))
VALIDATION = Predicted(np.array(["a", "b", "c", "d"]), CONFIDENT, np.array([0, 0, 0, 1]))
FOLD = Fold(SCORED, VALIDATION, ["A", "B"])


def asked(**changes):
    return SimpleNamespace(**{"bins": 1, "coverage": 0.6, "error_rate": 0.3, **changes})


def test_the_prediction_is_that_of_the_mean():
    np.testing.assert_allclose(SCORED.mean[:, 0], [0.9, 0.6, 0.2, 0.45])
    assert SCORED.wrong.tolist() == [False, True, False, False]


def test_scores_by_hand():
    """Accuracy 3/4.  F1: class 0 has 1 hit, 1 true, 2 called: 2/3; class 1 2 hits, 3 true, 2
    called: 4/5; mean 11/15.

    smp = 1 - maximum: 0.1, 0.4, 0.2, 0.45: the wrong one is above two of three right: AUROC 2/3,
    and called second: precision 1/2 at recall 1.
    Variance over the samples: 0, 0.08, 0.02, 0.005: the wrong one is above all: AUROC 1.
    Rejecting by smp, those kept are all, then without the last, then without the second too:
    error rates 1/4, 1/3, 0, 0; mean 7/48.
    nll: -ln(0.9 x 0.4 x 0.8 x 0.55) / 4.
    Brier: twice the squares of 0.1, 0.6, 0.2, 0.45: 2 x 0.6125 / 4.
    One bin: confidence (0.9 + 0.6 + 0.8 + 0.55) / 4 = 0.7125, accuracy 0.75: ece 0.0375."""
    found = uncertainty.scores(FOLD, asked())
    expected = {
        "accuracy": 0.75,
        "macro_f1": 11 / 15,
        "auroc_smp": 2 / 3,
        "auprc_smp": 1 / 2,
        "auroc_pv": 1.0,
        "auprc_pv": 1.0,
        "aurc": 7 / 48,
        "nll": -np.log(0.9 * 0.4 * 0.8 * 0.55) / 4,
        "brier": 0.30625,
        "ece": 0.0375,
        "stars": 4,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert {"auroc_bald", "auroc_entropy", "auroc_expected_entropy"} <= set(found)


def test_promises_by_hand():
    """Temperature 2 takes the root of the odds: the odds 9, 3/2, 4, 11/9 of the predicted class
    become 3, 1.2247, 2, 1.1055, its probabilities 0.75, 0.5505, 0.6667, 0.5251.  One bin:
    |0.75 - mean of these|; likelihoods 0.75, 0.4495, 0.6667, 0.5251.

    Nonconformity of the validation is 0.1 three times and 0.9; the third of five places (0.6 of
    them) is 0.1: a set holds what has p >= 0.9, the first star's class alone.  For 0.75 of five
    places, the fourth, all that has p >= 0.1.
    Of the validation, all equal, 1/4 is wrong: at most 0.3, so that all up to smp 0.1 are kept,
    which is the first star; at most 0.2, so that none is."""
    found = uncertainty.scores(FOLD, asked())
    confident = np.array([0.75, np.sqrt(1.5) / (1 + np.sqrt(1.5)), 2 / 3, 0.525058])
    of_true = np.array([0.75, 1 - confident[1], 2 / 3, 0.525058])
    assert found["temperature"] == pytest.approx(2)
    assert found["ece_scaled"] == pytest.approx(0.75 - confident.mean(), abs=1e-5)
    variance = np.sum(confident * (1 - confident))
    assert found["ece_noise"] == pytest.approx(np.sqrt(2 / np.pi * variance) / 4, abs=1e-5)
    assert found["nll_scaled"] == pytest.approx(-np.log(of_true).mean(), abs=1e-5)
    assert (found["coverage_60"], found["set_size_60"]) == (0.25, 0.25)
    assert (found["kept"], found["kept_error"]) == (0.25, 0)
    found = uncertainty.scores(FOLD, asked(coverage=0.75, error_rate=0.2))
    assert (found["coverage_75"], found["set_size_75"]) == (1, 2)
    assert (found["kept"], found["kept_error"]) == (0, None)


def test_conformal_sets_per_class():
    """The one star of A is covered by a set of one; those of B have empty sets."""
    found = uncertainty.per_class([FOLD, FOLD], 0.6)
    assert found == {
        "coverage_60": {"A": 1.0, "B": 0.0, "A_std": 0.0, "B_std": 0.0},
        "set_size_60": {"A": 1.0, "B": 0.0, "A_std": 0.0, "B_std": 0.0},
    }


def test_a_class_that_no_scored_star_of_a_fold_has():
    """All four are of B: w and x, called A, are wrong.  F1 of A 0, of B 2 x 2 / (4 + 2); of A only
    the other fold tells."""
    missing = FOLD._replace(scored=SCORED._replace(label=np.ones(4, int)))
    assert uncertainty.scores(missing, asked())["macro_f1"] == pytest.approx(1 / 3)
    assert uncertainty.per_class([FOLD, missing], 0.6)["coverage_60"] == {
        "A": 1.0, "B": 0.0, "B_std": 0.0,
    }  # fmt: skip


def test_outside_objects_by_hand():
    """Entropy falls with the distance from 1/2: of the scored 0.4, 0.1, 0.3, 0.05, of those outside
    0 and 0.2, which are above 4 and 2 of 4 (0.4 and 0.3): 6 of 8 pairs."""
    outside = {"class": np.array([[[0.5, 0.5]]]), "survey": np.array([[[0.3, 0.7]]])}
    found = uncertainty.scores(FOLD._replace(outside=outside), asked())
    assert found["ood_auroc"] == pytest.approx(6 / 8)
    assert (found["ood_auroc_class"], found["ood_auroc_survey"]) == (1, pytest.approx(2 / 4))
    assert not [key for key in uncertainty.scores(FOLD, asked()) if key.startswith("ood")]


def test_costs_are_handed_on():
    found = uncertainty.scores(FOLD._replace(cost={"passes": 20.0, "parameters": 7.0}), asked())
    assert (found["passes"], found["parameters"]) == (20, 7)


def test_a_score_that_ranks_nothing_is_left_out():
    """One sample has no variance and no disagreement; what is left are the entropies and smp."""
    single = FOLD._replace(scored=SCORED._replace(probabilities=SAMPLES[:1]))
    found = uncertainty.scores(single, asked(bins=5))
    named = {key for key in found if key.startswith("auroc")}
    assert named == {"auroc_smp", "auroc_entropy", "auroc_expected_entropy"}


def test_nothing_wrong_has_no_auroc():
    right = FOLD._replace(scored=SCORED._replace(label=np.array([0, 0, 1, 1])))
    found = uncertainty.scores(right, asked(bins=5))
    assert found["accuracy"] == 1
    assert found["auroc_smp"] is None
    assert found["auprc_smp"] is None
    assert found["aurc"] == 0


def drawn(seed, n, samples=1):
    rng = np.random.default_rng(seed)
    return Predicted(
        np.arange(n).astype(str), rng.dirichlet([1, 1, 1], (samples, n)), rng.integers(0, 3, n)
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 4))
def test_the_order_of_stars_and_samples_does_not_matter(seed, n, samples):
    scored, order = drawn(seed, n, samples), np.random.default_rng(seed).permutation(n)
    fold = Fold(scored, drawn(seed + 1, 8, samples), ["A", "B", "C"])
    moved = fold._replace(
        scored=Predicted(
            scored.object_id[order], scored.probabilities[::-1][:, order], scored.label[order]
        )
    )
    one, other = uncertainty.scores(fold, asked()), uncertainty.scores(moved, asked())
    assert one.keys() == other.keys()
    assert [one[key] for key in one] == pytest.approx([other[key] for key in one])


def test_folds_together():
    both = predictions.together([SCORED, Predicted(NAMES[:1], SAMPLES[:, :1], np.array([1]))])
    assert both.probabilities.shape == (2, 5, 2)
    assert both.object_id.tolist() == ["w", "x", "y", "z", "w"]
    assert both.wrong.tolist() == [False, True, False, False, True]


# --- methods against each other -------------------------------------------------------------------


def test_the_signed_rank_test_is_that_of_scipy():
    one, other = drawn(1, 40), drawn(2, 40)._replace(label=drawn(1, 40).label)
    methods = {"a": [Fold(one, one, [])], "b": [Fold(other, other, [])]}
    (found,) = uncertainty.same_objects(methods, [("a", "b")]).values()
    rows = np.arange(40)
    first, second = (-np.log(each.probabilities[0][rows, one.label]) for each in (one, other))
    assert found["nll_p_value"] == pytest.approx(wilcoxon(first, second).pvalue)
    assert found["nll_wins"] == np.mean(first < second)
    (back,) = uncertainty.same_objects(methods, [("b", "a")]).values()
    assert back["nll_p_value"] == pytest.approx(found["nll_p_value"])
    assert back["brier_wins"] == pytest.approx(1 - found["brier_wins"])


def test_a_star_of_several_folds_counts_once():
    """With its mean loss; stars that only one of the methods scores do not count."""
    folds = [drawn(seed, 12) for seed in (1, 2)]
    folds[1] = folds[1]._replace(label=folds[0].label)
    twice = {"a": [Fold(f, f, []) for f in folds], "b": [Fold(folds[0], folds[0], [])]}
    (found,) = uncertainty.same_objects(twice, [("a", "b")]).values()
    rows = np.arange(12)
    first, second = (-np.log(f.probabilities[0][rows, f.label]) for f in folds)
    expected = wilcoxon((first + second) / 2 - first).pvalue
    assert found["nll_p_value"] == pytest.approx(expected)


def test_methods_that_agree_do_not_differ():
    same = {"a": [FOLD], "b": [FOLD]}
    assert uncertainty.same_objects(same, [("a", "b")]) == {
        "a_minus_b": {
            "nll_p_value": 1.0, "nll_wins": 0.5, "brier_p_value": 1.0, "brier_wins": 0.5
        }
    }  # fmt: skip


def test_scores_of_methods_can_be_crossed():
    scores = {"plain": [{"auroc_smp": 0.6}], "mc": [{"auroc_smp": 0.5, "auroc_pv": 0.7}]}
    assert uncertainty.by_score(scores) == {
        "plain_smp": [{"auroc": 0.6, "auprc": None}],
        "mc_smp": [{"auroc": 0.5, "auprc": None}],
        "mc_pv": [{"auroc": 0.7, "auprc": None}],
    }


def test_what_is_no_merit_is_not_compared():
    scores = {"a": [{"nll": 1.0, "passes": 20.0, "stars": 4.0, "temperature": 2.0}]}
    assert uncertainty.comparable(scores) == {"a": [{"nll": 1.0}]}


# --- from files -----------------------------------------------------------------------------------

OBJECTS = pd.DataFrame({"class": list("ABAB")}, index=list("wxyz"))
FOLDS = {0: {"train": np.array(["w"]), "validation": np.array(["x"]), "test": np.array(["y", "z"])}}


def written(folder: Path, ids, classes=("A", "B"), **more):
    """Probabilities of one sample for the stars ``ids``."""
    folder.mkdir(exist_ok=True)
    probabilities = np.tile([0.9, 0.1], (1, len(ids), 1))
    arrays = {"object_id": np.array(ids), "probabilities": probabilities, "classes": classes}
    np.savez(folder / "0.npz", **arrays, **more)
    return folder


def test_predictions_are_parted(tmp_path):
    found = predictions.read(written(tmp_path / "new", ["x", "y", "z"]), OBJECTS, FOLDS)[0]
    assert found.scored.object_id.tolist() == ["y", "z"]
    assert found.scored.label.tolist() == [0, 1]
    assert found.validation.label.tolist() == [1]
    assert (found.outside, found.cost) == ({}, {})


def test_what_a_method_adds_is_read(tmp_path):
    """The star y is one of the task: its class was left out; q and r are of another survey."""
    more = {"outside_id": list("qyr"), "outside": np.zeros((1, 3, 2)), "passes": 1}
    folder = written(tmp_path / "new", ["x", "z"], parameters=12, **more)
    found = predictions.read(folder, OBJECTS, FOLDS)[0]
    assert {name: each.shape[1] for name, each in found.outside.items()} == {
        "class": 1,
        "survey": 2,
    }
    assert found.cost == {"passes": 1, "parameters": 12}
    nobody = {"outside_id": np.empty(0, str), "outside": np.zeros((1, 0, 2))}
    folder = written(tmp_path / "none", ["x", "y"], **nobody)
    assert predictions.read(folder, OBJECTS, FOLDS)[0].outside == {}


@pytest.mark.parametrize(
    ("ids", "classes", "message"),
    [
        (["w", "y"], "AB", r"old/0\.npz: holds stars that fold 0 does not keep out of training"),
        (["x", "y"], "AC", "star 'x' is of none of the classes A, C"),
        (["x"], "AB", "no test star in fold 0"),
        (["y"], "AB", "no validation star in fold 0"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(ids, classes, message, tmp_path):
    folder = written(tmp_path / "old", ids, list(classes))
    with pytest.raises(InputError, match=message):
        predictions.read(folder, OBJECTS, FOLDS)


def test_a_method_without_predictions_is_named(tmp_path):
    with pytest.raises(InputError, match=r"mc_dropout/0\.npz: no predictions; run train_unc"):
        predictions.read(tmp_path / "mc_dropout", OBJECTS, FOLDS)
