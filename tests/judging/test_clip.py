"""Scores of embeddings and predictions, on objects few enough to score by hand."""

import numpy as np
import pandas as pd
import pytest

from nightjar.judging import clip
from nightjar.params import ProbeClip

CLASSES = ["II", "Ia", "Ibc", "SLSN", "TDE"]
SETTINGS = ProbeClip(
    neighbours=[1, 3], class_groups=["Ia", "II", "Ibc"], outlier=0.15,
    redshift_low=0.15,
)  # fmt: skip


def sample(names, redshift=None):
    """One object per class name."""
    n = len(names)
    columns = {"object_id": [f"o{i}" for i in range(n)], "class": names}
    return pd.DataFrame(
        columns | {"redshift": np.full(n, np.nan) if redshift is None else redshift}
    )


def thirds(n):
    """Rows of the parts: 0 mod 3 train, 1 mod 3 validate, 2 mod 3 are scored."""
    return {
        part: np.arange(start, n, 3) for start, part in enumerate(("train", "validation", "test"))
    }


@pytest.fixture
def perfect():
    """30 objects: 2 of each of 5 classes in each part, redshifts 0.01 to 0.30, the extremes in
    training; embeddings that hold class (one-hot) and ln z as they are."""
    names = np.repeat(CLASSES, 3).tolist() * 2
    redshift = np.arange(1, 31) / 100
    redshift[[27, 29]] = redshift[[29, 27]]
    codes = np.array([CLASSES.index(name) for name in names])
    return (
        np.column_stack([np.eye(5)[codes], np.log(redshift)]),
        sample(names, redshift),
        thirds(30),
    )


# --- embeddings ---------------------------------------------------------------------------------


def test_embeddings_that_hold_the_class_score_1(perfect):
    found = clip.judge_embeddings(*perfect, SETTINGS)
    for key in ("macro_f1", "accuracy", "macro_recall"):
        assert found.scores[f"class5_{key}"] == 1
        assert found.scores[f"class3_{key}"] == 1
    assert found.scores["redshift_r2"] > 0.999
    assert found.scores["redshift_outlier_fraction"] == 0


def test_predictions_are_of_the_scored_objects(perfect):
    embeddings, objects, rows = perfect
    table = clip.judge_embeddings(embeddings, objects, rows, SETTINGS).predictions
    assert table["object_id"].tolist() == objects["object_id"].iloc[rows["test"]].tolist()
    assert table["predicted_class"].tolist() == table["class"].tolist()
    np.testing.assert_allclose(table["predicted_redshift"], table["redshift"], atol=2e-3)


def test_the_order_of_the_rows_does_not_matter(perfect):
    embeddings, objects, rows = perfect
    order = np.random.default_rng(0).permutation(30)
    place = np.argsort(order)
    moved = {part: np.sort(place[r]) for part, r in rows.items()}
    embeddings = embeddings + np.random.default_rng(1).normal(0, 0.5, embeddings.shape)
    one = clip.judge_embeddings(embeddings, objects, rows, SETTINGS).scores
    other = clip.judge_embeddings(embeddings[order], objects.iloc[order], moved, SETTINGS).scores
    assert one == pytest.approx(other)


def test_scored_objects_teach_nothing(perfect):
    """What the scored objects are called changes the score, not the prediction."""
    embeddings, objects, rows = perfect
    renamed = objects.copy()
    renamed.loc[rows["test"], "class"] = "Ia"
    renamed.loc[rows["test"], "redshift"] = 9.0
    one = clip.judge_embeddings(embeddings, objects, rows, SETTINGS).predictions
    other = clip.judge_embeddings(embeddings, renamed, rows, SETTINGS).predictions
    for column in ("predicted_class", "predicted_redshift"):
        assert one[column].tolist() == other[column].tolist()


def test_classes_of_no_fold_are_not_counted(perfect):
    """A sixth class too small for the folds is in the table, and in no part."""
    embeddings, objects, rows = perfect
    objects = pd.concat([objects, sample(["LBV", "LBV"])], ignore_index=True)
    embeddings = np.vstack([embeddings, embeddings[:2]])
    scores = clip.judge_embeddings(embeddings, objects, rows, SETTINGS).scores
    assert scores["class5_macro_f1"] == 1
    assert not any(key.startswith("class6") for key in scores)


