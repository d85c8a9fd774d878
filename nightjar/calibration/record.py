"""What validation objects teach about a classifier, kept beside its weights for later use."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict

from nightjar.calibration.conformal import conformal_threshold, nonconformity
from nightjar.calibration.detection import score_threshold
from nightjar.calibration.temperature import fit_temperature
from nightjar.errors import InputError

FORMAT = 1


class Calibration(BaseModel):
    """Temperature of one classifier, and its validation objects' scores, from which any threshold.

    Attributes
    ----------
    classes : names, in the order of the probabilities
    temperature : of `temperature.tempered`
    nonconformity : of every validation object's true class, rising
    smp, wrong : sampled maximum probability (`uncertainty.smp`) of every validation object,
        rising, and whether its prediction is wrong
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    classes: list[str]
    temperature: float
    nonconformity: list[float]
    smp: list[float]
    wrong: list[bool]

    @classmethod
    def fit(
        cls, probabilities: np.ndarray, smp: ArrayLike, labels: ArrayLike, classes: Sequence[str]
    ) -> Self:
        """Calibrate on objects that trained nothing.

        Parameters
        ----------
        probabilities : (n, classes), mean over samples
        smp : (n,)
        labels : (n,) integer classes
        classes : names behind the labels
        """
        smp, wrong = np.asarray(smp, float), probabilities.argmax(axis=1) != np.asarray(labels)
        order = np.argsort(smp, kind="stable")
        return cls(
            classes=list(map(str, classes)),
            temperature=fit_temperature(probabilities, labels),
            nonconformity=np.sort(nonconformity(probabilities, labels)).tolist(),
            smp=smp[order].tolist(),
            wrong=wrong[order].tolist(),
        )

    def set_threshold(self, coverage: float) -> float:
        """Of `conformal.conformal_sets`, for sets that hold the true class so often."""
        return conformal_threshold(self.nonconformity, coverage)

    def kept_up_to(self, error_rate: float) -> float:
        """Largest smp to keep, so that at most ``error_rate`` of the kept validation are wrong.

        Minus infinity where nothing is to be kept; see `detection.score_threshold`.
        """
        found = score_threshold(self.wrong, self.smp, error_rate)
        return -math.inf if found is None else found


def write_calibrations(path: str | Path, folds: dict[int, Calibration]) -> None:
    """Write the calibration of the classifier of every fold; the same content, the same bytes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "folds": {str(fold): each.model_dump() for fold, each in folds.items()},
    }
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")
    partial.replace(path)


def read_calibration(path: str | Path, fold: int) -> Calibration:
    """Calibration of one fold's classifier from a file of `write_calibrations`.

    Raises
    ------
    InputError
        There is no such file, it is damaged or of another version, or it lacks the fold.
    """
    try:
        content = json.loads(Path(path).read_text())
        if content["format"] != FORMAT:
            raise InputError(
                f"{path}: format: this nightjar reads version {FORMAT}, not {content['format']!r}; "
                "run evaluate_uncertainty again"
            )
        if str(fold) not in content["folds"]:
            raise InputError(
                f"{path}: no fold {fold}, only {', '.join(content['folds'])}; "
                "run evaluate_uncertainty again"
            )
        return Calibration.model_validate(content["folds"][str(fold)])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run evaluate_uncertainty, or `dvc pull`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        first = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: damaged ({first}); run evaluate_uncertainty again") from None
