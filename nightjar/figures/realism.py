"""Simulated supernovae beside real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nightjar.figures.style import GREY, colour, marker, panels, robust_limits, styled
from nightjar.ragged import LightCurve

REAL, SIMULATED = colour(0), colour(1)
_BAND_COLOURS = (colour(2), colour(1))
Scores = Mapping[str, Mapping[str, tuple[float, float]]]  # class -> group -> AUROC and its error


class Run(NamedTuple):
    """Median and 16th and 84th percentile along an axis, (n,) each; NaN where too few objects."""

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Beside(NamedTuple):
    """A real light curve and its twin; days (n,) since the brightest night, rest frame."""

    title: str
    days: np.ndarray
    real: LightCurve
    simulated: LightCurve


@styled
def auroc(scores: Scores, before: Scores | None = None) -> Figure:
    """How well a forest tells simulated from real: a row per class, a mark per group of features.

    Parameters
    ----------
    scores : AUROC and its error
    before : earlier scores, drawn as open marks joined to those of now
    """
    groups = list(dict.fromkeys(group for each in scores.values() for group in each))
    figure, (axis,) = panels(1, columns=1, height=1.2 + 0.75 * len(scores))
    for place, group in enumerate(groups):
        lift = 0.36 - 0.72 * (place + 0.5) / len(groups)
        for row, (name, values) in enumerate(scores.items()):
            if group not in values:
                continue
            look: dict[str, Any] = {"color": colour(place), "marker": marker(place), "ms": 6}
            earlier = (before or {}).get(name, {}).get(group)
            if earlier:
                axis.plot(
                    [earlier[0], values[group][0]], [row - lift] * 2, color=colour(place), lw=1
                )
                axis.plot(earlier[0], row - lift, mfc="white", **look)
            value, error = values[group]
            axis.errorbar(value, row - lift, xerr=error, elinewidth=1.2, capsize=2, **look)
        axis.plot([], [], ls="", color=colour(place), marker=marker(place), label=in_words(group))
    if before:
        axis.plot([], [], ls="", color=GREY, marker="o", mfc="white", label="before")
    axis.axvline(0.5, color=GREY, lw=1, ls=":")
    axis.set_yticks(range(len(scores)), list(scores))
    axis.set(ylim=(len(scores) - 0.5, -0.5), xlim=(min(0.4, axis.get_xlim()[0]), 1.01))
    axis.set_xlabel("AUROC: 0.5 cannot tell simulated from real, 1 never errs")
    axis.grid(axis="y", visible=False)
    figure.legend(loc="outside upper left", ncols=4)
    return figure


def in_words(name: str) -> str:
    """A key as words."""
    return name.replace("_", " ")


@styled
def twins(pairs: Mapping[str, Sequence[Beside]], columns: int = 3) -> Figure:
    """Real light curves (filled) with their twins (open), a row per class.

    A twin is shifted to the mean magnitude of its real object.

    Parameters
    ----------
    pairs : class -> at most ``columns`` pairs
    """
    figure, axes = panels(columns * len(pairs), columns=columns, height=1.95)
    for row, (label, shown) in enumerate(pairs.items()):
        for place in range(columns):
            axis = axes[columns * row + place]
            if place >= len(shown):
                axis.set_axis_off()
                continue
            _beside(axis, shown[place])
            axis.set_title(f"{label}: {shown[place].title}", fontsize=8)
            axis.invert_yaxis()
            axis.set_ylabel("magnitude" * (place == 0))
            axis.set_xlabel("rest-frame days" if row == len(pairs) - 1 else "")
    figure.legend(handles=_twin_key(), loc="outside upper left", ncols=4)
    return figure


def _beside(axis: Axes, pair: Beside) -> None:
    shift = np.average(pair.real.value - pair.simulated.value)
    for code, shade in enumerate(_BAND_COLOURS):
        mine = pair.real.band == code
        look: dict[str, Any] = {"fmt": marker(code), "ms": 3.2, "elinewidth": 0.6, "color": shade}
        real, twin = pair.real.value[mine], pair.simulated.value[mine] + shift
        axis.errorbar(pair.days[mine], real, pair.real.error[mine], **look)
        axis.errorbar(
            pair.days[mine], twin, pair.simulated.error[mine], mfc="white", alpha=0.75, **look
        )
    axis.set_ylim(robust_limits(np.concatenate([pair.real.value, pair.simulated.value + shift])))


def _twin_key() -> list[Line2D]:
    return [
        Line2D([], [], ls="", marker=marker(code), color=shade, mfc=fill, label=f"{band}, {what}")
        for code, (shade, band) in enumerate(zip(_BAND_COLOURS, ("blue", "red"), strict=True))
        for fill, what in ((shade, "real"), ("white", "simulated"))
    ]


@styled
def runs(
    x: np.ndarray,
    classes: Mapping[str, tuple[Run, Run]],
    xlabel: str,
    ylabel: str,
    columns: int = 2,
    height: float = 2.2,
) -> Figure:
    """Real and simulated medians with the range of 68 % of objects, a panel per class.

    Parameters
    ----------
    x : (n,) wavelengths or days
    classes : title -> real, simulated
    """
    figure, axes = panels(len(classes), columns=columns, height=height)
    for place, (axis, (title, both)) in enumerate(zip(axes, classes.items(), strict=True)):
        for run, shade, name in zip(both, (REAL, SIMULATED), ("real", "simulated"), strict=True):
            axis.fill_between(x, run.low, run.high, color=shade, alpha=0.22, lw=0)
            axis.plot(x, run.middle, color=shade, lw=1.4, label=name)
        axis.set_title(title)
        axis.set_xlabel(xlabel if place >= len(axes) - columns else "")
        axis.set_ylabel(ylabel * (place % columns == 0))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


@styled
def velocities(
    panels_of: Mapping[str, tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]],
) -> Figure:
    """Velocity of a trough against phase, a panel per line, with medians over 5 days.

    Parameters
    ----------
    panels_of : title -> (days, km/s) of real spectra, and of simulated ones
    """
    figure, axes = panels(len(panels_of), columns=2, height=3.0)
    for axis, (title, both) in zip(axes, panels_of.items(), strict=True):
        for k, ((days, speed), name) in enumerate(zip(both, ("real", "simulated"), strict=True)):
            look: dict[str, Any] = {"color": colour(k), "marker": marker(k)}
            axis.plot(days, speed / 1000, ls="", ms=3, mew=0, alpha=0.4, label=name, **look)
            axis.plot(*_medians(days, speed / 1000), ms=6, lw=1.6, mec="white", **look)
        axis.set_title(title)
        axis.set_xlabel("rest-frame days since the brightest night")
    axes[0].set_ylabel("velocity of the trough / 1000 km/s")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def _medians(
    days: np.ndarray, values: np.ndarray, width: float = 5.0, fewest: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Medians in bins of ``width`` days that hold at least ``fewest`` values, NaN in others."""
    known = np.isfinite(values)
    which = np.round(days[known] / width)
    bins = np.arange(which.min(), which.max() + 1) if len(which) else np.empty(0)
    inside = [values[known][which == each] for each in bins]
    return bins * width, np.array([np.median(v) if len(v) >= fewest else np.nan for v in inside])


