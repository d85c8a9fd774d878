"""Long-period variables: multi-periodic red giants of the LMC and Mira stars.

Every one has a main period, a second pulsation, perhaps a long secondary period, and changes from
cycle to cycle: its amplitude swells and its phase drifts over several cycles.
"""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.stars import fourier
from nightjar.simulate.stars.kind import Dice, Latents, cycles

# Wood's sequences in the LMC, as MACHO's catalogue labels them, with approximate shares, centre and
# scatter of log10 of the main period, median range in R (mag) and scatter of its logarithm: A, B,
# overtones of small amplitude; C, the fundamental (semi-regular and Mira stars); D, long secondary
# periods (Wood+1999, Soszynski+2009).
_SHARES = (0.12, 0.27, 0.37, 0.24)
_LOG_P = (1.55, 1.85, 2.35, 2.60)
_LOG_P_SCATTER = (0.15, 0.17, 0.18, 0.16)
_RANGE = (0.09, 0.16, 0.80, 0.22)
_RANGE_SCATTER = (0.40, 0.45, 0.70, 0.50)
# Second pulsation over main period: P_A / P_B and P_B / P_C are near 0.5 to 0.55; a star of D
# pulsates at about a ninth of its long period (Wood+1999).
_RATIO = (0.72, 0.56, 0.52, 0.11)
_SECOND_SHARE = (0.6, 0.5, 0.15, 0.45)  # of the main range
_LONG_SHARE = 0.30  # of the others show a long secondary period, 9 main periods (Soszynski+2007)


def long_period(dice: Dice) -> Latents:
    """Latents of long-period variables of the LMC.

    Beside those of every kind: ``sequence`` (0 to 3: Wood's A to D), ``period_2``, ``amplitude_2``,
    ``phase_2`` (days, mag peak to peak, cycles: the second pulsation), ``long_period``,
    ``long_amplitude``, ``long_phase`` (the long secondary period), and those of `_changes`.
    """
    which = np.searchsorted(np.cumsum(_SHARES)[:-1], dice.uniform())
    log_p = np.take(_LOG_P, which) + np.take(_LOG_P_SCATTER, which) * dice.normal()
    period = 10 ** np.clip(log_p, 1.2, 3.0)
    size = np.exp(np.clip(dice.normal(), -2.2, 2.0) * np.take(_RANGE_SCATTER, which))
    amplitude = np.clip(np.take(_RANGE, which) * size, 0.04, 3.5)
    ratio = np.take(_RATIO, which) * np.exp(dice.normal(0, 0.05))
    second = np.take(_SECOND_SHARE, which) * dice.uniform(0.3, 1.0)
    slow = dice.chance(_LONG_SHARE) & (which < 3)
    return {
        "period": period,
        "sequence": which.astype(np.float64),
        "mag": 15.3 + dice.normal(0, 0.5) + 0.3 * (amplitude > 1.0),
        "period_2": period * ratio,
        "amplitude_2": amplitude * second,
        "phase_2": dice.uniform(),
        "long_period": np.where(slow, period * dice.uniform(6.0, 11.0), np.nan),
        "long_amplitude": np.where(slow, dice.uniform(0.05, 0.35), 0.0),
        "long_phase": dice.uniform(),
        **_pulse(dice, amplitude),
        **_changes(dice, period, depth=0.35, shift=0.05),
    }


def mira(dice: Dice) -> Latents:
    """Latents of Mira stars of the field.

    From 239 of the ASAS folded here: ``period`` 246 d, scatter 0.38 in its logarithm; range in V
    2.5 mag (2.8 standard deviations), scatter 0.35, times 0.75 for o (approximate); R_21 near
    0.19; a third of the scatter is left when the mean cycle is taken off, which `_changes` makes.
    """
    period = 246.0 * np.exp(np.clip(dice.normal(0, 0.38), -0.95, 0.8))
    longer = 0.25 * np.log(period / 246.0)
    amplitude = np.clip(1.95 * np.exp(longer + dice.normal(0, 0.33)), 1.0, 5.5)
    none = np.zeros_like(period)
    return {
        "period": period,
        "period_2": 0.5 * period,
        "amplitude_2": none,
        "phase_2": none,
        "long_period": np.full_like(period, np.nan),
        "long_amplitude": none,
        "long_phase": none,
        **_pulse(dice, amplitude),
        **_changes(dice, period, depth=0.45, shift=0.045),
    }


def _pulse(dice: Dice, amplitude: Floats) -> Latents:
    """Three harmonics: rather symmetric, of varied shapes."""
    ratios = [np.abs(dice.normal(0.16, 0.10)), np.abs(dice.normal(0.06, 0.04))]
    phases = [4.9 + dice.normal(0, 1.2), 2.5 + dice.normal(0, 1.5)]
    return {"phase": dice.uniform(), **fourier.latents_of(amplitude, ratios, phases)}


def _changes(dice: Dice, period: Floats, depth: float, shift: float) -> Latents:
    """What differs from cycle to cycle.

    ``swell_depth`` (relative change of the range, two waves), ``swell_period`` (days, the slower
    one; the faster has 0.37 of it), ``swell_phase`` (cycles); ``drift_depth`` (cycles),
    ``drift_period``, ``drift_phase``; ``mean_depth`` (mag: the mean light changes, too).
    """
    return {
        "swell_depth": depth * dice.uniform(0.3, 1.0),
        "swell_period": period * dice.uniform(4.0, 12.0),
        "swell_phase": dice.uniform(),
        "drift_depth": shift * dice.uniform(0.3, 1.5),
        "drift_period": period * dice.uniform(5.0, 15.0),
        "drift_phase": dice.uniform(),
        "mean_depth": np.abs(dice.normal(0.0, 0.25)),
    }


def curve(latents: Latents, time: Floats) -> Floats:
    """The main pulsation as it changes, the second one, the long secondary period."""
    drift = latents["drift_depth"][:, None] * _wave(latents, "drift", time, 1.0)
    light = fourier.series(latents, cycles(latents, time) + drift)
    slow, fast = _wave(latents, "swell", time, 1.0), _wave(latents, "swell", time, 2.7)
    light *= 1 + latents["swell_depth"][:, None] * (0.6 * slow + 0.4 * fast)
    light += (0.5 * latents["mean_depth"] * np.minimum(latents["a1"], 0.5))[:, None] * (fast - slow)
    for name, range_name in (("period_2", "amplitude_2"), ("long_period", "long_amplitude")):
        has = latents[range_name] > 0
        if has.any():
            start = latents[name.replace("period", "phase")][has][:, None]
            turns = time[has] / latents[name][has][:, None] + start
            light[has] += 0.5 * latents[range_name][has][:, None] * np.cos(2 * np.pi * turns)
    return light


def _wave(latents: Latents, name: str, time: Floats, faster: float) -> Floats:
    turns = time * (faster / latents[f"{name}_period"][:, None])
    return np.sin(2 * np.pi * (turns + faster * latents[f"{name}_phase"][:, None]))
