"""Judge Astromer's embeddings: few-shot classification, per window and per star."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from nightjar import figures, params, parts, stored
from nightjar.judging import astromer, gamma, layers
from nightjar.metrics import Scores, confusion, over_folds, write_json
from nightjar.pipeline import run
from nightjar.training import checkpoints, side_by_side

STAGE = "probe_astromer"
SAMPLE = Path("data/raw/variables")
EMBEDDINGS = Path("data/embeddings/astromer")
OTHERS = {  # stage -> where its predictions are
    "train_star_features": Path("data/embeddings/star_features"),
    "train_star_classifiers": Path("data/embeddings/star_classifiers"),
}
PLOTS = Path("plots") / STAGE


class Fold(NamedTuple):
    """Its scores; per network how it judged the stars, and how its head weighs the layers."""

    scores: Scores
    networks: dict[str, astromer.Judged]
    weights: dict[str, np.ndarray]


def main() -> None:
    """Train a head per network, survey, number of samples and fold; score it; compare."""
    settings = params.load(params.ProbeAstromer)
    models = params.load(params.PretrainAstromer).models  # others may lie there, of earlier runs
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    inputs = [EMBEDDINGS, *OTHERS.values(), *tables]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    classes = stored.table(tables[0]).set_index("object_id")["class"]
    others = {stage: stored.table(of / "predictions.parquet") for stage, of in OTHERS.items()}
    tasks = parts.tasks(stored.table(tables[1]))

    def judge(share: params.ProbeAstromer, case: tuple[str, int, int]) -> Fold:
        survey, samples, fold = case
        scores: Scores = {}
        networks, weights = {}, {}
        for model in models:
            of_case = f"{survey}_{samples}_{fold}"
            windows = astromer.Windows.read(EMBEDDINGS / model / f"{of_case}.npz", classes)
            rows = {
                each: windows.rows_of(ids) for each, ids in tasks[survey, samples][fold].items()
            }
            kept = resume / f"{model}_{of_case}.safetensors"
            probabilities, weights[model] = gamma.probabilities(share, windows, rows, fold, kept)
            networks[model] = astromer.judge(model, windows, rows, probabilities)
            scores |= networks[model].scores
        truth = windows.truth(rows["test"])  # the same for every network
        for stage, found in others.items():
            scores |= astromer.prediction_scores(found, stage, truth, survey, samples, fold)
        return Fold(scores | {"stars": len(truth)}, networks, weights)

    cases = [(*of_task, fold) for of_task, folds in tasks.items() for fold in folds]
    results = dict(zip(cases, side_by_side.each(judge, cases, settings), strict=True))
    metrics, differences = {}, {}
    gammas: dict[str, dict[str, list[np.ndarray]]] = {model: {} for model in models}
    for (survey, samples), folds in tasks.items():
        case, judged = f"{survey}_{samples}", [results[survey, samples, fold] for fold in folds]
        scores = [each.scores for each in judged]
        metrics[case] = over_folds(scores)
        for pair, gain in astromer.differences(scores, folds).items():
            differences[f"{case}_{pair}"] = gain
        for model in models:
            weights = [each.weights[model] for each in judged]
            gammas[model][f"{survey}, {samples} per class"] = weights
            true = np.concatenate([each.networks[model].true for each in judged])
            predicted = np.concatenate([each.networks[model].predicted for each in judged])
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
