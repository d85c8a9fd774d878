"""Eclipsing binaries: populations, and their light from the geometry of `eclipses`."""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.stars import eclipses
from nightjar.simulate.stars.kind import Dice, Latents, cycles

DARKENING = 0.5  # linear limb darkening, red light, A to G stars
GRAVITY = 0.32  # gravity darkening of convective envelopes (Lucy 1967)
ALBEDO = 0.6  # share of the companion's light that a star sends back in the band
_BAND = 22136.0  # K: h c / (lambda k) at 0.65 micrometres
_PHASES = np.array([0.0, 0.06, 0.19, 0.25, 0.31, 0.44, 0.5, 0.56, 0.69, 0.75, 0.81, 0.94])

# --- populations ----------------------------------------------------------------------------------


def magellanic(dice: Dice) -> Latents:
    """Latents of eclipsing binaries of the LMC (EC).

    Seven in eight are B and early A stars, log period nearly flat from 1 to 10 days and falling
    outside (Mazeh, Tamuz & North 2006; Graczyk+2011); the others are red giants in or near contact
    with periods of 20 to 300 days, brighter when longer (Derekas+2007).  In one in four of the
    former the cooler star fills its Roche lobe.  Shares are approximate.

    Names, for all eclipsing binaries: ``mass_1`` (solar), ``mass_ratio``, ``radius_1``,
    ``radius_2`` (of spheres of the stars' volumes, over the semi-major axis), ``surface_ratio``
    (surface brightness of star 2 over that of star 1, in the band), ``inclination``, ``periastron``
    (deg), ``eccentricity``, ``spot`` (relative difference of the two maxima, halved),
    ``depth_2`` (mag, of the eclipse of star 2).
    """
    giant = dice.chance(0.12)
    spread = dice.normal()
    log_p = np.clip(0.30 + 0.34 * spread, -0.3, 1.9)
    period = 10 ** np.where(giant, np.clip(1.85 + 0.28 * spread, 1.3, 2.5), log_p)
    mass = np.clip(5.5 * np.exp(0.35 * dice.normal()), 3.0, 20.0)
    ratio = dice.uniform(0.35, 1.0)
    evolved = 1 + 1.3 * dice.uniform() ** 2
    semi_major = axis(mass * (1 + ratio), period)
    radius_1 = np.minimum(mass**0.6 * evolved / semi_major, 0.97 * eclipses.roche_lobe(1 / ratio))
    radius_2 = np.minimum((ratio * mass) ** 0.6 / semi_major, 0.97 * eclipses.roche_lobe(ratio))
    fills = dice.uniform(0.8, 1.0)
    radius_1 = np.where(giant, fills * eclipses.roche_lobe(1 / ratio), radius_1)
    radius_2 = np.where(giant, np.minimum(1.1 * fills, 1) * eclipses.roche_lobe(ratio), radius_2)
    hot = 18000.0 * (mass / 6.0) ** 0.5
    surface = np.where(giant, dice.uniform(0.5, 1.0), surface_ratio(hot, hot * ratio**0.5))
    blue = 17.5 - 6.6 * np.log10(mass / 6.0)  # M_V = -1.2 at 6 solar masses, both stars
    mag = np.where(giant, 18.8 - 3.0 * (np.log10(period) - 1.3), blue - 2.5 * np.log10(evolved))
    mag = mag + dice.normal(0, 0.4)
    filled = dice.chance(0.25) & ~giant
    radius_2 = np.where(filled, eclipses.roche_lobe(ratio), radius_2)
    surface = np.where(filled, dice.uniform(0.3, 0.8), surface)
    own = {
        "period": period,
        "mag": np.clip(mag, 14.0, 20.0),
        "mass_1": np.where(giant, np.nan, mass),
    }
    own |= {"mass_ratio": ratio, "radius_1": radius_1, "radius_2": radius_2}
    own["surface_ratio"] = surface
    return _oriented(dice, own, steepest=0.5, spot=0.004)


