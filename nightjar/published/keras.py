"""Keras 2 weights in HDF5 (``model.save_weights("x.h5")`` or ``model.save("x.h5")``)."""

from __future__ import annotations

import io

import h5py
import numpy as np
from numpy.typing import NDArray

from nightjar.errors import InputError


def read(content: bytes, where: str) -> dict[str, NDArray]:
    """Every array of the file under its Keras name, without the ``:0`` at its end.

    Parameters
    ----------
    content : of the file
    where : the file, for messages

    Raises
    ------
    InputError
        It is no HDF5 file, is truncated, is not of Keras 2, or lacks an array that it lists.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _arrays(file.get("model_weights", file), where)
    except InputError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{where}: truncated, or no HDF5 file of weights ({error}); fetch it again"
        ) from None


def _arrays(root: h5py.Group, where: str) -> dict[str, NDArray]:
    if "layer_names" not in root.attrs:
        raise InputError(
            f"{where}: no Keras 2 weights: the attribute 'layer_names' is missing; save them with "
            "model.save_weights('weights.h5') of Keras 2"
        )
    arrays: dict[str, NDArray] = {}
    for layer in _texts(root.attrs["layer_names"]):
        for name in _texts(root[layer].attrs["weight_names"]):
            if name not in root[layer]:
                raise InputError(f"{where}: the array {name!r} is listed, but not there")
            array = np.asarray(root[layer][name])
            if array.dtype.kind not in "fiu":
                raise InputError(f"{where}: the array {name!r} holds {array.dtype}, no numbers")
            arrays[name.removesuffix(":0")] = array
    return arrays


def _texts(values: NDArray) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
