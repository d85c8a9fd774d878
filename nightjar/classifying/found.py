"""Where a method's networks and their calibration lie.

The networks of one fold are used, of fold 0 unless a fold's folder is given, and not all of them
together: thresholds are honest only on stars that trained nothing, and what validates in one fold
trains in another, so that for the mean of all folds no such star is left.
"""

from __future__ import annotations

from pathlib import Path

from nightjar import weights
from nightjar.errors import InputError
from nightjar.networks import AstromerClassifier


def fold_of(model: str | Path) -> Path:
    """Folder ``.../<method>/folds/<fold>`` of a method's folder, or of itself.

    Raises
    ------
    InputError
        It is neither.
    """
    folder = Path(model)
    folder = folder / "folds" / "0" if (folder / "folds").is_dir() else folder
    if not (folder.is_dir() and folder.name.isdigit()):
        raise InputError(
            f"{model}: no classifiers of train_uncertainty in it; give a method's folder, such as "
            "models/uncertainty/mc_dropout, or that of one of its folds"
        )
    return folder


def calibration_of(fold: Path) -> Path:
    """``models/calibration/<method>.json`` beside ``models/uncertainty/<method>/folds/<fold>``."""
    method = fold.absolute().parents[1]
    return method.parents[1] / "calibration" / f"{method.name}.json"


def networks_of(fold: Path) -> list[weights.Model]:
    """The network of a fold, or the members of its ensemble.

    Raises
    ------
    InputError
        There is none, or it is no classifier of stars.
    """
    alone = fold / "weights.safetensors"
    members = sorted(fold.glob("*/weights.safetensors"), key=lambda path: path.parent.name)
    paths = [alone] if alone.exists() else members
    if not paths:
        raise InputError(f"{fold}: no weights.safetensors; run train_uncertainty, or `dvc pull`")
    return [weights.load(path, network=AstromerClassifier) for path in paths]
