"""One thread and fixed weights for every test of the networks, leaving torch's own state alone."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20240816)
        yield
    torch.set_num_threads(threads)
