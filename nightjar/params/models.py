"""Settings of the stages that train and judge."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nightjar.params.common import (
    AstromerSettings,
    Count,
    Counts,
    EncoderSettings,
    Parallel,
    Positive,
    ProbedSettings,
    Seeded,
    Settings,
    Training,
    increasing,
)

Transfer = Literal["all", "first_block", "projection"]  # what of a pre-trained network trains


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

    transfer: Transfer
    layer_decay: Annotated[float, Field(gt=0, le=1)]
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
        return increasing(self, self.wavelength_min, self.wavelength_max)


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
