"""Fine-tune Astromer on few labelled stars with the task of its pre-training, and embed them."""

import sys
from pathlib import Path

import numpy as np
import torch

from nightjar import batching, params, parts, stored, training, weights
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Astromer
from nightjar.pipeline import run
from nightjar.stars import open_stars
from nightjar.tasks import AstromerTask
from nightjar.training import checkpoints, trained

STAGE = "finetune_astromer"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
PRETRAINED = Path("models/astromer")
MODELS = Path("models/astromer_finetuned")
EMBEDDINGS = Path("data/embeddings/astromer")


def main(model: str) -> None:
    """For each survey, number of samples and fold: train, save, embed every window."""
    settings = params.load(params.FinetuneAstromer)
    loss = params.load(params.PretrainAstromer).network(model).loss
    weights_file = PRETRAINED / model / "weights.safetensors"
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", weights_file]
    resume = checkpoints.directory(f"{STAGE}_{model}", settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    pretrained = weights.load(weights_file, network=Astromer)
    full = pretrained.metadata.settings["mask"] == "legacy"  # there padding takes part
    sample = weights.fingerprint(inputs[:1])
    train = stars.drawn(probed=settings.probed, full=full)
    table = stored.table(SAMPLE / "splits.parquet")
    metrics, shown = {}, {}
    (EMBEDDINGS / model).mkdir(parents=True, exist_ok=True)
    for (survey, samples), folds in parts.tasks(table).items():
        task_name, fits, scores = f"{survey}_{samples}", [], []
        for fold, part in folds.items():
            rows = {each: stars.rows_of(ids) for each, ids in part.items()}
            torch.manual_seed(settings.seed + fold)
            network = Astromer(**{**pretrained.metadata.settings, "dropout": settings.dropout})
            network.load_state_dict(pretrained.network.state_dict())
            task = AstromerTask(network, loss)
            validation = stars.sequential(rows["validation"], probed=settings.probed, full=full)
            fitted = training.fit_rows(
                task,
                (train, rows["train"]),
                (validation, np.arange(len(validation))),
                settings,
                seed=settings.seed + fold,
                validation_seed=settings.seed,
                resume=resume / f"{task_name}_{fold}.safetensors",
                label=f"{model}, {survey}, {samples} per class, fold {fold}",
            )
            fits.append(fitted)
            everything = task.all_points(validation, settings.batch_size)
            scores.append({**trained.summary(fitted), **everything})
            trained.save(
                MODELS / model / "folds" / f"{task_name}_{fold}",
                network,
                fitted,
                preprocessing=stars.preprocessing,
                bands=stars.bands,
                sample=sample,
            )
            windows = stars.sequential(np.concatenate(list(rows.values())), full=full)
            pooled = task.collect(
                task.embed,
                batching.evaluation(windows, np.arange(len(windows)), settings.batch_size)(),
            )
            np.savez(
                EMBEDDINGS / model / f"{task_name}_{fold}.npz",
                object_id=stars.ids[windows.row],
                layers=pooled[:, :-1],
                maximum=pooled[:, -1],
            )
        metrics[task_name] = over_folds(scores)
        shown[f"{survey}, {samples} per class"] = fits
    write_json(f"metrics/{STAGE}_{model}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/{model}/learning_curves.csv", shown)
    checkpoints.clear(f"{STAGE}_{model}")


if __name__ == "__main__":
    named = " ".join(sys.argv[1:])
    run(lambda: main(named), f"{STAGE}@{named}")
