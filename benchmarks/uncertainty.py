"""What it costs to be told how sure a classifier is: T stochastic passes over a deterministic one.

For every method and number of sampled blocks, the time of T samples of a batch of windows over that
of one deterministic pass, in float32 without gradients:

at once   ``AstromerClassifier(..., samples=k)``, as the pipeline samples: what precedes the first
          noise (the input embedding at least) is computed once for k samples;
loop      T passes of one sample each, in the same network.

The network is a preset's (``--preset laptop``); every window is full.  On a processor, times are of
its own (one thread), so that another program on the machine changes little; on a GPU, wall-clock.
Run as ``python -m benchmarks.uncertainty [--device gpu] [--out file.json]``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import timing
from nightjar import params
from nightjar.networks import AstromerClassifier
from nightjar.training import hardware

Inputs = tuple[Tensor, Tensor, Tensor, Tensor]
WINDOW = 200
CLASSES = 6


def build(method: str, blocks: int, preset: str) -> AstromerClassifier:
    """The network of a method, with its noise switched on in the last ``blocks`` blocks."""
    settings = params.load(params.TrainUncertainty, preset=preset)
    pretrained = params.load(params.PretrainAstromer, preset=preset)
    encoder = pretrained.network(settings.network).architecture()
    attention: dict[str, Any] | None = None
    if method.startswith(("hsa", "ha")):
        second = method != "ha_mc_dropout, 1 step"
        attention = {**settings.hsa.model_dump(), "second_step": second, "blocks": blocks}
    rates = settings.mc_dropout.model_dump()
    network = AstromerClassifier(encoder, settings.hidden, CLASSES, rates, attention).eval()
    if "mc_dropout" in method:
        for dropout in network.dropouts(blocks):
            dropout.train()
    return network


def windows(batch: int, device: torch.device) -> Inputs:
    """Full windows of noise."""
    shape = (batch, WINDOW)
    rng = torch.Generator().manual_seed(0)
    value, when = torch.randn(shape, generator=rng), 1000 * torch.rand(shape, generator=rng)
    band, valid = torch.zeros(shape, dtype=torch.int64), torch.ones(shape, dtype=torch.bool)
    return value.to(device), when.to(device), band.to(device), valid.to(device)


def ratios(
    network: AstromerClassifier,
    plain: AstromerClassifier,
    inputs: Inputs,
    samples: int,
    at_once: int,
    repeats: int,
) -> dict[str, float]:
    """Cost over a deterministic pass: medians over interleaved repeats, after an unmeasured one."""

    def passes(count: int) -> None:
        for start in range(0, samples, count):
            network(*inputs, samples=min(count, samples - start))

    device = inputs[0].device
    turns = {"at once": lambda: passes(at_once), "loop": lambda: passes(1)}
    found: dict[str, list[float]] = {name: [] for name in turns}
    for repeat in range(repeats + 1):
        once = np.median([timing.clock(lambda: plain(*inputs), 1, device) for _ in range(5)])
        for name, call in turns.items():
            ratio = timing.clock(call, 1, device) / float(once)
            if repeat:
                found[name].append(ratio)
    return {name: float(np.median(values)) for name, values in found.items()}


def measure(
    preset: str, samples: int, at_once: int | None, batch: int, device: torch.device, repeats: int
) -> dict[str, dict[str, float]]:
    """A row per method and number of sampled blocks."""
    settings = params.load(params.TrainUncertainty, preset=preset)
    pretrained = params.load(params.PretrainAstromer, preset=preset)
    depth = pretrained.network(settings.network).depth
    inputs, rows = windows(batch, device), {}
    plain = build("deterministic", depth, preset).to(device)
    for method in ("mc_dropout", "hsa", "ha_mc_dropout", "ha_mc_dropout, 1 step"):
        for blocks in sorted({1, (depth + 1) // 2, depth}):
            network = build(method, blocks, preset).to(device)
            count = at_once or settings.at_once
            row = ratios(network, plain, inputs, samples, count, repeats)
            rows[f"{method}, {blocks} of {depth} blocks"] = row
            print(f"{list(rows)[-1]:44}" + "".join(f"{x:10.1f}" for x in row.values()), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--at-once", type=int, help="samples in a pass; default: the preset's")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=["cpu", "gpu"])
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    given = parser.parse_args()
    settings = params.load(params.TrainUncertainty, preset=given.preset)
    hardware.prepare(settings.model_copy(update={"threads": 1}))
    device = torch.device(hardware.accelerator(given.device))
    print(
        f"{given.samples} samples over one deterministic pass, {given.preset} network, {device}\n"
    )
    print(f"{'':44}{'at once':>10}{'loop':>10}")
    with torch.inference_mode():
        rows = measure(
            given.preset, given.samples, given.at_once, given.batch, device, given.repeats
        )
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
