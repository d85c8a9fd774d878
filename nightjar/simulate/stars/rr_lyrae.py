"""RR Lyrae stars of the fundamental mode (RRab) and of the first overtone (RRc).

Shapes: phi_31 from period and metallicity by the published relations; the other Fourier
coefficients from linear relations fitted here to 99 RRab and 56 RRc of the ASAS (V) that fold well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.stars import fourier
from nightjar.simulate.stars.kind import R_OVER_V, Dice, Latents, cycles

# R_k1 = mean + per mag (A_V - 0.9) + per day (P - 0.55), scatter;  k = 2 to 8
_RATIOS = (
    (0.476, 0.03, -0.11, 0.035),
    (0.306, 0.07, -0.19, 0.035),
    (0.185, 0.11, -0.09, 0.025),
    (0.111, 0.09, -0.08, 0.025),
    (0.070, 0.04, -0.10, 0.020),
    (0.042, 0.04, 0.00, 0.012),
    (0.025, 0.03, 0.00, 0.010),
)
# phi_k1 = mean + slope (phi_31 - 2), scatter, rad;  k = 2, 4, 5, ..., 8 (7 and 8 extrapolated)
_PHASES = {
    2: (3.995, 0.475, 0.07),
    4: (0.067, 1.54, 0.12),
    5: (4.427, 1.93, 0.20),
    6: (2.507, 2.35, 0.30),
    7: (0.58, 2.8, 0.3),
    8: (4.94, 3.2, 0.3),
}


@dataclass(frozen=True)
class Modulation:
    """How often and how strongly pulsation is modulated (Blazhko)."""

    share: float
    depth: float  # greatest relative change of the amplitude


_RRAB = Modulation(0.11, 0.45)  # about 10 % in MACHO's LMC fields (Alcock+2003)
_RRC = Modulation(0.075, 0.35)  # Nagy & Kovacs 2006, MACHO's LMC fields


def rrab(dice: Dice) -> Latents:
    """Latents of RRab stars of the LMC.

    ``period``: mean 0.576 d (Soszynski+2009).  ``metallicity``: [Fe/H] on the scale of Jurcsik &
    Kovacs 1996, here -1.25 +- 0.3; phi_31 from their [Fe/H] = -5.038 - 5.394 P + 1.345 phi_31
    (sines).  ``amplitude``: that of M3 in V as a function of the period (Cacciari, Corwin & Carney
    2005), evolved stars (Oosterhoff II, one in four) 0.06 dex longer, times 0.77 for R.  Mean
    magnitude: 19.0 at 0.576 d, scatter by depth and dust 0.15 (approximate).
    """
    period = np.clip(dice.normal(0.576, 0.065), 0.40, 0.90)
    metallicity = np.clip(dice.normal(-1.25, 0.3), -2.4, 0.2)
    phi31 = (metallicity + 5.038 + 5.394 * period) / 1.345 + np.pi + dice.normal(0, 0.08)
    visual = _bailey(np.log10(period) - 0.06 * dice.chance(0.25)) + dice.normal(0, 0.1)
    visual = np.clip(visual, 0.2, 1.4)
    latents = fourier.latents_of(R_OVER_V * visual, *_shape(dice, visual, period, phi31))
    mag = 19.0 - 1.5 * (np.log10(period) + 0.24) + dice.normal(0, 0.15)
    own = {"period": period, "phase": dice.uniform(), "mag": mag, "metallicity": metallicity}
    return own | latents | _modulation(dice, _RRAB)


def _bailey(log_period: Floats) -> Floats:
    """V amplitude of RRab stars, mag (Cacciari, Corwin & Carney 2005; flat below 0.44 d)."""
    x = np.maximum(log_period, -22.046 / (2 * 30.876))
    return -2.627 - 22.046 * x - 30.876 * x**2


def _shape(
    dice: Dice, visual: Floats, period: Floats, phi31: Floats
) -> tuple[list[Floats], list[Floats]]:
    ratios = [
        np.clip(m + a * (visual - 0.9) + b * (period - 0.55) + dice.normal(0, s), 0.005, 0.8)
        for m, a, b, s in _RATIOS
    ]
    turned = np.mod(phi31, 2 * np.pi) - 2.0  # cosines: 1.9 for the mean star
    phases = {k: m + s * turned + dice.normal(0, e) for k, (m, s, e) in _PHASES.items()}
    return ratios, [phi31 if k == 3 else phases[k] for k in range(2, 9)]


def rrc(dice: Dice) -> Latents:
    """Latents of RRc stars of the LMC.

    ``period``: mean 0.337 d (Soszynski+2009).  phi_31 (cosines) from [Fe/H] = 52.466 P^2 -
    30.075 P + 0.131 phi_31^2 + 0.982 phi_31 - 4.198 phi_31 P + 2.424 (Morgan, Wahl & Wieckhorst
    2007), ``metallicity`` -1.5 +- 0.25 on the scale of Zinn & West.
    """
    period = np.clip(dice.normal(0.337, 0.035), 0.24, 0.45)
    metallicity = np.clip(dice.normal(-1.5, 0.25), -2.3, -0.5)
    visual = np.clip(dice.normal(0.44, 0.07) - 1.0 * np.abs(period - 0.32), 0.12, 0.65)
    swing = 0.475 * (visual - 0.42)
    ratios = [
        np.clip(0.106 - 0.63 * (period - 0.32) + swing + dice.normal(0, 0.022), 0.02, 0.35),
        np.clip(0.069 - 0.16 * (period - 0.32) + 0.35 * swing + dice.normal(0, 0.015), 0.0, 0.2),
        np.clip(0.035 + dice.normal(0, 0.012), 0.0, 0.1),
    ]
    phases = [
        4.812 + 3.25 * (period - 0.32) + dice.normal(0, 0.15),
        _phi31_of_rrc(period, metallicity) + dice.normal(0, 0.15),
        2.24 + dice.normal(0, 0.4),
    ]
    own = {"period": period, "phase": dice.uniform(), "metallicity": metallicity}
    own["mag"] = 18.95 - 1.5 * (np.log10(period) + 0.47) + dice.normal(0, 0.15)
    return own | fourier.latents_of(R_OVER_V * visual, ratios, phases) | _modulation(dice, _RRC)


def _phi31_of_rrc(period: Floats, metallicity: Floats) -> Floats:
    """The larger root of the relation of Morgan+2007, rad (cosines)."""
    b = 0.982 - 4.198 * period
    c = 52.466 * period**2 - 30.075 * period + 2.424 - metallicity
    return (-b + np.sqrt(np.maximum(b**2 - 4 * 0.131 * c, 0.0))) / (2 * 0.131)


def _modulation(dice: Dice, modulation: Modulation) -> Latents:
    """Blazhko latents: ``blazhko_period`` (days), ``blazhko_depth`` (relative change of amplitude),
    ``blazhko_shift`` (cycles), ``blazhko_phase`` (cycles); depth and shift 0 for most stars."""
    has = dice.chance(modulation.share)
    return {
        "blazhko_period": np.where(has, 10 ** dice.uniform(1.0, 2.6), np.nan),
        "blazhko_depth": np.where(has, dice.uniform(0.1, modulation.depth), 0.0),
        "blazhko_shift": np.where(has, dice.uniform(0.0, 0.03), 0.0),
        "blazhko_phase": dice.uniform(),
    }


def curve(latents: Latents, time: Floats) -> Floats:
    """A Fourier series; amplitude and phase of modulated stars swing a quarter cycle apart."""
    turns = cycles(latents, time)
    swings = latents["blazhko_depth"] > 0
    if not swings.any():
        return fourier.series(latents, turns)
    beat = time[swings] / latents["blazhko_period"][swings][:, None]
    angle = 2 * np.pi * (beat + latents["blazhko_phase"][swings][:, None])
    turns[swings] += latents["blazhko_shift"][swings][:, None] * np.cos(angle)
    light = fourier.series(latents, turns)
    light[swings] *= 1 + latents["blazhko_depth"][swings][:, None] * np.sin(angle)
    return light
