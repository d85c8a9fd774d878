"""Classical Cepheids of the LMC (fundamental mode, first overtone) and delta Scuti stars."""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.stars import fourier
from nightjar.simulate.stars.kind import R_OVER_V, Dice, Latents, cycles

# The Hertzsprung progression: coefficients over log10 of the period in days.  From 0.45 to 1.5 the
# medians of the 161 Cepheids of Debosscher+2007 (Hipparcos) folded here; below, where those are
# few and partly overtones, the LMC's large R_21 (Soszynski+2008, figure 4; read off roughly).
# phi_31 and phi_41 are unwrapped: they pass through the 2:1 resonance at 10 days.
_LOG_P = (0.1, 0.4, 0.6, 0.75, 0.86, 0.93, 0.99, 1.05, 1.15, 1.3, 1.5, 1.7)
_FUNDAMENTAL = {
    "amplitude": (0.75, 0.75, 0.75, 0.76, 0.74, 0.70, 0.66, 0.90, 1.08, 1.08, 1.20, 1.10),
    "r21": (0.45, 0.45, 0.42, 0.38, 0.31, 0.24, 0.12, 0.14, 0.24, 0.34, 0.42, 0.42),
    "r31": (0.25, 0.24, 0.20, 0.15, 0.13, 0.10, 0.06, 0.11, 0.16, 0.18, 0.26, 0.26),
    "r41": (0.13, 0.12, 0.09, 0.06, 0.06, 0.06, 0.05, 0.09, 0.13, 0.13, 0.15, 0.15),
    "phi21": (4.0, 4.08, 4.18, 4.5, 4.9, 5.3, 6.0, 4.15, 4.38, 4.52, 4.58, 4.6),
    "phi31": (1.9, 2.0, 2.2, 2.6, 2.95, 3.7, 5.6, 7.2, 7.93, 8.4, 9.0, 9.1),
    "phi41": (6.2, 6.3, 6.5, 7.1, 8.6, 10.5, 13.0, 17.6, 18.4, 18.6, 19.6, 19.8),
}
# First overtone: R_21 vanishes and phi_21 jumps at the resonance at 3 days (Soszynski+2008);
# the values are approximate.
_OVERTONE_LOG_P = (-0.3, 0.0, 0.2, 0.35, 0.46, 0.52, 0.6, 0.8)
_OVERTONE = {
    "r21": (0.22, 0.24, 0.22, 0.15, 0.05, 0.07, 0.14, 0.18),
    "r31": (0.06, 0.09, 0.08, 0.06, 0.05, 0.05, 0.05, 0.05),
    "phi21": (4.1, 4.2, 4.35, 4.7, 5.5, 3.3, 3.7, 4.0),
    "phi31": (2.0, 2.4, 2.8, 3.4, 4.2, 4.8, 5.2, 5.8),
}


def fundamental(dice: Dice) -> Latents:
    """Latents of Cepheids of the fundamental mode.

    Periods of the LMC: mode at 3 days, a tail to 40 (Soszynski+2008).  Mean magnitude: a
    period-luminosity relation in R, between the published ones in V and I, scatter 0.16.
    """
    tail = dice.normal()
    log_p = np.clip(0.48 + np.where(dice.chance(0.25), -0.14, 0.28) * np.abs(tail), 0.05, 1.6)
    size = np.exp(np.clip(dice.normal(0, 0.22), -0.7, 0.45))
    at = {name: np.interp(log_p, _LOG_P, values) for name, values in _FUNDAMENTAL.items()}
    ratios = [np.clip(at[f"r{k}1"] * size**0.3 + dice.normal(0, 0.025), 0, 0.7) for k in (2, 3, 4)]
    ratios += [0.55 * ratios[-1], 0.3 * ratios[-1]]
    phases = [at[f"phi{k}1"] + dice.normal(0, 0.06 * (k - 1)) for k in (2, 3, 4)]
    step = phases[-1] - phases[-2]  # higher harmonics go on as the lower ones
    phases += [phases[-1] + step, phases[-1] + 2 * step]
    series = fourier.latents_of(R_OVER_V * at["amplitude"] * size, ratios, phases)
    mag = 16.75 - 2.9 * log_p + dice.normal(0, 0.16)
    return {"period": 10**log_p, "phase": dice.uniform(), "mag": mag} | series


def overtone(dice: Dice) -> Latents:
    """Latents of Cepheids of the first overtone: 0.7 to 6 days, brighter and of smaller range."""
    log_p = np.clip(dice.normal(0.32, 0.18), -0.15, 0.78)
    visual = np.clip(dice.normal(0.34, 0.07), 0.1, 0.55)
    at = {name: np.interp(log_p, _OVERTONE_LOG_P, values) for name, values in _OVERTONE.items()}
    ratios = [np.clip(at[f"r{k}1"] + dice.normal(0, 0.02), 0.005, 0.4) for k in (2, 3)]
    phases = [at[f"phi{k}1"] + dice.normal(0, 0.12 * (k - 1)) for k in (2, 3)]
    series = fourier.latents_of(R_OVER_V * visual, ratios, phases)
    mag = 16.15 - 3.0 * log_p + dice.normal(0, 0.16)
    return {"period": 10**log_p, "phase": dice.uniform(), "mag": mag} | series


def scuti(dice: Dice) -> Latents:
    """Latents of high-amplitude delta Scuti stars.

    Medians of those of the ASAS that fold well: 0.13 d, 0.22 mag in V, R_21 0.16, phi_21 3.9,
    phi_31 1.9.  One in four has the radial first overtone too (``period_2`` = 0.772 ``period``,
    Petersen & Christensen-Dalsgaard 1996; ``amplitude_2``, mag, peak to peak; ``phase_2``).
    """
    period = 0.12 * np.exp(np.clip(dice.normal(0, 0.35), -0.9, 0.65))
    visual = np.clip(0.25 * np.exp(dice.normal(0, 0.45)), 0.1, 0.9)
    swing = 0.3 * (visual - 0.25)
    ratios = [
        np.clip(0.17 + swing + dice.normal(0, 0.05), 0.02, 0.45),
        np.clip(0.07 + 0.6 * swing + dice.normal(0, 0.02), 0.0, 0.25),
        np.clip(0.03 + 0.4 * swing + dice.normal(0, 0.01), 0.0, 0.15),
    ]
    phases = [3.95 + dice.normal(0, 0.25), 1.9 + dice.normal(0, 0.4), 0.0 + dice.normal(0, 0.6)]
    second = np.where(dice.chance(0.25), dice.uniform(0.1, 0.4), 0.0)
    own = {"period": period, "phase": dice.uniform(), "period_2": 0.772 * period}
    own |= {"amplitude_2": second * R_OVER_V * visual, "phase_2": dice.uniform()}
    return own | fourier.latents_of(R_OVER_V * visual, ratios, phases)


def curve(latents: Latents, time: Floats) -> Floats:
    """A Fourier series of one period."""
    return fourier.series(latents, cycles(latents, time))


def scuti_curve(latents: Latents, time: Floats) -> Floats:
    """A Fourier series and, where there is one, a sinusoidal second mode."""
    light = fourier.series(latents, cycles(latents, time))
    two = latents["amplitude_2"] > 0
    turns = time[two] / latents["period_2"][two][:, None] + latents["phase_2"][two][:, None]
    light[two] -= 0.5 * latents["amplitude_2"][two][:, None] * np.cos(2 * np.pi * turns)
    return light
