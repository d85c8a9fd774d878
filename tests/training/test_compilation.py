"""Compiled blocks give what they gave, in few graphs; how fast they are is for a GPU to say."""

import copy

import pytest
import torch
from torch._dynamo.utils import counters
from torch.testing import assert_close

from nightjar.training.compilation import compile_blocks
from tests.networks.windows import results, small, window

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute")  # of PyTorch, to itself
CASES = ["maven", "encoder_pre", "astromer_legacy", "astromer_released", "astromer_nightjar"]


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """No graph is known; what is traced runs as it is, without a compiler of C++."""
    torch.compiler.reset()
    counters.clear()
    whole = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda self, **how: whole(self, backend="eager", **how)
    )
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_those_of_the_blocks_as_they_are(case):
    plain = small(case).double().train()
    compiled = copy.deepcopy(plain)
    compile_blocks(compiled)
    for length in (12, 9):
        given, found = window(length, 7, length=length), []
        for network in (plain, compiled):
            network.zero_grad()
            made = results(network, given)
            sum(each.square().sum() for each in made).backward()
            found.append((made, [each.grad for each in network.parameters()]))
        assert_close(*found)
    assert not counters["graph_break"]


def test_one_graph_serves_all_blocks_and_lengths():
    network = small("astromer_paper").train()
    compile_blocks(network)
    for length in (12, 9, 17, 30):
        network(*window(length, 7, length=length))
    assert counters["stats"]["unique_graphs"] == 1
