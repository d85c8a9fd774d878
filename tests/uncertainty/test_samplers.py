"""The batched sampler: what it samples, what it leaves alone, and its moments."""

import numpy as np
import pytest
import torch
from torch import nn

from nightjar import uncertainty
from nightjar.errors import InputError
from nightjar.networks import AstromerClassifier
from tests.networks.windows import PAPER, window

BATCHES = [torch.ones(4, 3), torch.zeros(2, 3)]


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 2))


def predict(network, *, samples=6, dropouts=None, at_once=4, seed=1):
    return uncertainty.predict(
        network,
        lambda batch, count: network(batch.repeat(count, 1)),
        BATCHES,
        samples=samples,
        dropouts=[network[2]] if dropouts is None else dropouts,
        at_once=at_once,
        seed=seed,
    )


def test_deterministic_is_one_pass_in_evaluation_mode(network):
    found = predict(network, samples=1, dropouts=())
    expected = torch.cat([network.eval()(batch) for batch in BATCHES]).softmax(dim=-1)
    assert found.shape == (1, 6, 2)
    assert found[0] == pytest.approx(expected.detach().numpy(), abs=1e-6)


@pytest.mark.parametrize("at_once", [1, 4, 6, 100])
def test_dropout_samples_differ_and_repeat_with_the_seed(network, at_once):
    found = predict(network, at_once=at_once)
    assert found.shape == (6, 6, 2)
    assert found.sum(axis=-1) == pytest.approx(1)
    assert uncertainty.pv(found).min() > 0
    torch.manual_seed(99)  # what was drawn before does not matter
    assert np.array_equal(found, predict(network, at_once=at_once))
    assert not np.array_equal(found, predict(network, at_once=at_once, seed=2))


def test_objects_do_not_depend_on_the_batches_before(network):
    def of(batches):
        forward = lambda batch, count: network(batch.repeat(count, 1))  # noqa: E731
        return uncertainty.predict(
            network, forward, batches, samples=3, dropouts=[network[2]], seed=1
        )

    assert np.array_equal(of(BATCHES)[:, 4:], of(BATCHES[1:]))


def test_only_the_given_dropout_is_in_training_mode(network):
    before = network[1].running_mean.clone()
    modes = []
    hook = network[3].register_forward_hook(
        lambda *_: modes.append([module.training for module in network])
    )
    predict(network)
    hook.remove()
    assert modes[0] == [False, False, True, False]
    assert torch.equal(network[1].running_mean, before)  # batch norm learned nothing


def test_modes_and_global_random_state_are_restored(network):
    network.train()
    network[1].eval()
    state = torch.get_rng_state()
    predict(network)
    assert [module.training for module in network] == [True, False, True, True]
    assert torch.equal(torch.get_rng_state(), state)


def test_dropout_of_rate_zero_is_an_error():
    with pytest.raises(InputError, match="dropout rate above 0"):
        predict(nn.Sequential(nn.Linear(3, 2), nn.Identity(), nn.Dropout(0.0)))


RATES = dict.fromkeys(("embedding", "attention", "feedforward", "head"), 0.3)
HSA = {"centroids": 3, "tau1": 0.7, "tau2": 1.0, "hard": False, "second_step": True, "blocks": 2}


@pytest.mark.parametrize("stochastic", [None, HSA])
def test_samples_at_once_have_the_moments_of_a_loop(stochastic):
    """Means and variances of 1000 draws each agree within 4.5 standard errors.

    The standard error of a variance is sqrt((fourth central moment - variance^2) / draws).
    """
    torch.manual_seed(0)
    network = AstromerClassifier(PAPER, [8], 3, RATES if stochastic is None else 0.0, stochastic)
    batch, count, moments = window(6, 3, length=6), 1000, []
    for at_once in (1, 50):
        drawn = uncertainty.predict(
            network,
            lambda batch, samples: network(*batch[:4], samples=samples),
            [batch],
            samples=count,
            dropouts=network.dropouts(2),
            at_once=at_once,
            seed=5 + at_once,
        )
        squares = (drawn - drawn.mean(axis=0)) ** 2
        moments.append([[x.mean(axis=0), x.var(axis=0) / count] for x in (drawn, squares)])
    loop, together = np.array(moments)  # (mean or variance; value or squared error, ...)
    assert loop[1, 0].min() > 0.005**2  # there is something to compare
    error = np.sqrt(loop[:, 1] + together[:, 1])
    assert np.all(np.abs(loop[:, 0] - together[:, 0]) < 4.5 * error)
