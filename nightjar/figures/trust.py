"""How far to trust it: reliability diagrams, accuracy against rejection, conformal sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from nightjar.calibration import Reliability
from nightjar.figures.style import GREY, colour, marker, panels, styled


@styled
def reliability(before: Mapping[str, Reliability], after: Mapping[str, Reliability]) -> Figure:
    """Accuracy against confidence per method, and below the share of objects per bin.

    On the diagonal a prediction with confidence 0.8 is right in 80 % of cases; below it the method
    is overconfident.

    Parameters
    ----------
    before : name -> `calibration.reliability` of the probabilities as they are (left)
    after : the same after temperature scaling (right)
    """
    figure, axes = panels(4, columns=2, height=3.1)
    for axis, below, methods in zip(axes[:2], axes[2:], (before, after), strict=True):
        axis.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":")
        for place, (name, bins) in enumerate(methods.items()):
            filled = bins.objects > 0
            axis.plot(
                bins.confidence[filled],
                bins.accuracy[filled],
                marker=marker(place),
                ms=5,
                color=colour(place),
                label=name if axis is axes[0] else None,
            )
            edges = np.linspace(0, 1, len(bins.objects) + 1)
            share = bins.objects / max(bins.objects.sum(), 1)
            below.stairs(share, edges, color=colour(place), lw=1.6)
        axis.text(0.97, 0.03, "overconfident", transform=axis.transAxes, ha="right", color=GREY)
        axis.text(0.03, 0.93, "underconfident", transform=axis.transAxes, color=GREY)
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
        below.set(xlim=(0, 1), xlabel="confidence", ylabel="share of objects")
    axes[0].set_title("as predicted")
    axes[1].set_title("after temperature scaling")
    figure.legend(loc="outside upper left", ncols=4)
    return figure


@styled
def rejection(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Accuracy of the kept objects as the most uncertain ones are set aside.

    Parameters
    ----------
    curves : method or score -> `calibration.rejection`, both (n,)
    """
    figure, (axis,) = panels(1, columns=1, height=3.6, width=6.4)
    for place, (name, (rejected, accuracy)) in enumerate(curves.items()):
        shown = slice(None, -10)  # the accuracy of a handful of objects is noise
        axis.plot(100 * rejected[shown], 100 * accuracy[shown], color=colour(place), label=name)
    axis.set(xlim=(0, 100), xlabel="rejected, most uncertain first / %")
    axis.set_ylabel("accuracy of those kept / %")
    axis.legend(loc="lower right")
    return figure


@styled
def conformal(methods: Mapping[str, Mapping[str, Mapping[str, float]]], coverage: float) -> Figure:
    """Conformal sets of each class's objects: how often they hold the class, how many they name.

    The promised coverage (dotted) is for all classes together, not for each of them.

    Parameters
    ----------
    methods : name -> coverage, then set size, whatever their names -> class -> mean over folds,
        and ``<class>_std`` where there are several
    coverage : promised
    """
    names = sorted({key for both in methods.values() for each in both.values() for key in each})
    classes = [name for name in names if not (name.endswith("_std") and name[:-4] in names)]
    figure, axes = panels(2, columns=2, height=1.4 + 0.35 * len(classes))
    for place, (method, both) in enumerate(methods.items()):
        rows = np.arange(len(classes)) + 0.5 * (place + 0.5) / len(methods) - 0.25
        for axis, values in zip(axes, both.values(), strict=True):
            axis.errorbar(
                [values.get(name, np.nan) for name in classes],
                rows,
                xerr=[values.get(f"{name}_std", np.nan) for name in classes],
                color=colour(place),
                fmt=marker(place),
                ms=5,
                elinewidth=0.8,
                label=method if axis is axes[0] else None,
            )
    axes[0].axvline(coverage, color=GREY, lw=1, ls=":")
    axes[0].set(xlabel="share of sets that hold the true class", xlim=(None, 1.02))
    axes[1].set(xlabel="classes in a set")
    for axis in axes:
        axis.set(yticks=range(len(classes)), yticklabels=classes, ylim=(len(classes) - 0.4, -0.6))
    axes[0].set_ylabel("true class")
    figure.legend(loc="outside upper left", ncols=4)
    return figure
