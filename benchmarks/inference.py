"""Embedding windows with Astromer 2: times the naive way, and share of the machine's limit.

In turn in one process, without gradients, the same network on the same windows, mean over time of
the last block:

float32    what `nightjar.embedding.Encoder` does: the form of attention that is fastest there,
           freed memory kept, float32 products by oneDNN where that is exact and pays, windows of
           similar length together;
bfloat16   the same under autocast, where the hardware has it; the largest difference is printed;
naive      torch's own transformer layers (`benchmarks.naive`) in eager float32, windows in the
           order of their stars, every one padded to 200.

The limits are large matrix products in either precision; the share counts the FLOPs of observed
points (`benchmarks.flops`).  Times as in `benchmarks.training`.  Run as ``python -m
benchmarks.inference [--threads 2] [--photometry stars.parquet] [--out file.json]``.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from benchmarks import flops, made_up, timing
from benchmarks.naive import naive
from benchmarks.timing import Way
from nightjar import batching
from nightjar.batching import Batch
from nightjar.networks import Astromer
from nightjar.networks.astromer import NAMED
from nightjar.params import Training
from nightjar.tasks import sequence
from nightjar.training import hardware

LIMIT = "limit of "


def run(network: Astromer, batches: Sequence[Batch], dtype: torch.dtype | None = None) -> Tensor:
    """Embeddings of a pass, (windows, dim) on the processor, under autocast to ``dtype``."""
    device = next(network.parameters()).device
    mixed = torch.autocast(device.type, dtype) if dtype else contextlib.nullcontext()
    with torch.inference_mode(), mixed:
        ready = (batch.to(device) for batch in batches)
        found = [network.embed_layer(*sequence(batch), -1).float() for batch in ready]
        return torch.cat([part.cpu() for part in found])


def ways(points: np.ndarray, given: argparse.Namespace, settings: Training) -> dict[str, Way]:
    """Both of ours, the naive one, and a limit for each precision."""
    device = torch.device(hardware.accelerator(settings.device))
    torch.manual_seed(0)
    sizes = {**NAMED["astromer2"], "feedforward": given.feedforward}
    network = Astromer(**sizes).to(device).eval()
    plain, rows = naive(network).eval(), np.arange(len(points))
    ours, padded = (
        list(batching.evaluation(made_up.windows(points, full=full), order, given.batch, seed=0)())
        for full, order in ((False, np.argsort(points, kind="stable")), (True, rows))
    )
    precisions: dict[str, torch.dtype | None] = {"float32": None}
    if timing.dtype_of(settings) == torch.bfloat16:
        precisions["bfloat16"] = torch.bfloat16
    found = {
        "naive": Way(
            lambda: timing.untouched(settings.threads),
            _pass(plain, padded, None),
            _pass(plain, padded[:1], None),
        )
    }
    for name, dtype in precisions.items():
        found[name] = Way(
            _prepared(settings),
            _pass(network, ours, dtype),
            _pass(network, ours[-1:], dtype),  # in order of length: the largest
        )
        found[LIMIT + name] = Way(lambda: None, timing.matmul(device, dtype or torch.float32)[0])
    return found


def _prepared(settings: Training) -> Callable[[], None]:
    return lambda: hardware.prepare(settings)


def _pass(
    network: Astromer, batches: Sequence[Batch], dtype: torch.dtype | None
) -> Callable[[], Tensor]:
    return lambda: run(network, batches, dtype)


def measure(points: np.ndarray, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """A row per way: windows per second, times the naive way, GFLOP/s, share of its limit."""
    settings = timing.settings(given.threads, given.device)
    device = torch.device(hardware.accelerator(given.device))
    flop = flops.forward(points, dim=256, depth=6, feedforward=given.feedforward)
    work = timing.matmul(device, torch.float32)[1]
    turns = ways(points, given, settings)
    seconds = timing.alternate(turns, given.repeats, given.threads, device)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    rows = {}
    for name in [name for name in middle if not name.startswith(LIMIT)]:
        limit = work / middle[LIMIT + ("float32" if name == "naive" else name)]
        rows[name] = {
            "per_second": len(points) / middle[name],
            "times_naive": timing.ratio(seconds["naive"], seconds[name]),
            "gflops": flop / middle[name] / 1e9,
            "share_of_limit": flop / middle[name] / limit,
        }
    if "bfloat16" in turns:
        exact, mixed = (cast(Tensor, turns[name].run()) for name in ("float32", "bfloat16"))
        rows["bfloat16"]["largest_difference"] = float((mixed - exact).abs().max() / exact.std())
    return rows


def main() -> None:
    parser = timing.parser(__doc__.splitlines()[0], 64, 8, "in a pass")
    given = parser.parse_args()
    count = given.batch * given.batches
    samples = {
        "full windows": np.full(count, made_up.WINDOW),
        "real lengths": made_up.lengths(given.photometry, count),
    }
    results = {}
    for sample, points in samples.items():
        results[sample] = measure(points, given)
        print(f"\n{sample}: mean {points.mean():.0f} points, batch {given.batch}")
        print(f"{'':12}{'windows/s':>12}{'ratio':>8}{'GFLOP/s':>10}{'of limit':>10}")
        for name, row in results[sample].items():
            print(
                f"{name:12}{row['per_second']:12.1f}{row['times_naive']:8.2f}"
                f"{row['gflops']:10.0f}{row['share_of_limit']:10.0%}"
            )
        if "bfloat16" in results[sample]:
            worst = results[sample]["bfloat16"]["largest_difference"]
            print(f"bfloat16 differs by at most {worst:.1%} of the embeddings' standard deviation")
    timing.write(given, "inference", results)


if __name__ == "__main__":
    main()