@pytest.mark.parametrize("dtype", [object, "str"])
def test_unlabelled_objects_beside_the_folds_change_nothing(perfect, dtype):
    """pandas cuts the names of a column with a null to one letter, where asked for ``str``."""
    embeddings, objects, rows = perfect
    objects = pd.concat([objects, sample([None, None])], ignore_index=True)
    objects["class"] = objects["class"].astype(dtype)
    embeddings = np.vstack([embeddings, embeddings[:2]])
    found = clip.judge_embeddings(embeddings, objects, rows, SETTINGS)
    assert found.scores == clip.judge_embeddings(*perfect, SETTINGS).scores
    likely = stored(embeddings[:, :5])
    found = clip.judge_predictions(likely, objects, rows, SETTINGS)
    assert found.scores["class3_macro_f1"] == found.scores["class5_macro_f1"] == 1


def test_redshifts_known_for_some():
    """Where ln z = x, objects without a redshift neither teach nor are scored, but are predicted;
    never beyond the training part's redshifts, whose extremes are in rows 3 and 27."""
    x = np.linspace(-4, -1, 30)
    redshift = np.where(np.arange(30) % 4 == 0, np.nan, np.exp(x))
    found = clip.judge_embeddings(x[:, None], sample(["Ia"] * 30, redshift), thirds(30), SETTINGS)
    within = np.clip(x[2::3], x[3], x[27])
    np.testing.assert_allclose(np.log(found.predictions["predicted_redshift"]), within, atol=2e-3)
    assert found.scores["redshift_r2"] > 0.9  # the farthest is beyond


@pytest.mark.parametrize("part", ["train", "validation"])
def test_too_few_redshifts_to_fit_or_to_choose(part):
    redshift = np.arange(30) / 100
    redshift[thirds(30)[part][1:] if part == "train" else thirds(30)[part]] = np.nan
    x = np.arange(30.0)[:, None]
    found = clip.judge_embeddings(x, sample(["Ia"] * 30, redshift), thirds(30), SETTINGS)
    assert found.predictions["predicted_redshift"].isna().all()
    assert found.scores["redshift_r2"] is None


def test_one_class_is_nothing_to_tell_apart():
    x = np.random.default_rng(0).normal(size=(9, 2))
    scores = clip.judge_embeddings(x, sample(["Ia"] * 9), thirds(9), SETTINGS).scores
    assert scores["class1_accuracy"] == 1
    assert "class3_accuracy" not in scores


# --- predictions of the baseline ----------------------------------------------------------------


def stored(probabilities, classes=CLASSES, redshift=0.1):
    probabilities = np.array(probabilities)
    return {
        "class": probabilities,
        "classes": np.array(classes),
        "redshift": np.full(len(probabilities), redshift),
    }


def test_the_3_way_class_is_the_likeliest_of_the_three():
    """Of all five, only object 3 is called what it is: accuracy 1/4.  Among Ia, II and Ibc,
    objects 0 (0.3 for Ia) and 1 (0.5 for Ia) are called Ia, object 2 II (0.2): accuracy 2/3 for
    Ia, II, II; object 3, a TDE, takes no part.  F1: Ia 2 x 1 / (1 + 2) = 2/3, II 2 x 1 / (2 + 1)
    = 2/3; the mean of the two, Ibc is nowhere."""
    probabilities = [  #   II   Ia   Ibc  SLSN TDE
        [0.1, 0.3, 0.1, 0.5, 0.0],
        [0.2, 0.5, 0.1, 0.1, 0.1],
        [0.2, 0.1, 0.1, 0.3, 0.3],
        [0.0, 0.2, 0.1, 0.3, 0.4],
        [0.2] * 5,
        [0.2] * 5,
    ]
    objects = sample(["Ia", "II", "II", "TDE", "Ibc", "SLSN"], [0.1] * 6)
    rows = {"train": np.array([4, 5]), "validation": np.array([], int), "test": np.arange(4)}
    # of all five: SLSN, Ia, SLSN (the first of equals), TDE: only the last is right
    found = clip.judge_predictions(stored(probabilities), objects, rows, SETTINGS)
    assert found.predictions["predicted_class"].tolist() == ["SLSN", "Ia", "SLSN", "TDE"]
    assert found.scores["class3_accuracy"] == pytest.approx(2 / 3)
    assert found.scores["class3_macro_f1"] == pytest.approx(2 / 3)
    assert found.scores["class5_accuracy"] == pytest.approx(1 / 4)


