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

from nightjar.errors import InputError
from nightjar.report.definitions import TITLES, label
from nightjar.report.tables import MODELS_IN_KEYS, Table, headlines, tables


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


def build(metrics: str | Path, plots: str | Path) -> str:
    """Make the page.

    Parameters
    ----------
    metrics : folder of ``<stage>.json``
    plots : folder of PNGs; ``<stage>_<what>.png`` or ``<stage>/<what>.png`` go to their stage

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
    names = sorted({*stages, *figures}, key=_place)
    sections = [
        Section(
            name or "more",
            _title(name),
            tables(stages.get(name, {}), name in MODELS_IN_KEYS),
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
    return page.render(sections=sections, headlines=headlines(stages)) + "\n"


def _stage(name: str) -> str:
    """The stage of a metrics file: a stage with a matrix writes one file per item."""
    return next((stage for stage in TITLES if name == stage or name.startswith(f"{stage}_")), "")


def _place(name: str) -> tuple[int, str]:
    """In the order of the pipeline, then what is unknown, then figures of no stage."""
    order = [*TITLES, ""]
    return (order.index(_stage(name)) if name else len(order)), name


def _title(name: str) -> str:
    stage = _stage(name)
    if not name:
        return "More figures"
    item = name.removeprefix(stage).strip("_")
    return f"{TITLES[stage]}, {label(item)}" if stage and item else TITLES.get(stage, label(name))


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
        parts = path.relative_to(root).with_suffix("").parts
        name = "_".join(parts[parts[0] == "report" :])  # what the report draws is of its stage
        stage = next((s for s in known if name == s or name.startswith(s + "_")), "")
        found.setdefault(stage, []).append(
            _plot(path, name.removeprefix(stage).strip("_") or "figure")
        )
    return found


def _plot(path: Path, name: str) -> Plot:
    content = path.read_bytes()
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        raise InputError(f"{path}: not a PNG; run its stage again")
    width, height = struct.unpack(">II", content[16:24])
    shown = 100 / 150  # figures are saved at 150 dots per inch, and read at 100
    data = base64.b64encode(content).decode()
    return Plot(label(name), round(width * shown), round(height * shown), data)
