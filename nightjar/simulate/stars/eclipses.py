"""The geometry of eclipses: overlapping discs, limb darkening, orbits, tides.

Lengths are in units of the orbit's semi-major axis.
"""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats

# A disc darkened as I(mu) = 1 - u (1 - mu) is a stack: a uniform disc of weight 1 - u, and uniform
# discs of radius sqrt(1 - m^2) and weight u dm, because the integral over m of [1 - m^2 > rho^2] is
# sqrt(1 - rho^2) = mu.  Gauss's nodes make it a sum; each overlap is known in closed form.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_STACK = list(zip(np.sqrt(1 - (0.5 + 0.5 * _NODES) ** 2), 0.5 * _WEIGHTS, strict=True))


def overlap(distance: Floats, one: Floats, other: Floats) -> Floats:
    """Area common to two discs of radii ``one`` and ``other`` whose centres are ``distance`` apart.

    All broadcast together.  Two circular segments: r^2 acos(x / r) less half of the kite that the
    centres make with the two crossings of the rims.
    """
    d = np.clip(distance, np.maximum(np.abs(one - other), 1e-9), one + other)
    x = (d * d + one * one - other * other) / (2 * d)  # from the centre of ``one`` to the chord
    half_chord = np.sqrt(np.maximum(one * one - x * x, 0.0))
    return (
        one * one * np.arccos(np.clip(x / one, -1, 1))
        + other * other * np.arccos(np.clip((d - x) / other, -1, 1))
        - d * half_chord
    )


def hidden(distance: Floats, star: Floats, occulter: Floats, darkening: float) -> Floats:
    """Share of a star's light behind another, for the law I(mu) = 1 - u (1 - mu).

    Parameters
    ----------
    distance, star, occulter : projected distance of the centres, and radii; they broadcast
    darkening : u, 0 to 1
    """
    area = (1 - darkening) * overlap(distance, star, occulter)
    for radius, weight in _STACK:
        area = area + darkening * weight * overlap(distance, radius * star, occulter)
    return area / (np.pi * star * star * (1 - darkening / 3))


def eccentric_anomaly(mean: Floats, eccentricity: Floats) -> Floats:
    """Solve Kepler's equation mean = E - e sin E by Newton's rule, e < 0.7, to 1e-9 rad."""
    mean = np.mod(mean + np.pi, 2 * np.pi) - np.pi
    e = eccentricity
    anomaly = mean + e * np.sin(mean) / (1 - np.sin(mean + e) + np.sin(mean))
    for _ in range(4):
        step = (anomaly - e * np.sin(anomaly) - mean) / (1 - e * np.cos(anomaly))
        anomaly = anomaly - step
    return anomaly


def mean_from_true(true: Floats, eccentricity: Floats) -> Floats:
    """Mean anomaly (rad) at true anomaly ``true`` (rad)."""
    e = eccentricity
    half = np.sqrt((1 - e) / (1 + e)) * np.tan(true / 2)
    anomaly = 2 * np.arctan(half)
    return anomaly - e * np.sin(anomaly)


def roche_lobe(mass_ratio: Floats) -> Floats:
    """Radius of the sphere with the volume of a star's Roche lobe (Eggleton 1983, eq. 2).

    ``mass_ratio`` : mass of the star over that of its companion.
    """
    third = np.cbrt(mass_ratio)
    return 0.49 * third**2 / (0.6 * third**2 + np.log1p(third))


def elongation(radius: Floats, mass_ratio: Floats) -> Floats:
    """Length of a tidally stretched star along the line of centres over its width.

    The first-order tide is 1 + 3/2 q r^3, q the companion's mass over the star's.  Towards the
    Roche lobe it grows faster: the factor of the filling F is fitted here to Roche surfaces of
    q = 0.2 to 5 (length: mean of the ends towards and away from the companion), whose excess over
    1 it gives to 15 % for F = 0.5 to 0.95 and to 30 % at F = 1.

    Parameters
    ----------
    radius : of the sphere of the same volume
    mass_ratio : companion over star
    """
    filling = np.minimum(radius / roche_lobe(1 / mass_ratio), 1.0)
    grows = 1 + 0.5 * filling**3 + 0.85 * filling**20
    return 1 + 1.5 * mass_ratio * radius**3 * grows


def brightening(darkening: float, gravity: float) -> float:
    """Exponent k in light = stretch^k, of the stretch of a tidally distorted star's disc.

    Morris (1985): the semi-amplitude of the ellipsoidal variation is
    0.15 (15 + u)(1 + g) / (3 - u) q r^3 sin^2 i; geometry alone (u = g = 0) gives 0.75 q r^3.
    """
    return (15 + darkening) * (1 + gravity) / (5 * (3 - darkening))
