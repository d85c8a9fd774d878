"""The two-sample test of spectra near peak, in the rest frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.params import PreprocessSpectra
from nightjar.ragged import Spectra
from nightjar.realism import forest
from nightjar.realism.compare import FEWEST, Measured, Tested
from nightjar.realism.forest import Table
from nightjar.realism.observed import Floats, Observed
from nightjar.spectra import grid, preprocess

_COMPONENTS = 20


class Lines(NamedTuple):
    """Preprocessed spectra in the rest frame; row i is of object ``row[i]`` of a list."""

    flux: Floats  # (m, bins) flux / continuum - 1, 0 where not valid
    valid: NDArray[np.bool_]
    row: NDArray[np.int64]

    def take(self, which: NDArray[np.bool_]) -> Lines:
        """Only these spectra."""
        return Lines(self.flux[which], self.valid[which], self.row[which])


def preprocessed(objects: list[Observed], settings: PreprocessSpectra) -> Lines:
    """Spectra of those objects that have one, through the chain of `nightjar.spectra`.

    They are brought to the rest frame first, so that lines of all redshifts lie in the same bins.
    """
    rows = [i for i, each in enumerate(objects) if each.spectrum is not None]
    spectra = [(objects[i].redshift, objects[i].spectrum) for i in rows]
    pixels = [
        (s.wavelength / (1 + z), s.flux, np.full(len(s.flux), np.nan)) for z, s in spectra if s
    ]
    wavelength, flux, error = (
        np.concatenate([np.empty(0), *column]).astype(np.float32)
        for column in (zip(*pixels, strict=True) if pixels else ((), (), ()))
    )
    store = Spectra(
        object_id=np.array([objects[i].object_id for i in rows], dtype=str),
        time=np.full(len(rows), np.nan),
        rest=np.zeros(len(rows), bool),
        offsets=np.cumsum([0, *(len(p[0]) for p in pixels)]),
        wavelength=wavelength,
        flux=flux,
        flux_err=error,
    )
    done, _ = preprocess(store, np.zeros(len(rows)), settings)
    return Lines(done.flux.astype(float), done.valid, np.array(rows, dtype=np.int64)[done.row])


def judge_spectra(
    measured: Measured, settings: PreprocessSpectra, paired: bool, seed: int
) -> tuple[Tested, pd.DataFrame] | None:
    """Tell apart by near-peak spectra, reduced to principal components within each fold.

    Returns
    -------
    the score, and per bin: rest wavelength, median of real and simulated flux / continuum - 1, and
    their difference in units of the scatter ("importance")
    """
    real = preprocessed(measured.real, settings)
    simulated = preprocessed(measured.simulated, settings)
    if paired:  # where one of a pair could not be used, neither is
        both = np.intersect1d(real.row, simulated.row)
        real, simulated = (each.take(np.isin(each.row, both)) for each in (real, simulated))
    if min(len(real.row), len(simulated.row)) < FEWEST:
        return None
    rows = np.concatenate([real.row, simulated.row + len(measured.real)])
    table = Table(
        np.concatenate([real.flux, simulated.flux]),
        measured.table.simulated[rows],
        measured.table.group[rows],
    )
    verdict = forest.tell_apart(table, seed, components=min(_COMPONENTS, len(rows) // 3))
    tested = Tested(len(real.row), verdict.auroc, verdict.error)
    return tested, _bins(real, simulated, grid(settings))


def _bins(real: Lines, simulated: Lines, wavelength: Floats) -> pd.DataFrame:
    columns: dict[str, list[float]] = {name: [] for name in ("real", "simulated")}
    scatter = []
    for j in range(len(wavelength)):
        a, b = real.flux[real.valid[:, j], j], simulated.flux[simulated.valid[:, j], j]
        if min(len(a), len(b)) < FEWEST:
            a = b = np.full(1, np.nan)
        columns["real"].append(np.median(a))
        columns["simulated"].append(np.median(b))
        scatter.append(np.sqrt(0.5 * (_spread(a) ** 2 + _spread(b) ** 2)))
    frame = pd.DataFrame({"feature": [f"{w:.0f} A" for w in wavelength], **columns})
    difference = (frame["simulated"] - frame["real"]).abs() / np.array(scatter)
    frame.insert(1, "importance", difference)
    frame["unit"] = "flux / continuum - 1"
    return frame.sort_values("importance", ascending=False, kind="stable")


def _spread(values: Floats) -> float:
    return float(np.diff(np.quantile(values, [0.16, 0.84]))[0] / 2)
