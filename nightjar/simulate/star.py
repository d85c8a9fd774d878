"""What is drawn for a star, whatever its class."""

from __future__ import annotations

from dataclasses import dataclass

from nightjar.simulate.randomness import Floats

STAR_UNIFORMS = 16
STAR_NORMALS = 16


@dataclass(frozen=True)
class Star:
    """Some stars of one class, (stars,) each.

    Attributes
    ----------
    period : days; NaN for stars without one
    amplitude : peak to peak of the main variation, mag, in the survey's band
    mag : mean magnitude
    uniform, normal : the stars' random numbers, for the class's further parameters
    """

    period: Floats
    amplitude: Floats
    mag: Floats
    uniform: Floats
    normal: Floats


def cycles(star: Star, time: Floats) -> Floats:
    """Cycles since each star's own zero point, (stars, times)."""
    return time / star.period[:, None] + star.uniform[:, -1:]
