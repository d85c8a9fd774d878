"""Fine-tune on observed pairs, per fold: Maven, pre-trained, and Maven-lite, from scratch."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nightjar import batching, params, parts, stored, training, weights
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Maven
from nightjar.pairs import Pairs, open_pairs
from nightjar.pipeline import run
from nightjar.tasks import MavenTask
from nightjar.training import checkpoints, trained, transfer

STAGE = "finetune_clip"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
SPECTRA = Path("data/processed/spectra/supernovae")
PRETRAINED = Path("models/maven_pretrained/weights.safetensors")
MODELS = {"maven": "Maven", "maven_lite": "Maven-lite"}


def start(
    name: str, settings: params.FinetuneClip, pairs: Pairs, train: NDArray[np.int64], fold: int
) -> Maven:
    """The pre-trained network for Maven; for Maven-lite one of the same sizes, otherwise new.

    New are its weights and its scale of values, which is that of its own training rows.
    """
    pretrained = weights.load(PRETRAINED, network=Maven, bands=pairs.bands)
    built = {**pretrained.metadata.settings, "dropout": settings.dropout}
    if name == "maven_lite":
        built["light_curve"] = built["light_curve"] | pairs.light_curve_scale(train)
        built["spectrum"] = built["spectrum"] | pairs.spectrum_scale(train)
    torch.manual_seed(settings.seed + fold)
    network = Maven(**built)
    if name == "maven":
        network.load_state_dict(pretrained.network.state_dict())
    return network


def main() -> None:
    """Train both models on every fold, save them and their embeddings of every pair."""
    settings = params.load(params.FinetuneClip)
    inputs = [WINDOWS, SPECTRA, SAMPLE, WINDOWS.parent / "settings.json", PRETRAINED]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    pairs = open_pairs(SAMPLE, WINDOWS, SPECTRA, settings.noise_level)
    folds = parts.folds(stored.table(SAMPLE / "splits.parquet"))
    sample = weights.fingerprint(inputs[:2])
    metrics, shown = {}, {}
    for name, label in MODELS.items():
        fits = []
        for fold, part in folds.items():
            rows = {each: pairs.rows_of(ids) for each, ids in part.items()}
            network = start(name, settings, pairs, rows["train"], fold)
            task = MavenTask(network)
            way = (settings.transfer, settings.layer_decay) if name == "maven" else ("all", 1.0)
            fitted = training.fit_rows(
                task,
                (pairs.data, rows["train"]),
                (pairs.data, rows["validation"]),
                settings,
                seed=settings.seed + fold,
                resume=resume / f"{name}_{fold}.safetensors",
                label=f"{label}, fold {fold}",
                rates=transfer.rates(network, *way),
            )
            fits.append(fitted)
            trained.save(
                f"models/{name}/folds/{fold}",
                network,
                fitted,
                preprocessing=pairs.preprocessing,
                bands=pairs.bands,
                sample=sample,
            )
            light_curve, spectrum = task.embed(
                batching.evaluation(pairs.data, pairs.rows, settings.batch_size)()
            )
            folder = Path("data/embeddings") / name
            folder.mkdir(parents=True, exist_ok=True)
            np.savez(
                folder / f"fold_{fold}.npz",
                object_id=pairs.ids[pairs.rows],
                light_curve=light_curve,
                spectrum=spectrum,
            )
        metrics[name] = over_folds([trained.summary(fitted) for fitted in fits])
        shown[label] = fits
        write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", shown)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
