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
from nightjar.training import checkpoints, side_by_side, trained
from nightjar.weights import fingerprint

STAGE = "train_baselines"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
SPECTRA = Path("data/processed/spectra/supernovae")
PREDICTIONS = Path("data/embeddings/baseline")
PREDICTED = ("class", "redshift")


def fresh(
    settings: params.TrainBaselines, pairs: Pairs, rows: np.ndarray, outputs: int, seed: int
) -> EndToEnd:
    """A fresh network for the training rows."""
    torch.manual_seed(seed)
    return EndToEnd(
        light_curve=settings.light_curve.model_dump() | pairs.light_curve_scale(rows),
        bands=len(pairs.bands),
        outputs=outputs,
        **settings.model_dump(include={"output", "embedding", "dropout"}),
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
    folds = parts.folds(table)
    PREDICTIONS.mkdir(parents=True, exist_ok=True)

    def train(share: params.TrainBaselines, fold: int) -> dict[str, training.Fitted]:
        seed = share.seed + fold
        rows = {each: pairs.rows_of(ids) for each, ids in folds[fold].items()}
        measured = {each: r[redshifts.learnable(redshift[r])] for each, r in rows.items()}
        network = fresh(share, pairs, rows["train"], len(classes), seed)
        weights = class_weights(label[rows["train"]], len(classes))
        tasks: dict[str, ClassifyTask | RegressTask] = {"class": ClassifyTask(network, weights)}
        if len(measured["train"]) and len(measured["validation"]):  # a survey may know none
            network = fresh(share, pairs, measured["train"], 1, seed)
            centre_and_scale = redshifts.scale(redshift[measured["train"]])
            tasks["redshift"] = RegressTask(network, *centre_and_scale)
        fits = {}
        predictions = {"redshift": np.full(len(pairs.rows), np.nan)}
        for name, task in tasks.items():
            used = rows if name == "class" else measured
            fits[name] = training.fit_rows(
                task,
                (data, used["train"]),
                (data, used["validation"]),
                share,
                seed=seed,
                resume=resume / f"{name}_{fold}.safetensors",
                label=f"Baseline, {name}, fold {fold}",
            )
            trained.save(
                f"models/baseline/folds/{name}_{fold}",
                task.network,
                fits[name],
                preprocessing=pairs.preprocessing | task.scaling,
                classes=classes,
                bands=pairs.bands,
                sample=sample,
            )
            every = batching.evaluation(data, pairs.rows, share.batch_size)()
            predictions[name] = task.collect(task.predict, every)
        predictions |= {"object_id": pairs.ids[pairs.rows], "classes": np.array(classes)}
        np.savez(PREDICTIONS / f"fold_{fold}.npz", allow_pickle=False, **predictions)
        return fits

    of_folds = side_by_side.each(train, list(folds), settings)
    fits = {name: [each[name] for each in of_folds if name in each] for name in PREDICTED}
    metrics = {name: over_folds(list(map(trained.summary, f))) for name, f in fits.items() if f}
    write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", fits)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
