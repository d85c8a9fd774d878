"""Fine-tune Astromer on few labelled stars with the task of its pre-training, and embed them."""

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
PRETRAINED = Path("models/astromer/weights.safetensors")
MODELS = Path("models/astromer_finetuned/folds")
EMBEDDINGS = Path("data/embeddings/astromer")


def main() -> None:
    """For each survey, number of samples and fold: train, save, embed every window."""
    settings = params.load(params.FinetuneAstromer)
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", PRETRAINED]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    pretrained = weights.load(PRETRAINED, network=Astromer)
    full = pretrained.metadata.settings["mask"] == "legacy"  # there padding takes part
    sample = weights.fingerprint(inputs[:1])
    train = stars.drawn(probed=settings.probed, full=full)
    table = stored.table(SAMPLE / "splits.parquet")
    metrics, shown = {}, {}
    EMBEDDINGS.mkdir(parents=True, exist_ok=True)
    for (survey, samples), folds in parts.tasks(table).items():
        task_name, fits = f"{survey}_{samples}", []
        for fold, part in folds.items():
            rows = {each: stars.rows_of(ids) for each, ids in part.items()}
            torch.manual_seed(settings.seed + fold)
            network = Astromer(**{**pretrained.metadata.settings, "dropout": settings.dropout})
            network.load_state_dict(pretrained.network.state_dict())
            task = AstromerTask(network)
            validation = stars.sequential(rows["validation"], probed=settings.probed, full=full)
            fitted = training.fit_rows(
                task,
                (train, rows["train"]),
                (validation, np.arange(len(validation))),
                settings,
                seed=settings.seed + fold,
                validation_seed=settings.seed,
                resume=resume / f"{task_name}_{fold}.safetensors",
                label=f"Astromer, {survey}, {samples} per class, fold {fold}",
            )
            fits.append(fitted)
            trained.save(
                MODELS / f"{task_name}_{fold}",
                network,
                fitted,
                preprocessing=stars.preprocessing,
                bands=stars.bands,
                sample=sample,
            )
            windows = stars.sequential(np.concatenate(list(rows.values())), full=full)
            layers = task.collect(
                task.embed,
                batching.evaluation(windows, np.arange(len(windows)), settings.batch_size)(),
            )
            ids = stars.ids[windows.row]
            np.savez(EMBEDDINGS / f"{task_name}_{fold}.npz", object_id=ids, layers=layers)
        metrics[task_name] = over_folds([trained.summary(each) for each in fits])
        shown[f"{survey}, {samples} per class"] = fits
    write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", shown)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
