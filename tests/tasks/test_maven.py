"""Maven's task: pairs of modalities, missing ones, chunks of a batch."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.testing import assert_close

from nightjar import batching, losses
from nightjar.batching import Pair
from nightjar.networks import Maven
from nightjar.tasks import MavenTask, sequence

ENCODER = {"dim": 8, "depth": 2, "heads": 2, "base": 1000.0, "pooling": "mean"}
WEIGHTS = {"light_curve_spectrum": 1.0, "light_curve_metadata": 0.5, "spectrum_metadata": 0.0}


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def network(**changes):
    built = {"output": 4, "embedding": 6, "bands": 2, "logit_scale": 10.0, **changes}
    return Maven(ENCODER, ENCODER, **built)


def batch(size, length, empty=(), **rest):
    value = torch.randn(size, length)
    valid = torch.arange(length) < torch.randint(1, length + 1, (size, 1))
    valid[list(empty)] = False
    zero = torch.zeros(size, length)
    return batching.Batch(
        value=value * valid, error=zero, time=torch.rand(size, length) * 50 * valid,
        band=zero.long(), valid=valid, index=torch.arange(size), **rest,
    )  # fmt: skip


def pair(size=6, no_curve=(), no_spectrum=(), label=None, redshift=None):
    given = {"label": label, "redshift": redshift}
    rest = {k: torch.as_tensor(v) for k, v in given.items() if v is not None}
    return Pair(batch(size, 5, no_curve, **rest), batch(size, 9, no_spectrum))


def metadata(size=6):
    return {"label": [0, 1, 2, 0, 1, 2][:size], "redshift": [0.1, 0.2, 0.3, 0.1, 0.05, 0.4][:size]}


def test_the_loss_of_a_pair_runs_over_the_rows_that_have_both():
    task, both = MavenTask(network()), [1, 3, 5]
    given = pair(no_curve=[0], no_spectrum=[2, 4])
    part = given.map(lambda tensor: tensor[both])
    assert_close(task(given), task(part))


def test_metadata_count_where_class_and_redshift_are_known():
    task = MavenTask(network(metadata={"classes": 3}, pair_weights=WEIGHTS))
    label, redshift = [0, -1, 2, 0, 1, 2], [0.1, 0.2, torch.nan, 0.0, 0.05, 0.4]
    given = pair(label=label, redshift=redshift)
    found = task(given)
    known = given.map(lambda tensor: tensor[[0, 4, 5]])
    assert_close(found["light_curve_metadata"], task(known)["light_curve_metadata"])
    assert_close(found["light_curve_spectrum"], task(given)["light_curve_spectrum"])
    weighted = found["light_curve_spectrum"] + 0.5 * found["light_curve_metadata"]
    assert_close(found["contrastive_loss"], weighted)


def test_a_spectrum_without_a_light_curve_trains_with_its_metadata():
    weights = {**WEIGHTS, "light_curve_metadata": 0.0, "spectrum_metadata": 1.0}
    net = network(metadata={"classes": 3}, pair_weights=weights)
    given = pair(no_curve=range(6), **metadata())
    found = MavenTask(net)(given)
    assert found["light_curve_spectrum"] == found["light_curve_metadata"] == 0
    found["contrastive_loss"].backward()
    assert net.spectrum.output.weight.grad.any()
    assert net.metadata.class_embedding.weight.grad.any()
    assert not net.light_curve.output.weight.grad.any()  # zero, but there


@pytest.mark.parametrize("no_spectrum", [range(6), range(5)])
@pytest.mark.parametrize("objective", ["softmax", "sigmoid"])
def test_fewer_than_two_pairs_are_no_loss(no_spectrum, objective):
    """But every parameter has a gradient, zero, without which several devices do not go on."""
    net = network(objective=objective)
    (loss,) = MavenTask(net)(pair(no_spectrum=no_spectrum)).values()
    loss.backward()
    assert loss == 0
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())


def test_metadata_that_nobody_has_leave_a_gradient_of_zero():
    net = network(metadata={"classes": 3}, pair_weights=WEIGHTS)
    MavenTask(net)(pair(label=[-1] * 6, redshift=[0.1] * 6))["contrastive_loss"].backward()
    assert all(p.grad is not None for p in net.parameters())
    assert not any(p.grad.any() for p in net.metadata.parameters())


def test_the_sigmoid_objective():
    net = network(objective="sigmoid")
    given = pair()
    (loss,) = MavenTask(net)(given).values()
    curve, spectrum = (sequence(each) for each in given)
    a, b = net.embed_light_curve(*curve), net.embed_spectrum(*spectrum)
    assert_close(loss, losses.sigmoid(a, b, net.log_scale, torch.tensor(-10.0)))
    loss.backward()
    assert net.bias.grad != 0


# --- chunks ---------------------------------------------------------------------------------------


def gradients(net, given, chunk):
    net.zero_grad()
    loss = sum(v for k, v in MavenTask(net, chunk)(given).items() if k.endswith("_loss"))
    loss.backward()
    return loss.detach(), [p.grad.clone() for p in net.parameters()]


@pytest.mark.parametrize("chunk", [1, 4, 6, 100])
def test_chunks_change_neither_loss_nor_gradients(chunk):
    net = network(metadata={"classes": 3}, pair_weights=WEIGHTS).double()
    given = pair(**metadata())
    assert_close(gradients(net, given, chunk), gradients(net, given, None), rtol=1e-5, atol=1e-7)


def test_with_dropout_the_same_seed_gives_the_same_gradients():
    net, given = network(dropout=0.3).train(), pair()

    def drawn(seed):
        torch.manual_seed(seed)
        return gradients(net, given, 2)

    assert_close(drawn(1), drawn(1), rtol=0, atol=0)
    assert drawn(1)[0] != drawn(2)[0]


def test_the_backward_pass_drops_what_the_forward_pass_dropped():
    # were others dropped when the activations are computed again, the gradient would be another
    # function's, not that of finite differences
    net, given = network(dropout=0.3).double().train(), pair()

    def loss():
        torch.manual_seed(3)
        return MavenTask(net, 2)(given)["contrastive_loss"]

    weight = net.light_curve.value_embedding.bias
    loss().backward()
    gradient, step = weight.grad[0].item(), 1e-2
    with torch.no_grad():
        weight[0] += step
        high = loss().item()
        weight[0] -= 2 * step
        low = loss().item()
    assert (high - low) / (2 * step) == pytest.approx(gradient, rel=0.02, abs=1e-4)


def test_chunks_keep_the_activations_of_one_chunk_only():
    net, given = network(), pair(32)

    def kept(chunk):
        """Numbers saved for the backward pass when it begins."""
        sizes = []
        with saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t):
            MavenTask(net, chunk)(given)
        return sum(sizes)

    assert kept(4) < 0.1 * kept(None)
