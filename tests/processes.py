"""Several processes of one group on the CPU, as torchrun would start them."""

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed

# a fork has imported everything already; but where there is a GPU, it cannot compute gradients
HOW = "fork" if sys.platform == "linux" and not torch.cuda.is_available() else "spawn"


def together(function: Callable[[int, int], Any], folder: Path, count: int = 2) -> list[Any]:
    """What ``function(rank, count)`` gives in each of ``count`` processes; it starts the group."""
    context = multiprocessing.get_context(HOW)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = [(function, rank, count, port, folder) for rank in range(count)]
    workers = [context.Process(target=_work, args=each) for each in given]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=600)
        if worker.exitcode != 0:  # it failed or hangs; so will those that wait for it
            for each in workers:
                each.kill()
    assert [worker.exitcode for worker in workers] == [0] * count
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(count)]


def group() -> None:
    """Join the others without Fabric."""
    distributed.init_process_group("gloo")


def _work(function: Callable, rank: int, count: int, port: int, folder: Path) -> None:
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "GROUP_RANK": "0",
        "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "TORCHELASTIC_RUN_ID": "test",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    torch.save(function(rank, count), folder / f"{rank}.pt")
    if distributed.is_initialized():
        distributed.destroy_process_group()
