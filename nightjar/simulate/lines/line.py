"""What a line, and the continuum beneath, is described by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

COLD, HOT = 1.0, 1e6
# Ionisation temperatures (K) at which the course of a strength is given; linear in log between.
NODES = (2400.0, 3400.0, 4300.0, 5000.0, 5700.0, 6500.0, 7500.0, 9000.0, 11500.0, 15500.0)
Course = tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """A line or blend with a P Cygni profile.

    Attributes
    ----------
    name : ion and rest wavelength
    wavelength : Angstrom, rest
    absorption, emission : depth of the trough and height of the peak over the continuum: one
        number, that holds inside ``window``, or the course over `NODES`
    window : ionisation temperatures in K between which the ion shows
    speed : velocity of the trough over that of the photosphere
    width : km/s; a fixed width for lines of slow gas, else 0 (the width follows the velocity)
    breadth : factor on the width
    blueshift : of the peak over that of the trough: matter in front hides the receding side
        (Anderson+2014, MNRAS 441, 671: 2000 km/s of H alpha at 30 days)
    """

    name: str
    wavelength: float
    absorption: float | Course
    emission: float | Course
    window: tuple[float, float] = (COLD, HOT)
    speed: float = 1.0
    width: float = 0.0
    breadth: float = 1.0
    blueshift: float = 0.15


class Shape(NamedTuple):
    """How a continuum differs from a black body, at the ionisation temperatures `NODES`.

    Attributes
    ----------
    forest : depth of the iron-group forest per 1000 Angstrom, for a latent ``blanketing`` of 1
    infrared : depth of the infrared deficit (negative: an excess)
    """

    forest: Course
    infrared: Course
