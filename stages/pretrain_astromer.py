"""Pre-train Astromer: predict hidden magnitudes of every star that is scored nowhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nightjar import batching, cards, checkpoints, figures, params, parts, trained, training
from nightjar.metrics import write_json
from nightjar.networks import Astromer
from nightjar.pipeline import run
from nightjar.stars import open_stars
from nightjar.tasks import AstromerTask
from nightjar.weights import fingerprint

STAGE = "pretrain_astromer"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
MODEL = Path("models/astromer")


def main() -> None:
    """Train on all windows but those of scored stars, save, show a reconstruction."""
    settings = params.load(params.PretrainAstromer)
    inputs = [WINDOWS, SAMPLE / "splits.parquet"]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    scored = parts.scored(pd.read_parquet(SAMPLE / "splits.parquet"))
    unseen = stars.rows_outside_groups_of(scored)
    held_out = parts.held_out(
        stars.objects.iloc[unseen], settings.validation_fraction, settings.seed
    )
    train = stars.drawn(probed=settings.probed)
    validation = stars.sequential(unseen[held_out], probed=settings.probed)
    torch.manual_seed(settings.seed)
    network = Astromer(**settings.network.model_dump(), dropout=settings.dropout)
    task = AstromerTask(network)
    batches = batching.evaluation(
        validation, np.arange(len(validation)), settings.batch_size, settings.seed
    )
    fitted = training.fit(
        task,
        batching.training(train, unseen[~held_out], settings.batch_size, settings.seed),
        batches,
        settings,
        steps_per_epoch=batching.steps(int((~held_out).sum()), settings.batch_size),
        resume=resume / "astromer.safetensors",
        label="Astromer, pre-training",
    )
    trained.save(
        MODEL,
        network,
        fitted,
        preprocessing=stars.preprocessing,
        bands=stars.bands,
        sample=fingerprint(inputs),
    )
    cards.write(MODEL / "weights.safetensors", MODEL / "MODEL_CARD.md")
    counts = {"light_curves": int((~held_out).sum()), "validation_windows": len(validation)}
    write_json(f"metrics/{STAGE}.json", {"training": {**counts, **trained.summary(fitted)}})
    figures.save(
        figures.learning_curves({"Astromer": trained.curves(fitted)}, "weighted RMSE, mag"),
        f"plots/{STAGE}/learning_curves.png",
    )
    figures.save(
        figures.reconstruction(*task.example(next(iter(batches())))),
        f"plots/{STAGE}/reconstruction.png",
    )
    checkpoints.clear(resume)


if __name__ == "__main__":
    run(main, STAGE)
