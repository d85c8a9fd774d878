"""The two-sample tests of one class by its light curves, a group of features at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nightjar.realism import curves, forest
from nightjar.realism.forest import Table
from nightjar.realism.observed import Floats, Observed
from nightjar.realism.twins import Pair

FEWEST = 15  # objects on either side below which nothing is scored
# Groups of features: the physics (told from everything else in "light curve"), brightness apart
# because selection and distances set it too, and what is not physics.
TESTS = {
    "light_curve": (*curves.GROUPS["shape"], *curves.GROUPS["colour"]),
    **curves.GROUPS,
}
IN_TWINS = ("light_curve", "shape", "colour", "brightness", "scatter")


class Measured(NamedTuple):
    """Real and simulated objects of one class side by side."""

    real: list[Any]  # `Observed`, or light curves of stars
    simulated: list[Any]
    features: pd.DataFrame  # real objects, then simulated ones; a column per feature
    table: Table
    units: Mapping[str, str]  # of the features


class Tested(NamedTuple):
    """What came out for one group of features."""

    objects: int  # real
    auroc: float
    error: float


def measure_pairs(pairs: list[Pair]) -> Measured:
    """Features of pairs; what one of a pair does not show is taken from the other, too.

    So nothing can be told from what is missing.
    """
    real, twin = [pair.real for pair in pairs], [pair.twin for pair in pairs]
    both = shared(_features(real), _features(twin))
    return measured(real, twin, both, [each.group for each in real] * 2, curves.UNITS)


def shared(real: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Features of real objects, then of their twins; NaN in both where one of them has none."""
    both = real.notna() & simulated.notna()
    return pd.concat([real.where(both), simulated.where(both)], ignore_index=True)


def measure_samples(real: list[Observed], simulated: list[Observed]) -> Measured:
    """Features of two samples that have nothing to do with each other."""
    features = pd.concat([_features(real), _features(simulated)], ignore_index=True)
    groups = [f"real {o.group}" for o in real] + [f"simulated {o.group}" for o in simulated]
    return measured(real, simulated, features, groups, curves.UNITS)


def _features(objects: list[Observed]) -> pd.DataFrame:
    return pd.DataFrame([curves.measure(each) for each in objects], columns=list(curves.NAMES))


def measured(
    real: list[Any],
    simulated: list[Any],
    features: pd.DataFrame,
    groups: list[str],
    units: Mapping[str, str],
) -> Measured:
    """Both sides with their features; ``groups`` has a name for each row of these."""
    truth = np.repeat([False, True], [len(real), len(simulated)])
    table = Table(features.to_numpy(float), truth, forest.grouped(groups))
    return Measured(real, simulated, features, table, units)


def judge_curves(
    sides: Measured, names: tuple[str, ...], seed: int, weigh: bool
) -> tuple[Tested, pd.DataFrame] | None:
    """Tell apart by the features ``names``; None if too few objects show any of them.

    ``weigh``: find out by which features, which takes most of the time; zeros else.

    Returns
    -------
    the score, and per feature: importance (loss of AUROC), median and scatter (half of the
    difference between the 84th and 16th percentile) of real and simulated objects, objects
    """
    values = sides.features[list(names)]
    some = values.notna().any(axis=1).to_numpy(bool)
    _, simulated, group = sides.table
    table = Table(values.to_numpy(float)[some], simulated[some], group[some])
    few = min((~table.simulated).sum(), table.simulated.sum())
    if few < FEWEST:
        return None
    verdict = forest.tell_apart(table, seed, weigh=weigh)
    return (
        Tested(int((~table.simulated).sum()), verdict.auroc, verdict.error),
        _giveaways(values, sides, verdict.importance),
    )


def _giveaways(values: pd.DataFrame, sides: Measured, importance: Floats) -> pd.DataFrame:
    """Features by importance, with what they are in both samples."""
    simulated = sides.table.simulated
    columns: dict[str, object] = {"feature": list(values), "importance": importance}
    for name, rows in (("real", ~simulated), ("simulated", simulated)):
        low, middle, high = values[rows].quantile([0.16, 0.5, 0.84]).to_numpy()
        columns |= {name: middle, f"{name}_scatter": (high - low) / 2}
    columns["objects"] = values[~simulated].notna().sum().to_numpy()
    columns["unit"] = [sides.units[str(name)] for name in values]
    return pd.DataFrame(columns).sort_values("importance", ascending=False, kind="stable")
