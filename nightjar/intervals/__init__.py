"""Values with their uncertainty: predicted quantiles, what they may promise, how good they are.

* `forest`: quantiles from frozen embeddings
* `conformal`: intervals that hold the true value as often as was asked for
* `scores`: pinball loss, CRPS, probability integral transform
"""

from nightjar.intervals.conformal import margins, moved
from nightjar.intervals.forest import LEVELS, QuantileForest
from nightjar.intervals.scores import covered, crps, pinball, pit, pit_distance

__all__ = [
    "LEVELS",
    "QuantileForest",
    "covered",
    "crps",
    "margins",
    "moved",
    "pinball",
    "pit",
    "pit_distance",
]
