import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nightjar import uncertainty
from nightjar.errors import InputError


def test_agreeing_members_have_no_epistemic_uncertainty():
    agreeing = np.tile([[[0.7, 0.2, 0.1]]], (5, 1, 1))
    scores = uncertainty.scores(agreeing)
    assert scores["pv"] == pytest.approx(0, abs=1e-30)
    assert scores["bald"] == pytest.approx(0, abs=1e-15)
    assert scores["smp"] == pytest.approx(0.3)
    entropy = -(0.7 * math.log(0.7) + 0.2 * math.log(0.2) + 0.1 * math.log(0.1))
    assert scores["entropy"] == pytest.approx(entropy)
    assert scores["expected_entropy"] == pytest.approx(entropy)


def test_confident_members_that_disagree():
    # mean (1/2, 1/2): entropy ln 2; each member certain: entropy 0
    # variance with ddof 1 of (1, 0) is 1/4 + 1/4 = 1/2 in both classes
    opposed = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    scores = uncertainty.scores(opposed)
    assert scores["bald"] == pytest.approx(math.log(2))
    assert scores["entropy"] == pytest.approx(math.log(2))
    assert scores["expected_entropy"] == 0
    assert scores["pv"] == pytest.approx(0.5)
    assert scores["smp"] == pytest.approx(0.5)


def test_one_sample_is_the_deterministic_case():
    scores = uncertainty.scores(np.array([[[0.9, 0.1], [0.5, 0.5]]]))
    assert scores["smp"] == pytest.approx([0.1, 0.5])
    assert scores["pv"].tolist() == [0, 0]
    assert scores["bald"].tolist() == [0, 0]


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(2, 5))
def test_scores_keep_their_bounds(seed, samples, classes):
    drawn = np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), size=(samples, 4))
    scores = uncertainty.scores(drawn)
    assert all(score.shape == (4,) for score in scores.values())
    assert np.all(scores["smp"] <= 1 - 1 / classes + 1e-12)
    assert np.all((scores["bald"] >= 0) & (scores["bald"] <= math.log(classes)))
    assert np.all(scores["entropy"] + 1e-12 >= scores["expected_entropy"])


# --- samplers -----------------------------------------------------------------------------------


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 2))


BATCHES = [torch.ones(4, 3), torch.zeros(2, 3)]


def predict(network, dropout, seed=1):
    return uncertainty.predict(network, network, BATCHES, samples=6, dropout=dropout, seed=seed)


def test_deterministic_is_one_pass_in_evaluation_mode(network):
    found = predict(network, dropout=False)
    expected = torch.cat([network.eval()(batch) for batch in BATCHES]).softmax(dim=-1)
    assert found.shape == (1, 6, 2)
    assert found[0] == pytest.approx(expected.detach().numpy(), abs=1e-6)


def test_dropout_samples_differ_and_repeat_with_the_seed(network):
    found = predict(network, dropout=True)
    assert found.shape == (6, 6, 2)
    assert found.sum(axis=-1) == pytest.approx(1)
    assert uncertainty.pv(found).min() > 0
    assert np.array_equal(found, predict(network, dropout=True))
    assert not np.array_equal(found, predict(network, dropout=True, seed=2))


def test_only_dropout_is_in_training_mode(network):
    before = network[1].running_mean.clone()
    modes = []
    hook = network[3].register_forward_hook(
        lambda *_: modes.append([module.training for module in network])
    )
    predict(network, dropout=True)
    hook.remove()
    assert modes[0] == [False, False, True, False]
    assert torch.equal(network[1].running_mean, before)  # batch norm learned nothing


def test_modes_and_global_random_state_are_restored(network):
    network.train()
    network[1].eval()
    state = torch.get_rng_state()
    predict(network, dropout=True)
    assert [module.training for module in network] == [True, False, True, True]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("rate", [None, 0.0])
def test_dropout_of_a_network_without_is_an_error(rate):
    layers = [nn.Linear(3, 2)] + ([] if rate is None else [nn.Dropout(rate)])
    network = nn.Sequential(*layers)
    with pytest.raises(InputError, match="dropout rate above 0"):
        predict(network, dropout=True)
