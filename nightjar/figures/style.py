"""One look for every figure: size, type, colours that colour-blind readers tell apart, saving."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe & Ito (2008), yellow last because it is faint on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A900")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#767676"
WIDTH = 8.0  # inches; 8 * 100 = 800 px is the smallest width at which the text is read

# from matplotlib's own defaults, so that a user's matplotlibrc does not change the bytes
RC = {
    **mpl.rcParamsDefault,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same bytes everywhere
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 10.0,
    "axes.edgecolor": "#444444",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=PALETTE),
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "lines.linewidth": 1.6,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
}
RC = {key: value for key, value in RC.items() if not key.startswith(("backend", "toolbar"))}
P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorate a function that makes a Figure, so that it is drawn in nightjar's style."""

    @wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(RC):
            return draw(*args, **kwargs)

    return inner


def panels(
    count: int, columns: int, height: float, width: float = WIDTH
) -> tuple[Figure, list[Axes]]:
    """Draw a grid of ``count`` axes, ``height`` inches per row; empty places are left out."""
    columns = min(count, columns)
    rows = -(-count // columns)
    figure = Figure(figsize=(width, height * rows))
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(count)]


def colour(place: int) -> str:
    """Colour of the ``place``-th class, band or model; repeats after eight."""
    return PALETTE[place % len(PALETTE)]


def marker(place: int) -> str:
    """Marker of the ``place``-th class; shifts when the colours repeat."""
    return MARKERS[(place + place // len(PALETTE)) % len(MARKERS)]


def robust_limits(
    values: np.ndarray, share: float = 0.005, margin: float = 0.08
) -> tuple[float, float]:
    """Axis limits that ignore the outermost ``share`` on each side, widened by ``margin``."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return 0.0, 1.0
    low, high = np.quantile(finite, [share, 1 - share])
    pad = margin * (high - low) if high > low else 0.5
    return float(low - pad), float(high + pad)


def save(figure: Figure, path: str | Path) -> None:
    """Write a PNG at 150 dots per inch; the same figure gives the same bytes.

    Parameters
    ----------
    path : written to a temporary name, then renamed; its folder is made
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with mpl.rc_context(RC):
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})
    os.replace(partial, path)
