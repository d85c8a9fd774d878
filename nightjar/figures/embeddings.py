"""Maps of embeddings, and how well one modality finds the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nightjar.figures.style import GREY, colour, marker, panels, robust_limits, styled


@styled
def embedding_map(
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    redshift: np.ndarray | None = None,
) -> Figure:
    """Two-dimensional projection (t-SNE after PCA) by class and, where given, by redshift.

    Parameters
    ----------
    points : (n, 2); a t-SNE's axes have no unit and no meaning, so they carry no ticks
    labels : (n,) class names; objects of no class in ``classes`` are grey
    classes : names in the order of their colours
    redshift : (n,) or None; NaN is left out
    """
    figure, axes = panels(1 if redshift is None else 2, columns=2, height=3.9)
    size = float(np.clip(4000 / max(len(points), 1), 3, 16))
    _by_class(axes[0], points, labels, classes, size)
    if redshift is not None:
        known = np.isfinite(redshift)
        low, high = robust_limits(redshift, share=0.02, margin=0.0)
        drawn = axes[1].scatter(
            points[known, 0],
            points[known, 1],
            s=size,
            c=redshift[known],
            cmap="cividis",
            vmin=low,
            vmax=high,
            linewidths=0,
        )
        bar = figure.colorbar(drawn, ax=axes[1], label="redshift", extend="both", aspect=30)
        bar.outline.set_visible(False)
        axes[1].set_title("by redshift")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=6, markerscale=2
    )
    for axis in axes:
        axis.spines[:].set_visible(False)
        axis.set(xticks=[], yticks=[], aspect="equal", xlabel="t-SNE 1")
    axes[0].set_ylabel("t-SNE 2")
    return figure


def _by_class(
    axis: Axes, points: np.ndarray, labels: np.ndarray, classes: Sequence[str], size: float
) -> None:
    other = ~np.isin(labels, list(classes))
    if other.any():
        axis.scatter(
            points[other, 0], points[other, 1], s=size, color="#c8c8c8", linewidths=0, label="other"
        )
    for place, name in enumerate(classes):
        x, y = points[labels == name].T
        axis.scatter(
            x,
            y,
            s=size,
            color=colour(place),
            marker=marker(place),
            linewidths=0,
            alpha=0.8,
            label=name,
        )
    axis.set_title("by class")


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
