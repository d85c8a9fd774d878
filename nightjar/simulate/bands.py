"""Passbands, built in or from a filter file, and AB magnitudes through them; photons are counted.

Built in (`PASSBANDS`): ``g`` and ``r`` of ZTF, the survey's own; Johnson-Cousins ``U B V R I``
(Bessell 1990); ``sdss g``, ``sdss r``, ``sdss i``; ``ps1 g``, ``ps1 r``, ``ps1 i``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nightjar.errors import InputError
from nightjar.simulate.passbands import BESSELL, PHOTONS
from nightjar.simulate.randomness import Floats

LIGHT = 2.99792458e18  # Angstrom / s
ZERO_POINT = 31.4  # AB mag of 1 nJy: 2.5 log10(3631 Jy / 1 nJy)
# Half-power wavelengths [Angstrom] of the ZTF curves (filter, optics, detector) that the SVO Filter
# Profile Service publishes as Palomar/ZTF.g and .r (Dekany+2020, PASP 132, 038001).
HALF_POWER = {"g": (4143.0, 5463.0), "r": (5656.0, 7210.0)}
EDGE = 90.0  # Angstrom from no to full transmission, as those curves have it
SPACING = 30.0  # Angstrom between quadrature nodes
# AB minus Vega magnitude of one source (Blanton & Roweis 2007, AJ 133, 734, table 1).
VEGA = {"U": 0.79, "B": -0.09, "V": 0.02, "R": 0.21, "I": 0.45}


class Band(NamedTuple):
    """A passband as quadrature nodes, (nodes,) each."""

    wavelength: Floats  # Angstrom
    transmission: Floats  # photons, any scale
    weight: Floats  # f_nu [nJy] = sum of weight * f_lambda [1e-15 erg/s/cm^2/Angstrom]

    @property
    def mean(self) -> float:
        """Mean wavelength of the transmission in Angstrom."""
        return float(np.average(self.wavelength, weights=self.transmission))


def response(wavelength: Floats, low: float, high: float, edge: float = EDGE) -> Floats:
    """Transmission of a box with raised-cosine edges, one half at ``low`` and at ``high``.

    The cosine (rather than straight) edge makes a sum over evenly spaced nodes converge fast.
    """
    rise = np.clip((wavelength - low) / edge + 0.5, 0, 1)
    fall = np.clip((high - wavelength) / edge + 0.5, 0, 1)
    return 0.25 * (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall))


def band(low: float, high: float, edge: float = EDGE, spacing: float = SPACING) -> Band:
    """A box from ``low`` to ``high`` Angstrom with soft edges, on even nodes over its support."""
    wavelength = _nodes(low - edge / 2, high + edge / 2, spacing)
    return _weighted(wavelength, response(wavelength, low, high, edge))


def tabulated(wavelength: Floats, transmission: Floats, spacing: float = SPACING) -> Band:
    """The passband of a curve that is straight between its points.

    Parameters
    ----------
    wavelength : (points,) Angstrom, increasing
    transmission : (points,) share of the photons that pass, any scale
    spacing : Angstrom between nodes; each node carries the mean of the curve about it
    """
    nodes = _nodes(wavelength[0], wavelength[-1], spacing)
    half = (nodes[1] - nodes[0]) / 2 if len(nodes) > 1 else (wavelength[-1] - wavelength[0]) / 2
    edges = np.append(nodes - half, nodes[-1] + half)
    # The integral of a broken line is exact once the edges are points of it, too.
    points = np.union1d(wavelength, edges)
    curve = np.interp(points, wavelength, transmission)
    steps = np.diff(points) * (curve[1:] + curve[:-1]) / 2
    total = np.concatenate([[0.0], np.cumsum(steps)])
    return _weighted(nodes, np.diff(np.interp(edges, points, total)) / (2 * half))


def _nodes(low: float, high: float, spacing: float) -> Floats:
    number = max(round((high - low) / spacing), 1)
    return low + (high - low) / number * (np.arange(number, dtype=np.float64) + 0.5)


def _weighted(wavelength: Floats, through: Floats) -> Band:
    """AB magnitudes count photons: f_nu = int f_lambda T lambda dlambda / int c T / lambda dlambda.

    Bessell & Murphy 2012 (PASP 124, 140), equation A12.
    """
    norm = (LIGHT * through / wavelength).sum()
    to_nanojansky = 1e-15 * 1e32  # 1 nJy = 1e-32 erg/s/cm^2/Hz
    return Band(wavelength, through, to_nanojansky * through * wavelength / norm)


def _built_in() -> dict[str, Band]:
    found = {name: band(*half) for name, half in HALF_POWER.items()}
    for name, curve in BESSELL.items():
        wavelength, energy = np.array(curve, dtype=np.float64).T
        # Response to energy over the energy of a photon, which goes as 1 / wavelength.
        fine = np.arange(wavelength[0], wavelength[-1] + 1, 10.0)
        found[name] = tabulated(fine, np.interp(fine, wavelength, energy) / fine)
    for name, curve in PHOTONS.items():
        found[name] = tabulated(*np.array(curve, dtype=np.float64).T)
    return found


PASSBANDS: Mapping[str, Band] = _built_in()
ZTF = {name: PASSBANDS[name] for name in HALF_POWER}


def named(name: str) -> Band:
    """The built-in passband called ``name``.

    Raises
    ------
    InputError
        There is none of that name.
    """
    if name not in PASSBANDS:
        raise InputError(f"no passband {name!r} is built in, only {', '.join(PASSBANDS)}")
    return PASSBANDS[name]


def read(path: str | Path) -> Band:
    """The passband of a filter file: two columns, wavelength in Angstrom and transmission.

    Transmission is the share of photons that pass, on any scale; ``#`` begins a comment.

    Raises
    ------
    InputError
        The file is not readable, not two columns of numbers, not in Angstrom, or lets nothing pass.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an empty file, which is refused below
            text = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a filter file ({error}); two columns of numbers") from None
    if text.shape[1] != 2 or len(text) < 2:
        raise InputError(
            f"{path}: {text.shape[0]} rows of {text.shape[1]} columns; a filter file has at least "
            "two rows of two, wavelength [Angstrom] and transmission"
        )
    _check_curve(text[:, 0], text[:, 1], path)
    return tabulated(text[:, 0], np.maximum(text[:, 1], 0.0))


def _check_curve(wavelength: Floats, transmission: Floats, path: str | Path) -> None:
    bad = ~np.isfinite(wavelength) | ~np.isfinite(transmission)
    bad |= np.append(False, ~(np.diff(wavelength) > 0))
    if bad.any():
        raise InputError(
            f"{path}: row {int(np.argmax(bad)) + 1}: wavelengths must increase and all numbers be "
            "finite; sort the file and remove what is repeated"
        )
    if wavelength[0] < 1000 or wavelength[-1] > 30000:
        raise InputError(
            f"{path}: wavelengths from {wavelength[0]:g} to {wavelength[-1]:g}; they must be in "
            "Angstrom, between 1000 and 30000"
        )
    if transmission.max() <= 0:
        raise InputError(f"{path}: the transmission is nowhere above zero")


def magnitude(flux: Floats) -> Floats:
    """AB magnitude of a positive flux in nJy."""
    return ZERO_POINT - 2.5 * np.log10(flux)


def flux(mag: Floats | float) -> Any:
    """Flux in nJy of an AB magnitude."""
    return 10 ** (0.4 * (ZERO_POINT - mag))
