"""Stars that a classifier was not made for: does it notice?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar import parts
from nightjar.errors import InputError
from nightjar.stars import Stars

COUNT = 300

Ids = NDArray[np.str_]


def without(classes: list[str], left_out: str | None) -> list[str]:
    """Classes of the classifier: all but the one left out, at least two.

    Raises
    ------
    InputError
        There is no such class, or a single one would be left.
    """
    if left_out is not None and left_out not in classes:
        raise InputError(
            f"train_uncertainty.left_out: no class {left_out!r} among {', '.join(classes)}"
        )
    kept = [name for name in classes if name != left_out]
    if len(kept) < 2:
        raise InputError("train_uncertainty.left_out: it leaves a single class to tell apart")
    return kept


def outside(stars: Stars, table: pd.DataFrame, survey: str, left_out: str | None, seed: int) -> Ids:
    """Up to 300 scored stars: of other surveys, and of the class left out, in equal shares.

    Scored ones, since pre-training has not seen them.  No star of another survey that is one of
    this survey too.

    Parameters
    ----------
    stars : all light curves
    table : the few-shot splits
    survey : the classifier's
    left_out : class that is none of the classifier's
    seed : of the choice
    """
    own = table["object_id"][table["survey"] == survey].to_numpy(str)
    scored = stars.rows_of(parts.scored(table))
    strangers = stars.ids[np.intersect1d(scored, stars.rows_outside_groups_of(own))]
    groups = [np.unique(strangers)]
    if left_out is not None:
        unknown = stars.labels([left_out]) == 0
        groups.append(
            np.unique(stars.ids[np.intersect1d(scored[unknown[scored]], stars.rows_of(own))])
        )
    groups = [group for group in groups if len(group)]
    rng = np.random.default_rng(seed)
    share = COUNT // max(len(groups), 1)
    chosen = [rng.choice(group, min(share, len(group)), replace=False) for group in groups]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.str_)
