"""From sampled probabilities to what an astronomer is told: classes, scores, sets, abstentions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightjar import calibration, uncertainty
from nightjar.calibration.record import Calibration
from nightjar.classifying.sums import Sums


class Promises(NamedTuple):
    """What was asked for, and the thresholds that validation gives for it."""

    error_rate: float
    coverage: float
    kept_up_to: float  # smp; minus infinity: nothing is kept
    set_threshold: float  # nonconformity; infinite: every class is in every set

    @classmethod
    def of(cls, learned: Calibration, error_rate: float, coverage: float) -> Promises:
        """Thresholds of a calibration."""
        return cls(
            error_rate, coverage, learned.kept_up_to(error_rate), learned.set_threshold(coverage)
        )


def answers(sums: Sums, learned: Calibration, promises: Promises) -> pa.Table:
    """A row per object.

    Parameters
    ----------
    sums : of the objects
    learned, promises : of the classifier

    Returns
    -------
    ``object_id``; ``class``, the most probable; ``probability_<class>`` after temperature scaling;
    the scores of `uncertainty.scores`, of the samples as they are; ``set``, the classes of the
    conformal set, the most probable first, separated by ``|``, empty where none conforms;
    ``abstain``, true where ``smp`` is above what is kept; ``windows``, of which all this is a mean
    """
    sampled = sums.probabilities
    mean = sampled.mean(axis=0)
    scaled = calibration.tempered(mean, learned.temperature)
    scores = uncertainty.scores(sampled)
    names = np.array(learned.classes, dtype=object)
    columns = {
        "object_id": sums.object_id.tolist(),
        "class": names[mean.argmax(axis=1)].tolist(),
        **{f"probability_{name}": scaled[:, code] for code, name in enumerate(names)},
        **scores,
        "set": _in_words(mean, promises.set_threshold, names),
        "abstain": scores["smp"] > promises.kept_up_to,
        "windows": sums.windows,
    }
    return pa.table(columns)


def _in_words(mean: NDArray[np.float64], threshold: float, names: NDArray[np.object_]) -> list[str]:
    sets = calibration.conformal_sets(mean, threshold)
    order = np.argsort(-mean, axis=1, kind="stable")
    return [
        "|".join(names[ordered[member[ordered]]])
        for ordered, member in zip(order, sets, strict=True)
    ]
