"""Train classifiers of variable stars that read the windows themselves, beside the probes."""

from pathlib import Path

import numpy as np
import pandas as pd

from nightjar import batching, few_shot, params, parts, stored, training, weights
from nightjar.errors import InputError
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Astromer
from nightjar.pipeline import run
from nightjar.stars import open_stars, per_object
from nightjar.tasks import ClassifyTask, class_weights
from nightjar.training import checkpoints, side_by_side, trained

STAGE = "train_star_classifiers"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
MODELS = Path("models/astromer")
PREDICTIONS = Path("data/embeddings/star_classifiers")
Result = tuple[training.Fitted, pd.DataFrame, int]  # classes of scored stars, learned parameters


def main() -> None:
    """For each survey, number of samples, method and fold: train, predict the scored stars."""
    settings = params.load(params.TrainStarClassifiers)
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    of_network = MODELS / settings.network / "weights.safetensors"
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", of_network]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    pretrained = weights.load(of_network, network=Astromer)
    full = pretrained.metadata.settings["mask"] == "legacy"  # there padding takes part
    table = stored.table(SAMPLE / "splits.parquet")
    most = settings.most_samples_per_class
    tasks = {task: folds for task, folds in parts.tasks(table).items() if task[1] <= most}
    if not tasks:
        raise InputError(f"{STAGE}.most_samples_per_class: all splits have more than {most}")

    def train(share: params.TrainStarClassifiers, case: tuple[str, int, str, int]) -> Result:
        survey, samples, method, fold = case
        classes = stars.classes_of(table["object_id"][table["survey"] == survey])
        label = stars.labels(classes)
        rows = {each: stars.rows_of(ids) for each, ids in tasks[survey, samples][fold].items()}
        validation = stars.sequential(rows["validation"], label=label, full=full)
        seed = share.seed + fold
        network = few_shot.classifier(method, share, pretrained, len(classes), seed)
        task = ClassifyTask(network, class_weights(label[rows["train"]], len(classes)))
        fitted = training.fit_rows(
            task,
            (stars.drawn(label=label, full=full), rows["train"]),
            (validation, np.arange(len(validation))),
            share,
            seed=seed,
            resume=resume / f"{survey}_{samples}_{method}_{fold}.safetensors",
            label=f"{method}, {survey}, {samples} per class, fold {fold}",
        )
        scored = stars.sequential(rows["test"], full=full)
        batches = batching.evaluation(scored, np.arange(len(scored)), share.batch_size)
        ids, of_star = per_object(stars.ids[scored.row], task.collect(task.predict, batches()))
        of_fold = {"survey": survey, "samples_per_class": samples, "fold": fold}
        of_method = {"method": method, "object_id": ids}
        predicted = pd.DataFrame(
            of_fold | of_method | {"class": np.array(classes)[of_star.argmax(1)]}
        )
        parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
        return fitted, predicted, parameters

    cases = [
        (*of_task, method, fold)
        for of_task, folds in tasks.items()
        for method in settings.methods
        for fold in folds
    ]
    results = dict(zip(cases, side_by_side.each(train, cases, settings), strict=True))
    metrics, shown = {}, {}
    for (survey, samples), folds in tasks.items():
        for method in settings.methods:
            of_folds = [results[survey, samples, method, fold] for fold in folds]
            fits, predicted, parameters = zip(*of_folds, strict=True)
            counts = {"stars": sum(map(len, predicted)), "parameters": parameters[-1]}
            summary = over_folds([trained.summary(each) for each in fits])
            metrics[f"{survey}_{samples}_{method}"] = counts | summary
            shown[f"{method}, {survey}, {samples} per class"] = fits
    found = [predicted for _, predicted, _ in results.values()]
    PREDICTIONS.mkdir(parents=True, exist_ok=True)
    pd.concat(found, ignore_index=True).to_parquet(PREDICTIONS / "predictions.parquet", index=False)
    write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", shown)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
