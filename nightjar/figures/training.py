"""How training went: learning curves, and what a masked network fills in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nightjar.figures.style import GREY, colour, panels, styled


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
def reconstruction(
    time: np.ndarray,
    magnitude: np.ndarray,
    error: np.ndarray,
    predicted: np.ndarray,
    probed: np.ndarray,
    titles: Sequence[str],
) -> Figure:
    """Windows with their probed points and what the network predicts there, joined by a line.

    Parameters
    ----------
    time : (windows, length) days, NaN where padded
    magnitude, error, predicted : (windows, length) mag, relative to the window's mean
    probed : (windows, length) True where scored
    titles : one per window
    """
    figure, axes = panels(len(titles), columns=1, height=2.3)
    for axis, t, m, e, p, scored, title in zip(
        axes, time, magnitude, error, predicted, probed, titles, strict=True
    ):
        seen = ~scored & np.isfinite(t)
        axis.errorbar(
            t[seen],
            m[seen],
            e[seen],
            fmt="o",
            ms=3,
            color=GREY,
            elinewidth=0.7,
            alpha=0.7,
            label="visible",
        )
        axis.vlines(t[scored], m[scored], p[scored], color=colour(1), lw=0.6, alpha=0.5)
        axis.plot(t[scored], m[scored], "o", ms=4, mfc="none", color=colour(0), label="probed")
        axis.plot(t[scored], p[scored], "x", ms=4.5, mew=1.4, color=colour(1), label="predicted")
        rms = np.sqrt(np.mean((m[scored] - p[scored]) ** 2)) if scored.any() else np.nan
        axis.set_title(f"{title}: rms {rms:.3f} mag on {scored.sum()} probed points")
        axis.invert_yaxis()
    axes[(len(axes) - 1) // 2].set_ylabel("magnitude − window mean / mag")
    axes[-1].set_xlabel("days since the window's mean")
    named = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    order = ("visible", "probed", "predicted")
    figure.legend([named[name] for name in order], order, loc="outside upper right", ncols=3)
    return figure
