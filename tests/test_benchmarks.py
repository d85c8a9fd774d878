"""The benchmarks compare like with like: both ways compute the same, and FLOPs are as derived."""

import argparse
import json

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import attention as attention_forms
from benchmarks import (
    flops,
    inference,
    laptop,
    made_up,
    parts,
    reading,
    timing,
    traffic,
    training,
)
from benchmarks.naive import naive
from nightjar import batching
from nightjar.networks import Astromer, Maven, attention
from nightjar.networks.attention import attention_bias
from nightjar.surveys import READERS
from nightjar.tasks import AstromerTask, MavenTask

SIZES = {"dim": 16, "depth": 2, "heads": 4, "feedforward": 24}
MAVEN = {"dim": 16, "depth": 2, "heads": 4, "base": 100.0, "pooling": "mean"}
POINTS = np.array([50, 200, 7, 120])


@pytest.fixture(autouse=True)
def _restore():
    """Leave torch as the other tests expect it."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)
    torch.use_deterministic_algorithms(False)


def astromer():
    network = Astromer(**SIZES, base=1000.0, skip="residual", mask="strict", mask_token=True)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # biases and norms, too, unlike at the start
    return AstromerTask(network)


def maven():
    return MavenTask(
        Maven(MAVEN, MAVEN, output=8, embedding=12, bands=2, logit_scale=10.0, dropout=0.0)
    )


def batches(data, rows, size=4):
    return list(batching.training(data, rows, size, seed=0)(0))


@pytest.mark.parametrize("kind", ["astromer", "maven"])
def test_the_naive_network_computes_the_same_loss_and_gradient(kind):
    if kind == "astromer":
        task, data = astromer(), made_up.windows(POINTS, full=True)
    else:
        task, data = maven(), made_up.pairs(4, 30)
    (batch,), other = batches(data, np.arange(4)), naive(task)
    losses = [sum(each(batch).values()) for each in (task, other)]
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=1e-5)
    for loss in losses:
        loss.backward()
    for name, parameter in task.named_parameters():
        if "blocks" not in name:  # all else has the same name; its gradient came through the blocks
            theirs = other.get_parameter(name).grad
            assert torch.allclose(theirs, parameter.grad, rtol=1e-3, atol=1e-5), name


def test_flops_are_those_that_torch_counts(monkeypatch):
    monkeypatch.setattr(attention, "attend", attention.written_out)  # the products alone
    network, length = astromer().network, 30
    sequence = torch.randn(3, length, SIZES["dim"], requires_grad=True)
    bias = attention_bias(torch.zeros(3, length, dtype=torch.bool))
    with FlopCounterMode(display=False) as forward:
        out = sequence
        for block in network.blocks:
            out = block(out, bias)
    sizes = {key: SIZES[key] for key in ("dim", "depth", "feedforward")}
    assert forward.get_total_flops() == flops.forward([length] * 3, **sizes)
    with FlopCounterMode(display=False) as backward:
        out.sum().backward()
    both = forward.get_total_flops() + backward.get_total_flops()
    assert both == flops.training([length] * 3, **sizes)


def test_flops_of_the_published_sizes():
    # 6 x 200 x (8 x 256^2 + 4 x 256 x 512 + 4 x 200 x 256) = 1200 x 1,253,376
    assert flops.forward([200], dim=256, depth=6, feedforward=512) == 1_504_051_200


@pytest.mark.parametrize("kind", ["astromer", "maven"])
def test_a_training_case_is_measured(kind):
    if kind == "astromer":
        task, data = astromer(), made_up.windows(POINTS, full=False)
    else:
        task, data = maven(), made_up.pairs(4, 30)
    ready = batches(data, np.arange(4), 2)
    case = training.Case("tiny", task, ready, ready, 1e6, 4)
    row = training.measure(case, timing.settings(1, "cpu"), repeats=1)
    assert all(np.isfinite(value) and value > 0 for value in row.values())
    assert row["times_naive"] == pytest.approx(row["ours_per_second"] / row["naive_per_second"])


def test_inference_in_bfloat16_is_close():
    """0.8 % of the embeddings' spread is usual; 2^-8 rounds each of the few sums on the way."""
    data = made_up.windows(POINTS, full=False)
    ready = list(batching.evaluation(data, np.arange(4), 2, seed=0)())
    network = astromer().network.eval()
    exact, mixed = (inference.run(network, ready, dtype) for dtype in (None, torch.bfloat16))
    assert exact.shape == mixed.shape == (4, SIZES["dim"])
    assert (exact - mixed).abs().max() < 0.05 * exact.std()
    assert torch.allclose(inference.run(naive(network).eval(), ready), exact, atol=1e-4)