@styled
def distributions(
    columns: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]],
) -> Figure:
    """Histograms of real and simulated objects, a row per class, a column per quantity.

    Parameters
    ----------
    columns : quantity -> class -> values of real objects, of simulated ones
    """
    labels = list(dict.fromkeys(label for each in columns.values() for label in each))
    figure, axes = panels(len(labels) * len(columns), columns=len(columns), height=1.7)
    for place, (quantity, classes) in enumerate(columns.items()):
        for row, label in enumerate(labels):
            axis = axes[len(columns) * row + place]
            for values, shade, name in zip(
                classes[label], (REAL, SIMULATED), ("real", "simulated"), strict=True
            ):
                _histogram(axis, values, np.concatenate(classes[label]), shade, name)
            axis.set_title(label if place == 0 else "")
            axis.set_xlabel(quantity if row == len(labels) - 1 else "")
            axis.set_ylabel("share of objects" * (place == 0))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def _histogram(
    axis: Axes, values: np.ndarray, all_values: np.ndarray, shade: str, name: str
) -> None:
    finite = values[np.isfinite(values)]
    edges = np.linspace(*robust_limits(all_values), 25)
    share = np.histogram(finite, edges)[0] / max(len(finite), 1)
    axis.stairs(share, edges, color=shade, lw=1.4, label=name, fill=name == "real", alpha=0.6)
