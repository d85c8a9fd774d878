"""Train Astromer as a classifier with one method of telling how sure it is; predict with it."""

import sys
from pathlib import Path

import numpy as np
import torch

from nightjar import batching, params, parts, stored, training, weights
from nightjar.errors import InputError
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Astromer, AstromerClassifier
from nightjar.pipeline import run
from nightjar.stars import open_stars, per_object
from nightjar.tasks import ClassifyTask, class_weights
from nightjar.training import checkpoints, trained
from nightjar.uncertainty import predict

STAGE = "train_uncertainty"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
PRETRAINED = Path("models/astromer/weights.safetensors")


def main(method: str) -> None:
    """Train on every fold; sampled probabilities of validation and scored stars."""
    settings = params.load(params.TrainUncertainty)
    if method not in settings.methods:
        raise InputError(
            f"method {method!r} is none of train_uncertainty.methods in params.yaml: "
            f"{', '.join(settings.methods)}"
        )
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", PRETRAINED]
    resume = checkpoints.directory(f"{STAGE}_{method}", settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    pretrained = weights.load(PRETRAINED, network=Astromer)
    full = pretrained.metadata.settings["mask"] == "legacy"  # there padding takes part
    table = stored.table(SAMPLE / "splits.parquet")
    survey, folds = parts.task(table, settings.survey, settings.samples_per_class)
    classes = stars.classes_of(table["object_id"][table["survey"] == survey])
    label = stars.labels(classes)
    train = stars.drawn(label=label, full=full)
    predictions, fits = Path("data/predictions") / method, []
    predictions.mkdir(parents=True, exist_ok=True)
    for fold, part in folds.items():
        rows = {each: stars.rows_of(ids) for each, ids in part.items()}
        torch.manual_seed(settings.seed + fold)
        network = AstromerClassifier(
            pretrained.metadata.settings, settings.hidden, len(classes), settings.dropout
        )
        network.encoder.load_state_dict(pretrained.network.state_dict())
        task = ClassifyTask(network, class_weights(label[rows["train"]], len(classes)))
        validation = stars.sequential(rows["validation"], label=label, full=full)
        fitted = training.fit_rows(
            task,
            (train, rows["train"]),
            (validation, np.arange(len(validation))),
            settings,
            seed=settings.seed + fold,
            resume=resume / f"{fold}.safetensors",
            label=f"{method}, {survey}, fold {fold}",
        )
        fits.append(fitted)
        trained.save(
            f"models/uncertainty/{method}/folds/{fold}",
            network,
            fitted,
            preprocessing=stars.preprocessing,
            classes=classes,
            bands=stars.bands,
            sample=weights.fingerprint(inputs[:1]),
            notes={
                "method": method,
                "survey": survey,
                "samples_per_class": str(settings.samples_per_class),
            },
        )
        scored = stars.sequential(np.concatenate([rows["validation"], rows["test"]]), full=full)
        batches = batching.evaluation(scored, np.arange(len(scored)), settings.batch_size)
        probabilities = predict(
            network,
            task.logits,
            (batch.to(task.device) for batch in batches()),
            samples=settings.samples,
            dropout=method == "mc_dropout",
            seed=settings.seed,
        )
        ids, mean = per_object(stars.ids[scored.row], probabilities)
        np.savez(predictions / f"{fold}.npz", object_id=ids, probabilities=mean, classes=classes)
    metrics = over_folds([trained.summary(each) for each in fits])
    write_json(f"metrics/{STAGE}_{method}.json", {method: metrics})
    trained.write_curves(f"plots/{STAGE}/{method}/learning_curves.csv", {method: fits})
    checkpoints.clear(f"{STAGE}_{method}")


if __name__ == "__main__":
    given = " ".join(sys.argv[1:])
    run(lambda: main(given), f"{STAGE}@{given}")
