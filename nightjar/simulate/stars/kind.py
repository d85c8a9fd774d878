"""What a kind of star is: how its latent parameters are drawn, and its light at any time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar.simulate.randomness import Draws, Floats

STAR_UNIFORMS = 24
STAR_NORMALS = 24
# Range of RR Lyrae stars and Cepheids in R (MACHO, 590-780 nm) and o (ATLAS) over that in V: the RR
# Lyrae stars of Stripe 82 have 0.70 (r) and 0.56 (i) of their range in g; between, at 690 nm, 0.77.
R_OVER_V = 0.77
Latents = dict[str, Floats]  # name -> (stars,)


class Dice:
    """The random numbers of some stars, handed out one column after another.

    Parameters
    ----------
    random : of the stars of a chunk
    of : which of them
    """

    def __init__(self, random: Draws, of: NDArray[np.int64]) -> None:
        self._uniform = iter(random.uniform[of].T)
        self._normal = iter(random.normal[of].T)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Floats:
        """Between ``low`` and ``high``, (stars,)."""
        return low + (high - low) * next(self._uniform)

    def normal(self, mean: float = 0.0, sigma: float = 1.0) -> Floats:
        """Gaussian, (stars,)."""
        return mean + sigma * next(self._normal)

    def chance(self, share: float) -> NDArray[np.bool_]:
        """True for this share of the stars, (stars,)."""
        return next(self._uniform) < share


class Kind(NamedTuple):
    """A kind of star.

    Attributes
    ----------
    draw : random numbers -> latents.  Every kind has ``amplitude`` (mag, peak to peak, of the main
        variation, unblended); kinds that repeat have ``period`` (days) and ``phase`` (cycles since
        maximum light, or since the primary eclipse, at the survey's zero point of time); kinds
        that live in the LMC have ``mag`` (mean apparent magnitude in R, eclipsing stars: outside
        eclipse)
    curve : latents, (stars, times) days since the survey's zero point -> (stars, times) mag to be
        added to ``mag``
    """

    draw: Callable[[Dice], Latents]
    curve: Callable[[Latents, Floats], Floats]


def cycles(latents: Latents, time: Floats) -> Floats:
    """Cycles since maximum light (the primary eclipse), (stars, times)."""
    return time / latents["period"][:, None] + latents["phase"][:, None]
