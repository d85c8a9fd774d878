"""What comes out: confusion matrices, redshifts, models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from nightjar.figures.style import GREY, colour, marker, panels, robust_limits, styled


@styled
def confusion(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """Confusion matrix normalised by true class (recall) and by predicted class (precision).

    Parameters
    ----------
    counts : (classes, classes) objects, row = true, column = predicted
    classes : names
    """
    figure, axes = panels(2, columns=2, height=1.6 + 0.42 * len(classes))
    for axis, (along, title) in zip(
        axes, ((1, "share of each true class"), (0, "share of each predicted class")), strict=True
    ):
        total = counts.sum(axis=along, keepdims=True)
        _matrix(axis, counts / np.maximum(total, 1), counts, classes)
        axis.set_title(title)
    axes[0].set_ylabel("true class")
    return figure


def _matrix(axis: Axes, share: np.ndarray, counts: np.ndarray, classes: Sequence[str]) -> None:
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.grid(False)
    places = np.arange(len(classes))
    turned = len(classes) > 4 or max(map(len, classes)) > 8
    axis.set_xticks(
        places, classes, rotation=40 if turned else 0, ha="right" if turned else "center"
    )
    axis.set_yticks(places, classes)
    axis.set_xlabel("predicted class")
    small = 9 if len(classes) <= 6 else 7
    for (row, column), value in np.ndenumerate(share):
        text = f"{100 * value:.0f} %" + (f"\n{counts[row, column]:,}" if len(classes) <= 6 else "")
        axis.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=small,
            color="white" if value > 0.55 else "#333333",
        )


@styled
def redshift(
    true: np.ndarray,
    predicted: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    outlier: float | None = None,
) -> Figure:
    """Predicted against true redshift, one panel per class, equality and outlier limits drawn.

    Axes are logarithmic where the true redshifts span more than a decade and a half.

    Parameters
    ----------
    true, predicted : (n,) redshifts
    labels : (n,) class names
    classes : panels in this order; classes without objects are left out
    outlier : limit on |dz| / (1 + z), drawn where given
    """
    present = [name for name in classes if np.any(labels == name)]
    low, high = robust_limits(np.concatenate([true, predicted]), share=0.002)
    logarithmic = _spans_decades(true)
    if logarithmic:
        # a prediction of 0 or less has no logarithm: it is drawn at the lower edge
        low, high = 0.8 * true[true > 0].min(), 1.25 * max(high, true.max())
        predicted = np.clip(predicted, low, high)
    line = np.geomspace(low, high, 50) if logarithmic else np.array([min(low, 0.0), high])
    figure, axes = panels(len(present), columns=3, height=2.8)
    for place, (axis, name) in enumerate(zip(axes, present, strict=True)):
        chosen = labels == name
        if logarithmic:
            _log_axes(axis)
        axis.plot(line, line, color=GREY, lw=1)
        for limit in (-outlier, outlier) if outlier else ():
            axis.plot(line, line + limit * (1 + line), color=GREY, lw=0.8, ls=":")
        axis.plot(
            true[chosen],
            predicted[chosen],
            marker(place),
            color=colour(place),
            ms=3,
            alpha=0.6,
            mew=0,
        )
        ends = line[[0, -1]]
        axis.set(xlim=ends, ylim=ends, aspect="equal", title=f"{name}, {chosen.sum():,} objects")
        axis.set_xlabel("true redshift")
        axis.set_ylabel("predicted redshift" * (place % 3 == 0))
    return figure


def _spans_decades(redshift: np.ndarray, decades: float = 1.5) -> bool:
    """Whether most of the redshifts would lie in a corner of a linear axis."""
    positive = redshift[redshift > 0]
    return len(positive) > 0 and float(np.log10(positive.max() / positive.min())) > decades


def _log_axes(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log", nonpositive="mask")
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_formatter(StrMethodFormatter("{x:g}"))
        each.set_minor_formatter(NullFormatter())


@styled
def models(values: Mapping[str, tuple[float, float]], xlabel: str) -> Figure:
    """Many models in one metric: a row per model, best first, its deviation as a bar.

    Parameters
    ----------
    values : model -> (mean, standard deviation, NaN where unknown); more is better
    xlabel : the metric, with its unit
    """
    names = sorted(values, key=lambda name: -values[name][0])
    figure, (axis,) = panels(1, columns=1, height=0.9 + 0.27 * len(names))
    mean, deviation = np.array([values[name] for name in names]).T
    axis.errorbar(
        mean, range(len(names)), xerr=np.nan_to_num(deviation), fmt="o", color=colour(0),
        elinewidth=1.2, capsize=3, ms=5,
    )  # fmt: skip
    for row, (value, wide) in enumerate(zip(mean, np.nan_to_num(deviation), strict=True)):
        axis.annotate(
            f"{value:.3f}", (value + wide, row), (6, 0), textcoords="offset points",
            va="center", fontsize=8,
        )  # fmt: skip
    axis.set_yticks(range(len(names)), names)
    axis.set(ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    axis.margins(x=0.1)
    axis.grid(axis="y", visible=False)
    return figure


@styled
def bars(
    values: Mapping[str, Mapping[str, tuple[float, float]]], ylabel: str, ymin: float = 0.0
) -> Figure:
    """Compare models in one metric: a group of bars per case, a bar per model, error bars.

    Parameters
    ----------
    values : case (as "20 per class") -> model -> (mean, standard deviation, NaN where unknown)
    ylabel : the metric, with its unit
    """
    figure, (axis,) = panels(1, columns=1, height=3.4)
    models = list(dict.fromkeys(model for case in values.values() for model in case))
    width = 0.8 / len(models)
    for place, model in enumerate(models):
        at = [
            k + (place - (len(models) - 1) / 2) * width
            for k, c in enumerate(values.values())
            if model in c
        ]
        mean, std = np.array([case[model] for case in values.values() if model in case]).T
        axis.bar(at, mean, 0.9 * width, color=colour(place), label=model)
        axis.errorbar(
            at, mean, np.nan_to_num(std), fmt="none", ecolor="#222222", elinewidth=1, capsize=3
        )
        for x, y, s in zip(at, mean, np.nan_to_num(std), strict=True):
            axis.annotate(
                f"{y:.2f}" if y < 10 else f"{y:.3g}",
                (x, y + s),
                (0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=8 if len(at) * len(models) <= 15 else 6,
            )
    axis.set_xticks(range(len(values)), list(values))
    axis.grid(axis="x", visible=False)
    axis.set_ylabel(ylabel)
    axis.set_ylim(bottom=min(ymin, axis.get_ylim()[0]))
    axis.margins(y=0.12)
    figure.legend(loc="outside upper left", ncols=min(len(models), 5))
    return figure
