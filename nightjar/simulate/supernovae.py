"""Simulated supernovae: a light curve in every band and spectra of each, as `Tables`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from nightjar.errors import InputError
from nightjar.simulate import bands, explosions, light, rates
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop
from nightjar.simulate.chunks import Chunks
from nightjar.simulate.events import Events, Rows
from nightjar.simulate.followup import observed_spectra
from nightjar.simulate.selection import Points, Settings, select
from nightjar.simulate.spectrographs import SEDM, Spectrograph
from nightjar.simulate.survey import SURVEYS, Survey
from nightjar.tables import Tables

ZTF: Mapping[str, str | None] = {"g": None, "r": None}


def simulate(
    objects: int,
    seed: int,
    *,
    population: Literal["pretraining", "observed"],
    classes: Mapping[str, float] | None,
    noise: bool,
    spectrum_snr: float,
    min_points: int,
    passbands: Mapping[str, str | None] = ZTF,
    spectrograph: Spectrograph = SEDM,
    host_light: float | None = None,
    engine: light.Engine = explosions,
    magnitude_limit: tuple[float, float] | None = None,
    follow_up: tuple[float, float] | None = None,
    spectra: int = 1,
    phases: tuple[float, float] | None = None,
    chunk: int = 512,
    threads: int = 1,
    progress: bool = True,
) -> Tables:
    """Simulate supernovae that a ZTF-like survey detects, each with spectra.

    An event that is not selected (5 sigma detections, ``min_points`` in each band, and for the
    observed population a detection brighter than 18.5 mag) is drawn anew within its class.  Object
    i depends on what is asked but not on ``objects``, ``chunk`` or ``threads``.

    One limiting magnitude gives hardly any nearby supernovae: a survey holds four times as many for
    every magnitude that it goes deeper.  ``magnitude_limit`` mixes surveys of all depths instead.
    Each object has its own limit, evenly between the two, which decides how bright and how near its
    events are; it keeps it when an event fails and another takes its place, so that every depth has
    its share, however often its events fail.  The camera stays the survey's: a limit that it does
    not reach costs attempts, and many of them raise an error.  Nor does it saturate, which a real
    one does (ZTF near 13 mag).

    Parameters
    ----------
    objects : number of objects after selection
    seed : non-negative
    population : ``"pretraining"``: spectrum at a random time from explosion to peak;
        ``"observed"``: brighter than 18.5 mag, other templates, noise and host light, spectrum
        around peak (see `populations.Population` and `survey.Survey`)
    classes : class -> fraction (normalised); names of `populations.CLASSES`; None: those that the
        volumetric rates give (`rates.fractions`)
    noise : which values the tables mean to be used, observed or perfect; they hold both
    spectrum_snr : median signal-to-noise ratio per pixel
    min_points : detections needed in each band
    passbands : band -> filter file (see `bands.read`), or None for the built-in one of that name
    spectrograph : wavelengths and resolution of the spectra
    host_light : mean host light over supernova light at 6000 Angstrom; None: the survey's
    engine : what makes the light, see `light.engine`
    magnitude_limit : bright and faint end between which the magnitude to which an object's events
        are proposed is drawn; None: the population's (19.3 and 18.6), no nearer than redshift 0.002
    follow_up : rest-frame days after peak_time at which the visits of an object end, whatever its
        class, see `selection.followed`; None: after the span of its kind (`kinds.Kind`)
    spectra : of each object, drawn one by one
    phases : rest-frame days about peak_time between which each spectrum's time is drawn evenly, but
        not within a day of the explosion; None: the survey's rule, as of ``population``
    chunk : objects at a time
    threads : processes
    progress : show a bar

    Returns
    -------
    Tables
        ``objects``: object_id, class, subtype, redshift, mwebv (mag), ra, dec (deg), explosion_time
        (MJD) and the latent parameters, units in `populations.draw` and `explosions.complete`;
        magnitude_limit (mag) where it is drawn.
        ``photometry``: AB mag, detections only.  ``spectra``: flux in 1e-15
        erg/s/cm^2/Angstrom.  These two wait in temporary files, not in memory.

    Raises
    ------
    InputError
        no objects or spectra, an unknown class or population, a bad filter file, a range whose ends
        do not ascend, or a class that the survey practically never selects
    """
    through = _passbands(passbands)
    for name, number in (("objects", objects), ("spectra", spectra)):
        if number < 1:
            raise InputError(f"{name}: {number} cannot be simulated; ask for at least one")
    ranges = {"magnitude_limit": magnitude_limit, "follow_up": follow_up, "phases": phases}
    for name, ends in ranges.items():
        if ends is not None and not ends[0] < ends[1]:
            raise InputError(f"{name}: {list(ends)} does not ascend; give the lower end first")
    settings = Settings(
        seed,
        *_population(population, classes, magnitude_limit),
        through,
        spectrograph,
        spectrum_snr,
        SURVEYS[population].contamination if host_light is None else host_light,
        min_points,
        light.observing(engine, *_range(through, spectrograph)),
        spectra,
        phases,
        magnitude_limit,
        follow_up,
    )
    starts = range(0, objects, chunk)
    jobs = (delayed(_simulate)(settings, np.arange(i, min(i + chunk, objects))) for i in starts)
    frames, points, taken, rows = [], Chunks(), Chunks(), 0
    done = Parallel(n_jobs=min(threads, len(starts)), return_as="generator")(jobs)
    with tqdm(desc="simulating", total=objects, disable=None if progress else True) as bar:
        for frame, detections, pixels in done:
            frames.append(frame)
            points.append(detections)
            taken.append(pixels)
            rows += len(detections.time)
            bar.update(len(frame))
    return Tables(
        objects=pd.concat(frames, ignore_index=True),
        photometry=_photometry(settings, points),
        spectra=_spectra(settings, taken),
        noise=noise,
        rows=rows,
    )


def _population(
    name: str, classes: Mapping[str, float] | None, limits: tuple[float, float] | None
) -> tuple[pop.Population, Survey, dict[str, float]]:
    """The population, its survey, and the class fractions."""
    if name not in pop.POPULATIONS:
        raise InputError(f"population: {name!r} is none of {tuple(pop.POPULATIONS)}")
    population = pop.POPULATIONS[name]
    fractions = dict(rates.fractions(population, limits) if classes is None else classes)
    unknown = [name for name in fractions if name not in pop.CLASSES]
    if unknown or not fractions:
        raise InputError(f"classes: {unknown} cannot be simulated; use some of {pop.CLASSES}")
    return population, SURVEYS[name], fractions


def _passbands(files: Mapping[str, str | None]) -> dict[str, bands.Band]:
    if not files:
        raise InputError("passbands: none is given; name at least one, such as {g: null}")
    return {
        name: bands.named(name) if path is None else bands.read(path)
        for name, path in files.items()
    }


def _range(through: Mapping[str, bands.Band], spectrograph: Spectrograph) -> tuple[float, float]:
    """Shortest and longest wavelength that is observed, Angstrom."""
    seen = [spectrograph.wavelength, *(band.wavelength for band in through.values())]
    return min(float(one[0]) for one in seen), max(float(one[-1]) for one in seen)


def _simulate(settings: Settings, rows: Rows) -> tuple[pd.DataFrame, Points, list[np.ndarray]]:
    """Objects ``rows``: their table, detections, and columns of spectra."""
    events, points = select(settings, rows)
    return _objects(settings, events), points, observed_spectra(settings, events)


# --- tables --------------------------------------------------------------------------------------


def _identifiers(settings: Settings, rows: Rows) -> NDArray[np.object_]:
    prefix = pop.PREFIX[settings.population.name]
    return np.array([f"{prefix}-{row:07d}" for row in rows], dtype=object)


def _objects(settings: Settings, events: Events) -> pd.DataFrame:
    frame = pd.DataFrame(events.latents)
    stripped = np.isin(events.kind, ("SN Ib", "SN Ic"))
    frame.insert(0, "object_id", _identifiers(settings, events.rows))
    frame.insert(1, "class", np.where(stripped, "SN Ib/c", events.kind))
    frame.insert(2, "subtype", pop.label(events.kind, events.latents))
    frame["template"] = ev.templates(events)
    return frame.drop(columns=["first_night", "other_1", "other_2"])


def _photometry(settings: Settings, points: Chunks) -> Iterator[pd.DataFrame]:
    names = np.array(list(settings.passbands), dtype=object)
    for group in points:
        chunk = Points._make(group)
        rows, code = np.unique(chunk.rows, return_inverse=True)
        yield pd.DataFrame(
            {
                "object_id": _identifiers(settings, rows)[code],
                "time": chunk.time,
                "band": names[chunk.band],
                "mag": chunk.mag,
                "mag_err": chunk.mag_err,
                "mag_perfect": chunk.mag_perfect,
            }
        )


def _spectra(settings: Settings, spectra: Chunks) -> Iterator[pd.DataFrame]:
    wavelength = settings.spectrograph.wavelength.astype(np.float32)
    for rows, time, flux, flux_err, flux_perfect in spectra:
        yield pd.DataFrame(
            {
                "object_id": _identifiers(settings, rows),
                "time": time,
                "wavelength": [wavelength] * len(rows),
                "flux": list(flux),
                "flux_err": list(flux_err),
                "flux_perfect": list(flux_perfect),
                "frame": "observed",
            }
        )
