"""The one training loop, on Lightning Fabric: device, precision, several GPUs or nodes.

Read `fit` first.  AdamW with a linear warm-up, then a constant rate: RAdam, which Maven used, is
Adam with a warm-up whose length follows from beta2 (Liu et al. 2020); here the length is a
setting, and AdamW has a fused kernel on processors and GPUs alike.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import ArrayLike
from torch import Tensor, nn
from tqdm import tqdm

from nightjar import batching
from nightjar.batching import DataSet, Epochs
from nightjar.errors import InputError
from nightjar.params import Training
from nightjar.tasks import Task, total_loss
from nightjar.training import checkpoints, hardware
from nightjar.training import optimizer as optimizers
from nightjar.training.compilation import compile_blocks


@dataclass(frozen=True)
class Fitted:
    """State dicts of the best epoch and of the last, on the CPU; one dict per epoch.

    The keys of an epoch: ``lr`` (of its last step, the highest of all groups), ``training_loss``,
    ``validation_loss`` and each of the task's validation scores, as ``validation_<key>``.
    """

    best: dict[str, Tensor]
    last: dict[str, Tensor]
    history: list[dict[str, float]]


def fit(
    task: Task,
    batches: Epochs[Any],
    validation: Callable[[], Iterable[Any]],
    settings: Training,
    *,
    steps_per_epoch: int,
    resume: Path,
    label: str,
    rates: Mapping[str, float] | None = None,
) -> Fitted:
    """Train until the validation loss has not improved for ``settings.patience`` epochs.

    Parameters
    ----------
    task : network and loss; trained in place, left with its best weights, in eval mode
    batches : of an epoch, a function of its number (and of rank and number of processes) alone, see
        `batching.training`
    validation : the batches of a validation pass, scored in float32
    settings : optimiser, schedule, stopping, hardware
    steps_per_epoch : batches in an epoch, for the progress bar
    resume : file of the checkpoint; where it exists, training goes on from there.  It stays, so
        that a stage of many trainings skips the finished ones; the stage clears it at its end.
    label : name on the progress bar
    rates : parameter of the network -> its rate in units of ``settings.lr``, all others frozen (see
        `transfer.rates`); None trains all at ``settings.lr``

    Raises
    ------
    InputError
        The loss is not finite, or the device is not there.

    Notes
    -----
    Several devices train as one: each on its share of every batch, with the loss and the gradient
    of the whole (`losses.gather`), up to rounding and to what is drawn (dropout, windows, noise).
    They share validation, too, batch by batch, and have the same scores, hence stop together.  Only
    the first writes, all read the checkpoint.  With ``strategy: fsdp``, whose optimiser is in
    pieces, there is none, and a killed training begins anew.
    """
    hardware.prepare(settings)
    fabric = hardware.fabric(settings)
    fused = fabric.device.type in ("cpu", "cuda")
    in_pieces = settings.strategy == "fsdp"
    given = task
    if in_pieces:
        task = copy.deepcopy(given)  # what the caller has stays whole
    if settings.compile:
        compile_blocks(task)
    optimizer = optimizers.build(task.network, settings, fused=fused, rates=rates)
    module, wrapped = fabric.setup(task, optimizer)
    progress = checkpoints.Progress()
    if not in_pieces:
        progress = checkpoints.load(resume, task.network, optimizer)
    fabric.barrier()  # a stage clears what all have read
    with _bar(label, settings.epochs, steps_per_epoch, len(progress.history), fabric) as bar:
        while not _finished(progress, settings):
            epoch = len(progress.history)
            step, steps = epoch * steps_per_epoch, settings.epochs * steps_per_epoch
            torch.manual_seed(_epoch_seed(settings.seed, epoch, fabric.global_rank))
            drawn = batches(epoch, fabric.global_rank, fabric.world_size)
            loss = train_epoch(fabric, module, wrapped, drawn, settings, step, steps, bar)
            with hardware.whole(module):
                scores = _validate(fabric, task, validation)
                _record(progress, task.network, loss, scores, optimizer, label)
            bar.set_postfix(validation=f"{progress.history[-1]['validation_loss']:.4f}")
            if fabric.is_global_zero and not in_pieces:
                checkpoints.save(resume, task.network.state_dict(), optimizer, progress)
            fabric.barrier()
    with hardware.whole(module):
        last = _state(task.network)
    best = progress.best or last  # without an epoch, what it began with
    given.network.load_state_dict(best)
    given.to(fabric.device).eval()
    return Fitted(best, last, progress.history)


def fit_rows(
    task: Task,
    train: tuple[DataSet, ArrayLike],
    validation: tuple[DataSet, ArrayLike],
    settings: Training,
    *,
    seed: int,
    resume: Path,
    label: str,
    validation_seed: int | None = None,
    rates: Mapping[str, float] | None = None,
) -> Fitted:
    """`fit` on rows of data sets: batches of ``settings.batch_size``, drawn from ``seed``.

    Parameters
    ----------
    task, settings, resume, label, rates : as in `fit`
    train, validation : a data set and the rows of it to use
    seed : of shuffling and draws in training
    validation_seed : of draws in validation, the same at every pass; None draws nothing

    Raises
    ------
    InputError
        There are no rows to train or to validate on; or as in `fit`.
    """
    (data, rows), (held_out, scored), size = train, validation, settings.batch_size
    for part, used in (("training", rows), ("validation", scored)):
        if not len(np.asarray(used)):
            raise InputError(f"{label}: no {part} objects are left; give more, or fewer folds")
    # shuffled once: in the order of the store, which may be by class, a contrastive loss would
    # compare objects of one class with each other
    scored = np.random.default_rng(seed).permutation(np.asarray(scored))
    return fit(
        task,
        batching.training(data, rows, size, seed),
        batching.evaluation(held_out, scored, size, validation_seed),
        settings,
        steps_per_epoch=batching.steps(len(np.asarray(rows)), size),
        resume=resume,
        label=label,
        rates=rates,
    )


def train_epoch(
    fabric: Fabric,
    module: Any,
    optimizer: Any,
    batches: Iterable[Any],
    settings: Training,
    step: int,
    steps: int,
    bar: tqdm,
) -> float:
    """One epoch of this process's batches; its mean loss.  ``step`` is its first, of ``steps``."""
    module.train()
    total, count = torch.zeros((), device=fabric.device), 0
    for batch in batching.ahead(batches, fabric.device):
        optimizers.set_rates(optimizer, step, steps, settings)
        loss = total_loss(module(batch))
        optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(
            module, optimizer, max_norm=settings.gradient_clip, error_if_nonfinite=False
        )
        optimizer.step()
        total += loss.detach() * batch.size
        count += batch.size
        step += 1
        if bar.update():  # True where it drew itself: only then may a GPU be waited for
            bar.set_postfix(loss=f"{loss.item():.4f}", refresh=False)
    return cast(Tensor, fabric.all_reduce(total / count)).item()  # of equals: the same for all


