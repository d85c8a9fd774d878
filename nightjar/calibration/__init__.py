"""Are probabilities calibrated, do scores find the errors, and what may be promised of them?

``wrong`` is True where the predicted class is not the true one; a ``score`` is larger where the
prediction is less certain (`uncertainty.scores`).  None where a score is undefined (`metrics`).

* `errors`: calibration error, likelihood, Brier; losses of single objects
* `detection`: finding the errors, or the objects of no known class, by a score; rejecting them
* `temperature`: one number that makes probabilities calibrated
* `conformal`: sets of classes that hold the true one as often as was asked for
"""

from nightjar.calibration.conformal import (
    conformal_sets,
    conformal_threshold,
    nonconformity,
)
from nightjar.calibration.detection import (
    auprc,
    aurc,
    auroc,
    rejection,
    score_threshold,
)
from nightjar.calibration.errors import Reliability, losses, noise, reliability, scores
from nightjar.calibration.temperature import fit_temperature, tempered

__all__ = [
    "Reliability",
    "auprc",
    "aurc",
    "auroc",
    "conformal_sets",
    "conformal_threshold",
    "fit_temperature",
    "losses",
    "noise",
    "nonconformity",
    "rejection",
    "reliability",
    "score_threshold",
    "scores",
    "tempered",
]
