"""Redshifts with their uncertainty: judged on the scored objects, calibrated on validation."""

import numpy as np
import pandas as pd
import pytest

from nightjar import intervals as predictive
from nightjar.judging import clip, intervals

N = 240


@pytest.fixture(scope="module")
def task():
    """Embeddings that hold ln z with an error of 0.3; redshifts from 0.01 to 1."""
    rng = np.random.default_rng(0)
    logarithm = rng.uniform(np.log(0.01), 0, N)
    embeddings = np.column_stack([logarithm + 0.3 * rng.normal(size=N), rng.normal(size=(N, 2))])
    names = [f"o{i:03d}" for i in range(N)]
    columns = {"object_id": names, "class": "Ia", "redshift": np.exp(logarithm)}
    rows = {part: np.arange(k, N, 3) for k, part in enumerate(("train", "validation", "test"))}
    return embeddings, pd.DataFrame(columns), rows


@pytest.fixture(scope="module")
def judged(task):
    return intervals.judge(*task)


def test_scores_before_and_after(judged):
    scores, _ = judged
    names = {
        "pinball",
        "crps",
        "pit_distance",
        "coverage_68",
        "coverage_90",
        "width_68",
        "width_90",
    }
    assert scores.keys() == {f"redshift_{k}{n}" for k in ("", "conformal_") for n in names}
    # 90 % of 80 objects, calibrated on 80: sqrt(0.09 (1 / 80 + 1 / 82)) = 0.047
    assert scores["redshift_conformal_coverage_90"] == pytest.approx(0.9, abs=0.14)
    assert scores["redshift_conformal_coverage_68"] == pytest.approx(0.68, abs=0.22)
    assert scores["redshift_conformal_width_68"] < scores["redshift_conformal_width_90"]


def test_scores_are_those_of_the_table(judged):
    scores, table = judged
    for share in (68, 90):
        low, high = table[f"lower_{share}"], table[f"upper_{share}"]
        held = (low <= table["redshift"]) & (table["redshift"] <= high)
        assert held.mean() == scores[f"redshift_conformal_coverage_{share}"]
        width = np.mean((high - low) / (1 + table["median"]))
        assert width == pytest.approx(scores[f"redshift_conformal_width_{share}"])
        assert np.all((low <= table["median"]) & (table["median"] <= high))
    for key, column in (("redshift", "pit"), ("redshift_conformal", "pit_conformal")):
        distance = predictive.pit_distance(table[column])
        assert distance == pytest.approx(scores[f"{key}_pit_distance"])


def test_the_table_is_of_the_scored_objects(task, judged):
    _, objects, rows = task
    expected = objects["object_id"].iloc[rows["test"]].tolist()
    assert judged[1]["object_id"].tolist() == expected


def test_better_than_knowing_nothing(task, judged):
    _, objects, rows = task
    nothing = intervals.chance(objects, rows)
    for key in ("redshift_pinball", "redshift_crps"):
        assert judged[0][key] < 0.7 * nothing[key]
    assert judged[0]["redshift_width_90"] < nothing["redshift_width_90"]
    assert not [key for key in nothing if "conformal" in key]


def test_the_order_of_objects_does_not_matter(task, judged):
    embeddings, objects, rows = task
    order = np.random.default_rng(1).permutation(N)
    place = np.argsort(order)
    moved = {part: place[r] for part, r in rows.items()}
    scores, _ = intervals.judge(embeddings[order], objects.iloc[order], moved)
    assert scores == pytest.approx(judged[0])


def test_scored_objects_teach_nothing(task, judged):
    embeddings, objects, rows = task
    other = objects.copy()
    other.loc[rows["test"], "redshift"] = 0.5
    columns = ["median", "lower_68", "upper_90"]
    table = intervals.judge(embeddings, other, rows)[1]
    pd.testing.assert_frame_equal(table[columns], judged[1][columns])


def test_unknown_redshifts_are_predicted_and_not_scored(task):
    embeddings, objects, rows = task
    some = objects.copy()
    some.loc[::4, "redshift"] = np.nan
    scores, table = intervals.judge(embeddings, some, rows)
    known = table["redshift"].notna()
    assert 0 < known.sum() < len(table)
    assert table[["median", "lower_68", "upper_90"]].notna().all(axis=None)
    assert (table["pit"].notna() == known).all()
    held = table["redshift"].between(table["lower_90"], table["upper_90"])[known]
    assert scores["redshift_conformal_coverage_90"] == pytest.approx(held.mean())


def test_too_few_to_calibrate(task):
    """Eight validation objects promise 90 % of no finite interval."""
    embeddings, objects, rows = task
    few = rows | {"validation": rows["validation"][:8]}
    scores, table = intervals.judge(embeddings, objects, few)
    assert "redshift_coverage_90" in scores
    assert not [key for key in scores if "conformal" in key]
    assert table[["lower_68", "upper_90", "pit_conformal"]].isna().all(axis=None)
    assert table[["median", "pit"]].notna().all(axis=None)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_no_redshift_in_a_part(task, part):
    embeddings, objects, rows = task
    none = objects.copy()
    none.loc[rows[part], "redshift"] = np.nan
    scores, table = intervals.judge(embeddings, none, rows)
    assert scores == {}
    assert (table is None) == (part != "test")
    assert bool(intervals.chance(none, rows)) == (part == "validation")


def test_the_table_of_all_folds(judged):
    """Sections without intervals have no rows, and may have fewer folds."""
    scores, table = judged
    nothing = clip.Judged({}, pd.DataFrame())
    found = intervals.table(
        {"maven": [clip.Judged(scores, table, table)] * 2, "features": [nothing]}, [0, 1]
    )
    assert list(found.columns) == ["section", "fold", *intervals.COLUMNS]
    assert found.groupby(["section", "fold"]).size().to_dict() == {
        ("maven", 0): len(table),
        ("maven", 1): len(table),
    }
    assert len(intervals.table({"features": [nothing]}, [0])) == 0
