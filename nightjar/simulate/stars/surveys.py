"""The three surveys of variable stars: what they hold, when and how well they observe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nightjar.simulate.randomness import Draws, Floats
from nightjar.simulate.stars import cadence
from nightjar.simulate.stars.cadence import Cadence

# Objects in the labelled catalogues (Table 1 of Donoso-Oliva+2025): MACHO's catalogue of variable
# stars (Alcock+2001) and ATLAS' data release 1 (Heinze+2018).
ALCOCK = {"Cep_0": 1182, "Cep_1": 683, "EC": 6824, "LPV": 3046, "RRab": 7397, "RRc": 1762}
HEINZE = {"CB": 80218, "DB": 28767, "Mira": 7370, "Pulse": 25021}
# What a class holds, where it is more than one kind: sawtooth pulsators, RRab most of them.
KINDS_OF = {"Pulse": {"RRab": 0.55, "RRc": 0.15, "DSCT": 0.25, "Cep_0": 0.05}}
# The unlabelled fields: Astromer's pre-training fields hold every star whose light curve looks
# variable (standard deviation above 0.1 mag, skewness above 1), most of them noise; a choice.
FIELD = {
    "constant": 0.5, "irregular": 0.1, "LPV": 0.1, "EC": 0.1,
    "RRab": 0.1, "RRc": 0.04, "Cep_0": 0.04, "Cep_1": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class Errors:
    """The reported error: floor and photon noise added in squares.

    Attributes
    ----------
    floor : mag, flat fields and zero points
    faint, at : the photon error in mag at magnitude ``at``
    slope : dex per mag; 0.4 where the sky dominates, 0.2 where the star does
    limit : faintest magnitude detected
    blend : mean share of neighbours' light in a star's
    lost : greatest share of a star's visits without a usable point
    """

    floor: float
    faint: float
    at: float
    slope: float
    limit: float
    blend: float
    lost: float


@dataclass(frozen=True)
class Survey:
    """A survey of variable stars.

    Attributes
    ----------
    name, prefix, band : as they stand in the tables
    classes : class -> objects or share
    labelled : whether the table tells the class
    fields : how many fields the stars lie in
    cadence, errors : when and how well it observes
    magellanic : stars at the distance of the LMC, else all over the Milky Way
    """

    name: str
    prefix: str
    band: str
    classes: Mapping[str, float]
    labelled: bool
    fields: int
    cadence: Cadence
    errors: Errors
    magellanic: bool

    def shares(self, least: float) -> dict[str, float]:
        """Shares of the classes; of labelled ones none is below ``least`` before normalising."""
        total = sum(self.classes.values())
        floor = least if self.labelled else 0.0
        return {name: max(count / total, floor) for name, count in self.classes.items()}


_MACHO_ERRORS = Errors(0.014, 0.13, 19.5, 0.34, 21.0, 0.08, 0.25)
_ATLAS_ERRORS = Errors(0.008, 0.12, 18.0, 0.34, 19.3, 0.03, 0.20)
SURVEYS = (
    Survey("macho", "SIM-MACHO", "R", FIELD, False, 5, cadence.MACHO, _MACHO_ERRORS, True),
    Survey("alcock", "SIM-ALCOCK", "R", ALCOCK, True, 22, cadence.MACHO, _MACHO_ERRORS, True),
    Survey("atlas", "SIM-ATLAS", "o", HEINZE, True, 400, cadence.ATLAS, _ATLAS_ERRORS, False),
)  # fmt: skip

_WRONG, _LOOSE = 0.004, 0.030  # shares of points with 8 and (less the former) 2 times the noise
_FAINT = 0.85  # of the wrong points are too faint; in the ASAS hardly any is too bright


def error(errors: Errors, mag: Floats, sky: Floats) -> Floats:
    """Reported error in mag of stars of true magnitude ``mag``; they broadcast.

    ``sky`` : relative photon noise of the visit, from seeing and sky brightness; median 1.
    """
    photon = errors.faint * 10 ** (errors.slope * (mag - errors.at)) * sky
    return np.hypot(errors.floor, np.minimum(photon, 0.6))


def deviates(random: Draws) -> Floats:
    """Noise in units of its standard deviation, (stars, visits).

    2.6 % of the points have twice and 0.4 % eight times the noise of the others: poor seeing,
    clouds, wrong matches; most of the latter make a star fainter.

    Parameters
    ----------
    random : a uniform and a normal number for each point; those with uniform numbers near 0 are
        wrong, so that the ones near 1 can be lost independently
    """
    wide = np.where(random.uniform < _WRONG, 8.0, np.where(random.uniform < _LOOSE, 2.0, 1.0))
    wrong, faint = random.uniform < _WRONG, random.uniform < _WRONG * _FAINT
    sign = np.where(faint, 1.0, -1.0)
    return wide * np.where(wrong, sign * np.abs(random.normal), random.normal)
