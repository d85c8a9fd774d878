"""The batch, and the batches of an epoch.

A data set (`nightjar.batching.datasets`) turns rows, that is objects or windows, into one padded
batch.  With a random generator it draws; without one it is a pure function of the rows.  The
batches of an epoch follow from (seed, epoch) alone, so that a resumed run sees what an
uninterrupted one would have seen; of several processes, each makes its own share of them alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from nightjar.errors import InputError

_log = logging.getLogger(__name__)

Array = NDArray
B = TypeVar("B", covariant=True)


@dataclass(kw_only=True)
class Batch:
    """The one container for every model and modality, padded to its longest sequence.

    Attributes
    ----------
    value : (batch, length) float32, mag or preprocessed flux; hidden values may be replaced
    error : (batch, length) float32, unit of `value`; 0 where the survey gives none
    time : (batch, length) float32, days since the reference (or wavelength in Angstrom)
    band : (batch, length) int64
    valid : (batch, length) bool, True = observed; padding is 0 everywhere
    index : (batch,) int64, rows of the objects in the store
    masked : (batch, length) bool or None, hidden from attention, a subset of `valid`
    probed : (batch, length) bool or None, scored
    target : (batch, length) float32 or None, the true value
    tabular : (batch, columns) float32 or None
    label : (batch,) int64 or None
    redshift : (batch,) float32 or None
    extent : of `masking.extent`, where points are probed
    """

    value: Tensor
    error: Tensor
    time: Tensor
    band: Tensor
    valid: Tensor
    index: Tensor
    masked: Tensor | None = None
    probed: Tensor | None = None
    target: Tensor | None = None
    tabular: Tensor | None = None
    label: Tensor | None = None
    redshift: Tensor | None = None
    extent: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """Objects (or windows) in the batch."""
        return len(self.index)

    def map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        """A batch of ``function`` of every tensor."""
        old = {field.name: getattr(self, field.name) for field in fields(self)}
        new: dict[str, Any] = {k: function(t) for k, t in old.items() if isinstance(t, Tensor)}
        return replace(self, **new)

    def to(self, device: torch.device | str) -> Batch:
        """The batch on ``device``."""
        return self.map(lambda tensor: tensor.to(device, non_blocking=True))


class Pair(NamedTuple):
    """Light curve and spectrum of the same objects, row by row."""

    light_curve: Batch
    spectrum: Batch

    @property
    def size(self) -> int:
        """Objects (``len`` of a tuple is its number of members)."""
        return self.light_curve.size

    def map(self, function: Callable[[Tensor], Tensor]) -> Pair:
        """A pair of ``function`` of every tensor."""
        return Pair(self.light_curve.map(function), self.spectrum.map(function))

    def to(self, device: torch.device | str) -> Pair:
        """The pair on ``device``."""
        return self.map(lambda tensor: tensor.to(device, non_blocking=True))


# --- the batches of an epoch --------------------------------------------------------------------


class DataSet(Protocol[B]):
    """What makes a batch from rows."""

    def batch(self, rows: Array, rng: np.random.Generator | None = None) -> B:
        """The batch of ``rows``, drawn where ``rng`` is given."""


@runtime_checkable
class OfLengths(Protocol):
    """A data set whose rows may train in batches of similar length."""

    def lengths(self, rows: Array) -> Array | None:
        """Points of each of ``rows``, (n,) int; None where batches must be drawn at random."""


class Epochs(Protocol[B]):
    """The batches of any epoch, or one process's share of each of them."""

    def __call__(self, epoch: int, rank: int = 0, ranks: int = 1) -> Iterator[B]:
        """The batches of ``epoch``; of each, the rows of process ``rank`` of ``ranks``."""


POOL = 16  # batches that are sorted by length together: few enough that epochs differ


