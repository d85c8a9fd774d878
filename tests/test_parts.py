"""Questions asked of frozen splits."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import parts, splits
from nightjar.errors import InputError

COLUMNS = ["survey", "samples_per_class", "fold", "object_id", "part"]
FEW_SHOT = pd.DataFrame(
    [
        ("macho", 20, 0, "a", "train"),
        ("macho", 20, 0, "b", "validation"),
        ("macho", 20, 0, "c", "test"),
        ("macho", 20, 1, "b", "train"),
        ("macho", 20, 1, "a", "validation"),
        ("macho", 20, 1, "c", "test"),
        ("macho", 100, 0, "a", "train"),
        ("macho", 100, 0, "c", "test"),
        ("atlas", 20, 0, "x", "train"),
        ("atlas", 20, 0, "y", "test"),
        ("atlas", 20, 0, "z", "test"),
    ],
    columns=COLUMNS,
)


def plain(folds):
    """Arrays to lists, to compare."""
    return {f: {part: ids.tolist() for part, ids in of.items()} for f, of in folds.items()}


def test_the_parts_of_every_fold():
    table = FEW_SHOT[(FEW_SHOT["survey"] == "macho") & (FEW_SHOT["samples_per_class"] == 20)]
    assert plain(parts.folds(table)) == {
        0: {"train": ["a"], "validation": ["b"], "test": ["c"]},
        1: {"train": ["b"], "validation": ["a"], "test": ["c"]},
    }
    assert plain(parts.folds(table.sample(frac=1, random_state=0))) == plain(parts.folds(table))


def test_a_part_without_objects_is_empty_not_missing():
    """Two SN Ia and two SN II in two folds leave one of each beside the scored: none validates."""
    objects = pd.DataFrame(
        {"object_id": list("abcd"), "class": ["Ia", "Ia", "II", "II"], "group": range(4)}
    )
    table, _ = splits.stratified_folds(objects, 2, 0.2, seed=1)
    for of_fold in parts.folds(table).values():
        assert {part: len(ids) for part, ids in of_fold.items()} == {
            "train": 2, "validation": 0, "test": 2,
        }  # fmt: skip
        assert of_fold["validation"].dtype.kind == "U"
        rows = parts.rows_of(np.array(["b", "a"]), of_fold)
        assert len(rows["validation"]) == 0


def test_tasks():
    tasks = parts.tasks(FEW_SHOT)
    assert list(tasks) == [("atlas", 20), ("macho", 20), ("macho", 100)]  # numbers by size
    assert plain(tasks["macho", 100]) == {0: {"train": ["a"], "validation": [], "test": ["c"]}}
    assert {type(number) for _, number in tasks} == {int}
    assert {type(fold) for folds in tasks.values() for fold in folds} == {int}


def test_the_task_with_the_most_scored_stars():
    """atlas scores y and z; macho c alone, though in three tables."""
    survey, folds = parts.task(FEW_SHOT, None, 20)
    assert survey == "atlas"
    assert plain(folds)[0]["test"] == ["y", "z"]
    assert parts.task(FEW_SHOT, "macho", 100)[0] == "macho"


@pytest.mark.parametrize(("survey", "samples"), [("ogle", 20), ("atlas", 100), (None, 100)])
def test_no_such_task(survey, samples):
    there_are = "there are: atlas with 20, macho with 20, macho with 100"
    with pytest.raises(InputError, match=f"{samples} samples per class; {there_are}"):
        parts.task(FEW_SHOT, survey, samples)


def test_scored_in_any_fold():
    found = parts.scored(FEW_SHOT)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == ["c", "y", "z"]


def test_rows_of_parts_keep_the_order_of_the_rows():
    """The store's objects repeat (bands) and need not be in any part."""
    ids = np.array(["z", "a", "b", "a", "c"])
    rows = parts.rows_of(ids, {"train": np.array(["b", "a", "q"]), "test": np.array(["z"])})
    assert {part: r.tolist() for part, r in rows.items()} == {"train": [1, 2, 3], "test": [0]}


def objects(n, group=None):
    names = [f"o{i:03d}" for i in range(n)]
    return pd.DataFrame({"object_id": names, "group": range(n) if group is None else group})


def test_held_out_by_hash():
    """An object is held out where the first 8 bytes of BLAKE2b("seed US name"), as a big-endian
    fraction of 2^64, are below the share: here computed apart, with a digest of the same size."""
    table = objects(50)
    digests = [
        hashlib.blake2b(f"7\x1f{name}".encode(), digest_size=8).hexdigest()
        for name in table["object_id"]
    ]
    expected = [int(digest, 16) / 16**16 < 0.3 for digest in digests]
    assert parts.held_out(table, 0.3, seed=7).tolist() == expected


def test_groups_are_held_out_together_under_the_name_of_their_first():
    """o000, o010, ... o090 make one group, and so on: a group goes with its smallest id."""
    whole = parts.held_out(objects(100, [i % 10 for i in range(100)]), 0.5, seed=0)
    assert (whole.reshape(10, 10) == whole[:10]).all()
    assert whole[:10].tolist() == parts.held_out(objects(10), 0.5, seed=0).tolist()


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(30)), st.integers(0, 2**40))
def test_order_and_company_do_not_matter(order, seed):
    table = objects(30)
    try:
        chosen = parts.held_out(table, 0.5, seed)
        fewer = parts.held_out(table.iloc[:20], 0.5, seed)
    except InputError:  # one in 10^6
        return
    assert parts.held_out(table.iloc[order], 0.5, seed).tolist() == chosen[list(order)].tolist()
    assert fewer.tolist() == chosen[:20].tolist()


def test_the_share_is_about_the_fraction():
    """2000 objects at 0.1: mean 200, standard deviation sqrt(2000 x 0.1 x 0.9) = 13.4; 5 sigma."""
    assert abs(parts.held_out(objects(2000), 0.1, seed=0).sum() - 200) < 67


@pytest.mark.parametrize(("n", "fraction"), [(1, 0.5), (3, 1e-9), (3, 1 - 1e-9), (0, 0.5)])
def test_all_or_nothing_is_an_error(n, fraction):
    with pytest.raises(InputError, match="validation_fraction"):
        parts.held_out(objects(n), fraction, seed=0)


def test_without_labels_there_is_no_task_and_nothing_scored():
    empty = splits.NO_STARS.assign(survey="")
    assert parts.scored(empty).tolist() == []
    for ask in (parts.tasks, lambda table: parts.task(table, None, 20)):
        with pytest.raises(InputError, match="no star has a class"):
            ask(empty)
