"""Batches made in advance: the same ones, in their order, and no thread left behind."""

import threading

import numpy as np
import pytest
import torch

from nightjar.batching import ahead, collate

CPU, META = torch.device("cpu"), torch.device("meta")  # meta stands for any device but the former


def numbered(count, made=None, fail_at=None):
    """Batch n has n + 1 rows; ``made`` gets an entry, the thread, as each is made."""
    for n in range(count):
        if n == fail_at:
            raise ValueError("no more")
        if made is not None:
            made.append(threading.current_thread())
        zeros = np.zeros((n + 1, 2))
        yield collate(zeros, zeros, zeros, zeros, zeros.astype(bool), np.arange(n + 1))


@pytest.mark.parametrize("device", [CPU, META])
def test_the_same_batches_in_their_order_on_the_device(device):
    found = list(ahead(numbered(5), device))
    assert [batch.size for batch in found] == [1, 2, 3, 4, 5]
    assert all(batch.value.device == device for batch in found)
    assert list(ahead(numbered(0), device)) == []


def test_a_processor_makes_them_one_by_one():
    made = []
    batches = ahead(numbered(5, made), CPU)
    next(batches)
    assert made == [threading.current_thread()]


def test_another_device_has_the_next_one_made_meanwhile():
    made, wanted = [], threading.Event()

    def batches():
        for batch in numbered(5, made):
            if len(made) == 2:
                wanted.set()
            yield batch

    coming = ahead(batches(), META)
    next(coming)
    assert wanted.wait(30)
    assert len(made) == 2
    assert threading.current_thread() not in made
    coming.close()


@pytest.mark.parametrize("device", [CPU, META])
def test_what_goes_wrong_is_raised_in_its_place(device):
    found = []
    with pytest.raises(ValueError, match="no more"):
        found.extend(batch.size for batch in ahead(numbered(5, fail_at=2), device))
    assert found == [1, 2]


def test_who_stops_early_leaves_no_thread():
    before = threading.active_count()
    batches = ahead(numbered(5), META)
    next(batches)
    assert threading.active_count() == before + 1
    batches.close()
    assert threading.active_count() == before
