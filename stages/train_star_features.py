"""Fit forests on features of variable stars, on the stars that Astromer is judged on."""

from pathlib import Path

import numpy as np
import pandas as pd

from nightjar import params, parts, stored
from nightjar.classical import few_shot, stars
from nightjar.errors import InputError
from nightjar.metrics import write_json
from nightjar.pipeline import run
from nightjar.ragged import LightCurves

STAGE = "train_star_features"
SAMPLE = Path("data/raw/variables")
WINDOWS = Path("data/processed/windows/variables")
PREDICTIONS = Path("data/embeddings/star_features")


def main() -> None:
    """Features of every star of the splits, once; then a forest per task, fold and set."""
    settings = params.load(params.TrainStarFeatures)
    light_curves = LightCurves.open(WINDOWS)
    classes = stored.table(SAMPLE / "objects.parquet").set_index("object_id")["class"]
    table = stored.table(SAMPLE / "splits.parquet")
    ids = np.unique(table["object_id"].to_numpy(str))
    PREDICTIONS.mkdir(parents=True, exist_ok=True)
    try:
        features = stars.of_stars(
            light_curves,
            ids,
            period_min=settings.period_min,
            points=settings.points,
            threads=settings.threads,
        )
    except InputError as error:  # an optional package is missing
        print(f"left out: {error}")
        features, found = pd.DataFrame(index=ids), pd.DataFrame(columns=few_shot.COLUMNS)
    else:
        found = few_shot.predictions(
            features,
            classes,
            parts.tasks(table),
            trees=settings.trees,
            seed=settings.seed,
            threads=settings.threads,
        )
    features.to_parquet(PREDICTIONS / "features.parquet")
    found.to_parquet(PREDICTIONS / "predictions.parquet", index=False)
    sets = stars.sets(features.columns.tolist())
    counts = {
        "stars": len(ids),
        "without_light_curve": int((~np.isin(ids, light_curves.object_id)).sum()),
        "without_period": int(features.reindex(columns=stars.PERIOD[:1]).isna().to_numpy().sum()),
        **{f"{name}_columns": len(columns) for name, columns in sets.items()},
    }
    write_json(f"metrics/{STAGE}.json", {"stars": counts})


if __name__ == "__main__":
    run(main, STAGE)
