"""Maps of embeddings, and how well one modality finds the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from nightjar.figures.style import GREY, colour, panels, styled

NO_CLASS = "#c8c8c8"


@styled
def embedding_map(
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    redshift: np.ndarray | None = None,
    simulated: np.ndarray | None = None,
) -> Figure:
    """Two-dimensional projection (t-SNE after PCA) by class and, where given, by redshift.

    Parameters
    ----------
    points : (n, 2); a t-SNE's axes have no unit and no meaning, so they carry no ticks
    labels : (n,) class names; objects of no class in ``classes`` are grey
    classes : names in the order of their colours
    redshift : (n,) or None; colours are logarithmic, and NaN or not above 0 is left out
    simulated : (n,) True for what is drawn as crosses, beneath the observed discs; None: no object
    """
    if simulated is None:
        simulated = np.zeros(len(points), bool)
    groups = [mask for mask in (simulated, ~simulated) if mask.any()]
    figure, axes = panels(1 if redshift is None else 2, columns=2, height=4.2)
    for mask in groups:
        _by_class(axes[0], points[mask], labels[mask], classes, _look(mask, simulated))
    axes[0].set_title("by class")
    if redshift is not None:
        _by_redshift(figure, axes[1], points, redshift, groups, simulated)
    named = [Line2D([], [], color=colour(k), label=name) for k, name in enumerate(classes)]
    if not np.isin(labels, list(classes)).all():
        named.append(Line2D([], [], color=NO_CLASS, label="other"))
    for line in named:
        line.set(marker="o", linestyle="")
    figure.legend(handles=[*named, *_kinds(groups)], loc="outside lower left", ncols=6)
    for axis in axes:
        axis.spines[:].set_visible(False)
        axis.set(xticks=[], yticks=[], aspect="equal", xlabel="t-SNE 1")
    axes[0].set_ylabel("t-SNE 2")
    return figure


def _look(mask: np.ndarray, simulated: np.ndarray) -> dict[str, Any]:
    size = float(np.clip(5000 / mask.sum(), 5, 26))
    if simulated[mask].all():
        return {"marker": "x", "s": size, "linewidths": 0.7, "alpha": 0.6}
    edge = "#222222" if simulated.any() else "none"
    return {"marker": "o", "s": size, "linewidths": 0.5, "edgecolors": edge}


def _kinds(groups: Sequence[np.ndarray]) -> list[Line2D]:
    """What crosses and discs are, where both are drawn."""
    if len(groups) < 2:
        return []
    cross = Line2D([], [], ls="", color=GREY, marker="x", label="simulated")
    disc = Line2D([], [], ls="", color=GREY, marker="o", mec="#222222", label="observed")
    return [cross, disc]


def _by_class(
    axis: Axes,
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    look: dict[str, Any],
) -> None:
    other = ~np.isin(labels, list(classes))
    axis.scatter(*points[other].T, color=NO_CLASS, **look)
    for place, name in enumerate(classes):
        axis.scatter(*points[labels == name].T, color=colour(place), **look)


def _by_redshift(
    figure: Figure,
    axis: Axes,
    points: np.ndarray,
    redshift: np.ndarray,
    groups: Sequence[np.ndarray],
    simulated: np.ndarray,
) -> None:
    known = np.nan_to_num(redshift) > 0
    low, high = np.quantile(redshift[known], [0.02, 0.98]) if known.any() else (0.01, 1.0)
    scale = LogNorm(low, max(high, 1.01 * low))
    for mask in groups:
        chosen, look = mask & known, _look(mask, simulated)
        x, y = points[chosen].T
        axis.scatter(x, y, c=redshift[chosen], cmap="viridis", norm=scale, **look)
    bar = figure.colorbar(
        ScalarMappable(scale, "viridis"), ax=axis, label="redshift", extend="both", aspect=30,
        ticks=LogLocator(subs=(1, 2, 5)), format=StrMethodFormatter("{x:g}"),
    )  # fmt: skip
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.outline.set_visible(False)
    axis.set_title("by redshift")


@styled
def retrieval(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Share of partners found against the share of the other modality's objects looked at.

    Parameters
    ----------
    curves : model -> `metrics.retrieval_curve`, both (points,) between 0 and 1
    """
    figure, (axis,) = panels(1, columns=1, height=4.6, width=5.0)
    axis.plot([0, 100], [0, 100], color=GREY, lw=1, ls=":", label="chance")
    for place, (name, (fraction, success)) in enumerate(curves.items()):
        auc = np.trapezoid(success, fraction)
        axis.plot(100 * fraction, 100 * success, color=colour(place), label=f"{name}, {auc:.3f}")
    axis.set(xlim=(0, 100), ylim=(0, 101), aspect="equal")
    axis.set_xlabel("nearest objects looked at / %")
    axis.set_ylabel("partners found / %")
    axis.legend(loc="lower right", title="area under the curve", title_fontsize=9)
    return figure