def detached(dice: Dice) -> Latents:
    """Latents of distant binaries of the field (DB): detached, and one in three an Algol.

    Masses of 0.6 to 2.6 (main sequence, R = M^0.85, T = 5800 K M^0.55, partly evolved), in Algols
    1.4 times that; there star 2 is cool, less massive, and fills its Roche lobe.
    """
    period = 10 ** np.clip(dice.normal(0.33, 0.33), -0.3, 1.3)
    mass = np.clip(1.2 * np.exp(dice.normal(0, 0.3)), 0.6, 2.6)
    algol = dice.chance(0.35)
    ratio = np.where(algol, dice.uniform(0.15, 0.45), 1 - 0.65 * dice.uniform() ** 1.5)
    mass = np.where(algol, 1.4 * mass, mass)
    evolved = 1 + 0.9 * dice.uniform() ** 2
    semi_major = axis(mass * (1 + ratio), period)
    lobe_1, lobe_2 = eclipses.roche_lobe(1 / ratio), eclipses.roche_lobe(ratio)
    radius_1 = np.minimum(mass**0.85 * evolved / semi_major, 0.85 * lobe_1)
    radius_2 = np.minimum((ratio * mass) ** 0.85 / semi_major, 0.85 * lobe_2)
    radius_2 = np.where(algol, lobe_2, radius_2)
    hot = 5800.0 * mass**0.55
    cool = hot * np.where(algol, dice.uniform(0.5, 0.7), ratio**0.55)
    own = {"period": period, "mass_1": mass, "mass_ratio": ratio}
    own |= {"radius_1": radius_1, "radius_2": radius_2, "surface_ratio": surface_ratio(hot, cool)}
    return _oriented(dice, own, steepest=0.5, spot=0.004)


def close(dice: Dice) -> Latents:
    """Latents of close binaries of the field (CB): contact, and one in three nearly so.

    Contact: 0.22 to 0.8 days, mode 0.35 (Rucinski 2007), both stars fill their lobes and more, and
    are about as hot.  Near contact: 0.35 to 2.8 days, the secondary cooler.
    """
    near = dice.chance(0.35)
    spread = dice.normal()
    log_p = np.where(near, np.clip(-0.10 + 0.20 * spread, -0.45, 0.45), -0.44 + 0.10 * spread)
    ratio = np.where(near, dice.uniform(0.3, 1.0), 0.0)
    ratio = np.where(near, ratio, 0.12 + 0.88 * dice.uniform() ** 1.6)
    fill = dice.uniform()
    fill_1, fill_2 = np.where(near, 0.65 + 0.33 * fill, 1 + 0.05 * fill), np.where(near, 0.88, 1.0)
    surface = np.clip(dice.normal(0.95, 0.08), 0.7, 1.15)
    own = {
        "period": 10 ** np.clip(log_p, -0.66, 0.45),
        "mass_ratio": ratio,
        "radius_1": fill_1 * eclipses.roche_lobe(1 / ratio),
        "radius_2": fill_2 * np.maximum(fill_1, 1.0) * eclipses.roche_lobe(ratio),
        "surface_ratio": np.where(near, dice.uniform(0.15, 0.95), surface),
    }
    return _oriented(dice, own, steepest=0.85, spot=0.015)


def axis(mass: Floats, period: Floats) -> Floats:
    """Semi-major axis in solar radii of two stars of together ``mass`` (solar), period in days.

    Kepler: 215.03 solar radii for one solar mass and 365.25 days.
    """
    return 215.03 * np.cbrt(mass * (period / 365.25) ** 2)


def surface_ratio(one: Floats, other: Floats) -> Floats:
    """Surface brightness in the red of a star of temperature ``other`` (K) over that of ``one``."""
    return np.expm1(_BAND / one) / np.expm1(_BAND / other)


def _oriented(dice: Dice, latents: Latents, steepest: float, spot: float) -> Latents:
    """Add inclination, orbit and what follows from them.

    cos i is uniform (random directions) up to where eclipses become too shallow to be found:
    ``steepest`` times the sum of the radii.  Orbits are round below 3 days (tides) and have
    e = 0.5 u^2 above 6, u uniform.
    """
    sum_of_radii = latents["radius_1"] + latents["radius_2"]
    cos_i = dice.uniform(0, 1) * np.minimum(steepest * sum_of_radii, 1)
    free = np.clip((latents["period"] - 3) / 3, 0, 1) * (sum_of_radii < 0.4)
    latents |= {
        "phase": dice.uniform(),
        "inclination": np.degrees(np.arccos(cos_i)),
        "eccentricity": 0.5 * free * dice.uniform() ** 2,
        "periastron": 360.0 * dice.uniform(),
        "spot": dice.normal(0, spot),
    }
    return latents | _depths(latents)


def _depths(latents: Latents) -> Latents:
    """``amplitude`` (mag, brightest to faintest) and ``depth_2`` (mag)."""
    second = secondary_phase(latents)[:, None]
    turns = np.concatenate([np.broadcast_to(_PHASES, (len(second), len(_PHASES))), second], axis=1)
    light = _magnitude(latents, turns)
    bright = light.min(axis=1)
    return {"amplitude": light.max(axis=1) - bright, "depth_2": light[:, -1] - bright}


# --- light ----------------------------------------------------------------------------------------


def curve(latents: Latents, time: Floats) -> Floats:
    """Light of the two stars in mag above what they have at quadrature, (stars, times)."""
    return _magnitude(latents, cycles(latents, time))


