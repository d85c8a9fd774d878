"""The forest finds what is there and nothing else."""

import numpy as np
import pandas as pd
import pytest

from nightjar.realism import compare, curves, forest
from nightjar.realism.forest import Table
from tests.realism.objects import observed

PAIRS = 80


@pytest.fixture(autouse=True)
def small_forests(monkeypatch):
    monkeypatch.setattr(forest, "_TREES", 40)
    monkeypatch.setattr(forest, "REPEATS", 1)


def table(shift: float, seed: int = 0) -> Table:
    """Pairs of objects with 4 features, of which the second is ``shift`` larger if simulated."""
    features = np.random.default_rng(seed).normal(size=(2 * PAIRS, 4))
    simulated = np.repeat([False, True], PAIRS)
    features[simulated, 1] += shift
    return Table(features, simulated, np.tile(np.arange(PAIRS), 2))


@pytest.mark.parametrize("components", [None, 3])
def test_the_same_population_cannot_be_told(components):
    found = forest.tell_apart(table(0.0), 0, components=components)
    assert abs(found.auroc - 0.5) < 4 * found.error
    assert 0.02 < found.error < 0.08  # sqrt(1 / (6 PAIRS)) = 0.046 of a random order


def test_a_shift_is_told_and_named():
    """Two normals 5 standard deviations apart: AUROC is Phi(5 / sqrt 2) = 0.9998."""
    found = forest.tell_apart(table(5.0), 0, weigh=True)
    assert found.auroc > 0.99
    assert found.importance.argmax() == 1
    assert forest.tell_apart(table(5.0), 0, components=4).auroc > 0.98


def test_an_auroc_follows_from_the_shift():
    """One standard deviation apart: at best Phi(1 / sqrt 2) = 0.760."""
    found = forest.tell_apart(table(1.0), 0)
    assert 0.6 < found.auroc < 0.76 + 3 * found.error


def test_pairs_show_the_same_things(monkeypatch):
    """What only one of a pair shows is taken from it: nothing is told by what is missing."""
    real, twin = observed("real"), observed("twin")
    values = {"real": {"g_dm15": 0.8}, "twin": {"g_dm15": 0.9, "lag": 1.0}}
    monkeypatch.setattr(
        curves, "measure", lambda each: dict.fromkeys(curves.NAMES, np.nan) | values[each.object_id]
    )
    found = compare.measure_pairs([compare.Pair(real, twin, 0)])
    assert found.features["g_dm15"].tolist() == [0.8, 0.9]
    assert found.features["lag"].isna().all()
    assert found.table.simulated.tolist() == [False, True]
    assert found.table.group.tolist() == [0, 0]


def test_groups_of_two_samples_never_meet():
    """SN1 of one sample has nothing to do with SN1 of the other."""
    found = compare.measure_samples([observed("SN1")], [observed("SN1"), observed("SN2")])
    assert len(set(found.table.group)) == 3


def test_the_medians_stand_beside_the_importance():
    simulated = np.repeat([False, True], 20)
    values = np.where(simulated, 1.0, 0.0)
    frame = pd.DataFrame(dict.fromkeys(curves.NAMES, np.nan), index=range(40))
    frame["lag"], frame["g_dm15"] = values, np.tile(np.arange(20.0), 2)
    measured = compare.Measured(
        [], [], frame, Table(frame.to_numpy(), simulated, np.tile(np.arange(20), 2)), curves.UNITS
    )
    tested, by = compare.judge_curves(measured, ("g_dm15", "lag"), 0, weigh=True)
    assert tested.auroc == 1.0
    assert by.iloc[0][["feature", "real", "simulated"]].tolist() == ["lag", 0.0, 1.0]
    few = measured._replace(features=frame.where(pd.Series(frame.index % 20 < 5), axis=0))
    assert compare.judge_curves(few, ("lag",), 0, weigh=False) is None
