"""Figures of what the layers of Astromer hold (Donoso-Oliva+2025, Figs. 13 to 15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nightjar import figures, parts
from nightjar.judging.projection import tsne
from nightjar.stars import per_object

MOST = 500  # stars in a map: the cost of a t-SNE grows faster than their number


def gammas(folder: Path, weights: Mapping[str, Mapping[str, Sequence[ArrayLike]]]) -> None:
    """Draw the weights that the heads gave the layers.

    Parameters
    ----------
    folder : where the figure goes
    weights : model -> case (as "alcock, 20 per class") -> of every fold, softmax(gamma) (layers,)
    """
    arrays = {
        model: {case: np.array(folds) for case, folds in of_model.items()}
        for model, of_model in weights.items()
    }
    figures.save(figures.gammas(arrays), folder / "gammas.png")


def maps(
    folder: Path, embeddings: Path, models: Iterable[str], table: pd.DataFrame, classes: pd.Series
) -> None:
    """Draw t-SNEs of every layer of every model, of scored stars, by class.

    Of the survey with the most scored stars, the most samples per class and the first fold.

    Parameters
    ----------
    folder : where the figures go
    embeddings : ``<model>/<survey>_<samples>_<fold>.npz`` of the stage finetune_astromer
    models : names of the networks
    table : the few-shot splits
    classes : indexed by object id
    """
    tasks = parts.tasks(table)
    survey, _ = parts.task(table, None, min(samples for _, samples in tasks))
    samples = max(number for name, number in tasks if name == survey)
    fold, part = next(iter(tasks[survey, samples].items()))
    for model in models:
        with np.load(embeddings / model / f"{survey}_{samples}_{fold}.npz") as stored:
            ids, layers = per_star(stored["object_id"], stored["layers"], part["test"])
        names = classes.loc[ids.tolist()].to_numpy(str)
        points = [tsne(layer) for layer in layers]
        figure = figures.layer_maps(points, names, sorted(set(names)))
        figures.save(figure, folder / f"layers_{model}_{survey}_{samples}.png")


def per_star(
    object_id: NDArray[np.str_], layers: NDArray[np.floating], wanted: ArrayLike
) -> tuple[NDArray[np.str_], NDArray[np.floating]]:
    """Ids (n,) of at most `MOST` of the stars wanted; means over their windows, (layers, n, dim).

    Parameters
    ----------
    object_id : (windows,)
    layers : (windows, layers, dim)
    wanted : ids of stars; of more than `MOST`, a random choice, always the same
    """
    ids = np.intersect1d(object_id, wanted)
    if len(ids) > MOST:
        ids = np.sort(np.random.default_rng(0).choice(ids, MOST, replace=False))
    rows = np.isin(object_id, ids)
    return per_object(object_id[rows], np.moveaxis(layers[rows], 0, 1))
