"""Figures of how Maven and its rivals were judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar import figures, metrics
from nightjar.figures.retrieved import Retrieved
from nightjar.judging.clip import Judged
from nightjar.judging.nearest import Found, examples
from nightjar.judging.projection import tsne
from nightjar.pairs import Pairs

BARS = ("class3_macro_f1", "redshift_r2")
Columns = Mapping[str, NDArray]
Sections = Mapping[str, Mapping[str, float]]


def predictions(folder: Path, name: str, judged: Sequence[Judged], outlier: float) -> None:
    """Confusion matrix and redshifts of one model, of all folds.

    Parameters
    ----------
    folder : where the figures go
    name : of the model
    judged : fold by fold
    outlier : limit on |dz| / (1 + z)
    """
    table = pd.concat([each.predictions for each in judged])
    classes = sorted(table["class"].unique())
    counts = metrics.confusion(table["class"], table["predicted_class"], classes)
    figures.save(figures.confusion(counts, classes), folder / f"confusion_{name}.png")
    known = table[table[["redshift", "predicted_redshift"]].notna().all(axis=1)]
    if len(known):
        figure = figures.redshift(
            known["redshift"].to_numpy(),
            known["predicted_redshift"].to_numpy(),
            known["class"].to_numpy(str),
            classes,
            outlier,
        )
        figures.save(figure, folder / f"redshift_{name}.png")


def intervals(folder: Path, table: pd.DataFrame) -> None:
    """PIT of every section, and redshifts with their intervals of each; none without a redshift.

    Parameters
    ----------
    folder : where the figures go
    table : of `judging.intervals.table`
    """
    known = table[table["pit"].notna()]
    pits = {
        str(name): (each["pit"].to_numpy(), each["pit_conformal"].dropna().to_numpy())
        for name, each in known.groupby("section", sort=False)
    }
    if pits:
        figures.save(figures.pit(pits), folder / "pit.png")
    for name, each in known[known["lower_90"].notna()].groupby("section", sort=False):
        bounds = {
            share: (each[f"lower_{share}"].to_numpy(), each[f"upper_{share}"].to_numpy())
            for share in (68, 90)
        }
        true, median = each["redshift"].to_numpy(), each["median"].to_numpy()
        figure = figures.redshift_intervals(true, median, bounds, str(name))
        figures.save(figure, folder / f"redshift_intervals_{name}.png")


def side_by_side(folder: Path, sections: Sections) -> None:
    """All models in each of `BARS`; none where the redshifts, or the three classes, are unknown."""
    for key in BARS:
        values = {
            name: (scores[key], scores.get(f"{key}_std", math.nan))
            for name, scores in sections.items()
            if key in scores
        }
        if values:
            figures.save(figures.models(values, key), folder / f"{key}.png")


def nearest_spectra(folder: Path, arrays: Columns, test: NDArray[np.int64], pairs: Pairs) -> None:
    """A light curve of each class with the spectra nearest to it, among the scored objects.

    Parameters
    ----------
    folder : where the figure goes
    arrays : `embedded.of_fold`
    test : rows of the scored objects
    pairs : their light curves and spectra
    """
    row = pd.Index(pairs.ids).get_indexer(pd.Index(arrays["object_id"][test]))
    objects = pairs.objects.iloc[row]
    labels = objects["class"].fillna("no class").to_numpy(str)
    found = examples(arrays["light_curve"][test], arrays["spectrum"][test], labels, pairs.ids[row])
    redshift = objects["redshift"].to_numpy(float)
    names = [f"{name}{_redshift(z)}" for name, z in zip(labels, redshift, strict=True)]
    curves = pairs.data.light_curves.light_curves
    queries = {
        f"{names[each.query]}\n{pairs.ids[row[each.query]]}": (
            curves[row[each.query]],
            _spectra(each, row, names, pairs),
        )
        for each in found.values()
    }
    figure = figures.nearest_spectra(queries, pairs.data.spectra.wavelength, pairs.bands)
    figures.save(figure, folder / "nearest_spectra.png")


def _spectra(
    found: Found, row: NDArray[np.int64], names: list[str], pairs: Pairs
) -> list[Retrieved]:
    spectra = pairs.data.spectra
    assert spectra.default is not None  # `pairs.open_pairs` sets it
    shown = []
    for each in found.shown.tolist():
        spectrum = spectra.default[row[each]]
        rank = f", rank {found.rank:g} of {len(row)}" if each == found.query else ""
        text = f"{names[each]}\nsimilarity {found.similarity[each]:.2f}{rank}"
        valid = np.asarray(spectra.valid[spectrum])
        shown.append(Retrieved(spectra.flux[spectrum], valid, text, each == found.query))
    return shown


def _redshift(redshift: float) -> str:
    return f", z = {redshift:.3f}" if np.isfinite(redshift) else ""


def embedding_map(
    folder: Path, arrays: Columns, test: NDArray[np.int64], pairs: Pairs, simulated: Columns
) -> None:
    """t-SNE of light curves that the network was not trained on, simulated and observed.

    Parameters
    ----------
    folder, arrays, test, pairs : as in `nearest_spectra`
    simulated : light_curve (s, dim), class (s,) and redshift (s,) of held-out simulated objects
    """
    ids = arrays["object_id"][test]
    observed = pairs.objects.set_index("object_id").loc[ids]
    labels = np.concatenate(
        [simulated["class"].astype(str), observed["class"].fillna("").to_numpy(str)]
    )
    redshift = np.concatenate(
        [simulated["redshift"].astype(float), observed["redshift"].to_numpy(float)]
    )
    points = tsne(np.concatenate([simulated["light_curve"], arrays["light_curve"][test]]))
    figure = figures.embedding_map(
        points,
        labels,
        sorted({*labels} - {""}),
        redshift if np.isfinite(redshift).any() else None,
        np.arange(len(labels)) < len(simulated["class"]),
    )
    figures.save(figure, folder / "tsne.png")
