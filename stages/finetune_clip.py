"""Fine-tune on observed pairs, per fold: Maven, pre-trained, and Maven-lite, from scratch."""

from pathlib import Path

import numpy as np

from nightjar import maven, params, parts, stored, training, weights
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Maven
from nightjar.pairs import open_pairs
from nightjar.pipeline import run
from nightjar.tasks import MavenTask
from nightjar.training import checkpoints, trained, transfer

STAGE = "finetune_clip"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
SPECTRA = Path("data/processed/spectra/supernovae")
PRETRAINED = Path("models/maven_pretrained/weights.safetensors")
SIMULATED = (
    Path("data/raw/simulated_supernovae"),
    Path("data/processed/windows/simulated_supernovae"),
    Path("data/processed/spectra/simulated_supernovae"),
)
EMBEDDINGS = Path("data/embeddings")
MODELS = {"maven": "Maven", "maven_lite": "Maven-lite"}


def main() -> None:
    """Train both models on every fold, save them and their embeddings of every pair."""
    settings = params.load(params.FinetuneClip)
    fraction = params.load(params.PretrainClip).validation_fraction
    inputs = [WINDOWS, SPECTRA, SAMPLE, WINDOWS.parent / "settings.json", PRETRAINED, *SIMULATED]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    drawn = (settings.noise_level, settings.subset, settings.phase_scale)
    pairs = open_pairs(SAMPLE, WINDOWS, SPECTRA, *drawn)
    pretrained = weights.load(PRETRAINED, network=Maven, bands=pairs.bands)
    table = stored.table(SAMPLE / "splits.parquet")
    sample = weights.fingerprint(inputs[:2])
    metrics, shown = {}, {}
    for name, label in MODELS.items():
        fits = []
        for fold, part in parts.folds(table).items():
            rows = {each: pairs.rows_of(ids) for each, ids in part.items()}
            train = rows["train"]
            classes = maven.known_classes(settings, pairs, train, pretrained)
            network = maven.start(name, settings, pretrained, pairs, train, classes, fold)
            if settings.unpaired:
                train = np.concatenate(
                    [train, pairs.outside(table["object_id"].to_numpy(str), classes)]
                )
            task = MavenTask(network, settings.chunk)
            data = pairs.with_metadata(classes)
            way = (settings.transfer, settings.layer_decay) if name == "maven" else ("all", 1.0)
            fitted = training.fit_rows(
                task,
                (data, train),
                (data, rows["validation"]),
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
                classes=classes,
                bands=pairs.bands,
                sample=sample,
            )
            (EMBEDDINGS / name).mkdir(parents=True, exist_ok=True)
            found = maven.embeddings(task, pairs, settings.batch_size)
            np.savez(EMBEDDINGS / name / f"fold_{fold}.npz", allow_pickle=False, **found)
            if name == "maven" and fold == 0:
                found = maven.shown(task, open_pairs(*SIMULATED), fraction, settings)
                np.savez(EMBEDDINGS / name / "simulated.npz", allow_pickle=False, **found)
        metrics[name] = over_folds([trained.summary(fitted) for fitted in fits])
        shown[label] = fits
        write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", shown)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
