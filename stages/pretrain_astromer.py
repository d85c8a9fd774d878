"""Pre-train an Astromer network: predict hidden magnitudes of every star that is scored nowhere."""

import sys
from pathlib import Path

import numpy as np
import torch

from nightjar import examples, params, parts, stored, training, weights, windows
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
MODELS = Path("models/astromer")


def given(settings: params.PretrainAstromer, model: str) -> list[Path]:
    """The file that ``init`` names, if it names one."""
    init = settings.network(model).init
    if init is None:
        return []
    if not Path(init).is_file():
        raise InputError(
            f"pretrain_astromer.networks.{model}.init: {init}: no such file; give a "
            "weights.safetensors of Astromer, or null to begin anew"
        )
    return [Path(init)]


def start(settings: params.PretrainAstromer, model: str) -> Astromer:
    """A new network of the settings' sizes, or the one whose weights ``init`` names."""
    torch.manual_seed(settings.seed)
    chosen = settings.network(model)
    if chosen.init is None:
        return Astromer(**chosen.architecture(), dropout=settings.dropout)
    loaded = weights.load(chosen.init, network=Astromer)
    network = Astromer(**{**loaded.metadata.settings, "dropout": settings.dropout})
    network.load_state_dict(loaded.network.state_dict())
    return network


def main(model: str) -> None:
    """Train on all windows but those of scored stars, save, keep what some stars are to it."""
    settings = params.load(params.PretrainAstromer)
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    begun = given(settings, model)
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", *begun]
    resume = checkpoints.directory(f"{STAGE}_{model}", settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    scored = parts.scored(stored.table(tables[1]))
    unseen = stars.of_surveys(stars.rows_outside_groups_of(scored), settings.surveys)
    unseen, dropped = windows.keep(stars.light_curves, unseen, settings.keep_curves)
    objects = stars.objects.iloc[unseen]
    held_out = parts.held_out(objects, settings.validation_fraction, settings.seed)
    network = start(settings, model)
    full = network.mask == "legacy"  # there padding takes part
    train = stars.drawn(probed=settings.probed, full=full)
    validation = stars.sequential(unseen[held_out], probed=settings.probed, full=full)
    task = AstromerTask(network, settings.network(model).loss)
    fitted = training.fit_rows(
        task,
        (train, unseen[~held_out]),
        (validation, np.arange(len(validation))),
        settings,
        seed=settings.seed,
        validation_seed=settings.seed,
        resume=resume / "astromer.safetensors",
        label=f"{model}, pre-training",
    )
    trained.save(
        MODELS / model,
        network,
        fitted,
        preprocessing=stars.preprocessing,
        bands=stars.bands,
        sample=weights.fingerprint([WINDOWS, tables[1]]),
        notes={"initial weights": f"SHA-256 {weights.fingerprint(begun)}"} if begun else None,
    )
    counts = {"light_curves": int((~held_out).sum()), "validation_windows": len(validation)}
    scores = {**trained.summary(fitted), **task.all_points(validation, settings.batch_size)}
    summary = {"training": {**counts, **scores}, "dropped": dropped}
    write_json(f"metrics/{STAGE}_{model}.json", summary)
    plots = Path("plots") / STAGE / model
    trained.write_curves(plots / "learning_curves.csv", {model: [fitted]}, ["validation_rmse"])
    among = scored if len(scored) else objects["object_id"][held_out]
    shown = examples.see(task, stars, examples.choose(stars, among), settings.probed)
    np.savez(plots / "examples.npz", allow_pickle=False, **shown)
    checkpoints.clear(f"{STAGE}_{model}")


if __name__ == "__main__":
    named = " ".join(sys.argv[1:])
    run(lambda: main(named), f"{STAGE}@{named}")
