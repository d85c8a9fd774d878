"""Split-conformal prediction: sets of classes that hold the true one as often as was asked for.

Vovk, Gammerman & Shafer (2005); Angelopoulos & Bates (2021, arXiv:2107.07511, section 1).  A class
joins an object's set if its nonconformity 1 - p is not above a threshold: the
ceil((n + 1) coverage)-th smallest nonconformity of the true classes of n calibration objects.  If
these and the new object are exchangeable, the set holds the true class with a chance of at least
``coverage``, and at most 1 / (n + 1) more where no two scores are equal: over all classes together,
not for each of them, and whatever the classifier is.

Exchangeable fails where calibration objects had a part in the training, if only by choosing its
epoch, and where the new objects come from another survey or in other class fractions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def nonconformity(probabilities: np.ndarray, labels: ArrayLike) -> NDArray[np.float64]:
    """1 - p of the true class, (n,); probabilities (n, classes), integer labels (n,)."""
    labels = np.asarray(labels)
    return 1 - np.asarray(probabilities, float)[np.arange(len(labels)), labels]


def conformal_threshold(calibration: ArrayLike, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest of ``calibration``; infinite where n is less.

    Parameters
    ----------
    calibration : (n,) `nonconformity` of objects that trained nothing
    coverage : chance that a set shall hold the true class, between 0 and 1

    Returns
    -------
    infinite: so few objects promise it only of the set of all classes
    """
    ordered = np.sort(np.asarray(calibration, float))
    # 0.9 * 10 is above 9 in floats: a share of a hundredth of a millionth is no object
    place = math.ceil((len(ordered) + 1) * coverage - 1e-8)
    return float(ordered[max(place, 1) - 1]) if place <= len(ordered) else math.inf


def conformal_sets(probabilities: np.ndarray, threshold: float) -> NDArray[np.bool_]:
    """Which classes each object's set holds, (n, classes).

    A set may be empty: then no class conforms, as no class does for an object unlike all of the
    calibration's.

    Parameters
    ----------
    probabilities : (n, classes)
    threshold : of `conformal_threshold`
    """
    return 1 - np.asarray(probabilities, float) <= threshold
