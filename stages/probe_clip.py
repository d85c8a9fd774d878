"""Judge Maven, Maven-lite, the baseline and the classical methods: class, redshift, retrieval."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from nightjar import figures, params, parts, stored
from nightjar.judging import clip, paired
from nightjar.metrics import confusion, over_folds, ranks, retrieval_curve, write_json
from nightjar.pipeline import run

STAGE = "probe_clip"
SAMPLE = Path("data/raw/supernovae")
EMBEDDINGS = Path("data/embeddings")
PLOTS = Path("plots") / STAGE
MODELS = ("maven", "maven_lite")
COMPARED = {  # is it better than without pre-training, and than a practitioner's?
    "maven": ("maven_lite", "baseline", "features"),
    "maven_spectrum": ("maven_lite_spectrum", "spectrum_pca"),
    "maven_joint": ("maven_lite_joint", "features_matching"),
}
BARS = ("class3_macro_f1", "redshift_r2")


def main() -> None:
    """Probe every model's embeddings fold by fold, write scores and figures."""
    settings = params.load(params.ProbeClip)
    objects = stored.table(SAMPLE / "objects.parquet").set_index("object_id", drop=False)
    folds = parts.folds(stored.table(SAMPLE / "splits.parquet"))
    classical = stored.table(EMBEDDINGS / "classical" / "predictions.parquet")
    judged: dict[str, list[clip.Judged]] = {}
    curves: dict[str, list[np.ndarray]] = {}
    for fold, part in folds.items():
        for model in MODELS:
            arrays = np.load(EMBEDDINGS / model / f"fold_{fold}.npz")
            table = objects.loc[arrays["object_id"]]
            rows = parts.rows_of(arrays["object_id"], part)
            light_curve, spectrum = arrays["light_curve"], arrays["spectrum"]
            joint = np.hstack([light_curve, spectrum])
            kinds = {model: light_curve, f"{model}_spectrum": spectrum, f"{model}_joint": joint}
            for name, embeddings in kinds.items():
                found = clip.judge_embeddings(embeddings, table, rows, settings)
                judged.setdefault(name, []).append(found)
            judged[model][-1].scores.update(clip.judge_retrieval(arrays, rows))
            test = rows["test"]
            curves.setdefault(model, []).append(ranks(light_curve[test], spectrum[test]))
        arrays = np.load(EMBEDDINGS / "baseline" / f"fold_{fold}.npz")
        table, rows = objects.loc[arrays["object_id"]], parts.rows_of(arrays["object_id"], part)
        found = clip.judge_predictions(arrays, table, rows, settings)
        judged.setdefault("baseline", []).append(found)
        for method, predicted in classical[classical["fold"] == fold].groupby("method"):
            found = clip.judge_table(predicted, table, rows, settings)
            judged.setdefault(str(method), []).append(found)
    scores = {name: [each.scores for each in found] for name, found in judged.items()}
    metrics = {name: over_folds(of_folds) for name, of_folds in scores.items()}
    compared = [(one, other) for one in COMPARED for other in COMPARED[one] if other in scores]
    write_json(f"metrics/{STAGE}.json", metrics | paired.sections(scores, compared, folds))
    found_at = {name: retrieval_curve(np.concatenate(rank)) for name, rank in curves.items()}
    draw(metrics, judged, found_at, settings.outlier)


def draw(
    metrics: dict[str, dict[str, float]],
    judged: dict[str, list[clip.Judged]],
    curves: dict[str, tuple[np.ndarray, np.ndarray]],
    outlier: float,
) -> None:
    """Confusion matrices, redshifts, retrieval, and the models side by side."""
    for name in (model for model in judged if not model.endswith(("_spectrum", "_joint"))):
        table = pd.concat([each.predictions for each in judged[name]])
        classes = sorted(table["class"].unique())
        counts = confusion(table["class"], table["predicted_class"], classes)
        figures.save(figures.confusion(counts, classes), PLOTS / f"confusion_{name}.png")
        known = table[table[["redshift", "predicted_redshift"]].notna().all(axis=1)]
        if len(known):
            figure = figures.redshift(
                known["redshift"].to_numpy(),
                known["predicted_redshift"].to_numpy(),
                known["class"].to_numpy(str),
                classes,
                outlier,
            )
            figures.save(figure, PLOTS / f"redshift_{name}.png")
    figures.save(figures.retrieval(curves), PLOTS / "retrieval.png")
    for key in BARS:
        values = {
            name: (scores[key], scores.get(f"{key}_std", math.nan))
            for name, scores in metrics.items()
            if key in scores
        }
        if values:  # none where the redshifts, or the three classes, are unknown
            figures.save(figures.bars({"": values}, key), PLOTS / f"{key}.png")


if __name__ == "__main__":
    run(main, STAGE)
