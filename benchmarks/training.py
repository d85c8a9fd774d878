"""Training steps of Astromer 2 and Maven: times the naive way, and share of the machine's limit.

Two ways train the same network on the same windows or pairs, in turn in one process:

ours    `nightjar.training.loop`: the form of attention that is fastest there, only what the loss
        reads, bfloat16 where the hardware has it, fused AdamW, freed memory kept, batches of
        similar length;
naive   torch's own transformer layers (`benchmarks.naive`) in eager float32, a plain loop, AdamW as
        it comes, every window padded to 200.

Four cases: Astromer 2 on full windows and on windows as long as stars have points, Maven on pairs
of a light curve of 200 points and a spectrum of 220 or 1024 bins.  The limit is a large matrix
product in the precision of ours; the share counts the FLOPs of observed points
(`benchmarks.flops`), hence padding as lost.  A pass is a few batches that lie ready in memory, and
before it, in either way, the largest of them goes unmeasured; times are medians, the ratio is the
median over pairs of neighbouring passes.  With ``--threads 1`` they are of the processor, so that
other programs change little.  Run as ``python -m benchmarks.training [--threads 2] [--photometry
stars.parquet] [--out file.json]``.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from benchmarks import flops, made_up, timing
from benchmarks.naive import naive
from benchmarks.timing import Way
from nightjar import batching
from nightjar.batching import Batch, Pair
from nightjar.networks import Astromer, Maven
from nightjar.networks.astromer import NAMED as ASTROMER
from nightjar.networks.maven import NAMED as MAVEN
from nightjar.params import Training
from nightjar.tasks import AstromerTask, MavenTask, Task, total_loss
from nightjar.training import hardware, loop
from nightjar.training import optimizer as optimizers
from nightjar.training.compilation import compile_blocks

BINS = (220, 1024)


class Case(NamedTuple):
    """What is trained: a task, the batches of a pass our way and the naive way, FLOPs, objects."""

    name: str
    task: Task
    ours: Sequence[Any]
    naive: Sequence[Any]
    flop: float
    objects: int


def cases(given: argparse.Namespace) -> Iterator[Case]:
    count = given.batches * given.batch
    full = np.full(count, made_up.WINDOW)
    real = made_up.lengths(given.photometry, count)
    for name, points in (("full windows", full), ("real lengths", real)):
        yield astromer(f"Astromer 2, {name}", points, given)
    for bins in given.bins:
        yield maven(bins, given)


def astromer(name: str, points: np.ndarray, given: argparse.Namespace) -> Case:
    sizes = {**ASTROMER["astromer2"], "feedforward": given.feedforward}
    torch.manual_seed(0)
    rows, task = np.arange(len(points)), AstromerTask(Astromer(**sizes))
    ours, theirs = (
        list(batching.training(made_up.windows(points, full=full), rows, given.batch, seed=0)(0))
        for full in (False, True)
    )
    flop = flops.training(points, **{key: sizes[key] for key in ("dim", "depth", "feedforward")})
    return Case(name, task, ours, theirs, flop, len(points))


def maven(bins: int, given: argparse.Namespace) -> Case:
    torch.manual_seed(0)
    count, sizes = max(given.batches // 4, 1) * given.batch, MAVEN["maven"]
    data = made_up.pairs(count, bins)
    batches = list(batching.training(data, np.arange(count), given.batch, seed=0)(0))
    flop = 0.0
    for part, length in (("light_curve", made_up.WINDOW), ("spectrum", bins)):
        dim, depth = sizes[part]["dim"], sizes[part]["depth"]
        flop += count * flops.training([length], dim=dim, depth=depth, feedforward=4 * dim)
    name = f"Maven, {made_up.WINDOW} points and {bins} bins"
    return Case(name, MavenTask(Maven(**sizes)), batches, batches, flop, count)


# --- the two ways ---------------------------------------------------------------------------------


def our_way(case: Case, settings: Training, fused: bool = True) -> Way:
    hardware.prepare(settings)
    if settings.compile:
        compile_blocks(case.task)
    fabric = hardware.fabric(settings)
    optimizer = optimizers.build(case.task.network, settings, fused=fused)
    module, wrapped = fabric.setup(case.task, optimizer)
    bar, largest = tqdm(disable=True), [max(case.ours, key=padded)]
    return Way(
        lambda: hardware.prepare(settings),
        lambda: loop.train_epoch(fabric, module, wrapped, case.ours, settings, 0, 1, bar),
        lambda: loop.train_epoch(fabric, module, wrapped, largest, settings, 0, 1, bar),
    )


def naive_way(case: Case, settings: Training, device: torch.device) -> Way:
    task = naive(case.task).to(device).train()
    optimizer = torch.optim.AdamW(task.parameters(), lr=settings.lr)
    return Way(
        lambda: timing.untouched(settings.threads),
        _steps(task, optimizer, case.naive),
        _steps(task, optimizer, [max(case.naive, key=padded)]),
    )


def _steps(task: Task, optimizer: torch.optim.Optimizer, batches: Sequence[Any]) -> Callable:
    def run() -> None:
        for batch in batches:
            optimizer.zero_grad()
            loss = total_loss(task(batch.to(task.device)))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
            optimizer.step()

    return run


def padded(batch: Batch | Pair) -> int:
    """Points of a batch with its padding: what it needs of memory."""
    parts = batch if isinstance(batch, Pair) else (batch,)
    return sum(part.valid.numel() for part in parts)


# --- measuring ------------------------------------------------------------------------------------


def measure(case: Case, settings: Training, repeats: int) -> dict[str, float]:
    """Objects per second of both ways, their ratio, GFLOP/s, and share of the limit."""
    device = torch.device(hardware.accelerator(settings.device))
    product, work = timing.matmul(device, timing.dtype_of(settings))
    ways = {
        "naive": naive_way(case, settings, device),
        "ours": our_way(case, settings),
        "limit": Way(lambda: None, product),
    }
    seconds = timing.alternate(ways, repeats, settings.threads, device)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    limit, ours = work / middle["limit"], case.flop / middle["ours"]
    return {
        "naive_per_second": case.objects / middle["naive"],
        "ours_per_second": case.objects / middle["ours"],
        "times_naive": timing.ratio(seconds["naive"], seconds["ours"]),
        "gflops": ours / 1e9,
        "limit_gflops": limit / 1e9,
        "share_of_limit": ours / limit,
    }


def main() -> None:
    parser = timing.parser(__doc__.splitlines()[0], 32, 16, "in a pass; Maven: a quarter")
    parser.add_argument("--bins", type=int, nargs="*", default=BINS, help="of Maven's spectra")
    parser.add_argument("--compile", action="store_true", help="our blocks by torch.compile")
    given = parser.parse_args()
    settings = timing.settings(given.threads, given.device, given.compile)
    print(f"batch {given.batch}, {given.threads} threads, {timing.dtype_of(settings)}\n")
    print(f"{'per second':36}{'naive':>10}{'ours':>10}{'ratio':>8}{'GFLOP/s':>10}{'of limit':>10}")
    rows = {}
    for case in cases(given):
        row = rows[case.name] = measure(case, settings, given.repeats)
        print(
            f"{case.name:36}{row['naive_per_second']:10.1f}{row['ours_per_second']:10.1f}"
            f"{row['times_naive']:8.2f}{row['gflops']:10.0f}{row['share_of_limit']:10.0%}",
            flush=True,
        )
    timing.write(given, "training", rows)


if __name__ == "__main__":
    main()
