"""Pre-train Astromer: predict hidden magnitudes of every star that is scored nowhere."""

from pathlib import Path

import numpy as np
import torch

from nightjar import params, parts, stored, training, weights
from nightjar.errors import InputError
from nightjar.metrics import write_json
from nightjar.networks import Astromer
from nightjar.pipeline import run
from nightjar.stars import open_stars
from nightjar.tasks import AstromerTask
from nightjar.training import checkpoints, trained

STAGE = "pretrain_astromer"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
MODEL = Path("models/astromer")
SHOWN = 3  # windows in the figure


def given(settings: params.PretrainAstromer) -> list[Path]:
    """The file that ``init`` names, if it names one."""
    if settings.init is None:
        return []
    if not Path(settings.init).is_file():
        raise InputError(
            f"pretrain_astromer.init: {settings.init}: no such file; give a weights.safetensors of "
            "Astromer, or null to begin anew"
        )
    return [Path(settings.init)]


def start(settings: params.PretrainAstromer) -> Astromer:
    """A new network of the settings' sizes, or the one whose weights ``init`` names."""
    torch.manual_seed(settings.seed)
    if settings.init is None:
        return Astromer(**settings.network.model_dump(), dropout=settings.dropout)
    loaded = weights.load(settings.init, network=Astromer)
    network = Astromer(**{**loaded.metadata.settings, "dropout": settings.dropout})
    network.load_state_dict(loaded.network.state_dict())
    return network


def main() -> None:
    """Train on all windows but those of scored stars, save, keep some reconstructions to draw."""
    settings = params.load(params.PretrainAstromer)
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    begun = given(settings)
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", *begun]
    resume = checkpoints.directory(STAGE, settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    scored = parts.scored(stored.table(SAMPLE / "splits.parquet"))
    unseen = stars.rows_outside_groups_of(scored)
    held_out = parts.held_out(
        stars.objects.iloc[unseen], settings.validation_fraction, settings.seed
    )
    network = start(settings)
    full = network.mask == "legacy"  # there padding takes part
    train = stars.drawn(probed=settings.probed, full=full)
    validation = stars.sequential(unseen[held_out], probed=settings.probed, full=full)
    task = AstromerTask(network)
    fitted = training.fit_rows(
        task,
        (train, unseen[~held_out]),
        (validation, np.arange(len(validation))),
        settings,
        seed=settings.seed,
        validation_seed=settings.seed,
        resume=resume / "astromer.safetensors",
        label="Astromer, pre-training",
    )
    trained.save(
        MODEL,
        network,
        fitted,
        preprocessing=stars.preprocessing,
        bands=stars.bands,
        sample=weights.fingerprint([WINDOWS, tables[1]]),
        notes={"initial weights": f"SHA-256 {weights.fingerprint(begun)}"} if begun else None,
    )
    counts = {"light_curves": int((~held_out).sum()), "validation_windows": len(validation)}
    write_json(f"metrics/{STAGE}.json", {"training": {**counts, **trained.summary(fitted)}})
    trained.write_curves(f"plots/{STAGE}/learning_curves.csv", {"Astromer": [fitted]})
    shown = validation.batch(np.arange(min(SHOWN, len(validation))), np.random.default_rng(0))
    np.savez(f"plots/{STAGE}/reconstruction.npz", allow_pickle=False, **task.reconstruct(shown))
    checkpoints.clear(STAGE)


if __name__ == "__main__":
    run(main, STAGE)
