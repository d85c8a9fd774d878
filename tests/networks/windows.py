"""A small batch, and small versions of every network, for the invariances."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nightjar.networks import NETWORKS

MAVEN = {"dim": 16, "depth": 2, "heads": 4, "base": 1000.0}
ASTROMER = {"dim": 16, "depth": 2, "heads": 2, "feedforward": 24, "base": 1000.0}
RELEASED = {**ASTROMER, "skip": "learned", "mask": "strict", "mask_token": False}
PAPER = {**ASTROMER, "skip": "residual", "mask": "strict", "mask_token": True}
STRICT_1 = {**ASTROMER, "skip": "none", "mask": "strict", "mask_token": True}
STAR = {"scaled": True, "harmonics": 3, "star_token": True, "decoder": True}
NIGHTJAR = {**PAPER, **STAR, "norm": "pre"}
LEGACY = {**ASTROMER, "skip": "none", "mask": "legacy", "mask_token": False}


def _maven(pooling: str) -> dict[str, Any]:
    return {**MAVEN, "pooling": pooling, "output": 6, "bands": 2}


def _clip() -> dict[str, Any]:
    encoders = {
        "light_curve": {**MAVEN, "pooling": "mean"},
        "spectrum": {**MAVEN, "pooling": "max"},
    }
    return {**encoders, "output": 6, "embedding": 8, "bands": 2, "logit_scale": 10.0}


def _end_to_end() -> dict[str, Any]:
    encoder = {"light_curve": {**MAVEN, "pooling": "attention"}}
    return {**encoder, "output": 6, "embedding": 8, "bands": 2, "outputs": 3}


# name of the case: (name in the registry, settings)
SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "encoder_mean": ("MavenEncoder", _maven("mean")),
    "encoder_max": ("MavenEncoder", _maven("max")),
    "encoder_attention": ("MavenEncoder", _maven("attention")),
    "encoder_pre": ("MavenEncoder", {**_maven("mean"), "norm": "pre"}),
    "maven": ("Maven", _clip()),
    "end_to_end": ("EndToEnd", _end_to_end()),
    "astromer_legacy": ("Astromer", LEGACY),
    "astromer_strict": ("Astromer", STRICT_1),
    "astromer_released": ("Astromer", RELEASED),
    "astromer_paper": ("Astromer", PAPER),
    "astromer_nightjar": ("Astromer", NIGHTJAR),
    "classifier_nightjar": (
        "AstromerClassifier",
        {"astromer": NIGHTJAR, "hidden": [8], "classes": 3},
    ),
    "classifier": ("AstromerClassifier", {"astromer": PAPER, "hidden": [8], "classes": 3}),
}
# the published Astromer 1 counts padding as hidden, and favours hidden keys
PADDING_PROOF = [name for name in SMALL if name != "astromer_legacy"]
PER_POINT = {"MavenEncoder": ["forward"], "Astromer": ["forward", "reconstructions"]}
WHOLE = {
    "MavenEncoder": ["embed"],
    "Maven": ["embed_light_curve", "embed_spectrum"],
    "EndToEnd": ["forward", "embed_light_curve"],
    "Astromer": ["embed"],
    "AstromerClassifier": ["forward"],
}
# networks in which no hidden value may reach any output
HIDES = [name for name in SMALL if name.startswith("encoder")] + [
    "astromer_strict",
    "astromer_paper",
    "astromer_nightjar",
]


class Window(NamedTuple):
    value: Tensor
    time: Tensor
    band: Tensor
    valid: Tensor
    masked: Tensor


def small(case: str, **changes: Any) -> nn.Module:
    name, settings = SMALL[case]
    return NETWORKS[name](**settings, **changes).eval()


def window(*points: int, length: int = 12) -> Window:
    """A batch with so many observed points per row, every third of them masked."""
    shape = (len(points), length)
    valid = torch.arange(length) < torch.tensor(points)[:, None]
    masked = valid & (torch.arange(length) % 3 == 1)
    value, time = torch.randn(shape), 100 * torch.rand(shape)
    return Window(value, time, torch.randint(2, shape), valid, masked)


def pad(batch: Window, extra: int) -> Window:
    """The same with so many more columns of zeros, neither valid nor masked."""
    return Window(*(torch.nn.functional.pad(x, (0, extra)) for x in batch))


def per_point(network: nn.Module, batch: Window, *, masked: bool = False) -> list[Tensor]:
    """Outputs with an entry for every point, (batch, length, ...), zeroed at padding."""
    inputs = batch if masked else batch[:4]
    outputs: list[Tensor] = []
    for name in PER_POINT.get(_name(network), []):
        found = getattr(network, name)(*inputs)
        outputs += found if isinstance(found, tuple) else [found]
    return [
        x.masked_fill(~batch.valid.view(*batch.valid.shape, *[1] * (x.ndim - 2)), 0.0)
        for x in outputs
    ]


def whole(network: nn.Module, batch: Window) -> list[Tensor]:
    """Outputs with an entry for every window, (batch, ...)."""
    return [getattr(network, name)(*batch[:4]) for name in WHOLE[_name(network)]]


def results(network: nn.Module, batch: Window) -> list[Tensor]:
    """All outputs of a network."""
    return per_point(network, batch) + whole(network, batch)


def _name(network: nn.Module) -> str:
    return type(network).__name__
