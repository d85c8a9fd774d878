"""Random forests on features of few labelled stars: the baseline beside Astromer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from tqdm import tqdm

from nightjar.classical.stars import sets
from nightjar.parts import Folds

COLUMNS = ["survey", "samples_per_class", "fold", "method", "object_id", "class"]


def predictions(
    features: pd.DataFrame,
    classes: pd.Series,
    tasks: Mapping[tuple[str, int], Folds],
    *,
    trees: int,
    seed: int,
    threads: int = 1,
) -> pd.DataFrame:
    """Classes of the scored stars of every few-shot task, by a forest on each set of features.

    Parameters
    ----------
    features : (stars, features) indexed by object_id, as `stars.of_stars` gives them
    classes : names, indexed by object_id; every star of the ``tasks`` has one
    tasks : (survey, samples per class) -> folds, see `parts.tasks`
    trees : of a forest
    seed : with the fold's number the seed of each forest
    threads : trees grown at once; the same forest for any number

    Returns
    -------
    one row per task, fold, method and scored star: `COLUMNS`; no star is left out
    """
    methods = sets(features.columns.tolist())
    tables = []
    for (survey, samples), folds in tqdm(tasks.items(), desc="forests"):
        for fold, part in folds.items():
            train, test = part["train"].tolist(), part["test"].tolist()
            of_fold = {"survey": survey, "samples_per_class": samples, "fold": fold}
            for method, columns in methods.items():
                known, asked = (features.loc[ids, columns].to_numpy() for ids in (train, test))
                forest = _forest(trees, seed + fold, threads)
                found = _classes(forest, known, classes.loc[train].to_numpy(str), asked)
                of_method = {"method": method, "object_id": test, "class": found}
                tables.append(pd.DataFrame(of_fold | of_method))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _forest(trees: int, seed: int, threads: int) -> RandomForestClassifier:
    """Settings are fixed: fully grown trees, classes weighted inversely to their size."""
    return RandomForestClassifier(trees, class_weight="balanced", random_state=seed, n_jobs=threads)


def _classes(
    forest: RandomForestClassifier,
    train: NDArray[np.floating],
    labels: NDArray[np.str_],
    test: NDArray[np.floating],
) -> NDArray[np.str_]:
    """Fit and predict.

    A feature that a star lacks goes the way that parted the training stars best, and where all of
    those have it, the way that most of them went (scikit-learn's rule for missing values).
    """
    seen = np.isfinite(train).any(axis=0)  # of a feature that no training star has nothing is known
    forest.fit(np.where(seen, train, 0.0), labels)
    forest.set_params(n_jobs=1)  # threads would add up the trees' votes in any order
    return np.asarray(forest.predict(np.where(seen, test, 0.0)))
