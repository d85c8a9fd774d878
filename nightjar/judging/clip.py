"""How well a fold's embeddings, or a baseline's predictions, tell class and redshift (Zhang+2024).

Every model is scored on the same objects of the same folds.  Keys begin with ``class3_`` (the
3-way sample, where the folds have all of its classes), ``class5_`` (all classes in the folds),
``redshift_`` and ``retrieval_``; the number is that of the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar import metrics, probes
from nightjar.errors import InputError
from nightjar.metrics import Scores
from nightjar.params import ProbeClip
from nightjar.redshifts import learnable

Rows = Mapping[str, NDArray[np.int64]]  # part -> rows
Columns = Mapping[str, NDArray]


class Judged(NamedTuple):
    """Scores of one fold, and the predictions for its scored objects."""

    scores: Scores
    predictions: pd.DataFrame  # object_id, class, predicted_class, redshift, predicted_redshift
    intervals: pd.DataFrame | None = None  # of `judging.intervals`, where redshifts were probed


class Teachers(NamedTuple):
    """Embeddings that probes are fitted on, where an object of the training part has several."""

    embeddings: NDArray[np.floating]  # (m, dim)
    owner: NDArray[np.int64]  # (m,) row of the object of each among the n

    def part(self, target: NDArray, train: NDArray[np.int64]) -> probes.Part:
        """Those of the objects in the rows ``train``; each object counts once in a linear fit."""
        mine = np.isin(self.owner, train)
        owner = self.owner[mine]
        share = 1 / np.bincount(owner, minlength=len(target))[owner]
        return probes.Part(self.embeddings[mine], target[owner], share)


def judge_embeddings(
    embeddings: NDArray[np.floating],
    objects: pd.DataFrame,
    rows: Rows,
    settings: ProbeClip,
    teachers: Teachers | None = None,
) -> Judged:
    """Probe one kind of embedding: class by a linear SVC, beside it kNN (keys ``..._knn_...``).

    Redshift is probed in its logarithm, by ridge regression or kNN, whichever is better on
    validation.

    Parameters
    ----------
    embeddings : (n, dim)
    objects : (n rows) with object_id, class and redshift
    rows : ``train``, ``validation`` and ``test``
    settings : candidates for k, the 3-way sample, limits
    teachers : what the probes are fitted on, in place of the ``embeddings`` of the training part;
        settings are chosen and scores taken on ``embeddings`` all the same
    """
    labels = _labels(objects)
    few = {each: r[np.isin(labels[r], settings.class_groups)] for each, r in rows.items()}
    every = _classified(_parts(embeddings, labels, rows, teachers), settings)
    three = _classified(_parts(embeddings, labels, few, teachers), settings)
    redshift = objects["redshift"].to_numpy(float)
    redshifts = _regressed(embeddings, redshift, rows, settings, teachers)
    svc, knn = (
        _judged(objects, rows, every[probe], three[probe], redshifts, settings)
        for probe in ("svc", "knn")
    )
    beside = {key: value for key, value in knn.scores.items() if key.endswith("_macro_f1")}
    svc.scores.update({key.replace("_macro", "_knn_macro"): v for key, v in beside.items()})
    return svc


def judge_predictions(
    stored: Columns, objects: pd.DataFrame, rows: Rows, settings: ProbeClip
) -> Judged:
    """Score the predictions of the end-to-end baseline.

    Its 3-way class is the likeliest of the three: it was trained once, on all classes.

    Parameters
    ----------
    stored : ``class`` (n, classes) probabilities, ``classes`` their names, ``redshift`` (n,)
    objects, rows, settings : as in `judge_embeddings`
    """
    classes, test = stored["classes"], rows["test"]
    probabilities = stored["class"][test]
    three = np.isin(classes, settings.class_groups)
    labels = _labels(objects)[test]
    among_three = np.isin(labels, settings.class_groups)
    few = classes[:0]
    if three.any():
        few = classes[three][probabilities[among_three][:, three].argmax(axis=1)]
    return _judged(
        objects,
        rows,
        classes[probabilities.argmax(axis=1)],
        few,
        stored["redshift"][test],
        settings,
    )


def judge_table(
    predicted: pd.DataFrame, objects: pd.DataFrame, rows: Rows, settings: ProbeClip
) -> Judged:
    """Score the predictions of a method that was fitted for each question by itself.

    Parameters
    ----------
    predicted : one row per scored object: object_id, class, few_class (of a fit to the 3-way
        sample; null for objects of other classes), redshift (NaN for none)
    objects, rows, settings : as in `judge_embeddings`

    Raises
    ------
    InputError
        It is not the scored objects that have a prediction.
    """
    test = objects.iloc[rows["test"]]
    table = predicted.set_index("object_id").reindex(test["object_id"])
    if len(predicted) != len(test) or table["class"].isna().any():
        raise InputError(
            f"predictions of {len(predicted)} objects, of which the splits score others; "
            "run train_classical again"
        )
    among_few = np.isin(_labels(test), settings.class_groups)
    few = table["few_class"].to_numpy()[among_few].astype(str)
    redshift = table["redshift"].to_numpy(float)
    return _judged(objects, rows, table["class"].to_numpy(str), few, redshift, settings)


def judge_retrieval(stored: Columns, rows: Rows) -> Scores:
    """Retrieval between the scored objects' light curves and spectra."""
    test = rows["test"]
    found = metrics.retrieval(stored["light_curve"][test], stored["spectrum"][test])
    return _named("retrieval", found)


