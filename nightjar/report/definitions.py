"""What the keys of the metrics files mean, in words: for the report and the model cards."""

from __future__ import annotations

import re
from typing import NamedTuple


class Definition(NamedTuple):
    """What a number is, and whether more (1) or less (-1) of it is better; 0 where neither is."""

    text: str
    direction: int = 0


_INTERVALS = {"redshift": "as predicted", "conformal": "moved by what validation objects need"}
# keyed by the end of the metric's name; the longest one that fits counts
DEFINITIONS = {
    "macro_f1": Definition("Mean over classes of F1, 2 · hits / (true + predicted)", 1),
    "micro_f1": Definition("F1 over all objects; equals accuracy with one label each", 1),
    "macro_precision": Definition(
        "Mean over classes of the share of predictions that are right", 1
    ),
    "macro_recall": Definition("Mean over classes of the share of objects that are found", 1),
    "balanced_accuracy": Definition("Mean recall over the classes that occur", 1),
    "accuracy": Definition("Share of objects classified rightly", 1),
    "r2": Definition(
        "1 − Σ(error²) / Σ(deviation from the mean)²: 1 is perfect, 0 no better than the mean", 1
    ),
    "l1": Definition("Mean |Δz|", -1),
    "l2": Definition("Root mean square of Δz", -1),
    "median_error": Definition("Median |Δz| / (1 + z)", -1),
    "outlier_fraction": Definition("Share of objects with |Δz| / (1 + z) above the limit", -1),
    "retrieval_auc": Definition(
        "Area under partners found against share of objects looked at: 0.5 is chance", 1
    ),
    "reverse_auc": Definition("The same area from spectrum to light curve: 0.5 is chance", 1),
    "retrieval_auc_alike": Definition(
        "Area under partners found among objects whose peak is within 0.5 mag: 0.5 is chance", 1
    ),
    "reverse_auc_alike": Definition(
        "The same among alike peaks, from spectrum to light curve: 0.5 is chance", 1
    ),
    "alike_candidates": Definition("Objects whose peak is within 0.5 mag, itself among them, mean"),
    "alike_left_out": Definition("Scored objects of no known peak, or with none alike, per fold"),
    "recall_at_1": Definition(
        "Share of objects whose partner is the nearest: chance is 1 / objects", 1
    ),
    "recall_at_5": Definition(
        "Share of objects whose partner is among the 5 nearest: chance is 5 / objects", 1
    ),
    "recall_at_10": Definition(
        "Share of objects whose partner is among the 10 nearest: chance is 10 / objects", 1
    ),
    "median_rank": Definition(
        "Median rank of the partner, 1 is the nearest: chance is (objects + 1) / 2", -1
    ),
    "ece": Definition("Expected calibration error: mean |accuracy − confidence| over bins", -1),
    "ece_scaled": Definition("Expected calibration error after temperature scaling", -1),
    "ece_noise": Definition("The same, expected of right probabilities of so few objects"),
    "nll": Definition("Negative log-likelihood of the true class, nats per object", -1),
    "brier": Definition("Mean squared error of the probabilities, summed over classes: 0 to 2", -1),
    "aurc": Definition("Mean error rate as the most uncertain objects are rejected one by one", -1),
    "auroc_smp": Definition("Finding the errors by 1 − mean maximum probability: 0.5 is chance", 1),
    "auroc_pv": Definition("Finding the errors by the samples' variance: 0.5 is chance", 1),
    "auroc_bald": Definition("Finding the errors by mutual information: 0.5 is chance", 1),
    "auroc_entropy": Definition("Finding the errors by entropy of the mean: 0.5 is chance", 1),
    "auroc_expected_entropy": Definition("Finding the errors by mean entropy: 0.5 is chance", 1),
    "auroc": Definition("Finding the errors, by the score named: 0.5 is chance", 1),
    "auprc": Definition("Average precision of finding the errors; chance is their share", 1),
    **{
        f"auprc_{score}": Definition(
            f"Average precision of finding the errors by {words}; chance is their share", 1
        )
        for score, words in (
            ("smp", "1 − mean maximum probability"),
            ("pv", "the samples' variance"),
            ("bald", "mutual information"),
            ("entropy", "entropy of the mean"),
            ("expected_entropy", "mean entropy"),
        )
    },
    "nll_scaled": Definition(
        "Negative log-likelihood after temperature scaling, nats per object", -1
    ),
    "temperature": Definition("Divides the logarithms: above 1, predictions were too confident"),
    "kept": Definition("Share kept, chosen on validation for the error rate asked for", 1),
    "kept_error": Definition("Share of wrong predictions among the kept ones", -1),
    "p_value": Definition(
        "Wilcoxon signed-rank test of the same objects, two-sided: chance of such differences of "
        "the loss, or larger, if neither method were better"
    ),
    "wins": Definition("Share of objects with the smaller loss under the first method", 1),
    "passes": Definition("Passes through a network for one prediction", -1),
    "ood_auroc": Definition(
        "Finding objects of no known class or of another survey, by entropy: 0.5 is chance", 1
    ),
    "ood_auroc_class": Definition("Finding objects of a class left out, by entropy", 1),
    "ood_auroc_survey": Definition("Finding objects of another survey, by entropy", 1),
    "coverage_90": Definition(
        "Share of 90 % conformal sets that hold the true class; should be near 0.9"
    ),
    "set_size_90": Definition("Mean number of classes in a 90 % conformal set", -1),
    "pinball": Definition(
        "Mean over 11 quantiles, 5 % to 95 %, of level · Δ or (level − 1) · Δ, whichever is above "
        "0, of Δ = ln z − quantile",
        -1,
    ),
    "crps": Definition(
        "Continuous ranked probability score of ln z, ∫ (predicted probability to be below − "
        "whether it is)²: for a prediction without width the mean |Δ ln z|",
        -1,
    ),
    "pit_distance": Definition(
        "Kolmogorov–Smirnov distance from uniform of the predicted probability to be below the "
        "true redshift: of n objects, right predictions stay below 1.36 / √n in 95 % of samples",
        -1,
    ),
    **{
        f"{kind}_coverage_{share}": Definition(
            f"Share of true redshifts within the {share} % interval, {words}; should be near "
            f"{share / 100:g}"
        )
        for share in (68, 90)
        for kind, words in _INTERVALS.items()
    },
    **{
        f"{kind}_width_{share}": Definition(
            f"Mean width of the {share} % interval of z, {words}, / (1 + median z)"
        )
        for share in (68, 90)
        for kind, words in _INTERVALS.items()
    },
    "rmse": Definition("Root mean square error of the reconstructed magnitudes scored, mag", -1),
    "weighted_rmse": Definition(
        "Root mean square error of the magnitudes scored with Astromer 2's weights, 1 / error "
        "scaled to 0.001 … 1.001 in each window; not comparable with the one without weights",
        -1,
    ),
    "scaled_rmse": Definition(
        "Root mean square error of the magnitudes scored, in standard deviations of their window",
        -1,
    ),
    "scaled_r2": Definition(
        "R² of the magnitudes scored, in standard deviations of their window: each counts alike", 1
    ),
    "validation_r2": Definition(
        "1 − Σ(error²) / Σ(deviation²) of the magnitudes scored, deviations from their window's "
        "mean: 1 is perfect, 0 no better than that mean",
        1,
    ),
    "weighted_r2": Definition(
        "R² of the magnitudes scored, weighted by 1 / error in both sums and in the window's mean",
        1,
    ),
    "all_points_rmse": Definition(
        "Root mean square error of the reconstruction with every point visible and scored, mag", -1
    ),
    "all_points_weighted_rmse": Definition(
        "Root mean square error with every point visible and scored, with Astromer 2's weights; "
        "not comparable with the one without weights",
        -1,
    ),
    "all_points_scaled_rmse": Definition(
        "Root mean square error with every point visible and scored, in standard deviations", -1
    ),
    "all_points_scaled_r2": Definition(
        "R² with every point visible and scored, in standard deviations of each window", 1
    ),
    "all_points_r2": Definition(
        "1 − Σ(error²) / Σ(deviation from the window's mean)² with every point visible and scored",
        1,
    ),
    "all_points_weighted_r2": Definition(
        "R² with every point visible and scored, weighted by 1 / error in both sums and the mean",
        1,
    ),
    "loss": Definition("Value of the training objective", -1),
    "epochs": Definition("Passes over the training sample"),
    "best_epoch": Definition("Pass with the smallest validation loss, whose weights are kept"),
    "logit_scale": Definition("Inverse temperature of the contrastive loss"),
    "parameters": Definition("Trainable numbers of the network"),
    "objects": Definition("Objects kept"),
    "stars": Definition("Stars scored"),
    "light_curves": Definition("Light curves kept"),
    "points": Definition("Photometric points kept"),
    "spectra": Definition("Spectra kept"),
    "pairs": Definition("Objects with both a light curve and a spectrum"),
    "light_curve_features": Definition("Numbers that describe an object's light curves"),
    "templates": Definition("Spectra on the grid for matching"),
    "windows": Definition("Pieces of light curves, as long as the network reads at once"),
}

