"""Judge Astromer's embeddings: few-shot classification, per window and per star."""

from pathlib import Path

import numpy as np

from nightjar import figures, params, parts, stored
from nightjar.judging import astromer, gamma, layers
from nightjar.metrics import Scores, confusion, over_folds, write_json
from nightjar.pipeline import run
from nightjar.training import checkpoints

STAGE = "probe_astromer"
SAMPLE = Path("data/raw/variables")
EMBEDDINGS = Path("data/embeddings/astromer")
OTHERS = {  # stage -> where its predictions are
    "train_star_features": Path("data/embeddings/star_features"),
    "train_star_classifiers": Path("data/embeddings/star_classifiers"),
}
PLOTS = Path("plots") / STAGE


def main() -> None:
    """Train a head per network, survey, number of samples and fold; score it; compare."""
    settings = params.load(params.ProbeAstromer)
    models = params.load(params.PretrainAstromer).models  # others may lie there, of earlier runs
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    inputs = [EMBEDDINGS, *OTHERS.values(), *tables]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    classes = stored.table(tables[0]).set_index("object_id")["class"]
    others = {stage: stored.table(of / "predictions.parquet") for stage, of in OTHERS.items()}
    metrics, differences = {}, {}
    gammas: dict[str, dict[str, list[np.ndarray]]] = {model: {} for model in models}
    for (survey, samples), folds in parts.tasks(stored.table(tables[1])).items():
        case, scores = f"{survey}_{samples}", []
        stars: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {model: [] for model in models}
        for fold, part in folds.items():
            of_fold: Scores = {}
            for model in models:
                windows = astromer.Windows.read(EMBEDDINGS / model / f"{case}_{fold}.npz", classes)
                rows = {each: windows.rows_of(ids) for each, ids in part.items()}
                kept = resume / f"{model}_{case}_{fold}.safetensors"
                probabilities, weights = gamma.probabilities(settings, windows, rows, fold, kept)
                gammas[model].setdefault(f"{survey}, {samples} per class", []).append(weights)
                judged = astromer.judge(model, windows, rows, probabilities)
                of_fold |= judged.scores
                stars[model].append((judged.true, judged.predicted))
            truth = windows.truth(rows["test"])  # the same for every network
            for stage, found in others.items():
                of_fold |= astromer.prediction_scores(found, stage, truth, survey, samples, fold)
            scores.append(of_fold | {"stars": len(truth)})
        metrics[case] = over_folds(scores)
        for pair, gain in astromer.differences(scores, folds).items():
            differences[f"{case}_{pair}"] = gain
        for model, of_model in stars.items():
            true, predicted = (np.concatenate(each) for each in zip(*of_model, strict=True))
            names = np.unique([true, predicted]).tolist()
            figure = figures.confusion(confusion(true, predicted, names), names)
            figures.save(figure, PLOTS / f"confusion_{case}_{model}.png")
        figure = figures.models(astromer.per_star(metrics[case]), "macro F1, per star")
        figures.save(figure, PLOTS / f"macro_f1_{case}.png")
    write_json(f"metrics/{STAGE}.json", metrics | differences)
    layers.gammas(PLOTS, gammas)
    layers.maps(PLOTS, EMBEDDINGS, models, stored.table(tables[1]), classes)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
