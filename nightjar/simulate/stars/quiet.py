"""Stars that do not vary, and stars and active nuclei whose light wanders."""

from __future__ import annotations

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.stars.kind import Dice, Latents

_WAVES = 9


def constant(dice: Dice) -> Latents:
    """No variation; magnitudes after the luminosity function of the LMC, ever more faint stars."""
    mag = 20.2 + np.log(np.maximum(dice.uniform(), 1e-3)) / 0.75
    return {"mag": np.clip(mag, 14.0, 20.0), "amplitude": np.zeros_like(mag)}


def constant_curve(latents: Latents, time: Floats) -> Floats:
    """No variation."""
    return np.zeros_like(time)


def irregular(dice: Dice) -> Latents:
    """Be stars, active nuclei and the like: red noise.

    ``time_scale`` (days): the power is flat for slower changes and falls with frequency squared for
    faster ones (a damped random walk); ``sigma`` (mag): its standard deviation; ``wander`` in
    [0, 1): a number that fixes the phases of the waves.
    """
    sigma = np.clip(0.08 * np.exp(dice.normal(0, 0.6)), 0.015, 0.4)
    return {
        "mag": 18.2 + np.clip(dice.normal(), -3, 1.6),
        "time_scale": 10 ** dice.uniform(1.0, 2.7),
        "sigma": sigma,
        "wander": dice.uniform(),
        "amplitude": 4 * sigma,
    }


def irregular_curve(latents: Latents, time: Floats) -> Floats:
    """Nine cosines, equally spaced in log frequency, with the power of a damped random walk."""
    scale, key = latents["time_scale"][:, None], latents["wander"][:, None]
    # angular frequency in units of 1 / time_scale; power in a logarithmic step: x / (1 + x^2)
    x = np.geomspace(0.1, 40, _WAVES)
    power = x / (1 + x**2)
    weight = np.sqrt(2 * power / power.sum())
    total = np.zeros_like(time)
    for k in range(_WAVES):
        phase = np.mod(key * 997.0 * (k + 1), 1.0)
        jitter = 1 + 0.3 * (np.mod(key * 613.0 * (k + 1), 1.0) - 0.5)
        total += weight[k] * np.cos(time * (x[k] * jitter / scale) + 2 * np.pi * phase)
    return latents["sigma"][:, None] * total