PAIRED = (
    "Mean difference over the same folds ± its standard error, which allows for the objects that "
    "folds share (in cross-validation after Nadeau and Bengio 2003, in few-shot folds by the share "
    "of objects that two have in common). A 95 % interval is ± 2.8 standard errors "
    "for 5 folds, ± 4.3 for 3 (Student's t). Positive is better where a definition has ↑, "
    "negative where it has ↓."
)

TITLES = {
    "simulate_supernovae": "Simulated supernovae",
    "gather_supernovae": "Observed supernovae",
    "gather_variables": "Variable stars",
    "preprocess_spectra": "Preprocessed spectra",
    "window_light_curves": "Light curves as sequences and windows",
    "pretrain_clip": "Maven: pre-training",
    "finetune_clip": "Maven: fine-tuning",
    "train_baselines": "End-to-end baselines",
    "train_classical": "What a practitioner would use instead",
    "probe_clip": "Maven: class, redshift, retrieval",
    "pretrain_astromer": "Astromer: pre-training",
    "finetune_astromer": "Astromer: fine-tuning",
    "train_star_features": "Variable stars: what a practitioner would use instead",
    "train_star_classifiers": "Variable stars: networks trained whole",
    "probe_astromer": "Astromer: few-shot classification",
    "train_uncertainty": "Uncertainty: training",
    "evaluate_uncertainty": "Uncertainty: does it know its errors?",
}