def training(data: DataSet[B], rows: ArrayLike, size: int, seed: int) -> Epochs[B]:
    """The batches of every epoch: rows shuffled, draws made anew, from (seed, epoch) alone.

    The rows are divided evenly, so no batch holds a lonely remainder, which would be a
    contrastive batch without negatives.  Of a data set with lengths (`OfLengths`), `POOL` batches
    at a time are sorted by length, so that little is padded; then they come in random order.

    Several processes draw the same batches of rows, and each makes and keeps every ``ranks``-th row
    of them: no row twice, and as many rows each, as gathering (`losses.gather`) needs.  So a batch
    is a multiple of ``ranks`` rows (and exceeds ``size`` by fewer than ``ranks`` where that is
    none), and the remainder of all rows, fewer than ``ranks``, is left out of an epoch: other rows
    in each, and the log says how many.  Every process has random numbers of its own: what it draws
    for a row is not what another number of processes would draw for it.

    Parameters
    ----------
    data : the data set
    rows : (n,) int, the rows of ``data`` to train on
    size : at most so many rows in a batch
    seed : of the shuffling and of every draw

    Returns
    -------
    function of the epoch (and of rank and number of processes), an iterator over `steps` (n, size)
    batches; it raises an `InputError` where there is not a row of each batch for each process
    """
    rows = np.asarray(rows, dtype=np.int64)

    def epoch_batches(epoch: int, rank: int = 0, ranks: int = 1) -> Iterator[B]:
        if epoch == rank == 0 and len(rows) % ranks:
            waiting = len(rows) % ranks
            _log.info("%d of %d rows, others in each epoch, are left out", waiting, len(rows))
        rng = np.random.default_rng([seed, epoch])
        parts = _similar(data, _divide(rng.permutation(rows), size, ranks), rng)
        draws = rng if ranks == 1 else rng.spawn(ranks)[rank]
        for part in parts:
            yield data.batch(part[rank::ranks], draws)

    return epoch_batches


def evaluation(
    data: DataSet[B], rows: ArrayLike, size: int, seed: int | None = None
) -> Callable[[], Iterator[B]]:
    """The batches of a pass without shuffling: the same at every call.

    Parameters
    ----------
    data, rows, size : as in `training`
    seed : None draws nothing; a number draws, but always the same (probed points to validate on)
    """
    rows = np.asarray(rows, dtype=np.int64)

    def batches() -> Iterator[B]:
        rng = None if seed is None else np.random.default_rng(seed)
        for part in _divide(rows, size):
            yield data.batch(part, rng)

    return batches


def steps(rows: int, size: int) -> int:
    """Batches of at most ``size`` in a pass over ``rows`` rows."""
    return -(-rows // size)


def _divide(rows: Array, size: int, ranks: int = 1) -> list[Array]:
    """Batches of a multiple of ``ranks`` rows, as even as can be; the remainder is left out."""
    if not len(rows):
        raise InputError("a training, validation or test sample is empty: more objects are needed")
    count, each = steps(len(rows), size), len(rows) // ranks
    if each < count:
        raise InputError(
            f"{len(rows)} objects in {count} batches are too few for {ranks} devices: each "
            "needs one of every batch; use fewer devices, or a larger batch_size"
        )
    groups = rows[: each * ranks].reshape(each, ranks)
    return [part.ravel() for part in np.array_split(groups, count)]


def _similar(data: DataSet[B], parts: list[Array], rng: np.random.Generator) -> list[Array]:
    """The same rows in as many batches of the same sizes, of similar length if they have one."""
    length = data.lengths(np.concatenate(parts)) if isinstance(data, OfLengths) else None
    if length is None:
        return parts
    lengths = np.split(length, np.cumsum([len(part) for part in parts])[:-1])
    found = []
    for start in range(0, len(parts), POOL):
        pool = parts[start : start + POOL]
        order = np.argsort(np.concatenate(lengths[start : start + POOL]), kind="stable")
        ends = np.cumsum([len(part) for part in pool])[:-1]
        found += np.split(np.concatenate(pool)[order], ends)
    return [found[i] for i in rng.permutation(len(found))]


# --- arrays to tensors ----------------------------------------------------------------------------


def collate(
    value: Array, error: Array, time: Array, band: Array, valid: Array, index: Array,
    extent: tuple[int, int] | None = None, **rest: Array | None,
) -> Batch:  # fmt: skip
    """The batch of padded (batch, length) arrays; ``rest`` are its optional tensors."""
    return Batch(
        value=_float(value), error=_float(error), time=_float(time),
        band=torch.from_numpy(np.asarray(band, dtype=np.int64)), valid=torch.from_numpy(valid),
        index=torch.from_numpy(np.array(index, dtype=np.int64)), extent=extent,
        **{k: None if v is None else torch.from_numpy(v) for k, v in rest.items()},
    )  # fmt: skip


def _float(values: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
