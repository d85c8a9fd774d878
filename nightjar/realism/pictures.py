"""Figures of a comparison, from its reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nightjar.figures import realism as drawn
from nightjar.figures import save
from nightjar.figures.realism import Beside, Run
from nightjar.realism import curves, spectral
from nightjar.realism.compare import FEWEST
from nightjar.realism.observed import Floats, Observed
from nightjar.realism.report import SPECTRA, ClassReport
from nightjar.realism.troughs import TROUGHS, velocity
from nightjar.spectra import grid

_SHOWN = 3  # pairs of each class
_DAYS = np.arange(-15.0, 81.0, 2.5)


def write(
    reports: Sequence[ClassReport], out: Path, paired: bool, before: drawn.Scores | None
) -> list[Path]:
    """Draw all that there is to draw; the paths of the files.

    Parameters
    ----------
    out : folder
    paired : simulated objects are twins of the real ones
    before : scores of an earlier run, see `scores`
    """
    reports = [report for report in reports if report.tested]
    if not reports:
        return []
    figures: dict[str, Figure | None] = {
        "auroc": drawn.auroc(scores(reports), before),
        "light_curves": _twins(reports) if paired else None,
        "spectra": _spectra(reports),
        "colours": _colours(reports),
        "velocities": _velocities(reports),
        "distributions": _distributions(reports, paired),
    }
    paths = []
    for name, figure in figures.items():
        if figure is not None:
            paths.append(out / f"{name}.png")
            save(figure, paths[-1])
    return paths


def scores(reports: Sequence[ClassReport]) -> drawn.Scores:
    """AUROC and error by class and group of features."""
    return {r.label: {k: (t.auroc, t.error) for k, t in r.tested.items()} for r in reports}


def _twins(reports: Sequence[ClassReport]) -> Figure:
    """The pairs with most nights in the band that has fewer, evenly among the better half."""
    shown = {}
    for report in reports:
        real, twins = report.measured.real, report.measured.simulated
        nights = [np.bincount(each.curve.band, minlength=2).min() for each in real]
        best = np.argsort(nights, kind="stable")[::-1][: max(len(real) // 4, _SHOWN)]
        picked = best[np.linspace(0, len(best) - 1, _SHOWN).astype(int)]
        shown[report.label] = [_beside(real[i], twins[i]) for i in dict.fromkeys(picked)]
    return drawn.twins(shown, _SHOWN)


def _beside(real: Observed, twin: Observed) -> Beside:
    title = f"{real.object_id}, z = {real.redshift:.3f}"
    return Beside(title, real.phase(real.curve.time), real.curve, twin.curve)


def _spectra(reports: Sequence[ClassReport]) -> Figure | None:
    found = {}
    for report in reports:
        sides = (report.measured.real, report.measured.simulated)
        lines = [spectral.preprocessed(side, SPECTRA) for side in sides]
        if min(len(each.row) for each in lines) >= FEWEST:
            title = f"{report.label}, {len(lines[0].row)} real spectra"
            real, simulated = (run(np.where(x.valid, x.flux, np.nan)) for x in lines)
            found[title] = (real, simulated)
    if not found:
        return None
    return drawn.runs(grid(SPECTRA), found, "rest wavelength / Å", "flux / continuum − 1")


def _colours(reports: Sequence[ClassReport]) -> Figure | None:
    found = {}
    for report in reports:
        sides = (report.measured.real, report.measured.simulated)
        rows = [np.array([curves.colour(each, _DAYS) for each in side]) for side in sides]
        real, simulated = (run(each) for each in rows)
        if min(np.isfinite(each.middle).mean() for each in (real, simulated)) > 0.3:
            found[report.label] = (real, simulated)
    if not found:
        return None
    days = "rest-frame days since maximum in the blue band"
    return drawn.runs(_DAYS, found, days, "blue − red band / mag")


def run(values: Floats) -> Run:
    """Median and 68 % range along the rows, NaN where fewer than `FEWEST` objects are known."""
    out = np.full((3, values.shape[1]), np.nan)
    enough = np.isfinite(values).sum(axis=0) >= FEWEST
    out[:, enough] = np.nanquantile(values[:, enough], [0.5, 0.16, 0.84], axis=0)
    return Run(*out)


def _velocities(reports: Sequence[ClassReport]) -> Figure | None:
    found = {}
    for report in reports:
        if report.label in TROUGHS and "spectrum" in report.tested:
            title = f"{report.label}, {TROUGHS[report.label].name}"
            real, simulated = (
                _measured(side, report.label)
                for side in (report.measured.real, report.measured.simulated)
            )
            found[title] = (real, simulated)
    return drawn.velocities(found) if found else None


def _measured(objects: Sequence[Observed], label: str) -> tuple[NDArray, NDArray]:
    with_one = [(each, each.spectrum) for each in objects if each.spectrum is not None]
    days = np.array([each.phase(spectrum.time) for each, spectrum in with_one])
    speed = [
        velocity(spectrum.wavelength / (1 + each.redshift), spectrum.flux, TROUGHS[label])
        for each, spectrum in with_one
    ]
    return days, np.array(speed)


def _distributions(reports: Sequence[ClassReport], paired: bool) -> Figure:
    """Redshift and brightness; twins share the redshift."""
    columns = (
        {"redshift": "redshift"}
        if not paired
        else {"peak in the blue band / absolute mag": "g_peak"}
    )
    columns["peak in the red band / absolute mag"] = "r_peak"
    return drawn.distributions(
        {
            title: {report.label: _both(report, name) for report in reports}
            for title, name in columns.items()
        }
    )


def _both(report: ClassReport, name: str) -> tuple[NDArray, NDArray]:
    """A feature of the real and of the simulated objects."""
    values, simulated = (
        report.measured.features[name].to_numpy(float),
        report.measured.table.simulated,
    )
    return values[~simulated], values[simulated]
