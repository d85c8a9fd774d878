"""Ways to do the same thing, timed in turn in one process, and the machine's limit beside them."""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from nightjar.params import Training
from nightjar.training import hardware


class Way(NamedTuple):
    """``prepare`` sets what belongs to the whole process; only ``run`` is timed.

    ``warm`` comes between the two, in every turn: the way before may have returned memory to the
    kernel, and mapping it again, which a training does once, can take longer than a few steps.
    """

    prepare: Callable[[], None]
    run: Callable[[], object]
    warm: Callable[[], object] = lambda: None


def settings(
    threads: int, device: Literal["auto", "cpu", "gpu"], compiled: bool = False
) -> Training:
    """What a training stage would be given, at any size."""
    return Training(
        seed=0, threads=threads, device=device, precision="auto", compile=compiled,
        lr=1e-4, epochs=1, batch_size=1,
        patience=1, warmup_steps=0, decay="none", weight_decay=1e-4, gradient_clip=1.0,
        dropout=0.0, devices=1, num_nodes=1, strategy="auto",
    )  # fmt: skip


def parser(about: str, batch: int, batches: int, of_pass: str) -> argparse.ArgumentParser:
    """The options of every benchmark of Astromer's windows.

    Parameters
    ----------
    about : the first line of its help
    batch, batches : windows in a batch and batches in a pass, unless told otherwise
    of_pass : help of ``--batches``
    """
    found = argparse.ArgumentParser(description=about)
    found.add_argument("--threads", type=int, default=2)
    found.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu"])
    found.add_argument("--batch", type=int, default=batch)
    found.add_argument("--batches", type=int, default=batches, help=of_pass)
    found.add_argument("--feedforward", type=int, default=1232, help="512: as released")
    found.add_argument("--photometry", type=Path, help="stars whose lengths count; else the mock's")
    found.add_argument("--repeats", type=int, default=5)
    found.add_argument("--out", type=Path, help="write the numbers as JSON")
    return found


def write(given: argparse.Namespace, name: str, results: Mapping[str, Any]) -> None:
    """Write ``results`` under ``name``, and the machine, to ``--out`` if that was given."""
    if given.out:
        device = torch.device(hardware.accelerator(given.device))
        whole = {"machine": machine(given.threads, device), name: results}
        given.out.write_text(json.dumps(whole, indent=2) + "\n")


def untouched(threads: int) -> None:
    """Torch and the allocator as a process finds them, whatever nightjar has set since."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("highest")
    return_freed_memory()


def return_freed_memory() -> None:
    """Undo what `hardware.quicken` tells the allocator of glibc."""
    library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(library, "mallopt"):
        # where glibc's own adjustment ends: M_MMAP_THRESHOLD at most 32 MiB, M_TRIM_THRESHOLD twice
        library.mallopt(-3, 32 << 20)
        library.mallopt(-1, 64 << 20)
        library.malloc_trim(0)


def alternate(
    ways: Mapping[str, Way], repeats: int, threads: int, device: torch.device
) -> dict[str, list[float]]:
    """Seconds of every way and repeat, one way after the other, after one unmeasured turn."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            way.prepare()
            way.warm()
            seconds = clock(way.run, threads, device)
            if repeat:
                found[name].append(seconds)
    return found


def clock(run: Callable[[], object], threads: int, device: torch.device) -> float:
    """Seconds: of the processor on one thread, whoever else is busy; else of the wall."""
    timer = time.process_time if device.type == "cpu" and threads == 1 else time.perf_counter
    _wait(device)
    start = timer()
    run()
    _wait(device)
    return timer() - start


def ratio(slow: list[float], fast: list[float]) -> float:
    """How many times as fast, the median over pairs of neighbouring turns."""
    return statistics.median(s / f for s, f in zip(slow, fast, strict=True))


def matmul(device: torch.device, dtype: torch.dtype) -> tuple[Callable[[], object], float]:
    """A large square product, nearly all that this machine can multiply, and its FLOPs, 2 n^3."""
    size = 2048 if device.type == "cpu" else 8192
    one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    times = 4
    return lambda: [one @ other for _ in range(times)], times * 2.0 * size**3


def dtype_of(settings: Training) -> torch.dtype:
    """Of the matrix products of a training with these settings."""
    mixed = hardware.precision(settings) == "bf16-mixed"
    return torch.bfloat16 if mixed else torch.float32


def machine(threads: int, device: torch.device) -> dict[str, str | int]:
    """What the numbers belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    return {"device": name, "threads": threads, "torch": torch.__version__}


def _processor() -> str:
    return f"{torch.backends.cpu.get_cpu_capability()} processor"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
