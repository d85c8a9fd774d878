"""Bytes that a training step of Astromer 2 moves outside its products, and what a GPU makes of it.

A product reuses what it reads.  Every other operation reads its inputs from memory and writes its
outputs there, once each, unless a compiler joins it with its neighbours.  Counted are the
operations of a step on full windows under autocast to bfloat16, as a GPU would do them (fused
attention, no bias or activation within a product), on whatever machine this runs: no time is
measured.  With the peak and the memory bandwidth of a device (by default an H200's data sheet)
follows the share of the peak that a step without ``compile`` cannot exceed, were products done at
the peak and every pass at the full bandwidth.  Run as ``python -m benchmarks.traffic [--feedforward
512] [--out file.json]``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks import flops, timing
from benchmarks.attention import fused
from benchmarks.training import astromer
from nightjar.networks import attention, linear
from nightjar.tasks import total_loss

PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "scaled_dot_product")


class Traffic(TorchDispatchMode):
    """Counts in ``moved`` what every operation but products and views reads and writes, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: Counter[str] = Counter()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        if not function.is_view and not any(each in name for each in PRODUCTS):
            read = _tensors((args, kwargs))
            self.moved[name] += sum(map(_bytes, [*read, *_tensors(made)]))
        return made


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _bytes(tensor: Tensor) -> int:
    """What lies in memory of it: what was expanded is there once."""
    shown = [size for size, step in zip(tensor.shape, tensor.stride(), strict=True) if step]
    return int(np.prod(shown, dtype=np.int64)) * tensor.element_size()


def step(windows: int, feedforward: int) -> Counter[str]:
    """Bytes per window of forward and backward pass, by operation."""
    sizes = argparse.Namespace(feedforward=feedforward, batch=windows)
    case = astromer("full windows", np.full(windows, 200), sizes)
    counted = Traffic()
    with (
        mock.patch.object(attention, "attend", fused),
        mock.patch.object(linear, "_by_onednn", return_value=False),
        counted,
    ):
        with torch.autocast("cpu", torch.bfloat16):
            loss = total_loss(case.task(case.ours[0]))
        loss.backward()
    return Counter({name: count // windows for name, count in counted.moved.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--feedforward", type=int, default=1232, help="512: as released")
    parser.add_argument("--peak", type=float, default=989.0, help="TFLOP/s in bfloat16")
    parser.add_argument("--bandwidth", type=float, default=4.8, help="TB/s of memory")
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    parser.set_defaults(threads=torch.get_num_threads(), device="cpu")  # where they were counted
    given = parser.parse_args()
    moved = step(given.batch, given.feedforward)
    work = flops.training([200], dim=256, depth=6, feedforward=given.feedforward)
    passes, products = moved.total() / (given.bandwidth * 1e6), work / (given.peak * 1e6)  # us
    for name, count in moved.most_common(10):
        print(f"{name:32}{count / 1e6:10.1f} MB")
    print(f"{'all':32}{moved.total() / 1e6:10.1f} MB a window: {passes:.1f} us")
    print(f"{'products at the peak':32}{work / 1e9:10.2f} GFLOP a window: {products:.1f} us")
    bound = products / (products + passes)
    print(f"hence at most {bound:.0%} of the peak")
    timing.write(given, "traffic", {"bytes": dict(moved), "flop": work, "bound": bound})


if __name__ == "__main__":
    main()
