"""Train light-curve encoders end to end, per fold: for the class and, if known, the redshift."""

from pathlib import Path

import numpy as np
import torch

from nightjar import batching, params, parts, redshifts, stored, training
from nightjar.metrics import over_folds, write_json
from nightjar.networks import EndToEnd
from nightjar.pairs import Pairs, open_pairs
from nightjar.pipeline import run
from nightjar.tasks import ClassifyTask, RegressTask, class_weights
from nightjar.training import checkpoints, trained
from nightjar.weights import fingerprint

STAGE = "train_baselines"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
SPECTRA = Path("data/processed/spectra/supernovae")
PREDICTIONS = Path("data/embeddings/baseline")


def fresh(
    settings: params.TrainBaselines, pairs: Pairs, rows: np.ndarray, outputs: int, seed: int
) -> EndToEnd:
    """A fresh network for the training rows."""
    torch.manual_seed(seed)
    return EndToEnd(
        light_curve=settings.light_curve.model_dump() | pairs.light_curve_scale(rows),
        output=settings.output,
        embedding=settings.embedding,
        bands=len(pairs.bands),
        outputs=outputs,
        dropout=settings.dropout,
    )


def main() -> None:
    """Train both on every fold, save them and their predictions for every pair."""
    settings = params.load(params.TrainBaselines)
    inputs = [WINDOWS, SPECTRA, SAMPLE, WINDOWS.parent / "settings.json"]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    pairs = open_pairs(SAMPLE, WINDOWS, SPECTRA, settings.noise_level)
    table = stored.table(SAMPLE / "splits.parquet")
    classes = pairs.classes_of(table["object_id"].unique())
    data = pairs.labelled(classes)
    label, redshift = pairs.labels(classes), pairs.redshift
    sample = fingerprint(inputs[:2])
    fits: dict[str, list[training.Fitted]] = {}
    PREDICTIONS.mkdir(parents=True, exist_ok=True)
    for fold, part in parts.folds(table).items():
        seed = settings.seed + fold
        rows = {each: pairs.rows_of(ids) for each, ids in part.items()}
        measured = {each: r[redshifts.learnable(redshift[r])] for each, r in rows.items()}
        tasks: dict[str, ClassifyTask | RegressTask] = {
            "class": ClassifyTask(
                fresh(settings, pairs, rows["train"], len(classes), seed),
                class_weights(label[rows["train"]], len(classes)),
            )
        }
        if len(measured["train"]) and len(measured["validation"]):  # a survey may know none
            tasks["redshift"] = RegressTask(
                fresh(settings, pairs, measured["train"], 1, seed),
                *redshifts.scale(redshift[measured["train"]]),
            )
        predictions = {"redshift": np.full(len(pairs.rows), np.nan)}
        for name, task in tasks.items():
            used = rows if name == "class" else measured
            fitted = training.fit_rows(
                task,
                (data, used["train"]),
                (data, used["validation"]),
                settings,
                seed=seed,
                resume=resume / f"{name}_{fold}.safetensors",
                label=f"Baseline, {name}, fold {fold}",
            )
            fits.setdefault(name, []).append(fitted)
            trained.save(
                f"models/baseline/folds/{name}_{fold}",
                task.network,
                fitted,
                preprocessing=pairs.preprocessing | task.scaling,
                classes=classes,
                bands=pairs.bands,
                sample=sample,
            )
            every = batching.evaluation(data, pairs.rows, settings.batch_size)()
            predictions[name] = task.collect(task.predict, every)
        predictions |= {"object_id": pairs.ids[pairs.rows], "classes": np.array(classes)}
        np.savez(PREDICTIONS / f"fold_{fold}.npz", allow_pickle=False, **predictions)
    metrics = {name: over_folds([trained.summary(f) for f in each]) for name, each in fits.items()}
    write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", fits)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
