"""A few stars as a pre-trained Astromer sees them: numbers, from which the report draws."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from nightjar.batching import Batch
from nightjar.networks import Astromer
from nightjar.networks.attention_weights import attention_weights
from nightjar.params import ProbedSettings
from nightjar.ragged import LightCurve
from nightjar.stars import Rows, Stars
from nightjar.tasks import AstromerTask
from nightjar.tasks.base import sequence

MOST = 6  # stars, each of another class
NO_CLASS = "no class"
INNER = (0.05, 0.95)  # quantiles: a star's range without its outliers

Arrays = dict[str, NDArray]


def choose(stars: Stars, object_ids: ArrayLike) -> Rows:
    """A typical light curve of each class, (n,) rows by class; of stars without one, one.

    That of the median range over error.  Of more than `MOST` classes, so many, spread evenly over
    the alphabet.

    Parameters
    ----------
    stars : all of them
    object_ids : those to choose among
    """
    rows = stars.rows_of(object_ids)
    classes = stars.objects["class"].iloc[rows].fillna(NO_CLASS).to_numpy(str)
    clear = np.array([_clearness(stars.light_curves[row]) for row in rows])
    names = np.unique(classes)
    shown = np.linspace(0, len(names) - 1, min(MOST, len(names))).round().astype(int)
    of_class = [np.flatnonzero(classes == names[place]) for place in shown]
    middle = [of[np.argsort(clear[of], kind="stable")[len(of) // 2]] for of in of_class]
    return rows[middle]


def see(task: AstromerTask, stars: Stars, rows: Rows, probed: ProbedSettings) -> Arrays:
    """What the network makes of the first window of each light curve.

    Parameters
    ----------
    task : trained
    stars : all of them
    rows : (n,) light curves
    probed : which points it is to fill in

    Returns
    -------
    What `AstromerTask.reconstruct` gives, some points probed; ``attention`` (n, blocks, heads,
    length), all points visible: the mean weight over the observed points as queries, or the weight
    with the star's token as query where the network has one, times the number of observed tokens,
    so that 1 is an even share; ``object_id``, ``name`` (the class) and ``period`` (days, NaN where
    the objects table has none), each (n,)
    """
    reconstructed = task.reconstruct(_windows(task, stars, rows, probed))
    return {**_about(stars, rows), **reconstructed, "attention": _attention(task, stars, rows)}


def _attention(task: AstromerTask, stars: Stars, rows: Rows) -> NDArray[np.float32]:
    batch = _windows(task, stars, rows, None).to(task.device)
    weights = attention_weights(cast(Astromer, task.network), *sequence(batch))
    return np.stack([_shares(block, batch.valid).cpu().numpy() for block in weights], axis=1)


def _shares(weights: Tensor, valid: Tensor) -> Tensor:
    """Attention that the points get (batch, heads, length), of (batch, heads, tokens, tokens)."""
    observed = valid.sum(1)[:, None, None]
    if weights.shape[-1] > valid.shape[1]:  # the star's token stands before the points
        return weights[:, :, 0, 1:] * (1 + observed)
    return (weights * valid[:, None, :, None]).sum(2)  # their mean, times their number


def _windows(task: AstromerTask, stars: Stars, rows: Rows, probed: ProbedSettings | None) -> Batch:
    """The first window of each light curve, in their order."""
    full = cast(Astromer, task.network).mask == "legacy"  # there padding takes part
    windows = stars.sequential(rows, probed=probed, full=full)
    _, first = np.unique(windows.row, return_index=True)
    return windows.batch(np.sort(first), np.random.default_rng(0))


def _about(stars: Stars, rows: Rows) -> Arrays:
    objects = stars.objects.iloc[rows]
    period = objects.get("period", pd.Series(np.nan, objects.index))
    return {
        "object_id": objects["object_id"].to_numpy(str),
        "name": objects["class"].fillna(NO_CLASS).to_numpy(str),
        "period": pd.to_numeric(period, errors="coerce").to_numpy(np.float64),
    }


def _clearness(curve: LightCurve) -> float:
    """Range of a light curve over its median error; a number that a few bad points do not move."""
    low, high = np.quantile(curve.value, INNER)
    return float((high - low) / np.median(curve.error))
