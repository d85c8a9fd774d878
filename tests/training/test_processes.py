"""Several processes train as one: one writes, and a killed training ends with the same bytes."""

from functools import partial

import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins.precision.fsdp import FSDPPrecision
from lightning.fabric.strategies.fsdp import FSDPStrategy
from torch.distributed.fsdp import FullyShardedDataParallel

from nightjar import batching, tasks, training, weights
from nightjar.batching.datasets import TabularData
from nightjar.errors import InputError
from nightjar.training import hardware
from tests import processes
from tests.training.test_loop import SETTINGS, _restore, as_bytes, train  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12


def on(count, **changes):
    several = {"devices": count, "strategy": "ddp"} if count > 1 else {}
    return SETTINGS.model_copy(update=several | changes)


def line(folder, settings):
    """Fit ln z = w x, of which nothing is drawn; validation in three batches of unequal size."""
    x = np.random.default_rng(0).normal(size=(43, 3))
    data = TabularData(x, redshift=np.exp(x @ [1.0, 2.0, 3.0] + np.cos(9 * x[:, 0])))
    torch.manual_seed(0)
    task = tasks.RegressTask(torch.nn.Linear(3, 1), 0.0, 1.0, lambda batch: (batch.tabular,))
    return training.fit(
        task, batching.training(data, np.arange(32), 8, 0),
        batching.evaluation(data, np.arange(32, 43), 4), settings, steps_per_epoch=4,
        resume=folder / "line.safetensors", label="line",
    )  # fmt: skip


def trained(folder, rank, count):
    """Of a process: lines; a whole training, and one that is killed and resumed; files written."""
    written, write = [], weights.write
    weights.write = lambda path, *rest: (written.append(path.name), write(path, *rest))
    settings = on(count)
    whole = train(folder / "whole.safetensors", settings)
    with pytest.raises(KeyboardInterrupt):
        train(folder / "killed.safetensors", settings, stop_at=(2, 1))
    resumed = train(folder / "killed.safetensors", settings)
    lines = line(folder, on(count, lr=0.5, epochs=30, patience=2, dropout=0.0))
    return as_bytes(whole), as_bytes(resumed), lines, written


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    return processes.together(partial(trained, folder), folder)


def test_a_killed_training_of_two_processes_resumes_to_the_same_bytes(pair):
    for whole, resumed, *_ in pair:
        assert whole == resumed == pair[0][0]


def test_only_the_first_process_writes(pair):
    assert "whole.safetensors" in pair[0][-1]
    assert pair[1][-1] == []


def test_two_processes_train_and_stop_as_one(pair, tmp_path):
    one = line(tmp_path, on(1, lr=0.5, epochs=30, patience=2, dropout=0.0))
    assert 3 <= len(one.history) < 30
    for *_, two, _ in pair:
        same(two, one)


def same(two, one):
    assert len(two.history) == len(one.history)
    for here, there in zip(two.history, one.history, strict=True):
        assert here == pytest.approx(there, rel=1e-4)
    for name, value in one.best.items():
        assert two.best[name].numpy() == pytest.approx(value.numpy(), rel=1e-4)


# --- fsdp -----------------------------------------------------------------------------------------


class OnProcessors(FSDPStrategy):
    """Fabric's gives torch the number of a GPU."""

    def setup_module(self, module):
        return FullyShardedDataParallel(module, device_id=torch.device("cpu"), use_orig_params=True)


def in_pieces(folder, rank, count):
    def fabric(settings):
        launched = Fabric(
            accelerator="cpu", devices=count, strategy=OnProcessors(),
            plugins=[FSDPPrecision("32-true")],
        )  # fmt: skip
        launched.launch()
        return launched

    hardware.fabric = fabric
    return line(folder, on(count, strategy="fsdp", lr=0.1, epochs=2, dropout=0.0))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_weights_in_pieces_train_as_whole_ones(tmp_path):
    one = line(tmp_path, on(1, lr=0.1, epochs=2, dropout=0.0))
    for two in processes.together(partial(in_pieces, tmp_path), tmp_path):
        same(two, one)


def test_fsdp_without_a_gpu_says_what_to_do():
    with pytest.raises(InputError, match="use strategy: ddp"):
        hardware.fabric(on(2, strategy="fsdp"))
