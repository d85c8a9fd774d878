"""Light curves as Fourier series, mag = sum A_k cos(2 pi k turns + phi_k) (Simon & Lee 1981).

A shape is given by the amplitude ratios R_k1 = A_k / A_1 and the phases phi_k1 = phi_k - k phi_1 of
*cosines*.  Papers that use sines (Jurcsik & Kovacs 1996) have phi_k1 smaller by (k - 1) pi / 2:
A sin(x + phi) = A cos(x + phi - pi/2), so phi_k1 turns by -pi/2 + k pi/2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nightjar.simulate.randomness import Floats
from nightjar.simulate.stars.kind import Latents

_GRID = np.arange(96) / 96  # of a cycle, where range and maximum of a series are looked for


def latents_of(amplitude: Floats, ratios: Sequence[Floats], phases: Sequence[Floats]) -> Latents:
    """Latents of a series of range ``amplitude`` whose maximum light is at turn 0.

    Parameters
    ----------
    amplitude : (stars,) mag, peak to peak
    ratios, phases : of harmonics 2, 3, ...: R_k1 and phi_k1 (rad, cosines), (stars,) each

    Returns
    -------
    ``amplitude``, ``a1`` (mag, semi-amplitude of the fundamental), ``phi1`` (rad) and ``r21``,
    ``phi21``, ``r31``, ``phi31``, ...
    """
    n = len(amplitude)
    names = [f"{k}1" for k in range(2, 2 + len(ratios))]
    unit = {"a1": np.ones(n), "phi1": np.zeros(n)}
    unit |= {f"r{k}": r for k, r in zip(names, ratios, strict=True)}
    unit |= {f"phi{k}": np.mod(p, 2 * np.pi) for k, p in zip(names, phases, strict=True)}
    shape = series(unit, np.broadcast_to(_GRID, (n, len(_GRID))))
    maximum = _GRID[shape.argmin(axis=1)]  # smallest magnitude
    return unit | {
        "amplitude": amplitude,
        "a1": amplitude / np.ptp(shape, axis=1),
        "phi1": 2 * np.pi * maximum,
    }


def series(latents: Latents, turns: Floats) -> Floats:
    """The series at ``turns`` (stars, times) cycles, mag.

    Horner's scheme in z = exp(i angle): one complex product for each harmonic.
    """
    orders = sum(f"r{k}1" in latents for k in range(2, 10)) + 1
    z = _circle(turns, latents["phi1"])
    total = np.zeros_like(z)
    for k in range(orders, 1, -1):
        total += (latents[f"r{k}1"] * np.exp(1j * latents[f"phi{k}1"]))[:, None]
        total *= z
    total += 1.0
    total *= z
    return latents["a1"][:, None] * total.real


def _circle(turns: Floats, shift: Floats) -> np.ndarray:
    angle = 2 * np.pi * (turns - np.floor(turns)) + shift[:, None]
    z = np.empty(angle.shape, np.complex128)
    np.cos(angle, out=z.real)
    np.sin(angle, out=z.imag)
    return z
