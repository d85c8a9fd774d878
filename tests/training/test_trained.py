"""What a training leaves behind, and trainings that have nothing to train on."""

import csv

import numpy as np
import pytest
import torch

from nightjar import tasks, training, weights
from nightjar.batching.datasets import TabularData
from nightjar.errors import InputError
from nightjar.networks import GammaHead
from nightjar.params import Training
from nightjar.training import Fitted, trained

SETTINGS = Training(
    seed=0, threads=1, device="cpu", precision="32-true", compile=False,
    lr=0.1, epochs=2, batch_size=4,
    patience=9, warmup_steps=0, decay="none", weight_decay=0.0, gradient_clip=1.0,
    dropout=0.0, devices=1,
    num_nodes=1, strategy="auto",
)  # fmt: skip


def fitted(*validation, state=None):
    """A training with these validation losses; epoch e had training loss e + 1/3, accuracy e."""
    history = [
        {
            "lr": 1e-3,
            "training_loss": number + 1 / 3,
            "validation_loss": loss,
            "validation_accuracy": float(number),
        }
        for number, loss in enumerate(validation)
    ]
    best, last = state or ({}, {})
    return Fitted(best, last, history)


def test_the_summary_is_of_the_best_epoch():
    """Losses 3, 1, 2: the second epoch, counted from 1; its accuracy 1, its training loss 4/3."""
    assert trained.summary(fitted(3.0, 1.0, 2.0)) == {
        "epochs": 3,
        "best_epoch": 2,
        "training_loss": pytest.approx(4 / 3),
        "validation_loss": 1.0,
        "validation_accuracy": 1.0,
    }


@pytest.mark.parametrize(("losses", "best"), [((1.0,), 1), ((2.0, 1.0, 1.0), 2), ((1.0, 2.0), 1)])
def test_the_first_of_equal_epochs(losses, best):
    """As the loop keeps the weights of the first: only a smaller loss replaces them."""
    assert trained.summary(fitted(*losses))["best_epoch"] == best


def test_best_and_last_weights(tmp_path):
    network = GammaHead(layers=2, dim=3, hidden=[4], classes=2)
    states = [
        {name: torch.full_like(value, fill) for name, value in network.state_dict().items()}
        for fill in (1.0, 2.0)
    ]
    trained.save(
        tmp_path / "model",
        network,
        fitted(2.0, 1.0, state=tuple(states)),
        preprocessing={"window": 5},
        classes=["EB", "RR"],
        bands=["V"],
        sample="ab" * 32,
        notes={"method": "x"},
    )
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "last.safetensors",
        "weights.safetensors",
    ]
    for name, fill in (("weights", 1.0), ("last", 2.0)):
        model = weights.load(tmp_path / "model" / f"{name}.safetensors")
        assert {float(v) for t in model.network.state_dict().values() for v in t.ravel()} == {fill}
        about = model.metadata
        assert (about.classes, about.bands, about.sample) == (["EB", "RR"], ["V"], "ab" * 32)
        assert (about.preprocessing, about.notes) == ({"window": 5}, {"method": "x"})
        assert about.metrics == trained.summary(fitted(2.0, 1.0))


def test_learning_curves_as_csv(tmp_path):
    path = tmp_path / "plots" / "stage" / "learning_curves.csv"
    runs = {"Maven, 2 bands": [fitted(3.0, 1.0), fitted(0.1)], "Maven-lite": [fitted(2.5)]}
    trained.write_curves(path, runs)
    assert b"\r" not in path.read_bytes()
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["model", "fold", "epoch", "training_loss", "validation_loss"]
    third = repr(1 / 3)  # every digit: what is drawn is what was
    assert rows[1:] == [
        ["Maven, 2 bands", "0", "1", third, "3.0"],
        ["Maven, 2 bands", "0", "2", repr(1 + 1 / 3), "1.0"],
        ["Maven, 2 bands", "1", "1", third, "0.1"],
        ["Maven-lite", "0", "1", third, "2.5"],
    ]


# --- training on rows ---------------------------------------------------------------------------


def fit(path, train, validation, **changes):
    """Fit ln z = 2 x by one weight; returns what was trained and its numbers."""
    x = np.linspace(-1, 1, 12)[:, None]
    data = TabularData(x, redshift=np.exp(2 * x[:, 0]))
    torch.manual_seed(0)
    task = tasks.RegressTask(torch.nn.Linear(1, 1), 0.0, 1.0, lambda batch: (batch.tabular,))
    settings = SETTINGS.model_copy(update=changes)
    return training.fit_rows(
        task, (data, train), (data, validation), settings,
        seed=0, resume=path / "fit.safetensors", label="Maven, fold 3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("train", "validation", "missing"),
    [([], [1], "training"), ([1], [], "validation"), ([], [], "training")],
)
@pytest.mark.parametrize("kind", [list, lambda rows: np.array(rows, dtype=np.int64)])
def test_nothing_to_train_or_to_validate_on(tmp_path, train, validation, missing, kind):
    message = f"Maven, fold 3: no {missing} objects are left"
    with pytest.raises(InputError, match=message):
        fit(tmp_path, kind(train), kind(validation))
    assert not list(tmp_path.iterdir())


def test_only_its_rows_are_trained_on(tmp_path):
    """Rows 0-9, twice: rows 10 and 11 validate and change nothing but the scores."""
    one = fit(tmp_path / "a", range(10), [10, 11])
    other = fit(tmp_path / "b", range(10), [11])
    assert torch.equal(one.last["weight"], other.last["weight"])
    assert one.history[0]["training_loss"] == other.history[0]["training_loss"]
    assert one.history[0]["validation_loss"] != other.history[0]["validation_loss"]


def test_the_warm_up_counts_batches(tmp_path):
    """10 rows in batches of at most 4 are 3 batches an epoch; with 6 steps of warm-up the rate at
    the end of epoch 1 is 3/6 of lr = 0.05, of epoch 2 all of it."""
    history = fit(tmp_path, range(10), [10], warmup_steps=6).history
    assert [epoch["lr"] for epoch in history] == pytest.approx([0.05, 0.1])
