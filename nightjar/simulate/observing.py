"""A visit's noise: sky, source photons and calibration; and what counts as a detection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nightjar.simulate.bands import flux, magnitude
from nightjar.simulate.randomness import Floats
from nightjar.simulate.survey import Survey

_FAINTEST = 39.0  # AB mag that stands for no light at all in a perfect magnitude


def noise(survey: Survey, true: Floats, depth: Floats, wavelength: Floats) -> Floats:
    """Standard deviation of a flux in nJy as the survey states it.

    Sky, source photons and calibration add in quadrature.  Clouds and seeing that take depth away
    take as many of the source's photons.

    Parameters
    ----------
    true : nJy
    depth : 5 sigma limiting magnitude (sky)
    wavelength : Angstrom, mean of the passband
    """
    sky = flux(depth) / 5
    shallower = depth - survey.in_band(survey.depth, wavelength)
    electron = flux(survey.in_band(survey.electron, wavelength) + shallower)  # nJy per electron
    return np.sqrt(sky**2 + electron * true + (survey.floor / 1.0857 * true) ** 2)


def detected(seen: Floats, depth: Floats) -> NDArray[np.bool_]:
    """Whether a flux in nJy stands out by 5 sigma of the sky, as ZTF's alerts have to."""
    return seen > flux(depth)


def perfect_magnitude(true: Floats) -> Floats:
    """AB magnitude of a flux in nJy without noise; finite (39) where there is none."""
    return magnitude(np.maximum(true, flux(_FAINTEST)))
