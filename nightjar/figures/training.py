"""How training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nightjar.figures.style import GREY, colour, marker, panels, styled


@styled
def learning_curves(
    runs: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]], loss: str
) -> Figure:
    """Training and validation loss against epoch, one panel per model, one line per fold.

    The epoch of the smallest validation loss, whose weights are kept, is marked.

    Parameters
    ----------
    runs : model -> per fold, training and validation loss, both (epochs,)
    loss : name of the loss
    """
    figure, axes = panels(len(runs), columns=3, height=2.7)
    for place, (axis, (title, folds)) in enumerate(zip(axes, runs.items(), strict=True)):
        for fold, (train, validation) in enumerate(folds):
            epoch = np.arange(1, len(train) + 1)
            best = int(np.nanargmin(validation))
            first = fold == 0
            axis.plot(epoch, train, color=GREY, lw=0.9, label="training" if first else None)
            axis.plot(
                epoch, validation, color=colour(0), lw=1.1, label="validation" if first else None
            )
            axis.plot(
                epoch[best],
                validation[best],
                "o",
                color=colour(1),
                ms=6,
                mec="white",
                label="best epoch" if first else None,
                zorder=3,
            )
        axis.set_title(title)
        axis.set_xlim(left=0)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.set_xlabel("epoch")
        axis.set_ylabel(loss * (place % 3 == 0))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3)
    return figure


@styled
def side_by_side(scores: Mapping[str, tuple[np.ndarray, int]], score: str) -> Figure:
    """A score that models have in common, whatever the loss of each, against epoch.

    Parameters
    ----------
    scores : model -> the score (epochs,) and the epoch, from 0, whose weights are kept
    score : its name, with its unit
    """
    figure, (axis,) = panels(1, columns=1, height=3.4)
    for place, (name, (values, best)) in enumerate(scores.items()):
        epoch = np.arange(1, len(values) + 1)
        label = f"{name}, {values[best]:.3f}"
        axis.plot(epoch, values, color=colour(place), lw=1.2, label=label)
        axis.plot(epoch[best], values[best], marker(place), color=colour(place), mec="white", ms=7)
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.set_xlabel("epoch")
    axis.set_ylabel(score)
    axis.legend(title="at the epoch kept", title_fontsize=9)
    return figure
