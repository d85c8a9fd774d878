"""Bolometric light curves: radioactive, magnetar, plateau and interaction power.

Every function takes rest-frame days since explosion and returns erg/s; arrays broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from nightjar.simulate.randomness import Floats

NICKEL_DAYS, COBALT_DAYS = 8.77, 111.3  # e-folding times of Ni-56 and Co-56
NICKEL_POWER, COBALT_POWER = 3.9e10, 6.78e9  # erg/s/g
SUN_MASS = 1.989e33  # g
DAY = 86400.0  # s

_X_STEP, _X_MAX = 0.02, 30.0  # time in units of the diffusion time
_DECAY = np.linspace(0.0, 4.0, 161)  # decay rates in units of the diffusion rate
_SPIN = np.linspace(np.log(0.02), np.log(40.0), 161)  # log of (diffusion time / spin-down time)


def _diffuse(source: Callable[[Floats], Floats], rows: int) -> Floats:
    """Diffusion of a heating ``source(x)`` through expanding ejecta, on the grid of x, (rows, x).

    E(x) = exp(-x^2) int_0^x 2 x' exp(x'^2) source(x') dx' (Arnett 1982, ApJ 253, 785, equation 31),
    x = time / diffusion time, as the recursion E(x + h) = E(x) d + source (1 - d).
    """
    grid = np.arange(0.0, _X_MAX + _X_STEP / 2, _X_STEP)
    out = np.zeros((rows, len(grid)))
    for i in range(1, len(grid)):
        keep = np.exp(grid[i - 1] ** 2 - grid[i] ** 2)
        out[:, i] = out[:, i - 1] * keep + source((grid[i] + grid[i - 1]) / 2) * (1 - keep)
    return out


@lru_cache(maxsize=1)
def _decay_table() -> Floats:
    """Diffused heat over the heating of the moment: smooth, so that few rows do."""
    table = _diffuse(lambda x: np.exp(-_DECAY * x), len(_DECAY))
    return table * np.exp(_DECAY[:, None] * np.arange(table.shape[1]) * _X_STEP)


@lru_cache(maxsize=1)
def _spin_table() -> Floats:
    return _diffuse(lambda x: (1 + x * np.exp(_SPIN)) ** -2, len(_SPIN))


def look_up(table: Floats, row: Floats, column: Floats) -> Floats:
    """Bilinear interpolation in a table at fractional ``row`` and ``column``, which broadcast."""
    column = np.clip(column, 0, table.shape[1] - 1.001)
    row = np.clip(row, 0, table.shape[0] - 1.001)
    i, j = row.astype(np.int64), column.astype(np.int64)
    u, v = row - i, column - j
    flat, at = table.ravel(), i * table.shape[1] + j
    low = flat[at] * (1 - v) + flat[at + 1] * v
    at = at + table.shape[1]
    high = flat[at] * (1 - v) + flat[at + 1] * v
    return low * (1 - u) + high * u


def arnett(time: Floats, nickel: Floats, diffusion: Floats, leak: Floats) -> Floats:
    """Luminosity of Ni-56 and Co-56 decay in expanding ejecta (Arnett 1982).

    Parameters
    ----------
    time : days since explosion, rest frame
    nickel : Ni-56 mass, solar masses
    diffusion : effective diffusion time, days
    leak : time at which gamma rays begin to escape, days: Co-56 heats with 1 - exp(-(leak / t)^2)
        (Clocchiatti & Wheeler 1997)
    """
    x, step = time / diffusion, _DECAY[1]
    young = look_up(_decay_table(), diffusion / NICKEL_DAYS / step, x / _X_STEP)
    old = look_up(_decay_table(), diffusion / COBALT_DAYS / step, x / _X_STEP)
    trapped = 1 - np.exp(-((leak / np.maximum(time, 0.1)) ** 2))
    young, old = young * np.exp(-time / NICKEL_DAYS), old * np.exp(-time / COBALT_DAYS)
    power = (NICKEL_POWER - COBALT_POWER) * young + COBALT_POWER * old * trapped
    return nickel * SUN_MASS * power


def magnetar(time: Floats, energy: Floats, spin_down: Floats, diffusion: Floats) -> Floats:
    """Luminosity of a spinning-down magnetar (Kasen & Bildsten 2010; Nicholl+2017, equation 6).

    Parameters
    ----------
    time : days since explosion, rest frame
    energy : rotational energy, erg
    spin_down, diffusion : time scales, days; heating is (energy / spin_down) (1 + t / spin_down)^-2
    """
    row = (np.log(diffusion / spin_down) - _SPIN[0]) / (_SPIN[1] - _SPIN[0])
    return energy / (spin_down * DAY) * look_up(_spin_table(), row, time / diffusion / _X_STEP)


def plateau(
    time: Floats, level: Floats, slope: Floats, length: Floats, cooling: Floats, nickel: Floats
) -> Floats:
    """Luminosity of a hydrogen-rich supernova: shock cooling, recombination plateau, cobalt tail.

    Parameters
    ----------
    time : days since explosion, rest frame
    level : plateau luminosity at day 50, erg/s
    slope : decline of the plateau, mag per 100 days (s2 of Anderson+2014, ApJ 786, 67)
    length : time of the drop from the plateau, days (OPTd of Anderson+2014)
    cooling : shock-cooling luminosity at day 0 over ``level``; it falls with 7 days
    nickel : Ni-56 mass, solar masses, for the tail (fully trapped)
    """
    decline = 10 ** (-0.4 * slope * (time - 50) / 100)
    held = 1 / (1 + np.exp(np.clip((time - length) / 4.0, -60, 60)))
    breakout = 1 - np.exp(-((time / 1.5) ** 2))
    early = 1 + cooling * np.exp(-time / 7.0)
    tail = nickel * SUN_MASS * COBALT_POWER * np.exp(-time / COBALT_DAYS)
    return level * breakout * decline * held * early + tail * breakout


def interaction(time: Floats, level: Floats, rise: Floats, index: Floats) -> Floats:
    """Luminosity of a shock in a wind seen through it: diffusive rise, then a power law.

    L = level (1 - exp(-(t / rise)^1.5)) (1 + t / rise)^-index; the power law is that of a shock in
    a steady or steeper wind (Ofek+2014, ApJ 781, 42).

    Parameters
    ----------
    time, rise : days, rest frame
    level : erg/s
    index : power-law index of the decline
    """
    return level * (1 - np.exp(-((time / rise) ** 1.5))) * (1 + time / rise) ** -index
