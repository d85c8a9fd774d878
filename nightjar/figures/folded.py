"""Windows of variable stars along time and folded on a period: reconstruction, attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from nightjar.figures.style import GREY, colour, panels, styled

MAGNITUDE = "magnitude − window mean / mag"
DAYS = "days since the window's mean"
PHASE = "phase"
MOST = 8.0  # times an even share of attention, or 1 / MOST: more has the same colour


@styled
def reconstruction(
    time: np.ndarray,
    magnitude: np.ndarray,
    error: np.ndarray,
    predicted: np.ndarray,
    probed: np.ndarray,
    titles: Sequence[str],
    period: np.ndarray | None = None,
) -> Figure:
    """Windows with their probed points and what the network predicts there, joined by a line.

    Parameters
    ----------
    time : (windows, length) days, NaN where padded
    magnitude, error, predicted : (windows, length) mag; error bars are the reported errors
    probed : (windows, length) True where scored
    titles : one per window
    period : (windows,) days, on which the window is folded beside it; NaN has no such panel
    """
    known = np.zeros(len(titles), bool) if period is None else np.isfinite(period)
    columns = 2 if known.any() else 1
    figure, axes = panels(columns * len(titles), columns, height=2.3 if columns == 1 else 2.0)
    for row, title in enumerate(titles):
        pair = axes[columns * row : columns * (row + 1)]
        window = [each[row] for each in (magnitude, error, predicted, probed)]
        _reconstructed(pair[0], time[row], *window)
        pair[0].set_title(f"{title}: {_residual(magnitude[row], predicted[row], probed[row])}")
        if known[row] and period is not None:
            _reconstructed(pair[1], time[row] / period[row] % 1, *window)
            pair[1].set_title(f"folded, P = {period[row]:.5g} d")
        else:
            for axis in pair[1:]:
                axis.set_axis_off()
    if columns == 2:
        grid = axes[0].get_gridspec()
        assert grid is not None
        grid.set_width_ratios([3, 2])
    _label(axes, columns, known)
    named = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    order = ("visible", "probed", "predicted")
    figure.legend([named[name] for name in order], order, loc="outside upper right", ncols=3)
    return figure


def _reconstructed(
    axis: Axes,
    x: np.ndarray,
    magnitude: np.ndarray,
    error: np.ndarray,
    predicted: np.ndarray,
    probed: np.ndarray,
) -> None:
    seen = ~probed & np.isfinite(x)
    bars: dict[str, Any] = {"elinewidth": 0.7, "lw": 0, "zorder": 2}
    axis.errorbar(
        x[seen], magnitude[seen], error[seen], fmt="o", ms=3, color=GREY, alpha=0.7,
        label="visible", **bars,
    )  # fmt: skip
    x, magnitude, error, predicted = (e[probed] for e in (x, magnitude, error, predicted))
    axis.vlines(x, magnitude, predicted, color=colour(1), lw=0.6, alpha=0.5)
    axis.errorbar(
        x, magnitude, error, fmt="o", ms=4, mfc="none", color=colour(0), label="probed", **bars
    )
    axis.plot(x, predicted, "x", ms=4.5, mew=1.4, color=colour(1), label="predicted", zorder=3)
    axis.invert_yaxis()


def _residual(magnitude: np.ndarray, predicted: np.ndarray, probed: np.ndarray) -> str:
    if not probed.any():
        return "no probed points"
    rms = np.sqrt(np.mean((magnitude[probed] - predicted[probed]) ** 2))
    return f"rms {rms:.3f} mag, {probed.sum()} probed points"


def _label(axes: Sequence[Axes], columns: int, known: np.ndarray) -> None:
    """Name the axes once: the magnitudes at the middle row, time and phase at the bottom."""
    rows = len(axes) // columns
    axes[columns * ((rows - 1) // 2)].set_ylabel(MAGNITUDE)
    axes[columns * (rows - 1)].set_xlabel(DAYS)
    if known.any():
        axes[columns * np.flatnonzero(known)[-1] + 1].set_xlabel(PHASE)


@styled
def attention(
    time: np.ndarray,
    magnitude: np.ndarray,
    weights: np.ndarray,
    title: str,
    period: float = np.nan,
) -> Figure:
    """A window, folded where the period is known, coloured by the attention each point gets.

    A row of panels per block, a column per head (after Donoso-Oliva+2025, Figs. 8 and 9).

    Parameters
    ----------
    time, magnitude : (length,) days and mag, NaN where padded
    weights : (blocks, heads, length) attention in units of an even share
    title : of the figure, before the period
    period : days, NaN where unknown
    """
    seen = np.isfinite(time)
    blocks, heads = weights.shape[:2]
    figure, axes = panels(blocks * heads, heads, height=max(1.3, 3.2 / heads))
    x, label = (time / period % 1, PHASE) if np.isfinite(period) else (time, DAYS)
    reach = _reach(weights[..., seen])
    scale = LogNorm(1 / reach, reach)
    for place, axis in enumerate(axes):
        block, head = divmod(place, heads)
        received = np.clip(weights[block, head, seen], 1 / reach, reach)
        order = np.argsort(received)  # what gets most lies on top
        axis.scatter(
            x[seen][order], magnitude[seen][order], c=received[order], s=9, lw=0,
            cmap="viridis_r", norm=scale,
        )  # fmt: skip
        axis.invert_yaxis()
        axis.set_title(f"head {head + 1}" if block == 0 else "")
        axis.set_ylabel(f"block {block + 1}" if head == 0 else "")
        axis.set_xlabel(label if block == blocks - 1 else "")
        axis.tick_params(labelbottom=block == blocks - 1, labelleft=head == 0)
    folded = f", P = {period:.5g} d" if np.isfinite(period) else ""
    figure.suptitle(title + folded, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    figure.supylabel(MAGNITUDE, fontsize=9)
    _bar(figure, axes, scale, reach)
    return figure


def _reach(weights: np.ndarray) -> float:
    """How many times an even share the darkest colour is, and the palest its inverse."""
    positive = weights[weights > 0]
    low, high = np.quantile(positive, [0.02, 0.98]) if len(positive) else (1.0, 1.0)
    return float(np.clip(max(high, 1 / low), 1.2, MOST))


def _bar(figure: Figure, axes: Sequence[Axes], scale: LogNorm, reach: float) -> None:
    bar = figure.colorbar(
        ScalarMappable(scale, "viridis_r"), ax=axes, aspect=30, extend="both",
        label="attention / even share",
    )  # fmt: skip
    powers = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0)
    ticks = [tick for tick in powers if 1 / reach <= tick <= reach]
    ticks = ticks if reach >= 2 else [1 / reach, 1.0, reach]
    bar.set_ticks(ticks, labels=[f"{tick:.3g}" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