@pytest.mark.parametrize("kind", ["embeddings", "predictions"])
def test_three_classes_that_are_not_the_three(kind):
    """Ia, II and SLSN: ``class3_`` is of all of them, not of Ia against II under the same name.

    The embeddings, and the predictions, take every SLSN for Ia: accuracy 2/3, not 1."""
    names = np.repeat(["Ia", "II", "SLSN"], 3).tolist()
    seen = np.repeat(np.eye(3)[[0, 1, 0]], 3, axis=0)
    objects, rows = sample(names, np.full(9, 0.1)), thirds(9)
    if kind == "embeddings":
        found = clip.judge_embeddings(seen, objects, rows, SETTINGS)
    else:
        found = clip.judge_predictions(stored(seen, ["Ia", "II", "SLSN"]), objects, rows, SETTINGS)
    assert found.scores["class3_accuracy"] == pytest.approx(2 / 3)


def test_all_classes_and_the_3_way_sample():
    """Test rows 0-4 of the five classes; all called Ia but TDE: accuracy 2/5; macro F1 of five:
    Ia 2 / (1 + 4) = 0.4, TDE 1, the others 0: 1.4 / 5 = 0.28.  Among the three, all Ia: 1/3."""
    probabilities = np.full((6, 5), 0.1)
    probabilities[:, CLASSES.index("Ia")] = 0.6
    probabilities[4] = [0.1, 0.1, 0.1, 0.1, 0.6]
    objects = sample([*CLASSES, "Ia"], [0.1] * 6)
    rows = {"train": np.array([5]), "validation": np.array([], int), "test": np.arange(5)}
    scores = clip.judge_predictions(stored(probabilities), objects, rows, SETTINGS).scores
    assert scores["class5_accuracy"] == pytest.approx(0.4)
    assert scores["class5_macro_f1"] == pytest.approx(0.28)
    assert scores["class3_accuracy"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("kind", ["embeddings", "predictions"])
def test_a_sample_without_the_three_classes_has_no_3_way_score(kind):
    """Own data may name its classes otherwise: the other scores stand."""
    classes = ["A", "B", "C", "D"]
    names = np.repeat(classes, 3).tolist()
    one_hot = np.repeat(np.eye(4), 3, axis=0)
    objects, rows = sample(names, np.full(12, 0.1)), thirds(12)
    if kind == "embeddings":
        found = clip.judge_embeddings(one_hot, objects, rows, SETTINGS)
    else:
        found = clip.judge_predictions(stored(one_hot, classes), objects, rows, SETTINGS)
    assert found.scores["class4_macro_f1"] == 1
    assert not any(key.startswith("class3") for key in found.scores)


def test_redshift_errors_of_the_baseline():
    """z = 0.1, 0.2, unknown, predicted 0.1: dz = 0, -0.1; l1 0.05; l2 sqrt(0.01 / 2); below 0.15
    only the first: no error; r2 = 1 - 0.01 / 0.005 = -1; |dz| / (1 + z) = 0.083 is no outlier."""
    objects = sample(["Ia", "II", "Ibc"], [0.1, 0.2, np.nan])
    rows = {"train": np.array([], int), "validation": np.array([], int), "test": np.arange(3)}
    found = clip.judge_predictions(stored(np.full((3, 5), 0.2)), objects, rows, SETTINGS)
    assert found.scores["redshift_l1"] == pytest.approx(0.05)
    assert found.scores["redshift_l2"] == pytest.approx(np.sqrt(0.005))
    assert found.scores["redshift_l1_below_015"] == pytest.approx(0)
    assert found.scores["redshift_r2"] == pytest.approx(-1)
    assert found.scores["redshift_outlier_fraction"] == 0
    assert found.predictions["predicted_redshift"].tolist() == [0.1, 0.1, 0.1]


# --- retrieval ----------------------------------------------------------------------------------


def test_retrieval_is_among_the_scored_objects():
    """Scored rows 1, 2, 3; the spectra of 2 and 3 are exchanged.  Row 1 finds its own: rank 1.
    The other light curves match the wrong spectrum, and their own ties with that of row 1 at
    cosine 0: rank (2 + 3) / 2.  auc = mean of (3 - rank) / 2 = (1 + 0.25 + 0.25) / 3."""
    light_curves, spectra = np.eye(5), np.eye(5)[[0, 1, 3, 2, 4]]
    kept = {"light_curve": light_curves, "spectrum": spectra}
    scores = clip.judge_retrieval(kept, {"test": np.array([1, 2, 3])})
    assert scores["retrieval_auc"] == pytest.approx(0.5)
    assert scores["retrieval_recall_at_1"] == pytest.approx(1 / 3)
    assert scores["retrieval_recall_at_5"] == 1
    assert scores["retrieval_reverse_auc"] == scores["retrieval_auc"]
    assert all(key.startswith("retrieval_") for key in scores)