def test_the_median_ratio_is_of_pairs():
    assert timing.ratio([4.0, 6.0, 100.0], [2.0, 2.0, 20.0]) == 3.0


def test_stages_add_up_over_their_runs(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {b: {}, a: {}, never: {}}")
    recorded = {
        "a@x": {"seconds": 1.5, "peak_memory_mib": 10},
        "a@y": {"seconds": 2.0, "peak_memory_mib": 30},
        "b": {"seconds": 4.0, "peak_memory_mib": 20},
        "gone": {"seconds": 9.0, "peak_memory_mib": 1},
    }
    (tmp_path / "plots/runtime.json").write_text(json.dumps(recorded))
    rows = laptop.by_stage(tmp_path)
    assert list(rows) == ["b", "a"]
    assert rows["a"] == {"seconds": 3.5, "runs": 2, "peak_memory_mib": 30}
    assert laptop.total(rows) == 7.5
    with pytest.raises(SystemExit, match=r"runtime\.json"):
        laptop.by_stage(tmp_path / "nowhere")


def test_forms_of_attention_are_measured():
    given = argparse.Namespace(threads=1, repeats=1)
    for ratios in attention_forms.times(200, 4, "float32 by MKL", given).values():
        assert all(np.isfinite(ratio) and ratio > 0 for ratio in ratios)


def test_errors_of_attention_are_small():
    for values in attention_forms.errors(200, 8, common=0.0).values():
        assert all(1e-4 < value < 0.02 for value in values)


def test_traffic_by_hand():
    matrix, row = torch.ones(4, 8), torch.ones(1, 8)
    with traffic.Traffic() as counted:
        product = matrix @ matrix.T  # a product and a view: nothing
        product + 1  # reads and writes 16 numbers
        matrix + row  # reads 32 and 8, writes 32
        matrix * row.expand(4, 8)  # the same: expanded, not copied
        matrix.to(torch.bfloat16)  # reads 32 of 4 bytes, writes 32 of 2
    assert counted.moved == {"add": 4 * (16 + 16 + 72), "mul": 4 * 72, "_to_copy": 32 * 6}


def test_a_wider_network_moves_more():
    narrow, wide = (traffic.step(1, width) for width in (64, 128))
    # tanh of 64 more columns in bfloat16: five blocks at 200 points, the last at 100
    assert wide["tanh"] - narrow["tanh"] == 2 * 2 * 64 * (5 * 200 + 100)


def test_parts_and_inference_are_measured():
    given = argparse.Namespace(
        batch=2, batches=2, feedforward=8, threads=1, device="cpu", repeats=1, photometry=None
    )
    points = np.array([20, 50, 7, 30])
    rows = inference.measure(points, given)
    assert set(rows) >= {"naive", "float32"}
    assert rows["naive"]["times_naive"] == 1.0
    settings = timing.settings(1, "cpu")
    case = training.astromer("tiny", points, given)
    ways = parts.without(case, points, 2, settings)
    seconds = timing.alternate(ways, 1, 1, torch.device("cpu"))
    assert all(timing.ratio(found, seconds["all of it"]) > 0 for found in seconds.values())


@pytest.mark.parametrize("reader", reading.MAKERS)
def test_every_reader_reads_the_survey_that_is_made_for_it(reader, tmp_path):
    rows = reading.MAKERS[reader](tmp_path / reader, 3)
    tables = READERS[reader](tmp_path / reader)
    assert sum(map(len, tables.photometry)) == rows
