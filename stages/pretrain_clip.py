"""Pre-train Maven: align light curves and spectra of simulated supernovae."""

from pathlib import Path

from nightjar import batching, maven, params, parts, training
from nightjar.metrics import retrieval, write_json
from nightjar.pairs import open_pairs
from nightjar.pipeline import run
from nightjar.tasks import MavenTask
from nightjar.training import checkpoints, trained
from nightjar.weights import fingerprint

STAGE = "pretrain_clip"
SAMPLE = Path("data/raw/simulated_supernovae")
WINDOWS = Path("data/processed/windows/simulated_supernovae")
SPECTRA = Path("data/processed/spectra/simulated_supernovae")
MODEL = Path("models/maven_pretrained")


def main() -> None:
    """Train, save, and measure retrieval on held-out pairs."""
    settings = params.load(params.PretrainClip)
    inputs = [WINDOWS, SPECTRA, SAMPLE, WINDOWS.parent / "settings.json"]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    drawn = (settings.noise_level, settings.subset, settings.phase_scale)
    pairs = open_pairs(SAMPLE, WINDOWS, SPECTRA, *drawn)
    held_out = parts.held_out(
        pairs.objects.iloc[pairs.rows], settings.validation_fraction, settings.seed
    )
    train, validation = pairs.rows[~held_out], pairs.rows[held_out]
    classes = maven.known_classes(settings, pairs, train)
    network = maven.fresh(settings, pairs, train, classes)
    task = MavenTask(network, settings.chunk)
    data = pairs.with_metadata(classes)
    fitted = training.fit_rows(
        task,
        (data, train),
        (data, validation),
        settings,
        seed=settings.seed,
        resume=resume / "maven.safetensors",
        label="Maven, pre-training",
    )
    trained.save(
        MODEL,
        network,
        fitted,
        preprocessing=pairs.preprocessing,
        classes=classes,
        bands=pairs.bands,
        sample=fingerprint(inputs[:2]),
    )
    embedded = task.embed(batching.evaluation(pairs.data, validation, settings.batch_size)())
    write_json(
        f"metrics/{STAGE}.json",
        {
            "training": {"pairs": len(train), **trained.summary(fitted)},
            "retrieval": {"pairs": len(validation), **retrieval(*embedded)},
        },
    )
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", {"Maven": [fitted]})
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
