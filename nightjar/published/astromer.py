"""The authors' Astromer weights as a network of nightjar (arXiv:2205.01677, arXiv:2502.02717).

Both formats come down to the variables of the authors' objects: ``inp_transform``, per block
``mha/{wq,wk,wv,dense}``, ``ffn/layer_with_weights-{0,1}``, ``layernorm{1,2}`` and in Astromer 2
``reshape_leak_{1,2}``, then ``bn_0`` and ``reg_layer``.  A TensorFlow checkpoint has these names;
in Keras's HDF5 only the kind of a layer and the order of creation tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nightjar.errors import InputError
from nightjar.networks import Astromer
from nightjar.networks.astromer import NAMED

Arrays = Mapping[str, NDArray]

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_MODEL = re.compile(r"(?:^|/)((?:inp_transform|enc_layers/\d+|bn_0|reg_layer)/.+)$")
_NO_WEIGHTS = re.compile(
    r"^(?:optimizer|save_counter|keras_api|_CHECKPOINTABLE)|/\.OPTIMIZER_SLOT/"
)

# ours -> theirs, in a block
_LINEAR = {
    "attention.query": "mha/wq",
    "attention.key": "mha/wk",
    "attention.value": "mha/wv",
    "attention.output": "mha/dense",
    "feedforward.0": "ffn/layer_with_weights-0",
    "feedforward.2": "ffn/layer_with_weights-1",
}
_LEAKS = {"attention_skip": "reshape_leak_1", "feedforward_skip": "reshape_leak_2"}
_NORMS = {"attention_norm": "layernorm1", "feedforward_norm": "layernorm2"}


# --- names ----------------------------------------------------------------------------------------


def from_checkpoint(arrays: Arrays, where: str) -> dict[str, NDArray]:
    """Variables of a TensorFlow checkpoint under the names above.

    Raises
    ------
    InputError
        A variable is none of Astromer's, or is there twice.
    """
    found: dict[str, NDArray] = {}
    for name, array in arrays.items():
        if _NO_WEIGHTS.search(name):
            continue
        known = _MODEL.search(name.removesuffix(_VALUE))
        if known is None:
            raise InputError(f"{where}: variable {name!r} is none of Astromer's encoder and head")
        if known[1] in found:
            raise InputError(
                f"{where}: two variables are {known[1]!r}; give one model's checkpoint"
            )
        found[known[1]] = array
    return found


def from_keras(arrays: Arrays, where: str) -> dict[str, NDArray]:
    """Arrays of a Keras file under the names above.

    Keras numbers layers of one kind in the order of their creation (``dense``, ``dense_1``, ...),
    and the authors create them block by block.

    Raises
    ------
    InputError
        A layer is of no known kind, or the layers of a kind do not go evenly into the blocks.
    """
    layers: dict[str, dict[str, NDArray]] = {}
    for name, array in arrays.items():
        layer, _, variable = name.rpartition("/")
        layers.setdefault(layer, {})[variable] = array
    kinds: dict[str, list[str]] = {}
    for layer in sorted(layers, key=_creation):
        kinds.setdefault(_kind(layer, layers[layer], where), []).append(layer)
    depth = len(kinds.get("mha/wq", []))
    names = {
        layer: name
        for kind, members in kinds.items()
        for layer, name in zip(members, _places(kind, len(members), depth, where), strict=True)
    }
    return {
        f"{names[layer]}/{variable}": array
        for layer, variables in layers.items()
        for variable, array in variables.items()
    }


_ATTENTION = {
    "WQ": "mha/wq", "WK": "mha/wk", "WV": "mha/wv", "MixerDense": "mha/dense",
    "attmerge": "mha/dense",
}  # fmt: skip
_IN_BLOCK = {  # kind -> its layers in a block, in the order of creation
    "ffn": ("ffn/layer_with_weights-0", "ffn/layer_with_weights-1"),
    "layernorm": ("layernorm1", "layernorm2"),
    "reshape_leak": ("reshape_leak_1", "reshape_leak_2"),
    **{name: (name,) for name in _ATTENTION.values()},
}


def _kind(layer: str, variables: Mapping[str, NDArray], where: str) -> str:
    *parents, last = layer.split("/")
    if last in _ATTENTION:
        return _ATTENTION[last]
    in_head = any(parent.startswith("regression") for parent in parents)
    if "gamma" in variables:
        return "bn_0" if in_head else "layernorm"
    if in_head and "kernel" in variables:
        return "reg_layer"
    if variables.get("kernel", np.empty(0)).ndim == 2:
        if len(variables["kernel"]) == 1:  # of a single magnitude
            return "inp_transform"
        in_block = any(re.match(r"(?:encoder|att)_layer", parent) for parent in parents)
        in_feedforward = any(parent.startswith("sequential") for parent in parents)
        return "reshape_leak" if in_block and not in_feedforward else "ffn"
    raise InputError(f"{where}: layer {layer!r} with {', '.join(variables)} is none of Astromer's")


def _creation(layer: str) -> list[tuple[str, int]]:
    """Sorts ``dense`` before ``dense_1``, and ``dense_2`` before ``dense_10``."""
    parts = [re.fullmatch(r"(.*?)(?:_(\d+))?", part) for part in layer.split("/")]
    return [(part[1], int(part[2] or 0)) for part in parts if part]


def _places(kind: str, count: int, depth: int, where: str) -> list[str]:
    """Name of each layer of a kind."""
    if kind not in _IN_BLOCK:
        if count > 1:
            raise InputError(f"{where}: {count} layers could be {kind!r}; give one model's weights")
        return [kind]
    members = _IN_BLOCK[kind]
    if count != depth * len(members):
        raise InputError(
            f"{where}: {count} layers of the kind {kind!r} in {depth} blocks; Astromer has "
            f"{len(members)} in each"
        )
    return [f"enc_layers/{block}/{name}" for block in range(depth) for name in members]


# --- the network ----------------------------------------------------------------------------------


def settings_of(
    arrays: Arrays, where: str, name: str | None = None, heads: int | None = None
) -> dict[str, Any]:
    """Settings of the network that the variables belong to; sizes come from their shapes.

    Parameters
    ----------
    arrays : of `from_checkpoint` or `from_keras`
    where : the file, for messages
    name : of `networks.astromer.NAMED`; None takes ``astromer2_released`` where there are learned
        skips, else ``astromer1``
    heads : None takes those of the named settings

    Raises
    ------
    InputError
        A variable that tells a size is missing or has no such dimension, or the named network has
        other skips than the file.
    """
    kernel = "enc_layers/0/ffn/layer_with_weights-0/kernel"
    for each in ("inp_transform/kernel", kernel):
        if each not in arrays or arrays[each].ndim != 2:
            raise InputError(f"{where}: no variable {each!r} with two dimensions")
    skip = "learned" if any("reshape_leak" in each for each in arrays) else "none"
    name = name or ("astromer1" if skip == "none" else "astromer2_released")
    if NAMED[name]["skip"] != skip:
        raise InputError(
            f"{where}: its skips are {skip!r}, those of {name} {NAMED[name]['skip']!r}"
        )
    blocks = sorted({int(each.split("/")[1]) for each in arrays if each.startswith("enc_layers/")})
    if blocks != list(range(len(blocks))):
        listed = ", ".join(map(str, blocks))
        raise InputError(f"{where}: it has the blocks {listed}: one between is missing")
    sizes = {
        "dim": arrays["inp_transform/kernel"].shape[1],
        "depth": len(blocks),
        "feedforward": arrays[kernel].shape[1],
        "heads": heads or NAMED[name]["heads"],
    }
    if sizes["dim"] % sizes["heads"] or sizes["dim"] % 2:
        raise InputError(
            f"{where}: a width of {sizes['dim']} is odd, or no multiple of {sizes['heads']} heads"
        )
    return {**NAMED[name], **sizes}


def network(arrays: Arrays, settings: Mapping[str, Any], where: str) -> Astromer:
    """The network with the authors' weights, in eval mode.

    Raises
    ------
    InputError
        A variable is missing, has another shape than the settings ask for, is not finite, or has
        no place in the network.
    """
    built = Astromer(**settings)
    expected = built.state_dict()
    state, used = {}, set()
    for ours, theirs in names(settings["depth"], settings["skip"]).items():
        state[ours] = _tensor(arrays, theirs, expected[ours], where)
        used.add(theirs)
    if built.mask_token is not None:  # the authors' graph has none: 0 is its initial value
        state["mask_token"] = expected["mask_token"]
    unused = sorted(set(arrays) - used)
    if unused:
        raise InputError(f"{where}: variable {unused[0]!r} has no place in the network")
    built.load_state_dict(state)
    return built.eval()


def names(depth: int, skip: str) -> dict[str, str]:
    """Our name of every weight -> theirs."""
    linear = {"value_embedding": "inp_transform", "head.1": "reg_layer"}
    norms = {"head.0": "bn_0"}
    in_block = _LINEAR | (_LEAKS if skip == "learned" else {})
    for block in range(depth):
        ours, theirs = f"blocks.{block}.", f"enc_layers/{block}/"
        linear |= {ours + key: theirs + name for key, name in in_block.items()}
        norms |= {ours + key: theirs + name for key, name in _NORMS.items()}
    return {
        f"{ours}.{mine}": f"{theirs}/{yours}"
        for layers, weight in ((linear, "kernel"), (norms, "gamma"))
        for ours, theirs in layers.items()
        for mine, yours in (("weight", weight), ("bias", "bias" if weight == "kernel" else "beta"))
    }


def _tensor(arrays: Arrays, name: str, expected: Tensor, where: str) -> Tensor:
    if name not in arrays:
        raise InputError(f"{where}: no variable {name!r}; the file is not complete")
    # kernels are (in, out), those of torch (out, in); the input's has a single row
    array = np.asarray(arrays[name], dtype=np.float32).T
    if array.shape != tuple(expected.shape):
        theirs = tuple(reversed(expected.shape))
        raise InputError(
            f"{where}: variable {name!r} has the shape {arrays[name].shape}, expected {theirs}"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{where}: variable {name!r} holds numbers that are not finite")
    return torch.from_numpy(np.array(array, order="C"))
