"""params.yaml as frozen, closed settings: one class per stage, an unknown key is an error.

A stage's settings are its block, what is null there from ``presets.<preset>.<stage>``, plus the
root keys that its class declares as fields (``seed``, ``device``, ...).  A value in the block wins
over the preset, so that ``dvc exp run -S pretrain_clip.epochs=3`` does what it says.  ``lr`` at the
root is the learning rate of every training stage whose own ``lr`` is null.  Values are validated by
type, because DVC writes YAML 1.2 (``1e-05``), which PyYAML, a YAML 1.1 reader, returns as a string.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import ValidationError

from nightjar.errors import InputError
from nightjar.params.settings import STAGES, Settings

ROOT_KEYS = ("seed", "lr", "device", "precision", "compile", "threads")
_ALL_KEYS = ("preset", *ROOT_KEYS, "presets", *STAGES)

S = TypeVar("S", bound=Settings)


def root_keys(stage: str) -> list[str]:
    """The root keys that a stage reads, hence that dvc.yaml must declare."""
    return [key for key in ROOT_KEYS if key in STAGES[stage].model_fields]


def load(kind: type[S], path: str | Path = "params.yaml", preset: str | None = None) -> S:
    """Settings of the stage whose class is ``kind``.

    Parameters
    ----------
    kind : one of the classes in ``STAGES``
    path : the YAML file
    preset : name of a preset in place of the file's own

    Raises
    ------
    InputError
        The file is missing or not YAML, a key is unknown (the message names the nearest one), a
        value has the wrong type, or the preset does not exist.
    """
    stage = next(name for name, known in STAGES.items() if known is kind)
    values = _read(Path(path))
    preset = preset or values.get("preset")
    presets = values.get("presets") or {}
    if not isinstance(presets, Mapping) or preset not in presets:
        raise InputError(f"{path}: preset: no preset {preset!r}{_nearest(str(preset), presets)}")
    block = _overlay((presets[preset] or {}).get(stage) or {}, values.get(stage) or {}, stage)
    root = {key: values[key] for key in root_keys(stage) if key in values}
    if root.get("lr") is not None and block.get("lr") is not None:
        root.pop("lr")  # the stage's own learning rate wins
    block = {**block, **root}
    try:
        return kind.model_validate(block)
    except ValidationError as error:
        raise InputError(_explain(error, str(path), stage, kind)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run from the root of the repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be a mapping of keys to values")
    for where, block in _blocks(values, str(path)):
        allowed = _ALL_KEYS if where == "" else tuple(STAGES)
        for key in block:
            if key not in allowed:
                raise InputError(f"{path}: {where}{key}: unknown key{_nearest(str(key), allowed)}")
    return values


def _blocks(values: dict[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", values
    presets = values.get("presets") or {}
    if not isinstance(presets, Mapping):
        raise InputError(f"{path}: presets: must be a mapping of names to blocks")
    for name, block in presets.items():
        if not isinstance(block, Mapping):
            raise InputError(f"{path}: presets.{name}: must be a mapping of stages to settings")
        yield f"presets.{name}.", block


def _overlay(base: Mapping[str, Any], top: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``base`` with what is not null in ``top`` laid over it, block by block."""
    for block in (base, top):
        if not isinstance(block, Mapping):
            raise InputError(f"params: {where}: must be a mapping, not {block!r}")
    merged = dict(base)
    for key, value in top.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _overlay(merged[key], value, f"{where}.{key}")
        elif value is not None or key not in merged:
            merged[key] = value
    return merged


def _nearest(key: str, known: Any) -> str:
    close = difflib.get_close_matches(key, [str(k) for k in known], n=1, cutoff=0.0)
    return f"; did you mean {close[0]!r}?" if close else ""


def _explain(error: ValidationError, path: str, stage: str, kind: type[Settings]) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in (stage, *problem["loc"]))
        if problem["type"] == "extra_forbidden":
            fields = _fields(kind, problem["loc"][:-1])
            hint = _nearest(str(problem["loc"][-1]), [k for k in fields if k not in ROOT_KEYS])
            lines.append(f"{path}: {where}: unknown key{hint}")
        elif problem["type"] == "missing":
            lines.append(f"{path}: {where}: missing; add it")
        else:
            text = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: {where}: {text} (got {problem['input']!r})")
    return "\n".join(lines)


def _fields(kind: Any, where: Sequence[Any]) -> list[str]:
    """Keys of the settings at ``where`` in ``kind``; a mapping's values are all of one kind."""
    for key in where:
        kind = get_args(kind)[1] if get_origin(kind) is dict else kind.model_fields[key].annotation
    return list(kind.model_fields)
