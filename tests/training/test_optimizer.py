"""The optimiser: what decays, what is frozen, and the rate of each group in the warm-up."""

import pytest
import torch
from torch import nn

from nightjar.params import Training
from nightjar.training import optimizer as optimizers

SETTINGS = Training(
    seed=0, threads=1, device="cpu", precision="32-true", compile=False,
    lr=0.1, epochs=1, batch_size=4,
    patience=1, warmup_steps=4, decay="none", weight_decay=0.01, gradient_clip=1.0,
    dropout=0.0, devices=1,
    num_nodes=1, strategy="auto",
)  # fmt: skip


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 1))


def groups_of(optimizer, of):
    """(rate after the warm-up, weight decay, names of parameters) of each group."""
    names = {parameter: name for name, parameter in of.named_parameters()}
    return [
        (group["initial_lr"], group["weight_decay"], [names[p] for p in group["params"]])
        for group in optimizer.param_groups
    ]


def test_weight_decay_spares_biases_and_norms():
    of = network()
    assert groups_of(optimizers.build(of, SETTINGS, fused=False), of) == [
        (0.1, 0.01, ["0.weight", "2.weight"]),
        (0.1, 0.0, ["0.bias", "1.weight", "1.bias", "2.bias"]),
    ]


def test_a_group_for_each_rate_and_nothing_of_what_is_frozen():
    of = network()
    rates = {"0.weight": 0.25, "1.bias": 0.5, "2.bias": 0.5, "2.weight": 1.0}
    optimizer = optimizers.build(of, SETTINGS, fused=False, rates=rates)
    assert groups_of(optimizer, of) == [
        (0.1, 0.01, ["2.weight"]),
        (0.05, 0.0, ["1.bias", "2.bias"]),
        (0.025, 0.01, ["0.weight"]),
    ]
    free = {name for name, parameter in of.named_parameters() if parameter.requires_grad}
    assert free == set(rates)


def test_the_warm_up_keeps_the_ratio_of_the_rates():
    """Of 4 steps, after 1, 2, 3, 4, 5 the rates are 1/4, 2/4, 3/4, 1, 1 of their own."""
    of = network()
    rates = {"0.weight": 0.5, "2.weight": 1.0}
    optimizer = optimizers.build(of, SETTINGS, fused=False, rates=rates)
    seen = []
    for step in range(5):
        optimizers.set_rates(optimizer, step, 9, SETTINGS)
        seen.append([group["lr"] for group in optimizer.param_groups])
        assert optimizers.highest_rate(optimizer) == seen[-1][0]
    assert seen == [pytest.approx([0.1 * f, 0.05 * f]) for f in (0.25, 0.5, 0.75, 1.0, 1.0)]


def test_without_a_warm_up_the_first_step_has_the_whole_rate():
    optimizer = optimizers.build(network(), SETTINGS, fused=False)
    optimizers.set_rates(optimizer, 0, 9, SETTINGS.model_copy(update={"warmup_steps": 0}))
    assert optimizers.highest_rate(optimizer) == 0.1


def test_a_cosine_falls_from_the_whole_rate_to_nothing():
    """Half a cosine over 4 steps: (1 + cos(pi s / 4)) / 2 is 1, 0.854, 0.5, 0.146, and 0 after."""
    settings = SETTINGS.model_copy(update={"warmup_steps": 0, "decay": "cosine"})
    optimizer = optimizers.build(network(), settings, fused=False)
    seen = []
    for step in range(6):
        optimizers.set_rates(optimizer, step, 4, settings)
        seen.append(optimizers.highest_rate(optimizer))
    root = 0.5**0.5
    expected = [1, (1 + root) / 2, 0.5, (1 - root) / 2, 0, 0]
    assert seen == pytest.approx([0.1 * each for each in expected])


def test_what_was_frozen_before_stays_frozen():
    of = network()
    of[0].requires_grad_(False)
    named = [name for _, _, names in groups_of(optimizers.build(of, SETTINGS, fused=False), of)
             for name in names]  # fmt: skip
    assert named == ["2.weight", "1.weight", "1.bias", "2.bias"]


def test_a_rate_for_what_is_not_there():
    with pytest.raises(ValueError, match=r"no parameters \['3.weight'\]"):
        optimizers.build(network(), SETTINGS, fused=False, rates={"3.weight": 1.0})
