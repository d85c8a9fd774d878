"""What the layers of a network hold: the head's weights of them, and maps of their embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nightjar.figures.style import GREY, colour, marker, panels, styled


def layer_names(layers: int) -> list[str]:
    """The input embedding, then the blocks from 1."""
    return ["input", *(f"block {number}" for number in range(1, layers))]


@styled
def gammas(weights: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Weight of every layer in the head's mean, with its deviation over folds, a panel per model.

    After Donoso-Oliva+2025, Fig. 13.

    Parameters
    ----------
    weights : model -> case (as "alcock, 20 per class") -> (folds, layers) softmax(gamma)
    """
    figure, axes = panels(len(weights), columns=3, height=2.9)
    cases = list(dict.fromkeys(case for of_model in weights.values() for case in of_model))
    for place, (axis, (model, of_model)) in enumerate(zip(axes, weights.items(), strict=True)):
        layers = len(next(iter(of_model.values()))[0])
        axis.axhline(1 / layers, color=GREY, lw=1, ls=":")
        for case, folds in of_model.items():
            _gamma(axis, np.asarray(folds), cases.index(case), len(cases))
        axis.set_xticks(range(layers), ["input", *map(str, range(1, layers))])
        axis.set_title(model)
        axis.set_xlabel("block")
        axis.set_ylabel("weight in the mean" * (place % 3 == 0))
    handles = [
        Line2D([], [], color=colour(k), marker=marker(k), ms=4, label=case)
        for k, case in enumerate(cases)
    ]
    equal = Line2D([], [], color=GREY, lw=1, ls=":", label="equal weights")
    figure.legend(handles=[*handles, equal], loc="outside lower left", ncols=4)
    return figure


def _gamma(axis: Axes, folds: np.ndarray, place: int, cases: int) -> None:
    at = np.arange(folds.shape[1]) + 0.3 * ((place + 0.5) / cases - 0.5)  # bars side by side
    axis.errorbar(
        at, folds.mean(axis=0), folds.std(axis=0), color=colour(place), fmt=marker(place),
        ls="-", lw=1.0, ms=4, elinewidth=1, capsize=2,
    )  # fmt: skip


@styled
def layer_maps(points: Sequence[np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> Figure:
    """Two-dimensional projection (t-SNE after PCA) of every layer's embeddings, by class.

    After Donoso-Oliva+2025, Figs. 14 and 15.

    Parameters
    ----------
    points : per layer (n, 2), the input embedding first; the axes have no unit and no meaning
    labels : (n,) class names
    classes : names in the order of their colours
    """
    figure, axes = panels(len(points), columns=3, height=2.7)
    size = float(np.clip(4000 / max(len(labels), 1), 6, 26))
    for axis, of_layer, name in zip(axes, points, layer_names(len(points)), strict=True):
        for place, each in enumerate(classes):
            x, y = of_layer[labels == each].T
            axis.scatter(x, y, s=size, lw=0, alpha=0.8, color=colour(place), marker=marker(place))
        axis.set_title(name)
        axis.spines[:].set_visible(False)
        axis.set_aspect("equal", adjustable="datalim")
        axis.set(xticks=[], yticks=[], xlabel="t-SNE 1")
    for axis in axes[::3]:
        axis.set_ylabel("t-SNE 2")
    handles = [
        Line2D([], [], ls="", color=colour(k), marker=marker(k), label=name)
        for k, name in enumerate(classes)
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=8)
    return figure
