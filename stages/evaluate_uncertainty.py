"""Judge how well each method knows when it is wrong, and keep what its predictions may promise."""

from itertools import combinations
from pathlib import Path

import numpy as np

from nightjar import calibration, figures, params, parts, stored
from nightjar.calibration.record import write_calibrations
from nightjar.judging import paired, predictions
from nightjar.judging import uncertainty as judging
from nightjar.metrics import over_folds, write_json
from nightjar.pipeline import run
from nightjar.uncertainty import smp

STAGE = "evaluate_uncertainty"
SAMPLE = Path("data/raw/variables")
PREDICTIONS = Path("data/predictions")
CALIBRATION = Path("models/calibration")
PLOTS = Path("plots") / STAGE
BASELINE, SAMPLED = "deterministic_smp", ("_pv", "_bald")  # is sampling better than 1 - max p?


def main() -> None:
    """Score every method, compare every two, write their calibrations and figures."""
    settings = params.load(params.EvaluateUncertainty)
    trained = params.load(params.TrainUncertainty)
    objects = stored.table(SAMPLE / "objects.parquet").set_index("object_id")
    table = stored.table(SAMPLE / "splits.parquet")
    _, folds = parts.task(table, trained.survey, trained.samples_per_class)
    methods: dict[str, list[predictions.Fold]] = {}
    for method in trained.methods:  # others may lie there, of earlier runs
        found = predictions.read(PREDICTIONS / method, objects, folds)
        fitted = {number: judging.calibrated(fold) for number, fold in found.items()}
        write_calibrations(CALIBRATION / f"{method}.json", fitted)
        methods[method] = list(found.values())
    scores = {name: [judging.scores(f, settings) for f in found] for name, found in methods.items()}
    metrics = {name: over_folds(of_folds) for name, of_folds in scores.items()}
    ratio = paired.shared_per_own(folds)
    pairs = [(one, other) for other, one in combinations(methods, 2)]
    compared = paired.sections(judging.comparable(scores), pairs, ratio)
    tested = judging.same_objects(methods, pairs)
    metrics |= {name: compared[name] | tested[name] for name in compared}
    by_score = judging.by_score(scores)
    pairs = [(one, BASELINE) for one in by_score if BASELINE in by_score and one.endswith(SAMPLED)]
    metrics |= paired.sections(by_score, pairs, ratio)
    classes = {name: judging.per_class(found, settings.coverage) for name, found in methods.items()}
    metrics |= {
        f"{name}_{measure}": numbers
        for name, measures in classes.items()
        for measure, numbers in measures.items()
    }
    write_json(f"metrics/{STAGE}.json", metrics)
    draw(methods, classes, settings)


def draw(
    methods: dict[str, list[predictions.Fold]],
    classes: dict[str, dict[str, dict[str, float]]],
    settings: params.EvaluateUncertainty,
) -> None:
    """Reliability before and after scaling, rejection, conformal sets."""
    before, after, rejection = {}, {}, {}
    for name, folds in methods.items():
        every = predictions.together([fold.scored for fold in folds])
        scaled = np.concatenate([judging.tempered(fold) for fold in folds])
        before[name] = calibration.reliability(every.mean, every.label, settings.bins)
        after[name] = calibration.reliability(scaled, every.label, settings.bins)
        rejection[name] = calibration.rejection(every.wrong, smp(every.probabilities))
    figures.save(figures.reliability(before, after), PLOTS / "reliability.png")
    figures.save(figures.rejection(rejection), PLOTS / "rejection.png")
    figure = figures.conformal(classes, settings.coverage)
    figures.save(figure, PLOTS / "conformal_sets.png")


if __name__ == "__main__":
    run(main, STAGE)