def chance(rows: Rows) -> Scores:
    """What retrieval among the scored objects comes to without any knowledge, same keys."""
    return _named("retrieval", metrics.retrieval_chance(len(rows["test"])))


def known_redshifts(
    embeddings: NDArray[np.floating],
    redshift: NDArray[np.floating],
    rows: Rows,
    teachers: Teachers | None,
) -> dict[str, probes.Part] | None:
    """Objects of each part whose redshift can be learned, with ln z as their target.

    None where too few are known to fit or to choose by.
    """
    known = {each: r[learnable(redshift[r])] for each, r in rows.items()}
    if len(known["train"]) < 2 or not len(known["validation"]):
        return None
    logarithm = np.log(np.where(learnable(redshift), redshift, 1.0))
    return _parts(embeddings, logarithm, known, teachers)


def _parts(
    embeddings: NDArray[np.floating], target: NDArray, rows: Rows, teachers: Teachers | None
) -> dict[str, probes.Part]:
    parts = {each: probes.Part(embeddings[r], target[r]) for each, r in rows.items()}
    if teachers is not None:
        parts["train"] = teachers.part(target, rows["train"])
    return parts


def _classified(
    parts: Mapping[str, probes.Part], settings: ProbeClip
) -> dict[str, NDArray[np.str_]]:
    """Classes of the test part by ``svc`` and ``knn``; the commonest where none can be fitted."""
    train, validation, test = (parts[each] for each in ("train", "validation", "test"))
    if not len(validation.target) or len(np.unique(train.target)) < 2:
        names, count = np.unique(train.target, return_counts=True)
        commonest = np.repeat(names[count.argmax()] if len(names) else "", len(test.target))
        return {"svc": commonest, "knn": commonest}
    found = probes.classify(train, validation, test.embeddings, settings.neighbours)
    return {name: prediction.test for name, prediction in found.items()}


def _regressed(
    embeddings: NDArray[np.floating],
    redshift: NDArray[np.floating],
    rows: Rows,
    settings: ProbeClip,
    teachers: Teachers | None,
) -> NDArray[np.floating]:
    """Predicted redshifts of the test part; NaN where too few are known to fit or to choose.

    None is beyond those of the training part: a logarithm's error of 1 is a factor of e.
    """
    parts = known_redshifts(embeddings, redshift, rows, teachers)
    if parts is None:
        return np.full(len(rows["test"]), np.nan)
    test = embeddings[rows["test"]]
    found = probes.regress(parts["train"], parts["validation"], test, settings.neighbours)
    trained = parts["train"].target
    return np.exp(np.clip(found[probes.best(found)].test, trained.min(), trained.max()))


def _judged(
    objects: pd.DataFrame,
    rows: Rows,
    predicted: NDArray[np.str_],
    few: NDArray[np.str_],
    redshifts: NDArray[np.floating],
    settings: ProbeClip,
) -> Judged:
    test = objects.iloc[rows["test"]]
    in_fold = objects["class"].iloc[np.concatenate(list(rows.values()))]
    labels = _labels(test)
    groups = settings.class_groups
    three = labels[np.isin(labels, groups)]
    complete = len(three) > 0 and set(groups) <= set(in_fold)  # else it is no 3-way sample
    true = test["redshift"].to_numpy(float)
    known = np.isfinite(true) & np.isfinite(redshifts)
    scores: Scores = {
        **_named(f"class{in_fold.nunique()}", metrics.classification(labels, predicted)),
        **(_named(f"class{len(groups)}", metrics.classification(three, few)) if complete else {}),
        **_named(
            "redshift",
            metrics.redshift(
                true[known],
                redshifts[known],
                outlier=settings.outlier,
                low=settings.redshift_low,
            ),
        ),
    }
    predictions = test[["object_id", "class", "redshift"]].assign(
        predicted_class=predicted, predicted_redshift=redshifts
    )
    return Judged(scores, predictions)


def _labels(objects: pd.DataFrame) -> NDArray[np.str_]:
    """Class of each object, empty where it has none.

    With a null among them, pandas would cut all the names of ``to_numpy(str)`` to one letter.
    """
    return objects["class"].fillna("").to_numpy(str)


def _named(prefix: str, scores: Scores) -> Scores:
    return {f"{prefix}_{key}": value for key, value in scores.items()}
