"""One frozen, closed class of settings per stage: types and ranges; an unknown key is refused."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

M = TypeVar("M")
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[list[Count], Field(min_length=1)]
Classes = dict[str, list[str]]


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
    precision: Literal["auto", "32-true", "bf16-mixed"]


class Training(Compute):
    """A stage that trains: optimiser, schedule, stopping."""

    lr: Positive
    epochs: Count
    batch_size: Count
    patience: Count
    warmup_steps: Annotated[int, Field(ge=0)]
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


class AstromerSettings(TransformerSettings):
    """An Astromer network (Donoso-Oliva+2025): skip connections, key mask, mask token."""

    feedforward: Count
    skip: Literal["none", "learned", "residual"]
    mask: Literal["legacy", "strict"]
    mask_token: bool


class ProbedSettings(Settings):
    """Which points are scored, and what the network sees of them (Donoso-Oliva+2025)."""

    probed: Annotated[float, Field(gt=0, le=1)]
    same: Annotated[float, Field(ge=0, le=1)]
    random: Annotated[float, Field(ge=0, le=1)]


def _distinct(groups: Classes, what: str) -> Classes:
    """Every raw name belongs to one group, else the meaning of a row would depend on order."""
    seen: dict[str, str] = {}
    for group, members in groups.items():
        for member in members:
            if member in seen:
                raise ValueError(f"{what} {member!r} is in both {seen[member]!r} and {group!r}")
            seen[member] = group
    return groups


def _needs_path(settings: M, source: str, path: str | None) -> M:
    if source != "mock" and path is None:
        raise ValueError(f"source {source!r} needs a path")
    return settings


def _increasing(settings: M, shortest: float, longest: float) -> M:
    if longest <= shortest:
        raise ValueError("wavelength_max must exceed wavelength_min")
    return settings


# --- one class per stage ------------------------------------------------------------------------


class SpectrographSettings(Settings):
    """Range, resolution and pixels of a spectrograph."""

    wavelength_min: Annotated[float, Field(ge=1000)]
    wavelength_max: Annotated[float, Field(le=30000)]
    resolution: Annotated[float, Field(ge=10)]
    pixels: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        return _increasing(self, self.wavelength_min, self.wavelength_max)


class SimulatedSurvey(Parallel, Seeded):
    """How simulated supernovae are observed."""

    objects: Count
    noise: bool
    passbands: Annotated[dict[str, str | None], Field(min_length=1)]
    spectrograph: SpectrographSettings
    spectrum_snr: Positive
    host_light: Annotated[float, Field(ge=0)] | None
    min_points: Count


class SimulateSupernovae(SimulatedSurvey):
    """The pre-training sample of supernova pairs."""

    classes: dict[str, Positive] | None
    engine: Literal["builtin", "templates"]
    templates: str | None


class GatherSupernovae(SimulatedSurvey):
    """The observed supernovae: source, bands, classes, and the frozen folds."""

    source: Literal["mock", "tables", "ztf_bts", "snana_hdf5"]
    path: str | None
    engine: Literal["builtin", "templates"]
    templates: str | None
    bands: Classes
    classes: Classes
    group_radius: Annotated[float, Field(ge=0)]
    folds: Annotated[int, Field(ge=2)]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _distinct(self.bands, "band")
        _distinct(self.classes, "class")
        return _needs_path(self, self.source, self.path)


class GatherVariables(Parallel, Seeded):
    """The variable stars: source, classes, and the frozen few-shot splits."""

    source: Literal["mock", "tables", "astromer"]
    path: str | None
    unlabelled: Count
    labelled: Count
    least_share: Annotated[float, Field(ge=0, lt=1)]
    bands: list[str]
    classes: list[str]
    surveys: list[str]
    min_points: Count
    group_radius: Annotated[float, Field(ge=0)]
    folds: Count
    samples_per_class: Counts
    test_per_class: Count
    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        return _needs_path(self, self.source, self.path)


class PreprocessSpectra(Parallel):
    """Median filter, log-wavelength grid, continuum, apodisation (Zhang+2024)."""

    wavelength_min: Positive
    wavelength_max: Positive
    bins: Annotated[int, Field(ge=8)]
    median_width: Annotated[int, Field(ge=1)]
    continuum: Literal["spline", "polynomial"]
    knots: Annotated[int, Field(ge=4)]
    degree: Annotated[int, Field(ge=0)]
    apodise: Annotated[float, Field(ge=0, lt=0.5)]
    min_pixels: Count
    min_coverage: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _increasing(self, self.wavelength_min, self.wavelength_max)
        if self.median_width % 2 == 0:
            raise ValueError(f"median_width must be odd, not {self.median_width}")
        return self


class WindowLightCurves(Settings):
    """Light curves as sequences for Maven and as windows for Astromer."""

    points_per_band: Count
    window: Annotated[int, Field(ge=5)]
    error_max: Positive
    min_snr: Positive


class PretrainClip(Training):
    """CLIP on simulated pairs."""

    light_curve: EncoderSettings
    spectrum: EncoderSettings
    output: Count
    embedding: Count
    logit_scale: Positive
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]


class FinetuneClip(Training):
    """CLIP on observed pairs, per fold, with and without pre-training."""

    noise_level: Annotated[float, Field(ge=0)]


class TrainBaselines(Training):
    """Light-curve encoders trained end to end for class and for redshift."""

    light_curve: EncoderSettings
    output: Count
    embedding: Count
    noise_level: Annotated[float, Field(ge=0)]


class TrainClassical(Parallel, Seeded):
    """Features, PCA and template matching: what a practitioner would use instead."""

    wavelength_min: Positive
    wavelength_max: Positive
    bins: Annotated[int, Field(ge=8)]
    redshift_max: Positive

    @model_validator(mode="after")
    def _check(self) -> Self:
        return _increasing(self, self.wavelength_min, self.wavelength_max)


class ProbeClip(Settings):
    """Probes of the CLIP embeddings."""

    neighbours: Counts
    class_groups: list[str]
    outlier: Positive
    redshift_low: Positive


class PretrainAstromer(Training):
    """Masked reconstruction of unlabelled windows."""

    init: str | None
    network: AstromerSettings
    probed: ProbedSettings
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]


class FinetuneAstromer(Training):
    """The same task on the labelled windows."""

    probed: ProbedSettings


class ProbeAstromer(Training):
    """Few-shot classifiers on frozen embeddings."""

    hidden: list[Count]


class TrainUncertainty(Training):
    """Classifiers with an uncertainty, one run per method."""

    methods: list[Literal["deterministic", "mc_dropout"]]
    survey: str | None
    samples_per_class: Count
    samples: Annotated[int, Field(ge=2)]
    hidden: list[Count]

    @model_validator(mode="after")
    def _can_sample(self) -> Self:
        if "mc_dropout" in self.methods and not self.dropout:
            raise ValueError("the method mc_dropout needs a dropout above 0")
        return self


class EvaluateUncertainty(Settings):
    """Scores of the uncertainties."""

    bins: Annotated[int, Field(ge=2)]


class Report(Settings):
    """One HTML page; reads no parameter."""


STAGES: dict[str, type[Settings]] = {
    "simulate_supernovae": SimulateSupernovae,
    "gather_supernovae": GatherSupernovae,
    "gather_variables": GatherVariables,
    "preprocess_spectra": PreprocessSpectra,
    "window_light_curves": WindowLightCurves,
    "pretrain_clip": PretrainClip,
    "finetune_clip": FinetuneClip,
    "train_baselines": TrainBaselines,
    "train_classical": TrainClassical,
    "probe_clip": ProbeClip,
    "pretrain_astromer": PretrainAstromer,
    "finetune_astromer": FinetuneAstromer,
    "probe_astromer": ProbeAstromer,
    "train_uncertainty": TrainUncertainty,
    "evaluate_uncertainty": EvaluateUncertainty,
    "report": Report,
}
