"""Does a classifier know when it is wrong (arXiv:2412.10528), and do its promises hold?

Promises (temperature, conformal sets, the score up to which objects are kept) are fitted on the
validation stars and measured on the scored ones.  Validation stars also chose the epoch, so that
the classifier looks a little better on them than on others: expect the coverage a little below what
was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from nightjar import calibration, metrics, uncertainty
from nightjar.calibration.record import Calibration
from nightjar.judging.predictions import COSTS, Fold, Predicted
from nightjar.metrics import Scores
from nightjar.params import EvaluateUncertainty


def calibrated(fold: Fold) -> Calibration:
    """What the validation stars of a fold teach."""
    known = fold.validation
    return Calibration.fit(
        known.mean, uncertainty.smp(known.probabilities), known.label, fold.classes
    )


def tempered(fold: Fold) -> np.ndarray:
    """Mean probabilities of the scored stars after temperature scaling, (n, classes)."""
    return calibration.tempered(fold.scored.mean, calibrated(fold).temperature)


def scores(fold: Fold, settings: EvaluateUncertainty) -> Scores:
    """Everything that is said of a method in one fold; per star, whatever its windows.

    ``auroc_``, ``auprc_`` of finding the errors by each score, ``aurc`` by smp; ``ece``, ``nll``,
    ``brier``, the first two also ``_scaled`` by ``temperature``, and ``ece_noise``, what the scaled
    probabilities would have if they were right; ``coverage_90``, ``set_size_90`` (for coverage
    0.9) of conformal sets; ``kept``, ``kept_error`` of the stars kept at the error rate of the
    settings; ``ood_auroc`` of finding outside objects by predictive entropy, all, and
    those of a class left out and of another survey (``_class``, ``_survey``); the costs.

    Left out: a score that ranks nothing (one sample has no variance), an AUROC where all
    predictions are right, what needs outside objects where there are none.

    Parameters
    ----------
    fold : predictions
    settings : bins, coverage, error rate
    """
    scored, learned = fold.scored, calibrated(fold)
    label, mean = scored.label, scored.mean
    uncertain = uncertainty.scores(scored.probabilities)
    known = {name: score for name, score in uncertain.items() if np.ptp(score) > 0}
    scaled = calibration.scores(tempered(fold), label, settings.bins)
    return {
        "macro_f1": metrics.classification(label, mean.argmax(axis=1))["macro_f1"],
        "accuracy": float(np.mean(~scored.wrong)),
        **{f"auroc_{name}": calibration.auroc(scored.wrong, each) for name, each in known.items()},
        **{f"auprc_{name}": calibration.auprc(scored.wrong, each) for name, each in known.items()},
        "aurc": calibration.aurc(scored.wrong, uncertain["smp"]),
        **calibration.scores(mean, label, settings.bins),
        **{f"{name}_scaled": scaled[name] for name in ("ece", "nll")},
        "ece_noise": calibration.noise(tempered(fold), settings.bins),
        "temperature": learned.temperature,
        **_sets(scored, learned, settings.coverage),
        **_kept(scored, uncertain["smp"], learned, settings.error_rate),
        **_outside(fold),
        **fold.cost,
        "stars": len(label),
    }


def _sets(scored: Predicted, learned: Calibration, coverage: float) -> Scores:
    held, size = _conformal(scored, learned, coverage)
    percent = name_of(coverage)
    return {f"coverage_{percent}": float(held.mean()), f"set_size_{percent}": float(size.mean())}


def _conformal(
    scored: Predicted, learned: Calibration, coverage: float
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each star's set holds its class, and how many classes it has; (n,) both."""
    sets = calibration.conformal_sets(scored.mean, learned.set_threshold(coverage))
    return sets[np.arange(len(sets)), scored.label], sets.sum(axis=1)


def _kept(scored: Predicted, smp: np.ndarray, learned: Calibration, rate: float) -> Scores:
    kept = smp <= learned.kept_up_to(rate)
    error = float(scored.wrong[kept].mean()) if kept.any() else None
    return {"kept": float(kept.mean()), "kept_error": error}


def _outside(fold: Fold) -> Scores:
    inside = uncertainty.predictive_entropy(fold.scored.probabilities)
    kinds = {name: uncertainty.predictive_entropy(each) for name, each in fold.outside.items()}
    if not kinds:
        return {}
    found = {"ood_auroc": _above(inside, np.concatenate(list(kinds.values())))}
    return found | {f"ood_auroc_{name}": _above(inside, each) for name, each in kinds.items()}


