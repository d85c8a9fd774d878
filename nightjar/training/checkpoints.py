"""The private checkpoint from which a killed training resumes; deleted on success.

One safetensors file per training, written after each epoch under
``.resume/<stage>/<hash of settings, inputs and code>/``: change any of these, and the old
checkpoint is not found.
"""

from __future__ import annotations

import copy
import hashlib
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import nightjar
from nightjar import pipeline, weights
from nightjar.errors import InputError
from nightjar.params import Settings

ROOT = Path(".resume")


@dataclass
class Progress:
    """What a training knows of itself after an epoch.

    Attributes
    ----------
    best : state dict of the epoch with the lowest validation loss
    best_loss : that loss; None before the first epoch
    waited : epochs since
    history : one dict per finished epoch
    """

    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float | None = None
    waited: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


def directory(stage: str, settings: Settings, inputs: Sequence[Path], code: Sequence[Path]) -> Path:
    """Folder of the checkpoints of one run of a stage.

    Parameters
    ----------
    stage : its name
    settings : its settings
    inputs : files and folders it reads; their content counts
    code : the stage's own source; that of the package always counts
    """
    package = sorted(Path(nightjar.__file__).parent.rglob("*.py"))
    parts = (
        settings.model_dump_json(),
        weights.fingerprint(inputs),
        weights.fingerprint([*package, *code]),
    )
    return ROOT / stage / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def clear(stage: str) -> None:
    """Delete the checkpoints of a stage that has succeeded, older ones included.

    Of several processes the first does it.
    """
    if pipeline.follows():
        return
    shutil.rmtree(ROOT / stage, ignore_errors=True)


def save(
    path: Path, network: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write everything that the next epoch depends on."""
    moments = {
        f"optimizer.{number}.{name}": value
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }
    tensors = {
        **{f"network.{name}": value for name, value in network.items()},
        **{f"best.{name}": value for name, value in progress.best.items()},
        **moments,
    }
    content = {
        "best_loss": progress.best_loss,
        "waited": progress.waited,
        "history": progress.history,
    }
    weights.write(path, tensors, content)


def load(path: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Restore network and optimiser; a fresh `Progress` where there is no usable checkpoint.

    A damaged one (a full disk, say) is no reason to fail: training starts again, with a warning,
    and from what network and optimiser were before.
    """
    if not path.exists():
        return Progress()
    before = copy.deepcopy((network.state_dict(), optimizer.state_dict()))
    try:
        tensors, content = weights.read(path)
        progress = Progress(
            _under("best.", tensors), content["best_loss"], content["waited"], content["history"]
        )
        state = optimizer.state_dict() | {"state": _moments(tensors)}
        network.load_state_dict(_under("network.", tensors))
        optimizer.load_state_dict(state)
    except (InputError, KeyError, ValueError, RuntimeError) as error:
        network.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        warnings.warn(f"training starts again, its checkpoint is unusable: {error}", stacklevel=2)
        return Progress()
    return progress


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _moments(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for key, value in _under("optimizer.", tensors).items():
        number, name = key.split(".")
        state.setdefault(int(number), {})[name] = value
    return state
