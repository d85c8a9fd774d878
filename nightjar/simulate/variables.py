"""Simulated variable stars: MACHO-like fields, a labelled catalogue, an ATLAS-like survey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from nightjar.simulate.randomness import Floats, draws, quota
from nightjar.simulate.stars import KINDS, STAR_NORMALS, STAR_UNIFORMS, Dice, Latents, surveys
from nightjar.simulate.stars import cadence as cadences
from nightjar.simulate.stars.surveys import KINDS_OF, SURVEYS, Survey
from nightjar.tables import Tables

Rows = NDArray[np.int64]
_EXACT = ("period", "ra", "dec")  # columns kept in double precision
_OWN_UNIFORMS = 7  # of each star, beside its kind's: kind, field, place, blend, lost points


class _Chunk(NamedTuple):
    """Some stars of a survey."""

    survey: Survey
    rows: Rows


def simulate(
    unlabelled: int,
    labelled: int,
    seed: int,
    *,
    least_share: float = 0.0,
    threads: int = 1,
    chunk: int = 512,
) -> Tables:
    """Simulate three samples of variable stars.

    Star i of a survey depends on (seed, survey, least_share, i) only, not on the sizes, ``chunk``
    or ``threads``.  The stars' latent parameters are drawn at once; light curves are made while
    they are read, ``chunk`` stars at a time, and not kept.

    Parameters
    ----------
    unlabelled : stars of ``macho``, class null, half of them constant
    labelled : stars of ``alcock`` (Cep_0, Cep_1, EC, LPV, RRab, RRc) and as many of ``atlas`` (CB,
        DB, Mira, Pulse)
    seed : non-negative
    least_share : no class of a labelled survey has a smaller share than this (before normalising),
        so that few-shot splits of a small sample find enough; 0: the catalogues' proportions
    threads : processes
    chunk : stars at a time

    Returns
    -------
    Tables
        ``objects``: object_id, survey, class (null in ``macho``), kind (what was simulated), field
        (number), ra, dec (deg), mean_mag (mag; eclipsing stars: outside eclipse), blend (share of
        neighbours' light), error_scale (true over reported error), lost (share of visits), and
        every latent of the kinds, units in `stars`; NaN where a kind has none.  `magnitude` makes
        the noise-free light curve of these columns at any time.  ``photometry``: mag, mag_err and
        mag_perfect in band R (macho, alcock) or o (atlas), about 100 to 400 points; read it once.
        No spectra.
    """
    sizes = (unlabelled, labelled, labelled)
    chunks = [
        _Chunk(survey, np.arange(start, min(start + chunk, size)))
        for survey, size in zip(SURVEYS, sizes, strict=True)
        for start in range(0, size, chunk)
    ]
    work = (delayed(_objects)(seed, least_share, *c) for c in _bar(chunks, "drawing stars"))
    objects = pd.concat(Parallel(threads)(work), ignore_index=True)
    return Tables(
        objects=objects,
        photometry=_photometry(seed, objects, chunks, threads),
        spectra=(),
        drops=Counter(),
    )


def magnitude(objects: pd.DataFrame, time: Floats) -> Floats:
    """Noise-free magnitudes of simulated stars at any time.

    Parameters
    ----------
    objects : (stars) rows of the table that `simulate` returned
    time : (stars, times) or (times,) MJD

    Returns
    -------
    (stars, times) mag, with the light of unresolved neighbours
    """
    time = np.broadcast_to(time, (len(objects), np.shape(time)[-1]))
    starts = {survey.name: survey.cadence.start for survey in SURVEYS}
    days = time - objects["survey"].map(starts).to_numpy(np.float64)[:, None]
    kinds = objects["kind"].to_numpy(str)
    change = np.empty_like(days)
    for name in np.unique(kinds):
        of = np.flatnonzero(kinds == name)
        change[of] = KINDS[name].curve(_latents(objects, name, of), days[of])
    blend = objects["blend"].to_numpy(np.float64)[:, None]
    light = blend + (1 - blend) * 10 ** (-0.4 * change)
    return objects["mean_mag"].to_numpy(np.float64)[:, None] - 2.5 * np.log10(light)


# --- stars ----------------------------------------------------------------------------------------


@cache
def _names(kind: str) -> tuple[str, ...]:
    """Latents of a kind of star."""
    nobody = np.arange(0)
    return tuple(KINDS[kind].draw(Dice(draws(0, "", nobody, STAR_UNIFORMS, STAR_NORMALS), nobody)))


def _latents(objects: pd.DataFrame, kind: str, of: Rows) -> Latents:
    return {n: objects[n].to_numpy()[of].astype(np.float64) for n in _names(kind) if n != "mag"}


def _objects(seed: int, least: float, survey: Survey, rows: Rows) -> pd.DataFrame:
    """The objects table of stars ``rows`` of a survey."""
    star = draws(seed, f"{survey.name}-star", rows, STAR_UNIFORMS + _OWN_UNIFORMS, STAR_NORMALS + 2)
    own = star.uniform[:, STAR_UNIFORMS:]
    label, kind = _kinds(survey, least, rows, own[:, 0])
    table = {"object_id": _identifiers(survey, rows), "survey": survey.name}
    table["class"] = pd.Series(label if survey.labelled else [None] * len(rows), dtype=object)
    columns = _place(seed, survey, own[:, 1:4]) | {
        # the field of the Milky Way: any distance; the LMC's kinds know theirs
        "mean_mag": np.clip(16.0 + 1.3 * star.normal[:, -1], 12.5, 18.3),
        "blend": np.minimum(-survey.errors.blend * np.log1p(-own[:, 4]), 0.6),
        "error_scale": np.exp(0.08 + 0.12 * star.normal[:, -2]),
        "lost": survey.errors.lost * own[:, 5],
    }
    for name in np.unique(kind):
        of = np.flatnonzero(kind == name)
        latents = KINDS[name].draw(Dice(star, of))
        mag = latents.pop("mag", None)
        if survey.magellanic and mag is not None:
            columns["mean_mag"][of] = mag
        for latent, values in latents.items():
            columns.setdefault(latent, np.full(len(rows), np.nan))[of] = values
    names = [*dict.fromkeys([*columns, *(n for k in KINDS for n in _names(k) if n != "mag")])]
    frame = pd.DataFrame(columns).reindex(columns=names)
    small = {n: np.float32 for n in names if n not in (*_EXACT, "field")}
    return pd.concat([pd.DataFrame(table | {"kind": kind}), frame.astype(small)], axis=1)


def _identifiers(survey: Survey, rows: Rows) -> NDArray[np.object_]:
    return np.array([f"{survey.prefix}-{row:07d}" for row in rows], dtype=object)


def _kinds(
    survey: Survey, least: float, rows: Rows, uniform: Floats
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Class and kind of each star."""
    shares = survey.shares(least)
    label = np.array(list(shares), dtype=object)[quota(rows, np.array(list(shares.values())))]
    kind = label.copy()
    for name, parts in KINDS_OF.items():
        edges = np.cumsum(list(parts.values()))[:-1]
        chosen = np.array(list(parts), dtype=object)[np.searchsorted(edges, uniform)]
        kind = np.where(label == name, chosen, kind)
    return label, kind


@cache
def _fields(seed: int, survey: str) -> cadences.Fields:
    """All fields of a survey."""
    of = next(s for s in SURVEYS if s.name == survey)
    numbers = np.arange(of.fields)
    random = draws(seed, f"{survey}-field", numbers, of.cadence.uniforms + 2, cadences.VISITS)
    return cadences.fields(of.cadence, random)


def _place(seed: int, survey: Survey, uniform: Floats) -> dict[str, NDArray]:
    """Field, and a place in it."""
    number = np.floor(survey.fields * uniform[:, 0]).astype(np.int64)
    fields = _fields(seed, survey.name)
    side = survey.cadence.side
    dec = fields.dec[number] + side * (uniform[:, 1] - 0.5)
    aside = side * (uniform[:, 2] - 0.5) / np.cos(np.radians(fields.dec[number]))
    return {"field": number, "ra": np.mod(fields.ra[number] + aside, 360.0), "dec": dec}


# --- photometry -----------------------------------------------------------------------------------


def _photometry(
    seed: int, objects: pd.DataFrame, chunks: list[_Chunk], threads: int
) -> Iterator[pd.DataFrame]:
    """Light curves, chunk after chunk; some chunks at a time, so that memory does not grow."""
    ends = np.cumsum([len(rows) for _, rows in chunks])
    tables = [objects[end - len(c.rows) : end] for end, c in zip(ends, chunks, strict=True)]
    at_once = 4 * threads
    with Parallel(threads) as parallel, _bar(chunks, "observing stars") as bar:
        for first in range(0, len(chunks), at_once):
            some = slice(first, first + at_once)
            for frame in parallel(
                delayed(_observed)(seed, table, *chunk)
                for table, chunk in zip(tables[some], chunks[some], strict=True)
            ):
                bar.update(1)
                yield frame


def _observed(seed: int, objects: pd.DataFrame, survey: Survey, rows: Rows) -> pd.DataFrame:
    """Photometry of stars ``rows``: what was planned, not lost, and bright enough."""
    fields, number = _fields(seed, survey.name), objects["field"].to_numpy()
    visits = int(fields.planned.sum(axis=1).max())  # of any field: the same for every chunk
    planned = fields.planned[number, :visits]
    time = survey.cadence.start + fields.time[number, :visits]
    perfect = magnitude(objects, time)
    error = surveys.error(survey.errors, perfect, fields.sky[number, :visits])
    random = draws(seed, f"{survey.name}-sky", rows, visits, visits)
    scale, lost = (objects[n].to_numpy(np.float64)[:, None] for n in ("error_scale", "lost"))
    observed = perfect + scale * error * surveys.deviates(random)
    seen = planned & (observed < survey.errors.limit) & (random.uniform < 1 - lost)
    row = np.nonzero(seen)[0]
    identifiers = pd.Categorical.from_codes(row, pd.Index(_identifiers(survey, rows)))
    columns = {"mag": observed, "mag_err": error, "mag_perfect": perfect}
    values = {name: array[seen].astype(np.float32) for name, array in columns.items()}
    return pd.DataFrame(
        {"object_id": identifiers, "time": time[seen], "band": survey.band, **values}
    )


def _bar(items: Sequence[Any], what: str) -> tqdm:
    """A bar of chunks; none where nobody watches (no terminal)."""
    return tqdm(items, desc=what, unit=" chunks", disable=None)
