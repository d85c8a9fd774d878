"""What the hardware is, and how it is set: device, precision, threads, determinism, memory."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins import MixedPrecision
from lightning.fabric.plugins import Precision as PrecisionPlugin
from lightning.fabric.plugins.precision.fsdp import FSDPPrecision
from torch.distributed.fsdp import FullyShardedDataParallel

from nightjar.errors import InputError
from nightjar.params import Compute, Precision, Training


def prepare(settings: Compute) -> None:
    """Fix what would make two runs differ, or slow: threads, algorithms, the allocator."""
    torch.set_num_threads(settings.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic with it
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # slow
    quicken(accelerator(settings.device))


def quicken(device: str) -> None:
    """Set, once for the process, what makes a network faster at no loss, in training and in use.

    Parameters
    ----------
    device : of `accelerator`
    """
    _keep_freed_memory()
    torch.set_float32_matmul_precision("medium" if _exact_by_onednn(device) else "highest")


def _exact_by_onednn(device: str) -> bool:
    """Whether "medium" pays and stays exact: it moves float32 products to oneDNN.

    On AMD's processors with AVX-512 that is up to twice as fast as MKL, which takes an AVX2 path
    there; on Intel's MKL is as fast or faster.  Where there are tiles (AMX), and on GPUs and ARM,
    "medium" rounds to bfloat16 or TF32.
    """
    avx512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
    tiles = torch.cpu._is_amx_tile_supported()
    return device == "cpu" and avx512 and not tiles and "AuthenticAMD" in _cpuinfo()


def _cpuinfo() -> str:
    """What Linux says of the processor, its maker among it."""
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _keep_freed_memory() -> None:
    """Let glibc reuse large buffers in place of returning them to the kernel.

    By default each buffer above 32 MiB is mapped anew, and its page faults cost up to half the
    time of a training step on a processor.
    """
    threshold, trim = -3, -1  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
    library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(library, "mallopt"):  # musl has none
        library.mallopt(threshold, 1 << 30)
        library.mallopt(trim, (1 << 31) - 1)


def fabric(settings: Training) -> Fabric:
    """Lightning Fabric with these settings, launched.

    Raises
    ------
    InputError
        The device is not there, or ``strategy: fsdp`` without GPUs.
    """
    device = accelerator(settings.device)
    if settings.strategy == "fsdp" and device != "cuda":
        raise InputError("strategy: fsdp: needs GPUs of CUDA; use strategy: ddp")
    for name in ("lightning.fabric", "lightning.pytorch"):  # they announce bf16 each time
        logging.getLogger(name).setLevel(logging.WARNING)
    launched = Fabric(
        accelerator=device,
        devices=settings.devices,
        num_nodes=settings.num_nodes,
        strategy=settings.strategy,
        plugins=[_plugin(settings)],
    )
    launched.launch()
    torch.set_num_threads(settings.threads)  # launching sets them, too
    return launched


@contextlib.contextmanager
def whole(module: Any) -> Iterator[None]:
    """Where FSDP keeps the weights in pieces: all of them, on every device, to read.

    Parameters
    ----------
    module : of ``Fabric.setup``
    """
    wrapped = module._forward_module
    if not isinstance(wrapped, FullyShardedDataParallel):
        yield
        return
    with FullyShardedDataParallel.summon_full_params(wrapped, writeback=False):
        yield


class _InputsAsTheyAre(PrecisionPlugin):
    """Fabric's own plugins round what enters a network to bfloat16, under autocast, too.

    Of a time in days three digits would be left, no phase of any period, and magnitudes of a tenth.
    Autocast rounds where products are formed, which is where the speed comes from.
    """

    def convert_input(self, data: Any) -> Any:
        return data


class _Mixed(_InputsAsTheyAre, MixedPrecision):
    pass


class _MixedFSDP(_InputsAsTheyAre, FSDPPrecision):
    pass


def _plugin(settings: Training) -> PrecisionPlugin:
    chosen = precision(settings)
    if chosen == "32-true":
        return FSDPPrecision(chosen) if settings.strategy == "fsdp" else PrecisionPlugin()
    if settings.strategy == "fsdp":
        return _MixedFSDP(chosen)
    return _Mixed(chosen, accelerator(settings.device))


def accelerator(device: Literal["auto", "cpu", "gpu"]) -> Literal["cpu", "cuda", "mps"]:
    """What ``device`` means on this machine."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device == "gpu" and not (cuda or mps):
        raise InputError(
            "device: gpu: this machine has no GPU that torch can use; use device: auto"
        )
    if device == "cpu" or not (cuda or mps):
        return "cpu"
    return "cuda" if cuda else "mps"


def precision(settings: Compute) -> Precision:
    """``auto`` is bf16-mixed where the hardware multiplies bfloat16, else 32-true."""
    if settings.precision != "auto":
        return settings.precision
    match accelerator(settings.device):
        case "cuda":
            hardware = torch.cuda.is_bf16_supported(including_emulation=False)
        case "cpu":
            hardware = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        case _:
            hardware = False
    return "bf16-mixed" if hardware else "32-true"
