"""What the settings of several stages share: closed and frozen, root keys, pieces, checks."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

M = TypeVar("M")
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[list[Count], Field(min_length=1)]
Classes = dict[str, list[str]]
Precision = Literal["32-true", "bf16-mixed"]


class Settings(BaseModel):
    """Frozen and closed: what is not declared is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )


# --- root keys, inherited by the stages that read them ---------------------------------------


class Seeded(Settings):
    """A stage that draws random numbers."""

    seed: Annotated[int, Field(ge=0)]


class Parallel(Settings):
    """A data stage that works on chunks of objects."""

    threads: Count


class Compute(Parallel, Seeded):
    """A stage that runs a network."""

    device: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto"] | Precision


class Training(Compute):
    """A stage that trains: optimiser, schedule, stopping."""

    compile: bool

    lr: Positive
    epochs: Count
    batch_size: Count
    patience: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: Literal["none", "cosine"]
    weight_decay: Annotated[float, Field(ge=0)]
    gradient_clip: Positive
    dropout: Fraction
    devices: Count
    num_nodes: Count
    strategy: Literal["auto", "ddp", "fsdp"]


# --- pieces shared by several stages ----------------------------------------------------------


class TransformerSettings(Settings):
    """Width, blocks, heads, and the base of the time encoding."""

    dim: Count
    depth: Count
    heads: Count
    base: Positive

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        if self.dim % 2:
            raise ValueError(f"dim {self.dim} is odd: the time encoding pairs sines with cosines")
        return self


class EncoderSettings(TransformerSettings):
    """A Maven transformer (Zhang+2024) and its pooling."""

    pooling: Literal["mean", "max", "attention"]
    norm: Literal["post", "pre"]


class PairWeights(Settings):
    """Weight in the loss of each pair of modalities; metadata are class and redshift."""

    light_curve_spectrum: NotNegative
    light_curve_metadata: NotNegative
    spectrum_metadata: NotNegative

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("one of the weights must be above 0")
        return self


class InheritedPairWeights(Settings):
    """The same; null = what the pre-trained weights were trained with."""

    light_curve_spectrum: NotNegative | None
    light_curve_metadata: NotNegative | None
    spectrum_metadata: NotNegative | None


class AstromerSettings(TransformerSettings):
    """An Astromer network (Donoso-Oliva+2025), and what of the star's own period it is told."""

    feedforward: Count
    skip: Literal["none", "learned", "residual"]
    mask: Literal["legacy", "strict"]
    mask_token: bool
    norm: Literal["post", "pre"]
    scaled: bool
    harmonics: Annotated[int, Field(ge=0)]
    star_token: bool
    decoder: bool
    shortest_period: Positive

    @model_validator(mode="after")
    def _decodes(self) -> Self:
        if self.decoder and not (self.star_token and self.harmonics):
            raise ValueError("decoder needs star_token: true and harmonics above 0")
        return self


class ProbedSettings(Settings):
    """Which points are scored, and what the network sees of them (Donoso-Oliva+2025)."""

    probed: Annotated[float, Field(gt=0, le=1)]
    same: Annotated[float, Field(ge=0, le=1)]
    random: Annotated[float, Field(ge=0, le=1)]


def increasing(settings: M, shortest: float, longest: float) -> M:
    """Refuse a range of wavelengths that holds none."""
    if longest <= shortest:
        raise ValueError("wavelength_max must exceed wavelength_min")
    return settings
