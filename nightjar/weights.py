"""Trained weights in one file that describes itself and executes nothing when it is loaded.

A safetensors file with a single metadata key, ``nightjar``, that holds JSON: a second key would
make the bytes depend on the order of a hash table.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from nightjar.errors import InputError
from nightjar.networks import NETWORKS

FORMAT = 1
KEY = "nightjar"


class Metadata(BaseModel):
    """What the file says about its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format: int
    network: str
    settings: dict[str, Any]
    preprocessing: dict[str, Any]
    classes: list[str]
    bands: list[str]
    parameters: int
    sample: str
    metrics: dict[str, float]
    notes: dict[str, str]


@dataclass(frozen=True)
class Model:
    """A network in eval mode, and what its file says about it."""

    network: nn.Module
    metadata: Metadata


def save(
    path: Path,
    network: nn.Module,
    *,
    state: Mapping[str, Tensor] | None = None,
    preprocessing: Mapping[str, Any],
    classes: Sequence[str] = (),
    bands: Sequence[str] = (),
    sample: str,
    metrics: Mapping[str, float] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write weights; the same content gives the same bytes.

    Parameters
    ----------
    path : of the safetensors file
    network : one of ``NETWORKS``, whose ``settings`` rebuild it
    state : its state dict, in place of the present one (the best epoch's)
    preprocessing : what its input has been through, as plain JSON
    classes, bands : names behind the codes, in their order
    sample : `fingerprint` of the training sample
    metrics : of the training, such as the best validation loss
    notes : anything else a reader should know

    Raises
    ------
    ValueError
        The network is not registered: its file could not be loaded.
    """
    name = type(network).__name__
    if NETWORKS.get(name) is not type(network):
        raise ValueError(f"{name} is not in nightjar.networks.NETWORKS")
    metadata = Metadata(
        format=FORMAT,
        network=name,
        settings=network.settings,  # type: ignore[arg-type]
        preprocessing=dict(preprocessing),
        classes=list(classes),
        bands=list(bands),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        sample=sample,
        metrics=dict(metrics or {}),
        notes=dict(notes or {}),
    )
    write(Path(path), network.state_dict() if state is None else state, metadata.model_dump())


def load(
    path: str | Path,
    *,
    network: type[nn.Module] | None = None,
    bands: Sequence[str] | None = None,
) -> Model:
    """Rebuild a network from its file alone.

    Parameters
    ----------
    path : of the file
    network : class that it must hold; None accepts any of ``NETWORKS``
    bands : bands of the data it is to read; None accepts any

    Raises
    ------
    InputError
        There is no such file, it is truncated or not safetensors, nightjar did not write it, its
        format or network is unknown here, its tensors do not fit its network, or it holds another
        network or other bands than asked for.
    """
    path = Path(path)
    tensors, metadata = _described(path)
    if metadata.network not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise InputError(f"{path}: network: {metadata.network!r} is none of {known}")
    if network is not None and network.__name__ != metadata.network:
        raise InputError(
            f"{path}: holds the network {metadata.network}, not {network.__name__}; run the stage "
            "that trains it, or `dvc pull`"
        )
    if bands is not None and list(bands) != metadata.bands:
        raise InputError(
            f"{path}: trained on the bands {', '.join(metadata.bands) or 'none'}, the data have "
            f"{', '.join(bands) or 'none'}; name them alike (gather_supernovae.bands or "
            "gather_variables.bands)"
        )
    try:
        rebuilt = NETWORKS[metadata.network](**metadata.settings)
        rebuilt.load_state_dict(tensors)
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        first = " ".join(str(error).split())[:300]
        raise InputError(
            f"{path}: the weights do not fit the network {metadata.network} that the file "
            f"describes: {first}"
        ) from None
    return Model(rebuilt.eval(), metadata)


def _described(path: Path) -> tuple[dict[str, Tensor], Metadata]:
    tensors, content = read(path)
    if content.get("format") != FORMAT:
        raise InputError(
            f"{path}: format: this nightjar reads version {FORMAT}, not {content.get('format')!r}; "
            "install the version that wrote the file, or train again"
        )
    try:
        return tensors, Metadata.model_validate(content)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise InputError(f"{path}: metadata is damaged at: {wrong}") from None


def write(path: Path, tensors: Mapping[str, Tensor], content: Mapping[str, Any]) -> None:
    """Write tensors and JSON to a temporary name, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    try:
        save_file(plain, temporary, {KEY: text})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and JSON of a file of `write`; see `load` for what raises an `InputError`."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; run the stage that trains it, or `dvc pull`")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        content = json.loads(text) if text is not None else None
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        raise InputError(
            f"{path}: truncated or not a safetensors file ({error}); write it again"
        ) from None
    if not isinstance(content, dict):
        raise InputError(
            f"{path}: nightjar did not write this file: its metadata has no key {KEY!r}; "
            "published weights must be imported first"
        )
    return tensors, content


def fingerprint(paths: Iterable[Path]) -> str:
    """SHA-256 of the names and contents of files and folders, as 64 hexadecimal digits.

    Absolute paths do not enter it: a queued experiment runs in another folder.
    """
    total = hashlib.sha256()
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for each in files:
            with each.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            total.update(f"{path.name}/{each.relative_to(path).as_posix()}\0{content}\n".encode())
    return total.hexdigest()
