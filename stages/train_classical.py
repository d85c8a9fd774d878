"""Fit a practitioner's estimators per fold, and predict the scored objects."""

from pathlib import Path

import numpy as np
import pandas as pd

from nightjar import params, parts, stored
from nightjar.classical import matched, sample, supernovae
from nightjar.metrics import write_json
from nightjar.pairs import Pairs, open_pairs
from nightjar.pipeline import run
from nightjar.ragged import Spectra
from nightjar.spectra.store import ProcessedSpectra

STAGE = "train_classical"
SAMPLE = Path("data/raw/supernovae")
WINDOWS = Path("data/processed/windows/supernovae")
PROCESSED = Path("data/processed/spectra/supernovae")
PREDICTIONS = Path("data/embeddings/classical")


def main() -> None:
    """Features, photometric redshifts, matches near them; then classes, fold by fold."""
    settings = params.load(params.TrainClassical)
    judging = params.load(params.ProbeClip)  # it says which classes, and which k to try
    pairs = open_pairs(SAMPLE, WINDOWS, PROCESSED)
    folds = parts.folds(stored.table(SAMPLE / "splits.parquet"))
    chosen = pairs.rows_of(
        np.concatenate([ids for part in folds.values() for ids in part.values()])
    )
    objects = sample.of_pairs(pairs, chosen)
    ids = objects.objects["object_id"].to_numpy(str)
    rows = [parts.rows_of(ids, part) for part in folds.values()]
    redshifts = supernovae.photometric_redshifts(objects, rows, settings.seed)
    found = matches(
        pairs, chosen, objects, rows, redshifts, settings, neighbours=max(judging.neighbours)
    )
    tables = [
        supernovae.predictions(
            objects,
            found,
            redshifts[fold],
            fold,
            of_fold,
            class_groups=judging.class_groups,
            candidates=judging.neighbours,
            seed=settings.seed,
        ).assign(fold=number)
        for fold, (number, of_fold) in enumerate(zip(folds, rows, strict=True))
    ]
    PREDICTIONS.mkdir(parents=True, exist_ok=True)
    table = pd.concat(tables, ignore_index=True)
    table.to_parquet(PREDICTIONS / "predictions.parquet", index=False)
    counts = {
        "objects": len(ids),
        "spectra": len(objects.flux),
        "light_curve_features": 0 if objects.features is None else objects.features.shape[1],
        "templates": 0 if found is None else len(found.owner),
    }
    write_json(f"metrics/{STAGE}.json", {"supernovae": counts})


def matches(
    pairs: Pairs,
    chosen: np.ndarray,
    objects: sample.Sample,
    rows: list[dict[str, np.ndarray]],
    redshifts: np.ndarray,
    settings: params.TrainClassical,
    neighbours: int,
) -> matched.Matched | None:
    """Match scores, from the raw spectra: on a finer and wider grid than the networks need."""
    if not np.isfinite(objects.redshift).any():
        print("left out: template matching, which needs objects of known redshift")
        return None
    grid_settings = params.PreprocessSpectra.model_validate(
        pairs.preprocessing["spectra"]
        | settings.model_dump(include={"wavelength_min", "wavelength_max", "bins", "threads"})
    )
    default = pairs.data.spectra.default
    assert default is not None  # `pairs.open_pairs` sets it
    raw = ProcessedSpectra.open(PROCESSED).row[default[chosen]]
    spectra = Spectra.open(SAMPLE / "spectra")
    grid = matched.on_grid(spectra, objects.objects, raw, grid_settings)
    allowed = np.array([np.isin(np.arange(len(chosen)), part["train"]) for part in rows])
    return matched.match(
        grid,
        objects.objects,
        allowed,
        supernovae.limits(redshifts, settings.redshift_max),
        redshift_max=settings.redshift_max,
        neighbours=neighbours,
        threads=settings.threads,
    )


if __name__ == "__main__":
    run(main, STAGE)
