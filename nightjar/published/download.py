"""From the authors' download to a model of nightjar: weights and model card in a folder."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nightjar import weights
from nightjar.errors import InputError
from nightjar.params import WindowLightCurves
from nightjar.published import astromer, files, keras, tensorflow
from nightjar.report import cards

_SHARD = re.compile(r"\.data-(\d{5})-of-\d{5}$")
_CONFIGS = ("conf.json", "config.toml")  # Astromer 1, 2
_ENDINGS = (".index", ".data-", ".h5", ".hdf5", *_CONFIGS)


@dataclass(frozen=True)
class Download:
    """What a download holds.

    Attributes
    ----------
    arrays : variables under the names of `published.astromer`
    config : of the authors' training, as it lies beside the weights; empty without one
    where : the file of the weights, for messages
    digest : SHA-256 of the files that the arrays came from
    """

    arrays: dict[str, NDArray]
    config: Mapping[str, Any]
    where: str
    digest: str


def read(path: str | Path) -> Download:
    """Read the authors' weights, whichever of their formats they are in.

    Parameters
    ----------
    path : zip as downloaded, folder, or a single HDF5 file

    Raises
    ------
    InputError
        There are no weights, or those of several models, or they are damaged or not Astromer's.
    """
    content = files.read(path, _ENDINGS)
    found = [name for name in content if Path(name).suffix in (".index", ".h5", ".hdf5")]
    if len(found) != 1:
        names = ", ".join(sorted(found)) or "none"
        raise InputError(
            f"{path}: expected the weights of one model, a TensorFlow checkpoint (.index and "
            f".data-...) or a Keras file (.h5), found {names}"
        )
    name = found[0]
    where = str(path) if Path(path).name == name else f"{path}: {name}"
    parts = [name, *_shards(content, name).values()]
    if name.endswith(".index"):
        shards = {number: content[shard] for number, shard in _shards(content, name).items()}
        arrays = tensorflow.read(content[name], shards, where)
        arrays = astromer.from_checkpoint(arrays, where)
    else:
        arrays = astromer.from_keras(keras.read(content[name], where), where)
    digest = hashlib.sha256(b"".join(content[part] for part in parts)).hexdigest()
    return Download(arrays, _config(content, str(path)), where, digest)


def _shards(content: Mapping[str, bytes], index: str) -> dict[int, str]:
    """Number -> name of the data files of a checkpoint."""
    stem = index.removesuffix(".index")
    known = {name: _SHARD.search(name) for name in sorted(content)}
    return {int(m[1]): name for name, m in known.items() if m and name[: m.start()] == stem}


def _config(content: Mapping[str, bytes], where: str) -> dict[str, Any]:
    for name, text in content.items():
        if Path(name).name in _CONFIGS:
            try:
                read = json.loads if name.endswith(".json") else tomllib.loads
                config = read(text.decode())
            except ValueError as error:  # of JSON, of TOML and of UTF-8
                raise InputError(f"{where}: {name} is damaged ({error}); fetch it again") from None
            return config if isinstance(config, dict) else {}
    return {}


def write(
    path: str | Path, out: str | Path, *, name: str | None = None, base: float | None = None
) -> weights.Model:
    """Convert a download to ``out/weights.safetensors`` and ``out/MODEL_CARD.md``.

    Parameters
    ----------
    path : as in `read`
    out : folder of the model
    name : of `networks.astromer.NAMED`, see `astromer.settings_of`
    base : of the time encoding; None takes 10000, which the authors' code uses whatever their
        configuration says (only the 2023 retrainings macho_1 and macho_1c use 1000)

    Returns
    -------
    the model as it is read back

    Raises
    ------
    InputError
        As in `read`; the arrays do not fit the network; there is already a model in ``out``; the
        base is no number above 1.
    """
    if base is not None and not 1 < base < math.inf:
        raise InputError(f"base: {base}: give a number above 1, such as 1000 or 10000")
    target = Path(out) / "weights.safetensors"
    if target.exists():
        raise InputError(f"{target}: there is a model already; give another folder, or remove it")
    download = read(path)
    settings = astromer.settings_of(
        download.arrays, download.where, name, _whole(download, "heads", "num_heads")
    )
    if base is not None:
        settings["base"] = base
    network = astromer.network(download.arrays, settings, download.where)
    window = _whole(download, "max_obs", "window_size") or 200
    weights.save(
        target,
        network,
        # what our own training cuts; the authors keep errors below 1 mag, too
        preprocessing=WindowLightCurves(
            points_per_band=window, window=window, error_max=1.0, min_snr=3.0
        ).model_dump(),
        sample="",
        notes=_notes(download, Path(path).name, settings["base"]),
    )
    cards.write(target, target.with_name("MODEL_CARD.md"))
    return weights.load(target)


def _whole(download: Download, *keys: str) -> int | None:
    """The first of the keys that the configuration has."""
    for key in keys:
        if key in download.config:
            value = download.config[key]
            if type(value) is not int or value < 1:
                raise InputError(f"{download.where}: configuration: {key}: {value!r} is no count")
            return value
    return None


def _notes(download: Download, name: str, base: float) -> dict[str, str]:
    notes = {
        "imported from": f"{name}, SHA-256 of the weights {download.digest}",
        "authors": "C. Donoso-Oliva et al.; these weights are theirs, nightjar only converts them",
    }
    said = download.config.get("base", download.config.get("pe_base", base))
    if said != base:
        notes["time encoding"] = (
            f"base {base:g}, though the configuration says {said}: the authors' code does not pass "
            "that number on"
        )
    if download.config:
        text = json.dumps(download.config, sort_keys=True, default=str)
        notes["configuration of the authors' training"] = text
    return notes
