"""Train, validation and test, frozen by object id: stratified, grouped, and stable under growth.

Objects of one position group (duplicates) never straddle two parts.  Every choice is made from
BLAKE2b hashes of the seed and of a group's name, its smallest object_id, never from row order or
from a stream of random numbers; so the same objects always get the same parts, and a sample that
grows keeps nearly all of its old ones.

Nearly, because no scheme can be exactly stratified *and* leave every other object untouched when
one is added: by induction over the objects added such an assignment would be a function of the
object alone, and among enough objects some share one fold and make up an unbalanced class.
What can be had is that few move: consistent hashing with bounded loads (Mirrokni, Thorup and
Zadimoghaddam 2018, SODA), here with the bound drawn as tight as it can be.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from nightjar.errors import InputError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
FEW_SHOT = {"samples_per_class": "int64", "fold": "int64", "object_id": "str", "part": "str"}
NO_STARS = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in FEW_SHOT.items()})


def stratified_folds(
    objects: pd.DataFrame, folds: int, validation_fraction: float, seed: int
) -> tuple[pd.DataFrame, Counter[str]]:
    """Folds for cross-validation, each with its own validation part.

    Per class the number of groups in the scored part differs by at most one between folds.  What
    is left of a fold is divided again, so that early stopping never sees what is scored.

    Parameters
    ----------
    objects : one row per object with ``object_id``, ``class`` (string or null) and ``group`` (equal
        for objects that must stay together); a group counts for its most common class
    folds : number of folds, at least 2
    validation_fraction : share of each class, of what is not scored, that becomes validation; at
        least one group and never all, where the class has three or more left
    seed : part of every hash

    Returns
    -------
    splits : ``fold``, ``object_id``, ``part`` (train, validation or test), every object once per
        fold, sorted by fold and object_id
    drops : objects left out: ``class_missing`` (null), ``class_too_small`` (fewer groups than
        folds)

    Raises
    ------
    InputError
        An object_id repeats, or no class has as many groups as there are folds.
    """
    frame, drops = _with_strata(objects, at_least=folds)
    scored: dict[str, int] = {}
    for names in _names_per_class(frame):
        scored |= _balanced(names, folds, seed)
    tables = []
    for fold in range(folds):
        parts = {name: TEST if scored[name] == fold else TRAIN for name in scored}
        for names in _names_per_class(frame):
            left = [name for name in names if scored[name] != fold]
            chosen = _by_hash(left, seed, VALIDATION, fold)[: _share(validation_fraction, left)]
            parts.update(dict.fromkeys(chosen, VALIDATION))
        part = frame["name"].map(parts)
        tables.append(pd.DataFrame({"fold": fold, "object_id": frame["object_id"], "part": part}))
    return pd.concat(tables, ignore_index=True), drops


def few_shot(
    objects: pd.DataFrame,
    folds: int,
    samples_per_class: Sequence[int],
    test_per_class: int,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> tuple[pd.DataFrame, Counter[str]]:
    """Few labelled objects per class, in folds with a common test part, after Astromer 2.

    Per class and fold the groups stand in one order, by hash.  The first of them are scored,
    whatever the samples per class; the last are set aside for validation; training takes the first
    of those between.  Hence the 20 are a subset of the 100, and nothing validates one size that
    trains another.  Drawn without replacement; validation is stratified (the public code does
    neither).  Folds are independent draws: their test parts may overlap, as published.

    One object stands for each group, the smallest object_id of its class: a twin would make a
    class larger than asked, and score one star twice.

    Parameters
    ----------
    objects : as for :func:`stratified_folds`
    folds : number of folds, at least 1
    samples_per_class : training objects per class; a class with fewer gives all it has
    test_per_class, test_fraction : scored per class: the smaller of the number and the share
    validation_fraction : validation objects per class as a share of the samples per class, at
        least one; the same share is kept where a class has too few for both
    seed : part of every hash

    Returns
    -------
    splits : ``samples_per_class``, ``fold``, ``object_id``, ``part``, sorted by the first three
    drops : objects left out: ``class_missing``, ``class_too_small`` (fewer than three groups, one
        per part), ``group_duplicate``

    Raises
    ------
    InputError
        An object_id repeats, or no class has three groups.
    """
    frame, drops = _with_strata(objects, at_least=3)
    single = frame[frame["class"] == frame["stratum"]].drop_duplicates("name")
    drops["group_duplicate"] += len(frame) - len(single)
    rows: list[tuple[int, int, str, str]] = []
    ids = dict(zip(single["name"], single["object_id"], strict=True))
    for fold in range(folds):
        for names in _names_per_class(single):
            order = _by_hash(names, seed, "few_shot", fold)
            scored = min(test_per_class, max(1, round(test_fraction * len(order))), len(order) - 2)
            test, rest = order[:scored], order[scored:]
            for samples in samples_per_class:
                train, validation = _train_and_validation(rest, samples, validation_fraction)
                for part, members in ((TRAIN, train), (VALIDATION, validation), (TEST, test)):
                    rows += [(samples, fold, ids[name], part) for name in members]
    columns = list(FEW_SHOT)
    splits = pd.DataFrame(rows, columns=columns)
    return splits.sort_values(columns[:3], ignore_index=True), +drops


def _train_and_validation(
    rest: list[str], samples: int, fraction: float
) -> tuple[list[str], list[str]]:
    """Training from the front, validation from the back of what is not scored."""
    aside = min(max(1, round(len(rest) * fraction / (1 + fraction))), len(rest) - 1)
    validation = min(max(1, round(samples * fraction)), aside)
    return rest[: min(samples, len(rest) - aside)], rest[len(rest) - validation :]


def _with_strata(objects: pd.DataFrame, at_least: int) -> tuple[pd.DataFrame, Counter[str]]:
    """Labelled objects sorted by id, with their group's ``name`` and ``stratum``; and the drops.

    Classes with fewer than ``at_least`` groups go one by one, the smallest first: without it a
    mixed group may count for another class, which is then large enough.
    """
    frame = objects[["object_id", "class", "group"]].sort_values("object_id", ignore_index=True)
    repeated = frame["object_id"].duplicated()
    if repeated.any():
        first = frame.loc[repeated, "object_id"].iloc[0]
        raise InputError(f"objects: object_id {first!r} occurs more than once; keep one row of it")
    frame["name"] = frame.groupby("group")["object_id"].transform("first")
    drops = Counter({"class_missing": int(frame["class"].isna().sum())})
    frame = frame[frame["class"].notna()]
    while len(frame):
        frame = frame.assign(stratum=_strata(frame))
        groups = frame.drop_duplicates("name")["stratum"].value_counts()
        groups = groups.reindex(sorted(frame["class"].unique()), fill_value=0)
        if groups.min() >= at_least:
            break
        small = frame["class"] == groups.idxmin()
        drops["class_too_small"] += int(small.sum())
        frame = frame[~small]
    if frame.empty:
        raise InputError(
            f"objects: no class has {at_least} or more objects (or groups of the same place), so "
            "that nothing can be split; add objects, merge classes, or ask for fewer folds"
        )
    return frame.reset_index(drop=True), +drops


def _strata(frame: pd.DataFrame) -> pd.Series:
    """The most common class of each row's group; of equally common ones the first by name."""
    counts = frame.groupby(["name", "class"], as_index=False).size()
    counts = counts.sort_values(["name", "size", "class"], ascending=[True, False, True])
    common = counts.drop_duplicates("name").set_index("name")["class"]
    return frame["name"].map(common)


