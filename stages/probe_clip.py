"""Judge Maven, Maven-lite, the baseline and the classical methods: class, redshift, retrieval."""

from pathlib import Path

import numpy as np

from nightjar import figures, params, parts, stored
from nightjar.judging import clip, embedded, intervals, paired, pictures, shortcut
from nightjar.metrics import Scores, over_folds, ranks, retrieval_curve, write_json
from nightjar.pairs import Pairs, open_pairs
from nightjar.pipeline import run
from nightjar.ragged import Spectra
from nightjar.spectra.store import ProcessedSpectra

STAGE = "probe_clip"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
SPECTRA = Path("data/processed/spectra/supernovae")
EMBEDDINGS = Path("data/embeddings")
PLOTS = Path("plots") / STAGE
MODELS = ("maven", "maven_lite")
COMPARED = {  # is it better than without pre-training, and than a practitioner's?
    "maven": ("maven_lite", "baseline", "features", "magnitude_shortcut"),
    "maven_spectrum": ("maven_lite_spectrum", "spectrum_pca"),
    "maven_joint": ("maven_lite_joint", "features_matching"),
    "maven_every_spectrum": ("maven_lite_every_spectrum", "maven_spectrum", "spectrum_pca"),
    "maven_joint_every_spectrum": ("maven_lite_joint_every_spectrum", "features_matching"),
    "maven_mean_spectrum": ("maven_lite_mean_spectrum", "spectrum_pca_mean"),
    "maven_joint_mean_spectrum": ("maven_lite_joint_mean_spectrum", "features_matching"),
}


def main() -> None:
    """Probe every model's embeddings fold by fold, write scores and figures."""
    settings = params.load(params.ProbeClip)
    pairs = open_pairs(SAMPLE, WINDOWS, SPECTRA)
    objects = pairs.objects.set_index("object_id", drop=False)
    row = ProcessedSpectra.open(SPECTRA).row
    brightness = shortcut.brightness(pairs, Spectra.open(SAMPLE / "spectra"), row)
    folds = parts.folds(stored.table(SAMPLE / "splits.parquet"))
    classical = stored.table(EMBEDDINGS / "classical" / "predictions.parquet")
    judged: dict[str, list[clip.Judged]] = {}
    retrieved: dict[str, list[Scores]] = {}
    curves: dict[str, list[np.ndarray]] = {}
    for fold, part in folds.items():
        for model in MODELS:
            arrays = embedded.of_fold(EMBEDDINGS / model / f"fold_{fold}.npz")
            ids = arrays["object_id"]
            table, rows, peak = objects.loc[ids], parts.rows_of(ids, part), brightness["peak"][ids]
            found = embedded.judge(model, arrays, table, rows, peak.to_numpy(), settings)
            for name, each in found.items():
                judged.setdefault(name, []).append(each)
            light_curve, spectrum = (arrays[each][rows["test"]] for each in embedded.MODALITIES)
            curves.setdefault(model, []).append(ranks(light_curve, spectrum))
        arrays = np.load(EMBEDDINGS / "baseline" / f"fold_{fold}.npz")
        table, rows = objects.loc[arrays["object_id"]], parts.rows_of(arrays["object_id"], part)
        judged.setdefault("baseline", []).append(
            clip.judge_predictions(arrays, table, rows, settings)
        )
        for method, predicted in classical[classical["fold"] == fold].groupby("method"):
            each = clip.judge_table(predicted, table, rows, settings)
            judged.setdefault(str(method), []).append(each)
        peak, level = brightness.loc[arrays["object_id"]].to_numpy().T
        by_magnitude = shortcut.judge(peak, level, rows)
        retrieved.setdefault("magnitude_shortcut", []).append(by_magnitude)
        knowing_nothing = clip.chance(rows) | intervals.chance(table, rows)
        retrieved.setdefault("chance", []).append(knowing_nothing)
    scores = {name: [each.scores for each in found] for name, found in judged.items()} | retrieved
    metrics = {name: over_folds(of_folds) for name, of_folds in scores.items()}
    compared = [(a, b) for a in COMPARED if a in scores for b in COMPARED[a] if b in scores]
    ratio = paired.scored_per_trained(folds)
    write_json(f"metrics/{STAGE}.json", metrics | paired.sections(scores, compared, ratio))
    for name, of_folds in judged.items():
        if not name.endswith(("_spectrum", "_joint")):
            pictures.predictions(PLOTS, name, of_folds, settings.outlier)
    with_intervals = intervals.table(judged, list(folds))
    with_intervals.to_csv(PLOTS / "redshifts.csv", index=False, float_format="%.6g")
    pictures.intervals(PLOTS, with_intervals)
    pictures.side_by_side(PLOTS, metrics)
    found_at = {name: retrieval_curve(of_folds) for name, of_folds in curves.items()}
    figures.save(figures.retrieval(found_at), PLOTS / "retrieval.png")
    examples(pairs, *next(iter(folds.items())))


def examples(pairs: Pairs, fold: int, part: dict[str, np.ndarray]) -> None:
    """What Maven's network of one fold makes of objects that it was not trained on."""
    arrays = embedded.of_fold(EMBEDDINGS / MODELS[0] / f"fold_{fold}.npz")
    test = parts.rows_of(arrays["object_id"], part)["test"]
    simulated = embedded.simulated(EMBEDDINGS / MODELS[0] / "simulated.npz")
    pictures.nearest_spectra(PLOTS, arrays, test, pairs)
    pictures.embedding_map(PLOTS, arrays, test, pairs, simulated)


if __name__ == "__main__":
    run(main, STAGE)
