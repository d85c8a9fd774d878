"""Train Astromer as a classifier with one method of telling how sure it is; predict with it."""

import sys
from pathlib import Path

import numpy as np

from nightjar import params, parts, stored, training, weights
from nightjar.errors import InputError
from nightjar.judging import predictions
from nightjar.metrics import over_folds, write_json
from nightjar.networks import Astromer
from nightjar.pipeline import run
from nightjar.stars import open_stars, per_object
from nightjar.tasks import ClassifyTask, class_weights
from nightjar.training import checkpoints, side_by_side, trained
from nightjar.uncertainty import methods
from nightjar.uncertainty.outside import outside, without

STAGE = "train_uncertainty"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
PREDICTIONS = Path("data/predictions")
Result = tuple[training.Fitted, np.ndarray, np.ndarray, int]  # its stars, samples, parameters


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
    sample = weights.fingerprint(inputs[:1])

    def train(share: params.TrainUncertainty, case: tuple[int, int]) -> Result:
        fold, member = case
        found = {each: stars.rows_of(ids) for each, ids in folds[fold].items()}
        rows = {each: of_part[label[of_part] >= 0] for each, of_part in found.items()}
        validation = stars.sequential(rows["validation"], label=label, full=full)
        seed = methods.seed_of(share.seed, fold, member)
        network = methods.classifier(method, share, pretrained, len(classes), seed)
        fitted = training.fit_rows(
            ClassifyTask(network, class_weights(label[rows["train"]], len(classes))),
            (stars.drawn(label=label, full=full), rows["train"]),
            (validation, np.arange(len(validation))),
            share.model_copy(update={"seed": seed}),
            seed=seed,
            resume=resume / f"{fold}_{member}.safetensors",
            label=f"{method}, {survey}, fold {fold}, member {member}",
        )
        trained.save(
            methods.folder(method, fold, member),
            network,
            fitted,
            preprocessing=stars.preprocessing,
            classes=classes,
            bands=stars.bands_of(rows["train"]),  # of its survey alone
            sample=sample,
            notes=methods.notes(method, survey, share),
        )
        asked = [rows["validation"], rows["test"], stars.rows_of(strange)]
        scored = stars.sequential(np.concatenate(asked), full=full)
        sampled = methods.sample(network, scored, method, share)
        parameters = sum(each.numel() for each in network.parameters())
        return fitted, *per_object(stars.ids[scored.row], sampled), parameters

    members = methods.members(method, settings)
    cases = [(fold, member) for fold in folds for member in range(members)]
    fits, ids, sampled, parameters = zip(*side_by_side.each(train, cases, settings), strict=True)
    for k, fold in enumerate(folds):
        own = slice(k * members, (k + 1) * members)
        path, samples = PREDICTIONS / method / f"{fold}.npz", np.concatenate(sampled[own])
        predictions.write(path, ids[own][0], samples, strange, classes, sum(parameters[own]))
    metrics = over_folds([trained.summary(each) for each in fits])
    write_json(f"metrics/{STAGE}_{method}.json", {method: metrics})
    trained.write_curves(f"plots/{STAGE}/{method}/learning_curves.csv", {method: fits})
    checkpoints.clear(f"{STAGE}_{method}")


if __name__ == "__main__":
    given = " ".join(sys.argv[1:])
    run(lambda: main(given), f"{STAGE}@{given}")
