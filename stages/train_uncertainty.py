"""Train Astromer as a classifier with one method of telling how sure it is; predict with it."""

import sys
from pathlib import Path

import numpy as np

from nightjar import params, parts, stored, training, weights
from nightjar.errors import InputError
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Astromer
from nightjar.pipeline import run
from nightjar.stars import open_stars, per_object
from nightjar.tasks import ClassifyTask, class_weights
from nightjar.training import checkpoints, trained
from nightjar.uncertainty import methods
from nightjar.uncertainty.outside import outside, without

STAGE = "train_uncertainty"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")


def main(method: str) -> None:
    """Train on every fold; sampled probabilities of validation, scored and strange stars."""
    settings = params.load(params.TrainUncertainty)
    if method not in settings.methods:
        raise InputError(
            f"method {method!r} is none of train_uncertainty.methods in params.yaml: "
            f"{', '.join(settings.methods)}"
        )
    tables = [SAMPLE / "objects.parquet", SAMPLE / "splits.parquet"]
    weights_file = Path(f"models/astromer/{settings.network}/weights.safetensors")
    inputs = [WINDOWS, *tables, WINDOWS.parent / "settings.json", weights_file]
    resume = checkpoints.directory(f"{STAGE}_{method}", settings, inputs, [Path(__file__)])
    stars = open_stars(SAMPLE, WINDOWS)
    pretrained = weights.load(weights_file, network=Astromer)
    full = pretrained.metadata.settings["mask"] == "legacy"  # there padding takes part
    table = stored.table(SAMPLE / "splits.parquet")
    survey, folds = parts.task(table, settings.survey, settings.samples_per_class)
    every = stars.classes_of(table["object_id"][table["survey"] == survey])
    classes = without(every, settings.left_out)
    label = stars.labels(classes)
    strange = outside(stars, table, survey, settings.left_out, settings.seed)
    train = stars.drawn(label=label, full=full)
    predictions, fits = Path("data/predictions") / method, []
    predictions.mkdir(parents=True, exist_ok=True)
    for fold, part in folds.items():
        found = {each: stars.rows_of(ids) for each, ids in part.items()}
        rows = {each: of_part[label[of_part] >= 0] for each, of_part in found.items()}
        validation = stars.sequential(rows["validation"], label=label, full=full)
        asked = [rows["validation"], rows["test"], stars.rows_of(strange)]
        scored = stars.sequential(np.concatenate(asked), full=full)
        sampled, parameters = [], 0
        for member in range(methods.members(method, settings)):
            seed = methods.seed_of(settings.seed, fold, member)
            network = methods.classifier(method, settings, pretrained, len(classes), seed)
            fitted = training.fit_rows(
                ClassifyTask(network, class_weights(label[rows["train"]], len(classes))),
                (train, rows["train"]),
                (validation, np.arange(len(validation))),
                settings.model_copy(update={"seed": seed}),
                seed=seed,
                resume=resume / f"{fold}_{member}.safetensors",
                label=f"{method}, {survey}, fold {fold}, member {member}",
            )
            fits.append(fitted)
            trained.save(
                methods.folder(method, fold, member),
                network,
                fitted,
                preprocessing=stars.preprocessing,
                classes=classes,
                bands=stars.bands_of(rows["train"]),  # of its survey alone
                sample=weights.fingerprint(inputs[:1]),
                notes=methods.notes(method, survey, settings),
            )
            sampled.append(methods.sample(network, scored, method, settings))
            parameters += sum(each.numel() for each in network.parameters())
        ids, probabilities = per_object(stars.ids[scored.row], np.concatenate(sampled))
        known = ~np.isin(ids, strange)
        np.savez(
            predictions / f"{fold}.npz",
            object_id=ids[known],
            probabilities=probabilities[:, known],
            outside_id=ids[~known],
            outside=probabilities[:, ~known],
            classes=classes,
            passes=len(probabilities),
            parameters=parameters,
        )
    metrics = over_folds([trained.summary(each) for each in fits])
    write_json(f"metrics/{STAGE}_{method}.json", {method: metrics})
    trained.write_curves(f"plots/{STAGE}/{method}/learning_curves.csv", {method: fits})
    checkpoints.clear(f"{STAGE}_{method}")


if __name__ == "__main__":
    given = " ".join(sys.argv[1:])
    run(lambda: main(given), f"{STAGE}@{given}")
