"""Metrics as tables of words and rounded numbers, for the report: nothing of HTML here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nightjar.report.definitions import PAIRED, TITLES, Definition, define, label

Number = int | float
Numbers = dict[str, Number]
# what a reader wants to see first, and from which stage
HEADLINES = {
    "probe_clip": ("class3_macro_f1", "class5_macro_f1", "redshift_r2", "retrieval_auc"),
    "probe_astromer": ("macro_f1",),
    "evaluate_uncertainty": ("macro_f1", "auroc_smp", "auroc_pv", "ece", "aurc"),
}
_LESSER = re.compile(r"_(window|last_block|max)_")  # of a network: not what it is judged by
MODELS_IN_KEYS = {"probe_astromer"}  # sections are cases there, and keys name the models
MINUS = "_minus_"  # stands in the names of sections that hold differences of two models
_ERROR = re.compile(r"_(std|se)$")
MOST_COLUMNS = 6  # more keys than this become rows


class Cell(NamedTuple):
    """A table cell: its text, the number to sort by, and whether it is the best of its kind."""

    text: str
    value: Number | None = None
    best: bool = False
    key: str = ""


class Table(NamedTuple):
    """A table with a caption; ``notes`` define its columns where no column of its own does."""

    caption: str
    head: list[Cell]
    rows: list[list[Cell]]
    notes: list[tuple[str, str]]


def tables(values: Mapping[str, Any], models_in_keys: bool = False) -> list[Table]:
    """Tables of a metrics file: its own numbers, sections that share keys, differences, drops.

    Parameters
    ----------
    values : the file's content
    models_in_keys : the best value is sought among the keys of a section, not among the sections
    """
    flat = {key: value for key, value in values.items() if not isinstance(value, dict)}
    nested = {key: value for key, value in values.items() if isinstance(value, dict)}
    gains = {key: value for key, value in nested.items() if MINUS in key}
    groups = _alike({k: v for k, v in nested.items() if not (_is_reasons(k) or k in gains)})
    return [
        *([_list("", flat)] if flat else []),
        *(
            _together(part, models_in_keys)
            for group in groups
            for part in _split(group, models_in_keys)
        ),
        *([_gains(gains)] if gains else []),
        *(_reasons(key, value) for key, value in nested.items() if _is_reasons(key)),
    ]


def _split(sections: dict[str, Numbers], models_in_keys: bool) -> list[dict[str, Numbers]]:
    """Split by what is measured, where a table would otherwise hold models times measures."""
    if not models_in_keys:
        return [sections]
    every = _keys(sections.values())
    measures = dict.fromkeys(map(define, every))
    return [
        {
            name: {k: v for k, v in numbers.items() if define(k.removesuffix("_std")) == measure}
            for name, numbers in sections.items()
        }
        for measure in measures
    ]


def _is_reasons(section: str) -> bool:
    return section.endswith(("dropped", "drops")) or section.startswith(("dropped", "not_in"))


def _alike(sections: Mapping[str, Numbers]) -> list[dict[str, Numbers]]:
    """Group sections that share a key: they are rows of one table."""
    groups: list[dict[str, Numbers]] = []
    for name, numbers in sections.items():
        for group in groups:
            if numbers.keys() & {key for member in group.values() for key in member}:
                group[name] = numbers
                break
        else:
            groups.append({name: numbers})
    return groups


def _keys(sections: Iterable[Numbers]) -> list[str]:
    """Keys in the order of the definitions' subjects, deviations merged into their means."""
    every = dict.fromkeys(key for numbers in sections for key in numbers)
    return [k for k in every if not (_ERROR.search(k) and _ERROR.sub("", k) in every)]


def _list(name: str, numbers: Numbers) -> Table:
    """One section: a row per number."""
    keys = _keys([numbers])
    defined = any(define(key) for key in keys)
    head = [Cell("Measure"), Cell("Value", 0)] + [Cell("Definition")] * defined
    rows = [
        [_name(key), _cell(numbers, key), *[Cell(_text(define(key)))] * defined] for key in keys
    ]
    return Table(label(name), head, rows, [])


def _together(sections: Mapping[str, Numbers], models_in_keys: bool) -> Table:
    if len(sections) == 1:
        return _list(*next(iter(sections.items())))
    return _side_by_side(sections, models_in_keys)