def secondary_phase(latents: Latents) -> Floats:
    """Cycles from mid-eclipse of star 1 to mid-eclipse of star 2, (stars,)."""
    e, w = latents["eccentricity"], np.radians(latents["periastron"])
    first = eclipses.mean_from_true(np.pi / 2 - w, e)
    return np.mod((eclipses.mean_from_true(1.5 * np.pi - w, e) - first) / (2 * np.pi), 1.0)


def _magnitude(latents: Latents, turns: Floats) -> Floats:
    along, across, distance = _orbit(latents, turns)
    light = _light(latents, along, distance)
    light *= 1 + latents["spot"][:, None] * across
    quadrature = _light(latents, np.zeros((len(light), 1)), np.ones((len(light), 1)))
    return -2.5 * np.log10(light / quadrature)


def _orbit(latents: Latents, turns: Floats) -> tuple[Floats, Floats, Floats]:
    """Where star 2 is as seen from star 1, (stars, times) each.

    ``along``: cosine of the angle between the line of centres and the direction to the observer,
    positive when star 2 is in front; ``across``: sine of the orbital angle since the eclipse of
    star 1; ``distance`` of the centres.
    """
    sin_i = np.sin(np.radians(latents["inclination"]))[:, None]
    angle = 2 * np.pi * (turns - np.floor(turns))
    distance = np.ones_like(angle)
    eccentric = latents["eccentricity"] > 0
    if eccentric.any():
        e = latents["eccentricity"][eccentric][:, None]
        w = np.radians(latents["periastron"][eccentric])[:, None]
        mean = angle[eccentric] + eclipses.mean_from_true(np.pi / 2 - w, e)
        anomaly = eclipses.eccentric_anomaly(mean, e)
        half = np.sqrt((1 + e) / (1 - e)) * np.tan(anomaly / 2)
        angle[eccentric] = 2 * np.arctan(half) + w - np.pi / 2
        distance[eccentric] = 1 - e * np.cos(anomaly)
    return sin_i * np.cos(angle), np.sin(angle), distance


def _light(latents: Latents, along: Floats, distance: Floats) -> Floats:
    """Light of both stars: tidally stretched, lit by each other, partly hidden.

    The stars are spheroids whose long axes point at each other, so that their discs are ellipses of
    nearly the same shape with their long axes on the line between the centres (the model of
    Russell & Merrill 1952): measured along that line in units of the stretch, discs are circles.
    """
    sin2 = 1 - along**2
    one, other = _Star(latents, 1), _Star(latents, 2)
    stretch = [star.stretch(sin2) for star in (one, other)]
    mean = (one.width * stretch[0] + other.width * stretch[1]) / (one.width + other.width)
    apart = distance * np.sqrt(sin2) / mean
    total = np.zeros_like(along)
    for behind, front, shape, sign in ((one, other, stretch[0], 1), (other, one, stretch[1], -1)):
        # Positive: ``front`` is nearer to us, and lights the side of ``behind`` that we see.
        toward = sign * along
        shown = np.ones_like(along)
        row, column = np.nonzero((toward > 0) & (apart < behind.width + front.width))
        rims = behind.width[row, 0], front.width[row, 0]
        shown[row, column] -= eclipses.hidden(apart[row, column], *rims, DARKENING)
        lit = ALBEDO * (2 / 3) * front.light * behind.radius**2 * _phase_curve(toward)
        total += shown * (behind.light * shape**_BRIGHTENING + lit / distance**2)
    return total


def _phase_curve(cosine: Floats) -> Floats:
    """Light of a Lambert sphere over that at full phase; the parabola through 0, 1 / pi and 1."""
    return 1 / np.pi + 0.5 * cosine + (0.5 - 1 / np.pi) * cosine**2


_BRIGHTENING = eclipses.brightening(DARKENING, GRAVITY)


class _Star:
    """One of the two stars of binaries, (stars, 1) each."""

    def __init__(self, latents: Latents, number: int) -> None:
        ratio = latents["mass_ratio"] if number == 1 else 1 / latents["mass_ratio"]
        bright = 1.0 if number == 1 else latents["surface_ratio"]
        radius = latents[f"radius_{number}"]
        self.radius = radius[:, None]
        self.light = (bright * radius**2)[:, None]
        self.longer = eclipses.elongation(radius, ratio)[:, None]
        self.width = self.radius / np.cbrt(self.longer)

    def stretch(self, sin2: Floats) -> Floats:
        """Length of the projected disc over its width, from sin^2 of the line of centres."""
        return np.sqrt(1 + (self.longer**2 - 1) * sin2)