def _above(inside: np.ndarray, outside: np.ndarray) -> float | None:
    is_outside = np.repeat([False, True], [len(inside), len(outside)])
    return calibration.auroc(is_outside, np.concatenate([inside, outside]))


def name_of(coverage: float) -> str:
    """0.9 as it stands in keys, ``90``."""
    return f"{100 * coverage:g}".replace(".", "_")


# --- per class ----------------------------------------------------------------------------------


def per_class(folds: Sequence[Fold], coverage: float) -> dict[str, dict[str, float]]:
    """Coverage and size of the conformal sets of each class's stars, mean over folds.

    The promise is for all classes together: one may be covered less if another is more.

    Returns
    -------
    ``coverage_90``, ``set_size_90`` (for coverage 0.9): class -> number, with ``_std``
    """
    measured = [_per_class(fold, coverage) for fold in folds]
    percent = name_of(coverage)
    return {
        f"{name}_{percent}": metrics.over_folds([each[name] for each in measured])
        for name in ("coverage", "set_size")
    }


def _per_class(fold: Fold, coverage: float) -> dict[str, Scores]:
    held, size = _conformal(fold.scored, calibrated(fold), coverage)
    found: dict[str, Scores] = {"coverage": {}, "set_size": {}}
    for code, name in enumerate(fold.classes):
        of_class = fold.scored.label == code
        if of_class.any():
            found["coverage"][name] = float(held[of_class].mean())
            found["set_size"][name] = float(size[of_class].mean())
    return found


# --- methods against each other -----------------------------------------------------------------

_NO_RESULTS = ("temperature", "stars", *COSTS)


def comparable(scores: Mapping[str, Sequence[Scores]]) -> dict[str, list[Scores]]:
    """Of every method's scores per fold those whose difference says which method is better."""
    return {
        name: [{k: v for k, v in fold.items() if k not in _NO_RESULTS} for fold in folds]
        for name, folds in scores.items()
    }


def by_score(scores: Mapping[str, Sequence[Scores]]) -> dict[str, list[Scores]]:
    """How each score of each method finds the errors, ``<method>_<score>``: auroc and auprc.

    So that the variance of one method can be held against the maximum probability of another, the
    claim of arXiv:2412.10528.

    Parameters
    ----------
    scores : method -> its scores in each fold
    """
    return {
        f"{name}_{score}": [
            {area: fold.get(f"{area}_{score}") for area in ("auroc", "auprc")} for fold in folds
        ]
        for name, folds in scores.items()
        for score in ("smp", "pv", "bald")
        if any(f"auroc_{score}" in fold for fold in folds)
    }


def same_objects(
    methods: Mapping[str, Sequence[Fold]], pairs: Iterable[tuple[str, str]]
) -> dict[str, dict[str, float]]:
    """Wilcoxon signed-rank tests of pairs of methods on the same stars, ``<one>_minus_<other>``.

    A star's loss is its mean over the folds that score it, so that every star counts once.  For
    the losses ``nll`` and ``brier``: ``_p_value``, two-sided, of the hypothesis that their
    differences lie symmetrically about zero (1 where no star differs), and ``_wins``, the share of
    stars with the smaller loss under the first method (ties count half).  The test is of these very
    trained networks: another seed of the same method is another network (`paired` asks that).

    Parameters
    ----------
    methods : name -> its folds
    pairs : names of two methods
    """
    tables = {name: _per_star(folds) for name, folds in methods.items()}
    found = {}
    for one, other in pairs:
        both = (tables[one] - tables[other]).dropna()
        found[f"{one}_minus_{other}"] = {
            key: value
            for loss in both.columns
            for key, value in _signed_rank(str(loss), both[loss].to_numpy()).items()
        }
    return found


def _per_star(folds: Sequence[Fold]) -> pd.DataFrame:
    """Mean loss of every star over the folds that score it, indexed by its id."""
    rows = [
        pd.DataFrame(calibration.losses(f.scored.mean, f.scored.label), index=f.scored.object_id)
        for f in folds
    ]
    return pd.concat(rows).groupby(level=0).mean()


def _signed_rank(loss: str, difference: np.ndarray) -> dict[str, float]:
    wins = float(np.mean((difference < 0) + 0.5 * (difference == 0)))
    p_value = float(wilcoxon(difference).pvalue) if difference.any() else 1.0
    # a star or two leave no rank to test
    return {f"{loss}_p_value": p_value if math.isfinite(p_value) else 1.0, f"{loss}_wins": wins}
