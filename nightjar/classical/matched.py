"""The spectra of a sample matched with one another: every object's against every other object's.

A template is a spectrum of an object of known redshift.  An object's spectrum is never matched with
one of its own position group, and what a fold may use of the scores is its training part's columns:
so nothing of a scored object is among the templates that judge it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from nightjar.classical.matching import Matches, Templates
from nightjar.classical.neighbours import nearest
from nightjar.params import PreprocessSpectra
from nightjar.ragged import Spectra
from nightjar.spectra.chain import preprocess

Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grid:
    """Spectra of q objects on one grid.

    Attributes
    ----------
    flux, valid : (m, bins), as `spectra.chain.preprocess` gives them
    owner : (m,) row of the object
    default : (q,) the spectrum that stands for each object; -1 where it is not usable
    step : ln of the ratio of neighbouring wavelengths
    """

    flux: NDArray[np.float32]
    valid: Bools
    owner: Rows
    default: Rows
    step: float


class Held(NamedTuple):
    """The nearest templates of each object within a fold's limits on its redshift."""

    score: NDArray[np.float32]  # (folds, q, k) -inf where there is none
    redshift: NDArray[np.float32]  # (folds, q, k)


class Matched(NamedTuple):
    """Scores of each object's spectrum against all m spectra, and the redshifts within limits."""

    score: NDArray[np.float32]  # (q, m) -inf: own group, too little overlap, no template
    owner: Rows  # (m,) row of the object of each spectrum
    held: Held


def on_grid(
    spectra: Spectra, objects: pd.DataFrame, default: Rows, settings: PreprocessSpectra
) -> Grid:
    """Preprocess the spectra of some objects for matching.

    Parameters
    ----------
    spectra : of the sample; those of other objects are left out
    objects : (q rows) with object_id and redshift
    default : (q,) row in ``spectra`` of each object's own
    settings : the grid
    """
    owner = pd.Index(objects["object_id"]).get_indexer(pd.Index(spectra.object_id))
    redshift = np.where(owner >= 0, objects["redshift"].to_numpy(float)[owner], np.nan)
    processed, _ = preprocess(spectra, redshift, settings)
    kept = owner[processed.row] >= 0
    row = processed.row[kept]
    step = float(np.log(settings.wavelength_max / settings.wavelength_min) / settings.bins)
    return Grid(
        processed.flux[kept],
        processed.valid[kept],
        owner[row],
        pd.Index(row).get_indexer(pd.Index(default)),
        step,
    )


def match(
    grid: Grid,
    objects: pd.DataFrame,
    allowed: Bools,
    limits: NDArray[np.floating],
    *,
    redshift_max: float,
    neighbours: int,
    threads: int,
) -> Matched:
    """Match every object's spectrum with the spectra of all others.

    Parameters
    ----------
    grid : the spectra
    objects : (q rows) with redshift and group
    allowed : (folds, q) objects whose spectra each fold may use as templates
    limits : (folds, q, 2) lowest and highest redshift that each fold allows each object
    redshift_max : highest redshift looked at for the scores
    neighbours : matches kept within the limits
    threads : objects matched at once
    """
    redshift, group = objects["redshift"].to_numpy(float), objects["group"].to_numpy()
    known = np.flatnonzero(np.isfinite(redshift[grid.owner]))
    owner = grid.owner[known]
    templates = Templates(
        grid.flux[known], grid.valid[known], redshift[owner], grid.step, redshift_max
    )
    score = np.full((len(objects), len(grid.owner)), -np.inf, np.float32)
    held = Held(*np.full((2, *limits.shape[:2], neighbours), -np.inf, np.float32))

    def one(row: int) -> None:
        spectrum = grid.default[row]
        found = templates.correlate(grid.flux[spectrum], grid.valid[spectrum])
        other = group[owner] != group[row]
        score[row, known] = np.where(other, found.best(0.0, redshift_max).score, -np.inf)
        for fold, (lowest, highest) in enumerate(limits[:, row]):
            near = _near(found.best(lowest, highest), other & allowed[fold, owner], neighbours)
            held.score[fold, row, : len(near.score)] = near.score
            held.redshift[fold, row, : len(near.score)] = near.redshift

    rows = np.flatnonzero(grid.default >= 0)
    Parallel(n_jobs=threads, require="sharedmem")(  # NumPy lets go of the interpreter's lock
        delayed(one)(row) for row in tqdm(rows, desc="matching")
    )
    return Matched(score, grid.owner, held)


def _near(matches: Matches, usable: Bools, count: int) -> Matches:
    """The ``count`` best of the usable matches, best first."""
    score = np.where(usable, matches.score, -np.inf)
    near = nearest(score[None], count)[0]
    return Matches(score[near], matches.redshift[near])
