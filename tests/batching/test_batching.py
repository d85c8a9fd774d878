"""The batch and the batches of an epoch."""

import numpy as np
import pytest
import torch

from nightjar import batching
from nightjar.batching import Batch, Pair
from nightjar.batching.datasets import TabularData
from nightjar.errors import InputError

DATA = TabularData(np.arange(20.0)[:, None], label=np.arange(20) % 3)


def rows_of(batches):
    return [batch.index.tolist() for batch in batches]


def test_batches_of_an_epoch_follow_from_seed_and_epoch_alone():
    first, again = (batching.training(DATA, np.arange(10), 4, seed=7) for _ in range(2))
    list(first(0))  # epochs before do not matter
    assert rows_of(first(1)) == rows_of(again(1))
    assert rows_of(first(1)) != rows_of(first(2))
    assert rows_of(first(1)) != rows_of(batching.training(DATA, np.arange(10), 4, seed=8)(1))


def test_an_epoch_sees_every_row_once_in_batches_of_nearly_equal_size():
    rows = np.array([19, 3, 5, 7, 11, 2, 0, 1, 13])
    batches = rows_of(batching.training(DATA, rows, 4, seed=0)(0))
    assert sorted(row for batch in batches for row in batch) == sorted(rows)
    assert [len(batch) for batch in batches] == [3, 3, 3]  # not 4, 4, 1
    assert batching.steps(9, 4) == 3
    assert batching.steps(8, 4) == 2


class Windows(TabularData):
    """Rows of known lengths."""

    def lengths(self, rows):
        return LENGTHS[rows]


LENGTHS = np.random.default_rng(0).integers(5, 201, 1000)


def padded(batches):
    return sum(len(rows) * LENGTHS[rows].max() for rows in batches)


def test_rows_with_lengths_train_in_batches_of_similar_length():
    data, plain = (kind(np.zeros((1000, 1))) for kind in (Windows, TabularData))
    first, again, random = (
        rows_of(batching.training(each, np.arange(1000), 32, seed=7)(2))
        for each in (data, data, plain)
    )
    assert first == again
    assert first != rows_of(batching.training(data, np.arange(1000), 32, seed=7)(3))
    assert sorted(row for batch in first for row in batch) == list(range(1000))
    assert sorted(map(len, first)) == sorted(map(len, random))  # as many steps, none of one row
    # 1000 rows are 32 batches, 2 pools: a batch spans 1/16 of the range of 195 points, and half of
    # that is padded, 6 of 103 on average; at random nearly every batch has a window of nearly 200
    assert padded(random) > 1.8 * LENGTHS.sum()
    assert padded(first) < 1.07 * LENGTHS.sum()
    means = [LENGTHS[rows].mean() for rows in first]
    assert sorted(means) != means  # short and long ones in turn


def test_evaluation_keeps_the_order_and_repeats_itself():
    batches = batching.evaluation(DATA, [5, 4, 9], 2)
    assert rows_of(batches()) == rows_of(batches()) == [[5, 4], [9]]


def test_an_empty_sample_is_an_input_error():
    with pytest.raises(InputError, match="empty"):
        list(batching.evaluation(DATA, [], 2)())


def test_map_and_to_reach_every_tensor_and_leave_none_alone():
    batch = DATA.batch(np.array([1, 2]))
    half = batch.map(lambda tensor: tensor[:1])
    assert half.size == 1
    assert half.label.tolist() == [1]
    assert half.redshift is None
    assert batch.size == 2
    pair = Pair(batch, batch)
    assert pair.size == 2
    assert pair.map(lambda tensor: tensor[:1]).spectrum.size == 1
    assert pair.to("meta").light_curve.tabular.device.type == "meta"


def test_collate_casts():
    batch = batching.collate(
        np.array([[1.0]]), np.array([[1]]), np.array([[2.5]]), np.array([[3]], np.int16),
        np.array([[True]]), np.array([4]), label=np.array([1]),
    )  # fmt: skip
    assert isinstance(batch, Batch)
    assert batch.value.dtype == batch.error.dtype == batch.time.dtype == torch.float32
    assert batch.band.dtype == batch.index.dtype == torch.int64


# --- several processes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "size", "ranks"), [(16, 4, 2), (17, 5, 2), (20, 8, 3), (9, 9, 4), (7, 2, 1)]
)
def test_processes_share_the_rows_of_an_epoch(count, size, ranks, caplog):
    """No row twice, as many on each, and all but a remainder, of which the log tells."""
    epochs, left = batching.training(DATA, np.arange(count), size, seed=3), count % ranks
    with caplog.at_level("INFO"):
        shares = [rows_of(epochs(0, rank, ranks)) for rank in range(ranks)]
    assert len({tuple(map(len, share)) for share in shares}) == 1
    assert len(shares[0]) == batching.steps(count, size)
    assert max(map(len, shares[0])) * ranks < size + ranks
    seen = [row for share in shares for batch in share for row in batch]
    assert len(seen) == len(set(seen)) == count - left
    assert len(caplog.messages) == (left > 0)
    assert all(f"{left} of {count} rows" in message for message in caplog.messages)


def test_another_epoch_leaves_other_rows_out():
    epochs = batching.training(DATA, np.arange(20), 20, seed=3)
    first, second = (
        {row for rank in range(7) for row in rows_of(epochs(epoch, rank, 7))[0]} for epoch in (0, 1)
    )
    assert len(first) == len(second) == 14
    assert first != second


def test_a_process_draws_for_its_own_rows_alone():
    """What is drawn for a row may be another number, but never the one of another process."""

    class Drawn(TabularData):
        def batch(self, rows, rng=None):
            return rng.random(len(rows)).tolist()

    epochs = batching.training(Drawn(np.zeros((8, 1))), np.arange(8), 4, seed=3)
    drawn = [number for rank in range(2) for batch in epochs(0, rank, 2) for number in batch]
    assert len(set(drawn)) == 8


def test_more_processes_than_rows_of_a_batch_say_what_to_do():
    with pytest.raises(InputError, match="9 objects in 5 batches are too few for 4 devices"):
        list(batching.training(DATA, np.arange(9), 2, seed=3)(0, 0, 4))
