"""Redshifts as they are learned: by their natural logarithm.

Those of a supernova sample span three decades.  Least squares on raw redshifts is a fit to the few
distant objects, whose errors dwarf all others; in the logarithm errors are relative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOWEST = 1e-4  # below, a redshift is a peculiar velocity and its logarithm means nothing


def learnable(redshift: ArrayLike) -> NDArray[np.bool_]:
    """Which redshifts are known and above `LOWEST`; same shape."""
    return np.asarray(redshift, dtype=np.float64) > LOWEST


def scale(redshift: ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation (1 where it is 0) of the logarithm of learnable redshifts."""
    logarithm = np.log(np.asarray(redshift, dtype=np.float64))
    return float(logarithm.mean()), float(logarithm.std()) or 1.0
