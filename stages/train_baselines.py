"""Train light-curve encoders end to end, per fold: one for the class, one for the redshift."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nightjar import batching, cards, checkpoints, figures, params, parts, trained, training
from nightjar.metrics import over_folds, write_json
from nightjar.networks import EndToEnd
from nightjar.pairs import open_pairs
from nightjar.pipeline import run
from nightjar.tasks import ClassifyTask, RegressTask, class_weights
from nightjar.weights import fingerprint

STAGE = "train_baselines"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
SPECTRA = Path("data/processed/spectra/supernovae")
PREDICTIONS = Path("data/embeddings/baseline")


def network(settings: params.TrainBaselines, bands: int, outputs: int, seed: int) -> EndToEnd:
    """A fresh network."""
    torch.manual_seed(seed)
    return EndToEnd(
        light_curve=settings.light_curve.model_dump(),
        output=settings.output,
        embedding=settings.embedding,
        bands=bands,
        outputs=outputs,
        dropout=settings.dropout,
    )


def main() -> None:
    """Train both on every fold, save them and their predictions for every pair."""
    settings = params.load(params.TrainBaselines)
    inputs = [WINDOWS, SPECTRA, SAMPLE / "splits.parquet"]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    pairs = open_pairs(SAMPLE, WINDOWS, SPECTRA, settings.noise_level)
    table = pd.read_parquet(SAMPLE / "splits.parquet")
    classes = pairs.classes_of(table["object_id"].unique())
    data = pairs.labelled(classes)
    sample = fingerprint(inputs[:2])
    fits: dict[str, list[training.Fitted]] = {"class": [], "redshift": []}
    PREDICTIONS.mkdir(parents=True, exist_ok=True)
    for fold, part in parts.folds(table).items():
        rows = {each: pairs.rows_of(ids) for each, ids in part.items()}
        measured = {each: r[np.isfinite(data.redshift[r])] for each, r in rows.items()}
        redshifts = data.redshift[measured["train"]]
        tasks = {
            "class": (
                ClassifyTask(
                    network(settings, len(pairs.bands), len(classes), settings.seed + fold),
                    class_weights(data.label[rows["train"]], len(classes)),
                ),
                rows,
            ),
            "redshift": (
                RegressTask(
                    network(settings, len(pairs.bands), 1, settings.seed + fold),
                    mean=float(redshifts.mean()),
                    scale=float(redshifts.std()),
                ),
                measured,
            ),
        }
        predictions = {}
        for name, (task, used) in tasks.items():
            fitted = training.fit(
                task,
                batching.training(data, used["train"], settings.batch_size, settings.seed + fold),
                batching.evaluation(data, used["validation"], settings.batch_size),
                settings,
                steps_per_epoch=batching.steps(len(used["train"]), settings.batch_size),
                resume=resume / f"{name}_{fold}.safetensors",
                label=f"Baseline, {name}, fold {fold}",
            )
            fits[name].append(fitted)
            trained.save(
                f"models/baseline/folds/{name}_{fold}",
                task.network,
                fitted,
                preprocessing=pairs.preprocessing | task.scaling,
                classes=classes,
                bands=pairs.bands,
                sample=sample,
            )
            every = batching.evaluation(data, pairs.rows, settings.batch_size)
            predictions[name] = task.collect(task.predict, every())
        ids = pairs.objects["object_id"].to_numpy(str)[pairs.rows]
        np.savez(PREDICTIONS / f"fold_{fold}.npz", object_id=ids, classes=classes, **predictions)
    cards.write("models/baseline/folds/class_0/weights.safetensors", "models/baseline/MODEL_CARD.md")
    metrics = {name: over_folds([trained.summary(f) for f in each]) for name, each in fits.items()}
    write_json(f"metrics/{STAGE}.json", metrics)
    for name, each in fits.items():
        figure = figures.learning_curves({name: trained.curves(*each)}, f"{name} loss")
        figures.save(figure, f"plots/{STAGE}/{name}.png")
    checkpoints.clear(resume)


if __name__ == "__main__":
    run(main, STAGE)
