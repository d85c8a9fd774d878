"""What each part of the fast path brings: training of Astromer 2 without one of them, in turn.

float32    no bfloat16, products by oneDNN where that is exact; and plain: by what torch takes
memory     freed memory goes back to the kernel
optimiser  AdamW as a loop over parameters, not fused
batches    windows of all lengths together, not of similar ones
attention  written out, with PyTorch's softmax
reading    every point attended to and read, needed or not

Windows are as long as stars have points; times as in `benchmarks.training`; above 1 a part pays.
Run as ``python -m benchmarks.parts [--threads 2] [--photometry stars.parquet] [--out file.json]``.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import made_up, timing
from benchmarks.timing import Way
from benchmarks.training import Case, our_way
from benchmarks.training import astromer as case_of
from nightjar import batching
from nightjar.networks import attention
from nightjar.params import Training
from nightjar.training import hardware


def without(
    case: Case, points: NDArray[np.int64], batch: int, settings: Training
) -> dict[str, Way]:
    """Our way, and our way without each part; every one trains a network of its own."""

    def way(
        settings: Training = settings,
        fused: bool = True,
        batches: Sequence[Any] = case.ours,
        attend: Callable[..., Any] = attention.attend,
    ) -> Way:
        own = case._replace(task=copy.deepcopy(case.task), ours=batches)
        made = our_way(own, settings, fused)

        def with_these(run: Callable[[], object]) -> None:
            with mock.patch.object(attention, "attend", attend):
                run()

        return Way(made.prepare, lambda: with_these(made.run), lambda: with_these(made.warm))

    single = settings.model_copy(update={"precision": "32-true"})
    data = made_up.windows(points, full=False)
    # a pass of evaluation keeps the order of the windows, whose lengths were drawn
    mixed = list(batching.evaluation(data, np.arange(len(points)), batch, seed=0)())
    ours, exact, without_memory = way(), way(single), way()

    def returned() -> None:
        ours.prepare()
        timing.return_freed_memory()

    def plain() -> None:
        exact.prepare()
        torch.set_float32_matmul_precision("highest")

    return {
        "all of it": ours,
        "float32": exact,
        "float32, plain": Way(plain, exact.run, exact.warm),
        "memory": Way(returned, without_memory.run, without_memory.warm),
        "optimiser": way(fused=False),
        "batches": way(batches=mixed),
        "attention": way(attend=attention.written_out),
        "reading": way(batches=[dataclasses.replace(one, extent=None) for one in case.ours]),
    }


def main() -> None:
    parser = timing.parser(__doc__.splitlines()[0], 32, 16, "in a pass")
    given = parser.parse_args()
    settings = timing.settings(given.threads, given.device)
    points = made_up.lengths(given.photometry, given.batch * given.batches)
    case = case_of("real lengths", points, given)
    device = torch.device(hardware.accelerator(given.device))
    ways = without(case, points, given.batch, settings)
    seconds = timing.alternate(ways, given.repeats, given.threads, device)
    print(f"{'without':20}{'times as slow':>14}")
    rows = {name: timing.ratio(found, seconds["all of it"]) for name, found in seconds.items()}
    for name, times in rows.items():
        print(f"{name:20}{times:14.2f}")
    timing.write(given, "without", rows)


if __name__ == "__main__":
    main()
