"""One self-contained HTML page of all metrics and figures: no network, no clock, no surprises.

Any metrics file of numbers at most two deep is shown: a flat one as a list, sections side by side
as a table.  The same files give the same bytes.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from nightjar.definitions import TITLES, Definition, define, label
from nightjar.errors import InputError

Number = int | float
Numbers = dict[str, Number]
# what a reader wants to see first, and from which stage
HEADLINES = {
    "probe_clip": ("class3_macro_f1", "class5_macro_f1", "redshift_r2", "retrieval_auc"),
    "probe_astromer": ("macro_f1",),
    "evaluate_uncertainty": ("macro_f1", "auroc_smp", "auroc_pv", "ece", "aurc"),
}
MOST_COLUMNS = 7  # more keys than this become rows


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


class Plot(NamedTuple):
    """A PNG: caption, size in CSS pixels, content in base64."""

    caption: str
    width: int
    height: int
    data: str


class Section(NamedTuple):
    """What one stage has to show."""

    anchor: str
    title: str
    tables: list[Table]
    plots: list[Plot]


def build(metrics: str | Path, plots: str | Path, params: Mapping[str, Any]) -> str:
    """Make the page.

    Parameters
    ----------
    metrics : folder of ``<stage>.json``
    plots : folder of PNGs; ``<stage>_<what>.png`` or ``<stage>/<what>.png`` go to their stage
    params : settings to show, nested as in params.yaml; may be empty

    Raises
    ------
    InputError
        There is nothing to show, a metrics file is not numbers at most two deep, or a figure is
        not a PNG.
    """
    stages = {path.stem: _read(path) for path in sorted(Path(metrics).glob("*.json"))}
    figures = _by_stage(sorted(Path(plots).rglob("*.png")), Path(plots), stages)
    if not stages and not figures:
        raise InputError(f"{metrics}: no metrics and no figures; run `dvc repro` first")
    names = [name for name in TITLES if name in stages or name in figures]
    names += sorted({*stages, *figures} - {*names, ""}) + [""] * ("" in figures)
    sections = [
        Section(
            name or "more",
            TITLES.get(name, label(name)) if name else "More figures",
            tables(stages.get(name, {})),
            figures.get(name, []),
        )
        for name in names
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("report.html.jinja")
    return page.render(sections=sections, headlines=_headlines(stages), params=_flat(params)) + "\n"


# --- reading ------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not JSON ({error}); run its stage again") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be names and numbers; run its stage again")
    for key, value in values.items():
        for inner, number in (value if isinstance(value, dict) else {"": value}).items():
            finite = isinstance(number, int | float) and math.isfinite(number)
            if not finite or isinstance(number, bool):
                where = f"{key}.{inner}" if inner else key
                raise InputError(f"{path}: {where}: not a finite number at most two deep")
    return values


def _by_stage(
    paths: Iterable[Path], root: Path, stages: Mapping[str, Any]
) -> dict[str, list[Plot]]:
    found: dict[str, list[Plot]] = {}
    known = sorted({*TITLES, *stages}, key=len, reverse=True)  # the longest name that fits
    for path in paths:
        name = "_".join(path.relative_to(root).with_suffix("").parts)
        stage = next((s for s in known if name == s or name.startswith(s + "_")), "")
        found.setdefault(stage, []).append(_plot(path, name.removeprefix(stage).strip("_") or name))
    return found


def _plot(path: Path, name: str) -> Plot:
    content = path.read_bytes()
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        raise InputError(f"{path}: not a PNG; run its stage again")
    width, height = struct.unpack(">II", content[16:24])
    shown = 100 / 150  # figures are saved at 150 dots per inch, and read at 100
    data = base64.b64encode(content).decode()
    return Plot(label(name), round(width * shown), round(height * shown), data)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", json.dumps(value, default=str, ensure_ascii=False)))
    return rows


# --- tables -------------------------------------------------------------------------------------


def tables(values: Mapping[str, Any]) -> list[Table]:
    """Tables of one metrics file: its own numbers, sections that share keys, rows left out."""
    flat = {key: value for key, value in values.items() if not isinstance(value, dict)}
    nested = {key: value for key, value in values.items() if isinstance(value, dict)}
    made = [_list("", flat)] if flat else []
    for group in _alike({k: v for k, v in nested.items() if not _is_reasons(k)}):
        made.append(_list(*next(iter(group.items()))) if len(group) == 1 else _side_by_side(group))
    return made + [_reasons(key, value) for key, value in nested.items() if _is_reasons(key)]


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
    return [k for k in every if not (k.endswith("_std") and k.removesuffix("_std") in every)]


def _list(name: str, numbers: Numbers) -> Table:
    """One section: a row per number."""
    keys = _keys([numbers])
    defined = any(define(key) for key in keys)
    head = [Cell("Measure"), Cell("Value", 0)] + [Cell("Definition")] * defined
    rows = [
        [_name(key), _cell(numbers, key), *[Cell(_text(define(key)))] * defined] for key in keys
    ]
    return Table(label(name), head, rows, [])


def _side_by_side(sections: Mapping[str, Numbers]) -> Table:
    """Several sections with common keys: sections as rows, or as columns where keys are many."""
    keys = _keys(sections.values())
    best = {key: _best(sections, key) for key in keys}
    cells = {key: [_cell(numbers, key, best[key]) for numbers in sections.values()] for key in keys}
    names = [_name(name) for name in sections]
    if len(keys) > MOST_COLUMNS:
        head = [Cell("Measure"), *[name._replace(value=0) for name in names], Cell("Definition")]
        rows = [[_name(key), *cells[key], Cell(_text(define(key)))] for key in keys]
        return Table("", head, rows, [])
    head = [Cell(""), *[_name(key)._replace(value=0) for key in keys]]
    rows = [[name, *(cells[key][row] for key in keys)] for row, name in enumerate(names)]
    notes = [(label(key), found.text) for key in keys if (found := define(key))]
    return Table("", head, rows, notes)


def _reasons(name: str, counts: Numbers) -> Table:
    """Rows left out, by the table that they were in and the reason."""
    head = [Cell("Table"), Cell("Reason"), Cell("Rows", 0)]
    rows = [
        [Cell(label(key.split("_")[0])), Cell(_sentence(key), key=key), _cell(counts, key)]
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    ]
    return Table(label(name), head, rows or [[Cell("–"), Cell("nothing"), Cell("0", 0)]], [])


def _sentence(reason: str) -> str:
    return reason.partition("_")[2].replace("_", " ") or reason


def _headlines(stages: Mapping[str, dict[str, Any]]) -> list[Table]:
    found = []
    for stage, endings in HEADLINES.items():
        sections = {
            name: {k: v for k, v in numbers.items() if k.removesuffix("_std").endswith(endings)}
            for name, numbers in stages.get(stage, {}).items()
            if isinstance(numbers, dict)
        }
        sections = {name: numbers for name, numbers in sections.items() if numbers}
        if sections:
            found.append(_side_by_side(sections)._replace(caption=TITLES[stage]))
    return found


# --- cells --------------------------------------------------------------------------------------


def _name(key: str) -> Cell:
    return Cell(label(key), key=key)


def _text(definition: Definition | None) -> str:
    if definition is None:
        return ""
    return (
        definition.text
        + {1: " (higher is better)", -1: " (lower is better)", 0: ""}[definition.direction]
    )


def _cell(numbers: Numbers, key: str, best: Number | None = None) -> Cell:
    value = numbers.get(key)
    if value is None:
        return Cell("–")
    return Cell(number(value, numbers.get(f"{key}_std")), value, best is not None and value == best)


def _best(sections: Mapping[str, Numbers], key: str) -> Number | None:
    """Best value of a key that has a direction, among at least two sections."""
    values = [numbers[key] for numbers in sections.values() if key in numbers]
    definition = define(key)
    if definition is None or not definition.direction or len(values) < 2:
        return None
    return max(values) if definition.direction > 0 else min(values)


def number(value: Number, std: Number | None = None) -> str:
    """Write a number to four significant digits, or with its deviation to the latter's second.

    >>> number(0.84217, 0.0123)
    '0.842 ± 0.012'
    """
    if std:
        digits = min(max(1 - math.floor(math.log10(abs(std))), 0), 8)
        return f"{value:,.{digits}f} ± {std:,.{digits}f}"
    if isinstance(value, int):
        text = f"{value:,}"
    elif value == 0 or 1e-4 <= abs(value) < 1e4:
        text = f"{value:.4g}"
    else:
        text = f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.3e}"
    return text.replace("-", "−") + (" ± 0" if std is not None else "")
