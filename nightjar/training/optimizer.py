"""The optimiser: AdamW, whose groups may train at rates of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from nightjar.params import Training

BASE = "initial_lr"  # key of a group: its rate after the warm-up, torch's own name for it


def build(
    network: nn.Module, settings: Training, *, fused: bool, rates: Mapping[str, float] | None = None
) -> torch.optim.AdamW:
    """AdamW that decays matrices only, not biases, norms and the temperature.

    Parameters
    ----------
    network : what is trained
    settings : of which ``lr`` and ``weight_decay`` are read
    fused : use torch's fused kernel
    rates : parameter name -> its rate in units of ``settings.lr`` (see `transfer.rates`); what is
        not named is frozen, so that nothing moves it, weight decay included, and no gradient is
        computed for it.  None trains at ``settings.lr`` what requires a gradient.

    Returns
    -------
    One group for each rate, the highest first, and each of decayed and of other parameters; its
    ``initial_lr`` is its rate after the warm-up.

    Raises
    ------
    ValueError
        ``rates`` names what the network does not have.
    """
    named = dict(network.named_parameters())
    if rates is None:
        rates = {name: 1.0 for name, parameter in named.items() if parameter.requires_grad}
    if unknown := rates.keys() - named.keys():
        raise ValueError(f"the network has no parameters {sorted(unknown)}")
    for name, parameter in named.items():
        parameter.requires_grad_(name in rates)
    groups = []
    for rate in sorted(set(rates.values()), reverse=True):
        parts = [named[name] for name in named if rates.get(name) == rate]
        groups += _groups(parts, settings.lr * rate, settings.weight_decay)
    return torch.optim.AdamW(groups, lr=settings.lr, fused=fused)


def set_rates(optimizer: torch.optim.Optimizer, step: int, steps: int, settings: Training) -> None:
    """Set the rates of step ``step`` (from 0) of ``steps``.

    They rise linearly over the first ``warmup_steps``; with ``decay: cosine`` they fall to nearly 0
    at the last step, as half a period of a cosine (Loshchilov and Hutter 2017, equation 5).
    """
    factor = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    if settings.decay == "cosine":
        factor *= 0.5 * (1 + math.cos(math.pi * min(step / steps, 1.0)))
    for group in optimizer.param_groups:
        group["lr"] = group[BASE] * factor


def highest_rate(optimizer: torch.optim.Optimizer) -> float:
    """Learning rate of the group that learns fastest."""
    return max(float(group["lr"]) for group in optimizer.param_groups)


def _groups(parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> list[dict]:
    """Those of two and more dimensions, which decay, and the others; without empty groups."""
    parts: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter in parameters:
        parts[parameter.ndim >= 2].append(parameter)
    return [
        {"params": part, "lr": lr, BASE: lr, "weight_decay": weight_decay if decays else 0.0}
        for decays, part in parts.items()
        if part
    ]