def _side_by_side(sections: Mapping[str, Numbers], models_in_keys: bool) -> Table:
    """Several sections with common keys: sections as rows, or as columns where keys are many."""
    keys = _keys(sections.values())
    cells = {
        key: [
            _cell(numbers, key, _is_best(sections, name, key, models_in_keys))
            for name, numbers in sections.items()
        ]
        for key in keys
    }
    names = [Cell(_case(name), key=name) for name in sections]
    if len(keys) > MOST_COLUMNS:
        head = [Cell("Measure"), *[name._replace(value=0) for name in names], Cell("Definition")]
        rows = [[_name(key), *cells[key], Cell(_text(define(key)))] for key in keys]
        return Table("", head, rows, [])
    head = [Cell(""), *[_name(key)._replace(value=0) for key in keys]]
    rows = [[name, *(cells[key][row] for key in keys)] for row, name in enumerate(names)]
    return Table("", head, rows, _notes(keys))


def _gains(sections: Mapping[str, Numbers]) -> Table:
    """Differences of pairs of models, a row per score and a column per pair."""
    head = [
        Cell("Measure"),
        *(Cell(label(name), 0, key=name) for name in sections),
        Cell("Definition"),
    ]
    rows = [
        [_name(key), *(_cell(n, key) for n in sections.values()), Cell(_text(define(key)))]
        for key in _keys(sections.values())
    ]
    return Table("Differences on the same folds", head, rows, [("±", PAIRED)])


def _notes(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Definitions of columns, each once, with the names of all columns that it defines."""
    notes: dict[str, list[str]] = {}
    for key in keys:
        if text := _text(define(key)):
            notes.setdefault(text, []).append(label(key))
    return [(", ".join(names), text) for text, names in notes.items()]


def _reasons(name: str, counts: Numbers) -> Table:
    """Rows left out, by the table that they were in and the reason."""
    head = [Cell("Table"), Cell("Reason"), Cell("Rows", 0)]
    rows = [
        [Cell(label(key.split("_")[0])), Cell(_sentence(key), key=key), _cell(counts, key)]
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    ]
    return Table(label(name), head, rows, [])


def _sentence(reason: str) -> str:
    return reason.partition("_")[2].replace("_", " ") or reason


def headlines(stages: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """Tables of the few numbers that a reader wants first, from stage name to its metrics."""
    found = []
    for stage, endings in HEADLINES.items():
        sections = {
            name: {
                k: v
                for k, v in numbers.items()
                if k.removesuffix("_std").endswith(endings) and not _LESSER.search(k)
            }
            for name, numbers in stages.get(stage, {}).items()
            if isinstance(numbers, dict) and MINUS not in name
        }
        sections = {name: numbers for name, numbers in sections.items() if numbers}
        if sections:
            table = _together(sections, stage in MODELS_IN_KEYS)
            found.append(table._replace(caption=TITLES[stage]))
    return found


# --- cells --------------------------------------------------------------------------------------


def _name(key: str) -> Cell:
    return Cell(label(key), key=key)


def _text(definition: Definition | None) -> str:
    if definition is None:
        return ""
    return definition.text + {1: " ↑", -1: " ↓", 0: ""}[definition.direction]


def _case(name: str) -> str:
    """Section names such as ``alcock_20`` are a survey and its samples per class."""
    case = re.fullmatch(r"(.+)_(\d+)", name)
    if case is None or case[1].endswith("fold"):
        return label(name)
    return f"{label(case[1])}, {case[2]} per class"


def _cell(numbers: Numbers, key: str, best: bool = False) -> Cell:
    value = numbers.get(key)
    if value is None:
        return Cell("–")
    error = numbers.get(f"{key}_std", numbers.get(f"{key}_se"))
    return Cell(number(value, error), value, best)


def _is_best(sections: Mapping[str, Numbers], section: str, key: str, models_in_keys: bool) -> bool:
    """Best of at least two: of the same key in all sections, or of the section's like keys."""
    definition = define(key)
    if definition is None or not definition.direction or key not in sections[section]:
        return False
    if models_in_keys:
        values = [v for k, v in sections[section].items() if define(k) == definition]
    else:
        values = [numbers[key] for numbers in sections.values() if key in numbers]
    best = max(values) if definition.direction > 0 else min(values)
    return len(values) > 1 and sections[section][key] == best


def number(value: Number, std: Number | None = None) -> str:
    """Write a number to four significant digits, or with its deviation.

    The deviation has two significant digits, but one where three decimals do not hold two, so that
    a column of scores lines up.

    >>> number(0.84217, 0.0123)
    '0.842 ± 0.012'
    """
    if std:
        first = -math.floor(math.log10(abs(std)))  # decimals of the first significant digit
        digits = min(max(min(first + 1, max(first, 3)), 0), 8)
        return f"{value:,.{digits}f} ± {std:,.{digits}f}".replace("-", "−")
    if isinstance(value, int):
        text = f"{value:,}"
    elif value == 0 or 1e-4 <= abs(value) < 1e4:
        text = f"{value:.4g}"
    else:
        text = f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.3e}"
    return text.replace("-", "−") + (" ± 0" if std is not None else "")
