"""Passbands from their half-power wavelengths, and AB magnitudes through them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nightjar.simulate.randomness import Floats

LIGHT = 2.99792458e18  # Angstrom / s
ZERO_POINT = 31.4  # AB mag of 1 nJy: 2.5 log10(3631 Jy / 1 nJy)
# Half-power wavelengths [Angstrom] of the ZTF curves (filter, optics, detector) that the SVO Filter
# Profile Service publishes as Palomar/ZTF.g and .r (Dekany+2020, PASP 132, 038001).
HALF_POWER = {"g": (4143.0, 5463.0), "r": (5656.0, 7210.0)}
EDGE = 90.0  # Angstrom from no to full transmission, as those curves have it
SPACING = 30.0  # Angstrom between quadrature nodes


class Band(NamedTuple):
    """A passband as quadrature nodes, (nodes,) each."""

    wavelength: Floats  # Angstrom
    transmission: Floats  # photons, peak 1
    weight: Floats  # f_nu [nJy] = sum of weight * f_lambda [1e-15 erg/s/cm^2/Angstrom]


def response(wavelength: Floats, low: float, high: float, edge: float = EDGE) -> Floats:
    """Transmission of a box with raised-cosine edges, one half at ``low`` and at ``high``.

    The cosine (rather than straight) edge makes a sum over evenly spaced nodes converge fast.
    """
    rise = np.clip((wavelength - low) / edge + 0.5, 0, 1)
    fall = np.clip((high - wavelength) / edge + 0.5, 0, 1)
    return 0.25 * (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall))


def band(low: float, high: float, edge: float = EDGE, spacing: float = SPACING) -> Band:
    """Passband with even quadrature nodes over its support.

    AB magnitudes count photons: f_nu = int f_lambda T lambda dlambda / int c T / lambda dlambda
    (Bessell & Murphy 2012, equation A12).
    """
    nodes = round((high - low + edge) / spacing)
    step = (high - low + edge) / nodes
    wavelength: Floats = low - edge / 2 + step * (np.arange(nodes, dtype=np.float64) + 0.5)
    through = response(wavelength, low, high, edge)
    norm = (LIGHT * through / wavelength).sum()
    to_nanojansky = 1e-15 * 1e32  # 1 nJy = 1e-32 erg/s/cm^2/Hz
    return Band(wavelength, through, to_nanojansky * through * wavelength / norm)


ZTF = {name: band(*half) for name, half in HALF_POWER.items()}


def magnitude(flux: Floats) -> Floats:
    """AB magnitude of a positive flux in nJy."""
    return ZERO_POINT - 2.5 * np.log10(flux)


def flux(mag: Floats | float) -> Any:
    """Flux in nJy of an AB magnitude."""
    return 10 ** (0.4 * (ZERO_POINT - mag))
