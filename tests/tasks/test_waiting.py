"""A training step asks for no value: a GPU would stand still until all before it was done.

On PyTorch's meta device tensors have no values.  What asks for one raises there, and so does what
mixes devices.
"""

import contextlib

import pytest
import torch

from nightjar import tasks
from nightjar.batching import Batch, Pair
from nightjar.networks import NETWORKS
from tests.networks.windows import ASTROMER, NIGHTJAR, PAPER, SMALL

ROWS, LENGTH = 4, 12
MAVEN = SMALL["maven"][1]
STOCHASTIC = {"stochastic": {"blocks": 1, "centroids": 2, "tau1": 1.0, "tau2": 1.0}}
GAMMA = {"layers": 3, "dim": ASTROMER["dim"], "hidden": [8], "classes": 3, "dropout": 0.1}


def stars(settings):
    return {"astromer": settings, "hidden": [8], "classes": 3, "dropout": 0.1}


# name of the case: (name in the registry, settings)
CASES = {
    **{name: case for name, case in SMALL.items() if case[0] != "MavenEncoder"},
    "maven_sigmoid": ("Maven", {**MAVEN, "objective": "sigmoid", "dropout": 0.1}),
    "maven_metadata": ("Maven", {**MAVEN, "metadata": {"classes": 3}}),
    "hsa": ("AstromerClassifier", stars(PAPER) | STOCHASTIC),
    "hsa_nightjar": ("AstromerClassifier", stars(NIGHTJAR) | STOCHASTIC),
    "gamma": ("GammaHead", GAMMA),
}


@pytest.fixture(autouse=True)
def _no_autocast(monkeypatch):
    """PyTorch knows none on that device."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)


def build(name, settings):
    network = NETWORKS[name](**settings)
    match name:
        case "Maven":
            return tasks.MavenTask(network, chunk=3)
        case "Astromer":
            return tasks.AstromerTask(network)
        case "EndToEnd":
            return tasks.ClassifyTask(network, torch.ones(3))
        case "AstromerClassifier":
            return tasks.ClassifyTask(network)
        case "GammaHead":
            return tasks.ClassifyTask(network, inputs=lambda batch: (batch.tabular,))
    raise AssertionError(name)


def batch():
    numbers, flags = torch.zeros(ROWS, LENGTH), torch.zeros(ROWS, LENGTH, dtype=torch.bool)
    made = Batch(
        value=numbers, error=numbers, time=numbers, band=numbers.long(), valid=flags,
        index=torch.arange(ROWS), masked=flags, probed=flags, target=numbers,
        tabular=torch.zeros(ROWS, GAMMA["layers"], GAMMA["dim"]), label=torch.arange(ROWS),
        redshift=torch.ones(ROWS), extent=(LENGTH - 2, 3),
    )  # fmt: skip
    return made.to("meta")


def step(task, given):
    optimizer = torch.optim.AdamW(task.parameters())
    tasks.total_loss(task(given)).backward()
    torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
    optimizer.step()


@pytest.mark.parametrize("case", CASES)
def test_a_step_asks_for_no_value(case):
    task, given = build(*CASES[case]).to("meta").train(), batch()
    step(task, Pair(given, given) if isinstance(task, tasks.MavenTask) else given)


def test_nor_does_one_of_redshifts():
    network = torch.nn.Linear(LENGTH, 1)
    task = tasks.RegressTask(network, -1.0, 0.5, lambda given: (given.value,)).to("meta")
    step(task, batch())


def test_a_value_cannot_be_had_on_that_device():
    with pytest.raises(RuntimeError):
        torch.zeros(3, device="meta").sum().item()
    with pytest.raises(RuntimeError):
        batch().valid.nonzero()
    with pytest.raises(RuntimeError):
        batch().value + torch.zeros(ROWS, LENGTH)