def _validate(
    fabric: Fabric, task: Task, validation: Callable[[], Iterable[Any]]
) -> dict[str, float]:
    """Scores in float32: ``task`` itself is called, not Fabric's wrapper with its autocast."""
    task.eval()
    own = islice(validation(), fabric.global_rank, None, fabric.world_size)
    return task.validate(batching.ahead(own, fabric.device))


def _record(
    progress: checkpoints.Progress,
    network: nn.Module,
    loss: float,
    scores: dict[str, float],
    optimizer: torch.optim.Optimizer,
    label: str,
) -> None:
    validation = total_loss(scores)
    epoch = len(progress.history)
    if not (math.isfinite(loss) and math.isfinite(validation)):
        raise InputError(
            f"{label}: the loss is not finite in epoch {epoch} (training {loss}, validation "
            f"{validation}); lower lr or gradient_clip, or raise warmup_steps"
        )
    progress.history.append(
        {
            "lr": optimizers.highest_rate(optimizer),
            "training_loss": loss,
            "validation_loss": validation,
            **{f"validation_{key}": value for key, value in scores.items()},
        }
    )
    progress.waited += 1
    if progress.best_loss is None or validation < progress.best_loss:
        progress.best, progress.best_loss, progress.waited = _state(network), validation, 0


def _finished(progress: checkpoints.Progress, settings: Training) -> bool:
    return len(progress.history) >= settings.epochs or progress.waited >= settings.patience


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _epoch_seed(seed: int, epoch: int, rank: int) -> int:
    """Of the dropout of an epoch: what a resumed training draws, an uninterrupted one draws."""
    return int(np.random.SeedSequence([seed, epoch, rank]).generate_state(1)[0])


def _bar(label: str, epochs: int, steps: int, done: int, fabric: Fabric) -> tqdm:
    hidden = None if fabric.is_global_zero else True  # None: shown on a terminal only
    total = epochs * steps
    return tqdm(desc=label, total=total, initial=done * steps, unit="step", disable=hidden)
