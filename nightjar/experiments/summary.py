"""A table of finished experiments, the best one first, as Markdown or CSV."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nightjar.errors import InputError
from nightjar.experiments.reading import Experiment, Found
from nightjar.report.definitions import define


@dataclass(frozen=True)
class Summary:
    """Experiments that have the metrics asked for.

    Attributes
    ----------
    metrics : the metrics shown; sorted by the first
    varied : dotted keys of the parameters that differ among the rows
    rows : experiments, the best one first
    direction : 1 where more of the first metric is better, -1 where less is
    notes : lines on what is not in the table, and on what may mislead
    """

    metrics: Sequence[str]
    varied: Sequence[str]
    rows: Sequence[Experiment]
    direction: int
    notes: Sequence[str]


def summarise(found: Found, metrics: Sequence[str]) -> Summary:
    """Sort the finished experiments by the first of ``metrics``.

    Parameters
    ----------
    found : what `reading.read` returned
    metrics : ``<file>.<section>.<key>``, as ``probe_clip.maven.class3_macro_f1``

    Raises
    ------
    InputError
        No experiment has finished, or none has one of the metrics.
    """
    if not any(experiment.begun for experiment in found.finished):
        raise InputError(
            f"no experiment has finished (failed: {found.failed}, waiting or running: "
            f"{found.unfinished}); queue some with `dvc exp run --queue -S key=a,b`, then "
            "`dvc queue start`; of earlier commits: --all-commits"
        )
    for metric in metrics:
        _check(metric, found.finished)
    first = metrics[0]
    rows = [each for each in found.finished if first in each.metrics]
    known = define(first.rsplit(".", 1)[-1])
    direction = known.direction if known and known.direction else 1
    rows.sort(key=lambda each: -direction * each.metrics[first])
    varied = _varied(rows)
    notes = [_counts(found, rows, first), *_stale(rows, varied, first)]
    return Summary(metrics, varied, rows, direction, notes)


def as_markdown(summary: Summary) -> str:
    """Its notes and a table of them all, a metric with its standard deviation as ``a ± b``."""
    header = ["experiment", *summary.varied, *summary.metrics]
    body = [
        [
            each.name,
            *(_shown(each.param(key)) for key in summary.varied),
            *(_with_std(each, metric) for metric in summary.metrics),
        ]
        for each in summary.rows
    ]
    order = "higher" if summary.direction > 0 else "lower"
    lines = [f"Best first by `{summary.metrics[0]}` ({order} is better).", *summary.notes, ""]
    lines += [_row(cells) for cells in (header, ["---"] * len(header), *body)]
    return "\n".join(lines) + "\n"


def as_csv(summary: Summary) -> str:
    """The table with every digit, a standard deviation in a column of its own."""
    columns = list(summary.metrics)
    for metric in summary.metrics:
        if any(f"{metric}_std" in each.metrics for each in summary.rows):
            columns.insert(columns.index(metric) + 1, f"{metric}_std")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["experiment", *summary.varied, *columns])
    for each in summary.rows:
        params = [each.param(key) for key in summary.varied]
        writer.writerow([each.name, *params, *(each.metrics.get(key) for key in columns)])
    return text.getvalue()


def _check(metric: str, experiments: Sequence[Experiment]) -> None:
    known = sorted({key for each in experiments for key in each.metrics})
    if metric not in known:
        near = difflib.get_close_matches(metric, known, n=3, cutoff=0.4)
        raise InputError(
            f"--metric {metric}: no finished experiment has it; a metric is <file>.<section>.<key> "
            f"of metrics/<file>.json{'; near: ' + ', '.join(near) if near else ''}"
        )


def _varied(rows: Sequence[Experiment]) -> list[str]:
    """Keys whose values differ, both as written and with what null stands for.

    The first alone would list a size that was set to the preset's, the second alone every size
    where the presets differ.
    """
    keys = dict.fromkeys(key for each in rows for key in each.params)
    ways = (lambda each, key: each.params.get(key), Experiment.param)
    return [
        key
        for key in keys
        if all(len({_shown(way(each, key)) for each in rows}) > 1 for way in ways)
    ]


def _counts(found: Found, rows: Sequence[Experiment], first: str) -> str:
    finished = sum(1 for each in found.finished if each.begun)
    lacking = len(found.finished) - len(rows)
    without = f"; without `{first}`: {lacking}" if lacking else ""
    return (
        f"Finished: {finished}; failed: {found.failed}; waiting or running: {found.unfinished}"
        f"{without}."
    )


def _stale(rows: Sequence[Experiment], varied: Sequence[str], first: str) -> list[str]:
    """Name a number that may be no result: DVC shows that of the commit for stages not run."""
    same = sum(
        1
        for each in rows
        if each.begun
        and each.begun.metrics.get(first) == each.metrics[first]
        and any(_shown(each.param(key)) != _shown(each.begun.param(key)) for key in varied)
    )
    if not same:
        return []
    return [
        f"Of {same} the value of `{first}` is exactly that of the commit they began from: either "
        "what was varied does not touch it, or they ended before the stage that writes it "
        "(`dvc exp run … <target>`), and it is not theirs."
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _with_std(each: Experiment, metric: str) -> str:
    if metric not in each.metrics:
        return ""
    std = each.metrics.get(f"{metric}_std")
    return f"{each.metrics[metric]:.5g}" + (f" ± {std:.2g}" if std is not None else "")


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
