"""What goes in: light curves, and spectra before and after preprocessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nightjar.figures.style import GREY, colour, marker, panels, robust_limits, styled
from nightjar.ragged import LightCurve


@styled
def light_curves(
    curves: Mapping[str, LightCurve], bands: Sequence[str], quantity: str = "mag"
) -> Figure:
    """One light curve per class, days since its first point; magnitudes grow downwards.

    Parameters
    ----------
    curves : title (the class) -> light curve
    bands : names of the band codes
    quantity : "mag", or "flux" in nJy
    """
    figure, axes = panels(len(curves), columns=3, height=2.5)
    for place, (axis, (title, curve)) in enumerate(zip(axes, curves.items(), strict=True)):
        _light_curve(axis, curve, bands)
        axis.set_title(title)
        axis.set_xlabel("days since first point" if place >= len(axes) - 3 else "")
        axis.set_ylabel(("magnitude" if quantity == "mag" else "flux / nJy") * (place % 3 == 0))
        if quantity == "mag":
            axis.invert_yaxis()
    handles = {
        label: handle
        for axis in axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside upper right", ncols=8)
    return figure


def _light_curve(axis: Axes, curve: LightCurve, bands: Sequence[str]) -> None:
    days = np.asarray(curve.time) - np.min(curve.time)
    for code in np.unique(curve.band):
        of_band = curve.band == code
        axis.errorbar(
            days[of_band],
            curve.value[of_band],
            curve.error[of_band],
            label=f"{bands[code]} band",
            color=colour(int(code)),
            fmt=marker(int(code)),
            ms=3,
            lw=0,
            elinewidth=0.8,
        )


@styled
def spectra(
    raw: Sequence[tuple[np.ndarray, np.ndarray]],
    wavelength: np.ndarray,
    flux: np.ndarray,
    valid: np.ndarray,
    titles: Sequence[str],
) -> Figure:
    """Spectra as observed (left) and preprocessed (right), one row each, observer frame.

    Parameters
    ----------
    raw : per spectrum, wavelength in Angstrom and flux in arbitrary units, both (pixels,)
    wavelength : (bins,) Angstrom
    flux, valid : (n, bins) preprocessed flux, and True where it was observed
    titles : one per spectrum
    """
    figure, axes = panels(2 * len(raw), columns=2, height=1.75)
    limits = wavelength[0] * 0.93, wavelength[-1] * 1.02
    for row, (before, title) in enumerate(zip(raw, titles, strict=True)):
        left, right = axes[2 * row], axes[2 * row + 1]
        inside = (before[0] >= limits[0]) & (before[0] <= limits[1])
        scale = np.nanmedian(np.abs(before[1][inside])) or 1.0
        left.plot(before[0], before[1] / scale, color=GREY, lw=0.8)
        left.set_ylim(robust_limits(before[1][inside] / scale))
        right.axhline(0, color=GREY, lw=0.8)
        right.plot(wavelength, np.where(valid[row], flux[row], np.nan), color=colour(0), lw=1.0)
        left.set_title(title)
        for axis in (left, right):
            axis.set_xlim(limits)
            axis.set_xlabel("observed wavelength / Å" if row == len(raw) - 1 else "")
    middle = 2 * ((len(raw) - 1) // 2)
    axes[middle].set_ylabel("flux / median")
    axes[middle + 1].set_ylabel("flux / continuum − 1")
    axes[1].set_title("preprocessed")
    return figure
