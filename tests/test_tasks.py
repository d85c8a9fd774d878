"""Tasks: losses of a batch, scores of a pass."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nightjar import batching, tasks
from nightjar.batching import Pair
from nightjar.batching.datasets import TabularData
from nightjar.errors import InputError
from nightjar.networks import EndToEnd, GammaHead, Maven

ENCODER = {"dim": 8, "depth": 1, "heads": 2, "base": 1000.0, "pooling": "mean"}


def sequences(value):
    value = np.asarray(value, np.float32)
    return batching.collate(
        value, np.full_like(value, 0.1), np.arange(value.size).reshape(value.shape),
        np.zeros(value.shape), np.ones(value.shape, bool), np.arange(len(value)),
    )  # fmt: skip


class Fixed(nn.Module):
    """The columns of a batch as logits or redshift."""

    def forward(self, columns):
        return columns


def columns(batch):
    return (batch.tabular,)


def test_contrastive_loss_of_pairs():
    torch.manual_seed(0)
    network = Maven(ENCODER, ENCODER, output=4, embedding=6, bands=2, logit_scale=10.0)
    pair = Pair(sequences([[1, 2], [3, 4], [5, 5]]), sequences([[1, 0], [0, 1], [2, 2]]))
    task = tasks.MavenTask(network)
    (loss,) = task(pair).values()
    loss.backward()
    assert all(p.grad is not None for p in network.parameters())
    assert task.validate([pair, pair]) == {"contrastive_loss": pytest.approx(loss.item())}


def test_classification_weighs_classes():
    data = TabularData(np.log([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]), label=np.array([0, 0, 1]))
    weights = tasks.class_weights(data.label, 2)
    assert weights.tolist() == [0.75, 1.5]  # 3 / (2 * 2), 3 / (2 * 1)
    task = tasks.ClassifyTask(Fixed(), weights, columns)
    # (0.75 ln 2 + 0.75 ln 2 + 1.5 ln 10) / 3
    expected = (1.5 * math.log(2) + 1.5 * math.log(10)) / 3
    batch = data.batch(np.arange(3))
    assert float(task(batch)["cross_entropy_loss"]) == pytest.approx(expected)
    assert task.predict(batch)[2].tolist() == pytest.approx([0.9, 0.1])


def test_class_weights_of_an_absent_class():
    assert tasks.class_weights([0, 0, 2, 2], 3).tolist() == [1.0, 0.0, 1.0]


def test_regression_is_in_units_of_the_training_sample():
    data = TabularData(np.array([[0.0], [2.0]]), redshift=np.exp([0.1, 0.1]))
    task = tasks.RegressTask(Fixed(), mean=0.06, scale=0.02, inputs=columns)  # of ln z
    batch = data.batch(np.arange(2))
    assert float(task(batch)["redshift_loss"]) == pytest.approx((2**2 + 0) / 2, rel=1e-4)
    assert task.predict(batch).log().tolist() == pytest.approx([0.06, 0.1], rel=1e-5)


def test_validation_weighs_batches_by_their_objects():
    data = TabularData(np.array([[1.0], [1.0], [4.0]]), redshift=np.ones(3))
    task = tasks.RegressTask(Fixed(), 0.0, 1.0, columns)
    batches = batching.evaluation(data, np.arange(3), 2)()
    assert task.validate(batches) == {"redshift_loss": pytest.approx((1 + 1 + 16) / 3)}
    with pytest.raises(InputError, match="empty"):
        task.validate(batching.evaluation(data, [], 2)())


def test_only_losses_are_summed():
    assert tasks.total_loss({"a_loss": 1, "accuracy": 5, "b_loss": 2}) == 3


def test_collect_keeps_the_order_of_the_pass():
    torch.manual_seed(0)
    network = EndToEnd(ENCODER, output=4, embedding=6, bands=1, outputs=3).eval()
    batches = [sequences([[1, 2, 3]]), sequences([[4, 5], [6, 7]])]
    task = tasks.ClassifyTask(network)
    out = task.collect(lambda b: network.embed_light_curve(*tasks.sequence(b)), batches)
    assert out.shape == (3, 6)
    one = task.collect(lambda b: network.embed_light_curve(*tasks.sequence(b)), batches[1:])
    assert np.array_equal(out[1:], one)


def test_a_head_trains_on_the_embeddings_of_a_frozen_network():
    embedding = np.random.default_rng(0).normal(size=(5, 3, 4))
    data = TabularData(embedding.reshape(5, -1), label=np.array([0, 1, 0, 1, 1]))
    head = GammaHead(layers=3, dim=4, hidden=[8], classes=2)
    task = tasks.ClassifyTask(head, inputs=lambda b: (b.tabular.unflatten(1, (3, 4)),))
    assert task(data.batch(np.arange(5)))["cross_entropy_loss"].isfinite()