_WORDS = {
    "f1": "F1", "r2": "R²", "l1": "L1", "l2": "L2", "auc": "AUC", "auroc": "AUROC", "ece": "ECE",
    "nll": "NLL", "brier": "Brier score", "aurc": "AURC", "smp": "SMP", "pv": "PV", "bald": "BALD",
    "rmse": "RMSE", "ood": "OOD", "clip": "CLIP", "mc": "MC", "hsa": "HSA", "pca": "PCA",
    "gru": "GRU", "knn": "kNN", "svc": "SVC", "lr": "learning rate", "std": "standard deviation",
    "err": "error", "tsne": "t-SNE", "z": "z", "maven": "Maven", "astromer": "Astromer",
    "astromer1": "Astromer 1", "astromer2": "Astromer 2", "snr": "S/N", "id": "id",
    "auprc": "AUPRC", "ha": "HA", "pit": "PIT", "crps": "CRPS",
}  # fmt: skip
_NAMES = {
    **{
        f"{key}{kind}": f"{name}{words}"
        for key, name in (("maven", "Maven"), ("maven_lite", "Maven-lite"))
        for kind, words in (
            ("", ""),
            ("_spectrum", ", spectrum"),
            ("_joint", ", light curve and spectrum"),
            ("_every_spectrum", ", spectrum, fitted on all spectra"),
            ("_joint_every_spectrum", ", light curve and spectrum, fitted on all spectra"),
            ("_mean_spectrum", ", mean of all spectra"),
            ("_joint_mean_spectrum", ", light curve and mean of all spectra"),
        )
    },
    "magnitude_shortcut": "Peak magnitude against flux level",
    "nearest_spectra": "The spectra nearest to a light curve of each class, of median rank",
    "tsne": "t-SNE of light curves that Maven was not trained on",
    "features": "Light-curve features, gradient boosting",
    "features_forest": "Light-curve features, random forest",
    "features_matching": "Features and match scores, gradient boosting",
    "spectrum_pca": "Spectra, PCA and SVC",
    "spectrum_pca_one": "Spectra, PCA and SVC, one of each object",
    "spectrum_pca_mean": "Spectra, PCA and SVC, mean of each object's",
}
_NEAR = re.compile(r"_below_(\d)(\d+)$")


def define(key: str) -> Definition | None:
    """Find the definition whose name ends ``key``, the longest first; None where there is none.

    >>> define("class3_macro_f1").direction
    1
    """
    near = _NEAR.search(key)
    parts = _NEAR.sub("", key).split("_")
    for start in range(len(parts)):
        found = DEFINITIONS.get("_".join(parts[start:]))
        if found and near:
            return found._replace(text=f"{found.text}; objects with z < {near[1]}.{near[2]}")
        if found:
            return found
    return None


def label(key: str) -> str:
    """Turn a key into words: ``class3_macro_f1`` becomes ``3-way macro F1``.

    A name that is no key, as a class is (``SN Ib/c``), stays as it is.
    """
    if not re.fullmatch(r"[a-z0-9_]+", key):
        return key
    if key in _NAMES:
        return _NAMES[key]
    one, minus, other = key.partition("_minus_")
    if minus:
        return f"{label(one)} minus {_inside(label(other))}"
    near = _NEAR.search(key)
    words = [_word(part) for part in _NEAR.sub("", key).split("_") if part]
    text = " ".join(words) + (f", z < {near[1]}.{near[2]}" if near else "")
    return text[:1].upper() + text[1:] if words and not re.match(r"kNN|t-SNE", text) else text


def _inside(name: str) -> str:
    """A name within a line: without the capital that only its place at the start had."""
    first = re.split("[ ,]", name)[0]
    proper = {*_WORDS.values(), *_NAMES.values()}
    return name if first in proper else name[:1].lower() + name[1:]


def _word(part: str) -> str:
    ways = re.fullmatch(r"class(\d+)", part)
    return f"{ways[1]}-way" if ways else _WORDS.get(part, part)