def _names_per_class(frame: pd.DataFrame) -> Iterator[list[str]]:
    """Names of the groups of each stratum, strata and names sorted."""
    for _, members in frame.groupby("stratum", sort=True):
        yield list(dict.fromkeys(members["name"]))


def _balanced(names: list[str], folds: int, seed: int) -> dict[str, int]:
    """Fold of each name; fold sizes differ by at most one.

    Names choose in the order of their hash; each prefers folds in the order of the hash of both.
    A fold accepts while it holds fewer than n // folds, and n % folds of them one more.  The
    places add up to n, so that everyone finds one.
    """
    base, extra = divmod(len(names), folds)
    size, fuller, chosen = [0] * folds, 0, {}
    for name in _by_hash(names, seed):
        preferred = sorted(range(folds), key=lambda fold: _hash(seed, name, fold))
        room = base + (fuller < extra)
        chosen[name] = fold = next(fold for fold in preferred if size[fold] < room)
        size[fold] += 1
        fuller += size[fold] > base
    return chosen


def _share(fraction: float, names: list[str]) -> int:
    """Rounded share; at least one and never all, unless fewer than three: then none."""
    if len(names) < 3:
        return 0
    return min(max(1, round(fraction * len(names))), len(names) - 1)


def _by_hash(names: list[str], *key: object) -> list[str]:
    return sorted(names, key=lambda name: (_hash(*key, name), name))


def _hash(*key: object) -> bytes:
    """BLAKE2b of the parts of a key: the same on every machine, unlike Python's ``hash``."""
    return hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=8).digest()
