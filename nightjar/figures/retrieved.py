"""The spectra that lie nearest to a light curve in embedding space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nightjar.figures.style import GREY, WIDTH, colour, marker, robust_limits, styled
from nightjar.ragged import LightCurve

PARTNER, OTHER = colour(1), colour(0)
STEP = 1.0  # between the spectra of a panel, which are scaled to fit in


class Retrieved(NamedTuple):
    """One spectrum that was found: flux and valid (bins,), what to write beside it."""

    flux: np.ndarray
    valid: np.ndarray
    text: str
    partner: bool


@styled
def nearest_spectra(
    queries: Mapping[str, tuple[LightCurve, Sequence[Retrieved]]],
    wavelength: np.ndarray,
    bands: Sequence[str],
) -> Figure:
    """A row per light curve: on the left itself, on the right the spectra nearest to it.

    Parameters
    ----------
    queries : title -> light curve (days, mag) and its spectra, nearest first
    wavelength : (bins,) Angstrom
    bands : names of the band codes
    """
    figure = Figure(figsize=(WIDTH, 2.5 * len(queries)))
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(queries), 2, width_ratios=(2, 3))
    for row, (title, (curve, found)) in enumerate(queries.items()):
        left, right = (figure.add_subplot(grid[row, column]) for column in (0, 1))
        _query(left, curve, bands)
        left.set_title(title)
        _spectra(right, found, wavelength)
        if row == 0:
            right.set_title("nearest spectra, and its own")
    left.set_xlabel("days since first point")
    right.set_xlabel("observed wavelength / Å")
    handles = {
        label: handle
        for axis in figure.axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside lower left", ncols=8)
    return figure


def _query(axis: Axes, curve: LightCurve, bands: Sequence[str]) -> None:
    for code in np.unique(curve.band).tolist():
        mine = curve.band == code
        axis.errorbar(
            curve.time[mine], curve.value[mine], curve.error[mine],
            fmt=marker(code), ms=3, elinewidth=0.8, color=colour(code + 2),
            label=f"{bands[code]} band",
        )  # fmt: skip
    axis.set_ylim(robust_limits(curve.value))
    axis.invert_yaxis()
    axis.set_ylabel("magnitude")


def _spectra(axis: Axes, found: Sequence[Retrieved], wavelength: np.ndarray) -> None:
    for place, each in enumerate(found):
        low, high = robust_limits(each.flux[each.valid], share=0.01, margin=0.0)
        drawn = np.where(each.valid, (each.flux - low) / (high - low) - 0.5, np.nan)
        shade, label = (PARTNER, "its own spectrum") if each.partner else (OTHER, "another's")
        axis.plot(wavelength, drawn * 0.85 * STEP - place * STEP, color=shade, lw=0.9, label=label)
        at = wavelength[-1] * 1.02
        axis.text(at, -place * STEP, each.text, va="center", fontsize=8, color=shade)
    axis.set(yticks=[], ylim=(-(len(found) - 0.4) * STEP, 0.6 * STEP))
    axis.set_xlim(wavelength[0], wavelength[-1] * 1.65)
    axis.set_xticks([x for x in (4000, 6000, 8000, 10000) if wavelength[0] < x <= wavelength[-1]])
    axis.spines.left.set_visible(False)
    axis.set_ylabel("flux / continuum − 1, scaled", color=GREY, fontsize=8)
