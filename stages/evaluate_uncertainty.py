"""Judge how well each method knows when it is wrong."""

from pathlib import Path

import numpy as np
import pandas as pd

from nightjar import calibration, figures, params, stored
from nightjar.errors import InputError
from nightjar.judging import uncertainty as judging
from nightjar.metrics import over_folds, write_json
from nightjar.pipeline import run
from nightjar.uncertainty import smp

STAGE = "evaluate_uncertainty"
SAMPLE = Path("data/raw/variables")
PREDICTIONS = Path("data/predictions")
PLOTS = Path("plots") / STAGE


def folds_of(method: Path, objects: pd.DataFrame, table: pd.DataFrame) -> list[judging.Fold]:
    """The scored stars of every fold; predictions of other splits are refused."""
    found = []
    for path in sorted(method.glob("*.npz")):
        arrays = np.load(path)
        of_fold = table[table["fold"] == int(path.stem)]
        kept_out = of_fold["object_id"][of_fold["part"] != "train"]
        if not np.isin(arrays["object_id"], kept_out).all():
            raise InputError(
                f"{path}: holds stars that fold {path.stem} does not keep out of training: "
                f"an earlier run's; delete {method}, or run its train_uncertainty again"
            )
        scored = of_fold["object_id"][of_fold["part"] == "test"]
        test = np.isin(arrays["object_id"], scored)
        label = stored.class_codes(objects.loc[arrays["object_id"][test]], arrays["classes"])
        found.append(judging.Fold(arrays["probabilities"][:, test], label))
    if not found:
        raise InputError(f"{method}: no predictions; run train_uncertainty for this method")
    return found


def main() -> None:
    """Score every method, draw reliability and rejection."""
    settings = params.load(params.EvaluateUncertainty)
    methods = params.load(params.TrainUncertainty).methods  # others may lie there, of earlier runs
    objects = stored.table(SAMPLE / "objects.parquet").set_index("object_id")
    table = stored.table(SAMPLE / "splits.parquet")
    metrics, reliability, rejection = {}, {}, {}
    for method in (PREDICTIONS / name for name in sorted(methods)):
        folds = folds_of(method, objects, table)
        metrics[method.name] = over_folds([judging.scores(f, settings.bins) for f in folds])
        every = judging.together(folds)
        reliability[method.name] = calibration.reliability(every.mean, every.label, settings.bins)
        rejection[method.name] = calibration.rejection(every.wrong, smp(every.probabilities))
    write_json(f"metrics/{STAGE}.json", metrics)
    figures.save(figures.reliability(reliability), PLOTS / "reliability.png")
    figures.save(figures.rejection(rejection), PLOTS / "rejection.png")


if __name__ == "__main__":
    run(main, STAGE)
