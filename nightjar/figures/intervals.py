"""Values with their uncertainty: probability integral transform, intervals against the truth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from nightjar.figures.style import GREY, colour, panels, styled


@styled
def pit(values: Mapping[str, tuple[np.ndarray, np.ndarray]], bins: int = 10) -> Figure:
    """Histograms of the probability integral transform, as predicted and after calibration.

    Level within the band if the distributions are right; a bowl if they are too narrow, a hill if
    too wide, a slope if values are over- or underestimated.  The band is the deviation of a count
    among so many uniform values, sqrt(n p (1 - p)) with p = 1 / bins.

    Parameters
    ----------
    values : panel title -> PIT before, PIT after, (n,) each; after may be empty
    bins : of equal width
    """
    figure, axes = panels(len(values), columns=3, height=2.6)
    edges = np.linspace(0, 1, bins + 1)
    for place, (axis, (title, (before, after))) in enumerate(
        zip(axes, values.items(), strict=True)
    ):
        expected = len(before) / bins
        error = np.sqrt(expected * (1 - 1 / bins))
        axis.axhspan(expected - error, expected + error, color=GREY, alpha=0.25, lw=0)
        axis.axhline(expected, color=GREY, lw=1)
        for number, (each, name) in enumerate(((before, "as predicted"), (after, "conformal"))):
            count = np.histogram(each, edges)[0]
            label = None if place or not len(each) else name
            axis.stairs(count, edges, color=colour(number), lw=1.6, label=label)
        axis.set(xlim=(0, 1), ylim=(0, None), xlabel="probability to be below the truth")
        axis.set_title(title, fontsize=8.5)  # names of sections are long
        axis.set_ylabel("objects" * (place % 3 == 0))
    figure.legend(loc="outside upper left", ncols=2)
    return figure


@styled
def redshift_intervals(
    true: np.ndarray,
    median: np.ndarray,
    bounds: Mapping[int, tuple[np.ndarray, np.ndarray]],
    title: str,
) -> Figure:
    """Predicted redshifts with their intervals against true ones, and in order of their width.

    Parameters
    ----------
    true, median : (n,) redshifts, above 0
    bounds : share in % -> lower, upper, (n,) each; the narrowest first
    title : of the figure
    """
    figure, (left, right) = panels(2, columns=2, height=3.9)
    for place, (share, (low, high)) in enumerate(bounds.items()):
        left.vlines(
            true, low, high, color=colour(0), alpha=(0.5, 0.2)[place % 2], lw=(1.6, 0.8)[place % 2]
        )
        width = np.sort((high - low) / (1 + median))
        below = np.arange(1, len(width) + 1) / len(width)
        right.plot(width, below, color=colour(place), label=f"{share} % interval")
    left.plot(true, median, "o", ms=2, color="#222222", mew=0)
    _log_axis(left, true)
    left.set(xlabel="true redshift", ylabel="predicted redshift", title=title)
    right.set(xlabel="width of the interval / (1 + z)", ylabel="share of objects", ylim=(0, 1))
    right.set_xscale("log")
    right.legend(loc="upper left")
    return figure


def _log_axis(axis: Axes, true: np.ndarray) -> None:
    """Equal logarithmic axes over the true redshifts, and their line of equality."""
    ends = 0.7 * true.min(), 1.4 * true.max()
    axis.plot(ends, ends, color=GREY, lw=1)
    axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_formatter(StrMethodFormatter("{x:g}"))
        each.set_minor_formatter(NullFormatter())
