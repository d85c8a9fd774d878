"""A metric against each of the parameters that were varied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nightjar.errors import InputError
from nightjar.experiments.summary import Summary
from nightjar.figures.style import GREY, colour, panels, styled

_LOGARITHMIC = 10  # largest over smallest value from which an axis is logarithmic


@styled
def draw(summary: Summary) -> Figure:
    """One panel for each varied parameter, the best experiment marked, bars where there is a std.

    Raises
    ------
    InputError
        No parameter differs among the experiments.
    """
    if not summary.varied:
        raise InputError("--figure: no parameter differs among the experiments")
    metric = summary.metrics[0]
    score = np.array([each.metrics[metric] for each in summary.rows])
    error = np.array([each.metrics.get(f"{metric}_std", 0.0) for each in summary.rows])
    figure, axes = panels(len(summary.varied), columns=3, height=2.6)
    for axis, key in zip(axes, summary.varied, strict=True):
        place = _places(axis, [each.param(key) for each in summary.rows])
        for rows, shade in ((slice(1, None), GREY), (slice(1), colour(1))):
            axis.errorbar(
                place[rows], score[rows], error[rows], fmt="o", ms=4.5, elinewidth=0.8, color=shade
            )
        axis.set_xlabel(key if len(key) < 30 else "…" + key[-28:])
    section, _, name = metric.rpartition(".")
    figure.suptitle(f"{section}: {name}; the best in colour", fontsize=10.5)
    return figure


def _places(axis: Axes, values: Sequence[Any]) -> np.ndarray:
    """Where values stand on the axis: numbers where they are, others side by side."""
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        places = np.array(values, dtype=float)
        if places.min() > 0 and places.max() / places.min() >= _LOGARITHMIC:
            axis.set_xscale("log")
        return places
    names = sorted({str(value) for value in values})
    axis.set_xticks(range(len(names)), names)
    axis.set_xlim(-0.5, len(names) - 0.5)
    return np.array([names.index(str(value)) for value in values], dtype=float)
