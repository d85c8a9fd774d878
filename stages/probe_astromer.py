"""Judge Astromer's embeddings: few-shot classification, per window and per star."""

from functools import partial
from pathlib import Path

import numpy as np
import torch

from nightjar import figures, params, parts, stored, training
from nightjar.batching import Batch
from nightjar.batching.datasets import TabularData
from nightjar.judging import astromer
from nightjar.metrics import confusion, over_folds, write_json
from nightjar.networks import GammaHead
from nightjar.pipeline import run
from nightjar.tasks import ClassifyTask
from nightjar.training import checkpoints

STAGE = "probe_astromer"
SAMPLE = Path("data/raw/variables")
EMBEDDINGS = Path("data/embeddings/astromer")
FEATURES = Path("data/embeddings/star_features")


def columns(batch: Batch, shape: tuple[int, int]) -> tuple[torch.Tensor]:
    """The embeddings of a batch, (batch, layers, dim), as the head takes them."""
    assert batch.tabular is not None
    return (batch.tabular.unflatten(1, shape),)


def main() -> None:
    """Train a head per survey, number of samples and fold; score it; compare."""
    settings = params.load(params.ProbeAstromer)
    inputs = [EMBEDDINGS, FEATURES, SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    objects = stored.table(SAMPLE / "objects.parquet").set_index("object_id")
    table = stored.table(SAMPLE / "splits.parquet")
    classical = stored.table(FEATURES / "predictions.parquet")
    metrics, differences = {}, {}
    for (survey, samples), folds in parts.tasks(table).items():
        scores, stars = [], []
        for fold, part in folds.items():
            arrays = np.load(EMBEDDINGS / f"{survey}_{samples}_{fold}.npz")
            windows = astromer.Windows.of(arrays["object_id"], arrays["layers"], objects["class"])
            rows = {each: windows.rows_of(ids) for each, ids in part.items()}
            torch.manual_seed(settings.seed + fold)
            layers, dim = windows.layers.shape[1:]
            classes = len(windows.classes)
            network = GammaHead(layers, dim, settings.hidden, classes, settings.dropout)
            task = ClassifyTask(network, inputs=partial(columns, shape=(layers, dim)))
            data = TabularData(windows.layers.reshape(len(windows.layers), -1), windows.label)
            training.fit_rows(
                task,
                (data, rows["train"]),
                (data, rows["validation"]),
                settings,
                seed=settings.seed + fold,
                resume=resume / f"{survey}_{samples}_{fold}.safetensors",
                label=f"Head, {survey}, {samples} per class, fold {fold}",
            )
            probabilities = task.collect(task.predict, [data.batch(rows["test"])])
            of_features = astromer.feature_scores(classical, windows, rows, survey, samples, fold)
            scores.append(astromer.scores(windows, rows, probabilities) | of_features)
            stars.append(windows.per_object(rows["test"], probabilities))
        metrics[f"{survey}_{samples}"] = over_folds(scores)
        for pair, found in astromer.differences(scores, folds).items():
            differences[f"{survey}_{samples}_{pair}"] = found
        true, predicted = (np.concatenate(each) for each in zip(*stars, strict=True))
        counts = confusion(true, predicted, windows.classes)
        figure = figures.confusion(counts, windows.classes)
        figures.save(figure, f"plots/{STAGE}/confusion_{survey}_{samples}.png")
    write_json(f"metrics/{STAGE}.json", metrics | differences)
    figure = figures.bars(astromer.bars(metrics), "macro F1, per star")
    figures.save(figure, f"plots/{STAGE}/macro_f1.png")
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
