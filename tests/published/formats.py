"""Writers of the authors' formats, as small as they can be, and tiny networks to write."""

import struct
from pathlib import Path

import h5py
import numpy as np
import torch

from nightjar.networks import Astromer
from nightjar.networks.astromer import NAMED
from nightjar.published import astromer
from nightjar.published.wire import masked_crc

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def tiny(name: str = "astromer1", **changes) -> Astromer:
    """A network of the named kind with every number different from its initial value."""
    sizes = {"dim": 8, "depth": 2, "heads": 4, "feedforward": 6}
    torch.manual_seed(3)
    network = Astromer(**{**NAMED[name], **sizes, **changes}).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


def variables(network: Astromer) -> dict[str, np.ndarray]:
    """The authors' variables of a network: kernels are (in, out)."""
    state = network.state_dict()
    pairs = astromer.names(network.settings["depth"], network.settings["skip"])
    return {theirs: state[ours].numpy().T.copy() for ours, theirs in pairs.items()}


# --- TensorFlow -----------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    """A field of a protocol buffer; like TensorFlow's, 0 is left out."""
    return varint(field << 3) + varint(value) if value else b""


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def entry(array: np.ndarray, offset: int, **changes) -> bytes:
    """A BundleEntryProto."""
    shape = b"".join(message(2, number(1, size)) for size in array.shape)
    crc = changes.get("crc", masked_crc(array.tobytes()))
    return (
        number(1, changes.get("dtype", {"<f4": 1, "<f8": 2}[array.dtype.str]))
        + message(2, changes.get("shape", shape))
        + number(4, offset)
        + number(5, changes.get("size", array.nbytes))
        + varint(6 << 3 | 5)
        + struct.pack("<I", crc)
        + changes.get("more", b"")
    )


def block(entries: list[tuple[bytes, bytes]], restart: int = 16) -> bytes:
    """Sorted entries, each key without what it shares with the one before."""
    out, restarts, last = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % restart == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        last = key
    restarts = restarts or [0]
    return out + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def table(entries: dict[bytes, bytes], per_block: int = 10, kind: int = 0) -> bytes:
    """An SSTable of several blocks."""
    out, index = b"", []

    def add(content: bytes) -> bytes:
        nonlocal out
        handle = varint(len(out)) + varint(len(content))
        stored = content + bytes([kind])
        out += stored + struct.pack("<I", masked_crc(stored))
        return handle

    ordered = sorted(entries.items())
    for start in range(0, len(ordered), per_block):
        part = ordered[start : start + per_block]
        index.append((part[-1][0], add(block(part))))
    footer = add(block([])) + add(block(index, restart=1))
    return out + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def checkpoint(
    folder: Path, arrays: dict[str, np.ndarray], *, header: bytes | None = None, **changes
) -> Path:
    """Write ``weights.index`` and its data file; ``changes`` go to the entry of ``changed``."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = changes.pop("changed", None)
    data, entries = b"", {b"": number(1, 1) if header is None else header}
    for name, array in arrays.items():
        key = name if name.startswith("_") else f"layer_with_weights-0/{name}{VALUE}"
        mine = changes if name == changed else {}
        entries[key.encode()] = entry(array, len(data), **mine)
        data += array.tobytes()
    graph = np.frombuffer(b"\x03abc", np.uint8)
    entries[b"_CHECKPOINTABLE_OBJECT_GRAPH"] = number(1, 7) + number(4, len(data)) + number(5, 4)
    (folder / "weights.index").write_bytes(table(entries))
    (folder / "weights.data-00000-of-00001").write_bytes(data + graph.tobytes())
    return folder


# --- Keras ----------------------------------------------------------------------------------------


def keras_names(depth: int, skip: str) -> dict[str, str]:
    """The authors' variables -> names in a Keras file; those of Astromer 1 or 2 by the skips."""
    if skip == "none":
        start, block_name, mixer = "encoder/encoder", "encoder/encoder/encoder_layer", "MixerDense"
        attention, head, norm = "multi_head_attention", "regression/regression", "RegLayer"
    else:
        start, block_name, mixer = "encoder", "encoder/att_layer", "attmerge"
        attention, head, norm = "head_attention_multi", "regression", "reconstruction"
    one = skip == "none"
    dense = 1 if one else 0  # in Astromer 1 `dense` is the input's

    def nth(name: str, i: int) -> str:
        return f"{name}_{i}" if i else name

    layers = {"inp_transform": f"{start}/{'dense' if one else 'inp_transform'}"}
    for i in range(depth):
        theirs = f"enc_layers/{i}/"
        mine = nth(block_name, i) if one else f"{block_name}_{i}"
        for ours, weight in zip("qkv", ("WQ", "WK", "WV"), strict=True):
            layers[f"{theirs}mha/w{ours}"] = f"{mine}/{nth(attention, i)}/{weight}"
        layers[f"{theirs}mha/dense"] = f"{mine}/{nth(attention, i)}/{mixer}"
        for j in range(2):
            prefix = "encoder/" if one else ""
            layers[f"{theirs}ffn/layer_with_weights-{j}"] = prefix + nth("dense", dense + j)
            layers[f"{theirs}layernorm{j + 1}"] = f"{mine}/{nth('layer_normalization', 2 * i + j)}"
            layers[f"{theirs}reshape_leak_{j + 1}"] = f"{mine}/{nth('dense', dense + 2 + j)}"
        dense += 2 if one else 4
    layers["bn_0"] = f"{head}/{nth('layer_normalization', 2 * depth)}"
    layers["reg_layer"] = f"{head}/{norm}"
    return layers


def keras(path: Path, names: dict[str, np.ndarray], root: str = "/") -> Path:
    """Write arrays under Keras names, in two layers as the authors' model has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        top = file.require_group(root)
        groups = {"encoder": [], "regression": [], "mask": []}
        for name, array in names.items():
            group = "regression" if name.startswith("regression") else "encoder"
            groups[group].append(f"{name}:0")
            top.require_group(group)[f"{name}:0"] = array
        top.attrs["layer_names"] = [group.encode() for group in groups]
        for group, weights in groups.items():
            listed = np.array([each.encode() for each in weights], dtype="S")
            top.require_group(group).attrs["weight_names"] = listed
    return path


def keras_of(network: Astromer) -> dict[str, np.ndarray]:
    """Arrays of a network under Keras names."""
    names = keras_names(network.settings["depth"], network.settings["skip"])
    arrays = variables(network)
    return {
        f"{names[theirs.rpartition('/')[0]]}/{theirs.rpartition('/')[2]}": array
        for theirs, array in arrays.items()
    }
