"""Fine-tune on observed pairs, per fold: Maven, pre-trained, and Maven-lite, from scratch."""

from pathlib import Path

import numpy as np

from nightjar import maven, params, parts, stored, training, weights
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Maven
from nightjar.pairs import open_pairs
from nightjar.pipeline import run
from nightjar.tasks import MavenTask
from nightjar.training import checkpoints, side_by_side, trained, transfer

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
    folds = parts.folds(table)

    def train(share: params.FinetuneClip, case: tuple[str, int]) -> training.Fitted:
        name, fold = case
        rows = {each: pairs.rows_of(ids) for each, ids in folds[fold].items()}
        classes = maven.known_classes(share, pairs, rows["train"], pretrained)
        network = maven.start(name, share, pretrained, pairs, rows["train"], classes, fold)
        if share.unpaired:
            others = pairs.outside(table["object_id"].to_numpy(str), classes)
            rows["train"] = np.concatenate([rows["train"], others])
        task = MavenTask(network, share.chunk)
        data = pairs.with_metadata(classes)
        way = (share.transfer, share.layer_decay) if name == "maven" else ("all", 1.0)
        fitted = training.fit_rows(
            task,
            (data, rows["train"]),
            (data, rows["validation"]),
            share,
            seed=share.seed + fold,
            resume=resume / f"{name}_{fold}.safetensors",
            label=f"{MODELS[name]}, fold {fold}",
            rates=transfer.rates(network, *way),
        )
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
        found = maven.embeddings(task, pairs, share.batch_size)
        np.savez(EMBEDDINGS / name / f"fold_{fold}.npz", allow_pickle=False, **found)
        if name == "maven" and fold == 0:
            found = maven.shown(task, open_pairs(*SIMULATED), fraction, share)
            np.savez(EMBEDDINGS / name / "simulated.npz", allow_pickle=False, **found)
        return fitted

    cases = [(name, fold) for name in MODELS for fold in folds]
    fits = dict(zip(cases, side_by_side.each(train, cases, settings), strict=True))
    shown = {label: [fits[name, fold] for fold in folds] for name, label in MODELS.items()}
    metrics = {
        name: over_folds([trained.summary(each) for each in shown[label]])
        for name, label in MODELS.items()
    }
    write_json(f"metrics/{STAGE}.json", metrics)
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", shown)
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
