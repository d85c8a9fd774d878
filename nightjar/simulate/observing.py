"""A ZTF-like survey and a SEDM-like spectrograph: when, how deep, with what noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.simulate.bands import flux
from nightjar.simulate.randomness import Draws, Floats

NIGHTS = 110  # visits that are planned for each object
BANDS = ("g", "r")
VISIT_UNIFORMS = NIGHTS * 3
VISIT_NORMALS = NIGHTS * 5
FIRST, LAST = 58200.0, 60400.0  # MJD of explosions: the ZTF survey
_DEPTH = (
    20.5,
    20.4,
)  # median 5 sigma limits in g and r without moon (Bellm+2019 less what subtraction costs)
_ELECTRONS = 26.3  # mag that gives one electron a visit in g and r (Masci+2019: 30 s exposures)
_SUN_LIMIT = 55.0  # deg: closer to the sun a field is not observed

# SEDM (Blagorodnova+2018, PASP 130, 035003): 3700-9200 Angstrom, R about 100.
PIXELS = np.linspace(3700.0, 9200.0, 220)  # Angstrom
LINE_SPREAD = 6000.0 / 100.0 / 2.355  # Angstrom, standard deviation; the same over the range
SPECTRUM_NORMALS = len(PIXELS) + 4


class Visits(NamedTuple):
    """Planned visits, (objects, 2 * NIGHTS) each but for ``band``."""

    time: Floats  # MJD
    depth: Floats  # 5 sigma limiting magnitude
    open: NDArray[np.bool_]  # in season, dome open
    band: NDArray[np.int64]  # (2 * NIGHTS,) index into BANDS


def visits(start: Floats, ra: Floats, cadence: int, draws: Draws) -> Visits:
    """Plan the visits of each object: one in each band every ``cadence`` nights or so.

    Parameters
    ----------
    start : (objects,) MJD of the first night
    ra : (objects,) deg; a field is closed while the sun is within 55 deg of it
    cadence : nights between visits; a quarter of them come a night early or late
    draws : (objects, VISIT_UNIFORMS), (objects, VISIT_NORMALS)
    """
    gap, early, late = np.split(draws.uniform, 3, axis=1)
    gaps = cadence + (gap > 0.85).astype(np.float64) - (gap < 0.15)
    night = np.floor(start)[:, None] + np.cumsum(gaps, axis=1)
    # Palomar: 03 to 12 hours UT; the two bands within the night in either order.
    time = np.concatenate([night + 0.14 + 0.36 * early, night + 0.14 + 0.36 * late], axis=1)
    weather = draws.normal[:, :NIGHTS]
    # Bad nights come in runs: a moving average of three nights' weather.
    weather = weather + np.roll(weather, 1, axis=1) + np.roll(weather, 2, axis=1)
    clear = (weather < 0.5 * np.sqrt(3)) & (_from_sun(night, ra[:, None]) > _SUN_LIMIT)
    depth = np.repeat(np.array(_DEPTH), NIGHTS) - 0.9 * _moonlight(time)
    depth = depth + 0.22 * draws.normal[:, NIGHTS : 3 * NIGHTS]
    band = np.repeat(np.arange(2), NIGHTS)
    return Visits(time, depth, np.concatenate([clear, clear], axis=1), band)


def _from_sun(time: Floats, ra: Floats) -> Floats:
    """Difference in right ascension from the (mean) sun in deg; equinox MJD 59658.65 (2022)."""
    sun = 360.0 * (time - 59658.65) / 365.2422
    return np.abs(np.mod(ra - sun + 180.0, 360.0) - 180.0)


def _moonlight(time: Floats) -> Floats:
    """Illuminated fraction squared, 0 new to 1 full: new moon at MJD 59581.77 (2022 January 2)."""
    return ((1 - np.cos(2 * np.pi * (time - 59581.77) / 29.530588)) / 2) ** 2


def noise(true: Floats, depth: Floats, calibration: float) -> Floats:
    """Standard deviation of a flux in nJy: sky, source photons and calibration in quadrature.

    Parameters
    ----------
    true : nJy
    depth : 5 sigma limiting magnitude (sky)
    calibration : mag, the floor
    """
    sky = flux(depth) / 5
    electron = flux(_ELECTRONS)  # nJy that give one electron
    return np.sqrt(sky**2 + electron * true + (calibration / 1.0857 * true) ** 2)


def spectrum_noise(perfect: Floats, snr: Floats) -> Floats:
    """Flux errors, (spectra, pixels), whose median signal-to-noise ratio is ``snr``, (spectra,).

    Sky and source share the variance evenly at the median flux; the ends of the range, where the
    throughput falls, are up to three times noisier.
    """
    middle = np.median(perfect, axis=1, keepdims=True)
    edge = 1 + 2 * np.exp(-(PIXELS - 3700) / 350) + 1.5 * np.exp(-(9200 - PIXELS) / 300)
    shape = edge * np.sqrt(0.5 + 0.5 * perfect / middle)
    ratio = np.median(perfect / (middle * shape), axis=1, keepdims=True)
    return middle * shape * ratio / snr[:, None]


def host_spectrum(wavelength: Floats) -> Floats:
    """A galaxy's light relative to 6000 Angstrom, rest frame: 4000 Angstrom break, H II lines."""
    step = 1 / (1 + np.exp(-(wavelength - 4000) / 60))
    light = (0.35 + 0.65 * step) * (wavelength / 6000) ** 0.3
    for line, height in ((6563, 0.35), (5007, 0.15), (4861, 0.10), (3727, 0.30), (5175, -0.06)):
        light = light + height * np.exp(-0.5 * ((wavelength - line) / 28) ** 2)
    return light
