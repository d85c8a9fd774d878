"""Figures that the report draws from the numbers that training leaves in plots/.

Training stages draw nothing themselves: a figure may then change without training anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nightjar import figures
from nightjar.report.folding import period_of

LOSSES = {  # by how the name of the stage begins; others have just a "loss"
    "pretrain_clip": "contrastive loss",
    "finetune_clip": "contrastive loss",
    "pretrain_astromer": "reconstruction loss",
    "finetune_astromer": "reconstruction loss",
    "train_star_classifiers": "cross-entropy / nat",
    "train_uncertainty": "cross-entropy / nat",
}
LOOKED_AT = 3  # stars whose attention is drawn


def draw(plots: str | Path) -> Iterator[tuple[str, Figure]]:
    """Every figure with its name, ``<stage>_<what>``, of a folder of plot data."""
    for stage, table in _tables(Path(plots)).items():
        loss = next((name for start, name in LOSSES.items() if stage.startswith(start)), "loss")
        yield f"{stage}_learning_curves", figures.learning_curves(_losses(table), loss)
        if "validation_rmse" in table:
            yield f"{stage}_rmse", figures.side_by_side(_scores(table), "rmse / mag, validation")
    for path in sorted(Path(plots).rglob("examples.npz")):
        with np.load(path) as stored:
            yield from _examples("_".join(path.relative_to(plots).parent.parts), dict(stored))


def _tables(plots: Path) -> dict[str, pd.DataFrame]:
    """Losses of every stage, and of every value of a matrix unless each value is one model.

    What was trained for no epoch has no curve.
    """
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for path in sorted(plots.rglob("learning_curves.csv")):
        stage, *value = path.relative_to(plots).parent.parts
        table = pd.read_csv(path)
        if len(table):
            found.setdefault(stage, {})["_".join([stage, *value])] = table
    tables: dict[str, pd.DataFrame] = {}
    for stage, of_stage in found.items():
        together = pd.concat(of_stage.values(), ignore_index=True)
        models = sum(table["model"].nunique() for table in of_stage.values())
        side_by_side = models == together["model"].nunique() == len(of_stage)
        tables |= {stage: together} if side_by_side else of_stage
    return tables


def _losses(table: pd.DataFrame) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    return {
        str(model): [
            (fold["training_loss"].to_numpy(), fold["validation_loss"].to_numpy())
            for _, fold in of_model.groupby("fold")
        ]
        for model, of_model in table.groupby("model", sort=False)
    }


def _scores(table: pd.DataFrame) -> dict[str, tuple[np.ndarray, int]]:
    """Validation RMSE of every epoch, and the epoch that is kept, from 0; of the first fold."""
    first = table[table["fold"] == 0]
    return {
        str(model): (each["validation_rmse"].to_numpy(), int(each["validation_loss"].argmin()))
        for model, each in first.groupby("model", sort=False)
    }


def _examples(stage: str, seen: dict[str, np.ndarray]) -> Iterator[tuple[str, Figure]]:
    """What a network makes of some stars: `examples.see`."""
    windows = {key: seen[key] for key in ("time", "magnitude", "error", "predicted", "probed")}
    found = [period_of(*each) for each in zip(*list(windows.values())[:3], strict=True)]
    period = np.where(seen["period"] > 0, seen["period"], found)
    figure = figures.reconstruction(**windows, titles=seen["name"].tolist(), period=period)
    yield f"{stage}_reconstruction", figure
    stars = len(period)
    chosen = np.linspace(0, stars - 1, min(LOOKED_AT, stars)).round().astype(int)
    for number, star in enumerate(chosen, start=1):
        name, time, magnitude = (seen[key][star] for key in ("name", "time", "magnitude"))
        title = f"{name}, {seen['object_id'][star]}"
        figure = figures.attention(time, magnitude, seen["attention"][star], title, period[star])
        yield f"{stage}_attention_{number}", figure
