"""Two processes with half a batch each have the loss and the gradient of one with all of it."""

import math
from functools import partial

import pytest
import torch
from torch.nn.parallel import DistributedDataParallel
from torch.testing import assert_close

from nightjar import losses, tasks
from nightjar.batching import Batch, Pair
from nightjar.networks import Astromer, Maven
from nightjar.tasks import total_loss
from tests import processes

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12

ROWS, LENGTH = 8, 6
ENCODER = {"dim": 8, "depth": 1, "heads": 2, "base": 1000.0, "pooling": "mean"}
WEIGHTS = {"light_curve_spectrum": 1.0, "light_curve_metadata": 0.5, "spectrum_metadata": 0.25}


def batch(empty=(), **rest):
    value, time = torch.randn(ROWS, LENGTH), torch.rand(ROWS, LENGTH) * 50
    valid = torch.arange(LENGTH) < torch.randint(1, LENGTH + 1, (ROWS, 1))
    valid[list(empty)] = False
    return Batch(
        value=value * valid, error=0.1 * time * valid, time=time * valid,
        band=torch.zeros(ROWS, LENGTH, dtype=torch.int64), valid=valid, index=torch.arange(ROWS),
        **rest,
    )  # fmt: skip


def pairs(chunk=None, no_spectrum=(), **settings):
    network = Maven(
        ENCODER, ENCODER, output=4, embedding=6, bands=1, logit_scale=10.0,
        metadata={"classes": 3}, pair_weights=WEIGHTS, **settings,
    )  # fmt: skip
    label = torch.tensor([0, 1, -1, 0, 1, -1, 2, 0])
    redshift = torch.tensor([0.1, 0.2, 0.3, torch.nan, 0.1, 0.2, 0.05, 0.4])
    curves = batch([4], label=label, redshift=redshift)
    return tasks.MavenTask(network, chunk), Pair(curves, batch(no_spectrum))


def windows(loss):
    network = Astromer(
        dim=8, depth=1, heads=2, feedforward=8, base=100.0, skip="residual", mask="strict",
        mask_token=True,
    )  # fmt: skip
    given = batch(target=torch.randn(ROWS, LENGTH))
    given.probed = given.valid & (torch.rand(ROWS, LENGTH) < 0.5)
    given.probed[[0, 3]] = False  # rows that do not count, one for each process
    given.probed[5] = False
    given.masked = given.probed
    return tasks.AstromerTask(network, loss), given


def columns(kind):
    given = batch(label=torch.arange(ROWS) % 3, redshift=torch.rand(ROWS) + 0.1)
    network = torch.nn.Linear(LENGTH, 3 if kind == "classes" else 1)
    if kind == "classes":
        weights = torch.tensor([0.5, 3.0, 1.0])
        return tasks.ClassifyTask(network, weights, _values), given
    return tasks.RegressTask(network, -1.0, 0.5, _values), given


def _values(batch):
    return (batch.value,)


CASES = {
    "softmax": partial(pairs),
    "sigmoid": partial(pairs, objective="sigmoid"),
    "in chunks": partial(pairs, chunk=3),
    "one process without pairs": partial(pairs, no_spectrum=[1, 3, 5, 7]),
    "a single pair": partial(pairs, no_spectrum=range(1, 8)),
    "root of a mean": partial(windows, "rmse"),
    "weighted root of a mean": partial(windows, "weighted_rmse"),
    "weighted classes": partial(columns, "classes"),
    "redshifts": partial(columns, "redshifts"),
}


def losses_and_gradients(rank=0, count=1):
    """Of every case; of several processes each has every other row, and DDP takes the mean."""
    if count > 1:
        processes.group()
    found = {}
    for name, build in CASES.items():
        torch.manual_seed(1)
        task, given = build()
        module = DistributedDataParallel(task) if count > 1 else task
        outputs = module(given.map(lambda tensor: tensor[rank::count]))
        total_loss(outputs).backward()
        gradients = {key: value.grad for key, value in task.named_parameters()}
        found[name] = {key: value.detach() for key, value in outputs.items()}, gradients
    return found


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    return processes.together(losses_and_gradients, tmp_path_factory.mktemp("halves"))


@pytest.fixture(scope="module")
def whole():
    return losses_and_gradients()


@pytest.mark.parametrize("case", CASES)
def test_two_halves_are_the_whole(case, halves, whole):
    for half in halves:
        assert_close(half[case], whole[case], rtol=1e-4, atol=1e-6)


# --- by hand --------------------------------------------------------------------------------------


def by_hand(rank, count):
    """A parameter p = 1 and one row on each process; the loss, and the mean of its gradients."""
    processes.group()
    found = {}
    p = torch.nn.Parameter(torch.tensor(1.0))
    rows = p * torch.tensor([[3.0], [4.0]])[rank]
    loss = losses.root_mean(losses.gather(rows**2), losses.gather(torch.tensor([True])))
    loss.backward()
    found["root"] = loss.item(), p.grad
    scale = torch.nn.Parameter(torch.tensor(0.0))
    a, b = torch.eye(2)[[rank]], torch.tensor([[1.0, 0.0]])
    loss = losses.info_nce(losses.gather(a), losses.gather(b), scale)
    loss.backward()
    found["contrast"] = loss.item(), scale.grad
    for _, gradient in found.values():
        torch.distributed.all_reduce(gradient)
        gradient /= count
    return {name: (loss, gradient.item()) for name, (loss, gradient) in found.items()}


def test_by_hand(tmp_path):
    for found in processes.together(by_hand, tmp_path):
        # L = p sqrt((9 + 16) / 2), dL/dp = L / p; a mean of two roots would be 3.5
        assert found["root"] == pytest.approx([math.sqrt(12.5)] * 2)
        # a b^T = [[1, 1], [0, 0]] as in test_losses: 0.753204; rows do not depend on the scale s,
        # columns give (ln(1 + e^-s) + ln(1 + e^s)) / 4, of slope tanh(s / 2) / 4 at s = 1, which
        # is by ln s the same: 0.115529
        assert found["contrast"] == pytest.approx([0.753204, math.tanh(0.5) / 4], abs=1e-6)


def means(rank, count):
    """Validation of three batches, the third the first process's; then, of one, it alone has."""
    processes.group()
    return [_validated(3, rank, count), _validated(1, rank, count)]


def _validated(number, rank=0, count=1):
    found = []
    for build in (CASES["weighted root of a mean"], CASES["redshifts"]):
        torch.manual_seed(1)
        task, given = build()
        batches = [given.map(lambda tensor, i=i: tensor[i : 2 * i + 2]) for i in range(number)]
        found.append(task.eval().validate(batches[rank::count]))
    return found


def test_validation_is_that_of_all_batches(tmp_path):
    first, second = processes.together(means, tmp_path)
    assert first == second  # to the last bit: they must stop together
    for number, found in zip((3, 1), first, strict=True):
        for one, two in zip(_validated(number), found, strict=True):
            assert two == pytest.approx(one, rel=1e-6)
