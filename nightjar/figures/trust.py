"""How far to trust it: reliability diagrams and accuracy against rejection."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from nightjar.calibration import Reliability
from nightjar.figures.style import GREY, colour, marker, panels, styled


@styled
def reliability(methods: Mapping[str, Reliability]) -> Figure:
    """Accuracy against confidence per method (left) and the share of objects per bin (right).

    On the diagonal a prediction with confidence 0.8 is right in 80 % of cases; below it the method
    is overconfident.

    Parameters
    ----------
    methods : name -> `calibration.reliability`
    """
    figure, (left, right) = panels(2, columns=2, height=3.6)
    left.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":")
    for place, (name, bins) in enumerate(methods.items()):
        filled = bins.objects > 0
        left.plot(
            bins.confidence[filled],
            bins.accuracy[filled],
            marker=marker(place),
            ms=5,
            color=colour(place),
            label=name,
        )
        edges = np.linspace(0, 1, len(bins.objects) + 1)
        right.stairs(bins.objects / max(bins.objects.sum(), 1), edges, color=colour(place), lw=1.6)
    left.text(0.97, 0.03, "overconfident", transform=left.transAxes, ha="right", color=GREY)
    left.text(0.03, 0.95, "underconfident", transform=left.transAxes, color=GREY)
    left.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    right.set(xlim=(0, 1), xlabel="confidence", ylabel="share of objects")
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
